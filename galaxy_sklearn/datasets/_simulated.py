"""Simulated galaxies and votes of simulated volunteers."""

from numbers import Integral
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter
from sklearn.utils import Bunch, check_random_state

from galaxy_sklearn.decision_tree import check_tree
from galaxy_sklearn.surveys import GZ2

# Images of Galaxy Zoo 2 have 424 pixels of 0.02 Petrosian R90 each.
FIELD = 424 * 0.02
# Concentration of the distributions of probabilities. The votes of similar galaxies in Stripe 82
# look drawn from beta distributions of at most 31 (smooth), 34 (odd), 28 (spiral) and 13 (bar).
AGREEMENT = 30
ODD = ("ring", "lens", "disturbed", "irregular", "other", "merger", "dust lane")
# Light of old and young stars in i, r and g: red, green and blue of SDSS colour images.
OLD, YOUNG = np.array([1.0, 0.82, 0.55]), np.array([0.74, 0.79, 0.86])


def make_galaxies(
    n_samples=100,
    *,
    survey=GZ2,
    image_size=128,
    n_volunteers=40,
    random_state=None,
    return_X_y=True,
):
    """Simulate images of a galaxy survey and the votes of its volunteers.

    Each image shows a galaxy in the style of SDSS: a Sérsic bulge [1]_, an exponential disk at
    some inclination, possibly a bar, logarithmic spiral arms, a ring, a dust lane, a companion or
    tidal tails, with foreground stars and faint neighbours, blurred by the seeing, with sky noise
    and SDSS' asinh colour stretch [2]_. A few are stars or artifacts. The probability of each
    answer follows from the structure of the galaxy and how visible it is, and scatters between
    similar galaxies as in Stripe 82 [3]_. Volunteers vote with these known probabilities.

    Parameters
    ----------
    n_samples : int, default=100
        Number of galaxies.
    survey : DecisionTree, default=GZ2
        The questions to the volunteers, one of `galaxy_sklearn.surveys` except `GZ_HUBBLE` and
        `GZ_CANDELS`, whose questions about clumps are not simulated.
    image_size : int, default=128
        Height and width in pixels. The field of view stays 8.48 Petrosian R90.
    n_volunteers : int, default=40
        Number of volunteers that classify each galaxy.
    random_state : int, RandomState instance or None, default=None
        Determines galaxies and votes. The first galaxies do not depend on `n_samples`.
    return_X_y : bool, default=True
        Whether to return (X, y) instead of a Bunch.

    Returns
    -------
    X : ndarray of uint8, shape (n_samples, image_size, image_size, 3)
        The RGB images.
    y : DataFrame of shape (n_samples, n_answers)
        Conditional vote fractions, in columns named as the catalogue's debiased fractions for
        `GZ2`, as its fractions for another survey. They are 0 in questions that nobody was asked.
    data : ~sklearn.utils.Bunch
        Returned instead if ``return_X_y=False``. Dictionary-like object, with the following
        attributes.

        data : ndarray of uint8, shape (n_samples, image_size, image_size, 3)
            The images, as X.
        target : DataFrame of shape (n_samples, n_answers)
            The vote fractions, as y.
        counts : ndarray of int, shape (n_samples, n_answers)
            Number of votes for each answer.
        probabilities : ndarray of float64, shape (n_samples, n_answers)
            True probability of each answer, given that its question is asked.
        target_names : list of str
            Names of the answers.

    Raises
    ------
    ValueError
        If a number is not a positive int, or answers of the survey are not simulated.

    References
    ----------
    .. [1] Sérsic 1963, BAAA 6, 41, for the bulge; Ciotti & Bertin 1999, A&A 352, 447, for its
       scale b_n.
    .. [2] Lupton et al. 2004, PASP 116, 133, for the colour stretch.
    .. [3] Willett et al. 2013, MNRAS 435, 2835, table 5, for the scatter of votes.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> X, y = make_galaxies(10, image_size=32, random_state=0)
    >>> X.shape, y.shape
    ((10, 32, 32, 3), (10, 37))
    >>> from galaxy_sklearn.surveys import GZ_EUCLID
    >>> X, y = make_galaxies(10, survey=GZ_EUCLID, image_size=32, random_state=0)
    >>> y.shape, y.columns[0]
    ((10, 46), 'smooth-or-featured_smooth_fraction')
    """
    for name, value in (
        ("n_samples", n_samples),
        ("image_size", image_size),
        ("n_volunteers", n_volunteers),
    ):
        if not isinstance(value, Integral) or value < 1:
            raise ValueError(f"{name} must be a positive int, got {value!r}.")
    check_tree(survey)
    rng = check_random_state(random_state)
    images = np.empty((n_samples, image_size, image_size, 3), dtype=np.uint8)
    probabilities = np.empty((n_samples, len(survey.answer_names)))
    counts = np.empty(probabilities.shape, dtype=int)
    for i in range(n_samples):
        galaxy_rng = np.random.Generator(np.random.SFC64(rng.randint(np.iinfo(np.int32).max)))
        galaxy = _draw_galaxy(galaxy_rng)
        probabilities[i] = _scatter(_answer_probabilities(galaxy, survey), survey, galaxy_rng)
        counts[i] = _ask(probabilities[i], survey, n_volunteers, galaxy_rng)
        images[i] = _render(galaxy, image_size, galaxy_rng)
    columns = [f"{name}_fraction" for name in survey.answer_names]
    votes = pd.DataFrame(
        survey.normalize(counts), columns=list(GZ2.debiased_columns) if survey == GZ2 else columns
    )
    if return_X_y:
        return images, votes
    return Bunch(
        data=images,
        target=votes,
        counts=counts,
        probabilities=probabilities,
        target_names=list(survey.answer_names),
    )


class _Galaxy(NamedTuple):
    kind: str  # "smooth", "disk" or "artifact"
    radius: float  # Petrosian R90 over its nominal value
    flatness: float  # apparent axis ratio of the galaxy
    angle: float  # position angle
    bulge: float  # fraction of the light
    boxiness: float  # exponent of the bulge's isophotes when edge-on; 2 is an ellipse
    sersic: float
    bar: float  # length over disk scale length; 0 for none
    n_arms: int  # 0 for none
    pitch: float  # of the arms, degrees
    contrast: float  # of the arms
    odd: str | None
    oddness: float  # how visible the odd feature is, 0 to 1
    brightness: float  # in units of the sky noise
    seeing: float  # Gaussian sigma over R90
    young: float  # fraction of young stars in the disk


def _draw_galaxy(rng):
    kind = rng.choice(["smooth", "disk", "artifact"], p=[0.47, 0.515, 0.015])
    disk = kind == "disk"
    cos = rng.uniform()
    flatness = np.sqrt(cos**2 * (1 - 0.14**2) + 0.14**2) if disk else 1 - 0.75 * rng.beta(1.1, 1.8)
    odd = (
        rng.choice(ODD, p=[0.22, 0.05, 0.16, 0.17, 0.1, 0.2, 0.1]) if rng.uniform() < 0.2 else None
    )
    if odd == "dust lane" and not (disk and flatness < 0.4):
        odd = None
    if odd == "irregular" and not disk:
        odd = "disturbed"
    edge_on = disk and flatness < 0.3
    spiral = disk and not edge_on and odd != "irregular" and rng.uniform() < 0.78
    arms = rng.choice([1, 2, 3, 4, 5], p=[0.06, 0.62, 0.16, 0.09, 0.07]) if spiral else 0
    bulge = 1.0
    if disk:
        bulge = 0.0 if odd == "irregular" else min(0.75, rng.beta(1.2, 4.0))
    # Python's floats, unlike NumPy's, do not turn float32 images into float64.
    return _Galaxy(
        kind=str(kind),
        radius=rng.uniform(1.0, 1.5),
        flatness=float(flatness),
        angle=rng.uniform(0, np.pi),
        bulge=float(bulge),
        boxiness=float(rng.choice([2.0, 4.5], p=[0.85, 0.15])),
        sersic=rng.uniform(1.0, 2.5) if disk else rng.uniform(2.0, 5.0),
        bar=rng.uniform(0.9, 1.7) if disk and odd != "irregular" and rng.uniform() < 0.3 else 0.0,
        n_arms=int(arms),
        pitch=rng.uniform(7, 36),
        contrast=rng.uniform(0.35, 1.0) if spiral else 0.0,
        odd=None if odd is None else str(odd),
        oddness=rng.uniform(0.2, 1.0) if odd else 0.0,
        brightness=10 ** rng.uniform(0.1, 1.0),
        seeing=rng.uniform(0.04, 0.14),
        young=rng.uniform(0.35, 1.0) if disk else rng.uniform(0.0, 0.15),
    )


# ------------------------------------------------------------------- volunteers


def _answer_probabilities(galaxy, survey):
    """Return the probability of each answer of a survey, given that its question is asked."""
    known = _known_answers(galaxy)
    probabilities = []
    for question in survey.questions:
        answers = known.get(question.name, {})
        for answer in question.answers:
            if answer.name not in answers:
                raise ValueError(
                    f"survey: the answer {answer.name!r} to question {question.name!r} of "
                    f"{survey.name!r} is not simulated."
                )
            probabilities.append(answers[answer.name])
    return survey.normalize(probabilities)


def _known_answers(galaxy):
    """Return the probabilities of the answers to the questions of all surveys, by their names.

    Those of one question are right up to a common factor, whichever of them a survey has.
    """
    # Faint and blurred structure is hard to see.
    clarity = np.clip(
        0.25 + 0.55 * np.log10(galaxy.brightness) + 0.35 * (0.14 - galaxy.seeing) / 0.1, 0.15, 0.97
    )
    edge_on = _step((0.3 - galaxy.flatness) / 0.04) if galaxy.kind == "disk" else 0.1
    structure = max(
        galaxy.contrast, 0.7 * (galaxy.bar > 0), 0.95 * edge_on * (galaxy.kind == "disk"), 0.3
    )
    featured = 0.1
    if galaxy.kind == "disk":
        featured = 0.25 + 0.7 * structure * clarity
    if galaxy.odd in ("irregular", "merger", "disturbed"):
        featured = max(featured, 0.1 + 0.6 * galaxy.oddness)
    artifact = 0.93 if galaxy.kind == "artifact" else 0.015
    spiral = 0.12 + 0.85 * clarity * min(1.0, 1.6 * galaxy.contrast) if galaxy.n_arms else 0.08
    barred = 0.06 + 0.86 * clarity * min(1.0, galaxy.bar / 1.1)
    number = np.full(6, 0.03)
    number[5] = 0.1 + 0.7 * (1 - clarity)
    number[max(galaxy.n_arms, 1) - 1] += 1.2 * clarity
    odd = 0.09 + 0.9 * clarity * galaxy.oddness
    odd_features = np.full(7, 0.04)
    if galaxy.odd:
        odd_features[ODD.index(galaxy.odd)] += clarity * galaxy.oddness
    else:
        odd_features[[0, 2, 4]] += 0.2
    boxy = 0.75 if galaxy.boxiness > 2 else 0.06
    none = _step((0.08 - galaxy.bulge) / 0.03)
    kind = [(1 - artifact) * (1 - featured), (1 - artifact) * featured, artifact]
    rounded = _nearest(galaxy.flatness, [0.95, 0.62, 0.25], 0.15)
    bulge_shape = [(1 - none) * (1 - boxy), (1 - none) * boxy, none]
    winding = _nearest(galaxy.pitch, [8.0, 20.0, 34.0], 6.0 + 6.0 * (1 - clarity))
    of_gz2 = [
        kind,
        [edge_on, 1 - edge_on],
        [barred, 1 - barred],
        [spiral, 1 - spiral],
        _nearest(galaxy.bulge, [0.0, 0.12, 0.35, 0.8], 0.11),
        [odd, 1 - odd],
        rounded,
        odd_features,
        bulge_shape,
        winding,
        number,
    ]
    known = {
        question.name: dict(zip([answer.name for answer in question.answers], values, strict=True))
        for question, values in zip(GZ2.questions, of_gz2, strict=True)
    }

    # The other surveys call alike what is alike, with few exceptions.
    smooth, featured, artifact = kind
    strong = _step((galaxy.bar - 1.3) / 0.1)
    visible = clarity * galaxy.oddness
    merger = 0.03 + 0.85 * visible * (galaxy.odd == "merger")
    disturbed = 0.05 + 0.85 * visible * (galaxy.odd in ("disturbed", "irregular"))
    major = _step((galaxy.oddness - 0.7) / 0.1)
    calm = max(1 - merger - disturbed, 0.05)
    clumpy = 0.05 + 0.2 * clarity * galaxy.contrast + 0.7 * visible * (galaxy.odd == "irregular")
    star = 0.85 if galaxy.kind == "artifact" else 0.2
    bulges = {
        **{"none": 0.0, "no": 0.0, "small": 0.1, "just-noticeable": 0.12, "moderate": 0.27},
        **{"obvious": 0.35, "large": 0.5, "dominant": 0.8},
    }
    round_, between, cigar = rounded
    return {
        **known,
        "smooth-or-featured": {
            "smooth": smooth,
            "featured-or-disk": featured,
            **dict.fromkeys(("artifact", "problem", "star-artifact-zoom"), artifact),
        },
        "disk-edge-on": {"yes": edge_on, "no": 1 - edge_on},
        "bar": {
            **{"yes": barred, "no": 1 - barred},
            **{"strong": barred * strong, "weak": barred * (1 - strong)},
        },
        "has-spiral-arms": {"yes": spiral, "no": 1 - spiral},
        "bulge-size": dict(
            zip(bulges, _nearest(galaxy.bulge, list(bulges.values()), 0.11), strict=True)
        ),
        "how-rounded": {
            **{"round": round_, "completely": round_, "in-between": between},
            **{"cigar-shaped": cigar, "cigar": cigar},
        },
        "edge-on-bulge": dict(zip(("rounded", "boxy", "none"), bulge_shape, strict=True)),
        "bulge-shape": dict(zip(("round", "boxy", "no-bulge"), bulge_shape, strict=True)),
        "spiral-winding": dict(zip(("tight", "medium", "loose"), winding, strict=True)),
        "spiral-arm-count": dict(
            zip(("1", "2", "3", "4", "more-than-4", "cant-tell"), number, strict=True)
        ),
        "something-odd": {"yes": odd, "no": 1 - odd},
        "merging": {
            **{"none": calm, "minor-disturbance": disturbed * (1 - major)},
            **{"major-disturbance": disturbed * major, "merger": merger},
            **{"tidal-debris": disturbed, "both": 0.5 * merger, "neither": calm},
        },
        "clumps": {"yes": clumpy, "no": 1 - clumpy},
        "problem": {
            **{"star": star, "artifact": (1 - star) / 2},
            **dict.fromkeys(("zoom", "bad-zoom"), (1 - star) / 2),
        },
        "artifact": {
            # What is drawn for an artifact is a bright star with spikes.
            "diffraction": 0.5,
            **dict.fromkeys(("satellite", "scattered", "ray", "saturation", "other", "ghost"), 0.1),
        },
    }


def _scatter(probabilities, survey, rng):
    """Vary the probabilities between galaxies of the same parameters, as in real votes."""
    return np.concatenate(
        [rng.dirichlet(AGREEMENT * probabilities[columns]) for columns in survey.slices]
    )


def _ask(probabilities, survey, n_volunteers, rng):
    """Send volunteers through the tree and count the votes for each answer."""
    counts = np.zeros(len(probabilities), dtype=int)
    asked = dict.fromkeys((question.name for question in survey.questions), 0)
    asked[survey.questions[survey.order[0]].name] = n_volunteers
    for i in survey.order:
        question, columns = survey.questions[i], survey.slices[i]
        counts[columns] = rng.multinomial(asked[question.name], probabilities[columns])
        for answer, votes in zip(question.answers, counts[columns], strict=True):
            if answer.leads_to is not None:
                asked[answer.leads_to] += votes
    return counts


def _step(x):
    # Some volunteers disagree on the clearest galaxies: in Stripe 82 at least 0.028 call a disk
    # edge-on.
    return 0.03 + 0.94 / (1 + np.exp(-x))


def _nearest(value, centres, width):
    closeness = np.exp(-0.5 * ((value - np.array(centres)) / width) ** 2) + 0.02
    return closeness / closeness.sum()


# ------------------------------------------------------------------------ images


def _render(galaxy, size, rng):
    """Return the uint8 RGB image."""
    r90 = galaxy.radius * size / FIELD
    centre = (size - 1) / 2
    y, x = np.mgrid[:size, :size].astype(np.float32) - np.float32(centre)
    light = np.zeros((3, size, size), dtype=np.float32)
    flux = np.float32(galaxy.brightness * 130.0 * (size / 128) ** 2)
    if galaxy.kind == "artifact":
        _add_star(light, x, y, 6 * flux, r90, rng)
    else:
        _add_galaxy(light, galaxy, x, y, r90, flux, rng)
    _add_field(light, size, flux, rng)
    for band in light:
        gaussian_filter(band, galaxy.seeing * r90, output=band, truncate=3.0)
    # The survey's images were resampled, which smooths the sky noise.
    noise = rng.standard_normal(light.shape, dtype=np.float32)
    noise[:, :-1, :-1] += noise[:, 1:, 1:] + noise[:, 1:, :-1] + noise[:, :-1, 1:]
    light += np.float32(0.035) * noise
    return _stretch(light)


def _add_galaxy(light, galaxy, x, y, r90, flux, rng):
    cos, sin = np.float32(np.cos(galaxy.angle)), np.float32(np.sin(galaxy.angle))
    along, across = x * cos + y * sin, y * cos - x * sin
    if galaxy.odd == "disturbed":  # one side is dragged out
        across = across - 0.4 * galaxy.oddness * np.tanh(along / r90) * along
    bulge_radius = r90 / (3.0 if galaxy.kind == "smooth" else 6.0)
    bulge_flatness = galaxy.flatness if galaxy.kind == "smooth" else 0.5 + 0.5 * galaxy.flatness
    bulge = _sersic(along, across / bulge_flatness, bulge_radius, galaxy.sersic, _boxiness(galaxy))
    _add(light, bulge, OLD, flux * galaxy.bulge)
    if galaxy.kind == "disk":
        _add_disk(light, galaxy, along, across, r90, flux * (1 - galaxy.bulge), rng)
    if galaxy.odd == "ring":
        radius = np.hypot(along, across / max(galaxy.flatness, 0.3))
        ring = np.exp(-(((radius - 0.85 * r90) / (0.09 * r90)) ** 2))
        _add(light, ring, YOUNG, 0.4 * galaxy.oddness * flux)
    elif galaxy.odd == "lens":
        radius, towards = np.hypot(x, y), np.cos(np.arctan2(y, x) - rng.uniform(0, 2 * np.pi))
        arc = np.exp(-(((radius - 1.0 * r90) / (0.06 * r90)) ** 2) + 4 * (towards - 1))
        _add(light, arc, YOUNG, 0.25 * galaxy.oddness * flux)
    elif galaxy.odd == "merger":
        _add_companion(light, galaxy, x, y, r90, flux, rng)
    elif galaxy.odd == "disturbed":
        start = rng.uniform(0, 2 * np.pi), rng.uniform(0.4, 0.7) * r90
        _add_tail(light, galaxy, x, y, r90, flux, *start)
    elif galaxy.odd == "dust lane":
        depth = np.exp(-((across / (0.045 * r90)) ** 2) - (along / (1.1 * r90)) ** 2)
        depth *= np.float32(galaxy.oddness)
        light *= 1 - np.array([0.7, 0.85, 0.95], dtype=np.float32)[:, None, None] * depth
    elif galaxy.odd == "other":  # the trail of a satellite
        a = rng.uniform(0, np.pi)
        offset = x * np.sin(a) - y * np.cos(a) - rng.uniform(-1, 1) * r90
        trail = np.exp(-((offset / (0.05 * r90)) ** 2))
        light[rng.integers(3)] += 0.8 * galaxy.oddness * trail


def _add_disk(light, galaxy, along, across, r90, flux, rng):
    scale = r90 / 3.0
    plane = across / galaxy.flatness
    radius = np.hypot(along, plane) + np.float32(1e-3)
    disk = np.exp(-radius / scale)
    if galaxy.odd == "irregular":
        for _ in range(9):
            a, b = rng.normal(0, 0.45 * r90, 2)
            blob = (along - a) ** 2 + (plane - b) ** 2
            disk = disk + galaxy.oddness * rng.uniform(0.5, 2.0) * np.exp(
                -blob / (2 * (0.13 * r90) ** 2)
            )
    young = 0.2
    if galaxy.n_arms:
        start = max(0.9 * galaxy.bar * scale, 0.35 * scale)
        winding = np.log(radius / start) / np.tan(np.radians(galaxy.pitch))
        turn = rng.choice([-1, 1])
        phase = np.arctan2(plane, along) - turn * winding
        ridge = np.exp(3.2 * (np.cos(galaxy.n_arms * phase) - 1))
        # Clumps of young stars along the arms.
        clumps = 1 + 0.5 * np.cos(7 * phase + radius * (9 / r90) + rng.uniform(0, 6))
        inside = 1 / (1 + np.exp(-(radius - start) / (0.2 * start)))
        arms = np.exp(-radius / (1.35 * scale)) * ridge * clumps * inside
        disk = disk * (1 - 0.45 * galaxy.contrast * inside)
        _add(light, arms, YOUNG, flux * 0.75 * galaxy.contrast)
        flux = flux * (1 - 0.45 * galaxy.contrast)
    elif galaxy.odd == "irregular":
        young = 1.0
    colour = OLD + (YOUNG - OLD) * max(young, 0.8 * galaxy.young)
    _add(light, disk, colour, flux)
    if galaxy.bar:
        # At least about a pixel wide, or it would vanish in small images.
        length = max(galaxy.bar * scale, 1.0)
        width = max(0.26 * length, 0.6)
        bar = np.exp(-((np.abs(along) / length) ** 4) - (np.abs(plane) / width) ** 2)
        _add(light, bar, OLD, 0.3 * flux)


def _add_companion(light, galaxy, x, y, r90, flux, rng):
    a, distance = rng.uniform(0, 2 * np.pi), rng.uniform(0.7, 1.5) * r90
    dx, dy = x - distance * np.cos(a), y - distance * np.sin(a)
    b = rng.uniform(0, np.pi)
    u, v = dx * np.cos(b) + dy * np.sin(b), dy * np.cos(b) - dx * np.sin(b)
    companion = _sersic(u, v / rng.uniform(0.4, 1), 0.3 * r90, 2.0, 2.0)
    _add(light, companion, 0.5 * (OLD + YOUNG), 0.9 * galaxy.oddness * flux)
    # The tidal tail swings away from the companion.
    _add_tail(light, galaxy, x, y, r90, flux, a, distance)


def _add_tail(light, galaxy, x, y, r90, flux, a, distance):
    swing = np.mod(np.arctan2(y, x) - a, 2 * np.pi)
    path = distance * (1 + 0.25 * swing)
    tail = np.exp(-(((np.hypot(x, y) - path) / (0.12 * r90)) ** 2) - swing / 0.9)
    _add(light, tail, YOUNG, 0.3 * galaxy.oddness * flux)


def _add_star(light, x, y, flux, r90, rng):
    radius = np.hypot(x, y)
    star = np.exp(-0.5 * (radius / (0.15 * r90)) ** 2) + 0.02 / (1 + (radius / (0.3 * r90)) ** 2)
    spikes = np.exp(-np.abs(x) / (0.03 * r90) - np.abs(y) / (1.2 * r90))
    spikes += np.exp(-np.abs(y) / (0.03 * r90) - np.abs(x) / (1.2 * r90))
    _add(light, star + 0.12 * spikes, OLD + rng.uniform(0, 1) * (YOUNG - OLD), flux)


def _add_field(light, size, flux, rng):
    """Add foreground stars and faint neighbours at random places."""
    for _ in range(rng.poisson(4)):
        row, column = rng.integers(size, size=2)
        strength = 10 ** (2.0 * rng.uniform() ** 2 + 0.2) * (size / 128) ** 2
        colour = OLD + rng.uniform(0, 1.4) * (YOUNG - OLD)
        light[:, row, column] += (strength * colour).astype(np.float32)
    for _ in range(rng.poisson(3)):
        row, column = rng.integers(size, size=2)
        width = rng.uniform(0.006, 0.016) * size
        half = int(4 * width) + 1
        rows = slice(max(0, row - half), row + half + 1)
        columns = slice(max(0, column - half), column + half + 1)
        v, u = np.mgrid[rows.start : min(rows.stop, size), columns.start : min(columns.stop, size)]
        stretch = rng.uniform(0.5, 2)
        blob = np.exp(-np.hypot((u - column) * stretch, (v - row) / stretch) / width)
        strength = 10 ** rng.uniform(-0.4, 0.5)
        colour = OLD + rng.uniform(0, 1) * (YOUNG - OLD)
        light[:, rows, columns] += (strength * colour[:, None, None] * blob).astype(np.float32)


def _sersic(along, across, half_light_radius, n, boxiness):
    if boxiness == 2:
        radius = np.hypot(along, across)
    else:
        radius = (np.abs(along) ** boxiness + np.abs(across) ** boxiness) ** (1 / boxiness)
    b = 2 * n - 1 / 3 + 4 / (405 * n)
    # The centre of a steep profile falls between pixels.
    return np.exp(-b * ((radius + 0.3) / half_light_radius) ** (1 / n))


def _boxiness(galaxy):
    return galaxy.boxiness if galaxy.kind == "disk" and galaxy.flatness < 0.35 else 2.0


def _add(light, profile, colour, flux):
    """Add a profile with a total flux to all bands."""
    weights = (flux * colour / profile.sum()).astype(np.float32)
    for band, weight in zip(light, weights, strict=True):
        band += weight * profile


def _stretch(light, softening=0.55, q=7.0):
    """Show i, r, g as red, green, blue on an asinh scale that keeps the colours."""
    np.maximum(light, 0.0, out=light)
    intensity = light.mean(axis=0) + np.float32(1e-6)
    scale = np.arcsinh(q * intensity / (softening * 8)) / (q * intensity) * 3.0
    rgb = light * scale
    brightest = rgb.max(axis=0)
    rgb /= np.maximum(brightest, 1)
    return np.moveaxis((rgb * 255).astype(np.uint8), 0, -1)

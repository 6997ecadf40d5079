"""Does the saliency of an answer lie where it should? Measured on simulated galaxies.

A galaxy is drawn with and without its bar, arms, ring or companion; the difference is where that
lies. Printed are the part of the positive saliency there, and the part of the area, which is what
a saliency without any sense would have.
"""

import argparse

import numpy as np
import pandas as pd
from scipy.ndimage import binary_dilation, gaussian_filter

from galaxy_sklearn import GZ2, make_galaxy_pipeline
from galaxy_sklearn.datasets import _simulated
from galaxy_sklearn.displays._occlusion import occlusion_saliency
from galaxy_sklearn.sharing import load_pretrained

# Each with what is taken away from the galaxy, and the answer that it speaks for.
COMPONENTS = {
    "bar": ({"bar": 0.0}, "t03_bar_a06_bar"),
    "arms": ({"n_arms": 0, "contrast": 0.0}, "t04_spiral_a08_spiral"),
    "ring": ({"odd": None}, "t08_odd_feature_a19_ring"),
    "merger": ({"odd": None}, "t08_odd_feature_a24_merger"),
}
LIGHT = 0.9  # of the component, in the pixels that count as its place
SEED = 5  # of the light: where arms turn, where the companion is


def generator(seed):
    return np.random.Generator(np.random.SFC64(seed))


def shows(galaxy, component):
    """Whether a galaxy has one component that is easily seen, and no other."""
    if galaxy.brightness < 4 or galaxy.flatness < 0.5 or galaxy.kind == "artifact":
        return False
    if component in ("ring", "merger"):
        return galaxy.odd == component and galaxy.oddness > 0.6
    if galaxy.odd:
        return False
    return galaxy.bar > 0 if component == "bar" else galaxy.contrast > 0.6


def light(galaxy, size):
    """Return the light of a galaxy alone, blurred by the seeing."""
    y, x = np.mgrid[:size, :size].astype(np.float32) - np.float32((size - 1) / 2)
    bands, r90 = np.zeros((3, size, size), np.float32), galaxy.radius * size / _simulated.FIELD
    flux = np.float32(galaxy.brightness * 130 * (size / 128) ** 2)
    _simulated._add_galaxy(bands, galaxy, x, y, r90, flux, generator(SEED))
    return gaussian_filter(bands.sum(axis=0), galaxy.seeing * r90)


def place_of(galaxy, component, size):
    """Return the mask of the brightest pixels that hold most of the light of a component."""
    if component == "bar":  # arms begin elsewhere without it
        galaxy = galaxy._replace(n_arms=0, contrast=0.0)
    without = galaxy._replace(**COMPONENTS[component][0])
    excess = np.maximum(light(galaxy, size) - light(without, size), 0)
    falling = np.sort(excess.ravel())[::-1]
    least = falling[np.searchsorted(np.cumsum(falling), LIGHT * falling.sum())]
    return excess >= least


def measure(pipe, component, *, size, patch_size, n_galaxies):
    """Return the parts of the positive saliency and of the area for each galaxy."""
    column = list(pipe.classes_).index(COMPONENTS[component][1])
    inner = (slice(size // 4, size - size // 4),) * 2  # what the pipeline crops to

    def predict(images):
        fractions = pipe.predict_proba(images)
        if pipe[-1].form_ == "conditional":
            fractions = GZ2.to_cumulative(fractions)
        return fractions[:, column]

    rows, seed = [], 0
    while len(rows) < n_galaxies:
        seed += 1
        galaxy = _simulated._draw_galaxy(generator(seed))
        if not shows(galaxy, component):
            continue
        image = _simulated._render(galaxy, size, generator(SEED))
        saliency, prediction = occlusion_saliency(predict, image, patch_size)
        positive = np.maximum(saliency[inner], 0)
        place = place_of(galaxy, component, size)
        # A patch reaches half its side beyond what it hides.
        near = binary_dilation(place, np.ones((patch_size // 2 + 1,) * 2, bool))
        rows.append(
            {
                "prediction": prediction,
                "there": positive[place[inner]].sum() / positive.sum(),
                "area": place[inner].mean(),
                "near": positive[near[inner]].sum() / positive.sum(),
                "area near": near[inner].mean(),
            }
        )
    return pd.DataFrame(rows)


def train(n_galaxies, size, epochs):
    """Train the default network, made small, on galaxies of which odd ones are frequent."""
    rng, chosen = np.random.RandomState(1), []
    wanted = dict.fromkeys([*COMPONENTS, "other"], n_galaxies // 5)
    while sum(wanted.values()):
        own = generator(rng.randint(np.iinfo(np.int32).max))
        galaxy = _simulated._draw_galaxy(own)
        kind = next((name for name in COMPONENTS if shows(galaxy, name)), "other")
        if wanted[kind] == 0:
            continue
        wanted[kind] -= 1
        probabilities = _simulated._answer_probabilities(galaxy, GZ2)
        counts = _simulated._ask(probabilities, GZ2, 40, own)
        chosen.append((_simulated._render(galaxy, size, own), counts))
    images, counts = (np.stack(column) for column in zip(*chosen, strict=True))
    votes = pd.DataFrame(GZ2.normalize(counts), columns=list(GZ2.debiased_columns))
    pipe = make_galaxy_pipeline(random_state=0).set_params(
        resize__size=size // 2,
        classifier__network__filters=(4, 8, 16),
        classifier__epochs=epochs,
        classifier__learning_rate=3e-3,
    )
    return pipe.fit(images, votes)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=64, help="side of the images")
    parser.add_argument("--patches", type=int, nargs="+", default=[4], help="sides of the patches")
    parser.add_argument("--galaxies", type=int, default=10, help="of each kind")
    parser.add_argument("--components", nargs="+", default=list(COMPONENTS))
    parser.add_argument("--train", type=int, metavar="N", help="on so many galaxies, not gz2")
    parser.add_argument("--epochs", type=int, default=20)
    given = parser.parse_args()
    pipe = train(given.train, given.size, given.epochs) if given.train else load_pretrained("gz2")
    for component in given.components:
        for patch_size in given.patches:
            parts = measure(
                pipe,
                component,
                size=given.size,
                patch_size=patch_size,
                n_galaxies=given.galaxies,
            )
            means = ", ".join(f"{name} {value:.2f}" for name, value in parts.mean().items())
            print(f"{component}, patches of {patch_size}: {means}", flush=True)


if __name__ == "__main__":
    main()

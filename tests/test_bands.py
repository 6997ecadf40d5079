"""FITS bands for models of pictures: answered as pictures, or refused by name."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from conftest import real_data
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer
from tiny import tiny

from galaxy_sklearn import (
    ColourComposite,
    CropToGalaxy,
    GalaxyClassifier,
    ImageReader,
    cli,
    make_galaxy_pipeline,
)
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.pipeline import for_bands
from galaxy_sklearn.scoring import prediction_table, score_catalogue
from galaxy_sklearn.sharing import load_model, load_pretrained, save_model

N = 4
BANDS = ["g", "r", "i"]
SKY = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "BUNIT": "nanomaggy"}
SKY |= {"CD1_1": -0.396 / 3600, "CD2_2": 0.396 / 3600, "CD1_2": 0.0, "CD2_1": 0.0}


@pytest.fixture(scope="module")
def gz2():
    return load_pretrained("gz2")


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Simulated galaxies as FITS files of three bands, and of one each."""
    folder = tmp_path_factory.mktemp("bands")
    (folder / "cubes").mkdir()
    rng = np.random.default_rng(0)
    images, _ = make_galaxies(N, image_size=96, random_state=0)
    rows = []
    for i, image in enumerate(images):
        # The picture's red is the band of longest wavelength; rows begin at the bottom.
        cube = np.moveaxis(image[::-1, :, ::-1] / 255.0, -1, 0) * 0.3
        cube = (cube + rng.normal(0, 0.01, cube.shape)).astype(np.float32)
        header = fits.Header(list({**SKY, "BANDS": "gri"}.items()))
        fits.PrimaryHDU(cube, header).writeto(folder / "cubes" / f"{i}.fits")
        row = {"objid": i}
        for band, pixels in zip(BANDS, cube, strict=True):
            row[band] = str(folder / f"{i}_{band}.fits")
            fits.PrimaryHDU(pixels, fits.Header(list(SKY.items()))).writeto(row[band])
        rows.append(row)
    pd.DataFrame(rows).to_csv(folder / "table.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def cubes(places):
    return sorted(map(str, (places / "cubes").iterdir()))


def test_bands_are_answered_as_the_pictures_of_them(gz2, places, cubes, tmp_path):
    read = ImageReader(units="nanomaggies", pixel_scale=0.396).transform(cubes)
    pictures = []
    for i, picture in enumerate(ColourComposite("sdss").transform(read)):
        pictures.append(str(tmp_path / f"{i}.png"))
        Image.fromarray(picture).save(pictures[-1])
    steps = dict(gz2.steps) | {"crop": CropToGalaxy()}
    expected = type(gz2)(list(steps.items())).predict_proba(pictures)
    pipe = for_bands(gz2)
    np.testing.assert_array_equal(pipe.predict_proba(cubes), expected)
    np.testing.assert_array_equal(for_bands(gz2, band=BANDS).predict_proba(cubes), expected)
    table = pd.read_csv(places / "table.csv")[BANDS]
    np.testing.assert_array_equal(pipe.predict_proba(table), expected)
    assert gz2["read"].units is None and isinstance(
        gz2["crop"], type(make_galaxy_pipeline()["crop"])
    )
    save_model(pipe, tmp_path / "bands.skops")
    again = load_model(tmp_path / "bands.skops")
    np.testing.assert_array_equal(again.predict_proba(cubes), expected)


def test_bands_in_another_order_are_refused(gz2, places, capsys):
    with pytest.raises(ValueError, match=r"band must be \['g', 'r', 'i'\], in the order of wave"):
        for_bands(gz2, "sdss", band=["i", "r", "g"])
    with pytest.raises(ValueError, match=r"band must be \['g', 'r', 'z'\]"):
        for_bands(gz2, "gz_decals", band=["z", "r", "g"])
    for_bands(gz2, "sdss", band=["VIS", "Y", "H"])
    command = ["predict", "gz2", "--images", f"{places}/table.csv", "--colours", "sdss"]
    assert cli.main([*command, "--bands", "i", "r", "g", "--output", f"{places}/no.csv"]) == 1
    assert "in the order of wavelength" in capsys.readouterr().err


def test_what_has_no_bands(gz2):
    for pipe, colours, message in (
        (gz2, "lupton", "colours must be one of .* got 'lupton'"),
        (gz2[1:], "sdss", r"steps read and crop, got \['crop', 'gray'"),
        (LogisticRegression(), "sdss", "steps read and crop, got LogisticRegression"),
    ):
        with pytest.raises(ValueError, match=message):
            for_bands(pipe, colours)


def test_raw_bands_are_refused(gz2, places, cubes, tmp_path):
    """Each by its name; the others are answered."""
    picture = str(tmp_path / "picture.png")
    Image.fromarray(make_galaxies(1, random_state=0)[0][0]).save(picture)
    files = [cubes[0], picture, str(places / "0_r.fits"), cubes[1]]
    table = prediction_table(gz2, files, on_error="report")
    for i, found in (
        (0, r"found -0\.0\d+ to 0\.\d+\. "),
        (2, r"found one channel\. "),
        (3, "found"),
    ):
        message = table["error"].iloc[i]
        assert message.startswith(f"{files[i]}: expected ") and "for_bands" in message
        assert pd.Series([message]).str.contains(found).all()
    assert table["error"].isna().tolist() == [False, True, False, False]
    expected = prediction_table(gz2, [picture]).iloc[:, :37]
    np.testing.assert_allclose(table.iloc[[1], :37], expected, atol=1e-6)
    with pytest.raises(ValueError, match=rf"^{cubes[0]}: expected pixels of 0 to 1"):
        prediction_table(gz2, cubes)
    with pytest.raises(ValueError, match="^X, image 0: expected pixels of 0 to 1"):
        gz2.predict_proba(cubes)
    with pytest.raises(ValueError, match="^X, image 0: expected 3 channels, .* found one"):
        gz2.predict_proba(files[2:3])
    with pytest.raises(ValueError, match=r"^X, image 1: .* found 255 to 255\."):
        gz2.predict_proba(np.stack([np.zeros((424, 424, 3)), np.full((424, 424, 3), 255.0)]))


def test_ensembles_refuse_them(paths, galaxies, tmp_path):
    fits.PrimaryHDU(np.full((3, 32, 32), 2.0)).writeto(tmp_path / "0.fits")
    member = GalaxyClassifier(tiny, epochs=1, run_eagerly=True)
    pipe = make_galaxy_pipeline("ensemble", random_state=0)
    pipe.set_params(resize__size=8, classifier__estimator=member, classifier__n_estimators=2)
    pipe.set_params(read=FunctionTransformer(), crop=FunctionTransformer())
    images = galaxies[0].copy()
    images[0] = 255
    pipe.fit(images, galaxies[1]).set_params(read=ImageReader())
    table = prediction_table(pipe, [paths[0], str(tmp_path / "0.fits")], on_error="report")
    assert table["error"].isna().tolist() == [True, False]
    assert "0.fits: expected pixels of 0 to 1" in table["error"].iloc[1]


def predict(*words):
    return cli.main(["predict", "gz2", *map(str, words)])


@pytest.mark.parametrize(
    "images",
    [["table.csv", "--bands", *BANDS, "--keep", "objid"], ["cubes"], ["cubes", "--bands", *BANDS]],
)
def test_command(places, gz2, cubes, tmp_path, capsys, images):
    source = ["--images", places / images[0], *images[1:], "--output", tmp_path / "out.csv"]
    assert predict(*source, "--colours", "sdss") == 0
    shown = capsys.readouterr()
    found = pd.read_csv(tmp_path / "out.csv")
    np.testing.assert_allclose(found[gz2.classes_], for_bands(gz2).predict_proba(cubes), atol=1e-6)
    n_unusual = (found["unusual"] > 1).sum()
    assert f"{n_unusual} of {N} are unlike those that the model learned from" in shown.out
    assert f"Wrote {N} galaxies to {tmp_path}/out.csv, 0 of which have no answers" in shown.out
    assert predict(*source, "--colours", "decals") == 1
    assert "colours must be one of ['sdss'" in capsys.readouterr().err


def test_command_without_colours(places, tmp_path, capsys):
    """Nothing is answered, which is no success."""
    for images in (["table.csv", "--bands", *BANDS], ["cubes"]):
        output = tmp_path / f"{images[0]}.csv"
        assert predict("--images", places / images[0], *images[1:], "--output", output) == 1
        shown = capsys.readouterr().err
        assert "0_g.fits" in shown or "cubes/0.fits: expected pixels of 0 to 1" in shown
        assert f"Wrote {N} galaxies to {output}, none of which has answers" in shown
        assert pd.read_csv(output)["error"].str.contains("--colours").all()


@pytest.mark.parametrize("name", ["scores", "scores.csv", "scores.parquet"])
def test_unusual_images_are_counted(gz2, tmp_path, capsys, name):
    """Once in each part, also where they were scored before."""
    rng = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    images = [*make_galaxies(2, random_state=0)[0], *rng.integers(0, 256, (3, 96, 96, 3), np.uint8)]
    for i, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / "images" / f"{i}.png")
    (tmp_path / "images" / "5.png").write_bytes(b"no image")
    how = {"part_size": 2, "verbose": False}
    first = score_catalogue(gz2, tmp_path / "images", tmp_path / name, **how)
    n_unusual = (prediction_table(gz2, images)["unusual"] > 1).sum()
    assert first[:3] == (6, 1, 6) and first.n_unusual == n_unusual >= 3
    if name == "scores":
        (tmp_path / "scores" / "part-00000001.parquet").unlink()
    again = score_catalogue(gz2, tmp_path / "images", tmp_path / name, **how)
    assert again.n_new == (2 if name == "scores" else 0)
    assert (again.n_images, again.n_errors, again.n_unusual) == (6, 1, n_unusual)
    source = ["--images", tmp_path / "images", "--output", tmp_path / name, "--part-size", 2]
    assert predict(*source) == 0
    shown = capsys.readouterr()
    assert f"{n_unusual} of 5 are unlike" in shown.out and "most images are unlike" in shown.err


def test_models_that_cannot_tell(paths, tmp_path):
    from sklearn.dummy import DummyClassifier

    model = make_galaxy_pipeline().set_params(resize__size=8, classifier=DummyClassifier())
    model.fit(paths, ["smooth", "featured"] * (len(paths) // 2))
    done = score_catalogue(model, paths, tmp_path / "scores.csv", verbose=False)
    assert done.n_unusual is None


# ------------------------------------------------------------------------------- real files


def test_the_same_spiral_of_three_surveys(gz2):
    folder = real_data("fits/04-des-ps1-sdss-per-band/SDSS_g.fits").parent
    surveys = ("SDSS", "DES", "PS1")
    X = pd.DataFrame({b: [str(folder / f"{s}_{b}.fits") for s in surveys] for b in BANDS})
    table = prediction_table(for_bands(gz2), X)
    assert (table["label"] == "spiral").all() and (table["unusual"] < 1).all()
    reached = gz2["classifier"].classes_[:5]  # smooth or features, edge-on
    assert np.ptp(table[list(reached)], axis=0).max() < 0.1
    raw = prediction_table(gz2, X, on_error="report")
    assert raw["error"].str.contains("expected pixels of 0 to 1").all()


def test_real_cutouts(gz2):
    """A disk with a ring, of DECaLS; dusty galaxies of Euclid, unlike pictures of SDSS."""
    disk = real_data("fits/01-decals-grz-cube/temp_small.fits")
    table = prediction_table(for_bands(gz2, "gz_decals"), [str(disk)])
    assert table.iloc[0, 1] > 0.8
    euclid = [str(path) for path in Path(disk.parents[1], "08-euclid-q1").glob("*.fits")]
    pipe = for_bands(gz2, "sdss", band=["VIS", "Y", "H"])
    assert (prediction_table(pipe, euclid)["unusual"] > 1).all()

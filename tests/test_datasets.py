import shutil
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from astropy.table import Table
from PIL import Image
from trees import REPEATED, ROADS, TWO_ANSWERS, fractions

from galaxy_sklearn import GZ2
from galaxy_sklearn.datasets import find_images, load_galaxy_zoo, make_galaxies, split_galaxies
from galaxy_sklearn.votes import check_votes

# ------------------------------------------------------------------------ real


@pytest.fixture
def table(folder):
    return pd.read_csv(folder / "votes.csv")


@pytest.fixture
def images(folder):
    return folder / "images"


def test_join_of_a_catalogue(images, table, folder):
    shuffled = table.sample(frac=1, random_state=0)
    data = load_galaxy_zoo(images, shuffled)
    assert data.form == "conditional"
    assert data.target.index.tolist() == shuffled["objid"].tolist()
    assert [int(path.split("/")[-1][:-4]) for path in data.data] == data.target.index.tolist()
    expected = table.set_index("objid").loc[data.target.index]
    np.testing.assert_array_equal(data.target, expected)
    X, y = load_galaxy_zoo(str(images), str(folder / "votes.csv"), return_X_y=True)
    assert len(X) == len(y) == 24


def test_join_of_kaggles_table(images, table, tmp_path):
    votes = pd.DataFrame(GZ2.to_cumulative(table.iloc[:, 1:]), columns=list(GZ2.kaggle_columns))
    votes.insert(0, "GalaxyID", table["objid"])
    for name in ("votes.csv.gz", "votes.parquet"):
        path = tmp_path / name
        votes.to_parquet(path) if name.endswith("parquet") else votes.to_csv(path, index=False)
        data = load_galaxy_zoo(images, path)
        assert data.form == "cumulative"
        np.testing.assert_allclose(data.target, votes.iloc[:, 1:])


def test_join_by_asset_id(images, table):
    # As in the real mapping: 64-bit numbers, some doubled with an asset that has no image.
    objid = 587722981741363294 + np.arange(24)
    mapping = pd.DataFrame(
        {
            "objid": [*objid, *objid[:5]],
            "sample": "original",
            "asset_id": [*range(100, 124), *range(295306, 295311)],
        }
    )
    catalogue = table.assign(objid=objid[::-1]).rename(columns={"objid": "dr7objid"})
    data = load_galaxy_zoo(images, catalogue, mapping=mapping)
    assert data.target.index.tolist() == list(range(123, 99, -1))
    with pytest.warns(UserWarning, match="of 24 galaxies 1 have no image"):
        data = load_galaxy_zoo(images, catalogue, mapping=mapping.drop(index=3))
    assert len(data.data) == 23 and len(data.votes_without_image) == 1
    with pytest.raises(ValueError, match="column 'asset_id' is missing"):
        load_galaxy_zoo(images, catalogue, mapping=mapping.drop(columns="asset_id"))


def test_what_does_not_join_is_reported(images, table, tmp_path):
    shutil.copytree(images, tmp_path / "images")
    (tmp_path / "images" / "100.jpg").unlink()
    Image.new("RGB", (4, 4)).save(tmp_path / "images" / "7.png")
    table.loc[table["objid"] == 105, GZ2.debiased_columns[3]] = np.nan
    with pytest.warns(UserWarning, match="24 galaxies 1 have no image and 1 lack a fraction; 22"):
        data = load_galaxy_zoo(tmp_path / "images", table, incomplete="drop")
    assert data.votes_without_image.tolist() == [100]
    assert data.incomplete_votes.tolist() == [105]
    assert sorted(path.split("/")[-1] for path in data.images_without_votes) == ["105.jpg", "7.png"]


def test_bad_tables(images, table, tmp_path):
    with pytest.raises(ValueError, match=r"objid 101 stands in more than one row \(1 and 24\)"):
        load_galaxy_zoo(images, pd.concat([table, table[1:2]]))
    with pytest.raises(ValueError, match="'t02_edgeon_a04_yes_debiased' is missing"):
        load_galaxy_zoo(images, table.drop(columns="t02_edgeon_a04_yes_debiased"))
    with pytest.raises(ValueError, match=r"found no columns of the Kaggle challenge"):
        load_galaxy_zoo(images, table[["objid"]])
    with pytest.raises(ValueError, match="expected a column with the galaxies' numbers"):
        load_galaxy_zoo(images, table.drop(columns="objid"))
    with pytest.raises(ValueError, match=r"such as '100\.jpg'\) is named by a objid .*9000100"):
        load_galaxy_zoo(images, table.assign(objid=table["objid"] + 9000000))
    with pytest.raises(ValueError, match=r"\(index .*102.*\), column .* found 1\.5"):
        table.loc[2, GZ2.debiased_columns[0]] = 1.5
        load_galaxy_zoo(images, table)
    (tmp_path / "empty.csv").touch()
    with pytest.raises(ValueError, match=r"empty\.csv: expected a table of votes"):
        load_galaxy_zoo(images, tmp_path / "empty.csv")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_galaxy_zoo(tmp_path / "nowhere", table)
    with pytest.raises(ValueError, match="There are no images"):
        load_galaxy_zoo(tmp_path, table)


# -------------------------------------------------------------- other surveys


@pytest.fixture
def repeated():
    """Votes for a survey other than Galaxy Zoo 2."""
    return fractions(REPEATED, 0, 24)


def named(votes, columns):
    table = pd.DataFrame(votes, columns=list(columns))
    return table.assign(objid=range(100, 124), redshift="0.1?").iloc[:, ::-1]


@pytest.mark.parametrize("ending", ["_debiased", "_weighted_fraction", "_fraction", ""])
def test_catalogue_of_another_survey(images, repeated, ending):
    columns = [name + ending for name in REPEATED.answer_names]
    data = load_galaxy_zoo(images, named(repeated, columns), tree=REPEATED)
    assert data.target.columns.tolist() == columns
    assert data.target_names == list(REPEATED.answer_names)
    assert data.form == "conditional"
    np.testing.assert_array_equal(data.target, repeated)


def test_kaggle_columns_of_another_survey(images, repeated):
    votes = named(REPEATED.to_cumulative(repeated), REPEATED.kaggle_columns)
    data = load_galaxy_zoo(images, votes, tree=REPEATED)
    assert data.form == "cumulative"
    assert data.target.columns.tolist() == list(REPEATED.kaggle_columns)


def test_kaggle_columns_of_a_survey_that_has_none(images):
    """Their numbers would fit any survey with as many answers."""
    votes = named(np.full((24, 10), 0.5), ROADS.kaggle_columns)
    with pytest.raises(ValueError, match=r"found no columns of .* of 'roads'"):
        load_galaxy_zoo(images, votes, tree=ROADS)
    with pytest.raises(ValueError, match=r"'Class1\.1'"):
        check_votes(votes[list(ROADS.kaggle_columns)], tree=ROADS)


def test_numbers_under_the_names_of_others(images, table):
    conditional = table.drop(columns="objid")
    cumulative = GZ2.to_cumulative(conditional)
    rolled = np.roll(cumulative, 1, axis=1)
    for values, columns, message in (
        (conditional, GZ2.kaggle_columns, "as cumulative fractions, but .* as conditional ones"),
        (cumulative, GZ2.debiased_columns, "as conditional fractions, but .* as cumulative ones"),
        (rolled, GZ2.kaggle_columns, "as cumulative fractions, but .* do not sum as those do"),
    ):
        votes = pd.DataFrame(np.asarray(values), columns=list(columns))
        votes.insert(0, "objid", table["objid"].to_numpy())
        with pytest.warns(UserWarning, match=message):
            load_galaxy_zoo(images, votes)


def test_a_name_is_no_survey(images):
    for refused in (
        lambda: load_galaxy_zoo(images, "votes.csv", tree="gz2"),
        lambda: check_votes(np.zeros((2, 37)), tree="gz2"),
        lambda: make_galaxies(2, survey="gz2"),
    ):
        with pytest.raises(TypeError, match=r"Expected a DecisionTree, .*surveys\.GZ2, got 'gz2'"):
            refused()


def test_counts_under_plain_names(images):
    counts = np.random.default_rng(0).integers(1, 40, (24, 2))
    data = load_galaxy_zoo(images, named(counts, TWO_ANSWERS.answer_names), tree=TWO_ANSWERS)
    assert data.form == "counts"
    np.testing.assert_array_equal(data.target, counts)


def test_which_columns_are_read(images, repeated):
    """The first kind of those that a table has."""
    table = named(repeated, REPEATED.answer_names)
    endings = ("_fraction", "_weighted_fraction", "_debiased")
    for ending in endings:
        table = table.assign(**{name + ending: table[name] for name in REPEATED.answer_names})
        data = load_galaxy_zoo(images, table, tree=REPEATED)
        assert data.target.columns[0] == f"smooth_yes{ending}"
    with pytest.raises(ValueError, match=r"'round_no_debiased' is missing"):
        load_galaxy_zoo(images, table.drop(columns="round_no_debiased"), tree=REPEATED)
    with pytest.raises(ValueError, match=r"no columns of .*smooth_yes_debiased.* of 'repeated'"):
        load_galaxy_zoo(images, table[["objid", "redshift"]], tree=REPEATED)
    with pytest.raises(ValueError, match=r"found no columns of .* of 'Galaxy Zoo 2'"):
        load_galaxy_zoo(images, table)


# Next to one another, but one and the same as floats.
LONG, NEXT = 587722981741363294, 587722981741363323


def two_votes(ids):
    """A table in which the first galaxy is smooth and the second is not."""
    votes = pd.DataFrame(0.0, range(len(ids)), list(GZ2.debiased_columns))
    votes.iloc[0, 0] = votes.iloc[1, 1] = 1
    votes.iloc[:2, 14] = 1
    votes.insert(0, "dr7objid", ids)
    return votes


@pytest.fixture
def two_images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for number in (1, 2):
        Image.new("RGB", (4, 4)).save(folder / f"{number}.jpg")
    return folder


def blank_row(votes):
    return votes.reindex(range(3))


IDS = [LONG, NEXT]
WITH_NONE = pd.array([LONG, NEXT, None], dtype="Int64")
CONTAINERS = {
    "csv": lambda p: two_votes(IDS).to_csv(p, index=False) or p,
    "csv with a blank row": lambda p: (
        p.write_text(two_votes(IDS).to_csv(index=False) + "," * 37 + "\n", encoding="utf-8") and p
    ),
    "parquet": lambda p: two_votes(IDS).to_parquet(p) or p,
    "parquet with a null": lambda p: blank_row(two_votes(WITH_NONE[:2])).to_parquet(p) or p,
    "int64": lambda p: two_votes(IDS),
    "Int64": lambda p: blank_row(two_votes(WITH_NONE[:2])),
    "object": lambda p: two_votes(np.array(IDS, dtype=object)),
    "text": lambda p: two_votes([f" {LONG}", f"00{NEXT} "]),
    "bytes": lambda p: two_votes([str(i).encode() for i in IDS]),
    "index": lambda p: two_votes(IDS).set_index("dr7objid"),
    "index and column": lambda p: two_votes(IDS).set_index("dr7objid", drop=False),
    "polars": lambda p: pl.from_pandas(blank_row(two_votes(WITH_NONE[:2]))),
    "pyarrow": lambda p: pa.Table.from_pandas(two_votes(IDS)),
    "astropy": lambda p: Table.from_pandas(blank_row(two_votes(WITH_NONE[:2]))),
    "fits": lambda p: Table.from_pandas(two_votes(IDS)).write(p, format="fits") or p,
}
MAPPINGS = {
    "csv": lambda p: p.write_text(f"objid,asset_id\n{LONG},1\n{NEXT},2\n,\n,3\n7,\n") and p,
    "text": lambda p: pd.DataFrame({"objid": [f"{LONG} ", str(NEXT)], "asset_id": ["001", "2"]}),
    "Int64": lambda p: pd.DataFrame({"objid": WITH_NONE, "asset_id": [1, 2, np.nan]}),
    "index": lambda p: pd.DataFrame({"asset_id": [1, 2]}, pd.Index(IDS, name="objid")),
    "polars": lambda p: pl.DataFrame({"objid": [*IDS, None], "asset_id": [1, 2, None]}),
    "astropy": lambda p: Table({"objid": IDS, "asset_id": [b"1", b"2"]}),
}


@pytest.mark.parametrize(
    ("container", "mapping"),
    [*((c, "csv") for c in CONTAINERS), *(("Int64", m) for m in MAPPINGS)],
)
def test_long_numbers_join_exactly(container, mapping, two_images, tmp_path):
    votes = CONTAINERS[container](tmp_path / "votes")
    mapping = MAPPINGS[mapping](tmp_path / "mapping")
    data = load_galaxy_zoo(two_images, votes, mapping=mapping)
    assert data.target.index.tolist() == [1, 2] and data.target.index.name == "asset_id"
    assert data.target.index.dtype == np.int64
    assert data.target.iloc[:, 0].tolist() == [1, 0]
    assert [path[-5:] for path in data.data] == ["1.jpg", "2.jpg"]


@pytest.mark.parametrize("ids", [np.array(IDS, dtype=float), [f"{LONG}.0", float(NEXT)]])
def test_numbers_that_were_floats_are_refused(ids, two_images):
    message = r"votes, column 'dr7objid', row 0: .* read the column as int64 or text"
    with pytest.raises(ValueError, match=message):
        load_galaxy_zoo(two_images, two_votes(ids))
    mapping = pd.DataFrame({"objid": ids, "asset_id": [1, 2]})
    message = r"file names, column 'objid', row 0: .* read the column as int64 or text"
    with pytest.raises(ValueError, match=message):
        load_galaxy_zoo(two_images, two_votes(IDS), mapping=mapping)


def test_an_image_does_not_get_its_neighbours_votes(two_images, tmp_path):
    (tmp_path / "votes.csv").write_text(
        two_votes([LONG, 5])[:1].to_csv(index=False) + "," * 37 + "\n", encoding="utf-8"
    )
    mapping = pd.DataFrame({"objid": [NEXT, LONG], "asset_id": [1, 2]})
    data = load_galaxy_zoo(two_images, tmp_path / "votes.csv", mapping=mapping)
    assert data.target.index.tolist() == [2]
    mapping = mapping[:1]
    with pytest.raises(ValueError, match=rf"None of the 2 images .*{LONG}\), through the mapping"):
        load_galaxy_zoo(two_images, tmp_path / "votes.csv", mapping=mapping)


def test_mapping_beside_asset_ids(two_images):
    mapping = pd.DataFrame({"objid": [LONG, NEXT, NEXT], "asset_id": [1, 2, 295306]})
    votes = two_votes(IDS)
    for given in ([1, 2], [None, "002"], [1, 295306]):
        data = load_galaxy_zoo(two_images, votes.assign(asset_id=given), mapping=mapping)
        assert data.target.index.tolist() == [1, 2]
    with pytest.raises(
        ValueError, match=rf"row 1: galaxy {NEXT} has asset_id 1, but 2 in the table of file names"
    ):
        load_galaxy_zoo(two_images, votes.assign(asset_id=[1, 1]), mapping=mapping)
    # No other number: the mapping is not needed.
    alone = votes.assign(asset_id=[2, 1]).drop(columns="dr7objid")
    assert load_galaxy_zoo(two_images, alone, mapping=mapping).target.index.tolist() == [2, 1]


def test_bad_mappings(two_images):
    votes = two_votes(IDS)
    mapping = pd.DataFrame({"objid": [LONG, LONG, NEXT], "asset_id": [1, 2, 3]})
    with pytest.raises(ValueError, match=f"galaxy {LONG} has more than one image, asset_id 1 and"):
        load_galaxy_zoo(two_images, votes, mapping=mapping)
    mapping = pd.DataFrame({"objid": IDS, "asset_id": [1, 1]})
    with pytest.raises(ValueError, match=f"asset_id 1 belongs to more than one galaxy, {LONG} and"):
        load_galaxy_zoo(two_images, votes, mapping=mapping)


def test_one_galaxy_in_two_spellings(two_images):
    with pytest.raises(
        ValueError, match=r"dr7objid 1 stands in more than one row \(0 as '001' and 1 as 1\)"
    ):
        load_galaxy_zoo(two_images, two_votes(["001", 1]))
    # In another part as well.
    votes = pd.concat([two_votes([1, 2]), two_votes([1, 3])]).assign(split=["a", "a", "b", "b"])
    with pytest.raises(ValueError, match=r"more than one row \(0 and 2\)"):
        load_galaxy_zoo(two_images, votes, split="a")


def test_votes_without_a_number(two_images, tmp_path):
    two_votes(["1", None]).to_csv(tmp_path / "votes.csv", index=False)
    with pytest.warns(
        UserWarning, match=r"votes\.csv: row 1 of the table: .* 'dr7objid'; left out"
    ):
        data = load_galaxy_zoo(two_images, tmp_path / "votes.csv")
    assert data.target.index.tolist() == [1]
    with (
        pytest.warns(UserWarning, match="rows 0, 1 of the table"),
        pytest.raises(ValueError, match="such as none: no row has one"),
    ):
        load_galaxy_zoo(two_images, two_votes([None, None]))


def test_missing_fractions(two_images):
    votes = two_votes([1, 2]).astype({GZ2.debiased_columns[3]: object})
    votes.loc[1, GZ2.debiased_columns[3]] = pd.NA
    data = load_galaxy_zoo(two_images, votes)
    assert data.target.index.tolist() == [1, 2] and data.incomplete_votes.tolist() == [2]
    assert data.target.isna().to_numpy().nonzero() == ([1], [3])
    with pytest.warns(UserWarning, match="2 galaxies 0 have no image and 1 lack a fraction; 1 are"):
        data = load_galaxy_zoo(two_images, votes, incomplete="drop")
    assert data.target.index.tolist() == [1] and data.incomplete_votes.tolist() == [2]
    assert len(data.data) == 1 and data.images_without_votes[0].endswith("2.jpg")
    with pytest.raises(ValueError, match="each galaxy that has an image lacks a fraction"):
        load_galaxy_zoo(two_images, votes[1:], incomplete="drop")
    with pytest.raises(ValueError, match="incomplete must be 'keep' or 'drop', got True"):
        load_galaxy_zoo(two_images, votes, incomplete=True)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_table_that_lacks_questions(dtype, two_images):
    votes = two_votes([1, 2]).set_index("dr7objid").astype(dtype)
    first = GZ2.slices[0]
    data = load_galaxy_zoo(two_images, votes.iloc[:, first])
    assert data.target.columns.tolist() == list(GZ2.debiased_columns)
    assert data.target.iloc[:, first].equals(votes.iloc[:, first].rename_axis("dr7objid"))
    assert data.target.iloc[:, 3:].isna().all(axis=None)
    assert (data.target.dtypes == dtype).all()
    assert data.incomplete_votes.size == 0 and data.form == "conditional"
    assert len(load_galaxy_zoo(two_images, votes.iloc[:, first], incomplete="drop").data) == 2
    with pytest.raises(ValueError, match="'t01_smooth_or_features_a02_.*_debiased' is missing"):
        load_galaxy_zoo(two_images, votes.iloc[:, [0, 2]])


@pytest.mark.parametrize("value", [-0.5, 1.5, np.inf])
def test_invalid_fractions_are_named(value, two_images):
    votes = two_votes([1, 2])
    votes.iloc[1, 4] = value
    message = rf"\(index .*2.*\), column '{GZ2.debiased_columns[3]}': .* found {value}"
    with pytest.raises(ValueError, match=message):
        load_galaxy_zoo(two_images, votes)


def test_names_and_very_long_numbers(tmp_path):
    names = ["J1234+05", 2**63 + 1, 2**64 + 1]
    for name in names:
        Image.new("RGB", (4, 4)).save(tmp_path / f"{name}.png")
    votes = pd.concat([two_votes(names[:2]), two_votes([str(names[2]), 5])])
    with pytest.warns(UserWarning, match="of 4 galaxies 1 have no image; 3 are left"):
        data = load_galaxy_zoo(tmp_path, votes)
    assert data.target.index.tolist() == names
    assert data.votes_without_image.tolist() == [5]


def test_the_first_number_tells_the_galaxy(two_images):
    votes = two_votes(IDS).assign(objid=[5, 6], asset_id=[2, 1])
    data = load_galaxy_zoo(two_images, votes)
    assert data.target.index.name == "asset_id" and data.target.index.tolist() == [2, 1]


def test_parts_are_compared_as_text(two_images):
    for parts in ([" train", None], [b"train", b"test"], pd.Categorical(["train", "test"])):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            data = load_galaxy_zoo(two_images, two_votes([1, 2]).assign(split=parts), split="train")
        assert data.target.index.tolist() == [1]


def test_two_images_of_one_galaxy(tmp_path):
    for name in ("5.jpg", "5.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    with pytest.raises(ValueError, match=r"5\.jpg and .*5\.png"):
        find_images(tmp_path)


def test_images_are_named_by_number_or_name(tmp_path):
    names = ["00123.jpg", "0.png", "J12+5.jpg", "12.5.jpg", "9223372036854775809.jpg", ".jpg"]
    for name in names:
        (tmp_path / name).touch()
    found = find_images(tmp_path)
    expected = {123, 0, "J12+5", "12.5", 9223372036854775809, ""}
    assert set(found.index) == expected
    assert found[9223372036854775809].endswith("9223372036854775809.jpg")
    (tmp_path / "123.jpg").touch()
    with pytest.raises(ValueError, match=r"00123\.jpg and .*123\.jpg"):
        find_images(tmp_path)


def test_real_sample(kaggle):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = load_galaxy_zoo(kaggle / "images", kaggle / "test.csv")
    assert len(data.data) == 665 and data.form == "cumulative"
    n_images = len(list((kaggle / "images").iterdir()))
    assert len(data.images_without_votes) == n_images - 665


def test_real_table_that_lacks_questions(kaggle):
    data = load_galaxy_zoo(kaggle / "images", kaggle / "train_partial.csv")
    known = data.target.columns[data.target.notna().all()]
    assert data.target.shape == (4396, 37) and data.form == "cumulative"
    assert len(known) == 17 and data.incomplete_votes.size == 0


# ------------------------------------------------------------------- simulated


def test_bunch_and_tuple_agree():
    bunch = make_galaxies(6, image_size=24, random_state=5, return_X_y=False)
    X, y = make_galaxies(6, image_size=24, random_state=5)
    np.testing.assert_array_equal(bunch.data, X)
    pd.testing.assert_frame_equal(bunch.target, y)
    assert X.dtype == np.uint8 and X.shape == (6, 24, 24, 3)
    assert check_votes(y).form == "conditional"
    longer, _ = make_galaxies(9, image_size=24, random_state=5)
    np.testing.assert_array_equal(longer[:6], X)
    other, _ = make_galaxies(6, image_size=24, random_state=6)
    assert (other != X).any()


def test_volunteers_walk_the_tree():
    counts = make_galaxies(200, image_size=8, random_state=0, return_X_y=False).counts
    assert (counts[:, :3].sum(axis=1) == 40).all()
    for q, parents in enumerate(GZ2.parents):
        asked = counts[:, GZ2.slices[q]].sum(axis=1)
        odd = GZ2.questions[q].name == "t06_odd"
        expected = 40 - counts[:, 2] if odd else counts[:, list(parents)].sum(axis=1)
        if q:
            np.testing.assert_array_equal(asked, expected, err_msg=GZ2.questions[q].name)


def test_votes_follow_the_true_probabilities():
    data = make_galaxies(300, image_size=8, n_volunteers=2000, random_state=0, return_X_y=False)
    expected = GZ2.to_cumulative(data.probabilities)
    voted = data.counts / 2000
    odd = GZ2.slices[5]
    voted[:, odd] = data.target.to_numpy()[:, odd]  # the reach of t06 is 1 by convention
    voted[:, GZ2.slices[7]] = GZ2.to_cumulative(data.target)[:, GZ2.slices[7]]
    # Binomial standard deviations are at most 0.011; the mean of all galaxies' is far less.
    assert np.abs(voted - expected).max() < 0.08
    assert np.abs((voted - expected).mean(axis=0)).max() < 0.003


def test_galaxies_alike_divide_volunteers_differently():
    """Nothing odd is to be seen in most; what is thought of them scatters all the same."""
    data = make_galaxies(1000, image_size=8, random_state=0, return_X_y=False)
    ordinary = np.sort(data.probabilities[:, GZ2.slices[5].start])[:750]
    assert len(set(ordinary)) == 750
    # A beta distribution of mean 0.09 and concentration 30, but for the few above its tail.
    assert 0.06 < ordinary.mean() < 0.1
    assert 0.03 < ordinary.std() < 0.06


def test_survey_is_varied():
    """Every answer matters somewhere, and the kinds are as in a survey, not all alike."""
    data = make_galaxies(1500, image_size=8, random_state=0, return_X_y=False)
    assert (data.target.max() > 0.4).all()
    labels = pd.Series(GZ2.label(data.target)).value_counts(normalize=True)
    assert 0.25 < labels["elliptical"] + labels["cigar-shaped"] < 0.75
    for label in ("spiral", "barred spiral", "edge-on disk", "disk", "merger", "star or artifact"):
        assert labels[label] > 0.003, label


def test_images_show_what_is_voted():
    """The shape measured on the image goes with the votes about it."""
    X, y = make_galaxies(300, image_size=128, random_state=1)
    light = X[:, 48:80, 48:80].astype(float).sum(axis=-1)
    light *= light > 0.2 * light.max(axis=(1, 2), keepdims=True)
    v, u = np.mgrid[-15.5:16, -15.5:16]
    total = light.sum(axis=(1, 2))
    uu, vv, uv = ((light * w).sum(axis=(1, 2)) / total for w in (u * u, v * v, u * v))
    root = np.sqrt((uu - vv) ** 2 / 4 + uv**2)
    elongation = root / (uu + vv)
    round_ = y["t07_rounded_a16_completely_round_debiased"].to_numpy()
    edge_on = y["t02_edgeon_a04_yes_debiased"].to_numpy()
    smooth = y["t01_smooth_or_features_a01_smooth_debiased"].to_numpy() > 0.5
    assert np.corrcoef(elongation[smooth], round_[smooth])[0, 1] < -0.5
    assert elongation[edge_on > 0.7].mean() > 1.5 * elongation[edge_on < 0.3].mean()


@pytest.mark.parametrize("name", ["n_samples", "image_size", "n_volunteers"])
def test_bad_parameters(name):
    with pytest.raises(ValueError, match=f"{name} must be a positive int, got 0"):
        make_galaxies(**{name: 0})


# ---------------------------------------------------------------------- splits


def test_split_is_the_same_everywhere():
    """Written down once: this must never change."""
    settings = {"test_size": 0.3, "validation_size": 0.2}
    numbers = np.arange(587722981741363294, 587722981741363306)
    found = split_galaxies(numbers, random_state=1, **settings)
    assert (
        "".join(part[1] for part in found) == "rrerrereaera"
    )  # (t)r(ain), (v)a(lidation), (t)e(st)
    names = numbers.astype(str)
    np.testing.assert_array_equal(split_galaxies(names, random_state=1, **settings), found)
    order = np.random.default_rng(0).permutation(12)
    np.testing.assert_array_equal(
        split_galaxies(names[order], random_state=1, **settings), found[order]
    )
    assert (split_galaxies(names, random_state=2, **settings) != found).any()


def test_split_keeps_galaxies_together_and_classes_apart():
    rng = np.random.default_rng(0)
    galaxies = rng.integers(0, 3000, size=9000)
    kinds = np.array(["spiral", "elliptical", "merger", "ring"])
    classes = kinds[np.minimum(galaxies % 11, 3)]
    table = pd.DataFrame({"galaxy": galaxies, "class": classes})
    table["split"] = split_galaxies(galaxies, stratify=classes, test_size=0.25, validation_size=0.1)
    assert (table.groupby("galaxy")["split"].nunique() == 1).all()
    once = table.drop_duplicates("galaxy")
    for _, members in once.groupby("class"):
        counts = members["split"].value_counts()
        assert abs(counts["test"] - 0.25 * len(members)) <= 1
        assert abs(counts["validation"] - 0.1 * len(members)) <= 1
    # Classes of one galaxy are not all put into the same part.
    single = split_galaxies(np.arange(1000), stratify=np.arange(1000), test_size=0.3)
    assert 0.2 < (single == "test").mean() < 0.4


def test_split_as_a_column(images, table, tmp_path):
    table["split"] = split_galaxies(table["objid"], test_size=0.25, validation_size=0.25)
    table.to_csv(tmp_path / "votes.csv", index=False)
    found = []
    for part in ("train", "validation", "test"):
        data = load_galaxy_zoo(images, tmp_path / "votes.csv", split=part)
        assert data.target.index.tolist() == table["objid"][table["split"] == part].tolist()
        found += data.target.index.tolist()
    assert sorted(found) == sorted(table["objid"])
    with pytest.raises(ValueError, match=r"no row of the column 'split' is 'dev'; found \['test"):
        load_galaxy_zoo(images, table, split="dev")
    with pytest.raises(ValueError, match="split='test' needs a column 'split'"):
        load_galaxy_zoo(images, table.drop(columns="split"), split="test")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"test_size": 1.5}, "test_size must be a fraction from 0 to 1, got 1.5"),
        ({"test_size": 0.6, "validation_size": 0.6}, "must not exceed 1 together"),
        ({"random_state": None}, "random_state must be an int, got None"),
        ({"stratify": ["a", "b", "b"]}, r"Galaxy 1 has rows of different classes: \['a', 'b'\]"),
    ],
)
def test_bad_splits(parameters, message):
    with pytest.raises(ValueError, match=message):
        split_galaxies([1, 1, 2], **parameters)


def test_a_part_does_not_hide_that_the_mapping_contradicts_itself(images, table):
    objid = np.arange(24) + 10**12
    votes = table.drop(columns="objid").assign(dr7objid=objid, split=["train", "test"] * 12)
    mapping = pd.DataFrame({"objid": objid, "asset_id": [100, 100, *range(102, 124)]})
    for split in (None, "train", "test"):
        with pytest.raises(ValueError, match="asset_id 100 belongs to more than one galaxy"):
            load_galaxy_zoo(images, votes, mapping=mapping, split=split)

"""Lists of pairs: which files belong together, and what is refused in which words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from d2f.errors import D2FError, PhotoError, UsageError
from d2f.measures.collection import is_validation
from d2f.measures.pairs import csv_pairs, ebb_pairs, realbokeh_pairs, scene_of


def touch(path: Path) -> Path:
    """A tiny picture: lists look at names only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(path)
    return path


@pytest.fixture
def ebb(tmp_path: Path) -> Path:
    """An EBB! folder with pairs on either side of the border between train and Val294."""
    for number in (7, 12, 4399, 4400, 4693):
        touch(tmp_path / "original" / f"{number}.jpg")
        touch(tmp_path / "bokeh" / f"{number}.jpg")
    return tmp_path


@pytest.mark.parametrize(
    ("split", "names"),
    [
        ("train", ["7", "12", "4399"]),
        ("val294", ["4400", "4693"]),
        ("all", ["7", "12", "4399", "4400", "4693"]),
    ],
)
def test_ebb_is_split_by_number(ebb, split, names):
    """Val294 is 4400 to 4693; the order is that of numbers, not of letters."""
    pairs = ebb_pairs(ebb, split=split)
    assert [pair.name for pair in pairs] == names
    assert pairs[0].all_in_focus == ebb / "original" / f"{names[0]}.jpg"
    assert pairs[0].bokeh == ebb / "bokeh" / f"{names[0]}.jpg"
    assert pairs[0].f_number == 1.8


def spoil_partner(root: Path) -> None:
    """Take one target away."""
    (root / "bokeh" / "4693.jpg").unlink()


def spoil_name(root: Path) -> None:
    """Add a photo without a number."""
    touch(root / "original" / "IMG_1.jpg")


def spoil_number(root: Path) -> None:
    """Add a photo with the number of another."""
    touch(root / "bokeh" / "04400.jpg")


def spoil_folder(root: Path) -> None:
    """Rename a folder."""
    (root / "bokeh").rename(root / "targets")


@pytest.mark.parametrize(
    ("spoil", "kind", "words"),
    [
        (spoil_partner, PhotoError, r"original.4693\.jpg has no partner in .*bokeh"),
        (spoil_name, PhotoError, r"IMG_1\.jpg is not named by a number"),
        (spoil_number, PhotoError, r"4400\.jpg has the number of .*4400\.jpg"),
        (spoil_folder, UsageError, r"bokeh is not a folder"),
    ],
)
def test_an_ebb_folder_that_is_amiss_is_refused(ebb, spoil, kind, words):
    """The message names the file or folder."""
    spoil(ebb)
    with pytest.raises(kind, match=words):
        ebb_pairs(ebb)


def test_a_lone_photo_of_another_split_does_no_harm(ebb):
    """Only the split that is asked for must be whole."""
    (ebb / "bokeh" / "7.jpg").unlink()
    assert len(ebb_pairs(ebb, split="val294")) == 2


def test_ebb_splits_without_targets_or_pairs_are_refused(ebb):
    """The challenge's test targets are not public; an empty split says which numbers it wants."""
    with pytest.raises(UsageError, match="no split 'test' with public targets: give train"):
        ebb_pairs(ebb, split="test")
    for number in (4400, 4693):
        (ebb / "original" / f"{number}.jpg").unlink()
        (ebb / "bokeh" / f"{number}.jpg").unlink()
    with pytest.raises(UsageError, match="4400 to 4693"):
        ebb_pairs(ebb)


@pytest.fixture
def realbokeh(tmp_path: Path) -> Path:
    """A RealBokeh test split with one scene of two apertures."""
    test = tmp_path / "test"
    touch(test / "input" / "1_f22.jpg")
    for f_number in ("2.0", "5.6"):
        touch(test / "gt" / f"1_f{f_number}.jpg")
    (test / "metadata").mkdir()
    content = {
        "id": 1,
        "source_image": "input/1_f22.jpg",
        "target_images": ["gt/1_f2.0.jpg", "gt/1_f5.6.jpg"],
        "target_avs": [2.0, 5.6],
    }
    (test / "metadata" / "1.json").write_text(json.dumps(content), encoding="utf-8")
    return tmp_path


def test_realbokeh_has_a_pair_for_every_target(realbokeh):
    """They share the source and are named by the target."""
    first, second = realbokeh_pairs(realbokeh)
    assert (first.name, first.f_number) == ("1_f2.0", 2.0)
    assert (second.name, second.f_number) == ("1_f5.6", 5.6)
    assert first.all_in_focus == second.all_in_focus == realbokeh / "test" / "input" / "1_f22.jpg"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"target_avs": [2.0]}, r"1\.json names 2 targets, but 1 f-numbers"),
        ({"target_avs": ["wide", 2]}, r"1\.json is no metadata of RealBokeh"),
        ({"target_avs": [2.0, 10**400]}, r"1\.json is no metadata of RealBokeh"),
        ({"target_avs": [2.0, float("nan")]}, r"1\.json gives a target f/nan"),
        ({"target_avs": [-2.0, 2.0]}, r"1\.json gives a target f/-2"),
        ({"source_image": "input/none.jpg"}, r"none\.jpg is missing"),
        ({"source_image": "n" * 300}, r"nnn is missing"),
        ({"target_images": ["gt/1_f2.0.jpg"] * 2}, r"two pairs of the name '1_f2\.0'"),
    ],
)
def test_realbokeh_metadata_that_is_amiss_is_refused(realbokeh, change, words):
    """The message names the file."""
    path = realbokeh / "test" / "metadata" / "1.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | change), encoding="utf-8")
    with pytest.raises(PhotoError, match=words):
        realbokeh_pairs(realbokeh)


def test_other_realbokeh_trouble_is_refused(realbokeh):
    """No such split, no metadata, metadata without a key, no JSON."""
    with pytest.raises(UsageError, match="split is 'val294'"):
        realbokeh_pairs(realbokeh, split="val294")
    with pytest.raises(UsageError, match=r"metadata holds no \.json"):
        realbokeh_pairs(realbokeh, split="train")
    path = realbokeh / "test" / "metadata" / "1.json"
    path.write_text('{"source_image": "a.jpg"}', encoding="utf-8")
    with pytest.raises(PhotoError, match="lacks 'target_images'"):
        realbokeh_pairs(realbokeh)
    for text in ("{", "[" * 100_000):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(PhotoError, match="is no metadata of RealBokeh"):
            realbokeh_pairs(realbokeh)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Four photos beside which tables can lie."""
    for name in ("a", "b", "c_f2_8_aif", "d"):
        touch(tmp_path / "photos" / f"{name}.png")
    return tmp_path


def table(folder: Path, text: str) -> Path:
    """A table beside the photos' folder."""
    path = folder / "pairs.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_lists_paths_relative_to_itself(photos):
    """Name and f-number come from their columns, else from the photo's name."""
    pairs = csv_pairs(
        table(
            photos,
            "photo,target,name,f_number,note\n"
            "photos/a.png,photos/b.png,first,f/1.4,\n"
            "photos/c_f2_8_aif.png,photos/d.png,,,soft\n",
        )
    )
    assert [(pair.name, pair.f_number) for pair in pairs] == [("first", 1.4), ("c_f2_8_aif", 2.8)]
    assert pairs[0].all_in_focus == photos / "photos" / "a.png"
    assert pairs[0].bokeh == photos / "photos" / "b.png"


def test_columns_may_have_the_names_of_a_pairs_fields(photos):
    """`all_in_focus` and `bokeh` mean the same as `photo` and `target`."""
    (pair,) = csv_pairs(table(photos, "all_in_focus,bokeh\nphotos/a.png,photos/b.png\n"))
    assert (pair.name, pair.f_number) == ("a", None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("photo\nphotos/a.png\n", r"pairs\.csv has no column 'target'"),
        ("photo,target\n", r"pairs\.csv has no row"),
        ("photo,target\nphotos/a.png,\n", r"pairs\.csv, row 2: target is empty"),
        ("photo,target\nphotos/a.png,photos/x.png\n", r"x\.png is missing, but .*pairs\.csv"),
        (f"photo,target\nphotos/a.png,{'x' * 300}\n", r"xxx is missing, but .*pairs\.csv"),
        ("photo,target\nphotos/a.png,photos/a.png\n", r"a\.png is both photos of pair 'a'"),
        (
            "photo,target\nphotos/a.png,photos/b.png\nphotos/a.png,photos/d.png\n",
            r"two pairs of the name 'a'",
        ),
        ("photo,target,name\nphotos/a.png,photos/b.png,../x\n", r"has the name '\.\./x'"),
        ("photo,target,f_number\nphotos/a.png,photos/b.png,wide\n", r"row 2: f_number 'wide'"),
        ("photo,target,f_number\nphotos/a.png,photos/b.png,nan\n", r"row 2: f_number 'nan'"),
    ],
)
def test_a_table_that_is_amiss_is_refused(photos, text, words):
    """The message names the table, the row, or the photo."""
    with pytest.raises(PhotoError, match=words):
        csv_pairs(table(photos, text))


def test_a_table_that_cannot_be_read_is_refused(tmp_path):
    """Missing, or no text in UTF-8."""
    with pytest.raises(PhotoError, match=r"none\.csv cannot be read \(No such file[^\[]*check"):
        csv_pairs(tmp_path / "none.csv")
    (tmp_path / "odd.csv").write_bytes(b"photo,target\n\xff\xfe\n")
    with pytest.raises(D2FError, match=r"odd\.csv is no table"):
        csv_pairs(tmp_path / "odd.csv")


def test_a_view_is_never_on_both_sides_of_a_split(photos):
    """Validation and training share no scene, and every pair is in one of them."""
    rows = [f"photos/a.png,photos/b.png,view{n}_f{f}_aif" for n in range(40) for f in ("1_8", "8")]
    path = table(photos, "photo,target,name\n" + "\n".join(rows) + "\n")
    kept, used = (csv_pairs(path, split=split) for split in ("validation", "training"))
    assert len(kept) + len(used) == 80
    assert kept
    assert not {scene_of(pair.name) for pair in kept} & {scene_of(pair.name) for pair in used}
    assert scene_of("garden_f2_8_aif") == scene_of("garden_f8_aif") == "garden"
    assert scene_of("lane_aif") == "lane"
    with pytest.raises(UsageError, match="split is 'val294'"):
        csv_pairs(path, split="val294")
    alone = table(photos, "photo,target,scene\nphotos/a.png,photos/b.png,view1\n")
    empty = "training" if is_validation("view1") else "validation"
    with pytest.raises(UsageError, match=f"no scene of split '{empty}'"):
        csv_pairs(alone, split=empty)

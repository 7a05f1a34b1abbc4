"""Folders of a user's own: what is read from them, and what is said of every bad file and row."""

import os
import socket

import numpy as np
import pytest
from PIL import Image

from tests.data import pictures
from tests.data.pictures import content, labelled, plain, put, table
from tf_homo.data import check
from tf_homo.data.labelled_folder import listing, split_of
from tf_homo.errors import InputError


@pytest.fixture
def folder(tmp_path):
    return labelled(tmp_path / "mine")


def survey(folder, **options):
    return check.of_listing(listing(folder, **options), 8)


def add(folder, *rows):
    with open(folder / "labels.csv", "a") as file:
        file.writelines(f"{row}\n" for row in rows)


def link(folder, name, to):
    os.symlink(to, folder / name)


def listen(folder, name):
    """A socket among the files; its path may not be long."""
    here = os.getcwd()
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(name)
    finally:
        os.chdir(here)


def test_a_table(folder):
    found = listing(folder)
    assert found.attributes == ("grin", "age")
    assert found.names == ["a.png", "b.png", "c.png", "d.png"] and set(found.splits) == {"train"}
    np.testing.assert_allclose(found.labels, [[1, 0], [0, 0.25], [1, 0.5], [0, 1]])
    assert found.labels.dtype == np.float32
    assert found.scales == {"age": [10, 50]}
    assert not found.left_out.counts and not found.remarks


# each: how the folder is spoiled, what is counted as left out, how many pictures stay usable
SPOILED = {
    "row without a picture": (lambda f: add(f, "gone.png,1,10,train"), {"row without a picture": 1}, 4),
    "picture without a row": (lambda f: put(f, "more.png"), {"picture without a row": 1}, 4),
    "truncated": (lambda f: put(f, "a.png", pictures.noise()[:700]), {"damaged or cut short": 1}, 3),
    "empty file": (lambda f: put(f, "a.png", b""), {"the file is empty": 1}, 3),
    "text called png": (lambda f: put(f, "a.png", b"hello"), {"no image that can be read": 1}, 3),
    "postscript": (lambda f: put(f, "a.png", b"%!PS-Adobe-3.0 EPSF-3.0\n"), {"no image that can be read": 1}, 3),
    "enormous image": (lambda f: put(f, "a.png", pictures.enormous()), {"more than 50 megapixels": 1}, 3),
    "60 megapixels": (lambda f: put(f, "a.png", pictures.enormous(7_800)), {"more than 50 megapixels": 1}, 3),
    "32-bit pixels": (
        lambda f: (put(f, "a.tif", content(Image.new("F", (8, 8)), "tif")), add(f, "a.tif,1,10,train")),
        {"32-bit pixels": 1},
        4,
    ),
    "row twice": (lambda f: add(f, "a.png,1,10,train"), {"row given twice": 1}, 4),
    "row twice by another path": (lambda f: add(f, "./a.png,1,10,train"), {"row given twice": 1}, 4),
    "rows that differ": (lambda f: add(f, "a.png,0,10,train"), {"rows that contradict each other": 2}, 3),
    "three rows, two alike": (
        lambda f: add(f, "a.png,0,10,train", "a.png,1,10,train"),
        {"rows that contradict each other": 3},
        3,
    ),
    "rows of two splits": (lambda f: add(f, "a.png,1,10,test"), {"rows that contradict each other": 2}, 3),
    "word for a number": (lambda f: (put(f, "e.png"), add(f, "e.png,maybe,10,train")), {"bad value": 1}, 4),
    "infinite": (lambda f: (put(f, "e.png"), add(f, "e.png,1,inf,train")), {"bad value": 1}, 4),
    "beyond float32": (lambda f: (put(f, "e.png"), add(f, "e.png,1,1e200,train")), {"bad value": 1}, 4),
    "NaN": (lambda f: (put(f, "e.png"), add(f, "e.png,nan,10,train")), {"value missing": 1}, 4),
    "empty value": (lambda f: (put(f, "e.png"), add(f, "e.png,,10,train")), {"value missing": 1}, 4),
    "field missing": (
        lambda f: (put(f, "e.png"), add(f, "e.png,1")),
        {"row of too few or too many values": 1},
        4,
    ),
    "field too many": (
        lambda f: (put(f, "e.png"), add(f, "e.png,1,10,train,9")),
        {"row of too few or too many values": 1},
        4,
    ),
    "unknown split": (lambda f: (put(f, "e.png"), add(f, "e.png,1,10,dev")), {"unknown split": 1}, 4),
    "no file name": (lambda f: add(f, ",1,10,train"), {"row without a file name": 1}, 4),
    "path out of the folder": (
        lambda f: (put(f.parent, "x.png"), add(f, "../x.png,1,10,train")),
        {"path out of the folder": 1},
        4,
    ),
    "path out and in again": (lambda f: add(f, "../mine/a.png,1,10,train"), {"path out of the folder": 1}, 4),
    "windows path out": (lambda f: add(f, r"..\x.png,1,10,train"), {"path out of the folder": 1}, 4),
    "absolute path": (lambda f: add(f, f"{f}/a.png,1,10,train"), {"absolute path": 1}, 4),
    "windows path": (lambda f: add(f, r"C:\a.png,1,10,train"), {"absolute path": 1}, 4),
    "name in other case": (
        lambda f: (put(f, "E.PNG"), add(f, "e.png,1,10,train")),
        {"name differs in case": 1, "picture without a row": 1},
        4,
    ),
    "hidden file": (lambda f: put(f, "._a.png"), {"hidden file": 1}, 4),
    "row of a hidden file": (lambda f: (put(f, ".e.png"), add(f, ".e.png,1,10,train")), {"hidden file": 1}, 4),
    "row in a hidden folder": (lambda f: (put(f, ".x/e.png"), add(f, ".x/e.png,1,10,train")), {"hidden file": 1}, 4),
    "folder called like an image": (lambda f: ((f / "e.png").mkdir(), add(f, "e.png,1,9,test")), {"is a folder": 1}, 4),
    "link out of the folder": (
        lambda f: (put(f.parent, "x.png"), link(f, "e.png", "../x.png"), add(f, "e.png,1,10,train")),
        {"link out of the folder": 1},
        4,
    ),
    "broken link": (lambda f: (link(f, "e.png", "none.png"), add(f, "e.png,1,10,train")), {"broken link": 1}, 4),
    "link to itself": (lambda f: link(f, "e.png", "e.png"), {"broken link": 1}, 4),
    "folder that leads out": (
        lambda f: (put(f.parent, "out/x.png"), link(f, "in", "../out"), add(f, "in/x.png,1,10,train")),
        {"link to a folder": 2},  # the row, and the folder
        4,
    ),
    "folder in a circle": (lambda f: link(f, "again", "."), {"link to a folder": 1}, 4),
    "pipe": (lambda f: (os.mkfifo(f / "e.png"), add(f, "e.png,1,10,train")), {"no regular file": 1}, 4),
    "socket": (lambda f: listen(f, "e.png"), {"no regular file": 1}, 4),
    "name that is not UTF-8": (
        lambda f: (f / os.fsdecode(b"caf\xe9.png")).write_bytes(plain()),
        {"name that is not UTF-8": 1},
        4,
    ),
    "control characters in a name": (lambda f: put(f, "a\x1b[2J\n.png"), {"picture without a row": 1}, 4),
    "documents among the pictures": (
        lambda f: [put(f, name, b"hello") for name in ("notes.txt", "Thumbs.db", ".DS_Store", "more/LABELS.CSV")],
        {},
        4,
    ),
    "other kinds of pictures": (
        lambda f: [put(f, name, b"hello") for name in ("e.jp2", "deep/e.jxl", "e.jpg_large", "e")],
        {"not called like a picture": 4},
        4,
    ),
    "link to nothing, without an ending": (lambda f: link(f, "e", "none"), {"broken link": 1}, 4),
}


@pytest.mark.parametrize("spoil", SPOILED)
def test_what_cannot_be_used_is_counted_and_named(folder, spoil):
    change, left_out, usable = SPOILED[spoil]
    change(folder)
    found = survey(folder)
    assert dict(found.left_out.counts) == left_out
    assert len(found.labels["train"]) == usable
    lines = found.left_out.lines()
    assert all(line.isprintable() for line in lines)
    assert [line.partition(":")[0] for line in lines if not line.startswith(" ")] == list(left_out)


# each: pictures, their rows, the labels expected
HANDLED = {
    "name with a comma": (["a, b.png"], '"a, b.png",1', [1]),
    "name with a quote": (['a"b.png'], '"a""b.png",1', [1]),
    "unicode name": (["лицо 笑.png"], "лицо 笑.png,1", [1]),
    "unicode name, other form": (["cafe\u0301.png"], "caf\u00e9.png,1", [1]),
    "nested folders": (["deep/er/a.png"], "deep/er/a.png,1", [1]),
    "windows folders": (["deep/er/a.png"], r"deep\er\a.png,1", [1]),
    "no ending": (["a"], "a,1", [1]),
    "minus one and one": (["a.png", "b.png"], "a.png,-1\nb.png,1", [0, 1]),
    "yes and no": (["a.png", "b.png"], "a.png,yes\nb.png,No", [1, 0]),
    "true and false": (["a.png", "b.png"], "a.png,True\nb.png,False", [1, 0]),
    "zero and one as floats": (["a.png", "b.png"], "a.png,0.0\nb.png,1e0", [0, 1]),
}


@pytest.mark.parametrize("kind", HANDLED)
def test_names_and_values_that_are_odd_and_right(tmp_path, kind):
    names, rows, labels = HANDLED[kind]
    for name in names:
        put(tmp_path, name)
    table(tmp_path, f"file,grin\n{rows}\n")
    found = survey(tmp_path)
    assert not found.left_out.counts
    assert sorted(np.concatenate(list(found.labels.values()))[:, 0]) == sorted(labels)


# each: how the rows name a.png and deep/b.png
NEAR = {
    "no ending": ("a", "deep/b"),
    "another ending": ("a.jpg", "deep/b.jpg"),
    "no folder, and another": ("deep/a.png", "b.png"),
    "another case": ("A.png", "deep/B.png"),
}


@pytest.mark.parametrize("kind", NEAR)
def test_a_picture_of_nearly_that_name_is_told(tmp_path, kind):
    put(tmp_path, "a.png")
    put(tmp_path, "deep/b.png")
    table(tmp_path, "file,grin\n{},1\n{},0\ngone.png,1\n".format(*NEAR[kind]))
    lines = listing(tmp_path).left_out.lines()
    assert f"  {NEAR[kind][0]} (line 2): a.png is there" in lines
    assert f"  {NEAR[kind][1]} (line 3): deep/b.png is there" in lines
    assert "  gone.png (line 4)" in lines


def test_a_link_inside_the_folder_is_followed(folder):
    link(folder, "e.png", "a.png")
    add(folder, "e.png,1,10,train")
    assert not survey(folder).left_out.counts


CHANGED = {
    "grey": content(Image.new("L", (8, 8), 51)),
    "palette": content(Image.new("RGB", (8, 8), "red").quantize(4)),
    "CMYK": content(Image.new("CMYK", (8, 8)), "jpg"),
    "transparent": content(Image.new("RGBA", (8, 8), (255, 0, 0, 0))),
    "turned": pictures.turned(),
}


@pytest.mark.parametrize("kind", CHANGED)
def test_what_is_changed_is_counted(folder, kind):
    put(folder, "a.png", CHANGED[kind])
    found = survey(folder)
    assert dict(found.changes) == {kind: 1} and not found.left_out.counts


def test_sixteen_bit_and_animated_pictures_are_changed_in_more_than_one_way(folder):
    put(folder, "a.png", content(Image.fromarray(np.full((8, 8), 13107, np.uint16))))
    put(folder, "b.png", pictures.animated())
    changes = survey(folder).changes
    assert changes["16 bit"] == changes["animated"] == 1 and changes["grey"] == 1


def test_sizes_and_the_middle(folder):
    wide = Image.new("RGB", (24, 8), "red")
    wide.paste("lime", (8, 0, 16, 8))
    put(folder, "a.png", content(wide))
    put(folder, "b.png", plain(size=(1, 1)))
    found = listing(folder)
    first = next(check.pictures(found, "train", 8))
    assert first.size == (24, 8) and (first.image == (0, 255, 0)).all()
    assert dict(survey(folder).sizes) == {(24, 8): 1, (1, 1): 1, (8, 8): 2}


def emptied(folder):
    for path in folder.iterdir():
        path.unlink()


# each: how the folder is spoiled, what the one line says
REFUSED = {
    "another name": (
        lambda f: (f / "labels.csv").rename(f / "Labels.tsv"),
        "has Labels.tsv and no labels.csv; give --labels_file=Labels.tsv, or move it away",
    ),
    "splits and others": (
        lambda f: ((f / "labels.csv").unlink(), put(f, "train/cats/1.png"), put(f, "docs/2.png")),
        "train is called like a split and docs is not",
    ),
    "neither table nor classes": (
        lambda f: (f / "labels.csv").unlink(),
        "neither labels.csv nor a folder .* left out: 4 picture outside every class folder, such as a.png$",
    ),
    "table that is a broken link": (
        lambda f: ((f / "labels.csv").unlink(), link(f, "labels.csv", "none"), put(f, "cats/a.png")),
        "labels.csv: is a broken link; a text file",
    ),
    "table in a folder": (
        lambda f: ((f / "meta").mkdir(), (f / "labels.csv").rename(f / "meta" / "labels.csv")),
        "; give --labels_file=meta/labels.csv if that is the table",
    ),
    "table called txt": (
        lambda f: (f / "labels.csv").rename(f / "labels.txt"),
        "; give --labels_file=labels.txt if that is the table",
    ),
    "table of a spreadsheet": (
        lambda f: (f / "labels.csv").rename(f / "labels.xlsx"),
        "; save labels.xlsx as labels.csv",
    ),
    "pictures without endings": (
        lambda f: (emptied(f), put(f, "cats/a"), put(f, "dogs/b")),
        "left out: 2 not called like a picture, such as cats/a$",
    ),
    "links to folders": (
        lambda f: (emptied(f), put(f.parent, "out/x.png"), link(f, "cats", "../out"), link(f, "dogs", "../out")),
        "left out: 2 link to a folder, such as cats$",
    ),
    "links out of the folder": (
        lambda f: (emptied(f), put(f.parent, "x.png"), (f / "cats").mkdir(), link(f, "cats/x.png", "../../x.png")),
        "left out: 1 link out of the folder, such as cats/x.png$",
    ),
}


@pytest.mark.parametrize("spoil", REFUSED)
def test_folders_that_cannot_be_read_are_refused_by_name(folder, spoil):
    change, said = REFUSED[spoil]
    change(folder)
    with pytest.raises(InputError, match=said) as raised:
        listing(folder)
    assert "\n" not in str(raised.value)


def test_a_picture_too_large_is_not_read(folder):
    with open(folder / "a.png", "r+b") as file:
        file.truncate(1 << 40)
    found = survey(folder)
    assert dict(found.left_out.counts) == {"more than 256 MiB": 1}


def test_another_table(folder, tmp_path):
    (folder / "labels.csv").rename(tmp_path / "other.csv")
    assert listing(folder, labels_file=str(tmp_path / "other.csv")).names == ["a.png", "b.png", "c.png", "d.png"]
    with pytest.raises(InputError, match="more.csv: no such file"):
        listing(folder, labels_file="more.csv")


def test_a_table_of_any_name_is_no_picture_left_out(folder):
    (folder / "labels.csv").rename(folder / "labels")
    found = listing(folder, labels_file="labels")
    assert len(found.names) == 4 and not found.left_out.counts


def test_splits_by_name_are_stable_and_about_their_shares(tmp_path):
    splits = [split_of(f"{i}.png") for i in range(4000)]
    assert 0.04 < splits.count("test") / 4000 < 0.06
    assert 0.04 < splits.count("validation") / 4000 < 0.06
    assert split_of("cafe\u0301.png") == split_of("caf\u00e9.png")
    names = [f"{i}.png" for i in range(0, 40, 2)]
    for stage in (names, [*names, *(f"{i}.png" for i in range(1, 40, 2))]):
        table(tmp_path, "file,grin\n" + "".join(f"{name},{i % 2}\n" for i, name in enumerate(stage)))
        for name in stage:
            put(tmp_path, name)
        found = listing(tmp_path)
        assert dict(zip(found.names, found.splits, strict=True)) == {name: split_of(name) for name in stage}


def test_the_stamp_is_another_where_anything_is(folder):
    stamps = [listing(folder).stamp, listing(folder).stamp]
    put(folder, "more.png")  # which no row names
    assert stamps[0] == stamps[1] == listing(folder).stamp
    put(folder, "a.png", plain("white", (9, 9)))
    stamps.append(listing(folder).stamp)
    add(folder, "e.png,1,10,train")
    stamps.append(listing(folder).stamp)
    stamps.append(listing(folder, chosen=("grin",)).stamp)
    assert len(set(stamps)) == 4

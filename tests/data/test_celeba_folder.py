"""CelebA in its own layout, from drawn faces in pictures of its size; and the real one, where it is."""

import tracemalloc
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.data.pictures import COLOURS, content, enormous, noise, plain, put
from tf_homo.attributes import CELEBA
from tf_homo.data import check, drawn_faces
from tf_homo.data.celeba_folder import listing
from tf_homo.errors import InputError
from tf_homo.photos import PictureError

NAMES = [f"{number:06d}.jpg" for number in range(1, 5)]


def unpacked(folder, images=None):
    """Four pictures: two to train on, one for validation, one for tests, of the people 7, 7, 8 and 9."""
    for name, colour in zip(NAMES, COLOURS, strict=True):
        put(folder, f"img_align_celeba/{name}", images[name] if images else plain(colour, (18, 22), "jpg"))
    rows = [f"{name} {'-1 ' * place} 1 {'-1 ' * (39 - place)}" for place, name in enumerate(NAMES)]
    (folder / "list_attr_celeba.txt").write_text("\n".join(["4", " ".join(CELEBA), *rows, ""]))
    (folder / "list_eval_partition.txt").write_text("".join(f"{n} {p}\n" for n, p in zip(NAMES, "0012", strict=True)))
    (folder / "identity_CelebA.txt").write_text("".join(f"{n} {p}\n" for n, p in zip(NAMES, "7789", strict=True)))
    return folder


def pack(folder):
    """Puts the pictures into a zip, and away from the folder."""
    with zipfile.ZipFile(folder / "img_align_celeba.zip", "w") as archive:
        for path in sorted((folder / "img_align_celeba").iterdir()):
            archive.write(path, f"img_align_celeba/{path.name}")
            path.unlink()
    (folder / "img_align_celeba").rmdir()
    return folder


@pytest.fixture(params=[lambda folder: folder, pack], ids=["unpacked", "zipped"])
def either(request, tmp_path):
    return request.param(unpacked(tmp_path / "celeba"))


@pytest.fixture
def folder(tmp_path):
    return unpacked(tmp_path / "celeba")


def survey(folder):
    return check.of_listing(listing(folder), 8)


def test_the_layout(either):
    found = listing(either)
    assert found.attributes == CELEBA
    assert found.names == NAMES
    assert found.splits == ["train", "train", "validation", "test"]
    np.testing.assert_array_equal(found.labels, np.eye(4, 40))
    np.testing.assert_array_equal(found.identity, [7, 7, 8, 9])
    assert not survey(either).left_out.counts and not found.remarks


def test_the_face_is_the_square_in_the_middle(tmp_path):
    """Rows 20 to 198 of a picture of 178x218."""
    faces, images = {}, {}
    for place, name in enumerate(NAMES):
        face = Image.fromarray(drawn_faces.example(place, 64).picture.image).resize((178, 178))
        picture = Image.new("RGB", (178, 218), "black")
        picture.paste(face, (0, 20))
        faces[name], images[name] = np.asarray(face), content(picture, "png")
    for kind in (unpacked(tmp_path / "a", images), pack(unpacked(tmp_path / "b", images))):
        found = listing(kind)
        (picture,) = check.pictures(found, "test", 178)
        assert picture.size == (178, 218)
        np.testing.assert_array_equal(picture.image, faces[NAMES[3]])


def test_the_folders_of_its_authors(folder):
    for name, place in (("img_align_celeba", "Img"), ("list_attr_celeba.txt", "Anno"), ("identity_CelebA.txt", "Anno"),
                        ("list_eval_partition.txt", "Eval")):  # fmt: skip
        (folder / place).mkdir(exist_ok=True)
        (folder / name).rename(folder / place / name)
    assert len(listing(folder).names) == 4


def kaggle(folder):
    """The same as Kaggle has it."""
    for name, header in ((ATTR, ["image_id", *CELEBA]), (PART, ["image_id", "partition"])):
        path = folder / f"{name}.txt"
        rows = [line.split() for line in path.read_text().splitlines()[2 * (name == ATTR) :]]
        path.with_suffix(".csv").write_text("".join(",".join(row) + "\n" for row in (header, *rows)))
        path.unlink()
    (folder / f"{WHO}.txt").unlink()
    inner = (folder / "img_align_celeba").rename(folder / "inner")
    (folder / "img_align_celeba").mkdir()
    inner.rename(folder / "img_align_celeba" / "img_align_celeba")


def test_the_layout_of_kaggle(folder):
    before = listing(folder)
    kaggle(folder)
    found = listing(folder)
    assert (found.attributes, found.names, found.splits) == (before.attributes, before.names, before.splits)
    np.testing.assert_array_equal(found.labels, before.labels)
    assert not survey(folder).left_out.counts
    assert found.remarks == ["identity_CelebA.txt is missing, or does not say who is on 4 pictures"]
    put(folder, f"{ATTR}.csv", b"quota exceeded\n")
    with pytest.raises(InputError, match=r"list_attr_celeba\.csv: its first line names no attributes"):
        listing(folder)


def test_without_identities(folder):
    (folder / "identity_CelebA.txt").unlink()
    found = listing(folder)
    assert (found.identity == -1).all()
    assert found.remarks == ["identity_CelebA.txt is missing, or does not say who is on 4 pictures"]


def edit(folder, name, old, new):
    path = folder / f"{name}.txt"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


ATTR, PART, WHO = "list_attr_celeba", "list_eval_partition", "identity_CelebA"
LAST = NAMES[3]

# each: how the folder is spoiled, what is counted, how many pictures stay usable, a word of what is remarked
SPOILED = {
    "count line wrong": (lambda f: edit(f, ATTR, "4\n", "5\n"), {}, 4, "first line says 5 rows, there are 4"),
    "39 values": (lambda f: edit(f, ATTR, f"{LAST} -1", LAST), {"row of too few or too many values": 1}, 3, ""),
    "41 values": (
        lambda f: edit(f, ATTR, f"{LAST} -1", f"{LAST} 1 1"),
        {"row of too few or too many values": 1},
        3,
        "",
    ),
    "value 0": (lambda f: edit(f, ATTR, f"{LAST} -1", f"{LAST} 0"), {"bad value": 1}, 3, ""),
    "value NaN": (lambda f: edit(f, ATTR, f"{LAST} -1", f"{LAST} nan"), {"bad value": 1}, 3, ""),
    "path out of the folder": (
        lambda f: [edit(f, name, LAST, f"../{LAST}") for name in (ATTR, PART)],
        {"path out of the folder": 1, "picture without a row": 1},
        3,
        "",
    ),
    "image that partition lacks": (lambda f: edit(f, PART, f"{LAST} 2\n", ""), {"row without a partition": 1}, 3, ""),
    "partition 7": (lambda f: edit(f, PART, f"{LAST} 2", f"{LAST} 7"), {"unknown partition": 1}, 3, ""),
    "two partitions": (lambda f: edit(f, PART, f"{LAST} 2", f"{LAST} 2\n{LAST} 0"), {"unknown partition": 1}, 3, ""),
    "partition without a number": (
        lambda f: edit(f, PART, f"{LAST} 2", LAST),
        {"line that is no file and number": 1, "row without a partition": 1},
        3,
        "",
    ),
    "person missing": (lambda f: edit(f, WHO, f"{LAST} 9\n", ""), {}, 4, "does not say who is on 1 pictures"),
    "person with a name": (lambda f: edit(f, WHO, f"{LAST} 9", f"{LAST} Ann"), {}, 4, "who is on 1 pictures"),
    "person beyond int64": (lambda f: edit(f, WHO, f"{LAST} 9", f"{LAST} {'9' * 19}"), {}, 4, "who is on 1 pictures"),
    "picture missing": (lambda f: (f / "img_align_celeba" / LAST).unlink(), {"row without a picture": 1}, 3, ""),
    "picture without a row": (lambda f: put(f, "img_align_celeba/x.jpg"), {"picture without a row": 1}, 4, ""),
    "truncated": (lambda f: put(f, f"img_align_celeba/{LAST}", noise()[:700]), {"damaged or cut short": 1}, 3, ""),
    "byte order mark, CRLF": (
        lambda f: (f / f"{ATTR}.txt").write_bytes(
            b"\xef\xbb\xbf" + (f / f"{ATTR}.txt").read_bytes().replace(b"\n", b"\r\n")
        ),
        {},
        4,
        "",
    ),
}


@pytest.mark.parametrize("spoil", SPOILED)
def test_what_cannot_be_used_is_counted_and_named(folder, spoil):
    change, left_out, usable, remark = SPOILED[spoil]
    change(folder)
    found = survey(folder)
    assert dict(found.left_out.counts) == left_out
    assert sum(map(len, found.labels.values())) == usable
    assert remark in " ".join(found.remarks) and bool(remark) == bool(found.remarks)


def repack(folder, *members):
    """The pictures in a zip, and `members`: (name, content) and what is changed in the table of contents."""
    pack(folder)
    with zipfile.ZipFile(folder / "img_align_celeba.zip", "a") as archive:
        for name, data, *changes in members:
            archive.writestr(name, data)
            for attribute, value in changes:
                setattr(archive.infolist()[-1], attribute, value)


def damage(folder, of):
    """Turns some bytes of a picture in the zip."""
    pack(folder)
    path = folder / "img_align_celeba.zip"
    data = bytearray(path.read_bytes())
    start = data.index(of.encode()) + len(of) + 100
    data[start : start + 20] = bytes(byte ^ 255 for byte in data[start : start + 20])
    path.write_bytes(data)


def bomb(folder, size, **more):
    """A last picture whose declared size is another."""
    (folder / "img_align_celeba" / LAST).unlink()
    repack(folder, (f"img_align_celeba/{LAST}", plain(), ("file_size", size), *more.items()))


def backslashes(folder):
    """The names in the zip as some programs of Windows write them."""
    pack(folder)
    path = folder / "img_align_celeba.zip"
    path.write_bytes(path.read_bytes().replace(b"img_align_celeba/0", b"img_align_celeba\\0"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("img_align_celeba\\", b"")


ZIPPED = {
    "declared too large": (lambda f: bomb(f, 1 << 40), {"more than 256 MiB": 1}, 3),
    "declared too small": (lambda f: bomb(f, 10), {"damaged in the zip": 1}, 3),
    "encrypted": (lambda f: bomb(f, 70, flag_bits=1), {"encrypted": 1}, 3),
    "unknown compression": (lambda f: bomb(f, 70, compress_type=99), {"packed rarely": 1}, 3),
    "bytes turned": (lambda f: damage(f, LAST), {"damaged in the zip": 1}, 3),
    "twice in the zip": (lambda f: repack(f, (f"again/{LAST}", plain())), {"twice in the zip": 1}, 3),
    "enormous image": (
        lambda f: (put(f, f"img_align_celeba/{LAST}", enormous()), pack(f)),
        {"more than 50 megapixels": 1},
        3,
    ),
    "what macOS adds": (lambda f: repack(f, (f"__MACOSX/._{LAST}", b"x")), {"hidden file": 1}, 4),
    "path out of the zip": (lambda f: repack(f, ("../../x.jpg", plain())), {"picture without a row": 1}, 4),
    "document in the zip": (lambda f: repack(f, ("readme.txt", b"hello")), {}, 4),
    "raw photo in the zip": (lambda f: repack(f, ("a.cr2", b"hello")), {"not called like a picture": 1}, 4),
    "names with backslashes": (lambda f: backslashes(f), {}, 4),
}


@pytest.mark.parametrize("spoil", ZIPPED)
def test_what_is_wrong_inside_a_zip(folder, spoil):
    change, left_out, usable = ZIPPED[spoil]
    change(folder)
    found = survey(folder)
    assert dict(found.left_out.counts) == left_out
    assert sum(map(len, found.labels.values())) == usable


def test_a_zip_that_declares_less_than_it_unpacks_takes_no_memory(folder):
    (folder / "img_align_celeba" / LAST).unlink()
    pack(folder)
    with zipfile.ZipFile(folder / "img_align_celeba.zip", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"img_align_celeba/{LAST}", bytes(64 << 20))
        archive.infolist()[-1].file_size = 100
    found = listing(folder)
    tracemalloc.start()
    try:
        with pytest.raises(PictureError, match="is damaged in the zip"):
            found.content(LAST)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("there", [(), ("Thumbs.db", "more/readme.txt")])
def test_a_zip_beside_a_folder_without_pictures_is_read(folder, there):
    pack(folder)
    (folder / "img_align_celeba").mkdir()
    for name in there:
        put(folder, f"img_align_celeba/{name}", b"hello")
    found = listing(folder)
    assert found.names == NAMES and not found.left_out.counts and not found.remarks


def test_a_zip_beside_a_folder_of_pictures_is_told(folder):
    put(folder, "img_align_celeba.zip", b"half of it")
    found = listing(folder)
    assert found.names == NAMES
    assert found.remarks == ["img_align_celeba.zip is not read, as there are pictures in img_align_celeba/"]


def cut(path, keep):
    path.write_bytes(path.read_bytes()[:keep])


REFUSED = {
    "no pictures": (lambda f: (f / "img_align_celeba").rename(f / "x"), "has neither img_align_celeba.zip nor"),
    "zip cut short": (lambda f: (pack(f), cut(f / "img_align_celeba.zip", 900)), r"celeba\.zip: is damaged, or no zip"),
    "zip is text": (lambda f: (pack(f), put(f, "img_align_celeba.zip", b"quota")), r"celeba\.zip: is damaged, or no"),
    "packed by Kaggle": (
        lambda f: (f / f"{ATTR}.txt").rename(f / "archive.zip"),
        r"archive\.zip: is packed and list_attr_celeba.txt is not beside it; unpack archive.zip there",
    ),
    "no attributes": (lambda f: (f / f"{ATTR}.txt").unlink(), "list_attr_celeba.txt: no such file"),
    "no partition": (lambda f: (f / f"{PART}.txt").unlink(), "list_eval_partition.txt: no such file"),
    "no count line": (lambda f: edit(f, ATTR, "4\n", ""), "its first line is no count of rows"),
    "count alone": (lambda f: (f / f"{ATTR}.txt").write_text("4\n"), "its first line is no count of rows"),
    "a name twice": (lambda f: edit(f, ATTR, "Young", "Male"), "two attributes are called 'Male'"),
    "attributes are a page": (lambda f: put(f, f"{ATTR}.txt", b"<html>quota exceeded</html>\n"), "is no count of rows"),
    "attributes are binary": (lambda f: put(f, f"{ATTR}.txt", plain()), "is not UTF-8 text"),
}


@pytest.mark.parametrize("spoil", REFUSED)
def test_what_is_no_celeba_is_refused_by_name(folder, spoil):
    change, said = REFUSED[spoil]
    change(folder)
    with pytest.raises(InputError, match=said) as raised:
        listing(folder)
    assert "\n" not in str(raised.value)


def test_the_real_one(shared_data):
    """Its tables, and the first pictures of the zip."""
    found = listing(shared_data / "celeba")
    assert found.attributes == CELEBA
    counts = {split: found.splits.count(split) for split in ("train", "validation", "test")}
    assert counts == {"train": 13_986, "validation": 967, "test": 955}
    assert not found.left_out.counts and not found.remarks
    assert (found.identity > 0).all()
    people = {split: set(found.identity[np.array(found.splits) == split]) for split in counts}
    assert not people["train"] & people["test"]
    some = check.pictures(found, "train", 64)
    for _ in range(5):
        picture = next(some)
        assert picture.size == (178, 218) and picture.image.shape == (64, 64, 3) and picture.image.std() > 10

"""Paired pictures as a user may have them: side by side or in two folders, good and bad, in either direction."""

import numpy as np
import pytest
from PIL import Image

from tests.data.pictures import content, plain, put
from tf_homo.data import check, drawing, paired_folder
from tf_homo.data.sets import Source
from tf_homo.errors import InputError

RED, LIME, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def side_by_side(left="red", right="blue", size=(16, 8)):
    image = Image.new("RGB", size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return content(image)


@pytest.fixture
def source(tmp_path):
    """Makes the source of tmp_path/pairs."""

    def source(**options):
        return Source("paired_folder", data_path=str(tmp_path / "pairs"), data_dir=str(tmp_path / "data"), **options)

    return source


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pairs").mkdir()
    return tmp_path / "pairs"


def colours(examples):
    """(inputs, images) of each pair by the pixel in the middle."""
    return [
        (tuple(a[4, 4].tolist()), tuple(b[4, 4].tolist()))
        for a, b in zip(examples.inputs, examples.images, strict=True)
    ]


def test_side_by_side_in_either_direction(folder, source):
    put(folder, "train/1.png", side_by_side("red", "blue"))
    put(folder, "train/2.png", side_by_side("lime", "white"))
    put(folder, "val/3.png", side_by_side("blue", "red"))
    train = source().read("train", 8)
    assert train.images.shape == train.inputs.shape == (2, 8, 8, 3) and train.images.dtype == np.uint8
    assert colours(train) == [(RED, BLUE), (LIME, WHITE)]
    assert (train.inputs == train.inputs[:, :1, :1]).all()  # the halves do not touch
    assert colours(source(direction="b_to_a").read("train", 8)) == [(BLUE, RED), (WHITE, LIME)]
    assert colours(source().read("validation", 8)) == [(BLUE, RED)]
    assert train.attributes == () and train.labels.shape == (2, 0)
    assert set(train.arrays()) == {"image", "labels", "input"}
    assert train.about["examples"] == {"train": 2, "validation": 1} and train.about["direction"] == "a_to_b"
    with pytest.raises(InputError, match="split test of paired_folder is empty"):
        source().read("test", 8)


@pytest.mark.parametrize(
    ("first", "second"),
    [("A/train/1.png", "B/train/1.jpg"), ("trainA/1.png", "trainB/1.png"), ("a/1.png", "b/1.png")],
)
def test_two_folders(folder, source, first, second):
    put(folder, first, plain("red"))
    put(folder, second, plain("blue", ending=second[-3:]))
    listing = paired_folder.listing(folder)
    (split,) = listing.splits
    assert split == "train" or "train" not in first
    ((a, b),) = colours(source().read(split, 8))
    assert a == RED
    np.testing.assert_allclose(b, BLUE, atol=2)  # JPEG


def test_prepared_once_for_both_directions(folder, source, capfd):
    put(folder, "train/1.png", side_by_side())
    source().read("train", 8)
    assert "1/1 " in capfd.readouterr().err
    source(direction="b_to_a").read("train", 8)
    assert "1/1 " not in capfd.readouterr().err


def test_what_cannot_be_used_is_counted_and_named(folder, source):
    put(folder, "train/good.png", side_by_side())
    put(folder, "train/odd.png", side_by_side(size=(15, 8)))
    put(folder, "train/empty.png", b"")
    put(folder, "train/cut.png", side_by_side()[:50])
    put(folder, "train/notes.txt", b"no picture")
    examples = source().read("train", 8)
    assert len(examples) == 1
    assert examples.about["left_out"] == {"of odd width": 1, "the file is empty": 1, "damaged or cut short": 1}


def test_two_folders_name_what_has_no_other_half(folder):
    for name in ("A/1.png", "B/1.png", "A/2.png", "B/3.png", "A/4.png", "A/4.jpg", "B/4.png", "loose.png"):
        put(folder, name, plain(ending=name[-3:]))
    listing = paired_folder.listing(folder)
    assert listing.names == ["A/1.png"]
    assert dict(listing.left_out.counts) == {
        "picture without its other half": 2, "several pictures of one name": 3, "picture outside A and B": 1
    }  # fmt: skip
    assert any("A/2.png" in line for line in listing.left_out.lines())


def test_a_stray_pair_moves_no_other_to_another_split(folder):
    for number in range(8):
        put(folder, f"val/{number}.png", side_by_side())
    put(folder, "stray.png", side_by_side())
    listing = paired_folder.listing(folder)
    assert set(listing.splits) == {"validation"} and len(listing.names) == 8
    assert dict(listing.left_out.counts) == {"pair outside every split": 1}
    put(folder, "docs/sample.png", side_by_side())
    with pytest.raises(InputError, match="val is called like a split and docs is not"):
        paired_folder.listing(folder)


def test_without_a_pair_what_is_there_is_told(folder):
    put(folder, "A/1", plain())
    put(folder, "B/1", plain())
    with pytest.raises(InputError, match="has no pair; .* into A/ and B/; left out: 2 not called like a picture$"):
        paired_folder.listing(folder)


def test_halves_of_two_shapes_are_left_out(folder, source):
    for name, size in (("1", (8, 8)), ("2", (16, 16)), ("3", (16, 8))):
        put(folder, f"A/train/{name}.png", plain("red", (8, 8)))
        put(folder, f"B/train/{name}.png", plain("blue", size))
    examples = source().read("train", 8)
    assert len(examples) == 2  # another scale is the same shape
    assert examples.about["left_out"] == {"halves of two shapes": 1}


def test_the_middle_of_both_halves_is_kept(folder, source):
    half = np.zeros((8, 16, 3), np.uint8)
    half[:, 4:12] = RED
    put(folder, "train/1.png", content(Image.fromarray(np.concatenate([half, half[..., ::-1]], axis=1))))
    examples = source().read("train", 8)
    assert (examples.inputs == RED).all() and (examples.images == BLUE).all()


def test_without_folders_a_hash_decides_the_split(folder):
    for i in range(200):
        put(folder, f"{i}.png", b"x")
    listing = paired_folder.listing(folder)
    assert 160 < listing.splits.count("train") < 198
    assert listing.splits == paired_folder.listing(folder).splits


def test_an_empty_folder_says_what_belongs_there(folder):
    with pytest.raises(InputError, match=r"has no pair; put pictures A\|B side by side there"):
        paired_folder.listing(folder)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"direction": "sideways"}, "--direction=sideways: is none of a_to_b, b_to_a"),
        ({"dataset": "drawn_faces", "direction": "b_to_a"}, "--direction=b_to_a: is for drawn_masks and paired_folder"),
        ({"dataset": "paired_folder"}, "--data_path: is missing"),
    ],
)
def test_flags_that_do_not_fit(options, fault):
    with pytest.raises(InputError, match=fault):
        Source(**options).check()


def test_drawn_masks_are_pairs_of_mask_and_face(tmp_path):
    source = Source("drawn_masks", counts=(3, 1, 1), data_dir=str(tmp_path))
    to_faces = source.read("train", 32)
    faces = Source("drawn_faces", counts=(3, 1, 1), data_dir=str(tmp_path)).read("train", 32)
    np.testing.assert_array_equal(to_faces.images, faces.images)
    np.testing.assert_array_equal(to_faces.labels, faces.labels)
    colours_ = np.array(drawing.MASK_COLOURS, np.uint8)
    np.testing.assert_array_equal(to_faces.inputs, colours_[faces.extras["mask"][..., 0]])
    to_masks = Source("drawn_masks", counts=(3, 1, 1), data_dir=str(tmp_path), direction="b_to_a").read("train", 32)
    np.testing.assert_array_equal(to_masks.images, to_faces.inputs)
    np.testing.assert_array_equal(to_masks.inputs, to_faces.images)


def test_check_data_tells_of_pairs(folder, source, capsys):
    put(folder, "train/1.png", side_by_side())
    put(folder, "train/odd.png", side_by_side(size=(15, 8)))
    check.run(source(), 8, None)
    text = capsys.readouterr().out
    assert "train               1" in text and "8x8: 1" in text and "of odd width: 1" in text
    assert "train/odd.png: is 15 pixels wide" in text and "attribute" not in text and "branches" not in text


def test_real_facades(shared_data, tmp_path):
    listing = paired_folder.listing(shared_data / "facades")
    assert listing.splits.count("train") == 400 and listing.splits.count("validation") == 100
    assert not listing.left_out.counts

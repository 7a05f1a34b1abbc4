"""Photos into the frame: with faces that are injected, then with real ones."""

import numpy as np
import pytest
from PIL import Image

from tf_homo import alignment, faces, framing, photos
from tf_homo.errors import InputError


@pytest.fixture
def save(tmp_path):
    def save(image):
        path = str(tmp_path / "photo.png")
        image.save(path)
        return path

    return save


EYES = np.array([(40.0, 50), (60, 50)])  # of a face 20 pixels to the left of the middle of a picture of 140x100


@pytest.fixture
def found(monkeypatch):
    """What faces.find finds: a list that tests may change."""
    there = [faces.Face(EYES, True)]
    monkeypatch.setattr(faces, "find", lambda image: there)
    return there


@pytest.fixture
def dots(save):
    """A grey photo whose left eye is red and whose right eye is blue."""
    picture = Image.new("RGB", (140, 100), "grey")
    for colour, (x, y) in zip(("red", "blue"), EYES.astype(int).tolist(), strict=True):
        picture.paste(colour, (x - 4, y - 4, x + 4, y + 4))
    return save(picture)


def test_a_face_is_put_into_the_frame(dots, found):
    photo = framing.load(dots, 64, alignment.CELEBA)
    assert photo.image.shape == (64, 64, 3)
    assert photo.image.dtype == np.float32
    (left, row), (right, _) = (np.array(alignment.CELEBA) * 64).astype(int)
    np.testing.assert_allclose(photo.image[row, [left, right]], [(1, 0, 0), (0, 0, 1)], atol=0.01)
    np.testing.assert_array_equal(photo.whole, np.asarray(Image.open(dots)))
    np.testing.assert_allclose(alignment.apply(photo.transform, np.array(alignment.CELEBA) * 64), EYES)


def test_which_face_is_asked_for_and_answered(dots, found):
    found.append(faces.Face(EYES + (50, 10), True))
    with pytest.raises(
        InputError,
        match=r"photo\.png: shows 2 faces, at x=50 y=50, at x=100 y=60; choose by --face=1 to --face=2, or .*=2,1",
    ):
        framing.load(dots, 64, alignment.CELEBA)
    second = framing.load(dots, 64, alignment.CELEBA, face=2)
    np.testing.assert_allclose(alignment.apply(second.transform, np.array(alignment.CELEBA) * 64), EYES + (50, 10))
    with pytest.raises(InputError, match=r"--face=3: .*photo\.png has 2 to choose from; give 1 to 2, .* --face=2,1"):
        framing.load(dots, 64, alignment.CELEBA, face=3)


def test_eyes_that_may_be_covered_are_told(dots, found):
    assert not framing.load(dots, 64, alignment.CELEBA).remarks
    found[0] = found[0]._replace(votes=faces.HIDDEN / 2)
    assert framing.load(dots, 64, alignment.CELEBA).remarks == (
        "its eyes may be covered, so that they may be misplaced",
    )


def test_no_face_and_a_face_that_is_cut_off_are_told(dots, found):
    found[0] = found[0]._replace(whole=False)
    with pytest.raises(InputError, match=r"photo\.png: the face is cut off by the edge .* --no_align"):
        framing.load(dots, 64, alignment.CELEBA)
    found.clear()
    with pytest.raises(InputError, match=r"photo\.png: no face was found .* --no_align"):
        framing.load(dots, 64, alignment.CELEBA)


@pytest.mark.parametrize(
    ("shape", "frame", "crop", "expected"),
    [
        ((8, 8), alignment.CELEBA, "none", (1, 0, 0)),  # of exactly the model's size
        ((16, 16), None, "none", (2, 0, 0)),
        ((24, 16), None, "center", (2, 4, 0)),
        ((16, 32), alignment.CELEBA, "center", (2, 0, 8)),
    ],
)
def test_what_is_in_the_frame_is_read_as_ever(save, monkeypatch, shape, frame, crop, expected):
    monkeypatch.setattr(faces, "find", lambda image: pytest.fail("searched"))
    path = save(Image.effect_noise(shape, 90))
    photo = framing.load(path, 8, frame, crop, face=1)
    np.testing.assert_array_equal(photo.image, photos.read(path, 8, crop))
    scale, x, y = expected
    np.testing.assert_array_equal(photo.transform, [[scale, 0, x], [0, scale, y]])
    with pytest.raises(InputError, match=r"--face=2: .*photo\.png has 1 to choose from; give 1, or .* --face=2,1"):
        framing.load(path, 8, frame, crop, face=2)


def test_what_was_changed_is_told_and_no_picture_is_decoded_twice(save, monkeypatch):
    path = save(Image.new("LA", (8, 8), (0, 51)))
    opened = photos.check(path)
    monkeypatch.setattr(photos, "decode", lambda path: pytest.fail("decoded again"))
    photo = framing.load(path, 8, alignment.CELEBA, opened=opened)
    assert photo.remarks == ("grey, taken as RGB", "transparent, laid over white")
    np.testing.assert_allclose(photo.image, 0.8)


def test_a_drawn_example_is_its_own_photo():
    photo = framing.load("drawn_faces:5", 32, alignment.DRAWN)
    np.testing.assert_array_equal(photo.image, photos.source("drawn_faces:5", 32))
    np.testing.assert_array_equal(photo.whole, np.rint(photo.image * 255))
    np.testing.assert_array_equal(photo.transform, np.eye(2, 3))
    with pytest.raises(InputError, match="--face=7: drawn_faces:5 has 1 to choose from"):
        framing.load("drawn_faces:5", 32, alignment.DRAWN, face=7)


def test_a_shrunk_photo_has_its_face_where_it_was(dots, found):
    photo = framing.load(dots, 64, alignment.CELEBA)
    assert photo.shrunk(140) is photo
    half = photo.shrunk(70)
    assert half.whole.shape == (50, 70, 3)
    np.testing.assert_allclose(half.transform, photo.transform / 2)


@pytest.mark.parametrize(
    ("name", "why"),
    [("two_faces", "shows 2 faces, .*--face=1 to --face=2"), ("cut_off_face", "is cut off by the edge")],
)
def test_photos_that_leave_a_question(shared_data, save, name, why):
    with Image.open(shared_data / "photos" / f"{name}.jpg") as whole:
        small = whole.resize((500, 500 * whole.height // whole.width))
    with pytest.raises(InputError, match=why):
        framing.load(save(small), 64, alignment.CELEBA)

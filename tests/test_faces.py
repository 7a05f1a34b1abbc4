"""Faces that were drawn, so that their eyes are known; votes that can be summed by hand; real photos where they are."""

import numpy as np
import pytest
from PIL import Image

from tf_homo import alignment, faces
from tf_homo.data import drawing


def placed(index, tilt, eyes_apart, middle, height, width):
    """A drawn face in a grey picture, turned clockwise; and the places of its eyes (2, 2)."""
    picture = drawing.render(drawing.sample(5, index), 256)
    half = eyes_apart / 2 * np.array([np.cos(np.radians(tilt)), np.sin(np.radians(tilt))])
    eyes = np.array([middle - half, middle + half])
    back = alignment.similarity(eyes, picture.landmarks[:2].astype(float) * 256)
    y, x = np.mgrid[:height, :width] + 0.5
    there = alignment.apply(back, np.stack([x.ravel(), y.ravel()], 1)).reshape(height, width, 2)
    inside = ((there > 0) & (there < 256)).all(axis=2, keepdims=True)
    return np.where(inside, alignment.sample(picture.image, back, width, height), np.uint8(128)), eyes


def error(face, eyes):
    """Of the worse eye, in distances between them."""
    return np.hypot(*(face.eyes - eyes).T).max() / np.hypot(*(eyes[1] - eyes[0]))


@pytest.mark.parametrize(("index", "tilt"), [(1, 0), (2, 15), (3, -20)])
def test_a_drawn_face_and_its_eyes(index, tilt):
    picture, eyes = placed(index, tilt, 50, (150, 130), 300, 320)
    (face,) = faces.find(picture)
    assert error(face, eyes) < 0.1
    assert face.whole and faces.HIDDEN < face.votes < 12


@pytest.mark.parametrize("eye", [0, 1])
def test_an_eye_that_is_covered_has_no_votes(eye):
    picture, eyes = placed(1, 0, 60, (150, 130), 300, 320)
    width = 60 / np.ptp(faces.EYES[:, 0])
    sight = faces._Sight(eyes.mean(0) - width * faces.EYES.mean(0), width, 0, 1)
    assert min(faces._eyes(picture.mean(2).astype(np.uint8), sight)[1]) > faces.HIDDEN
    (x, y), half = eyes[eye].astype(int), 16
    picture[y - half : y + half, x - half : x + half] = picture[y + half, x]
    votes = faces._eyes(picture.mean(2).astype(np.uint8), sight)[1]
    assert votes[eye] < faces.HIDDEN < votes[1 - eye]


def test_faces_come_from_left_to_right():
    first, right = placed(1, 0, 40, (270, 90), 200, 360)
    second, left = placed(2, 0, 40, (90, 90), 200, 360)
    found = faces.find(np.where(np.arange(360)[None, :, None] < 180, second, first))
    assert len(found) == 2
    assert error(found[0], left) < 0.1
    assert error(found[1], right) < 0.1


def test_a_face_at_the_edge_is_not_whole():
    picture, eyes = placed(3, 0, 60, (140, 120), 280, 280)
    (face,) = faces.find(picture[:195])
    assert not face.whole
    assert error(face, eyes) < 0.1


@pytest.mark.parametrize("height", [1, 23, 200])
def test_nothing_is_seen_in_nothing(height):
    assert faces.find(np.full((height, 200, 3), 90, np.uint8)) == []
    assert faces.find(np.random.default_rng(0).integers(0, 256, (height, 40, 3), np.uint8)) == []


def test_the_mode_of_votes_is_the_place_where_they_agree():
    near, far = np.full((faces.ENOUGH, 2), 0.05), np.full((faces.ENOUGH, 2), -0.3)
    place, agreed = faces._mode([near, near, far], trust=1e9)
    np.testing.assert_allclose(place, 0.05, atol=0.01)
    assert 1.5 < agreed < 2
    place, agreed = faces._mode([], trust=0.1)
    assert (place.tolist(), agreed) == ([0, 0], 0)


def test_sights_that_overlap_become_their_mean():
    def sight(x, width, tilt, votes):
        return faces._Sight(np.array([x, 0.0]), width, tilt, votes)

    merged = faces._merged([sight(0, 100, 0, 3.0), sight(10, 100, 15, 1.0), sight(200, 100, 0, 2.0)])
    assert [(s.centre[0], s.width, s.tilt, s.votes) for s in merged] == [(2.5, 100, 3.75, 4), (200, 100, 0, 2)]


def test_faces_that_are_small_faint_or_the_same_do_not_count():
    def judged(sure, x, width):
        return sure, faces._Sight(np.array([x, 0.0]), width, 0, 1), None

    first, second = judged(1e7, 0, 100), judged(2e3, 300, 60)
    small, faint, same = judged(9e5, 500, 40), judged(900, 700, 100), judged(5e5, 40, 100)
    assert faces._distinct([second, faint, same, first, small]) == [first, second]


@pytest.mark.parametrize(
    ("name", "eyes"),
    [("portrait_04", [(411, 496), (600, 468)]), ("portrait_11", [(336, 431), (574, 412)])],  # tilted; glasses
)
def test_a_portrait(shared_data, name, eyes):
    photo = np.asarray(Image.open(shared_data / "photos" / f"{name}.jpg").convert("RGB"))
    (face,) = faces.find(photo)
    assert error(face, np.array(eyes, float)) < 3 / (128 * (108 - 69) / 178)  # 3 pixels of the aligned 128
    assert face.whole


def test_a_portrait_that_is_cut_off(shared_data):
    photo = np.asarray(Image.open(shared_data / "photos" / "cut_off_face.jpg").convert("RGB"))
    assert [face.whole for face in faces.find(photo)] == [False]

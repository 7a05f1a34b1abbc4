"""Transforms by what they do to points; pictures by pixels that can be told beforehand."""

import dataclasses

import numpy as np
import pytest

from tf_homo import alignment
from tf_homo.alignment import CELEBA, DRAWN
from tf_homo.data import drawing

QUARTER = np.array([[0.0, -1, 10], [1, 0, 0]])  # clockwise by 90 degrees, then 10 to the right


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def test_similarity_takes_two_points_to_two_others():
    source, target = np.array([(1.0, 2), (4, 6)]), np.array([(10.0, 0), (2, 6)])
    transform = alignment.similarity(source, target)
    np.testing.assert_allclose(alignment.apply(transform, source), target)
    linear = transform[:, :2]
    np.testing.assert_allclose(linear @ linear.T, 4 * np.eye(2), atol=1e-12)  # 5 pixels became 10, unsheared
    assert np.linalg.det(linear) > 0  # and unmirrored


def test_inverse_leads_back():
    points = np.array([(0.0, 0), (3, 1), (-2, 5)])
    there = alignment.apply(QUARTER, points)
    np.testing.assert_allclose(there[1], (9, 3))
    np.testing.assert_allclose(alignment.apply(alignment.inverse(QUARTER), there), points, atol=1e-12)


def test_sampling_by_whole_pixels_and_quarter_turns_changes_no_pixel():
    picture = noise(10, 10)
    np.testing.assert_array_equal(alignment.sample(picture, np.eye(2, 3), 10, 10), picture)
    shift = np.array([[1.0, 0, 2], [0, 1, 3]])
    np.testing.assert_array_equal(alignment.sample(picture, shift, 8, 7), picture[3:, 2:])
    np.testing.assert_array_equal(alignment.sample(picture, QUARTER, 10, 10), np.rot90(picture))


def test_sampling_averages_where_it_shrinks():
    checks = np.tile(np.array([[0, 200], [200, 0]], np.uint8), (8, 8))
    half = np.array([[2.0, 0, 0], [0, 2, 0]])
    np.testing.assert_array_equal(alignment.sample(checks, half, 8, 8), np.full((8, 8), 100))


def test_beyond_the_picture_its_edge_goes_on():
    picture = noise(4, 4)
    away = np.array([[1.0, 0, -4], [0, 1, 0]])
    np.testing.assert_array_equal(alignment.sample(picture, away, 4, 4), np.repeat(picture[:, :1], 4, axis=1))


@pytest.mark.parametrize("tilt", [-20, 0, 35])
def test_aligned_eyes_stand_in_the_frame(tilt):
    turn = np.radians(tilt)
    eyes = np.array([150.0, 120]) + np.array([(-40, 0), (40, 0)]) @ [
        [np.cos(turn), np.sin(turn)],
        [-np.sin(turn), np.cos(turn)],
    ]
    y, x = np.mgrid[:240, :300] + 0.5
    picture = np.zeros((240, 300, 3))
    for channel, (ex, ey) in enumerate(eyes):
        picture[..., channel] = 255 * np.exp(-((x - ex) ** 2 + (y - ey) ** 2) / 2 / 6**2)
    aligned, transform = alignment.align(np.rint(picture).astype(np.uint8), eyes, CELEBA, 64)
    assert aligned.shape == (64, 64, 3)
    places = np.array(CELEBA) * 64
    np.testing.assert_allclose(alignment.apply(transform, places), eyes)
    y, x = np.mgrid[:64, :64] + 0.5
    for channel, place in enumerate(places):
        weights = aligned[..., channel] / aligned[..., channel].sum(dtype=float)
        np.testing.assert_allclose(((weights * x).sum(), (weights * y).sum()), place, atol=0.1)


def test_frames_of_the_data_sets():
    face = drawing.sample(0, 0)
    pose = {"place_x": 0.0, "place_y": 0.0, "scale": 1.0, "tilt": 0.0}
    level = dataclasses.replace(face, nuisance=dataclasses.replace(face.nuisance, **pose))
    np.testing.assert_allclose(DRAWN, drawing.render(level, 32).landmarks[:2], atol=1e-6)
    assert alignment.trained_in({"data": {"dataset": "drawn_faces"}}) == DRAWN
    assert alignment.trained_in({"data": {"dataset": "celeba_folder"}}) == CELEBA
    assert alignment.trained_in({"data": {"dataset": "maps"}}) is None
    assert alignment.trained_in({}) is None


def test_a_model_says_itself_where_the_eyes_were():
    info = {"eyes": [[0.4, 0.3], [0.6, 0.3]], "data": {"dataset": "drawn_faces"}}
    assert alignment.trained_in(info) == alignment.Frame((0.4, 0.3), (0.6, 0.3))
    assert alignment.trained_in({"eyes": None}) is None
    own = {"dataset": "labelled_folder", "eyes": [0.4, 0.3, 0.6, 0.3]}
    assert alignment.trained_in({"data": own}) == alignment.Frame((0.4, 0.3), (0.6, 0.3))


@pytest.fixture
def tilted():
    """From a square of 32 pixels into the middle of a photo: 96 pixels wide there, tilted."""
    return alignment.similarity(np.array([(0.0, 16), (32, 16)]), np.array([(60.0, 60), (150, 93)]))


def flat(value, size=32):
    return np.full((size, size, 3), value, np.float32)


def test_nothing_is_pasted_where_nothing_changed(tilted):
    photo, decoded = noise(150, 200), np.random.default_rng(1).random((32, 32, 3), np.float32)
    np.testing.assert_array_equal(alignment.paste_back(photo, decoded, decoded, tilted), photo)


def test_beyond_the_square_no_pixel_changes_and_within_the_change_arrives(tilted):
    photo = noise(150, 200)
    pasted = alignment.paste_back(photo, flat(0.2), flat(1.0), tilted)
    y, x = np.mgrid[:150, :200] + 0.5
    inside = alignment.apply(alignment.inverse(tilted), np.stack([x.ravel(), y.ravel()], 1)).reshape(150, 200, 2) / 32
    beyond = ((inside < 0) | (inside > 1)).any(axis=2)
    np.testing.assert_array_equal(pasted[beyond], photo[beyond])
    middle = (np.abs(inside - 0.5) < 0.5 - alignment.FEATHER).all(axis=2)
    assert middle.sum() > 1000
    assert pasted[middle].min() >= 250  # the photo's noise fades where so much changes


def test_the_edge_rises_evenly():
    photo = np.full((64, 64, 3), 51, np.uint8)
    row = alignment.paste_back(photo, flat(0.2, 64), flat(0.6, 64), np.eye(2, 3))[32, :, 0].astype(int)
    assert row[0] <= 52
    assert (np.diff(row[:32]) >= 0).all()
    assert np.abs(np.diff(row)).max() < 25
    np.testing.assert_array_equal(row[8:56], 153)


def test_where_little_changes_the_photo_keeps_its_detail():
    photo = np.full((64, 64, 3), 100, np.uint8)
    photo[::2, ::2] = 140
    pasted = alignment.paste_back(photo, flat(0.4, 64), flat(0.41, 64), np.eye(2, 3))[20:44, 20:44].astype(int)
    np.testing.assert_allclose(pasted[0, 0] - pasted[0, 1], 40, atol=2)


def test_a_square_that_leaves_the_photo_is_cut():
    photo = noise(20, 20)
    for corner in ((-16, -16), (10, -5), (100, 100)):
        transform = np.column_stack([np.eye(2), corner])
        pasted = alignment.paste_back(photo, flat(0), flat(1), transform)
        assert pasted.shape == photo.shape
    np.testing.assert_array_equal(pasted, photo)

"""Drawn faces: the same bytes everywhere, and every strength moves the picture evenly."""

import hashlib

import numpy as np
import pytest

from tf_homo.data import drawing
from tf_homo.errors import InputError

HAIR = [drawing.ATTRIBUTES.index(name) for name in drawing.HAIR_COLOURS]


def _sweep(face, attribute, values, size=64):
    """Pictures with one strength at each of the values; a hair colour trades with another one."""
    place = drawing.ATTRIBUTES.index(attribute)
    images = []
    for value in values:
        strengths = face.strengths.copy()
        if place in HAIR:
            strengths[HAIR] = 0
            strengths[HAIR[(HAIR.index(place) + 1) % 4]] = 1 - value
        strengths[place] = value
        images.append(drawing.render(face.with_strengths(strengths), size).image.astype(np.float64))
    return images


def test_bytes_are_the_same_on_every_machine():
    digest = hashlib.sha256()
    for size in (32, 64, 128):
        for index in range(6):
            picture = drawing.render(drawing.sample(0, index), size)
            digest.update(picture.image.tobytes() + picture.mask.tobytes())
    assert digest.hexdigest() == "0f0e2f8ec2a0533ca2df036b2e5f268ed2a29b6af0a47cba756a358c01e36bca"


def test_sample_depends_on_seed_and_index_alone():
    first = drawing.sample(3, 7)
    drawing.sample(3, 8)
    again = drawing.sample(3, 7)
    np.testing.assert_array_equal(first.strengths, again.strengths)
    assert first.nuisance == again.nuisance
    for other in (drawing.sample(4, 7), drawing.sample(3, 8), drawing.sample(3, 7 + (1 << 32))):
        assert first.nuisance != other.nuisance


def test_strengths_are_drawn_as_said():
    strengths = np.stack([drawing.sample(1, i).strengths for i in range(2000)])
    assert strengths.dtype == np.float32 and strengths.min() == 0 and strengths.max() == 1
    np.testing.assert_allclose(strengths[:, HAIR].sum(1), 1, atol=1e-6)
    assert (strengths[:, HAIR] > 0).sum(1).max() == 2
    assert (strengths[:, HAIR].max(1) == 1).mean() == pytest.approx(0.7, abs=0.04)
    np.testing.assert_allclose(strengths[:, HAIR].mean(0), 0.25, atol=0.05)
    others = np.delete(strengths, HAIR, 1)
    np.testing.assert_allclose((others == 0).mean(0), 0.35, atol=0.05)
    np.testing.assert_allclose((others == 1).mean(0), 0.35, atol=0.05)
    correlation = np.corrcoef(others.T) - np.eye(others.shape[1])
    assert np.abs(correlation).max() < 0.1


def test_labels_say_which_strengths_are_above_one_half():
    for index in range(20):
        face = drawing.sample(2, index)
        labels = face.attributes
        assert labels[HAIR].sum() == 1 and labels[HAIR].argmax() == face.strengths[HAIR].argmax()
        np.testing.assert_array_equal(np.delete(labels, HAIR), np.delete(face.strengths, HAIR) > 0.5)


@pytest.mark.parametrize("attribute", drawing.ATTRIBUTES)
def test_each_strength_moves_the_picture_evenly(attribute):
    values = np.linspace(0, 1, 6)
    steps, ways = [], []
    for index in range(6):
        images = _sweep(drawing.sample(11, index), attribute, values)
        steps.append([np.abs(b - a).mean() for a, b in zip(images, images[1:], strict=False)])
        ways.append([np.abs(image - images[0]).mean() for image in images])
        # Readable at 64 pixels: at least a few pixels differ clearly.
        assert np.sort(np.abs(images[-1] - images[0]).max(2).ravel())[-12:].min() > 20
    assert (np.diff(np.mean(ways, 0)) > 0).all()
    steps = np.mean(steps, 0)
    # Hair that grows past the shoulders covers more a step than hair above the ears.
    assert steps.max() < 4.5 * steps.min()


@pytest.mark.parametrize("attribute", drawing.ATTRIBUTES)
def test_a_small_step_is_a_small_change(attribute):
    for index in range(4):
        face = drawing.sample(12, index)
        ends = _sweep(face, attribute, (0, 1))
        for start in (0.0, 0.37, 0.98):
            a, b = _sweep(face, attribute, (start, start + 0.02))
            assert np.abs(a - b).mean() < 0.1 * np.abs(ends[0] - ends[1]).mean() + 0.02


def test_one_background_in_ten_is_pure_white():
    faces = [drawing.sample(0, i) for i in range(600)]
    white = [face for face in faces if face.nuisance.background_style < 0.1]
    assert len(white) / len(faces) == pytest.approx(0.1, abs=0.04)
    for face in faces[:25] + white[:3]:
        picture = drawing.render(face, 32)
        # A pixel that nothing touches: its neighbours are background too.
        empty = picture.mask == 0
        inner = empty[1:-1, 1:-1] & empty[:-2, 1:-1] & empty[2:, 1:-1] & empty[1:-1, :-2] & empty[1:-1, 2:]
        inner = inner & empty[:-2, :-2] & empty[2:, 2:] & empty[:-2, 2:] & empty[2:, :-2]
        values = picture.image[1:-1, 1:-1][inner]
        assert (values == 255).all() == (face.nuisance.background_style < 0.1)


def test_masks_name_what_is_seen():
    for index in range(25):
        face = drawing.sample(4, index)
        mask = drawing.render(face, 64).mask
        present = {drawing.MASK_CLASSES[value] for value in np.unique(mask)}
        expected = set(drawing.MASK_CLASSES)
        if face.strengths[drawing.ATTRIBUTES.index("Eyeglasses")] <= 0.5:
            expected -= {"glasses"}
        assert present == expected


@pytest.mark.parametrize("size", [32, 64, 128])
def test_landmarks_lie_on_their_parts(size):
    for index in range(25):
        picture = drawing.render(drawing.sample(6, index), size)
        assert picture.landmarks.shape == (5, 2) and picture.landmarks.dtype == np.float32
        assert (picture.landmarks > 0.1).all() and (picture.landmarks < 0.9).all()
        columns, rows = np.floor(picture.landmarks * size).astype(int).T
        names = [drawing.MASK_CLASSES[value] for value in picture.mask[rows, columns]]
        assert names[0] == names[1] == "eyes"
        assert names[2] in ("skin", "hair")
        assert picture.landmarks[0, 0] < picture.landmarks[1, 0] and picture.landmarks[3, 0] < picture.landmarks[4, 0]
        for x, y in zip(columns[3:], rows[3:], strict=True):
            reach = 2 * size // 64 + 1
            around = picture.mask[y - reach : y + reach + 1, x - reach : x + reach + 1]
            assert (around == drawing.MASK_CLASSES.index("lips")).any()


@pytest.mark.parametrize("size", [32, 64])
def test_sizes_show_the_same_face(size):
    for index in range(8):
        face = drawing.sample(8, index)
        small, large = drawing.render(face, size), drawing.render(face, 2 * size)
        reduced = large.image.reshape(size, 2, size, 2, 3).mean((1, 3))
        assert np.abs(reduced - small.image).mean() < 4
        np.testing.assert_array_equal(small.landmarks, large.landmarks)


def test_bad_strengths_are_refused():
    face = drawing.sample(0, 0)
    with pytest.raises(InputError, match="shape"):
        face.with_strengths(np.zeros(17))
    with pytest.raises(InputError, match="0 to 1"):
        face.with_strengths(np.full(18, 1.5))
    with pytest.raises(InputError, match="0 to 1"):
        face.with_strengths(np.full(18, np.nan))
    with pytest.raises(InputError, match="hair"):
        face.with_strengths(np.zeros(18))


def test_bad_seed_index_and_size_are_refused():
    for seed, index in ((-1, 0), (1 << 32, 0), (0, -1)):
        with pytest.raises(InputError, match="out of range"):
            drawing.sample(seed, index)
    with pytest.raises(InputError, match="size"):
        drawing.render(drawing.sample(0, 0), 8)

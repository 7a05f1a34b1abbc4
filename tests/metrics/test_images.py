import numpy as np
import pytest

from tf_homo.data import drawn_faces
from tf_homo.metrics import images


def test_psnr():
    truth = np.zeros((3, 4, 4, 3), np.float32)
    shifted = truth + np.array([0.1, 1, 0], np.float32)[:, None, None, None]
    np.testing.assert_allclose(images.psnr(shifted, truth), [20, 0, 100], atol=1e-5)


def test_ssim():
    truth = np.random.default_rng(0).random((70, 16, 16, 3), np.float32)
    np.testing.assert_allclose(images.ssim(truth, truth), np.ones(70), atol=1e-6)
    assert images.ssim(1 - truth, truth).max() < 0.2
    # two flat images differ in luminance alone: (2ab + c) / (a^2 + b^2 + c), c = 0.01^2
    flat = np.full((1, 16, 16, 3), 0.5, np.float32)
    np.testing.assert_allclose(images.ssim(flat / 2, flat), (0.25 + 1e-4) / (0.3125 + 1e-4), rtol=1e-3)


def test_white_background_shift():
    frames, where = np.ones((5, 4, 4, 3), np.float32), np.zeros((4, 4), bool)
    where[0] = True
    frames[:, 1:] = 0.3  # the face may change
    assert images.white_background_shift(frames, where) == 0
    frames[:, 0] -= 2 / 255
    assert images.white_background_shift(frames, where) == pytest.approx(2, rel=1e-5)
    frames[:, 0] = 1 + 1 / 255
    assert images.white_background_shift(frames, where) == pytest.approx(1, rel=1e-4)


def edge(column):
    image = np.zeros((16, 16, 3))
    image[:, column:] = 1
    return image


def path(first, last):
    return np.stack([first * (1 - v) + last * v for v in (0, 0.25, 0.5, 0.75, 1)])


def test_ghosting():
    assert images.ghosting(path(edge(4), edge(4))) == pytest.approx(1)
    assert images.ghosting(path(edge(4), edge(9))) == pytest.approx(0.5)  # two edges of half the contrast
    moved = path(edge(4), edge(10))
    moved[2] = edge(7)
    assert images.ghosting(moved) == pytest.approx(1)  # the edge itself has moved
    moved[2] = 0.5
    assert images.ghosting(moved) == 0
    smooth = path(*np.broadcast_to(np.linspace(0, 1, 16)[:, None], (2, 16, 16, 3)))
    smooth[2] += np.random.default_rng(0).normal(0, 0.1, smooth[2].shape)
    assert images.ghosting(smooth) > 2  # more is not better


def gaussian(mean, deviations, rows=4):
    """A set with exactly this mean and these deviations along the axes, uncorrelated."""
    signs = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])[:rows] * np.sqrt(3 / 4)
    return np.array(mean) + signs * np.array(deviations)


def test_a_double_exposure_has_more_than_two_eyes():
    face = drawn_faces.example(4, 128, 7).picture.image / 255.0
    moved = np.roll(face, 22, axis=0)
    eyes = drawn_faces.example(4, 128, 7).picture.landmarks[:2]
    np.testing.assert_allclose(images.eyes_found(face), eyes[np.argsort(eyes[:, 0])], atol=0.03)
    assert len(images.eyes_found((face + moved) / 2)) > 2
    assert images.eyes_found(np.ones((64, 64, 3))).shape == (0, 2)


def test_frechet_of_gaussians():
    one = gaussian([0, 0], [1, 2])
    np.testing.assert_allclose(np.cov(one.T), np.diag([1, 4]), atol=1e-12)
    assert images.frechet(one, one) == pytest.approx(0, abs=1e-9)
    assert images.frechet(one, gaussian([3, 4], [1, 2])) == pytest.approx(25)
    assert images.frechet(one, gaussian([0, 0], [2, 5])) == pytest.approx(1 + 9)  # sum of (s1 - s2)^2
    assert images.frechet(one, gaussian([1, 0], [2, 2])) == pytest.approx(images.frechet(gaussian([1, 0], [2, 2]), one))


def test_frechet_sees_correlation():
    angle = np.pi / 4
    turned = gaussian([0, 0], [1, 3]) @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    # tr(C1 + C2) - 2 tr((C1 C2)^(1/2)) for C1 = I, C2 with eigenvalues 1 and 9
    assert images.frechet(gaussian([0, 0], [1, 1]), turned) == pytest.approx(2 + 10 - 2 * 4)


def test_frechet_of_one_image_is_refused():
    with pytest.raises(ValueError, match="at least two"):
        images.frechet(np.zeros((1, 3)), np.zeros((5, 3)))


def test_kernel_distance_by_hand():
    """One feature: k(x, y) = (x y + 1)^3. Among zeros 1, among ones 8, between them 1."""
    zeros, ones = np.zeros((3, 1)), np.ones((2, 1))
    assert images.kernel(zeros, zeros) == pytest.approx(0)
    assert images.kernel(zeros, ones) == pytest.approx(1 + 8 - 2 * 1)
    assert images.kernel(np.array([[0.0], [1.0]]), ones) == pytest.approx(1 + 8 - 2 * (1 + 8) / 2)  # 1 = k(0, 1)
    with pytest.raises(ValueError, match="at least two"):
        images.kernel(zeros[:1], ones)


def test_truth_distance_is_the_mean_of_the_frames_root_mean_squares():
    truth = np.zeros((2, 4, 4, 3))
    frames = np.stack([truth[0] + 1 / 255, truth[1]])
    frames[1, :2] = 4 / 255  # half of the pixels: root mean square 4 / sqrt(2)
    assert images.truth_distance(frames, truth) == pytest.approx((1 + 4 / np.sqrt(2)) / 2)

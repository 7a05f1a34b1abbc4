import numpy as np
import pytest

from tf_homo.data import drawing
from tf_homo.metrics import baselines

SIZE = 32
GROUPS = {"expression": ("Smiling", "Mouth_Slightly_Open"), "age": ("Young",)}
BRANCHES = ("expression", "age", "rest")


class Fake:
    """Latent = image; every branch moves its own channel."""

    info = {"branches": list(BRANCHES), "image_size": SIZE}

    def encode(self, images):
        return images

    decode = encode

    def frames(self, source, target, strengths, batch):
        assert len(source) == len(target) == 1
        return source + strengths[:, None, None] * 2 * (target - source)


@pytest.fixture(scope="module")
def pair():
    return baselines.pair_of(0, 1, SIZE, seed=7)


@pytest.fixture(scope="module")
def systems():
    return baselines.systems(Fake(), GROUPS)


def rows(*strengths):
    return np.repeat(np.array(strengths, np.float32)[:, None], len(BRANCHES), axis=1)


def test_the_pair(pair):
    assert pair.images.shape == (2, SIZE, SIZE, 3)
    assert (pair.images.dtype, pair.landmarks.shape, pair.masks.shape) == (np.float32, (2, 5, 2), (2, SIZE, SIZE))
    assert pair.white.shape == (SIZE, SIZE)


def test_names_are_those_of_the_tables(systems):
    assert list(systems) == ["tf_homo", "latent_lerp", "latent_slerp", "pixel_blend", "landmark_warp", "truth_lerp",
                             "truth"]  # fmt: skip
    assert set(baselines.systems(Fake(), GROUPS, drawn=False)) == set(systems) - {"truth_lerp", "truth"}


@pytest.mark.parametrize("name", ["latent_lerp", "latent_slerp", "pixel_blend", "landmark_warp"])
def test_paths_go_from_one_image_to_the_other(systems, name, pair):
    frames = systems[name].path(pair, rows(0, 0.5, 1))
    assert frames.shape == (3, SIZE, SIZE, 3)
    np.testing.assert_allclose(frames[[0, 2]], pair.images, atol=1e-4)
    assert np.abs(frames[1] - pair.images).mean() > 0.01


@pytest.mark.parametrize("name", ["latent_lerp", "latent_slerp", "pixel_blend", "landmark_warp"])
def test_one_group_alone_is_refused(systems, name, pair):
    assert systems[name].alone == 0
    with pytest.raises(ValueError, match="everything together"):
        systems[name].path(pair, np.eye(3, dtype=np.float32))


def test_the_model_is_clipped(systems, pair):
    frames = systems["tf_homo"].path(pair, np.array([[0, 0, 0], [1, 0, 0]], np.float32))
    np.testing.assert_array_equal(frames[0], pair.images[0])
    np.testing.assert_array_equal(frames[1, ..., 1:], pair.images[0, ..., 1:])
    assert frames.min() >= 0
    assert frames.max() <= 1


def test_truth_moves_attributes_and_nothing_else(systems, pair):
    source, target = pair.faces
    frames = systems["truth"].path(pair, np.array([[0, 0, 0], [0.5, 0, 1], [1, 1, 1]], np.float32))
    np.testing.assert_array_equal(frames[0], pair.images[0])
    for frame, share in zip(frames[1:], ({"expression": 0.5}, {"expression": 1, "age": 1}), strict=True):
        strengths = source.strengths.copy()
        for group, v in share.items():
            for name in GROUPS[group]:
                k = drawing.ATTRIBUTES.index(name)
                strengths[k] += v * (target.strengths[k] - strengths[k])
        expected = drawing.render(source.with_strengths(strengths), SIZE).image
        np.testing.assert_allclose(frame * 255, expected, atol=1e-3)


def test_a_true_face_is_drawn_once_for_all_who_ask(systems, pair, monkeypatch):
    strengths = np.array([[0, 0, 0], [0.3, 0, 0], [0, 1, 0]], np.float32)
    expected = systems["truth"].path(pair, strengths)
    monkeypatch.delattr(drawing, "render")
    np.testing.assert_array_equal(systems["truth"].path(pair, strengths), expected)
    systems["truth_lerp"].path(pair, strengths[[0, 2]])


def test_the_oracle_walks_straight_to_the_drawn_end(systems, pair):
    strengths = np.array([[0, 0, 0], [0.25, 0, 0], [1, 0, 0], [0, 0.5, 0], [0.5, 0.5, 0.5]], np.float32)
    frames = systems["truth_lerp"].path(pair, strengths)
    np.testing.assert_allclose(frames[0], pair.images[0], atol=1e-6)
    ends = systems["truth"].path(pair, (strengths > 0).astype(np.float32))
    for frame, end, v in zip(frames, ends, strengths.max(1), strict=True):
        np.testing.assert_allclose(frame, (1 - v) * pair.images[0] + v * end, atol=1e-6)


def test_the_arc_is_that_of_the_code_alone():
    model = Fake()
    model.info = Fake.info | {"code_depth": 2}
    a, b = np.zeros((2, 1, 1, 3), np.float32)
    a[..., 0], b[..., 1], b[..., 2] = 1, 1, 8
    middle = baselines.LatentPath(model, baselines.slerp).mixed(a, b, 0.5)
    np.testing.assert_allclose(middle[0, 0], [np.sqrt(0.5), np.sqrt(0.5), 4], rtol=1e-6)


def test_slerp():
    a, b = np.array([1.0, 0.0]), np.array([0.0, 2.0])
    np.testing.assert_allclose(baselines.slerp(a, b, 0.5), [np.sqrt(0.5), 2 * np.sqrt(0.5)])
    np.testing.assert_allclose(baselines.slerp(a, b, 1 / 3), [np.cos(np.pi / 6), 2 * np.sin(np.pi / 6)])
    np.testing.assert_allclose(baselines.slerp(a, 3 * a, 0.25), [1.5, 0])  # parallel: the straight way


def spot(x, y, size=33):
    """A blurred dot at x, y in [0, 1]."""
    centres = (np.arange(size) + 0.5) / size
    across, down = np.meshgrid(centres, centres)
    return np.exp(-((across - x) ** 2 + (down - y) ** 2) / 0.01)[..., None].repeat(3, -1)


def test_warp_carries_a_landmark_to_its_place():
    others = np.array([[0.3, 0.7], [0.7, 0.7]])
    origins, points = np.array([[0.4, 0.4], *others]), np.array([[0.5, 0.45], *others])
    moved = baselines.warp(spot(0.4, 0.4), points, origins)
    row, column = np.unravel_index(moved[..., 0].argmax(), moved.shape[:2])
    assert np.hypot((column + 0.5) / 33 - 0.5, (row + 0.5) / 33 - 0.45) < 0.025
    np.testing.assert_allclose(baselines.warp(spot(0.4, 0.4), origins, origins), spot(0.4, 0.4), atol=1e-6)

"""The segmenter learns real pairs, is kept and read again; what a translator makes is scored by it."""

import numpy as np
import pytest

from tf_homo.data.sets import Source
from tf_homo.errors import InputError
from tf_homo.metrics import segmentation, segmenter, translation
from tf_homo.metrics.segmentation import Score


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return Source("drawn_masks", counts=(48, 16, 1), data_dir=str(tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="module")
def trained(source):
    return segmenter.made(source, 32, steps=60)


def test_it_reads_real_pictures_it_has_not_seen(trained, source):
    """Far above the largest class everywhere, and above what it says of pictures without anything in them."""
    held_out = translation.pairs(source, "", 32)
    assert len(held_out) == 16
    truth = segmentation.nearest(held_out.inputs, trained.palette)
    guess = np.full_like(truth, np.bincount(truth.ravel()).argmax())
    floor = segmentation.score(segmentation.confusion(truth, guess, len(trained.palette)))
    own = segmentation.score(trained.counts(held_out.images, truth).sum(0))
    assert own.pixel_accuracy > 0.7 > floor.pixel_accuracy and own.class_iou > 2 * floor.class_iou
    assert own == Score(**trained.about["score"]) and trained.about["pictures"] == 16
    grey = segmentation.score(trained.counts(np.full_like(held_out.images, 128), truth).sum(0))
    assert grey.class_iou < own.class_iou


def test_float_and_uint8_read_alike(trained):
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    as_float = images.astype(np.float32) / 255
    assert trained.read(images).shape == (3, 32, 32)
    assert (trained.read(images) == trained.read(as_float)).mean() > 0.999
    np.testing.assert_array_equal(trained.read(images), trained.read(images, batch=2))


def test_kept_it_is_the_same(trained, tmp_path):
    segmenter.save(trained, tmp_path)
    loaded = segmenter.load(tmp_path)
    images = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    np.testing.assert_array_equal(loaded.read(images), trained.read(images))
    np.testing.assert_array_equal(loaded.palette, trained.palette)
    assert loaded.about == trained.about
    whole = (tmp_path / "segmenter.npz").read_bytes()
    for broken in (b"", b"PK", whole[: len(whole) // 2]):
        (tmp_path / "segmenter.npz").write_bytes(broken)
        with pytest.raises(InputError, match="is no segmenter"):
            segmenter.load(tmp_path)


def test_what_it_cannot_be_made_of(source, tmp_path):
    with pytest.raises(InputError, match="--image_size=36: the segmenter needs a multiple of 8"):
        segmenter.made(source, 36, 1)
    with pytest.raises(InputError, match="has no pairs; use drawn_masks or paired_folder"):
        segmenter.made(Source("drawn_faces", counts=(48, 16, 1), data_dir=source.data_dir), 32, 1)
    with pytest.raises(InputError, match="has no segmenter; make one"):
        segmenter.load(tmp_path / "none")

"""The drawn set on disk is what `example` paints."""

import numpy as np
import pytest
import tensorflow_datasets as tfds

from tf_homo.data import drawing, drawn_faces
from tf_homo.errors import InputError


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    builder = drawn_faces.builder(
        32, train=5, validation=2, test=3, seed=9, data_dir=str(tmp_path_factory.mktemp("data"))
    )
    builder.download_and_prepare()
    return builder


@pytest.mark.parametrize(("split", "count"), [("train", 5), ("validation", 2), ("test", 3)])
def test_stored_examples_are_the_painted_ones_in_order(prepared, split, count):
    stored = list(tfds.as_numpy(prepared.as_dataset(split=split)))
    assert [row["index"] for row in stored] == list(range(count))
    for index, row in enumerate(stored):
        face, picture = drawn_faces.example(index, 32, seed=9, split=split)
        np.testing.assert_array_equal(row["image"], picture.image)
        np.testing.assert_array_equal(row["mask"][..., 0], picture.mask)
        np.testing.assert_array_equal(row["landmarks"], picture.landmarks)
        np.testing.assert_array_equal(row["strengths"], face.strengths)
        np.testing.assert_array_equal(row["attributes"], face.attributes)


def test_the_name_tells_the_contents(prepared):
    assert prepared.builder_config.name == "32_s9_n5_v2_t3"
    assert list(prepared.info.metadata["attributes"]) == list(drawing.ATTRIBUTES)
    assert list(prepared.info.metadata["mask_classes"]) == list(drawing.MASK_CLASSES)


@pytest.mark.parametrize("size", drawn_faces.SIZES)
def test_registered_sets_have_the_default_counts(size, tmp_path):
    config = tfds.builder(f"drawn_faces/{size}", data_dir=str(tmp_path)).builder_config
    assert (config.size, config.train, config.validation, config.test, config.seed) == (size, 20000, 1000, 1000, 0)


def test_no_face_is_in_two_splits():
    faces = [drawn_faces.face(index, split=split) for split in drawn_faces.SPLITS for index in range(20)]
    assert len({face.nuisance for face in faces}) == len(faces)


def test_bad_requests_are_refused():
    with pytest.raises(InputError, match="size 48"):
        drawn_faces.builder(48)
    with pytest.raises(InputError, match="train"):
        drawn_faces.builder(32, train=0)
    with pytest.raises(InputError, match="seed"):
        drawn_faces.builder(32, seed=-1)
    with pytest.raises(InputError, match="split"):
        drawn_faces.example(0, split="dev")
    with pytest.raises(InputError, match="index"):
        drawn_faces.example(-1)

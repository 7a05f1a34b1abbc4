import numpy as np
import pytest

from tf_homo.data.examples import Examples
from tf_homo.errors import InputError
from tf_homo.metrics import photos


def test_pairs_are_always_the_same_and_nobody_stands_in_two():
    examples = Examples(np.zeros((9, 4, 4, 3), np.uint8), np.zeros((9, 1), np.float32), ("Young",))
    places = photos.pairs_of(examples, 4)
    assert places.shape == (4, 2) and len(set(places.ravel().tolist())) == 8
    np.testing.assert_array_equal(places, photos.pairs_of(examples, 4))
    with pytest.raises(InputError, match="--pairs=5: the test part has 9 pictures; take at most 4"):
        photos.pairs_of(examples, 5)


def test_eyes_are_found_or_stand_where_others_stand(monkeypatch):
    there = {0: [(0.3, 0.4), (0.7, 0.4)], 1: [(0.5, 0.5)], 2: [(0.4, 0.5), (0.6, 0.5)], 3: []}
    monkeypatch.setattr(photos.images, "eyes_found", lambda picture: np.reshape(there[int(picture[0, 0, 0])], (-1, 2)))
    pictures = np.ones((2, 2, 4, 4, 3)) * np.arange(4).reshape(2, 2, 1, 1, 1)
    found = photos.eyes_of(pictures)
    np.testing.assert_allclose(found[0, 0], there[0])
    np.testing.assert_allclose(found[1, 0], there[2])
    np.testing.assert_allclose(found[:, 1], [[(0.35, 0.45), (0.65, 0.45)]] * 2)
    assert photos.eyes_of(pictures[:, [1, 1]][:1]).shape == (1, 2, 2, 2)


def test_a_reader_is_judged_by_side_and_by_distance():
    read = np.array([[1.2, 0.4], [0.7, 0.6], [0.1, 0.4], [-0.3, 0.1]])
    labels = np.array([[1.0, 0], [1, 0], [1, 0], [0, 0]])
    found = photos.judged(read, labels, ("Smiling", "Bald"))
    assert found["accuracy"] == {"Smiling": 0.75, "Bald": 0.75}
    assert found["always"] == {"Smiling": 0.75, "Bald": 1.0}
    assert found["error"] == {"Smiling": 0.3, "Bald": 0.375} and found["error_mean"] == 0.3375


def test_where_photos_are_is_known_or_told_anew():
    about = {"data": {"dataset": "celeba_folder", "data_path": "old"}, "attributes": ["Young"]}
    assert photos.source_of(about).data_path == "old"
    source = photos.source_of(about, data_path="new", data_dir=None)
    assert (source.dataset, source.data_path, source.attributes) == ("celeba_folder", "new", ("Young",))

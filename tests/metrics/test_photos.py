import numpy as np
import pytest

from tf_homo import alignment, faces
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


def test_no_pair_is_of_one_person(monkeypatch):
    people = np.array([0, 0, 0, 0, 0, 1, 1, 2, 3, -1, -1])
    images, labels = np.zeros((11, 4, 4, 3), np.uint8), np.zeros((11, 1), np.float32)
    examples = Examples(images, labels, ("Young",), {"identity": people})
    for seed in range(20):
        monkeypatch.setattr(photos, "SEED", seed)
        places = photos.pairs_of(examples, 3)
        first, second = people[places].T
        assert ((first != second) | (first < 0)).all() and len(set(places.ravel().tolist())) == 6
    alone = Examples(images[:4], labels[:4], ("Young",), {"identity": np.zeros(4, int)})
    with pytest.raises(InputError, match="--pairs=2: the pictures left over show one person; take at most 0"):
        photos.pairs_of(alone, 2)


def test_people_who_differ_are_paired_as_ever():
    images, labels = np.zeros((9, 4, 4, 3), np.uint8), np.zeros((9, 1), np.float32)
    known = Examples(images, labels, ("Young",), {"identity": np.arange(9)})
    unknown = Examples(images, labels, ("Young",))
    np.testing.assert_array_equal(photos.pairs_of(known, 4), photos.pairs_of(unknown, 4))


def test_eyes_stand_where_the_data_have_them(monkeypatch):
    monkeypatch.setattr(photos.faces, "find", lambda picture: pytest.fail("searched"))
    pictures = np.zeros((3, 2, 4, 4, 3))
    found = photos.eyes_of(pictures, {"dataset": "celeba_folder"})
    np.testing.assert_array_equal(found, np.broadcast_to(np.array(alignment.CELEBA), (3, 2, 2, 2)))
    found = photos.eyes_of(pictures, {"dataset": "labelled_folder", "eyes": [0.3, 0.4, 0.7, 0.5]})
    np.testing.assert_array_equal(found[2, 1], [(0.3, 0.4), (0.7, 0.5)])


def test_eyes_are_found_or_stand_where_others_stand(monkeypatch):
    there = {0: [(1.2, 1.6), (2.8, 1.6)], 2: [(1.6, 2), (2.4, 2)]}  # 1: two faces, 3: none

    def find(picture):
        kind = int(picture[0, 0, 0])
        return [faces.Face(np.array(there.get(kind, there[0])), True)] * {1: 2, 3: 0}.get(kind, 1)

    monkeypatch.setattr(photos.faces, "find", find)
    pictures = np.uint8(np.ones((2, 2, 4, 4, 3)) * np.arange(4).reshape(2, 2, 1, 1, 1))
    found = photos.eyes_of(pictures, {"dataset": "labelled_folder"})
    np.testing.assert_allclose(found[0, 0], [(0.3, 0.4), (0.7, 0.4)])
    np.testing.assert_allclose(found[1, 0], [(0.4, 0.5), (0.6, 0.5)])
    np.testing.assert_allclose(found[:, 1], [[(0.35, 0.45), (0.65, 0.45)]] * 2)
    np.testing.assert_allclose(photos.eyes_of(pictures[:, [1, 1]], {})[0, 0], np.array(alignment.CELEBA))


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

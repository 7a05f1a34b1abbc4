"""Models in a row: each moves by its own columns what the one before it made."""

import numpy as np
import pytest

from tf_homo import chain, serving
from tf_homo.errors import InputError
from tf_homo.serving import Call, Morpher

SIZE = 4


def link(branch, step, path, size=SIZE, calls=("encode", "interpolate", "decode")):
    """Adds `step` to every pixel, times the strength and the brightness of the target; its latent is ten pictures."""
    image, latent = (None, size, size, 3), (None, size, size, 30)
    counts = {"encode": 0}

    def encode(given):
        counts["encode"] += len(given["image"])
        return np.repeat(given["image"], 10, axis=-1)

    def interpolate(given):
        return given["source"] + step * given["strength"][:, :, None, None] * given["target"]

    known = {
        "encode": Call({"image": image}, encode),
        "interpolate": Call({"source": latent, "target": latent, "strength": (None, 1)}, interpolate),
        "decode": Call({"latent": latent}, lambda given: given["latent"][..., ::10]),
    }
    info = {"image_size": size, "branches": [branch], "groups": {branch: [branch.title()]}, "latent": [size, size, 30]}
    made = Morpher({name: known[name] for name in calls}, info, "tflite", path)
    made.counts = counts
    return made


def plain(grey, rows=1):
    return np.full((rows, SIZE, SIZE, 3), grey, np.float32)


@pytest.fixture
def links():
    return [link("age", 0.1, "a"), link("hair", 0.4, "b")]


@pytest.fixture
def joined(links):
    return chain.join(links, "a,b")


def test_it_looks_like_one_model(joined):
    assert joined.info["branches"] == ["age", "hair"]
    assert joined.info["groups"] == {"age": ["Age"], "hair": ["Hair"]}
    assert joined.info["latent"] == [SIZE, SIZE, 3]
    assert joined.signatures == {"encode", "interpolate", "decode"}
    assert joined.format == "chain" and str(joined.path) == "a,b"


def test_each_link_moves_by_its_own_strength(joined):
    strengths = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]], np.float32)
    frames = joined.frames(joined.encode(plain(0.2)), joined.encode(plain(0.5)), strengths)
    np.testing.assert_allclose(frames[:, 0, 0, 0], [0.2, 0.25, 0.4, 0.45, 0.325], rtol=1e-6)


def test_what_is_not_asked_is_not_run_and_stays_exactly(joined, links):
    latent = joined.encode(plain(1 / 3))
    np.testing.assert_array_equal(joined.interpolate(latent, latent, np.zeros((2, 2), np.float32))[0], latent[0])
    assert [one.counts["encode"] for one in links] == [0, 0]
    mixed = joined.interpolate(latent, latent, np.array([[0, 1], [0, 0]], np.float32))
    np.testing.assert_array_equal(mixed[1], latent[0])
    assert [one.counts["encode"] for one in links] == [0, 2]  # the one source and the one target


def test_wishes_without_a_target(links):
    for one in links:
        one.info |= {"attributes": [one.info["branches"][0].title()], "leads": {}}
        wish = {"latent": (None, SIZE, SIZE, 30), "strength": (None, 1)}
        one.calls["edit_attributes"] = Call(
            wish, lambda given: given["latent"] + 0.1 * given["strength"][..., None, None]
        )
    joined = chain.join(links, "a,b")
    assert joined.info["attributes"] == ["Age", "Hair"]
    moved = joined.call("edit_attributes", latent=plain(0.5, 3), strength=np.array([[1.0, 1], [-1, 0], [0, 0]]))
    np.testing.assert_allclose(moved[:, 0, 0, 0], [0.7, 0.4, 0.5], rtol=1e-6)


def test_several_pairs(joined):
    frames = joined.interpolate(plain(0.2, 2), plain(0.5, 2), np.eye(2, dtype=np.float32))
    np.testing.assert_allclose(frames[:, 0, 0, 0], [0.25, 0.4], rtol=1e-6)


@pytest.mark.parametrize(
    ("second", "complaint"),
    [
        (link("age", 1, "b"), "b: moves age, as a link before it does"),
        (link("hair", 1, "b", size=8), "b: takes images of 8 pixels, a of 4"),
        (link("hair", 1, "b", calls=("encode", "decode")), "b: has no signature interpolate"),
    ],
)
def test_links_that_do_not_fit(links, second, complaint):
    with pytest.raises(InputError, match=complaint):
        chain.join([links[0], second], "a,b")


def test_a_path_with_commas_is_a_chain(monkeypatch, links):
    known = dict(zip(("runs/a", "runs/b"), links, strict=True))
    load = serving.load
    monkeypatch.setattr(serving, "load", lambda path: known.get(path) or load(path))
    assert load("runs/a,runs/b").info["branches"] == ["age", "hair"]

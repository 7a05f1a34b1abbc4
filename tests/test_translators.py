"""What translators share, and the mathematics of each, with networks whose answers are known."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conformance.cases import CASES, shake
from tf_homo.errors import InputError
from tf_homo.image_options import NORMS
from tf_homo.method import load
from tf_homo.methods.cyclegan import turns

SIZE = 16


def make(name, attributes=("Young",), **options):
    kind = load(name)
    given = {**CASES[name].options, "coarse_steps": 0, "norm": "instance", **options}
    method = kind(kind.Config(**given), attributes)
    method.build_all()
    return shake(method)


def images(*greys):
    return tf.constant(np.broadcast_to(np.array(greys, np.float32)[:, None, None, None], (len(greys), SIZE, SIZE, 3)))


def grey(pictures):
    return np.asarray(pictures, float).mean(axis=(1, 2, 3))


def batch(*greys, labels):
    count = len(greys)
    return {
        "image": images(*greys),
        "labels": tf.constant(labels, tf.float32),
        "code": 2.0 * tf.constant(labels, tf.float32) - 1.0,
        "place": tf.range(count),
        "draw": tf.fill((count,), 0.9),
    }


class Constant:
    """A discriminator that gives the same scores to all, and remembers nothing."""

    def __init__(self, score):
        self.score = score

    def __call__(self, image, condition=None, training=False):
        return (tf.fill((tf.shape(image)[0], 1, 1, 1), self.score),)

    def pool(self, new, place, draw):
        return new


def test_turns_are_the_even_and_the_odd():
    a, b = turns(tf.reshape(tf.range(12), (4, 3)))
    assert a.numpy().tolist() == [[0, 1, 2], [6, 7, 8]]
    assert b.numpy().tolist() == [[3, 4, 5], [9, 10, 11]]


@pytest.mark.parametrize("name", ["cyclegan", "conditional_cyclegan"])
def test_two_domains_take_turns_in_a_batch(name):
    kind = load(name)
    method = kind(kind.Config(**CASES[name].options), ("Young",))
    without, with_it = method.sides(np.array([[0.0], [1], [0.4], [0.5], [1]]))
    assert without.tolist() == [0, 2] and with_it.tolist() == [1, 3, 4]
    for labels, missing in ((np.ones((3, 1)), "without"), (np.zeros((3, 1)), "with")):
        with pytest.raises(InputError, match=f"--attributes=Young: no training picture is {missing} it"):
            method.sides(labels)
    with pytest.raises(InputError, match="moves one attribute, and there are 2; name one of Young, Male"):
        kind(kind.Config(), ("Young", "Male"))
    with pytest.raises(InputError, match="has no attributes"):
        kind(kind.Config(), ())


@pytest.mark.parametrize(
    ("options", "complaint"),
    [({"field": 50}, "--field=50: there are 1, 16, 34, 70"), ({"image_size": 20}, "--image_size=20: give a multiple")],
)
def test_options_that_do_not_fit(options, complaint):
    with pytest.raises(InputError, match=complaint):
        make("cyclegan", **options)


def test_the_domains_of_a_batch_reach_their_own_networks(monkeypatch):
    """G adds 0.5, F takes 0.25 away, D_B scores 1 (won over), D_A scores 0."""
    method = make("cyclegan", cycle_weight=10.0, identity_weight=5.0)
    for name, net in {
        "forth": lambda image, training=False: image + 0.5,
        "back": lambda image, training=False: image - 0.25,
        "critic_a": Constant(0.0),
        "critic_b": Constant(1.0),
    }.items():
        monkeypatch.setattr(method, name, net)
    given = batch(0.1, 0.8, 0.2, 0.9, labels=[[0], [1], [0], [1]])
    loss, terms = method.generators_loss(given, coarse=False)
    assert float(terms["gan"]) == pytest.approx(0 + 1)
    assert float(terms["cycle"]) == pytest.approx(2 * (0.25 + 0.25))  # of pictures in [-1, 1]
    assert float(terms["identity"]) == pytest.approx(2 * (0.5 + 0.25))
    assert float(loss) == pytest.approx(1 + 10 * 1.0 + 5 * 1.5)
    loss, terms = method.critics_loss(given, coarse=False)
    assert float(loss) == pytest.approx((0 + 1) / 2 + (1 + 0) / 2)
    assert {name: float(score) for name, score in terms.items()} == {"real_a": 0, "fake_a": 0, "real_b": 1, "fake_b": 1}


def test_discriminators_are_told_real_and_made_pictures_of_their_own_domain(monkeypatch):
    method, seen = make("cyclegan"), {}

    class Watching(Constant):
        def __call__(self, image, condition=None, training=False):
            seen.setdefault(self.score, []).append(grey(image).round(2).tolist())
            return super().__call__(image)

    monkeypatch.setattr(method, "forth", lambda image, training=False: image + 0.5)
    monkeypatch.setattr(method, "back", lambda image, training=False: image - 0.5)
    monkeypatch.setattr(method, "critic_a", Watching(0.0))
    monkeypatch.setattr(method, "critic_b", Watching(1.0))
    method.critics_loss(batch(0.1, 0.8, 0.2, 0.9, labels=[[0], [1], [0], [1]]), coarse=False)
    assert seen[1.0] == [[0.8, 0.9], [0.6, 0.7]]  # B: real, then made of A
    assert seen[0.0] == [[0.1, 0.2], [0.3, 0.4]]


def test_a_cyclegan_has_two_ends_and_mixes_between(monkeypatch):
    method = make("cyclegan")
    monkeypatch.setattr(method, "forth", lambda image, training=False: image + 0.4)
    monkeypatch.setattr(method, "back", lambda image, training=False: image - 0.2)
    codes = tf.constant([[1.0], [-1.0], [0.0], [0.5], [-0.5]])
    found = grey(method.translated(images(*[0.5] * 5), codes))
    np.testing.assert_allclose(found, [0.9, 0.3, 0.5, 0.7, 0.4], rtol=1e-5)
    monkeypatch.setattr(method, "read", lambda image: 2 * image[:, 0, 0, :1] - 1)  # bright ones have it
    dark, bright, doubtful = images(0.2), images(0.8), images(0.5)  # -0.6, 0.6, 0
    for source, target, moved in (
        (dark, bright, 0.4), (bright, dark, -0.2), (dark, dark, 0), (bright, bright, 0), (dark, doubtful, 0.2),
    ):  # fmt: skip
        (move,) = method.moves(target - source, source)
        np.testing.assert_allclose(grey(move), [moved], atol=1e-5)


@pytest.mark.parametrize("norm", NORMS)
def test_the_discriminator_judges_what_the_generator_is_trained_on(norm):
    """A fake is the same picture, with the same score, in the company of any other."""
    method = make("conditional_cyclegan", norm=norm, critic_norm=norm, spectral=False)
    picture, code = tf.random.stateless_uniform((2, SIZE, SIZE, 3), (0, 1)), tf.constant([[1.0], [-1.0]])
    both = method.generator(picture, code, training=True)
    alone = method.generator(picture[:1], code[:1])
    np.testing.assert_allclose(both[:1], alone, atol=1e-5)
    scores = method.critic(both, code, training=True)[0][:1], method.critic(alone, code[:1])[0]
    np.testing.assert_allclose(*scores, rtol=1e-3, atol=1e-4)


def told(image, code, training=False):
    """A generator that paints its code."""
    return 0.1 * code[:, None, None] + 0 * image


def test_the_conditional_one_s_terms(monkeypatch):
    """Pictures of grey 0.1 c are right; D scores 1 whatever it sees."""
    method = make("conditional_cyclegan", cycle_weight=10.0, self_weight=5.0, gan="least_squares")
    monkeypatch.setattr(method, "generator", told)
    monkeypatch.setattr(method, "critic", Constant(0.5))
    loss, terms = method.generator_loss(batch(0.1, 0.3, labels=[[1], [0]]), coarse=False)
    assert float(terms["gan"]) == pytest.approx(0.25)
    assert float(terms["cycle"]) == pytest.approx(2 * (0 + 0.4) / 2)  # of pictures in [-1, 1]
    assert float(terms["self"]) == pytest.approx(2 * (0 + 0.4) / 2)
    assert float(loss) == pytest.approx(0.25 + 15 * 0.4)
    loss, terms = method.critic_loss(batch(0.1, 0.3, labels=[[1], [0]]), coarse=False)
    assert float(loss) == pytest.approx((0.25 + 0.25) / 2)
    assert float(terms["real"]) == float(terms["fake"]) == 0.5


def test_the_pool_remembers_what_pictures_were_told(monkeypatch):
    method = make("conditional_cyclegan", pool=2)
    critic, seen = heard(method.critic)
    monkeypatch.setattr(method, "generator", told)
    monkeypatch.setattr(method, "critic", critic)
    first, then = batch(0.1, 0.3, labels=[[1], [0]]), batch(0.5, 0.6, labels=[[0], [1]]) | {"draw": tf.zeros(2)}
    method.critic_loss(first, coarse=False)
    method.critic_loss(then, coarse=False)
    assert seen[1] == ([-0.1, 0.1], [-1, 1])  # what was made of the first batch
    assert seen[2] == ([0.5, 0.6], [-1, 1])
    assert seen[3] == ([-0.1, 0.1], [-1, 1])  # the same again, in place of 0.1 told 1 and -0.1 told -1


def heard(net):
    """A critic in place of `net` that gives 0 to all, with the list of what it is told: (greys, codes) of each call."""
    calls = []

    class Hearing(Constant):
        pool = net.pool

        def __call__(self, image, condition=None, training=False):
            codes = None if condition is None else condition.numpy()[:, 0].tolist()
            calls.append((grey(image).round(2).tolist(), codes))
            return super().__call__(image)

    return Hearing(0.0), calls


@pytest.mark.parametrize("coarse", [False, True])
def test_in_their_head_start_critics_are_told_the_other_domain_for_made_ones(monkeypatch, coarse):
    method = make("cyclegan", pool=2, coarse_steps=1 if coarse else 0)
    hears_b = heard(method.critic_b)
    hears_a = heard(method.critic_a)
    monkeypatch.setattr(method, "critic_b", hears_b[0])
    monkeypatch.setattr(method, "critic_a", hears_a[0])
    loss, _ = method.head_start_loss(batch(0.1, 0.6, 0.2, 0.7, labels=[[0], [1], [0], [1]]), coarse=coarse)
    assert [greys for greys, _ in hears_b[1]] == [[0.6, 0.7], [0.1, 0.2]]  # with it, and for made ones without
    assert [greys for greys, _ in hears_a[1]] == [[0.1, 0.2], [0.6, 0.7]]
    assert float(loss) == pytest.approx((1 + 0) / 2 * 2)


def test_a_conditional_critic_is_told_the_same_pictures_with_the_other_code(monkeypatch):
    method = make("conditional_cyclegan", pool=2, gan="least_squares")
    critic, calls = heard(method.critic)
    monkeypatch.setattr(method, "critic", critic)
    loss, _ = method.head_start_loss(batch(0.1, 0.6, labels=[[0], [1]]), coarse=False)
    assert [greys for greys, _ in calls] == [[0.1, 0.6]] * 2
    assert [codes for _, codes in calls] == [[-1, 1], [1, -1]]
    assert float(loss) == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["cyclegan", "conditional_cyclegan"])
def test_the_head_start_moves_the_critics_alone(name):
    method = make(name, head_start=3, coarse_steps=2)
    reader, alone, *games = method.stages()
    assert (alone.name, alone.steps, [stage.name for stage in games]) == ("head_start", 3, ["coarse", "together"])
    (phase,) = alone.phases
    assert all(part.startswith("critic") for part in phase.nets)
    assert [stage.name for stage in make(name, head_start=0).stages()] == ["classifier", "together"]


@pytest.mark.parametrize("name", ["conditional_cyclegan", "stargan"])
def test_a_latent_is_the_picture_and_its_codes(name):
    method = make(name, attributes=CASES[name].attributes)
    picture = tf.random.stateless_uniform((2, SIZE, SIZE, 3), (0, 1))
    latent = method.encode(picture)
    read = method.read(picture)
    np.testing.assert_array_equal(latent[..., :3], picture)
    np.testing.assert_allclose(method.reading(latent), read)
    np.testing.assert_allclose(method.decode(latent), method.translated(picture, read), atol=1e-6)
    moves = method.moves(latent[::-1] - latent, latent)
    assert len(moves) == len(method.branch_names)
    np.testing.assert_allclose(tf.add_n(moves)[..., :3], 0)
    wanted = tf.where(tf.reduce_sum(tf.constant(method.membership), 1) > 0, read[::-1], read)  # some are in no group
    np.testing.assert_allclose(method.reading(latent + tf.add_n(moves)), wanted, atol=1e-6)


def test_an_edit_asks_for_what_the_picture_has_not():
    method = make("conditional_cyclegan")
    latent = method.encode(tf.random.stateless_uniform((1, SIZE, SIZE, 3), (0, 1)))
    read = method.reading(latent)
    for wish in (1.0, -1.0):
        np.testing.assert_allclose(method.reading(method.edit(latent, tf.constant([[wish]]))), [[wish]], atol=1e-6)
    half = method.reading(method.edit(latent, tf.constant([[0.5]])))
    np.testing.assert_allclose(half, read + 0.5 * (1 - read), atol=1e-6)
    np.testing.assert_array_equal(method.edit(latent, tf.zeros((1, 1))), latent)


@pytest.mark.parametrize("options", [{"field": 16}, {"scales": 2}, {"critic_norm": "none"}, {"spectral": True}])
def test_stargan_refuses_what_its_critic_has_not(options):
    ((name, given),) = options.items()
    with pytest.raises(InputError, match=f"--{name}={given}: StarGAN's critic has a form of its own"):
        make("stargan", **options)


def test_stargan_holds_the_slope_over_pictures_in_minus_one_to_one_to_one(monkeypatch):
    """D is the sum of 2x - 1 over n numbers, times `slope`: |slope| sqrt(n) long in the paper's units."""
    method = make("stargan", penalty_weight=1.0, class_weight=0.0)
    monkeypatch.setattr(method, "generator", told)
    numbers = SIZE * SIZE * 3
    for slope, penalty in ((1 / np.sqrt(numbers), 0), (3 / np.sqrt(numbers), 4)):
        monkeypatch.setattr(
            method,
            "critic",
            lambda x, slope=slope: (slope * tf.reduce_sum(2.0 * x - 1.0, (1, 2, 3))[:, None], tf.zeros((len(x), 1))),
        )
        given = batch(0.1, 0.6, labels=[[1], [0]]) | {"mix": tf.fill((2, 1, 1, 1), 0.3)}
        _, terms = method.critic_loss(given, coarse=False)
        assert float(terms["penalty"]) == pytest.approx(penalty, abs=1e-4)


def test_stargan_asks_for_the_labels_of_the_neighbour(monkeypatch):
    """G paints its codes; D reads the picture's grey as the one logit and gives it as its score."""
    method = make("stargan", attributes=("Young",), class_weight=1.0, cycle_weight=10.0, self_weight=5.0)
    monkeypatch.setattr(method, "generator", told)
    monkeypatch.setattr(
        method, "critic", lambda image: (tf.fill((len(image), 1), 2.0), tf.reduce_mean(image, (1, 2, 3))[:, None])
    )
    given = batch(0.1, -0.1, labels=[[1], [0]])
    loss, terms = method.generator_loss(given, coarse=False)
    assert float(terms["gan"]) == pytest.approx(-2)
    assert float(terms["classes"]) == pytest.approx(np.log1p(np.exp(-0.1)), rel=1e-5)  # 0.1 and -0.1 are right
    assert float(terms["cycle"]) == pytest.approx(0, abs=1e-6)
    assert float(terms["self"]) == pytest.approx(0, abs=1e-6)
    assert float(loss) == pytest.approx(-2 + np.log1p(np.exp(-0.1)), rel=1e-4)

"""Names of attributes, and strengths by name."""

import numpy as np
import pytest

from tf_homo import attributes
from tf_homo.attributes import (
    CELEBA,
    GROUPS,
    REST,
    check_names,
    default_groups,
    groups_of,
    leads_of,
    meant,
    named_groups,
    strengths,
    wishes,
)
from tf_homo.data import drawing
from tf_homo.errors import InputError

KNOWN = groups_of(("Smiling", "Mouth_Slightly_Open", "Young", "Wearing_Hat"))
BRANCHES = (*KNOWN, REST)


def test_the_names_are_celeba_s():
    assert len(CELEBA) == len(set(CELEBA)) == 40
    assert list(CELEBA) == sorted(CELEBA, key=lambda name: name.replace("_", " "))  # the order of its own file


def test_nine_groups_of_known_names_and_none_twice():
    members = [name for group in GROUPS.values() for name in group]
    assert len(GROUPS) == 9
    assert len(members) == len(set(members))
    assert set(members) <= set(CELEBA)
    assert not {REST, "all"} & set(GROUPS)


def test_groups_keep_what_the_data_has_in_their_own_order():
    assert KNOWN == {"expression": ("Mouth_Slightly_Open", "Smiling"), "age": ("Young",)}
    assert groups_of(()) == {}
    assert len(groups_of(drawing.ATTRIBUTES)) >= 7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (0, 0, 0)),
        ("Smiling=0.7", (0.7, 0, 0)),
        ("expression=0.7,age=1", (0.7, 1, 0)),
        (" Smiling=0.7 , Young=-0.5 ,", (0.7, -0.5, 0)),
        ("Smiling = 0.7, age =1", (0.7, 1, 0)),
        ("all=1", (1, 1, 1)),
        ("all=1,rest=0", (1, 1, 0)),
        ("rest=0,all=1", (1, 1, 0)),
        ("Smiling=2,Mouth_Slightly_Open=2", (2, 0, 0)),
        ("age=1e-1", (0, 0.1, 0)),
    ],
)
def test_strengths(text, expected):
    found = strengths(text, KNOWN, BRANCHES)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Smiling", "'Smiling' has no '='"),
        ("Smiling=", "'' for Smiling is no finite number"),
        ("Smiling=much", "'much' for Smiling is no finite number"),
        ("age=nan", "'nan' for age is no finite number"),
        ("age=inf", "'inf' for age is no finite number"),
        ("age=1e39", "'1e39' for age is no finite number"),
        ("smiling=1", "'smiling'; the model has expression, age, rest, Mouth_Slightly_Open, Smiling, Young, all"),
        ("Wearing_Hat=1", "'Wearing_Hat'; the model has"),
        ("=1", "called ''; the model has"),
        ("Smiling=1,Mouth_Slightly_Open=0.5", "Mouth_Slightly_Open=0.5 contradicts expression=1"),
    ],
)
def test_what_is_wrong_with_a_strength_is_said(text, message):
    with pytest.raises(InputError) as error:
        strengths(text, KNOWN, BRANCHES)
    assert str(error.value).startswith("--strength: ") and message in str(error.value)
    with pytest.raises(InputError, match="^--x: "):
        strengths(text, KNOWN, BRANCHES, "x")


NAMES, LEADS = ("Young", "Wearing_Hat", "Smiling", "Mouth_Slightly_Open"), {"expression": "Smiling", "age": "Young"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (0, 0, 0, 0)),
        ("Smiling=0.7,age=-1", (-1, 0, 0.7, 0)),
        ("expression=1,Mouth_Slightly_Open=0.5", (0, 0, 1, 0.5)),
        ("expression=1,Smiling=1", (0, 0, 1, 0)),
    ],
)
def test_wishes(text, expected):
    np.testing.assert_allclose(wishes(text, LEADS, KNOWN, NAMES, "strength"), np.array(expected, np.float32))


def test_what_a_branch_is_taken_to_mean_is_said():
    found = meant("expression=0.5, Young=1 , age=-1", LEADS)
    assert found == ["expression=0.5 means Smiling=0.5", "age=-1 means Young=-1"]
    assert meant("grin=1", {"grin": "grin"}) == meant("", LEADS) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Smiling", "'Smiling' has no '='; write NAME=VALUE, for instance Young=0.7"),
        ("Wearing_Hat=1", "'Wearing_Hat'; the model has Young, Smiling, Mouth_Slightly_Open, expression, age"),
        ("all=1", "'all' needs a --target"),
        ("Smiling=1,expression=0.5", "expression=0.5 contradicts Smiling=1"),
        ("age=nan", "1 gives the attribute, -1 takes it away"),
    ],
)
def test_what_is_wrong_with_a_wish_is_said(text, message):
    with pytest.raises(InputError) as error:
        wishes(text, LEADS, KNOWN, NAMES, "x")
    assert str(error.value).startswith("--x: ") and message in str(error.value)


def test_a_group_is_led_by_what_it_is_known_for_or_by_its_first():
    assert leads_of(KNOWN) == LEADS
    assert leads_of({"eyes": ("Bushy_Eyebrows",), "mine": ("a", "b")}) == {"eyes": "Bushy_Eyebrows", "mine": "a"}
    assert all(lead in GROUPS[group] for group, lead in attributes.LEADS.items())


def test_default_groups_are_the_nine_or_one_for_each_name():
    assert default_groups(("Young", "hat")) == {"age": ("Young",)}
    assert default_groups(("grin", "specs")) == {"grin": ("grin",), "specs": ("specs",)}
    assert default_groups(()) == {}
    assert default_groups(("age", "expression")) == {"age": ("age",), "expression": ("expression",)}


def test_an_attribute_called_like_a_group_of_others_is_refused_with_the_mend():
    with pytest.raises(InputError, match="^attribute age: is called like the group of Young; rename it, .*") as raised:
        default_groups(("Young", "age"))
    mend = [part.removeprefix("--group=") for part in str(raised.value).split() if part.startswith("--group=")]
    assert named_groups(mend, ("Young", "age")) == {"age": ("age",), "Young": ("Young",)}
    with pytest.raises(InputError, match="the group of Mouth_Slightly_Open, Smiling; "):
        default_groups(("expression", "Smiling", "Mouth_Slightly_Open"))


def test_named_groups():
    groups = named_groups(["mouth=Smiling, Mouth_Slightly_Open", "hat = hat"], ("hat", *CELEBA))
    assert groups == {"mouth": ("Smiling", "Mouth_Slightly_Open"), "hat": ("hat",)}
    assert list(groups) == ["mouth", "hat"]
    assert named_groups([], CELEBA) == {}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["Smiling"], "--group=Smiling: write NAME=ATTRIBUTE"),
        (["mouth="], "--group=mouth=: write NAME=ATTRIBUTE"),
        (["=Smiling"], "--group==Smiling: write NAME=ATTRIBUTE"),
        (["mouth=smile"], "no attribute is called 'smile'; there are 5_o_Clock_Shadow, "),
        (["a=Smiling", "b=Young,Smiling"], "--group=b=Young,Smiling: Smiling is in a already"),
        (["a=Smiling,Smiling"], "Smiling is in a already"),
        (["a=Smiling", "a=Young"], "--group=a=Young: the name 'a' is taken"),
        (["rest=Smiling"], "the name 'rest' is taken"),
        (["all=Smiling"], "the name 'all' is taken"),
        (["Young=Smiling"], "the name 'Young' is taken"),
    ],
)
def test_what_is_wrong_with_a_group_is_said(texts, message):
    with pytest.raises(InputError) as error:
        named_groups(texts, CELEBA)
    assert message in str(error.value)


def test_names_that_could_not_be_told_in_a_strength_are_refused():
    assert check_names("x.csv", ["grin", "лицо"]) == ("grin", "лицо")
    for names in (["a,b"], ["a=1"], ["rest"], ["all"], [""], ["gr\x1b[31min"], ["a\nb"], ["grin\u200b"], ["\udce9"]):
        with pytest.raises(InputError, match="^x.csv: .* cannot be an attribute; rename it") as raised:
            check_names("x.csv", names)
        assert str(raised.value).isprintable()
    assert check_names("x.csv", ["hair colour"]) == ("hair colour",)
    with pytest.raises(InputError, match="^x.csv: two attributes are called 'a'"):
        check_names("x.csv", ["a", "b", "a"])

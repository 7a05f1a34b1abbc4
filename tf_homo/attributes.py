"""Attribute names, their groups, and strengths by name.

The forty names are CelebA's (Liu et al., ICCV 2015), in its own order. The nine groups are those of the method's
report (one branch each); a data set that has only some of the names keeps the groups that are left. The branch REST
carries what no attribute names.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from tf_homo.errors import InputError

CELEBA = tuple(
    "5_o_Clock_Shadow Arched_Eyebrows Attractive Bags_Under_Eyes Bald Bangs Big_Lips Big_Nose Black_Hair Blond_Hair "
    "Blurry Brown_Hair Bushy_Eyebrows Chubby Double_Chin Eyeglasses Goatee Gray_Hair Heavy_Makeup High_Cheekbones "
    "Male Mouth_Slightly_Open Mustache Narrow_Eyes No_Beard Oval_Face Pale_Skin Pointy_Nose Receding_Hairline "
    "Rosy_Cheeks Sideburns Smiling Straight_Hair Wavy_Hair Wearing_Earrings Wearing_Hat Wearing_Lipstick "
    "Wearing_Necklace Wearing_Necktie Young".split()
)

GROUPS: dict[str, tuple[str, ...]] = {
    "expression": ("Mouth_Slightly_Open", "Smiling"),
    "gender": ("Male", "No_Beard", "Mustache", "Goatee", "Sideburns"),
    "hair_colour": ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair"),
    "hairline": ("Bald", "Receding_Hairline", "Bangs"),
    "age": ("Young",),
    "eyes": ("Arched_Eyebrows", "Bags_Under_Eyes", "Bushy_Eyebrows", "Eyeglasses"),
    "face_shape": (
        "Big_Lips", "Big_Nose", "Chubby", "Double_Chin", "High_Cheekbones", "Narrow_Eyes", "Pointy_Nose",
    ),
    "hair_form": ("Straight_Hair", "Wavy_Hair"),
    "look": ("Attractive", "Pale_Skin", "Heavy_Makeup"),
}  # fmt: skip

#: What an edit of a whole group gives (strength 1) or takes (-1), where the data set labels it.
LEADS = {
    "expression": "Smiling", "hair_colour": "Blond_Hair", "hairline": "Bangs", "eyes": "Eyeglasses",
    "face_shape": "Chubby", "hair_form": "Wavy_Hair", "look": "Heavy_Makeup",
}  # fmt: skip

REST = "rest"
ALL = "all"


def groups_of(names: Sequence[str], groups: Mapping[str, Sequence[str]] = GROUPS) -> dict[str, tuple[str, ...]]:
    """The groups that have at least one of `names`, each with only those, in the order of `groups`."""
    kept = {group: tuple(a for a in members if a in names) for group, members in groups.items()}
    return {group: members for group, members in kept.items() if members}


def leads_of(groups: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """{group: its leading attribute}: that of LEADS if it has it, otherwise its first."""
    return {group: LEADS[group] if LEADS.get(group) in members else members[0] for group, members in groups.items()}


def default_groups(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The nine groups as far as `names` has them; where it has none of them, a group for each name.

    Raises:
      InputError: an attribute is called like a group that moves others, so that its name would move those.
    """
    groups = groups_of(names)
    for group, members in groups.items():
        if group in names:
            raise InputError(
                f"attribute {group}: is called like the group of {', '.join(members)}; rename it, choose --attributes "
                f"or make groups: --group={group}={group} --group={members[0]}={','.join(members)}"
            )
    return groups or {name: (name,) for name in names}


def named_groups(texts: Sequence[str], names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Groups from texts such as "mouth=Smiling,Mouth_Slightly_Open", given as --group, of attributes in `names`.

    Raises:
      InputError: a text without a name or attributes, an unknown attribute, or a name or attribute given twice.
    """
    groups: dict[str, tuple[str, ...]] = {}
    taken: dict[str, str] = {}
    for text in texts:
        group, _, listed = (part.strip() for part in text.partition("="))
        members = tuple(filter(None, (part.strip() for part in listed.split(","))))
        if not group or not members:
            raise InputError(f"--group={text}: write NAME=ATTRIBUTE,ATTRIBUTE, for instance mouth=Smiling")
        if group in groups or group in (REST, ALL) or "," in group or (group in names and group not in members):
            raise InputError(
                f"--group={text}: the name {group!r} is taken; give one that no other group or attribute has, "
                f"and not {REST} or {ALL}"
            )
        for member in members:
            if member not in names:
                raise InputError(f"--group={text}: no attribute is called {member!r}; there are {', '.join(names)}")
            if member in taken:
                raise InputError(f"--group={text}: {member} is in {taken[member]} already; a branch moves it alone")
            taken[member] = group
        groups[group] = members
    return groups


def check_names(culprit: str, names: Sequence[str]) -> tuple[str, ...]:
    """The names of a data set's attributes; InputError names `culprit` where they could not be told in --strength."""
    seen = set()
    for name in names:
        if not name or name in (REST, ALL) or set(name) & set(",=") or not name.isprintable():
            raise InputError(
                f"{culprit}: {name!r} cannot be an attribute; rename it (no comma, no =, no control character, not "
                f"{REST} or {ALL})"
            )
        if name in seen:
            raise InputError(f"{culprit}: two attributes are called {name!r}; rename one")
        seen.add(name)
    return tuple(names)


def strengths(
    text: str,
    groups: Mapping[str, Sequence[str]],
    branches: Sequence[str],
    flag: str = "strength",
    unsaid: float = 0.0,
    meaning: str = "0 keeps the source, 1 reaches the target",
) -> np.ndarray:
    """Parses "Smiling=0.7,age=1", given as --`flag`, into strengths (C,) float32, one per branch, `unsaid` where none
    is said.

    A key is a branch, an attribute (it addresses the branch of its group: a branch moves its group as one) or "all".
    Later keys win over "all", but two keys for one branch with different values are refused.

    Raises:
      InputError: a key is unknown, a value is no finite number, or a branch is given two values.
    """
    branch_of = {attribute: group for group, members in groups.items() for attribute in members}
    vector, given = np.full(len(branches), unsaid, np.float32), {}
    for name, value, number in _items(text, flag, branches[0], meaning):
        branch = branch_of.get(name, name)
        if branch == ALL:
            vector[[b not in given for b in branches]] = number
            continue
        if branch not in branches:
            known = ", ".join(dict.fromkeys([*branches, *branch_of, ALL]))
            raise InputError(f"--{flag}: no branch or attribute is called {name!r}; the model has {known}")
        if given.setdefault(branch, number) != number:
            raise InputError(f"--{flag}: {name}={value} contradicts {branch}={given[branch]:g}; {branch} moves as one")
        vector[list(branches).index(branch)] = number
    return vector


def wishes(text: str, leads: Mapping[str, str], groups: Mapping[str, Sequence[str]], names: Sequence[str], flag: str):
    """Parses "Smiling=1,age=-0.5" into wishes (K,) float32, one per attribute of `names`, 0 where none is said.

    For edits without a reference: 1 gives an attribute, -1 takes it away. A branch stands for its leading attribute.

    Raises:
      InputError: a key is unknown or in no group, a value is no finite number, or an attribute is given two values.
    """
    movable = [name for name in names if any(name in members for members in groups.values())]
    vector, given = np.zeros(len(names), np.float32), {}
    for name, value, number in _items(text, flag, movable[0], "1 gives the attribute, -1 takes it away"):
        attribute = leads.get(name, name)
        if attribute not in movable:
            mend = "; 'all' needs a --target" if name == ALL else ""
            known = ", ".join([*movable, *leads])
            raise InputError(f"--{flag}: no attribute to edit is called {name!r}; the model has {known}{mend}")
        if given.setdefault(attribute, number) != number:
            raise InputError(f"--{flag}: {name}={value} contradicts {attribute}={given[attribute]:g}; give one of them")
        vector[list(names).index(attribute)] = number
    return vector


def meant(text: str, leads: Mapping[str, str]) -> list[str]:
    """What `wishes` takes branches of "age=1,Smiling=1" to mean, where that has another name: "age=1 means Young=1"."""
    parts = [[side.strip() for side in part.partition("=")] for part in text.split(",")]
    return [f"{name}={value} means {leads[name]}={value}" for name, _, value in parts if leads.get(name, name) != name]


def _items(text: str, flag: str, example: str, meaning: str) -> Iterator[tuple[str, str, float]]:
    """Name, value as written and number of each part of "Smiling=0.7,age=1"."""
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = (part.strip() for part in item.partition("="))
        if not equals:
            raise InputError(f"--{flag}: {item!r} has no '='; write NAME=VALUE, for instance {example}=0.7")
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not abs(number) <= float(np.finfo(np.float32).max):  # nor NaN
            raise InputError(f"--{flag}: {value!r} for {name} is no finite number; {meaning}")
        yield name, value, number

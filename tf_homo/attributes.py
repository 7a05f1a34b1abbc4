"""Attribute names, their groups, and strengths by name.

The forty names are CelebA's (Liu et al., ICCV 2015), in its own order. The nine groups are those of the method's
report (one branch each); a data set that has only some of the names keeps the groups that are left. The branch REST
carries what no attribute names.
"""

from collections.abc import Mapping, Sequence

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

REST = "rest"
ALL = "all"


def groups_of(names: Sequence[str], groups: Mapping[str, Sequence[str]] = GROUPS) -> dict[str, tuple[str, ...]]:
    """The groups that have at least one of `names`, each with only those, in the order of `groups`."""
    kept = {group: tuple(a for a in members if a in names) for group, members in groups.items()}
    return {group: members for group, members in kept.items() if members}


def strengths(
    text: str, groups: Mapping[str, Sequence[str]], branches: Sequence[str], flag: str = "strength"
) -> np.ndarray:
    """Parses "Smiling=0.7,age=1", given as --`flag`, into strengths (C,) float32, one per branch, 0 where none is said.

    A key is a branch, an attribute (it addresses the branch of its group: a branch moves its group as one) or "all".
    Later keys win over "all", but two keys for one branch with different values are refused.

    Raises:
      InputError: a key is unknown, a value is no finite number, or a branch is given two values.
    """
    branch_of = {attribute: group for group, members in groups.items() for attribute in members}
    vector, given = np.zeros(len(branches), np.float32), {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = (part.strip() for part in item.partition("="))
        if not equals:
            raise InputError(f"--{flag}: {item!r} has no '='; write NAME=VALUE, for instance {branches[0]}=0.7")
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not np.isfinite(number):
            raise InputError(
                f"--{flag}: {value!r} for {name} is no finite number; 0 keeps the source, 1 reaches the target"
            )
        branch = branch_of.get(name, name)
        if branch == ALL:
            vector[[b not in given for b in branches]] = number
            continue
        if branch not in branches:
            known = ", ".join([*branches, *branch_of, ALL])
            raise InputError(f"--{flag}: no branch or attribute is called {name!r}; the model has {known}")
        if given.setdefault(branch, number) != number:
            raise InputError(f"--{flag}: {name}={value} contradicts {branch}={given[branch]:g}; {branch} moves as one")
        vector[list(branches).index(branch)] = number
    return vector

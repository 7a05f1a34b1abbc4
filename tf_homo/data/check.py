"""What a data set has, as text: counts, sizes, balance of labels, and every file and row that cannot be used."""

import collections
import dataclasses
import sys
from collections.abc import Mapping, Sequence

import numpy as np
from tqdm import tqdm

from tf_homo.attributes import default_groups, named_groups
from tf_homo.data import celeb_a
from tf_homo.data.examples import Examples
from tf_homo.data.left_out import LeftOut
from tf_homo.data.listing import SPLITS, Listing, pictures
from tf_homo.data.sets import Source, columns
from tf_homo.errors import InputError

SIZES = 5  # sizes of pictures that are told apart


@dataclasses.dataclass
class Survey:
    """What was found.

    labels: {split: float32 (n, K)} of usable pictures. sizes: how many pictures have which (width, height), the usable
    ones. changes: how many were changed, by what (photos.Decoded). scales: as in a Listing.
    """

    attributes: tuple[str, ...]
    labels: dict[str, np.ndarray]
    sizes: collections.Counter
    changes: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    left_out: LeftOut = dataclasses.field(default_factory=LeftOut)
    remarks: list[str] = dataclasses.field(default_factory=list)
    scales: dict[str, list[float]] = dataclasses.field(default_factory=dict)


def run(source: Source, size: int, groups: Sequence[str] | None) -> None:
    """Prints the report; `groups` are the texts of --group.

    Raises:
      InputError: the data set cannot be read, or no picture can be trained on.
    """
    listing = source.listing()
    survey = of_listing(listing, size) if listing else of_examples(source, size)
    places = columns(survey.attributes, source.attributes)
    survey.attributes = tuple(survey.attributes[place] for place in places)
    survey.labels = {split: labels[:, places] for split, labels in survey.labels.items()}
    branches = named_groups(groups or (), survey.attributes) or default_groups(survey.attributes)
    print(text(source, survey, size, branches))
    if not len(survey.labels["train"]):
        raise InputError(
            f"--dataset={source.dataset}: no picture of the training split can be used; mend what is listed above"
        )


def of_listing(listing: Listing, size: int) -> Survey:
    """Opens every picture of a listing."""
    sizes, changes, labels = collections.Counter(), collections.Counter(), {}
    with tqdm(total=len(listing.names), unit="picture", mininterval=1.0, file=sys.stderr) as bar:
        for split in SPLITS:
            bar.set_description(split)
            usable = []
            for picture in pictures(listing, split, size, bar.update):
                usable.append(picture.index)
                sizes[picture.size] += 1
                changes.update(picture.changes)
            labels[split] = listing.labels[usable]
    return Survey(
        listing.attributes, labels, sizes, changes, listing.left_out, list(listing.remarks), dict(listing.scales)
    )


def of_examples(source: Source, size: int) -> Survey:
    """Reads a set that TFDS keeps, whose pictures need no check."""
    examples = [dataclasses.replace(source, attributes=()).read(split, size) for split in SPLITS]
    labels = {split: each.labels for split, each in zip(SPLITS, examples, strict=True)}
    sides = celeb_a.SIDES if source.dataset == "celeb_a" else (size, size)
    return Survey(examples[0].attributes, labels, collections.Counter({sides: sum(map(len, examples))}))


def text(source: Source, survey: Survey, size: int, branches: dict[str, Sequence[str]]) -> str:
    """The report."""
    lines = [f"{source.dataset}{f' in {source.data_path}' if source.data_path else ''}", "", "usable pictures"]
    lines += [f"  {split:12}{len(survey.labels[split]):>9,}" for split in SPLITS]
    lines += ["", *_sizes(survey, size, source.align_faces)]
    if survey.attributes:
        lines += ["", *_balance(survey)]
        lines += ["", "branches", *(f"  {name}: {', '.join(members)}" for name, members in branches.items())]
    if alone := ungrouped(survey.attributes, branches):
        lines.append(f"  in no branch: {', '.join(alone)}")
    if survey.changes:
        lines += ["", "changed", *(f"  {what}: {count:,}" for what, count in survey.changes.most_common())]
    train = survey.labels["train"]
    same = alike(survey.attributes, train, survey.scales) if len(train) else {}
    if remarks := [*survey.remarks, *same.values()]:
        lines += ["", "to know", *(f"  {remark}" for remark in remarks)]
    left_out = survey.left_out.lines()
    lines += ["", f"left out: {survey.left_out.counts.total():,}", *(f"  {line}" for line in left_out)]
    return "\n".join(lines)


def _sizes(survey: Survey, size: int, aligned: bool) -> list[str]:
    lines = [f"  {w}x{h}: {count:,}" for (w, h), count in survey.sizes.most_common(SIZES)]
    if len(survey.sizes) > SIZES:
        rest = survey.sizes.total() - sum(count for _, count in survey.sizes.most_common(SIZES))
        lines.append(f"  {len(survey.sizes) - SIZES:,} other sizes: {rest:,}")
    if aligned:
        return ["sizes, before their faces are aligned", *lines]
    cropped = sum(count for (w, h), count in survey.sizes.items() if w != h)
    enlarged = sum(count for wh, count in survey.sizes.items() if min(wh) < size)
    lines.append(f"  not square, so that the middle is kept: {cropped:,}; enlarged to {size}: {enlarged:,}")
    return ["sizes", *lines]


def _balance(survey: Survey) -> list[str]:
    """A line for each attribute: the share of ones, or the mean in its own unit, in each split."""
    width = max(map(len, (*survey.attributes, "attribute"))) + 2
    lines = [f"{'attribute':{width}}" + "".join(f"{split:>12}" for split in SPLITS)]
    for place, name in enumerate(survey.attributes):
        found = [survey.labels[split][:, place] for split in SPLITS]
        graded = name in survey.scales or any(((column != 0) & (column != 1)).any() for column in found)
        low, high = survey.scales.get(name, (0.0, 1.0))
        cells = []
        for column in found:
            mean = low + (high - low) * float(column.mean()) if len(column) else np.nan
            cells.append("-" if np.isnan(mean) else f"{mean:.4g}" if graded else f"{mean:.1%}")
        tail = f"  mean, from {low:g} to {high:g}" if graded else ""
        lines.append(f"{name:{width}}" + "".join(f"{cell:>12}" for cell in cells) + tail)
    return lines


def alike(attributes: Sequence[str], labels: np.ndarray, scales: dict[str, list[float]]) -> dict[str, str]:
    """{attribute: what to say of it} of those that are the same on every picture of `labels` (n, K), n at least 1."""
    found = {name: column[0] for name, column in zip(attributes, labels.T, strict=True) if np.ptp(column) == 0}
    ranges = {name: scales.get(name, (0.0, 1.0)) for name in found}
    return {
        name: f"{name} is {low + (high - low) * found[name]:g} on every training picture, so nothing can be learnt "
        "from it"
        for name, (low, high) in ranges.items()
    }


def ungrouped(attributes: Sequence[str], branches: Mapping[str, Sequence[str]]) -> list[str]:
    """The attributes that no branch moves."""
    grouped = {name for members in branches.values() for name in members}
    return [name for name in attributes if name not in grouped]


def before_training(examples: Examples, branches: Mapping[str, Sequence[str]]) -> None:
    """Says on standard error what of a folder's attributes will not be learnt.

    Raises:
      InputError: a branch has nothing to learn from.
    """
    same = alike(examples.attributes, examples.labels, examples.about["scales"])
    for branch, members in branches.items():
        if set(members) <= set(same):
            raise InputError(
                f"branch {branch}: {same[members[0]]}; name the others in --attributes, or see --check_data"
            )
    for line in same.values():
        print(line, file=sys.stderr)
    if alone := ungrouped(examples.attributes, branches):
        print(f"in no branch, so no morph moves them: {', '.join(alone)}; --group makes branches", file=sys.stderr)

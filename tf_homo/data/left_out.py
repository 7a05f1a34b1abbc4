"""What of a user's data cannot be used, and why: counted by reason, and named."""

from collections import Counter

LONGEST = 5000  # characters: more than any path, so that what is named can be found


class LeftOut:
    """What is left out, by reason."""

    def __init__(self):
        self._named: dict[str, list[str]] = {}

    @property
    def counts(self) -> Counter[str]:
        """{reason: how many}."""
        return Counter({reason: len(named) for reason, named in self._named.items()})

    def add(self, reason: str, culprit: str) -> None:
        """`culprit` names the file or row, and what is wrong with it beyond the reason."""
        self._named.setdefault(reason, []).append(printable(culprit, LONGEST))

    def lines(self) -> list[str]:
        """A line for each reason with its count, under it the culprits."""
        lines = []
        for reason, named in self._named.items():
            lines += [f"{reason}: {len(named):,}", *(f"  {culprit}" for culprit in named)]
        return lines

    def summary(self) -> str:
        """The counts in one line; empty where nothing is left out."""
        return ", ".join(f"{count:,} {reason}" for reason, count in self.counts.most_common())


def printable(text: str, most: int = 300) -> str:
    """A text from a file, fit for a terminal: no control characters, nothing that UTF-8 cannot write, not endless."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text[:most])
    return shown + "..." * (len(text) > most)

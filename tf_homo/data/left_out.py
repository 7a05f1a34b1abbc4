"""What of a user's data cannot be used, and why: counted by reason, and named."""

from collections import Counter


class LeftOut:
    """Counts of what is left out, and the culprits of each reason."""

    def __init__(self):
        self.counts: Counter[str] = Counter()
        self._named: dict[str, list[str]] = {}

    def add(self, reason: str, culprit: str) -> None:
        """`culprit` names the file or row, and what is wrong with it beyond the reason."""
        self.counts[reason] += 1
        self._named.setdefault(reason, []).append(printable(culprit))

    def lines(self) -> list[str]:
        """A line for each reason with its count, under it the culprits."""
        lines = []
        for reason, named in self._named.items():
            lines += [f"{reason}: {self.counts[reason]:,}", *(f"  {culprit}" for culprit in named)]
        return lines

    def summary(self) -> str:
        """The counts in one line; empty where nothing is left out."""
        return ", ".join(f"{count:,} {reason}" for reason, count in self.counts.most_common())


def printable(text: str, most: int = 300) -> str:
    """A text from a file, fit for a terminal: no control characters, nothing that UTF-8 cannot write, not endless."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text[:most])
    return shown + "..." * (len(text) > most)

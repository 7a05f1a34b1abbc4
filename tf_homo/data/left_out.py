"""What of a user's data cannot be used, and why: counted by reason, named as far as a reader would read."""

from collections import Counter

LISTED = 50  # pictures and rows that a report names, over all reasons


class LeftOut:
    """Counts of what is left out, and the first culprits of each reason."""

    def __init__(self):
        self.counts: Counter[str] = Counter()
        self._named: dict[str, list[str]] = {}

    def add(self, reason: str, culprit: str) -> None:
        """`culprit` names the file or row, and what is wrong with it beyond the reason."""
        self.counts[reason] += 1
        named = self._named.setdefault(reason, [])
        if len(named) < LISTED:
            named.append(printable(culprit))

    def lines(self) -> list[str]:
        """A line for each reason with its count, under it the culprits: LISTED in all, the same number of each."""
        lines, each = [], max(1, LISTED // max(1, len(self._named)))
        for reason, named in self._named.items():
            lines.append(f"{reason}: {self.counts[reason]:,}")
            lines += [f"  {culprit}" for culprit in named[:each]]
            if (more := self.counts[reason] - len(named[:each])) > 0:
                lines.append(f"  and {more:,} more")
        return lines

    def summary(self) -> str:
        """The counts in one line; empty where nothing is left out."""
        return ", ".join(f"{count:,} {reason}" for reason, count in self.counts.most_common())


def printable(text: str, most: int = 300) -> str:
    """A text from a file, fit for a terminal: no control characters, nothing that UTF-8 cannot write, not endless."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text[:most])
    return shown + "..." * (len(text) > most)

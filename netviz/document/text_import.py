"""A text before it is used: its alphabet, how long it is, and the first of its windows with what follows each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from engine.data.source import Summary
from engine.data.tables import Told
from engine.data.text import SHOWN, Content, Text
from netviz.document.importing import Role, Sheet
from netviz.document.proposal import Proposal, next_character
from netviz.document.table_import import counted

WINDOWS = 8  # that are shown
MOST_SHOWN = 200  # characters of an alphabet, and of a window
LOOKED_AT, LINES = 1 << 16, 20  # bytes and lines of a file that may be a table
MARKS = {"\n": "↵", "\t": "⇥", "\r": "␍"}  # what would not be seen on one line
Encoding = Literal["one_hot", "codes"]


@dataclass(frozen=True, slots=True)
class TextWish:
    """How many characters are seen at once, as what, and how many examples are drawn."""

    length: int
    encoding: Encoding
    samples: int


class TextLook:
    """A file of text that has been read through."""

    def __init__(self, path: str, content: Content, told: Told | None = None) -> None:
        self.path, self.vocabulary = path, content.vocabulary
        self.characters = len(content.codes)
        self.counts = np.bincount(content.codes, minlength=len(content.vocabulary))
        self._head = content.codes[: MOST_SHOWN + WINDOWS]
        if told is not None:
            told(1.0)

    def first_wish(self, before: dict[str, Any]) -> TextWish:
        """As it was; of a short text less is seen at once, so that something is left for validation."""
        plain = Text(path=self.path)
        length = before.get("length", min(plain.length, max(1, self.characters // 20)))
        return TextWish(length, before.get("encoding", plain.encoding), before.get("samples", plain.samples))

    def data(self, wish: TextWish) -> dict[str, Any]:
        return Text(path=self.path, length=wish.length, encoding=wish.encoding, samples=wish.samples).to_json()

    def network(self, summary: Summary, rows: int) -> Proposal:
        return next_character(summary, rows)

    def sheet(self, wish: TextWish) -> Sheet:
        seen: Role = "category"
        target: Role = "target"
        alphabet = "".join(map(visible, self.vocabulary[:MOST_SHOWN]))
        alphabet += "…" if len(self.vocabulary) > MOST_SHOWN else ""
        each = counted(wish.length, "character")
        each += " (one-hot)" if wish.encoding == "one_hot" else " (codes)"
        places = max(0, self.characters - wish.length)
        rows = min(places, wish.samples)
        drawn = "all" if rows == places else f"{rows:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
        order = np.argsort(-self.counts, kind="stable").tolist()
        return Sheet(
            size=f"{counted(self.characters, 'character')}, {len(self.vocabulary)} different; "
            f"{drawn} of {counted(places, 'window')} are drawn",
            names=("seen", "next"),
            roles=(seen, target),
            facts=(("each", (each, f"one of {len(self.vocabulary)}")), ("alphabet", (alphabet, ""))),
            first=tuple(self._window(start, wish.length) for start in range(min(WINDOWS, places))),
            target=f"the next character: {counted(len(self.vocabulary), 'class')}",
            balance=tuple((SHOWN.get(c, c), int(self.counts[i])) for i in order for c in [self.vocabulary[i]]),
            warnings=self._warnings(),
            ranges=(),
            rows=rows,
        )

    def _window(self, start: int, length: int) -> tuple[str, str]:
        """The characters from `start` on, and the one behind them; of a long window the beginning."""
        some = self._head[start : start + min(length, MOST_SHOWN)]
        words = "".join(visible(self.vocabulary[code]) for code in some)
        if length > MOST_SHOWN or start + length >= len(self._head):
            return words + "…", ""
        following = self.vocabulary[self._head[start + length]]
        return words, SHOWN.get(following, following)

    def _warnings(self) -> tuple[str, ...]:
        once = [visible(self.vocabulary[i]) for i in np.flatnonzero(self.counts == 1)[:MOST_SHOWN]]
        if not once:
            return ()
        return (f"Only once in the text, so that nobody can learn them: {' '.join(once)}",)


def visible(character: str) -> str:
    return MARKS.get(character, character if character.isprintable() else "·")


def look_at_text(folder: Path, path: str, told: Told | None = None) -> TextLook:
    """Reads a text through; raises ProjectError with one line on what is wrong with it."""
    return TextLook(path, Text(path=path).content(folder), told)


def looks_like_table(path: Path) -> bool:
    """Whether the first lines all have one of a table's delimiters, and as often."""
    try:
        with path.open("rb") as file:
            head = file.read(LOOKED_AT)
    except OSError:
        return False
    lines = head.decode("latin-1").splitlines()
    lines = [line for line in (lines if len(head) < LOOKED_AT else lines[:-1]) if line.strip()][:LINES]
    counts = ({line.count(delimiter) for line in lines} for delimiter in ",;\t|")
    return len(lines) > 1 and any(len(count) == 1 and 0 not in count for count in counts)

"""What a ledger shows of a network, and each thing of it in its place."""

from dataclasses import dataclass

from PySide6.QtCore import QRectF

from engine.probes.arithmetic.lines import Section, Way
from netviz.widgets.ledger import Row


@dataclass(frozen=True, slots=True)
class Lane:
    """What one network's column shows; `words` where there is nothing to write, or why."""

    name: str
    sections: tuple[Section, ...]
    words: str = ""
    lit: str = ""  # the node whose terms are lit


@dataclass(frozen=True, slots=True)
class Placed:
    """Something in its place: a way's head, a title, a note, or a row."""

    rect: QRectF
    lane: int
    text: str = ""
    row: Row | None = None
    way: Way | None = None
    note: bool = False
    folded: bool = False  # a row whose arithmetic has a line of its own
    lit: bool = False


def shape_of(section: Section) -> tuple[object, ...]:
    """What its height depends on, but for how long its numbers are."""
    return section.way, section.title, section.note, section.adds, section.left_out, len(section.lines)


def unwritten(row: Row) -> tuple[object, ...]:
    """What of a row stays from answer to answer."""
    return row.kind, row.name, row.node

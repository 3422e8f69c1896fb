"""What the reader points at, one for all views of a session: a lane, a layer, a unit of it, a step, an example.

The mouse hovers and a click pins; what is hovered shows over what is pinned. Views neither know nor call one
another: each tells the cursor what lies under its mouse and draws what the cursor holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from PySide6.QtCore import QObject, Signal

from engine.probes.example import Part

Spot = tuple[Part, int]  # an example: its part of the data, and its number there, from 0


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the run; what is None is not pointed at."""

    layer: str | None = None  # a node's id: it is lit in every lane that has it
    unit: int | None = None  # of that layer, from 0
    lane: int | None = None  # the one the mouse is over
    step: float | None = None
    example: Spot | None = None

    def over(self, below: "Mark") -> "Mark":
        """This mark, and of `below` what this one leaves open. A unit stays with its layer."""
        layer, unit = (below.layer, below.unit) if self.layer is None else (self.layer, self.unit)
        lane = below.lane if self.lane is None else self.lane
        step = below.step if self.step is None else self.step
        return Mark(layer, unit, lane, step, below.example if self.example is None else self.example)

    def differs(self, other: "Mark") -> frozenset[str]:
        """The names of the fields in which two marks differ."""
        return frozenset(name for name in _FIELDS if getattr(self, name) != getattr(other, name))


_FIELDS = tuple(field.name for field in fields(Mark))
NOTHING = Mark()


class Cursor(QObject):
    """`changed` names the fields of `mark` that are new, so that a view repaints for those alone that it draws."""

    changed = Signal(object)  # frozenset[str]
    pins = Signal(object)  # the Mark that is pinned now: what was hovered before looks the same

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.hovered = self.pinned = self.mark = NOTHING
        self._housed: dict[str, frozenset[str]] = {}

    def hover(self, mark: Mark) -> None:
        """The mouse is over this; NOTHING when it leaves."""
        self._take(mark, self.pinned)

    def pin(self, mark: Mark, near: float = 0.0) -> None:
        """Holds this until the same is pinned again, another, or nothing; steps within `near` are the same."""
        was = self.pinned
        if mark == NOTHING:
            return
        if _same(mark, was, near):
            mark = NOTHING
        self._take(self.hovered if mark != NOTHING else NOTHING, mark)

    def move(self, mark: Mark) -> None:
        """Pins what `mark` names and leaves the rest as it is: for keys."""
        self._take(NOTHING, mark.over(self.pinned))

    def unpin(self) -> bool:
        """Lets go; whether anything was pinned."""
        had = self.pinned != NOTHING
        self._take(self.hovered, NOTHING)
        return had

    def release(self, *names: str) -> None:
        """Lets go of some fields only: what they name is gone."""
        gone = dict.fromkeys(names)
        self._take(replace(self.hovered, **gone), replace(self.pinned, **gone))

    def _take(self, hovered: Mark, pinned: Mark) -> None:
        before, held = self.mark, self.pinned
        self.hovered, self.pinned = hovered, pinned
        self.mark = hovered.over(pinned)
        if self.mark != before:
            self.changed.emit(self.mark.differs(before))
        if pinned != held:
            self.pins.emit(pinned)

    # Layers that are drawn as one box light up as one

    def house(self, boxes: Iterable[Iterable[str]]) -> None:
        """Which nodes share a box: a layer and its docked activation are one place to whoever looks."""
        housed = {node: frozenset(nodes) for nodes in map(tuple, boxes) for node in nodes}
        if housed != self._housed:
            self._housed = housed
            if self.mark.layer is not None:
                self.changed.emit(frozenset({"layer"}))

    @property
    def layers(self) -> frozenset[str]:
        """The nodes that are lit."""
        layer = self.mark.layer
        return frozenset() if layer is None else self._housed.get(layer, frozenset({layer}))


def _same(mark: Mark, pinned: Mark, near: float) -> bool:
    close = mark.step is not None and pinned.step is not None and abs(mark.step - pinned.step) <= near
    return replace(mark, step=pinned.step if close else mark.step) == pinned

"""The one example that is followed, and the unit of the network that is looked at: the same in every view."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import prod

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal

from engine.probes.example import NUMBER, Part
from engine.probes.follow import Follow, FollowAnswer
from netviz.runtime.cursor import Cursor, Mark

Wire = tuple[str, str]  # source and target


class Followed(QObject):
    """`changed` names what is new: example, unit, step, on. Views ask the same `question`: one answer serves all."""

    changed = Signal(object)  # frozenset[str]

    def __init__(self, cursor: Cursor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cursor = cursor
        cursor.pins.connect(self._take_pinned)
        self.question = Follow()
        self.step: int | None = None  # how far along the wires, see `steps`; None shows everything
        self.on = False  # whether the drawn network shows the example

    # The example

    def take(self, part: Part, index: int) -> None:
        """One of the data."""
        if (self.question.x, self.question.part, self.question.index) != (None, part, index):
            self._ask("example", x=None, part=part, index=index, target=())

    def take_by_hand(self, x: bytes, part: Part = Part.TRAINING, index: int = 0) -> None:
        """One by its raw numbers, with the place in the data to go on from; a target chosen by hand stays."""
        if x != self.question.x:
            self._ask("example", x=x, part=part, index=index)

    def aim(self, target: Sequence[float]) -> None:
        """What should come out, in place of what the data say; empty for that."""
        if tuple(target) != self.question.target:
            self._ask("example", target=tuple(target))

    def reopen(self, shape: tuple[int, ...], nodes: Collection[str]) -> None:
        """Another run: an example by hand stays where the network can take it, and a unit whose node is still there."""
        if self.question.node not in nodes:
            self._look("", 0)
        x = self.question.x
        if x is not None and len(x) != prod(shape) * NUMBER.itemsize:
            self._ask("example", x=None, part=Part.TRAINING, index=0, target=())
        self.go_to(None)

    # The unit

    def look_at(self, node: str, unit: int = 0) -> None:
        """A unit of a node, or with an empty name the loss; it is pinned for all views."""
        if self._look(node, unit):
            if node:
                self._cursor.move(Mark(node, max(0, unit)))
            else:
                self._cursor.release("layer", "unit")

    def _look(self, node: str, unit: int) -> bool:
        asked = node, max(0, unit)
        if asked == (self.question.node, self.question.unit):
            return False
        self._ask("unit", node=node, unit=asked[1])
        return True

    def _take_pinned(self) -> None:
        """What a click has pinned in any view, an example or a unit, is followed from here on."""
        pinned = self._cursor.pinned
        if pinned.example is not None:
            self.take(*pinned.example)
        here = self.question.node in self._cursor.layers
        if pinned.layer is not None and (pinned.unit is not None or not here):
            # As it is pinned: a second click there is to let go of the same.
            self._look(pinned.layer, self.question.unit if pinned.unit is None else pinned.unit)

    def found(self, answer: FollowAnswer) -> None:
        """An answer says which example of the data it is: what is pinned must not name another."""
        spot = None if answer.part is None else (answer.part, answer.index)
        if spot is not None and self._cursor.pinned.example not in (None, spot) and self.answers(answer):
            self.question = replace(self.question, part=spot[0], index=spot[1])
            self._cursor.move(Mark(example=spot))

    # The steps along the wires

    def go_to(self, step: int | None) -> None:
        if step != self.step:
            self.step = step
            self.changed.emit(frozenset({"step"}))

    def turn(self, on: bool) -> None:
        """Whether the drawn network shows the example."""
        if on != self.on:
            self.on = on
            self.changed.emit(frozenset({"on"}))

    def answers(self, answer: FollowAnswer | None) -> bool:
        """Whether an answer is about what is asked now."""
        return answer is not None and answer.number == self.question.number

    def _ask(self, what: str, **fields: object) -> None:
        old = self.question
        kept = {name: getattr(old, name) for name in ("x", "part", "index", "target", "node", "unit")}
        self.question = Follow(**{**kept, **fields, "number": old.number + 1})  # type: ignore[arg-type]
        self.changed.emit(frozenset({what}))


Step = tuple[str, Wire | None]  # the way, and the wire; none for the loss


def steps(answer: FollowAnswer) -> list[Step]:
    """One step for each wire: forward in order, then the loss, then backward."""
    forward: list[Step] = [("forward", wire) for wire in answer.wires]
    if answer.loss is None:
        return forward
    has = {node.node for node in answer.nodes if node.gradients is not None}
    backward: list[Step] = [
        ("backward", (source, target)) for source, target in reversed(answer.wires) if {source, target} <= has
    ]
    return [*forward, ("loss", None), *backward]


@dataclass(frozen=True, slots=True)
class Reached:
    """How far values and gradients have come at a step; all of them where there is none."""

    values: frozenset[str]  # nodes to which every wire has brought its value
    gradients: frozenset[str]  # nodes to which all of their gradient has come back
    forward: frozenset[Wire]
    backward: frozenset[Wire]
    now: Step | None


def reached(answer: FollowAnswer, step: int | None) -> Reached:
    walked = steps(answer)
    here = walked if step is None or step >= len(walked) else walked[: step + 1]
    forward = frozenset(wire for way, wire in here if way == "forward" and wire is not None)
    backward = frozenset(wire for way, wire in here if way == "backward" and wire is not None)
    due = {wire for way, wire in walked if way == "backward"} - backward
    waiting = {target for source, target in answer.wires if (source, target) not in forward}
    owing = {source for wire in due if wire is not None for source in wire[:1]}
    lost = ("loss", None) in here
    has = (node.node for node in answer.nodes if node.gradients is not None)
    return Reached(
        frozenset(node.node for node in answer.nodes) - waiting,
        frozenset(has) - owing if lost else frozenset(),
        forward,
        backward,
        None if here is walked else here[-1],
    )

"""Which wires of a lane must be led anew: those of a box that moved, and those in whose way it stood or now stands."""

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QPointF

from netviz.editor.boxes import Wire
from netviz.editor.wire_item import WireItem

MANY = 40  # boxes that moved: to ask each wire about each of them takes longer than to lead it anew
Rect = tuple[float, float, float, float]  # left, right, top, bottom


class Routed:
    """Where the boxes of a lane were when its wires were led."""

    def __init__(self) -> None:
        self._boxes: Mapping[str, tuple[Rect, int]] = {}
        self._held: set[WireItem] = set()

    @property
    def held(self) -> bool:
        return bool(self._held)

    def hold(self, wires: Iterable[WireItem]) -> None:
        """These follow what is in the hand, and not where the document has it."""
        self._held.update(wires)

    def stale(self, boxes: Mapping[str, tuple[Rect, int]], wires: Mapping[Wire, WireItem]) -> list[WireItem]:
        """Those of all the lane's `wires` that must be led anew, now that `boxes` stand so and have as many inputs."""
        old, held, self._boxes, self._held = self._boxes, self._held, boxes, set()
        touched = set[str]()
        if old is not boxes:
            touched = {node for node, at in boxes.items() if (was := old.get(node)) is not at and was != at}
            touched |= old.keys() - boxes.keys()
        moved = set[Rect]()
        for node in touched:
            ends = {table[node][0] for table in (old, boxes) if node in table}
            if len(ends) == 2 or not (node in old and node in boxes):
                moved |= ends
        if len(moved) > MANY:
            return list(wires.values())
        # Over all wires, after every edit: taken apart in one go, and asked for little.
        near = [
            item
            for (_, _, _, _, start, end), item in wires.items()
            if item.ends is None or start in touched or end in touched
        ]
        if not moved and not held:
            return near
        known = set(near)
        return near + [
            item
            for item in wires.values()
            if item not in known and (item in held or (item.ends is not None and _passes(*item.ends, moved)))
        ]


def _passes(start: QPointF, end: QPointF, moved: Iterable[Rect]) -> bool:
    left, right = start.x(), end.x()
    return any(left <= rect[0] and rect[1] <= right for rect in moved)

"""What is selected: nodes of one lane, one of them first among them, or one wire. Frozen; every change is a new one."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from netviz.editor.boxes import LanePicture, Wire


@dataclass(frozen=True, slots=True)
class Selection:
    """`primary` is the node that keys go on from and the inspector shows; empty where none is selected."""

    lane: int = 0
    nodes: frozenset[str] = frozenset()
    primary: str = ""
    wire: Wire | None = None

    @classmethod
    def of(cls, lane: int, nodes: Iterable[str], primary: str = "") -> "Selection":
        found = tuple(nodes)
        return cls(lane, frozenset(found), primary or (found[0] if found else ""))

    @property
    def key(self) -> tuple[int, str] | None:
        return (self.lane, self.primary) if self.primary else None

    def toggled(self, lane: int, node: str) -> "Selection":
        """With `node`, or without it if it was there. Another lane begins anew."""
        if lane != self.lane or not self.nodes:
            return Selection.of(lane, [node])
        if node not in self.nodes:
            return Selection(lane, self.nodes | {node}, node)
        rest = self.nodes - {node}
        return Selection(lane, rest, min(rest, default="") if node == self.primary else self.primary)

    def extended(self, lane: int, node: str) -> "Selection":
        """With `node` as the primary one."""
        return Selection(lane, self.nodes | {node}, node) if lane == self.lane else Selection.of(lane, [node])

    def still(self, pictures: list[LanePicture]) -> "Selection":
        """What of it is there after an edit."""
        if self.lane >= len(pictures):
            return Selection()
        lane = pictures[self.lane]
        nodes = self.nodes & lane.homes.keys()
        primary = self.primary if self.primary in nodes else min(nodes, default="")
        wire = self.wire if self.wire in lane.wires else None
        if (nodes, primary, wire) == (self.nodes, self.primary, self.wire):
            return self
        return replace(self, nodes=nodes, primary=primary, wire=wire)

    def boxes(self, lane: LanePicture) -> frozenset[str]:
        """The boxes in which the nodes are drawn."""
        return frozenset(lane.homes[node] for node in self.nodes)

    def whole(self, lane: LanePicture) -> tuple[str, ...]:
        """The nodes, with the activation that is docked onto a selected layer, in reading order."""
        found = []
        for box in (picture.box for picture in lane.boxes.values()):
            if box.node in self.nodes:
                found += box.nodes
            elif box.activation in self.nodes:
                found.append(box.exit)
        return tuple(found)

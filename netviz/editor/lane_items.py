"""The items of one lane: boxes, wires and a header, touched only where the lane's picture is another one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QPointF

from netviz.editor.box_picture import BoxPicture
from netviz.editor.boxes import OUT, LanePicture, Wire
from netviz.editor.metrics import Detail, Metrics
from netviz.editor.node_item import NodeItem
from netviz.editor.routed import Routed
from netviz.editor.routing import Obstacles, Rect, route
from netviz.editor.wire_item import LaneItem, WireItem

if TYPE_CHECKING:
    from netviz.editor.scene import NetworkScene


K, V = TypeVar("K"), TypeVar("V")


class LaneItems:
    """Draws one LanePicture, and knows where its boxes are at rest."""

    def __init__(self, scene: "NetworkScene", lane: int, picture: LanePicture, metrics: Metrics, row: float) -> None:
        self._scene, self._lane = scene, lane
        self._picture, self._metrics, self._row = picture, metrics, row
        self._wires: dict[Wire, WireItem] = {}
        self._standing: dict[str, tuple[Rect, int]] = {}  # where each box is, and how many inputs it shows
        self._obstacles: Obstacles | None = None
        self._routed = Routed()
        self.header = LaneItem(lane)
        scene.addItem(self.header)
        self._match(picture.boxes, picture.wires)
        self._show_boxes(picture.boxes)
        self._stand(picture.boxes, ())
        self._lead_stale()

    @property
    def held(self) -> bool:
        """Whether some wires were drawn to where a hand had their boxes."""
        return self._routed.held

    def take(self, picture: LanePicture, metrics: Metrics, row: float) -> bool:
        """Takes over another picture, or another place; says whether a box stands elsewhere, or is new, or gone."""
        was, self._picture = self._picture, picture
        anew = metrics is not self._metrics or row != self._row
        if metrics is not self._metrics:
            self._routed = Routed()
        self._metrics, self._row = metrics, row
        rewired = anew or not picture.wired_like(was)
        shown = set(picture.boxes) if anew else _unlike(picture.boxes, was.boxes)
        if rewired:
            ends = self._match(picture.boxes, picture.wires)
            shown |= {node for node in ends if picture.taken[node] != was.taken.get(node)}
        moved = set(picture.places) if anew or self.held else _unlike(picture.places, was.places)
        elsewhere = anew or bool(moved) or picture.boxes.keys() != was.boxes.keys()
        self._show_boxes(shown)
        stood = self._standing
        self._stand(moved, shown)
        if rewired or self.held or self._standing is not stood:
            self._lead_stale()
        for wire in _unlike(picture.wires, was.wires):
            item = self._wires[wire]
            item.show(item.route, picture.wires[wire], metrics.small)
        return elsewhere

    def lead(self, held: Sequence[WireItem]) -> None:
        """Draws these wires to where the boxes are for the moment."""
        self._routed.hold(held)
        width, height, boxes = self._metrics.width, self._metrics.height, self._boxes()
        rects = ((x, x + width, y, y + height) for x, y in ((box.x(), box.y()) for box in boxes))
        self._lead(held, Obstacles(rects))

    def remove(self) -> None:
        self._match({}, {})
        self._scene.removeItem(self.header)

    # Inside

    def _boxes(self) -> Iterable[NodeItem]:
        return (self._scene.nodes[self._lane, node] for node in self._picture.boxes)

    def _match(self, boxes: Mapping[str, BoxPicture], wires: Mapping[Wire, str]) -> set[str]:
        """One item for everything that is in the picture, none for what is gone; the boxes whose wires are others."""
        scene, nodes, lane = self._scene, self._scene.nodes, self._lane
        afar = scene.kit.detail is Detail.BOXES
        gone = self._standing.keys() - boxes
        if gone:
            self._obstacles = None
            self._standing = {node: stands for node, stands in self._standing.items() if node not in gone}
        for node in gone:
            scene.removeItem(nodes.pop((lane, node)))
        cut = self._wires.keys() - wires
        for wire in cut:
            del self._wires[wire]
            scene.removeItem(scene.wires.pop((lane, wire)))
        made: list[NodeItem | WireItem] = []
        for node, box in boxes.items():
            if node not in self._standing:
                new = nodes[lane, node] = NodeItem(lane, box, self._metrics, scene.kit)
                made.append(new)
        for wire in wires:
            if wire not in self._wires:
                item = self._wires[wire] = scene.wires[lane, wire] = WireItem(lane, wire, scene.kit)
                made.append(item)
        for one in made:
            one.setVisible(not afar)
            scene.addItem(one)
        if made or gone or cut:
            scene.overview.refresh()
        others = [*cut, *(item.wire for item in made if isinstance(item, WireItem))]
        return {end for wire in others for end in (wire.start, wire.end) if end in boxes}

    def _show_boxes(self, nodes: Iterable[str]) -> None:
        picture = self._picture
        for node in nodes:
            self._scene.nodes[self._lane, node].show(picture.boxes[node], self._metrics, picture.taken[node])

    def _stand(self, moved: Collection[str], shown: Collection[str]) -> None:
        """Puts boxes where they belong, and notes that and how many inputs they show, where it is another number."""
        nodes, lane, places, boxes = self._scene.nodes, self._lane, self._picture.places, self._picture.boxes
        others = [node for node in shown if node not in moved and self._standing[node][1] != boxes[node].inputs]
        if not moved and not others:
            return
        (across, down), row = self._metrics.place((1.0, 1.0)), self._row
        width, height = self._metrics.width, self._metrics.height
        self._standing = standing = dict(self._standing)
        if moved:
            self._scene.overview.refresh()
        for node in moved:
            item, (x, y) = nodes[lane, node], places[node]
            left, top = x * across, row + y * down
            if item.x() != left or item.y() != top:
                item.setPos(left, top)
            standing[node] = (left, left + width, top, top + height), boxes[node].inputs
            self._obstacles = None
        for node in others:
            standing[node] = standing[node][0], boxes[node].inputs

    def _lead_stale(self) -> None:
        if stale := self._routed.stale(self._standing, self._wires):
            if self._obstacles is None:
                self._obstacles = Obstacles(rect for rect, _ in self._standing.values())
            self._lead(stale, self._obstacles)

    def _lead(self, items: Iterable[WireItem], obstacles: Obstacles) -> None:
        labels, font, nodes, lane = self._picture.wires, self._metrics.small, self._scene.nodes, self._lane
        for item in items:
            wire = item.wire
            ends: tuple[QPointF, QPointF] = nodes[lane, wire.start].port(OUT), nodes[lane, wire.end].port(wire.number)
            item.ends = ends
            item.show(route(*ends, obstacles), labels[wire], font)
        self._scene.overview.refresh()


def _unlike(now: Mapping[K, V], was: Mapping[K, V]) -> set[K]:
    """The keys that have another value now; what is the same object is not compared."""
    if now is was:
        return set()
    return {key for key, value in now.items() if (old := was.get(key)) is not value and old != value}

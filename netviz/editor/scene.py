"""The drawn networks of a document: one row for each lane, redrawn only where something changed."""

from PySide6.QtCore import QObject, QRectF
from PySide6.QtWidgets import QGraphicsScene

from netviz.document.document import Change, Document
from netviz.editor.boxes import LanePicture, picture
from netviz.editor.metrics import MARGIN, Metrics, metrics
from netviz.editor.node_item import NodeItem
from netviz.editor.wire_item import LaneItem, WireItem

LEAST_BETWEEN, MOST_BETWEEN = 12.0, 40.0  # pixels between lanes


class NetworkScene(QGraphicsScene):
    """Items by lane and node, and the arithmetic of where they stand."""

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._room = (900.0, 330.0)
        self.pictures: list[LanePicture] = []
        self.nodes: dict[tuple[int, str], NodeItem] = {}  # by lane and box
        self._wires: dict[tuple[int, str, str], WireItem] = {}
        self._headers: dict[int, LaneItem] = {}
        self._tops: list[float] = []
        self.metrics: Metrics = metrics([], self._room[0])
        self.refresh(Change(None, frozenset(), "all"))

    def refresh(self, change: Change) -> None:
        """Takes over what `change` says is new."""
        lanes = self._document.lanes()
        some = change.lane is not None and len(self.pictures) == len(lanes)
        for index, lane in enumerate(lanes):
            if some and index != change.lane:
                continue
            name = lane.variant if len(lanes) > 1 else lane.name
            made = picture(lane, self._document.structure(index), self._document.lane_problems(index), name)
            self.pictures[index : index + 1] = [made]
        del self.pictures[len(lanes) :]
        self._place()

    def make_room(self, width: float, height: float) -> None:
        """Spreads the boxes over a view of this size."""
        self._room = width, height
        self._place()

    def content(self) -> QRectF:
        """What a view should show: boxes and names."""
        found = QRectF()
        for item in self.nodes.values():
            found |= item.mapRectToScene(item.rect())
        for top in self._tops:
            found |= QRectF(found.left(), top, 1, 1)
        return found

    def box_of(self, lane: int, node: str) -> NodeItem | None:
        """The box in which a node is drawn."""
        for (index, _), item in self.nodes.items():
            if index == lane and node in item.picture.box.nodes:
                return item
        return None

    def connect_wires(self, lane: int) -> None:
        """Draws a lane's wires to where its boxes are now."""
        for (source, target), label in self.pictures[lane].wires.items():
            start, end = self.nodes[lane, source].port(True), self.nodes[lane, target].port(False)
            self._wires[lane, source, target].show(start, end, label, self.metrics.small)

    def lane_place(self, item: NodeItem) -> tuple[float, float]:
        """Where a box stands now, in the units of a project's layout."""
        return self.metrics.unplace(item.x(), item.y() - self._row(item.lane))

    def _place(self) -> None:
        self._match()
        self.metrics = metrics(self.pictures, self._room[0])
        heights = [self._height(lane) for lane in self.pictures]
        spare = (self._room[1] - 2 * MARGIN) / self._zoom() - sum(heights)
        between = min(MOST_BETWEEN, max(LEAST_BETWEEN, spare / max(len(heights), 1)))
        top, self._tops = 0.0, []
        for index, lane in enumerate(self.pictures):
            self._tops.append(top)
            for node, at in lane.places.items():
                item = self.nodes[index, node]
                item.show(lane.boxes[node], self.metrics)
                item.ports = (any(t == node for _, t in lane.wires), any(s == node for s, _ in lane.wires))
                x, y = self.metrics.place(at)
                item.setPos(x, self._row(index) + y)
            self.connect_wires(index)
            left = min((self.nodes[index, node].x() for node in lane.places), default=0.0)
            width = max(self._room[0] - 2 * MARGIN, 120.0)
            self._headers[index].setPos(left, top)
            self._headers[index].show(lane.name, lane.note, lane.problem, width, self.metrics)
            top += heights[index] + between

    def _zoom(self) -> float:
        """How far a view must zoom out to show the longest lane."""
        xs = [at[0] for lane in self.pictures for at in lane.places.values()] or [0.0]
        width = self.metrics.place((max(xs) - min(xs), 0.0))[0] + self.metrics.width
        return min(1.0, (self._room[0] - 2 * MARGIN) / width)

    def _row(self, lane: int) -> float:
        """Scene y of a lane's layout y of 0."""
        least = min((at[1] for at in self.pictures[lane].places.values()), default=0.0)
        return self._tops[lane] + self.metrics.header - self.metrics.place((0.0, least))[1]

    def _height(self, lane: LanePicture) -> float:
        ys = [self.metrics.place(at)[1] for at in lane.places.values()]
        return self.metrics.header + self.metrics.height + (max(ys) - min(ys) if ys else 0.0)

    def _match(self) -> None:
        """One item for everything that is in the pictures, none for what is gone."""
        boxes = {(i, node): box for i, lane in enumerate(self.pictures) for node, box in lane.boxes.items()}
        wires = {(i, *ends) for i, lane in enumerate(self.pictures) for ends in lane.wires}
        for table, wanted in ((self.nodes, boxes), (self._wires, wires), (self._headers, range(len(self.pictures)))):
            for key in [key for key in table if key not in wanted]:
                self.removeItem(table.pop(key))
        for key, box in boxes.items():
            if key not in self.nodes:
                self.nodes[key] = NodeItem(key[0], box, self.metrics)
                self.addItem(self.nodes[key])
        for key in wires:
            if key not in self._wires:
                self._wires[key] = WireItem()
                self.addItem(self._wires[key])
        for index in range(len(self.pictures)):
            if index not in self._headers:
                self._headers[index] = LaneItem(index)
                self.addItem(self._headers[index])

    @property
    def wires(self) -> dict[tuple[int, str, str], WireItem]:
        return self._wires

    @property
    def headers(self) -> dict[int, LaneItem]:
        return self._headers

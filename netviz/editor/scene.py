"""The drawn networks of a document: one row for each lane, redrawn only where something changed."""

from collections.abc import Iterable

from PySide6.QtCore import QObject, QPointF, QRectF
from PySide6.QtWidgets import QGraphicsScene

from netviz.document.document import Change, Document
from netviz.editor.boxes import LanePicture, Wire, picture
from netviz.editor.kit import Kit
from netviz.editor.metrics import MARGIN, Detail, Metrics, metrics
from netviz.editor.node_item import OUT, NodeItem
from netviz.editor.overview import Overview
from netviz.editor.routing import Obstacles, Route, route
from netviz.editor.wire_item import LaneItem, WireItem

THIN = 0.75  # zoom below which a wire is one pixel wide
LEAST_BETWEEN, MOST_BETWEEN = 12.0, 40.0  # pixels between lanes


class NetworkScene(QGraphicsScene):
    """Items by lane and node, and the arithmetic of where they stand."""

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # Most of what there is is in view most of the time, and a tree would be built anew at every drag.
        self.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self._document = document
        self._room = (900.0, 330.0)
        self.kit = Kit()
        self.overview = Overview(self)
        self.addItem(self.overview)
        self.pictures: list[LanePicture] = []
        self.nodes: dict[tuple[int, str], NodeItem] = {}  # by lane and box
        self.wires: dict[tuple[int, Wire], WireItem] = {}
        self.headers: dict[int, LaneItem] = {}
        self._content = QRectF()
        self._routed: dict[int, list[tuple[float, float]]] = {}  # where a lane's boxes were when all wires were drawn
        self._rows: list[float] = []  # scene y of each lane's layout y of 0
        self.metrics: Metrics = metrics([], self._room[0])
        self.refresh(Change(None, frozenset(), "all"))

    # What changed

    def refresh(self, change: Change) -> None:
        """Takes over what `change` says is new."""
        lanes = self._document.lanes()
        some = change.lane is not None and len(self.pictures) == len(lanes)
        if len(self.pictures) != len(lanes) or change.section in ("all", "lanes"):
            self._rows = []
        shape = self._document.data_shape()
        for index, lane in enumerate(lanes):
            if some and index != change.lane:
                continue
            name = lane.variant if len(lanes) > 1 else lane.name
            problems = self._document.lane_problems(index)
            made = picture(lane, self._document.structure(index), problems, name, shape)
            self.pictures[index : index + 1] = [made]
        del self.pictures[len(lanes) :]
        self._place(keep=bool(self._rows))

    def make_room(self, width: float, height: float) -> None:
        """Spreads the boxes over a view of this size."""
        self._room = width, height
        self._place(keep=False)

    def show_detail(self, zoom: float) -> None:
        old, self.kit.detail, self.kit.thin = self.kit.detail, Detail.at(zoom), zoom < THIN
        if (old is Detail.BOXES) != (self.kit.detail is Detail.BOXES):
            self._show_items()

    def _show_items(self) -> None:
        """From afar the overview stands for the boxes and wires."""
        afar = self.kit.detail is Detail.BOXES
        self.overview.setVisible(afar)
        for item in (*self.nodes.values(), *self.wires.values()):
            item.setVisible(not afar)

    # Where things are

    def content(self) -> QRectF:
        """What a view should show: boxes and names, where they are at rest."""
        return QRectF(self._content)

    def box_of(self, lane: int, node: str) -> NodeItem | None:
        """The box in which a node is drawn."""
        if not 0 <= lane < len(self.pictures):
            return None
        return self.nodes.get((lane, self.pictures[lane].homes.get(node, "")))

    def box_at(self, point: QPointF, but: Iterable[NodeItem] = ()) -> NodeItem | None:
        """The box under a point; the last drawn lies on top."""
        x, y, found = point.x(), point.y(), None
        width, height = self.metrics.width, self.metrics.height
        for item in self.nodes.values():
            if 0 <= x - item.x() <= width and 0 <= y - item.y() <= height and item not in but:
                found = item
        return found

    def port_at(self, point: QPointF, near: float) -> tuple[NodeItem, int] | None:
        """The box and the number of the nearest port within `near`."""
        x, y, width, height = point.x(), point.y(), self.metrics.width, self.metrics.height
        best: tuple[float, NodeItem, int] | None = None
        for item in self.nodes.values():
            across, down = x - item.x(), y - item.y()
            if not (-near <= across <= width + near and -near <= down <= height + near):
                continue
            for number in item.ports():
                gap = (item.port(number) - point).manhattanLength()
                if gap <= near and (best is None or gap < best[0]):
                    best = gap, item, number
        return None if best is None else best[1:]

    def wire_at(self, point: QPointF, near: float, lane: int | None = None) -> WireItem | None:
        """The nearest wire within `near`."""
        best, found = near, None
        for (index, _), item in self.wires.items():
            if lane in (None, index) and (gap := item.distance(point, near)) <= best:
                best, found = gap, item
        return found

    def wire_into(self, item: NodeItem, number: int) -> WireItem | None:
        """The wire that comes to an input of a box."""
        end = item.lane, item.picture.box.node, number
        return next((i for (lane, w), i in self.wires.items() if (lane, w.end, w.number) == end), None)

    def wires_of(self, lane: int, boxes: Iterable[str]) -> list[WireItem]:
        """The wires that touch one of these boxes."""
        among = set(boxes)
        return [
            item
            for (index, wire), item in self.wires.items()
            if index == lane and not among.isdisjoint((wire.start, wire.end))
        ]

    def lane_at(self, point: QPointF) -> int:
        """The lane in whose row a point lies, or that comes nearest to it."""
        tops = [header.y() for _, header in sorted(self.headers.items())]
        return max((i for i, top in enumerate(tops) if top <= point.y()), default=0)

    def scene_place(self, lane: int, place: tuple[float, float]) -> QPointF:
        """The top left of a box at a place of the lane's layout."""
        x, y = self.metrics.place(place)
        return QPointF(x, self._rows[lane] + y)

    def layout_place(self, lane: int, at: QPointF) -> tuple[float, float]:
        """The place in the lane's layout of a box with its top left here."""
        return self.metrics.unplace(at.x(), at.y() - self._rows[lane])

    def connect_wires(self, lane: int, items: Iterable[WireItem] | None = None) -> None:
        """Draws a lane's wires, or some of them, to where the boxes are now."""
        here = [item for (index, _), item in self.nodes.items() if index == lane]
        standing = [(item.x(), item.y()) for item in here]
        still = items is None and self._routed.get(lane) == standing
        if items is None:
            self._routed[lane] = standing
            items = [item for (index, _), item in self.wires.items() if index == lane]
        else:
            self._routed.pop(lane, None)
        obstacles, labels = Obstacles(item.rect().translated(item.pos()) for item in here), self.pictures[lane].wires
        for item in items:
            wire = item.wire
            start = self.nodes[lane, wire.start].port(OUT)
            end = self.nodes[lane, wire.end].port(wire.number)
            same = still and item.ends == (start, end)
            found = Route(item.path(), item.below) if same else route(start, end, obstacles)
            item.ends = start, end
            item.show(found.path, labels[wire], self.metrics.small, found.below)
        self.overview.refresh()

    # Inside

    def _place(self, keep: bool) -> None:
        old = self.metrics
        self.metrics = metrics(self.pictures, self._room[0], self.metrics if keep else None)
        if self.metrics is not old:
            self.kit.forget_words()
            if self.metrics != old:
                keep = False
        self._match()
        self._rows = self._kept_rows() if keep and len(self._rows) == len(self.pictures) else self._new_rows()
        for index, lane in enumerate(self.pictures):
            taken: dict[str, set[int]] = {node: set() for node in lane.boxes}
            for wire in lane.wires:
                taken[wire.start].add(OUT)
                taken[wire.end].add(wire.number)
            for node, at in lane.places.items():
                item = self.nodes[index, node]
                item.show(lane.boxes[node], self.metrics, frozenset(taken[node]))
                item.setPos(self.scene_place(index, at))
            self.connect_wires(index)
            left = min((self.nodes[index, node].x() for node in lane.places), default=0.0)
            width = max(self._room[0] - 2 * MARGIN, 120.0)
            self.headers[index].setPos(left, self._top(index))
            self.headers[index].show(lane.name, lane.note, lane.problem, width, self.metrics)
        self._content = self._measured()
        if self.kit.detail is Detail.BOXES:
            self._show_items()

    def _measured(self) -> QRectF:
        if not self.nodes:  # the room of the view, so that names stand at its top
            return QRectF(0, 0, self._room[0] - 2 * MARGIN, self._room[1] - 2 * MARGIN)
        found = QRectF()
        for item in self.nodes.values():
            found |= item.rect().translated(item.pos())
        for header in self.headers.values():
            found |= QRectF(found.left(), header.y(), 1, 1)
        return found

    def _extent(self, lane: int) -> tuple[float, float]:
        """From above the header to the lowest box, relative to the lane's row."""
        ys = [self.metrics.place(at)[1] for at in self.pictures[lane].places.values()] or [0.0]
        return min(ys) - self.metrics.header, max(ys) + self.metrics.height

    def _top(self, lane: int) -> float:
        return self._rows[lane] + self._extent(lane)[0]

    def _new_rows(self) -> list[float]:
        """Lanes one under the other, with the room that there is between them."""
        extents = [self._extent(lane) for lane in range(len(self.pictures))]
        spare = (self._room[1] - 2 * MARGIN) / self._zoom() - sum(bottom - top for top, bottom in extents)
        between = min(MOST_BETWEEN, max(LEAST_BETWEEN, spare / max(len(extents), 1)))
        rows, at = [], 0.0
        for top, bottom in extents:
            rows.append(at - top)
            at += bottom - top + between
        return rows

    def _kept_rows(self) -> list[float]:
        """Every lane where it was, so that an edit moves nothing else; one that has grown pushes those below it."""
        rows: list[float] = []
        least = float("-inf")
        for lane, row in enumerate(self._rows):
            top, bottom = self._extent(lane)
            rows.append(max(row, least - top))
            least = rows[-1] + bottom + LEAST_BETWEEN
        return rows

    def _zoom(self) -> float:
        """How far a view must zoom out to show the longest lane."""
        xs = [at[0] for lane in self.pictures for at in lane.places.values()] or [0.0]
        width = self.metrics.place((max(xs) - min(xs), 0.0))[0] + self.metrics.width
        return min(1.0, (self._room[0] - 2 * MARGIN) / width)

    def _match(self) -> None:
        """One item for everything that is in the pictures, none for what is gone."""
        boxes = {(i, node): box for i, lane in enumerate(self.pictures) for node, box in lane.boxes.items()}
        wires = {(i, wire) for i, lane in enumerate(self.pictures) for wire in lane.wires}
        for table, wanted in ((self.nodes, boxes), (self.wires, wires), (self.headers, range(len(self.pictures)))):
            for key in [key for key in table if key not in wanted]:
                self.removeItem(table.pop(key))
        for key, box in boxes.items():
            if key not in self.nodes:
                self.nodes[key] = NodeItem(key[0], box, self.metrics, self.kit)
                self.addItem(self.nodes[key])
        for lane, wire in wires:
            if (lane, wire) not in self.wires:
                self.wires[lane, wire] = WireItem(lane, wire, self.kit)
                self.addItem(self.wires[lane, wire])
        for index in range(len(self.pictures)):
            if index not in self.headers:
                self.headers[index] = LaneItem(index)
                self.addItem(self.headers[index])

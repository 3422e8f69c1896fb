"""The drawn networks of a document: one row for each lane, redrawn only where something changed."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from PySide6.QtCore import QObject, QPointF, QRectF, QSizeF, Signal
from PySide6.QtGui import QRegion
from PySide6.QtWidgets import QGraphicsScene, QGraphicsSceneHelpEvent, QToolTip

from netviz.document.document import Change, Document
from netviz.editor.boxes import LanePicture, Wire, picture
from netviz.editor.kit import Kit
from netviz.editor.lane_items import LaneItems
from netviz.editor.metrics import LEAST_BETWEEN, LEAST_FIT, MARGIN, MOST_BETWEEN, Detail, Metrics, metrics, spread
from netviz.editor.node_item import NodeItem
from netviz.editor.overview import Overview
from netviz.editor.wire_item import TOUCH, LaneItem, WireItem


class NetworkScene(QGraphicsScene):
    """Items by lane and node, and the arithmetic of where they stand."""

    detail_changed = Signal()  # more of each box can be read, or less

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # Most of what there is is in view most of the time, and a tree would be built anew at every drag.
        self.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self._document = document
        self._room = (900.0, 330.0)
        self._corner = 0.0  # pixels of the view's first line that are not for the first lane's name
        self.pictured = False  # whether boxes hold pictures
        self.kit = Kit()
        self.overview = Overview(self)
        self.addItem(self.overview)
        self.pictures: list[LanePicture] = []
        self._lanes: list[LaneItems] = []
        self.nodes: dict[tuple[int, str], NodeItem] = {}  # by lane and box
        self.wires: dict[tuple[int, Wire], WireItem] = {}
        self.headers: dict[int, LaneItem] = {}  # by lane
        self._content = QRectF()
        self._drawn: dict[int, object] = {}  # by lane, what its picture was made of
        self._told: dict[int, str] = {}  # by lane, what tells it from the others
        self.exposed: QRegion | None = None  # what is being painted of a view, where that is known
        self._gathered: list[QRectF] | None = None  # what is to be painted anew, while it is gathered
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
            self._drawn.clear()
        shape, before, apart = self._document.data_shape(), list(self.pictures), self._document.apart()
        for index, lane in enumerate(lanes):
            if some and index != change.lane and apart[index] == self._told.get(index):
                continue  # an edit of one lane may tell it from the others
            name = lane.variant if len(lanes) > 1 else lane.name
            problems = self._document.lane_problems(index)
            self._told[index] = apart[index]
            drawn = lane.graph, lane.layout, lane.data, shape, problems, name, apart[index]
            if self._drawn.get(index) != drawn:
                self._drawn[index] = drawn
                was = before[index] if index < len(before) else None
                made = picture(lane, self._document.structure(index), problems, name, shape, apart[index], was)
                self.pictures[index : index + 1] = [made]
        del self.pictures[len(lanes) :]
        self._place(keep=bool(self._rows))

    def make_room(self, width: float, height: float) -> None:
        """Spreads the boxes over a view of this size."""
        self._room = width, height
        self._place(keep=False)

    def show_detail(self, zoom: float) -> None:
        old = self.kit.detail
        self.kit.stand_at(zoom)
        if (old is Detail.BOXES) != (self.kit.detail is Detail.BOXES):
            self._show_items()
        if old is not self.kit.detail:
            self.detail_changed.emit()

    def hold_pictures(self, pictured: bool) -> None:
        """Boxes grow to hold a picture, or shrink to their words; a view should fit them anew."""
        if pictured != self.pictured:
            self.pictured = pictured
            self._place(keep=False)

    def keep_corner(self, width: float) -> None:
        """Leaves so much at the right end of the first line to something else."""
        if width != self._corner:
            self._corner = width
            if self.headers:
                self._show_header(0)

    def _show_items(self) -> None:
        """From afar the overview stands for the boxes and wires."""
        afar = self.kit.detail is Detail.BOXES
        self.overview.setVisible(afar)
        for item in (*self.nodes.values(), *self.wires.values()):
            item.setVisible(not afar)

    def redraw(self, area: QRectF, but: QRectF | None = None) -> None:
        """What lies in `area`, and not in `but`, is painted anew with whatever else the window has to paint."""
        if self._gathered is not None and but is None:
            self._gathered.append(area)
            return
        for view in self.views():
            place = view.viewportTransform()
            # What is laid on pixels may reach over the edge by one.
            onto = place.mapRect(area).toAlignedRect().adjusted(-1, -1, 1, 1)
            if but is None:
                view.viewport().update(onto)
            else:
                view.viewport().update(QRegion(onto) - place.mapRect(but).toAlignedRect().adjusted(2, 2, -2, -2))

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Items that change meanwhile are marked together at the end: where the view stands is asked once."""
        self._gathered = areas = list[QRectF]()
        try:
            yield
        finally:
            self._gathered = None
            for view in self.views() if areas else ():
                mapped, update = view.viewportTransform().mapRect, view.viewport().update
                for area in areas:
                    update(mapped(area).toAlignedRect().adjusted(-1, -1, 1, 1))

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
            if item.left <= x <= item.left + width and item.top <= y <= item.top + height and item not in but:
                found = item
        return found

    def port_at(self, point: QPointF, near: float) -> tuple[NodeItem, int] | None:
        """The box and the number of the nearest port within `near`."""
        x, y, width, height = point.x(), point.y(), self.metrics.width, self.metrics.height
        best: tuple[float, NodeItem, int] | None = None
        for item in self.nodes.values():
            if not (-near <= x - item.left <= width + near and -near <= y - item.top <= height + near):
                continue
            for number in item.ports():
                gap = (item.port(number) - point).manhattanLength()
                if gap <= near and (best is None or gap < best[0]):
                    best = gap, item, number
        return None if best is None else best[1:]

    def wire_at(self, point: QPointF, near: float, lane: int | None = None) -> WireItem | None:
        """The nearest wire within `near`."""
        best, found, x, y = near, None, point.x(), point.y()
        for (index, _), item in self.wires.items():
            left, right, top, bottom = item.reach
            if left - near <= x <= right + near and top - near <= y <= bottom + near and lane in (None, index):
                gap = item.distance(point, near)
                if gap <= best:
                    best, found = gap, item
        return found

    def helpEvent(self, event: QGraphicsSceneHelpEvent) -> None:
        """What lies under the pointer says what it is; the words are made when they are wanted."""
        point, near = event.scenePos(), TOUCH / 2
        if (box := self.box_at(point)) is not None:
            box.toolTip()
        wire = self.wire_at(point, near) if box is None else None
        if wire is not None and (words := wire.point_at(point, near)):
            QToolTip.showText(event.screenPos(), words, event.widget())
        else:
            super().helpEvent(event)

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

    def connect_wires(self, lane: int, held: Sequence[WireItem]) -> None:
        """Draws some of a lane's wires to where the boxes are for the moment."""
        self._lanes[lane].lead(held)

    # Inside

    def _show_header(self, lane: int) -> None:
        now, width = self.pictures[lane], max(self._room[0] - 2 * MARGIN, 120.0)
        if lane == 0 and self._corner:
            width = max(120.0, min(width, self._left_of_corner()))
        self.headers[lane].show(now.name, now.note, now.problem, width, self.metrics)

    @property
    def _tall(self) -> float | None:
        return self._room[1] if self.pictured else None

    def _left_of_corner(self) -> float:
        """From where names begin to what lies in the view's corner, in a view that shows everything, in the middle."""
        (width, height), content = self._room, self._content
        if content.isEmpty():
            return width
        zoom = min(1.0, (width - 2 * MARGIN) / content.width(), (height - 2 * MARGIN) / content.height())
        zoom = max(LEAST_FIT, zoom)
        return (width - max(MARGIN, (width - zoom * content.width()) / 2) - self._corner - MARGIN) / zoom

    def _place(self, keep: bool) -> None:
        new = metrics(self.pictures, self._room[0], self.metrics if keep else None, self._tall)
        if new != self.metrics:
            self.metrics, keep = new, False
            self.kit.forget_words()
        rows = self._kept_rows() if keep and len(self._rows) == len(self.pictures) else self._new_rows()
        elsewhere, self._rows = self._take(rows), rows
        if elsewhere or not self.nodes:
            for lane, items in enumerate(self._lanes):
                items.header.setPos(self.metrics.place(self.pictures[lane].corners[0])[0], self._top(lane))
            self._content = self._measured()
        for lane in range(len(self._lanes)):
            self._show_header(lane)

    def _take(self, rows: list[float]) -> bool:
        """Hands each lane's items its picture; says whether something stands elsewhere than before."""
        elsewhere = len(self._lanes) != len(self.pictures)
        while len(self._lanes) > len(self.pictures):
            self.headers.pop(len(self._lanes) - 1)
            self._lanes.pop().remove()
        for lane, (made, row) in enumerate(zip(self.pictures, rows, strict=True)):
            if lane == len(self._lanes):
                self._lanes.append(LaneItems(self, lane, made, self.metrics, row))
                self.headers[lane] = self._lanes[lane].header
            else:
                elsewhere |= self._lanes[lane].take(made, self.metrics, row)
        return elsewhere

    def _measured(self) -> QRectF:
        if not self.nodes:  # the room of the view, so that names stand at its top
            return QRectF(0, 0, self._room[0] - 2 * MARGIN, self._room[1] - 2 * MARGIN)
        found = QRectF()
        for lane, row in zip(self.pictures, self._rows, strict=True):
            if lane.places:
                (left, top), (right, bottom) = map(self.metrics.place, lane.corners)
                size = QSizeF(right - left + self.metrics.width, bottom - top + self.metrics.height)
                found |= QRectF(QPointF(left, row + top), size)
        for header in self.headers.values():
            found |= QRectF(found.left(), header.y(), 1, 1)
        return found

    def _extent(self, lane: int) -> tuple[float, float]:
        """From above the header to the lowest box, relative to the lane's row."""
        (_, top), (_, bottom) = map(self.metrics.place, self.pictures[lane].corners)
        return top - self.metrics.header, bottom + self.metrics.height

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
        width = self.metrics.place((spread(self.pictures), 0.0))[0] + self.metrics.width
        return min(1.0, (self._room[0] - 2 * MARGIN) / width)

"""The drawn networks of a document: one row for each lane, redrawn only where something changed."""

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import QObject, QPointF, QRectF, Signal
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QGraphicsSceneHelpEvent, QToolTip

from netviz.document.document import Change, Document
from netviz.editor.boxes import OUT, BoxPicture, LanePicture, Wire, picture
from netviz.editor.kit import Kit
from netviz.editor.metrics import LEAST_BETWEEN, LEAST_FIT, MARGIN, MOST_BETWEEN, Detail, Metrics, metrics
from netviz.editor.node_item import NodeItem
from netviz.editor.overview import Overview
from netviz.editor.routed import Routed
from netviz.editor.routing import Obstacles, Rect, route
from netviz.editor.wire_item import TOUCH, LaneItem, WireItem

THIN = 0.75  # zoom below which a wire is one pixel wide


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
        self._matched: list[LanePicture] = []  # those that the items are of
        self.nodes: dict[tuple[int, str], NodeItem] = {}  # by lane and box
        self.wires: dict[tuple[int, Wire], WireItem] = {}
        self.headers: dict[int, LaneItem] = {}
        self.rings: Mapping[tuple[int, str], QGraphicsItem] = {}  # lights, by lane and box; not part of the drawing
        self._content = QRectF()
        self._routed: dict[int, Routed] = {}  # by lane
        self._drawn: dict[int, object] = {}  # by lane, what its picture was made of
        self._told: dict[int, str] = {}  # by lane, what tells it from the others
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
                made = picture(lane, self._document.structure(index), problems, name, shape, apart[index])
                self.pictures[index : index + 1] = [made]
        del self.pictures[len(lanes) :]
        if self._rows and self._stands_like(before):
            for index, was in enumerate(before):
                self._rewrite(index, was)
        else:
            self._place(keep=bool(self._rows))

    def make_room(self, width: float, height: float) -> None:
        """Spreads the boxes over a view of this size."""
        self._room = width, height
        self._place(keep=False)

    def show_detail(self, zoom: float) -> None:
        old, self.kit.detail, self.kit.thin = self.kit.detail, Detail.at(zoom), zoom < THIN
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

    def helpEvent(self, event: QGraphicsSceneHelpEvent) -> None:
        """A single weight says what it is; its words are made when they are wanted."""
        point, near = event.scenePos(), TOUCH / 2
        wire = self.wire_at(point, near) if self.box_at(point) is None else None
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
        self._routed.setdefault(lane, Routed()).hold(held)
        self._lead(lane, held, Obstacles(rect for rect, _ in self._standing(lane).values()))

    # Inside

    def _standing(self, lane: int) -> dict[str, tuple[Rect, int]]:
        """Where the boxes of a lane are now, and how many inputs they show."""
        width, height, found = self.metrics.width, self.metrics.height, {}
        for (index, node), item in self.nodes.items():
            if index == lane:
                x, y = item.x(), item.y()
                found[node] = (x, x + width, y, y + height), item.picture.inputs
        return found

    def _show_wires(self, lane: int) -> None:
        """Leads the wires anew that need it, and writes beside the others where their shape is another one."""
        standing, labels, font = self._standing(lane), self.pictures[lane].wires, self.metrics.small
        items = [self.wires[lane, wire] for wire in labels]
        if stale := self._routed.setdefault(lane, Routed()).stale(standing, items):
            self._lead(lane, stale, Obstacles(rect for rect, _ in standing.values()))
        for item, label in zip(items, labels.values(), strict=True):
            if item.label != label:
                item.show(item.route, label, font)

    def _lead(self, lane: int, items: Iterable[WireItem], obstacles: Obstacles) -> None:
        labels, font = self.pictures[lane].wires, self.metrics.small
        for item in items:
            wire = item.wire
            item.ends = self.nodes[lane, wire.start].port(OUT), self.nodes[lane, wire.end].port(wire.number)
            item.show(route(*item.ends, obstacles), labels[wire], font)
        self.overview.refresh()

    def _stands_like(self, before: list[LanePicture]) -> bool:
        """Whether everything is where it was in the pictures `before`, and has room for its words there."""
        return (
            len(before) == len(self.pictures)
            and all(now.stands_like(was) for now, was in zip(self.pictures, before, strict=True))
            and not any(routed.held for routed in self._routed.values())
            and metrics(self.pictures, self._room[0], self.metrics, self._tall) is self.metrics
        )

    def _rewrite(self, lane: int, was: LanePicture) -> None:
        """Takes over words and colours where they are not as they were."""
        now, font = self.pictures[lane], self.metrics.small
        for node, box in now.boxes.items():
            if box is not was.boxes[node]:
                self.nodes[lane, node].show(box, self.metrics, now.taken[node])
        for (wire, label), old in zip(now.wires.items(), was.wires.values(), strict=True):
            if label != old:
                item = self.wires[lane, wire]
                item.show(item.route, label, font)
        self._show_header(lane)

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
            self._routed.clear()
        self._match()
        self._rows = self._kept_rows() if keep and len(self._rows) == len(self.pictures) else self._new_rows()
        for index, lane in enumerate(self.pictures):
            row, (across, down) = self._rows[index], self.metrics.place((1.0, 1.0))
            for node, (x, y) in lane.places.items():
                item, box, taken = self.nodes[index, node], lane.boxes[node], lane.taken[node]
                if item.picture is not box or item.metrics is not self.metrics or item.taken != taken:
                    item.show(box, self.metrics, taken)
                if item.x() != x * across or item.y() != row + y * down:
                    item.setPos(x * across, row + y * down)
            self._show_wires(index)
            left = min((self.nodes[index, node].x() for node in lane.places), default=0.0)
            self.headers[index].setPos(left, self._top(index))
            self._show_header(index)
        self._content = self._measured()
        if self._corner and self.headers:
            self._show_header(0)
        if self.kit.detail is Detail.BOXES:
            self._show_items()

    def _measured(self) -> QRectF:
        if not self.nodes:  # the room of the view, so that names stand at its top
            return QRectF(0, 0, self._room[0] - 2 * MARGIN, self._room[1] - 2 * MARGIN)
        xs, ys = [item.x() for item in self.nodes.values()], [item.y() for item in self.nodes.values()]
        width, height = self.metrics.width, self.metrics.height
        found = QRectF(QPointF(min(xs), min(ys)), QPointF(max(xs) + width, max(ys) + height))
        for header in self.headers.values():
            found |= QRectF(found.left(), header.y(), 1, 1)
        return found

    def _extent(self, lane: int) -> tuple[float, float]:
        """From above the header to the lowest box, relative to the lane's row."""
        ys = [y for _, y in self.pictures[lane].places.values()] or [0.0]
        top, bottom = (self.metrics.place((0.0, y))[1] for y in (min(ys), max(ys)))
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
        xs = [at[0] for lane in self.pictures for at in lane.places.values()] or [0.0]
        width = self.metrics.place((max(xs) - min(xs), 0.0))[0] + self.metrics.width
        return min(1.0, (self._room[0] - 2 * MARGIN) / width)

    def _match(self) -> None:
        """One item for everything that is in the pictures, none for what is gone."""
        for index in range(max(len(self._matched), len(self.pictures))):
            old, new = (table[index] if index < len(table) else None for table in (self._matched, self.pictures))
            if old is None:
                self.headers[index] = LaneItem(index)
                self.addItem(self.headers[index])
            elif new is None:
                self.removeItem(self.headers.pop(index))
            self._match_boxes(index, old.boxes if old else {}, new.boxes if new else {})
            self._match_wires(index, old.wires if old else {}, new.wires if new else {})
        self._matched = list(self.pictures)

    def _match_boxes(self, lane: int, old: Mapping[str, BoxPicture], new: Mapping[str, BoxPicture]) -> None:
        for node in old.keys() - new.keys():
            self.removeItem(self.nodes.pop((lane, node)))
            self.overview.refresh()
        for node, box in new.items():
            if node not in old:
                item = self.nodes[lane, node] = NodeItem(lane, box, self.metrics, self.kit)
                self.addItem(item)

    def _match_wires(self, lane: int, old: Mapping[Wire, str], new: Mapping[Wire, str]) -> None:
        for wire in old.keys() - new.keys():
            self.removeItem(self.wires.pop((lane, wire)))
            self.overview.refresh()
        for wire in new:
            if wire not in old:
                item = self.wires[lane, wire] = WireItem(lane, wire, self.kit)
                self.addItem(item)

"""What a held button does: one small object for each drag, which lives from the press until the release.

`move` shows what would come of it, `drop` asks the document for it, `cancel` leaves everything as it was.
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt

from netviz.editor.box_picture import Box
from netviz.editor.boxes import Wire
from netviz.editor.kit import Stress
from netviz.editor.node_item import NodeItem
from netviz.editor.selection import Selection
from netviz.editor.snapping import snap
from netviz.editor.wire_item import WireItem

if TYPE_CHECKING:
    from netviz.editor.canvas import Canvas

SNAP, ON_WIRE, ON_PORT = 7.0, 12.0, 9.0  # pixels
Keys = Qt.KeyboardModifier
ADDS = Keys.ShiftModifier | Keys.ControlModifier


class Gesture:
    """Base: nothing happens."""

    cursor: Qt.CursorShape | None = None

    def __init__(self, canvas: "Canvas", at: QPoint) -> None:
        self.canvas, self.scene, self.wishes = canvas, canvas.sheet, canvas.wishes
        self.pressed_at = at
        self.start = canvas.mapToScene(at)
        self._target: WireItem | NodeItem | None = None

    def move(self, at: QPoint, keys: Keys) -> None:
        """The pointer went on, further than a hand trembles."""

    def drop(self, at: QPoint, keys: Keys) -> None:
        """The button was released after a move."""

    def click(self, at: QPoint, keys: Keys) -> None:
        """The button was released where it was pressed."""

    def cancel(self) -> None:
        """Escape, or the window is gone."""
        self.finish()

    def finish(self) -> None:
        self._aim(None)
        self.canvas.preview.clear()
        self.canvas.bubble.hide()

    def _pixels(self, count: float) -> float:
        """So many pixels of the screen, in the scene."""
        return count / self.canvas.zoom

    def _aim(self, target: WireItem | NodeItem | None) -> None:
        """Lights what would take that which is in the hand."""
        if target is self._target:
            return
        if isinstance(self._target, WireItem):
            self._target.emphasise(Stress.NONE)
        elif self._target is not None:
            self._target.hover(None)
        self._target = target
        if isinstance(target, WireItem):
            target.emphasise(Stress.DROP)
        elif target is not None:
            target.hover(target.picture.box.exit)
        self.scene.overview.update()

    @property
    def _wire(self) -> Wire | None:
        return self._target.wire if isinstance(self._target, WireItem) else None

    @property
    def _host(self) -> Box | None:
        return self._target.picture.box if isinstance(self._target, NodeItem) else None

    def _words_of_drop(self, node: str) -> str:
        """What will be done with `node` where it is now."""
        if self._host is not None:
            old = self._host.activation
            return f"{node} takes the place of {old}" if old else f"dock {node} onto {self._host.node}"
        if self._wire is not None:
            return f"insert {node} between {self._wire.source} and {self._wire.target}"
        return ""

    def _find(self, point: QPointF, lane: int, activation: bool, but: tuple[NodeItem, ...]) -> None:
        """What lies under something that is carried: a box for an activation, else a wire."""
        host = self.scene.box_at(point, but) if activation else None
        if host is not None and host.lane == lane and self.wishes.can_host(lane, host.picture.box):
            self._aim(host)
            return
        self._aim(self.scene.wire_at(point, self._pixels(ON_WIRE), lane) if host is None else None)


class Pan(Gesture):
    """The sheet follows the hand."""

    cursor = Qt.CursorShape.ClosedHandCursor

    def __init__(self, canvas: "Canvas", at: QPoint) -> None:
        super().__init__(canvas, at)
        self._centre = canvas.mapToScene(canvas.viewport().rect().center())

    def move(self, at: QPoint, keys: Keys) -> None:
        moved = QPointF(at - self.pressed_at) / self.canvas.zoom
        self.canvas.look_at(self._centre - moved)

    def cancel(self) -> None:
        self.canvas.look_at(self._centre)


class Band(Gesture):
    """A rubber band selects what it touches; with Shift or Ctrl, besides what was selected. A click selects nothing."""

    def __init__(self, canvas: "Canvas", at: QPoint) -> None:
        super().__init__(canvas, at)
        self._before = canvas.chosen_now

    def move(self, at: QPoint, keys: Keys) -> None:
        rect = QRectF(self.start, self.canvas.mapToScene(at)).normalized()
        self.canvas.preview.show_band(rect)
        touched = [i for i in self.scene.nodes.values() if rect.intersects(i.rect().translated(i.pos()))]
        kept = self._before if keys & ADDS else Selection()
        lane = kept.lane if kept.nodes else touched[0].lane if touched else 0
        nodes = [node for item in touched if item.lane == lane for node in item.picture.box.nodes]
        primary = kept.primary if kept.nodes else ""
        self.canvas.choose(Selection.of(lane, dict.fromkeys([*sorted(kept.nodes), *nodes]), primary))

    def drop(self, at: QPoint, keys: Keys) -> None:
        self.finish()

    def click(self, at: QPoint, keys: Keys) -> None:
        if not keys & ADDS:
            self.canvas.choose(Selection())

    def cancel(self) -> None:
        self.finish()
        self.canvas.choose(self._before)


class WireClick(Band):
    """A click selects a wire; a drag from it is a rubber band."""

    def __init__(self, canvas: "Canvas", at: QPoint, item: WireItem) -> None:
        super().__init__(canvas, at)
        self._item = item

    def click(self, at: QPoint, keys: Keys) -> None:
        self.canvas.choose(Selection(self._item.lane, wire=self._item.wire))


class Move(Gesture):
    """Boxes move with the hand and come to rest in line; one that stands alone can be put on a wire."""

    cursor = Qt.CursorShape.ClosedHandCursor

    def __init__(self, canvas: "Canvas", at: QPoint, item: NodeItem, node: str, keys: Keys) -> None:
        super().__init__(canvas, at)
        self.item, self._node = item, node
        chosen = canvas.chosen_now
        among = item.lane == chosen.lane and node in chosen.nodes
        if not among and not keys & ADDS:
            canvas.choose(Selection.of(item.lane, [node]))
        self.items = self._moved(among)
        self._from = {moved: QPointF(moved.pos()) for moved in self.items}
        boxes = [moved.picture.box.node for moved in self.items]
        self._wires = self.scene.wires_of(item.lane, boxes)
        moving = set(self.items)
        lane_items = [i for (lane, _), i in self.scene.nodes.items() if lane == item.lane and i not in moving]
        self._others = [(i.x(), i.y()) for i in lane_items]

    def _moved(self, among: bool) -> list[NodeItem]:
        lane = self.item.lane
        boxes = self.canvas.chosen_now.boxes(self.scene.pictures[lane]) if among else frozenset()
        return [self.scene.nodes[lane, box] for box in sorted(boxes)] or [self.item]

    def _alone(self) -> bool:
        """Whether it can be put on a wire, or docked: one node, on no wire."""
        return len(self.items) == 1 and not self._wires and self.item.picture.box.activation is None

    def move(self, at: QPoint, keys: Keys) -> None:
        for item in self.items:
            item.setZValue(2)
        self._carry(at, keys)
        if self._alone():
            box = self.item.picture.box
            activation = self.wishes.is_activation(self.item.lane, box)
            self._find(self.canvas.mapToScene(at), self.item.lane, activation, (self.item,))
            self.canvas.bubble.say(self._words_of_drop(box.node), at)

    def _carry(self, at: QPoint, keys: Keys) -> None:
        by = self.canvas.mapToScene(at) - self.start
        goal = self._from[self.item] + by
        if not keys & Keys.AltModifier:
            size = self.scene.metrics.width, self.scene.metrics.height
            found = snap((goal.x(), goal.y()), self._others, size, self._pixels(SNAP))
            self.canvas.preview.show_guides(found.lines)
            by += QPointF(found.dx, found.dy)
        else:
            self.canvas.preview.show_guides(())
        for item, start in self._from.items():
            item.setPos(start + by)
        self.scene.connect_wires(self.item.lane, self._wires)

    def drop(self, at: QPoint, keys: Keys) -> None:
        lane, box, wire, host = self.item.lane, self.item.picture.box, self._wire, self._host
        places = {i.picture.box.node: self.scene.layout_place(lane, i.pos()) for i in self.items}
        self.cancel()  # what the document makes of it is drawn from there
        if host is not None:
            self.wishes.dock(lane, box.node, host)
        elif wire is not None:
            self.wishes.put_on(lane, box.node, wire, places[box.node])
        else:
            self.wishes.move(lane, places)

    def click(self, at: QPoint, keys: Keys) -> None:
        lane = self.item.lane
        if keys & ADDS:
            self.canvas.choose(self.canvas.chosen_now.toggled(lane, self._node))
        else:
            self.canvas.choose(Selection.of(lane, [self._node]))

    def cancel(self) -> None:
        for item, start in self._from.items():
            item.setZValue(1)
            item.setPos(start)
        self.scene.connect_wires(self.item.lane, self._wires)
        self.finish()


class Pull(Move):
    """Shift and drag: a box leaves its wires, which heal behind it. A click adds to the selection."""

    def _moved(self, among: bool) -> list[NodeItem]:
        return [self.item]

    def move(self, at: QPoint, keys: Keys) -> None:
        super().move(at, keys)
        for wire in self._wires:
            wire.emphasise(Stress.LEAVING)
        if self._wires:
            box = self.item.picture.box
            if box.activation is None:
                self._find_other(self.canvas.mapToScene(at))
            self.canvas.bubble.say(self._words_of_drop(box.node) or f"{box.node} leaves its wires", at)

    def _find_other(self, point: QPointF) -> None:
        found = self.scene.wire_at(point, self._pixels(ON_WIRE), self.item.lane)
        self._aim(found if found not in self._wires else None)

    def drop(self, at: QPoint, keys: Keys) -> None:
        if not self._wires:
            super().drop(at, keys)
            return
        lane, box, wire = self.item.lane, self.item.picture.box, self._wire
        place = self.scene.layout_place(lane, self.item.pos())
        self.cancel()
        self.wishes.pull_out(lane, box, place, wire)
        self.canvas.select(lane, box.node)

    def cancel(self) -> None:
        for wire in self._wires:
            wire.emphasise(Stress.NONE)
        super().cancel()


class Undock(Gesture):
    """An activation's line is dragged out of its box: to stand alone, onto a wire, or onto another box."""

    cursor = Qt.CursorShape.ClosedHandCursor

    def __init__(self, canvas: "Canvas", at: QPoint, item: NodeItem, keys: Keys) -> None:
        super().__init__(canvas, at)
        self._item, self._keys = item, keys
        if not keys & ADDS and item.picture.box.exit not in canvas.chosen_now.nodes:
            canvas.choose(Selection.of(item.lane, [item.picture.box.exit]))

    def _out(self, at: QPoint) -> bool:
        return not self._item.rect().translated(self._item.pos()).contains(self.canvas.mapToScene(at))

    def move(self, at: QPoint, keys: Keys) -> None:
        self._aim(None)
        if not self._out(at):
            self.canvas.preview.clear()
            self.canvas.bubble.hide()
            return
        point, m = self.canvas.mapToScene(at), self.scene.metrics
        self._find(point, self._item.lane, True, (self._item,))
        size = QRectF(0, 0, m.width * 0.6, m.line_height + 8)
        size.moveCenter(point)
        self.canvas.preview.show_ghost(size, self._item.picture.second)
        box = self._item.picture.box
        self.canvas.bubble.say(self._words_of_drop(box.exit) or f"{box.exit} leaves {box.node}", at)

    def drop(self, at: QPoint, keys: Keys) -> None:
        out, wire, host, box, lane = self._out(at), self._wire, self._host, self._item.picture.box, self._item.lane
        self.finish()
        if out:
            corner = self.canvas.mapToScene(at) - self._item.rect().center()
            self.wishes.undock(lane, box, self.scene.layout_place(lane, corner), wire, host)

    def click(self, at: QPoint, keys: Keys) -> None:
        lane, node = self._item.lane, self._item.picture.box.exit
        chosen = self.canvas.chosen_now.toggled(lane, node) if keys & ADDS else Selection.of(lane, [node])
        self.canvas.choose(chosen)

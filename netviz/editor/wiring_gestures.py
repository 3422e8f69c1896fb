"""Drawing a wire, with mouse or keys: what it would be is said while it is drawn."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent

from netviz import theme
from netviz.document.wiring import Verdict
from netviz.editor import walking
from netviz.editor.boxes import OUT
from netviz.editor.gestures import Gesture, Keys
from netviz.editor.kit import Stress
from netviz.editor.node_item import NodeItem
from netviz.editor.wire_item import WireItem
from netviz.editor.wishes import ANOTHER

if TYPE_CHECKING:
    from netviz.editor.canvas import Canvas

NEAR_PORT = 22.0  # pixels at which a wire jumps to a port


class WireDrag(Gesture):
    """A wire from an output port forwards, or from an input port backwards."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(
        self,
        canvas: "Canvas",
        at: QPoint,
        lane: int,
        start: QPointF,
        source: str = "",
        target: str = "",
        port: int | None = None,
    ) -> None:
        super().__init__(canvas, at)
        self.lane, self.source, self.target, self.port, self._from = lane, source, target, port, start
        self.verdict: Verdict | None = None  # of the wire as it would be now; None where it ends nowhere
        self._hot: NodeItem | None = None
        self._asked: dict[tuple[str, str, int | None], Verdict] = {}
        self._forward = bool(source)

    def move(self, at: QPoint, keys: Keys) -> None:
        point = self.canvas.mapToScene(at)
        item, number = self._end(point)
        self._light(item, number)
        if item is None:
            self.verdict = None
            self.canvas.preview.show_wire(*self._ends(point), self.scene.kit.verdict_pen(True, True))
            self.canvas.bubble.say(self._words_for_nothing(), at)
            return
        if self._forward:
            self.target, self.port = item.picture.box.node, number if item.picture.numbered else None
        else:
            self.source = item.picture.box.exit
        self.verdict = self._judge(item.lane)
        goal = item.port(OUT if not self._forward else number)
        pen = self.scene.kit.verdict_pen(self.verdict.ok, self.verdict.possible)
        self.canvas.preview.show_wire(*self._ends(goal), pen)
        self.canvas.bubble.say(self._words(item, number), at, pen.color().name())

    def drop(self, at: QPoint, keys: Keys) -> None:
        self.move(at, keys)
        verdict = self.verdict
        self.finish()
        if verdict is None:
            self._drop_on_nothing(at)
        elif verdict.possible:
            self._connect()
        else:
            self.canvas.say(verdict.reason)

    def click(self, at: QPoint, keys: Keys) -> None:
        item = self.scene.box_of(self.lane, self.source or self.target)
        if item is not None:
            self.canvas.select(self.lane, self.source or self.target)

    def finish(self) -> None:
        self._light(None, None)
        super().finish()

    def _connect(self) -> None:
        self.wishes.connect(self.lane, self.source, self.target, self._number())

    def _number(self) -> int | None:
        """The input as the file is to have it: the next free one needs no number, and moves up when others go."""
        item = self.scene.box_of(self.lane, self.target)
        free = [n for n in range(item.picture.inputs) if n not in item.taken] if item is not None else []
        return None if self.port in free[:1] else self.port

    def _drop_on_nothing(self, at: QPoint) -> None:
        if self._forward:
            self.canvas.open_search(at, self.lane, source=self.source)
        else:
            self.canvas.open_search(at, self.lane, target=self.target, port=self.port)

    def _end(self, point: QPointF) -> tuple[NodeItem | None, int]:
        """The box that the wire would end at, and which of its ports."""
        near = self.scene.port_at(point, self._pixels(NEAR_PORT))
        if near is not None and (near[1] != OUT) == self._forward and not self._is_own(near[0]):
            return near
        item = self.scene.box_at(point)
        if item is None or self._is_own(item):
            return None, 0
        if not self._forward:
            return item, OUT
        free = [n for n in range(item.picture.inputs) if n not in item.taken]
        return item, free[0] if free else max(item.picture.inputs - 1, 0)

    def _is_own(self, item: NodeItem) -> bool:
        """A wire cannot end in the box that it begins in, and says so only when it is led there on purpose."""
        return item.lane == self.lane and (self.source if self._forward else self.target) in item.picture.box.nodes

    def _judge(self, lane: int) -> Verdict:
        if lane != self.lane:
            return ANOTHER
        key = self.source, self.target, self.port
        if key not in self._asked:
            self._asked[key] = self.wishes.verdict(self.lane, *key)
        return self._asked[key]

    def _ends(self, loose: QPointF) -> tuple[QPointF, QPointF]:
        return (self._from, loose) if self._forward else (loose, self._from)

    def _words(self, item: NodeItem, number: int) -> str:
        assert self.verdict is not None
        if not self.verdict.ok:
            return self.verdict.reason
        which = f", input {number}" if self._forward and item.picture.numbered else ""
        return f"{self.source} → {self.target}{which}"

    def _words_for_nothing(self) -> str:
        return (
            f"let go to add a layer after {self.source}"
            if self._forward
            else f"let go to add a layer before {self.target}"
        )

    def _light(self, item: NodeItem | None, number: int | None) -> None:
        if self._hot is not None and self._hot is not item:
            self._hot.hover(None)
        self._hot = item
        if item is not None:
            item.hover(item.picture.box.node, number)


class Replug(WireDrag):
    """The end of a wire is taken off its input and put elsewhere, or let go."""

    def __init__(self, canvas: "Canvas", at: QPoint, item: WireItem) -> None:
        start = canvas.sheet.nodes[item.lane, item.wire.start].port(OUT)
        super().__init__(canvas, at, item.lane, start, source=item.wire.source)
        self._held = item

    def move(self, at: QPoint, keys: Keys) -> None:
        self._held.emphasise(Stress.LEAVING)
        super().move(at, keys)

    def _same(self) -> bool:
        wire = self._held.wire
        return (self.target, self.port) in ((wire.target, wire.number), (wire.target, None))

    def _judge(self, lane: int) -> Verdict:
        if lane == self.lane and self._same():
            return Verdict(True)
        return super()._judge(lane)

    def _connect(self) -> None:
        if not self._same():
            self.wishes.replug(self.lane, self._held.wire, self.target, self.port)

    def _drop_on_nothing(self, at: QPoint) -> None:
        self.wishes.disconnect(self.lane, self._held.wire)

    def _words_for_nothing(self) -> str:
        return f"let go to disconnect {self._held.wire.source} from {self._held.wire.target}"

    def click(self, at: QPoint, keys: Keys) -> None:
        self.canvas.select(self.lane, self._held.wire.target)

    def finish(self) -> None:
        self._held.emphasise(Stress.NONE)
        super().finish()


class KeyConnect(Gesture):
    """`C`: arrows choose among the boxes that may follow, Enter connects, Escape leaves."""

    def __init__(self, canvas: "Canvas", lane: int, source: str) -> None:
        item = canvas.sheet.box_of(lane, source)
        assert item is not None
        super().__init__(canvas, canvas.mapFromScene(item.pos()))
        self.lane, self.source, self._item = lane, source, item
        self.target: NodeItem | None = None
        others = [i for (index, _), i in self.scene.nodes.items() if index == lane and i is not item]
        others.sort(key=lambda i: (i.x() < item.x(), abs(i.x() - item.x()) + abs(i.y() - item.y())))
        self._others = others
        self._aim_at(next((other for other in others if self._fits(other)), None))

    def key(self, event: QKeyEvent) -> bool:
        """Whether the key was for this; an unknown one leaves everything as it is."""
        steps = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
        key = Qt.Key(event.key())
        if key in steps:
            found = walking.nearest(self.target or self._item, self._others, steps[key], self._fits)
            self._aim_at(found or self.target)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            target = self.target
            self.canvas.end_gesture()
            if target is not None:
                self.wishes.connect(self.lane, self.source, target.picture.box.node, None)
        elif key == Qt.Key.Key_Escape:
            self.canvas.end_gesture()
        return True

    def _fits(self, item: NodeItem) -> bool:
        # A box with no free input is ruled out at a glance; to judge shapes takes the whole network.
        free = len(item.taken - {OUT}) < item.picture.inputs
        return free and self.wishes.verdict(self.lane, self.source, item.picture.box.node, None).ok

    def _aim_at(self, item: NodeItem | None) -> None:
        self.target = item
        self._aim(item)
        if item is None:
            self.canvas.say(f"nothing here can follow {self.source}")
            return
        free = [n for n in range(item.picture.inputs) if n not in item.taken]
        end = item.port(free[0] if free else 0)
        self.canvas.preview.show_wire(self._item.port(OUT), end, self.scene.kit.verdict_pen(True, True))
        words = f"{self.source} → {item.picture.box.node}: Enter connects"
        self.canvas.bubble.say(words, self.canvas.mapFromScene(end), theme.theme().accent)
        self.canvas.announce(words)
        self.canvas.ensureVisible(item, 24, 24)

    def cancel(self) -> None:
        self.finish()

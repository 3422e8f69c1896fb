"""The shared cursor on the drawn network: the box under the mouse is hovered, a chosen one is pinned, lit ones ringed.

It watches a canvas from outside: choosing, moving and wiring stay as they are.
"""

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication

from netviz.document.document import Change
from netviz.editor.boxes import LanePicture
from netviz.editor.canvas import Canvas
from netviz.editor.node_item import NodeItem
from netviz.runtime.cursor import NOTHING, Cursor, Mark


class Lit(QObject):
    """Joins one canvas to the cursor of one session."""

    def __init__(self, canvas: Canvas, cursor: Cursor) -> None:
        super().__init__(canvas)
        self._canvas, self._cursor = canvas, cursor
        self._pressed: QPointF | None = None
        self._housed: list[LanePicture] = []  # of which the cursor knows the boxes
        self.rings: dict[tuple[int, str], NodeItem] = {}  # the boxes that have one
        canvas.viewport().installEventFilter(self)
        canvas.installEventFilter(self)
        canvas.chosen.connect(self._choose)
        canvas.document.changed.connect(self._edited)
        canvas.sheet.detail_changed.connect(self._show)
        cursor.changed.connect(self._relight)
        self._edited(Change(None, frozenset(), "all"))

    # From the canvas

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            if event.buttons():
                self._forget()  # a box that is carried leaves its ring behind
            elif watched is self._canvas.viewport():
                self._cursor.hover(self.mark_at(event.position()))
        elif kind == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            self._pressed = event.position() if event.button() == Qt.MouseButton.LeftButton else None
        elif kind == QEvent.Type.MouseButtonRelease and isinstance(event, QMouseEvent):
            self._clicked(event.position())
            QTimer.singleShot(0, self, self._show)
        elif kind == QEvent.Type.Leave and watched is self._canvas.viewport():
            self._cursor.hover(NOTHING)
        elif kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            self._cursor.unpin()
        elif kind in (QEvent.Type.Resize, QEvent.Type.PaletteChange) and watched is self._canvas:
            self._forget()
            self._show()
        return False

    def _clicked(self, at: QPointF) -> None:
        """A click on a unit's map pins the unit, behind the choice of its box."""
        pressed, self._pressed = self._pressed, None
        if pressed is None or (at - pressed).manhattanLength() >= QApplication.startDragDistance():
            return
        mark = self.mark_at(at)
        if mark.unit is not None:
            QTimer.singleShot(0, self, lambda: self._cursor.move(mark))

    def mark_at(self, place: QPointF) -> Mark:
        """The node under a place of the view, and the unit whose map is there."""
        at = self._canvas.mapToScene(place.toPoint())
        item = self._canvas.sheet.box_at(at)
        if item is None:
            return NOTHING
        inside = at - item.pos()
        unit = next((k for k, tile in enumerate(item.tiles()) if tile.contains(inside)), None)
        lane = item.lane if len(self._canvas.sheet.pictures) > 1 else None
        return Mark(item.picture.box.exit if unit is not None else item.node_at(inside), unit, lane)

    def _choose(self, lane: int, node: str, nodes: object) -> None:
        """What is chosen here is pinned for all views, until nothing is."""
        pinned = self._cursor.pinned
        if node and node != pinned.layer:
            self._cursor.move(Mark(node, lane=lane if len(self._canvas.sheet.pictures) > 1 else None))
        elif not node and pinned.layer is not None:
            self._cursor.release("layer", "unit", "lane")

    def _edited(self, change: Change) -> None:
        if change.section in ("training", "data", "panels"):
            return
        self._forget()
        lanes, housed = self._canvas.sheet.pictures, self._housed
        if len(lanes) != len(housed) or not all(map(LanePicture.wired_like, lanes, housed)):
            self._housed = list(lanes)
            drawn = (picture.box for lane in lanes for picture in lane.boxes.values())
            self._cursor.house([box.nodes for box in drawn if box.activation is not None])
        self._show()

    # Onto the canvas

    def _relight(self, changed: frozenset[str]) -> None:
        if changed & {"layer", "unit"}:
            self._show()

    def _forget(self) -> None:
        for item in self.rings.values():
            item.ring(False, None)
        self.rings.clear()

    def _show(self) -> None:
        """Rings what is lit, and touches nothing else."""
        sheet, layers, unit = self._canvas.sheet, self._cursor.layers, self._cursor.mark.unit
        wanted = dict[tuple[int, str], NodeItem]()
        for lane in range(len(sheet.pictures)) if layers else ():
            for item in filter(None, (sheet.box_of(lane, node) for node in layers)):
                wanted[lane, item.picture.box.node] = item
        for key, item in self.rings.items():
            if wanted.get(key) is not item:
                item.ring(False, None)
        for item in wanted.values():
            item.ring(True, unit)
        self.rings = wanted

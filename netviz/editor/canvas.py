"""The view onto the drawn networks: choosing, moving, zooming, with mouse and keys."""

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen, QWheelEvent
from PySide6.QtWidgets import QApplication, QFrame, QGraphicsView, QWidget

from netviz.document.document import Change, Document
from netviz.editor.metrics import LEAST_ZOOM, MARGIN, MOST_ZOOM
from netviz.editor.node_item import NodeItem
from netviz.editor.scene import NetworkScene
from netviz.theme import mix, on_change, theme

LEAST_FIT = 0.5  # smaller letters are not readable: rather pan
GRID = 24.0
AROUND = 2000.0  # how far beyond the boxes one can pan


@dataclass(slots=True)
class Press:
    """A button held down: on a box it may become a move, on empty space a pan."""

    at: QPoint
    item: NodeItem | None
    start: QPointF  # the box's place, or the view's centre in the scene
    moving: bool = False


class Canvas(QGraphicsView):
    """Draws all lanes of a document. Chooses nodes; a drag ends in one `move_node` of the document."""

    selected = Signal(int, str)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._scene = NetworkScene(document, self)
        self._chosen: tuple[int, str] | None = None
        self._press: Press | None = None
        self._fits = True  # until someone zooms or pans
        self.setScene(self._scene)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 90)
        self.setAccessibleName("Network")
        self._describe()
        document.changed.connect(self._changed)
        on_change(self._repaint)

    # Choosing

    def select(self, lane: int, node: str) -> None:
        """Chooses a node; says so if it was not chosen before. A node that is not there is ignored."""
        item = self._scene.box_of(lane, node)
        if item is None or self._chosen == (lane, node):
            return
        self._chosen = (lane, node)
        self._show_choice()
        self._describe()
        if not self._fits:
            self.ensureVisible(item, 24, 24)
        self.selected.emit(lane, node)

    @property
    def selection(self) -> tuple[int, str] | None:
        return self._chosen

    def node_item(self, lane: int, node: str) -> NodeItem | None:
        """The box in which a node is drawn."""
        return self._scene.box_of(lane, node)

    def _show_choice(self) -> None:
        for (lane, _), item in self._scene.nodes.items():
            here = self._chosen is not None and lane == self._chosen[0]
            node = self._chosen[1] if here and self._chosen[1] in item.picture.box.nodes else None
            item.choose(node, self.hasFocus())

    def _describe(self) -> None:
        """For a screen reader, which hears of the description's change."""
        words = "Nothing is selected. Arrow keys choose a node."
        if self._chosen is not None and (item := self._scene.box_of(*self._chosen)) is not None:
            lane, node = self._chosen
            words = f"Selected: {node} in {self._scene.pictures[lane].name}. {item.picture.words}"
        self.setAccessibleDescription(words)

    # What changed

    def _changed(self, change: Change) -> None:
        if change.section == "panels":
            return
        self._scene.refresh(change)
        if self._chosen is not None and self._scene.box_of(*self._chosen) is None:
            self._chosen = None
        self._show_choice()
        self._describe()
        if change.section == "all":
            self._fits = True
        if self._fits and self._press is None:
            self.fit()
        else:
            self._extend()

    def _repaint(self) -> None:
        self.setBackgroundBrush(QColor(theme().window))
        self._scene.update()
        self.viewport().update()

    # Zoom and place

    def fit(self) -> None:
        """Shows everything: boxes take the room there is, and only then the view zooms out."""
        self._fits = True
        size = self.viewport().size()
        self._scene.make_room(size.width(), size.height())
        content = self._scene.content()
        if content.isEmpty():
            return
        across = (size.width() - 2 * MARGIN) / content.width()
        down = (size.height() - 2 * MARGIN) / content.height()
        zoom = max(LEAST_FIT, min(1.0, across, down))
        self.resetTransform()
        self.scale(zoom, zoom)
        self._extend()
        shown = QRectF(0, 0, size.width() / zoom, size.height() / zoom)
        shown.moveCenter(content.center())
        if content.width() > shown.width():
            shown.moveLeft(content.left() - MARGIN)
        if content.height() > shown.height():
            shown.moveTop(content.top() - MARGIN)
        self.centerOn(shown.center())

    def zoom_by(self, factor: float, at: QPoint) -> None:
        """Zooms so that what is under `at`, in the view, stays there."""
        now = self.transform().m11()
        factor = min(MOST_ZOOM, max(LEAST_ZOOM, now * factor)) / now
        before = self.mapToScene(at)
        self.scale(factor, factor)
        moved = self.mapToScene(at) - before
        self.translate(moved.x(), moved.y())
        self._fits = False

    def _extend(self) -> None:
        self._scene.setSceneRect(self._scene.content().adjusted(-AROUND, -AROUND, AROUND, AROUND))

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        if self._fits:
            self.fit()

    # Mouse

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom_by(1.0015 ** event.angleDelta().y(), event.position().toPoint())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            return
        at = event.position().toPoint()
        item = self._box_under(at) if event.button() == Qt.MouseButton.LeftButton else None
        self._press = Press(at, item, item.pos() if item is not None else self._centre())
        if item is not None:
            self.select(item.lane, item.node_at(item.mapFromScene(self.mapToScene(at))))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        press = self._press
        if press is None:
            super().mouseMoveEvent(event)  # hover
            return
        at = event.position().toPoint()
        if not press.moving and (at - press.at).manhattanLength() < QApplication.startDragDistance():
            return
        press.moving = True
        moved = self.mapToScene(at) - self.mapToScene(press.at)
        if press.item is None:
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
            self._fits = False
            self.centerOn(press.start - moved)
        else:
            press.item.setPos(press.start + moved)
            self._scene.connect_wires(press.item.lane)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        press, self._press = self._press, None
        self.viewport().unsetCursor()
        if press is not None and press.item is not None and press.moving:
            lane, node = press.item.lane, press.item.picture.box.node
            self._document.move_node(lane, node, self._scene.lane_place(press.item))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._box_under(event.position().toPoint()) is None:
            self.fit()
        else:
            self.mousePressEvent(event)

    def _box_under(self, at: QPoint) -> NodeItem | None:
        return next((item for item in self.items(at) if isinstance(item, NodeItem)), None)

    def _centre(self) -> QPointF:
        return self.mapToScene(self.viewport().rect().center())

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, keys = event.key(), Qt.Key
        if key == keys.Key_F and not event.modifiers():
            self.fit()
        elif key == keys.Key_Escape and self._press is not None and self._press.item is not None:
            self._press.item.setPos(self._press.start)
            self._scene.connect_wires(self._press.item.lane)
            self._press = None
        elif key in (keys.Key_Plus, keys.Key_Equal, keys.Key_Minus):
            self.zoom_by(1 / 1.25 if key == keys.Key_Minus else 1.25, self.viewport().rect().center())
        elif (step := _STEPS.get(Qt.Key(key))) is not None and not event.modifiers() & ~_KEYPAD:
            self._walk(*step)
        else:
            super().keyPressEvent(event)

    def _walk(self, across: int, down: int) -> None:
        """Left and right along the chain; up and down between a layer, its activation, and the lanes."""
        lanes = [list(lane.boxes) for lane in self._scene.pictures]
        item = self._scene.box_of(*self._chosen) if self._chosen is not None else None
        if self._chosen is None or item is None:
            lane, node = 0, next(iter(lanes[0]), "")
            self.select(lane, node)
            return
        lane, node = self._chosen
        nodes = item.picture.box.nodes
        column, line = lanes[lane].index(nodes[0]), nodes.index(node)
        if across:
            column = min(max(column + across, 0), len(lanes[lane]) - 1)
        elif 0 <= line + down < len(nodes):
            line += down
        elif 0 <= lane + down < len(lanes):
            lane += down
            column, line = min(column, len(lanes[lane]) - 1), 0 if down > 0 else 1
        goal = self._scene.nodes[lane, lanes[lane][column]].picture.box.nodes
        self.select(lane, goal[min(line, len(goal) - 1)])

    def focusInEvent(self, event) -> None:
        super().focusInEvent(event)
        self._show_choice()
        self.viewport().update()

    def focusOutEvent(self, event) -> None:
        super().focusOutEvent(event)
        self._show_choice()
        self.viewport().update()

    # Painting

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        super().drawBackground(painter, rect)
        t = theme()
        painter.setPen(QPen(mix(t.window, t.line, 0.8), 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        step = GRID if self.transform().m11() > 0.4 else 4 * GRID
        left, top = rect.left() // step * step, rect.top() // step * step
        columns, rows = int(rect.width() / step) + 2, int(rect.height() / step) + 2
        painter.drawPoints([QPointF(left + i * step, top + j * step) for i in range(columns) for j in range(rows)])

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        """A thin frame while the keys go here and nothing is chosen yet."""
        if not self.hasFocus() or self._chosen is not None:
            return
        painter.save()
        painter.resetTransform()
        painter.setPen(QPen(QColor(theme().accent), 1))
        painter.drawRect(QRectF(self.viewport().rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.restore()


_KEYPAD = Qt.KeyboardModifier.KeypadModifier
_FAR = 10_000
_STEPS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
    Qt.Key.Key_Home: (-_FAR, 0),
    Qt.Key.Key_End: (_FAR, 0),
}

"""A view onto the drawn networks that zooms, pans and shows everything; dots behind, a small map in the corner."""

from functools import lru_cache

import numpy as np
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QNativeGestureEvent, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QFrame, QGraphicsView, QWidget

from netviz.editor.metrics import LEAST_FIT, LEAST_ZOOM, MARGIN, MOST_ZOOM
from netviz.editor.mini_map import MiniMap
from netviz.editor.scene import NetworkScene
from netviz.editor.snapping import GRID
from netviz.theme import mix, on_change, scaled, theme

LEAST_DOTS = 20.0  # pixels from dot to dot
STRIDE = 24  # pixels to pan at once
AROUND = 2000.0  # how far beyond the boxes one can pan


class Sheet(QGraphicsView):
    """Where one looks, and how near. What is on it is the scene's."""

    def __init__(self, scene: NetworkScene, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sheet = scene
        self.head = 0.0  # pixels at the upper edge on which something else lies
        self._fits = True  # until someone zooms or pans
        self._fitted = QRectF()  # what was to be shown then
        self._dots = QPen()
        self._scale = scaled(1.0)  # of the letters that boxes were measured by
        self.setScene(scene)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheBackground)  # thousands of dots, and a call for them
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumSize(160, 90)
        self.map = MiniMap(self)
        self.map.asked.connect(self.look_at)
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.valueChanged.connect(self._looked)
        on_change(self._repaint)

    @property
    def zoom(self) -> float:
        return self.transform().m11()

    def visible_rect(self) -> QRectF:
        """What is in view, in the scene."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    def fit(self) -> None:
        """Shows everything: boxes take the room there is, and only then the view zooms out."""
        self._fits = True
        size = self.viewport().size()
        self.sheet.make_room(size.width(), size.height())
        content = self._fitted = self.sheet.content()
        if content.isEmpty():
            return
        across = (size.width() - 2 * MARGIN) / content.width()
        down = (size.height() - 2 * MARGIN) / content.height()
        zoom = max(LEAST_FIT, min(1.0, across, down))
        self.resetTransform()
        self.scale(zoom, zoom)
        self.sheet.show_detail(zoom)
        self.extend()
        shown = QRectF(0, 0, size.width() / zoom, size.height() / zoom)
        shown.moveCenter(content.center())
        if content.width() > shown.width():
            shown.moveLeft(content.left() - MARGIN)
        if content.height() > shown.height():
            shown.moveTop(content.top() - max(MARGIN, self.head / zoom - self.sheet.metrics.header))
        self.centerOn(shown.center())
        self._looked()

    def zoom_by(self, factor: float, at: QPoint) -> None:
        """Zooms so that what is under `at`, in the view, stays there."""
        factor = min(MOST_ZOOM, max(LEAST_ZOOM, self.zoom * factor)) / self.zoom
        before = self.mapToScene(at)
        self.scale(factor, factor)
        moved = self.mapToScene(at) - before
        self.translate(moved.x(), moved.y())
        self.sheet.show_detail(self.zoom)
        self._fits = False
        self._looked()

    def look_at(self, centre: QPointF) -> None:
        self._fits = False
        self.centerOn(centre)

    def follow(self, at: QPoint) -> None:
        """Pans on when something in the hand is led over the edge of the view."""
        room = self.viewport().rect()
        over = QPoint(max(0, at.x() - room.right()) + min(0, at.x()), max(0, at.y() - room.bottom()) + min(0, at.y()))
        if not over.isNull():
            step = QPointF(max(-STRIDE, min(STRIDE, over.x())), max(-STRIDE, min(STRIDE, over.y())))
            self.look_at(self.mapToScene(room.center()) + step / self.zoom)

    def settle(self) -> None:
        """After an edit: shows everything again if something went out of sight, but moves nothing without need."""
        content = self.sheet.content()
        seen = self.visible_rect().adjusted(-1, -1, 1, 1).contains(content)
        if self._fits and not seen and content != self._fitted:
            self.fit()
        else:
            self.extend()
            self._looked()

    def extend(self) -> None:
        room = self.sheet.content().adjusted(-AROUND, -AROUND, AROUND, AROUND)
        # A scene that shrinks under the eye would scroll.
        self.sheet.setSceneRect(room | self.visible_rect() if not self._fits else room)

    def _looked(self) -> None:
        self.map.look()

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        if self._fits:
            self.fit()
        self.map.place()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom_by(1.0015 ** event.angleDelta().y(), event.position().toPoint())
        event.accept()

    def event(self, event: QEvent) -> bool:
        # Here, where few events come: `viewportEvent` would be called into Python at every move and paint.
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom_by(1 + event.value(), event.position().toPoint())
            return True
        return super().event(event)

    # Painting

    def _repaint(self) -> None:
        t = theme()
        if self._scale != (scale := scaled(1.0)):
            self._scale = scale
            self.fit()  # boxes are measured by their letters
        self.sheet.kit.renew()
        self.setBackgroundBrush(QColor(t.window))
        self._dots = QPen(mix(t.window, t.line, 0.8), 1.6)
        self._dots.setCosmetic(True)
        self.sheet.update()
        self.viewport().update()
        self.map.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        self.sheet.exposed = event.region()
        try:
            super().paintEvent(event)
        finally:
            self.sheet.exposed = None

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        painter.fillRect(rect, self.backgroundBrush())
        step = GRID
        while step * self.zoom < LEAST_DOTS:
            step *= 2
        left, top = rect.left() // step * step, rect.top() // step * step
        columns, rows = int(rect.width() / step) + 2, int(rect.height() / step) + 2
        painter.setPen(self._dots)
        # Thousands of dots: smoothing them takes longer than drawing the network.
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.drawPoints(_lattice(left, top, columns, rows, step))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)


@lru_cache(16)  # the same parts are painted many times a second
def _lattice(left: float, top: float, columns: int, rows: int, step: float) -> QPolygonF:
    points = np.stack(np.mgrid[:columns, :rows], axis=-1).reshape(-1, 2) * step + (left, top)
    return arrayToQPolygonF(points[:, 0], points[:, 1])

"""A wire between two boxes, with the shape that flows; and the line that stands above a lane."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from netviz.editor.metrics import Metrics
from netviz.theme import lane_colour, mix, theme


class WireItem(QGraphicsItem):
    """A curve from port to port, in scene coordinates."""

    def __init__(self) -> None:
        super().__init__()
        self._start, self._end = QPointF(), QPointF()
        self._label, self._font = "", QFont()

    def show(self, start: QPointF, end: QPointF, label: str, font: QFont) -> None:
        if (start, end, label, font) != (self._start, self._end, self._label, self._font):
            self.prepareGeometryChange()
            self._start, self._end, self._label, self._font = start, end, label, font
            self.update()

    @property
    def label(self) -> str:
        return self._label

    def path(self) -> QPainterPath:
        path = QPainterPath(self._start)
        # A wire that runs back or steeply still leaves and enters a box sideways.
        reach = max(abs(self._end.x() - self._start.x()) / 2, abs(self._end.y() - self._start.y()) / 3)
        path.cubicTo(self._start + QPointF(reach, 0), self._end - QPointF(reach, 0), self._end)
        return path

    def _label_rect(self) -> QRectF:
        measure = QFontMetricsF(self._font)
        width, middle = measure.horizontalAdvance(self._label) + 2, self.path().pointAtPercent(0.5)
        return QRectF(middle.x() - width / 2, middle.y() - measure.height() - 4, width, measure.height())

    def boundingRect(self) -> QRectF:
        return self.path().boundingRect().adjusted(-3, -3, 3, 3) | self._label_rect()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        t = theme()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(mix(t.faint, t.window, 0.35), 2.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self.path())
        painter.setFont(self._font)
        painter.setPen(mix(t.faint, t.text, 0.2))
        painter.drawText(self._label_rect(), Qt.AlignmentFlag.AlignCenter, self._label)


class LaneItem(QGraphicsItem):
    """The lane's colour and name, how many parameters it has, and what is wrong with it."""

    def __init__(self, lane: int) -> None:
        super().__init__()
        self._lane = lane
        self._name = self._note = self._problem = ""
        self._width = 0.0
        self._metrics: Metrics | None = None

    def show(self, name: str, note: str, problem: str, width: float, metrics: Metrics) -> None:
        old = (self._name, self._note, self._problem, self._width, self._metrics)
        if (name, note, problem, width, metrics) != old:
            self.prepareGeometryChange()
            self._name, self._note, self._problem = name, note, problem
            self._width, self._metrics = width, metrics
            self.setToolTip(problem)
            self.update()

    @property
    def problem(self) -> str:
        return self._problem

    def boundingRect(self) -> QRectF:
        return QRectF(0, 0, self._width, self._metrics.title_height if self._metrics else 0)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self._metrics is None:
            return
        t, height = theme(), self._metrics.title_height
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(lane_colour(self._lane))
        painter.drawEllipse(QPointF(4, height / 2), 4, 4)
        parts = (
            (self._name, self._metrics.title, t.text),
            (self._note if not self._problem else "", self._metrics.small, t.faint),
            (self._problem, self._metrics.small, t.red),
        )
        x = 14.0
        for text, font, colour in parts:
            if not text or x >= self._width:
                continue
            measure = QFontMetricsF(font)
            elided = measure.elidedText(text, Qt.TextElideMode.ElideRight, self._width - x)
            painter.setFont(font)
            painter.setPen(QColor(colour))
            painter.drawText(QRectF(x, 0, self._width - x, height), Qt.AlignmentFlag.AlignVCenter, elided)
            x += measure.horizontalAdvance(elided) + 12

"""Loss over a growing learning rate: where it begins to fall, falls fastest and is thrown out."""

from math import log10

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen

from engine.checks.rates import RatePoint, RateReport
from netviz import theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.curves import Bundle, Style, View
from netviz.widgets.marks import backed
from netviz.widgets.strokes import draw
from netviz.widgets.ticks import decade_ticks, figure, linear_ticks

ABOVE = 1.5  # times the fall: so much above its beginning the axis goes at most, for the rise at the end has no bound
MARGIN = 0.08  # of the axis, above and below the curve
NEAR = 90.0  # pixels, within which one mark's words would touch another's
KEYS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageDown: -10, Qt.Key.Key_PageUp: 10}


class RatePlot(Canvas):
    """A click, ← and → choose a rate; the suggested one is chosen at first."""

    chosen = Signal(object)  # the rate

    def __init__(self) -> None:
        super().__init__()
        self._points: tuple[RatePoint, ...] = ()
        self._suggested: int | None = None
        self._at: int | None = None
        self._now = 0.0  # the rate in use
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Loss by learning rate")
        self.setMinimumHeight(140)
        self.show_note("No curve yet.")
        theme.on_change(self.update)

    def sizeHint(self) -> QSize:
        return QSize(560, 260)

    @property
    def rate(self) -> float | None:
        """The chosen one."""
        return None if self._at is None else self._points[self._at].rate

    def show_report(self, report: RateReport) -> None:
        self._points = report.points
        rates = [point.rate for point in report.points]
        self._suggested = self._at = None if report.suggestion is None else rates.index(report.suggestion)
        self.show_note("" if len(rates) > 1 else "The test ended before there was a curve.")
        self._describe()

    def show_now(self, rate: float) -> None:
        """The rate that the project has."""
        self._now = rate
        self._describe()
        self.update()

    def choose(self, at: int) -> None:
        if self._points and not self.note:
            self._at = min(max(at, 0), len(self._points) - 1)
            self._describe()
            self.chosen.emit(self.rate)
            self.update()

    def reset(self) -> None:
        """Back to the suggestion, if there is one."""
        if self._suggested is not None:
            self.choose(self._suggested)

    # Drawing

    def view(self) -> View:
        """Steps are exponents of the rate."""
        line, metrics = self.fonts.line, self.fonts.figure_metrics
        rect = QRectF(self.rect()).adjusted(metrics.horizontalAdvance("0.0000") + 6, line + 4, -10, -2 * line - 6)
        smoothed = [point.smoothed for point in self._points]
        first, low, high = smoothed[0], min(smoothed), max(smoothed)
        if self._suggested is not None:
            high = min(high, first + ABOVE * (first - low))
        margin = MARGIN * ((high - low) or abs(high) or 1.0)
        left, right = (log10(self._points[end].rate) for end in (0, -1))
        return View(rect, left, right, low - margin, high + margin)

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        view, t = self.view(), theme.theme()
        self._draw_axes(painter, view)
        steps = np.log10([point.rate for point in self._points])
        raw, smoothed = (np.array([[getattr(point, name)] for point in self._points]) for name in ("loss", "smoothed"))
        faint = theme.mix(t.card, t.faint, 0.4)
        bundles = [
            Bundle(steps, raw, raw, ("batch",), (faint,)),
            Bundle(steps, smoothed, smoothed, ("smoothed",), (theme.lane_colour(0),), Style.STRONG),
        ]
        draw(painter, view, bundles)
        if self._now > 0 and view.left <= log10(self._now) <= view.right:
            painter.setPen(QPen(QColor(t.faint), 1, Qt.PenStyle.DashLine))
            x = float(view.x(log10(self._now)))
            painter.drawLine(QPointF(x, view.rect.top()), QPointF(x, view.rect.bottom()))
            if self._at is None or abs(x - float(view.x(log10(self._points[self._at].rate)))) > NEAR:
                painter.setFont(self.fonts.words)
                box = QRectF(x - NEAR, view.rect.top() - self.fonts.line - 2, 2 * NEAR, self.fonts.line)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "now")
        if self._suggested is not None:
            self._mark(painter, view, self._suggested, QColor(t.green), "suggested ", self._suggested == self._at)
        if self._at is not None and self._at != self._suggested:
            self._mark(painter, view, self._at, QColor(t.accent), "", True)
        if self.hasFocus():
            painter.setPen(QPen(QColor(t.accent), 1))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))

    def _draw_axes(self, painter: QPainter, view: View) -> None:
        t, area, metrics = theme.theme(), view.rect, self.fonts.figure_metrics
        line, ink, height = QPen(QColor(t.line), 1), QColor(t.faint), metrics.height()
        painter.setFont(self.fonts.figures)
        for value, text in linear_ticks(view.bottom, view.top, max(2, int(area.height() // (height * 1.7)))):
            y = round(float(view.y(value)))
            painter.setPen(line)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(ink)
            box = QRectF(0, y - height / 2, area.left() - 5, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        wide = metrics.horizontalAdvance("10⁻⁶") + 8
        for value, text in decade_ticks(view.left, view.right, max(2, int(area.width() // wide))):
            x = round(float(view.x(value)))
            painter.setPen(line)
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom() + 3))
            painter.setPen(ink)
            box = QRectF(x - wide / 2, area.bottom() + 3, wide, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, text)
        painter.setFont(self.fonts.words)
        below = QRectF(area.left(), area.bottom() + height + 3, area.width(), self.fonts.line)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, "learning rate")
        painter.drawText(QRectF(4, 1, area.left() + 200, self.fonts.line), Qt.AlignmentFlag.AlignLeft, "loss")

    def _mark(self, painter: QPainter, view: View, at: int, colour: QColor, name: str, chosen: bool) -> None:
        """A line at a rate; of the chosen one with its figures."""
        point = self._points[at]
        x, y = float(view.x(log10(point.rate))), float(view.y(point.smoothed))
        painter.setPen(QPen(colour, 1.5))
        painter.drawLine(QPointF(x, view.rect.top()), QPointF(x, view.rect.bottom()))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(colour)
        painter.setPen(QPen(QColor(theme.theme().card), 1.5))
        painter.drawEllipse(QPointF(x, y), 4.5, 4.5)
        painter.restore()
        if not chosen:
            return
        text = f"{name}{point.rate:.2g}"
        painter.setFont(self.fonts.words)
        wide = self.fonts.width([text]) + 8
        left = min(max(x - wide / 2, 0.0), self.width() - wide)
        box = QRectF(left, view.rect.top() - self.fonts.line - 2, wide, self.fonts.line)
        backed(painter, box)
        painter.setPen(colour)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _describe(self) -> None:
        words = []
        if self._suggested is not None:
            words.append(f"suggested rate {self._points[self._suggested].rate:.2g}")
        if self._at is not None:
            words.append(f"chosen {self._words(self._at)}")
        if self._now:
            words.append(f"now {self._now:.2g}")
        self.setAccessibleDescription("; ".join(words))

    def _words(self, at: int) -> str:
        point = self._points[at]
        return f"rate {point.rate:.2g}, loss {figure(point.smoothed).strip()}, batch {figure(point.loss).strip()}"

    # Mouse and keys

    def tip(self, place: QPointF) -> str:
        return self._words(self._nearest(place.x()))

    def _nearest(self, x: float) -> int:
        wanted = self.view().step_at(x)
        return min(range(len(self._points)), key=lambda i: abs(log10(self._points[i].rate) - wanted))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and not self.note:
            self.choose(self._nearest(event.position().x()))
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in KEYS and self._points:
            self.choose((self._at if self._at is not None else len(self._points) // 2) + KEYS[Qt.Key(event.key())])
        elif event.key() == Qt.Key.Key_Home:
            self.reset()
        else:
            super().keyPressEvent(event)

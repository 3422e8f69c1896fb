"""How many examples each class has, as bars."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter

from netviz.theme import class_colour, theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.ticks import whole

MOST = 8  # bars


class BalanceBars(Canvas):
    """A bar for each class, the longest as long as there is room; classes beyond the eighth are one line."""

    def __init__(self) -> None:
        super().__init__()
        self.balance: tuple[tuple[str, int], ...] = ()
        self.setAccessibleName("Examples of each class")

    def show_balance(self, balance: tuple[tuple[str, int], ...]) -> None:
        self.balance = balance
        words = ", ".join(f"{name} {count}" for name, count in balance[:50])
        self.setAccessibleDescription(words)
        self.setToolTip(words)
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def sizeHint(self) -> QSize:
        lines = min(len(self.balance), MOST) + (len(self.balance) > MOST)
        return QSize(220, round(lines * (self.fonts.line + 2)))

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        if not self.balance:
            return
        shown, line = self.balance[:MOST], self.fonts.line + 2
        most = max(count for _, count in self.balance) or 1
        names = min(rect.width() * 0.4, self.fonts.width([name for name, _ in shown]) + 8)
        figures = max(self.fonts.figure_metrics.horizontalAdvance(whole(count)) for _, count in shown) + 8
        room = max(4.0, rect.width() - names - figures)
        middle = Qt.AlignmentFlag.AlignVCenter
        for i, (name, count) in enumerate(shown):
            row = QRectF(rect.left(), rect.top() + i * line, rect.width(), line)
            painter.setFont(self.fonts.words)
            painter.setPen(QColor(theme().text))
            text = self.fonts.word_metrics.elidedText(name, Qt.TextElideMode.ElideRight, names - 8)
            painter.drawText(row, Qt.AlignmentFlag.AlignLeft | middle, text)
            bar = QRectF(row.left() + names, row.top() + 3, max(1.5, room * count / most), line - 6)
            painter.fillRect(bar, class_colour(i))
            painter.setFont(self.fonts.figures)
            painter.setPen(QColor(theme().faint))
            painter.drawText(row, Qt.AlignmentFlag.AlignRight | middle, whole(count))
        if len(self.balance) > MOST:
            painter.setFont(self.fonts.words)
            painter.setPen(QColor(theme().faint))
            row = QRectF(rect.left(), rect.top() + MOST * line, rect.width(), line)
            painter.drawText(row, Qt.AlignmentFlag.AlignLeft | middle, f"and {len(self.balance) - MOST} more")

"""A head and what it is about, in lines that can be marked with the mouse and copied."""

from math import ceil

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTextBoundaryFinder, Signal
from PySide6.QtGui import (
    QClipboard,
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QFontMetricsF,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QWidget

from netviz import theme

BREAK = "\N{LINE SEPARATOR}"  # between head and sentence
APART = 3.0  # pixels between them
LEFT = Qt.MouseButton.LeftButton
KEPT_WIDTHS = 2  # with a scroll bar and without
Key = QKeySequence.StandardKey
_WRAPPED = QTextOption()
_WRAPPED.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)  # a node's name may be longer than a line


class Told(QLabel):
    """`mark` stands in red at the right end of the head's first lines.

    A label for those who hear it, but nothing of one else: each text that a QLabel is given has the window laid out
    anew, and one that can be marked is a document, which is laid out six times. Here `height_for` is asked by who
    places it, and new words of the same height are painted and no more.
    """

    clicked = Signal()  # where nothing was marked

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.head = self.sentence = self.mark = ""
        self.marked = 0, 0  # from where to where in the words, the first before the second or behind it
        self._laid: dict[int, tuple[QTextLayout, int]] = {}  # by width, and the height
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        self.restyle()

    @property
    def words(self) -> str:
        return self.head + BREAK + self.sentence if self.sentence else self.head

    @property
    def marked_words(self) -> str:
        low, high = sorted(self.marked)
        return self.words[low:high].replace(BREAK, "\n")

    def say(self, head: str, sentence: str = "", mark: str = "") -> None:
        """Other words. What is marked stays marked: of numbers that change all the time nothing could be copied."""
        if (head, sentence, mark) == (self.head, self.sentence, self.mark):
            return
        self.head, self.sentence, self.mark = head, sentence, mark
        self.marked = min(self.marked[0], len(self.words)), min(self.marked[1], len(self.words))
        self.setAccessibleName(f"{head}. {sentence}" if sentence else head)
        self._forget()

    def restyle(self) -> None:
        """Other colours, or letters of another size."""
        self._plain, self._bold, self._small = QApplication.font(), QTextCharFormat(), theme.small()
        self._bold.setFont(theme.title())
        self._wide = QFontMetricsF(self._small).horizontalAdvance
        self._apart = theme.scaled(APART)
        self._forget()

    def _forget(self) -> None:
        self._laid.clear()
        self.update()

    def height_for(self, width: int) -> int:
        """Of the words in lines of so many pixels."""
        return self._lines(width)[1]

    def _lines(self, width: int) -> tuple[QTextLayout, int]:
        laid = self._laid.get(width)
        if laid is None:
            if len(self._laid) >= KEPT_WIDTHS:
                self._laid.clear()
            laid = self._laid[width] = self._lay(width)
        return laid

    def _lay(self, width: int) -> tuple[QTextLayout, int]:
        made, end = QTextLayout(self.words, self._plain, self), len(self.head)
        made.setTextOption(_WRAPPED)
        made.setCacheEnabled(True)  # letters are shaped once, and not for each painting
        made.setFormats([_span(0, end, self._bold)])
        room = max(1.0, width - self._wide(self.mark) - theme.GAP) if self.mark else width
        y, in_head = 0.0, True
        made.beginLayout()
        while (line := made.createLine()).isValid():
            if in_head and line.textStart() > end:
                in_head, room, y = False, width, y + self._apart
            line.setLineWidth(room)
            line.setPosition(QPointF(0.0, y))
            y += line.height()
        made.endLayout()
        return made, ceil(y)

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter, width = theme.theme(), QPainter(self), self.width()
        painter.fillRect(event.rect(), QColor(t.raised))
        painter.setPen(QColor(t.text))
        low, high = sorted(self.marked)
        spans = [_span(low, high - low, _lit())] if high > low else []
        self._lines(width)[0].draw(painter, QPointF(), spans)
        if self.mark:
            painter.setFont(self._small)
            painter.setPen(QColor(t.red))
            painter.drawText(QRectF(0, 0, width, self.height()), int(Qt.AlignmentFlag.AlignRight), self.mark)
        painter.end()

    # Marking

    def show_marked(self, low: int, high: int) -> None:
        """Marks the words from one place to another; nothing where they are the same."""
        if (low, high) != self.marked:
            self.marked = low, high
            self.update()

    def copy(self) -> None:
        """What is marked, or else all of it, for the clipboard."""
        QGuiApplication.clipboard().setText(self.marked_words or self.words.replace(BREAK, "\n"))

    def _place(self, at: QPointF) -> int:
        """Before which letter of the words a place is."""
        layout = self._lines(self.width())[0]
        lines = [layout.lineAt(i) for i in range(layout.lineCount())]
        under = next((line for line in lines if at.y() < line.y() + line.height()), lines[-1])
        return under.xToCursor(at.x())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is LEFT:
            at = self._place(event.position())
            self.show_marked(at, at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & LEFT:
            self.show_marked(self.marked[0], self._place(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is not LEFT:
            return
        if not self.marked_words:
            self.clicked.emit()
        elif QGuiApplication.clipboard().supportsSelection():  # X11: the middle button pastes what is marked
            QGuiApplication.clipboard().setText(self.marked_words, QClipboard.Mode.Selection)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Marks a word."""
        if event.button() is LEFT:
            finder = QTextBoundaryFinder(QTextBoundaryFinder.BoundaryType.Word, self.words)
            finder.setPosition(min(self._place(event.position()) + 1, len(self.words)))
            self.show_marked(finder.toPreviousBoundary(), finder.toNextBoundary())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _meant(event):
            event.accept()  # elsewhere they copy and select layers
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _meant(event) is Key.Copy:
            self.copy()
        elif _meant(event) is Key.SelectAll:
            self.show_marked(0, len(self.words))
        else:
            event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        if event.reason() not in (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason):
            self.show_marked(0, 0)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.addAction("&Copy", QKeySequence(Key.Copy), self.copy)
        menu.addAction("Select &All", QKeySequence(Key.SelectAll), lambda: self.show_marked(0, len(self.words)))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(event.globalPos())


def _meant(event: QKeyEvent) -> QKeySequence.StandardKey | None:
    return next((key for key in (Key.Copy, Key.SelectAll) if event.matches(key)), None)


def _span(start: int, length: int, look: QTextCharFormat) -> QTextLayout.FormatRange:
    made = QTextLayout.FormatRange()
    made.start, made.length, made.format = start, length, look
    return made


def _lit() -> QTextCharFormat:
    made = QTextCharFormat()
    made.setBackground(QColor(theme.theme().accent))
    made.setForeground(QColor(theme.theme().on_accent))
    return made

"""Everything that keeps the networks from being trained, one line each, that leads to its node."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from engine.errors import Problem
from netviz import theme
from netviz.document.address import OUTSIDE
from netviz.document.document import Change, Document
from netviz.document.drawing import Drawing
from netviz.editor.canvas import Canvas

WHERE = Qt.ItemDataRole.UserRole


class ProblemList(QWidget):
    """A click or Enter chooses the node on the canvas. Empty is good news, and says so."""

    def __init__(self, document: Document, canvas: Canvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._canvas = document, canvas
        self._drawing = Drawing(document)
        self._told: list[tuple[str, tuple[int, str]]] = []
        self.list = _Lines()
        self.list.setAccessibleName("Problems")
        self.list.setWordWrap(True)
        self.list.setFrameShape(QListWidget.Shape.NoFrame)
        self.list.setStyleSheet("QListWidget { background: transparent; } QListWidget::item { padding: 2px 4px; }")
        self.fine = QLabel("No problems.")
        self.fine.setObjectName("faint")
        self.fine.setWordWrap(True)
        self.fine.setAlignment(Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GAP, 2, theme.GAP, theme.GAP)
        column.addWidget(self.fine)
        column.addWidget(self.list)
        self.list.itemClicked.connect(self._jump)
        self.list.itemActivated.connect(self._jump)
        document.changed.connect(self._changed)
        theme.on_change(self._show)

    def sizeHint(self) -> QSize:
        return QSize(320, 90)

    @property
    def lines(self) -> list[str]:
        return [self.list.item(row).text() for row in range(self.list.count())]

    def _changed(self, change: Change) -> None:
        if change.section not in OUTSIDE and self._found() != self._told:
            self._show()

    def _found(self) -> list[tuple[str, tuple[int, str]]]:
        """The lines, each with its lane and the node that it leads to."""
        lanes, found = self._document.lanes(), []
        for index, lane in enumerate(lanes):
            for problem in self._problems(index):
                where = problem.where.removeprefix("graph.edges.").split("->")[-1].split(".")[0]
                place = f"{lane.variant}: " if len(lanes) > 1 else ""
                found.append((f"{place}{problem}", (index, where if where in lane.graph.layers else "")))
        return found

    def _show(self) -> None:
        self._told = self._found()
        self.list.clear()
        for words, (lane, node) in self._told:
            item = QListWidgetItem(words)
            item.setForeground(QColor(theme.theme().red))
            item.setData(WHERE, (lane, node))
            item.setToolTip("Show the node" if node else "")
            self.list.addItem(item)
        self.fine.setVisible(self.list.count() == 0)
        self.list.setVisible(self.list.count() > 0)

    def _problems(self, lane: int) -> list[Problem]:
        """Shapes that do not meet are found by the document only once everything is connected; they are said before."""
        found = self._document.lane_problems(lane)
        said = {problem.message for problem in found}
        errors = self._drawing.shapes(lane).errors.items()
        return found + [Problem(node, message) for node, message in errors if message not in said]

    def _jump(self, item: QListWidgetItem) -> None:
        lane, node = item.data(WHERE)
        if node:
            self._canvas.select(lane, node)
            self._canvas.ensureVisible(self._canvas.node_item(lane, node), 24, 24)
            self._canvas.setFocus()


class _Lines(QListWidget):
    """Enter activates on every system."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentItem() is not None:
            self.itemActivated.emit(self.currentItem())
        else:
            super().keyPressEvent(event)

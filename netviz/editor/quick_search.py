"""A small search at the pointer: type a few letters, Enter adds the layer there."""

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from netviz import theme
from netviz.document import palette
from netviz.document.templates import Template

WIDTH, ROWS = 260, 9


@dataclass(frozen=True, slots=True)
class Offer:
    """One line of the list: a kind of layer, or a template."""

    title: str
    help: str
    kind: str = ""
    template: str = ""


def offers(kinds: Iterable[str] | None = None, templates: Iterable[Template] = ()) -> tuple[Offer, ...]:
    """All kinds, or those in `kinds`, then templates."""
    among = None if kinds is None else set(kinds)
    entries = [e for group in palette.palette() for e in group.entries if among is None or e.kind in among]
    found = [Offer(e.title, e.help, kind=e.kind) for e in entries]
    return *found, *(Offer(t.name, t.help, template=t.name) for t in templates)


def matching(all_offers: Iterable[Offer], text: str) -> list[Offer]:
    """Those in which all words of `text` are, in the palette's order of how well they fit."""
    all_offers = list(all_offers)
    if not text.strip():
        return all_offers
    by_kind = {offer.kind: offer for offer in all_offers if offer.kind}
    found = [by_kind[entry.kind] for entry in palette.search(text) if entry.kind in by_kind]
    words = text.casefold().split()
    named = [o for o in all_offers if o.template and all(w in f"{o.title} {o.help}".casefold() for w in words)]
    return found + named


class QuickSearch(QFrame):
    """A popup that says once what was `picked`, or nothing."""

    picked = Signal(object)  # Offer
    closed = Signal()

    def __init__(self, offered: Iterable[Offer], title: str, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("card")
        self.setAccessibleName(title)
        self._offers = tuple(offered)
        self._line = QLineEdit(placeholderText=title)
        self._line.setAccessibleName(title)
        self._list = QListWidget()
        self._list.setAccessibleName("Layers found")
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setUniformItemSizes(True)
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setStyleSheet("QListWidget { background: transparent; } QListWidget::item { padding: 2px 4px; }")
        self._help = QLabel()
        self._help.setObjectName("faint")
        self._help.setFont(theme.small())
        self._help.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.setSpacing(4)
        for widget in (self._line, self._list, self._help):
            column.addWidget(widget)
        self._line.textChanged.connect(self._show)
        self._line.installEventFilter(self)
        self._list.itemClicked.connect(lambda _: self._pick())
        self._list.currentRowChanged.connect(self._explain)
        self._show("")

    def sizeHint(self) -> QSize:
        row = self._list.sizeHintForRow(0) if self._list.count() else 20
        return QSize(WIDTH, 98 + row * min(ROWS, max(2, len(self._offers))))

    @property
    def line(self) -> QLineEdit:
        return self._line

    @property
    def found(self) -> list[Offer]:
        """What is listed, from the top."""
        return [self._list.item(row).data(Qt.ItemDataRole.UserRole) for row in range(self._list.count())]

    def open_at(self, at: QPoint) -> None:
        """With its corner at `at`, on the screen; all of it in view."""
        self.resize(self.sizeHint())
        room = self.screen().availableGeometry()
        x = max(room.left(), min(at.x(), room.right() - self.width()))
        y = max(room.top(), min(at.y(), room.bottom() - self.height()))
        self.move(x, y)
        self.show()
        self._line.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrows, Tab and Enter in the line act on the list."""
        if event.type() != QEvent.Type.KeyPress:
            return super().eventFilter(watched, event)
        assert isinstance(event, QKeyEvent)
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Backtab: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_Tab: 1}
        if (step := steps.get(Qt.Key(event.key()))) is not None:
            self._list.setCurrentRow((self._list.currentRow() + step) % max(1, self._list.count()))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._pick()
        elif event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            return super().eventFilter(watched, event)
        return True

    def closeEvent(self, event) -> None:
        super().closeEvent(event)
        self.closed.emit()

    def _show(self, text: str) -> None:
        self._list.clear()
        for offer in matching(self._offers, text):
            item = QListWidgetItem(offer.title)
            item.setData(Qt.ItemDataRole.UserRole, offer)
            item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, offer.help)
            item.setToolTip(offer.help)
            self._list.addItem(item)
        self._list.setCurrentRow(0)
        self._explain(self._list.currentRow())

    def _explain(self, row: int) -> None:
        item = self._list.item(row)
        nothing = "Nothing of this name fits here." if self._line.text() else "Nothing fits here."
        self._help.setText(item.data(Qt.ItemDataRole.UserRole).help if item is not None else nothing)

    def _pick(self) -> None:
        item = self._list.currentItem()
        if item is None:
            return
        offer = item.data(Qt.ItemDataRole.UserRole)
        self.close()
        self.picked.emit(offer)

"""What a network can be built of: layers in groups and templates, to be dragged, double-clicked or searched."""

from PySide6.QtCore import QMimeData, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from netviz import theme
from netviz.document import palette
from netviz.document.document import Document
from netviz.editor.canvas import Canvas
from netviz.editor.carried import mime_of
from netviz.editor.quick_search import Offer, matching

OFFER = Qt.ItemDataRole.UserRole
NARROWEST = 140  # pixels, in which most names can be read


class Palette(QWidget):
    """Drag a line onto the canvas; double-click or Enter adds it after what is selected there."""

    def __init__(self, document: Document, canvas: Canvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self.line = QLineEdit(placeholderText="Search layers", clearButtonEnabled=True)
        self.line.setAccessibleName("Search layers")
        self.tree = Tree()
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GAP, 2, theme.GAP, theme.GAP)
        column.setSpacing(theme.GAP)
        column.addWidget(self.line)
        column.addWidget(self.tree)
        self.setFocusProxy(self.line)
        self.setMinimumWidth(NARROWEST)
        self.line.textChanged.connect(self._show)
        self.line.returnPressed.connect(self._add_first)
        self.line.installEventFilter(self)
        self.tree.itemActivated.connect(lambda item, _: self._add(item))
        canvas.shelf.changed.connect(lambda: self._show(self.line.text()))
        theme.on_change(self._renew)

    def sizeHint(self) -> QSize:
        return QSize(190, 420)

    @property
    def found(self) -> list[Offer]:
        """What is listed, from the top."""
        return [item.data(0, OFFER) for item in self._items()]

    def item_of(self, name: str) -> QTreeWidgetItem:
        """The line of a kind or of a template."""
        return next(i for i in self._items() if name in (i.data(0, OFFER).kind, i.data(0, OFFER).template))

    def eventFilter(self, watched: QObject, event) -> bool:
        """Down goes from the search into the list."""
        if isinstance(event, QKeyEvent) and event.type() == event.Type.KeyPress and event.key() == Qt.Key.Key_Down:
            self.tree.setFocus()
            return True
        return super().eventFilter(watched, event)

    def _items(self) -> list[QTreeWidgetItem]:
        groups = [self.tree.topLevelItem(i) for i in range(self.tree.topLevelItemCount())]
        return [group.child(i) for group in groups for i in range(group.childCount())]

    def _renew(self) -> None:
        """Headings have a font of their own, which goes with the text size."""
        self._show(self.line.text())

    def _show(self, text: str) -> None:
        self.tree.clear()
        groups: dict[str, list[Offer]] = {
            group.title or "Layers": [Offer(e.title, e.help, kind=e.kind) for e in group.entries]
            for group in palette.palette()
        }
        groups["Templates"] = [Offer(t.name, t.help, template=t.name) for t in self._canvas.shelf.templates()]
        for title, offered in groups.items():
            kept = matching(offered, text)
            if not kept:
                continue
            head = QTreeWidgetItem([title])
            head.setFlags(Qt.ItemFlag.ItemIsEnabled)
            head.setFont(0, theme.small())
            self.tree.addTopLevelItem(head)
            for offer in kept:
                item = QTreeWidgetItem([offer.title])
                item.setData(0, OFFER, offer)
                item.setToolTip(0, offer.help)
                item.setData(0, Qt.ItemDataRole.AccessibleDescriptionRole, offer.help)
                head.addChild(item)
            head.setExpanded(True)
        if (items := self._items()) and text:
            self.tree.setCurrentItem(items[0])  # what Enter takes

    def _add_first(self) -> None:
        if items := self._items():
            self._add(self.tree.currentItem() if self.tree.currentItem() in items else items[0])

    def _add(self, item: QTreeWidgetItem) -> None:
        if (offer := item.data(0, OFFER)) is not None:
            self._canvas.add_offer(offer)


class Tree(QTreeWidget):
    """Lines that can be dragged out."""

    def __init__(self) -> None:
        super().__init__()
        self.setHeaderHidden(True)
        self.setIndentation(10)
        self.setRootIsDecorated(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)  # longer names end in …
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setAccessibleName("Layers and templates")
        self.setFrameShape(QTreeWidget.Shape.NoFrame)
        self.setStyleSheet("QTreeWidget { background: transparent; } QTreeWidget::item { padding: 2px 0; }")

    def mimeData(self, items) -> QMimeData:  # noqa: N802 - Qt's name
        return mime_of(items[0].data(0, OFFER))

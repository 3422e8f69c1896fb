"""The first rows of a file with what each column is taken for in its head, to be changed there."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from netviz import theme
from netviz.document.importing import MOST_COLUMNS, Role, Sheet

WORDS: dict[Role, str] = {"number": "number", "category": "category", "unused": "left out", "target": "target"}
KEYS: dict[Qt.Key, Role] = {
    Qt.Key.Key_N: "number",
    Qt.Key.Key_C: "category",
    Qt.Key.Key_L: "unused",
    Qt.Key.Key_T: "target",
}
CHOICES: dict[Role, str] = {"number": "&Number", "category": "&Category", "unused": "&Leave Out", "target": "&Target"}
JOIN, JOIN_KEY = "&Also a Target", Qt.Key.Key_A
NARROWEST, WIDEST = 78, 190
FEW, ALONE = 2, 680  # columns that may be so wide, having the table to themselves
WRONG = 0.45  # of the way to red is the ground of a cell that is refused
MEASURED = 40  # columns whose texts are measured; the others are of usual width

_Where = QModelIndex


class SheetModel(QAbstractTableModel):
    """Facts first, then rows."""

    def __init__(self) -> None:
        super().__init__()
        self.sheet: Sheet | None = None

    def show_sheet(self, sheet: Sheet) -> bool:
        """Whether it is another table: else only roles and words have changed, and the place stays."""
        old = self.sheet
        another = old is None or (old.names, old.first, len(old.facts)) != (sheet.names, sheet.first, len(sheet.facts))
        if another:
            self.beginResetModel()
        self.sheet = sheet
        if another:
            self.endResetModel()
        else:
            last = self.index(self.rowCount() - 1, self.columnCount() - 1)
            self.dataChanged.emit(self.index(0, 0), last)
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, self.columnCount() - 1)
        return another

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if self.sheet is None else len(self.sheet.facts) + len(self.sheet.first)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if self.sheet is None else min(len(self.sheet.names), MOST_COLUMNS)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        sheet = self.sheet
        if sheet is None or not index.isValid():
            return None
        fact = index.row() < len(sheet.facts)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            line = sheet.facts[index.row()][1] if fact else sheet.first[index.row() - len(sheet.facts)]
            return line[index.column()] if index.column() < len(line) else ""
        if role == Qt.ItemDataRole.ForegroundRole:
            faint = fact or sheet.roles[index.column()] == "unused"
            return QColor(theme.theme().faint if faint else theme.theme().text)
        if role == Qt.ItemDataRole.BackgroundRole:
            if (index.row() - len(sheet.facts), index.column()) in sheet.wrong:
                return theme.mix(theme.theme().raised, theme.theme().red, WRONG)
            return QColor(theme.theme().card if fact else theme.theme().raised)
        if role == Qt.ItemDataRole.FontRole:
            return theme.figures()
        return None

    def headerData(self, section: int, way: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        sheet = self.sheet
        if sheet is None or role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        if way == Qt.Orientation.Vertical:
            line = section - len(sheet.facts)
            return sheet.facts[section][0] if line < 0 else str(sheet.numbers[line] if sheet.numbers else line + 1)
        words = f"{sheet.names[section]}\n{WORDS[sheet.roles[section]]}"
        return words if role == Qt.ItemDataRole.DisplayRole else f"{words}\nClick to take it for something else"


class _Heads(QHeaderView):
    """A column's name, and below it what it is taken for."""

    def __init__(self, model: SheetModel, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._model = model
        self.changes = True
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setDefaultSectionSize(96)
        self.setMinimumSectionSize(40)
        self.setMouseTracking(True)

    def sizeHint(self) -> QSize:
        size = super().sizeHint()
        return QSize(size.width(), QFontMetrics(_bold()).height() + QFontMetrics(theme.small()).height() + 10)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:  # noqa: N802 - Qt's name
        sheet, t = self._model.sheet, theme.theme()
        if sheet is None:
            return
        role = sheet.roles[section]
        painter.save()
        current = self.parent().currentIndex().column() == section and self.parent().hasFocus()
        painter.fillRect(rect, theme.mix(t.card, t.accent, 0.25) if current else QColor(t.card))
        painter.setPen(QColor(t.line))
        painter.drawLine(rect.topRight(), rect.bottomRight())
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        inner = rect.adjusted(6, 4, -6, -4)
        painter.setFont(_bold())
        metrics = painter.fontMetrics()
        painter.setPen(QColor(t.faint if role == "unused" else t.text))
        name = metrics.elidedText(sheet.names[section], Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop), name)
        painter.setFont(theme.small())
        painter.setPen(_colour(role))
        words = WORDS[role] + (" ▾" if self.changes else "")
        painter.drawText(inner, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom), words)
        painter.restore()


class RoleTable(QTableView):
    """`chosen` is what a person takes a column for: by click on its head, or by keys; `joined`, one more target."""

    chosen = Signal(int, str)
    joined = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.sheet_model = SheetModel()
        self._wrong: tuple[int, int] | None = None  # the first cell that is refused, by row and column
        self.verticalScrollBar().actionTriggered.connect(self._scrolled)
        self.heads = _Heads(self.sheet_model, self)
        self.setHorizontalHeader(self.heads)
        self.setModel(self.sheet_model)
        self.heads.sectionClicked.connect(self.ask)
        rows = self.verticalHeader()
        rows.setFont(theme.small())
        rows.setDefaultSectionSize(QFontMetrics(theme.figures()).height() + 5)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setAccessibleName("First rows")
        theme.on_change(self._recolour)

    def show_sheet(self, sheet: Sheet, changes: bool) -> None:
        """Without `changes` a column is what it is."""
        self.heads.changes = changes
        keys = "N number, C category, L leave out, T target, A one more target for the column, Enter for a list"
        self.setAccessibleDescription(keys if changes else "")
        before, at = self.sheet_model.sheet, self.currentIndex().column()
        if self.sheet_model.show_sheet(sheet):
            self._measure(sheet)
            if self.sheet_model.rowCount():
                stays = before is not None and before.names == sheet.names
                self.setCurrentIndex(self.sheet_model.index(0, max(0, at) if stays else 0))
            self._wrong = min(sheet.wrong, default=None)
            self._show_wrong()
        self.heads.viewport().update()

    def _show_wrong(self) -> None:
        """The first cell that is refused is in sight, however large the table becomes, until a person scrolls it."""
        sheet = self.sheet_model.sheet
        if self._wrong is not None and sheet is not None:
            line, column = self._wrong
            self.scrollTo(self.sheet_model.index(len(sheet.facts) + line, column), self.ScrollHint.PositionAtCenter)

    def _scrolled(self) -> None:
        self._wrong = None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_wrong()

    def _measure(self, sheet: Sheet) -> None:
        bold, figures = QFontMetrics(_bold()), QFontMetrics(theme.figures())
        for i, name in enumerate(sheet.names[:MEASURED]):
            texts = [line[i] for line in (*(texts for _, texts in sheet.facts), *sheet.first) if i < len(line)]
            wide = max([bold.horizontalAdvance(name), *(figures.horizontalAdvance(text) for text in texts)], default=0)
            most = WIDEST if len(sheet.names) > FEW else ALONE
            self.setColumnWidth(i, min(most, max(NARROWEST, wide + 16)))

    def ask(self, section: int) -> None:
        """A list of what the column can be taken for."""
        sheet = self.sheet_model.sheet
        if sheet is None or not self.heads.changes:
            return
        self.setCurrentIndex(self.sheet_model.index(max(0, self.currentIndex().row()), section))
        menu = QMenu(self)
        menu.setAccessibleName(f"What {sheet.names[section]} is taken for")
        for role, text in CHOICES.items():
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(sheet.roles[section] == role)
            action.triggered.connect(lambda _, r=role: self.chosen.emit(section, r))
            if sheet.roles[section] == role:
                menu.setActiveAction(action)
        if "target" in sheet.roles and sheet.roles[section] != "target":
            menu.addAction(JOIN).triggered.connect(lambda _: self.joined.emit(section))
        menu.aboutToHide.connect(menu.deleteLater)
        at = QPoint(self.heads.sectionViewportPosition(section), self.heads.height())
        menu.popup(self.heads.viewport().mapToGlobal(at))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        column, key = self.currentIndex().column(), Qt.Key(event.key())
        if column >= 0 and self.heads.changes and not event.modifiers():
            if key in KEYS:
                self.chosen.emit(column, KEYS[key])
                return
            if key == JOIN_KEY:
                self.joined.emit(column)
                return
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space, Qt.Key.Key_Menu):
                self.ask(column)
                return
        super().keyPressEvent(event)

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:  # noqa: N802 - Qt's name
        super().currentChanged(current, previous)
        self.heads.viewport().update()

    def _recolour(self) -> None:
        t = theme.theme()
        self.setStyleSheet(
            f"QTableView {{ background: {t.raised}; gridline-color: {t.line}; border: 1px solid {t.line}; }}"
            f"QTableView:focus {{ border: 1px solid {t.accent}; }}"
            f"QHeaderView {{ background: {t.card}; }}"
            f"QHeaderView::section {{ background: {t.card}; color: {t.faint}; border: none; padding: 0 6px;"
            f" border-right: 1px solid {t.line}; }}"
            f"QTableCornerButton::section {{ background: {t.card}; border: none; }}"
        )


def _bold() -> QFont:
    font = theme.small()
    font.setWeight(QFont.Weight.DemiBold)
    return font


def _colour(role: Role) -> QColor:
    t = theme.theme()
    return QColor({"number": t.accent, "category": t.amber, "unused": t.faint, "target": t.green}[role])

"""What is in a file of data, how it is to be read, and a first network for it; accepted, it is one step of undo."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from engine.catalogue import DATASETS
from engine.data.archive import DataFileError
from engine.data.source import Summary
from engine.errors import ProjectError
from engine.spec import build
from netviz import theme
from netviz.document import fields
from netviz.document.document import Document
from netviz.document.importing import Look, Sheet, checked, use
from netviz.document.looks import LOOKS
from netviz.document.proposal import Advice, Proposal, advice, first_network
from netviz.document.table_import import TableLook, TableWish
from netviz.document.text_import import Encoding, TextLook, TextWish
from netviz.editor.import_parts import WindowChoice, card, choice_of
from netviz.runtime.reader import Reader
from netviz.widgets.balance import BalanceBars
from netviz.widgets.choice import Choice
from netviz.widgets.class_pictures import ClassPictures
from netviz.widgets.dialog_buttons import dialog_buttons
from netviz.widgets.elided import ElidedLabel
from netviz.widgets.role_table import RoleTable
from netviz.widgets.tick_box import TickBox

SETTLE_MS = 120  # a hand that goes on choosing is waited for
HEAD = 1000  # rows that are shown at once
WIDGET_MAX = 16_777_215  # pixels: Qt's own, for no limit
PATIENCE_MS = 300  # before a bar says how far the reading is
TASKS = {"auto": "As found", "classes": "Classes", "numbers": "Numbers"}


class ImportDialog(QDialog):
    """Over one window; a file is read in the background, and until it is accepted nothing changes."""

    def __init__(self, document: Document, reader: Reader, kind: str, path: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._document, self._reader, self._kind, self._path = document, reader, kind, path
        same = document.project.data.kind() == kind  # of other data what every kind means alike
        names = DATASETS[kind].__struct_fields__ if same else ("preprocess", "seed", "validation")
        self._before: dict[str, Any] = {n: v for n, v in document.project.data.to_json().items() if n in names}
        self._look: Look | None = None
        self._wish: Any = None
        self._advice: Advice | None = None
        self._proposal: Proposal | None = None
        self._data: dict[str, Any] | None = None  # what has been checked, and can be used
        self._by_hand: set[str] = {"preprocess"} if "preprocess" in self._before else set()
        self.setWindowTitle("Import data")
        self.setAccessibleName("Import data")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self._settled = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settled.timeout.connect(self._check)
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._show_bar)
        reader.progressed.connect(self._progressed)
        self._make()
        self.table.setFocus()
        self._read()

    def sizeHint(self) -> QSize:
        return QSize(900, 660)

    @property
    def settled(self) -> bool:
        """Whether what is shown is known to be good or bad."""
        return not self._reader.busy and not self._settled.isActive()

    # Widgets

    def _make(self) -> None:
        self.name, self.size_words = ElidedLabel(self._path.rpartition("/")[2]), ElidedLabel()
        self.name.setFont(theme.title())
        self.name.setToolTip(self._path)
        self.size_words.setObjectName("faint")
        self.table = RoleTable()
        self.table.setMinimumHeight(130)
        self.table.chosen.connect(self._take_role)
        self.table.joined.connect(lambda place: self._take_role(place, "target", also=True))
        self.pictures = ClassPictures()
        self.bar = QProgressBar(maximum=1000, textVisible=False)
        self.bar.setAccessibleName("How much of the file is read")
        self.bar.setFixedHeight(6)
        self.trouble = QLabel(wordWrap=True)
        self.trouble.setObjectName("trouble")
        self.trouble.setAccessibleName("What is wrong")
        self.warnings = QLabel(wordWrap=True)
        self.warnings.setAccessibleName("What to look at")
        theme.on_change(self._recolour)
        self.buttons, self.accept_button = dialog_buttons(self, "Import")
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(theme.GAP)
        column.addWidget(self.name)
        column.addWidget(self.size_words)
        column.addLayout(self._make_layout_choices())
        column.addWidget(self.table, 1)
        column.addWidget(self.pictures, 2)
        column.addWidget(self.bar)
        column.addWidget(self.trouble)
        column.addWidget(self.warnings)
        below = QHBoxLayout()
        below.setSpacing(theme.GAP)
        below.addWidget(self._make_target(), 2)
        below.addWidget(self._make_use(), 3)
        column.addLayout(below)
        column.addWidget(self.buttons)
        self._say("")

    def _make_layout_choices(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        self.layout_choices: dict[str, Choice] = {}
        if self._kind == "csv":
            listed = {p.name: p for p in fields.properties(DATASETS["csv"])}
            for name in ("delimiter", "header", "missing"):
                choice = choice_of(listed[name], str(self._before.get(name, listed[name].default)))
                choice.setMinimumWidth(120)
                choice.activated.connect(lambda _, n=name: self._reread() if n != "missing" else self._take_missing())
                label = QLabel(listed[name].label)
                label.setObjectName("faint")
                label.setBuddy(choice)
                row.addWidget(label)
                row.addWidget(choice)
                row.addSpacing(8)
                self.layout_choices[name] = choice
        if self._kind == "text":
            self.window = WindowChoice(self._take_window)
            row.addWidget(self.window)
        row.addStretch()
        return row

    def _make_target(self) -> QFrame:
        framed, grid = card("Target")
        self.target = ElidedLabel()
        self.task = Choice()
        for value, text in TASKS.items():
            self.task.addItem(text, value)
        self.task.setAccessibleName("Target is")
        self.task.setToolTip("What the target's values mean")
        self.task.activated.connect(self._take_task)
        self.task.setVisible(self._kind == "csv")
        self.balance = BalanceBars()
        grid.addWidget(self.task, 0, 1)
        grid.addWidget(self.target, 1, 0, 1, 2)
        grid.addWidget(self.balance, 2, 0, 1, 2)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(1, 2)
        grid.setRowStretch(3, 1)
        return framed

    def _make_use(self) -> QFrame:
        framed, grid = card("Numbers and network")
        listed = {p.name: p for p in fields.properties(DATASETS[self._kind])}
        self.preprocess = choice_of(listed["preprocess"], str(self._before.get("preprocess", "none")))
        self.preprocess.activated.connect(self._take_preprocess)
        self.preprocess.activated.connect(lambda _: self._by_hand.add("preprocess"))
        label = QLabel(listed["preprocess"].label)
        label.setBuddy(self.preprocess)
        self.advice = QLabel(wordWrap=True)
        self.advice.setObjectName("faint")
        self.advice.setFont(theme.small())
        self.replace = TickBox("Also replace the network with")
        self.replace.clicked.connect(lambda _: self._by_hand.add("replace"))
        self.network = QLabel(wordWrap=True)
        self.network.setContentsMargins(22, 0, 0, 0)
        for widget in (label, self.preprocess, self.advice):
            widget.setHidden(self._kind == "text")  # codes and columns of 0 and 1 are taken as they are
        grid.addWidget(label, 1, 0)
        grid.addWidget(self.preprocess, 1, 1)
        grid.addWidget(self.advice, 2, 0, 1, 2)
        grid.addWidget(self.replace, 3, 0, 1, 2)
        grid.addWidget(self.network, 4, 0, 1, 2)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(5, 1)
        return framed

    def _recolour(self) -> None:
        self.warnings.setStyleSheet(f"color: {theme.theme().amber};")

    # Reading

    def _read(self) -> None:
        """The file as its layout is told now; of a table its first rows are shown while the others are read."""
        folder, kind, path, told = self._document.project.folder, self._kind, self._path, self._told_layout()

        def look(done: Callable[[Any], object], **some: int) -> None:
            self._start(lambda share: LOOKS[kind](folder, path, told=share, **told, **some), done)

        def looked_at_head(head: Look) -> None:
            self._looked(head)
            if isinstance(head, TableLook) and not head.whole:
                look(self._looked)

        if kind == "csv":
            look(looked_at_head, most_rows=HEAD)
        else:
            look(self._looked)

    def _told_layout(self) -> dict[str, str]:
        names = (name for name in ("delimiter", "header") if name in self.layout_choices)
        return {name: self.layout_choices[name].currentData() for name in names}

    def _reread(self) -> None:
        """Laid out otherwise, columns are others: what was said of them means nothing any more."""
        if self._look is not None and self._wish is not None:
            self._before.update({**dict.fromkeys(("target", "leave_out", "categories", "numbers"), "")})
            self._by_hand.discard("columns")
        self._read()

    def _start(self, work: Callable[..., Any], done: Callable[[Any], object]) -> None:
        self._data = None
        self.accept_button.setEnabled(False)
        self.bar.setValue(0)
        if not self._patience.isActive() and self.bar.isHidden():
            self._patience.start()
        self._reader.read(work, done, self._failed)

    def _looked(self, look: Look) -> None:
        self._look = look
        if "columns" not in self._by_hand:
            self._wish = look.first_wish(self._before)
        if isinstance(look, TableLook):
            self._say_layout(look)
            self.task.setCurrentIndex(self.task.findData(self._wish.task))
        elif isinstance(self._wish, TextWish):
            self.window.show_window(self._wish.length, self._wish.encoding)
        self._wished()
        self._settled.stop()
        self._check()

    def _say_layout(self, look: TableLook) -> None:
        """What was found, where it was left to be found."""
        form = look.preview.form
        found = {
            "delimiter": {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}[form.delimiter],
            "header": "yes" if form.header else "no",
        }
        for name, text in found.items():
            self.layout_choices[name].setItemText(0, f"Auto: {text}")

    def _wished(self) -> None:
        """Shows the file as it is to be read now, and checks that soon."""
        assert self._look is not None
        sheet: Sheet = self._look.sheet(self._wish)
        self.size_words.setText(sheet.size)
        self.table.show_sheet(sheet, changes=isinstance(self._look, TableLook))
        self.pictures.show_pictures(sheet.pictures)
        self.table.setMaximumHeight(self.table.minimumHeight() if sheet.pictures else WIDGET_MAX)
        self.target.setText(sheet.target)
        self.balance.show_balance(sheet.balance)
        self.warnings.setText("\n".join(sheet.warnings))
        self.warnings.setVisible(bool(sheet.warnings))
        self._advice = advice(sheet.ranges)
        if self._kind != "text" and "preprocess" not in self._by_hand:
            self.preprocess.setCurrentIndex(self.preprocess.findData(self._advice.kind))
        best = self.preprocess.itemText(self.preprocess.findData(self._advice.kind))
        self.advice.setText(f"Recommended: {best}, {self._advice.why}")
        self._data = None
        self.accept_button.setEnabled(False)
        self._settled.start()

    def _wanted(self) -> dict[str, Any]:
        """The data section as it would be."""
        assert self._look is not None
        shared = {name: self._before[name] for name in ("seed", "validation") if name in self._before}
        prepared = self.preprocess.currentData()
        extra = {} if prepared == "none" else {"preprocess": prepared}
        return {**shared, **self._look.data(self._wish), **extra}

    def _check(self) -> None:
        if self._look is None or (isinstance(self._look, TableLook) and not self._look.whole):
            return
        data, folder = self._wanted(), self._document.project.folder
        self._start(lambda share: checked(data, folder, share), self._checked)

    def _checked(self, summary: Summary) -> None:
        assert self._look is not None
        self._finish()
        self._say("")
        data = self._data = self._wanted()
        self.accept_button.setEnabled(True)
        propose = self._look.network if isinstance(self._look, TextLook) else first_network
        self._proposal = propose(summary, self._look.sheet(self._wish).rows)
        self.network.setText(self._proposal.words)
        self.replace.setEnabled(True)
        self.replace.setAccessibleDescription(self._proposal.words)
        if "replace" not in self._by_hand:
            self.replace.setChecked(self._misfits(data, summary))

    def _misfits(self, data: dict[str, Any], summary: Summary) -> bool:
        """Whether the network that there is cannot be trained on these data, or had better not."""
        project = self._document.project
        if project.training.loss.takes_logits and summary.classes is None:
            return True
        return bool(replace(project, data=build(DATASETS, data, "data")).problems())

    def _failed(self, error: Exception) -> None:
        self._finish()
        name = self._path.rpartition("/")[2]
        if isinstance(error, ProjectError):
            words = error.problems[0].message.replace(repr(self._path), name, 1)
        elif isinstance(error, DataFileError):
            words = f"{name} {error}"
        else:
            words = f"{name} cannot be read: {error or type(error).__name__}"
        self._proposal = None
        self.network.setText("")
        self.replace.setEnabled(False)
        self._say(words)

    def _say(self, trouble: str) -> None:
        self.trouble.setText(trouble)
        self.trouble.setVisible(bool(trouble))
        if not self._reader.busy:
            self.bar.hide()

    def _progressed(self, share: float) -> None:
        self.bar.setValue(round(1000 * share))

    def _show_bar(self) -> None:
        self.bar.setVisible(self._reader.busy)

    def _finish(self) -> None:
        self._patience.stop()
        self.bar.hide()

    # What is wanted

    def _take_role(self, place: int, role: str, also: bool = False) -> None:
        if isinstance(self._look, TableLook):
            self._by_hand.add("columns")
            self._wish = self._look.with_role(self._wish, place, role, also)  # type: ignore[arg-type]
            self._wished()

    def _take_window(self, length: int, encoding: Encoding) -> None:
        if isinstance(self._wish, TextWish):
            self._wish = replace(self._wish, length=length, encoding=encoding)
            self._wished()

    def _take_task(self) -> None:
        if isinstance(self._wish, TableWish):
            self._by_hand.add("columns")
            self._wish = replace(self._wish, task=self.task.currentData())
            self._wished()

    def _take_missing(self) -> None:
        chosen = self.layout_choices["missing"].currentData()
        self._before["missing"] = chosen
        if isinstance(self._wish, TableWish):
            self._wish = replace(self._wish, missing=chosen)
            self._wished()

    def _take_preprocess(self) -> None:
        if self._data is not None:
            self._data = self._wanted()

    def accept(self) -> None:
        """One step of undo, or what is wrong with it said here."""
        if self._data is None:
            return
        proposal = self._proposal if self.replace.isChecked() else None
        try:
            use(self._document, self._data, proposal)
        except ProjectError as error:
            self._failed(error)
            return
        super().accept()

    def done(self, result: int) -> None:
        self._reader.end()
        self._reader.progressed.disconnect(self._progressed)
        self._settled.stop()
        self._patience.stop()
        super().done(result)

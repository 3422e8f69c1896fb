"""The dialog in which a film is asked for, and that shows how far it is. The window stays usable beside it."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from engine.project import Project
from netviz.film.maker import FilmMaker
from netviz.film.plan import FORMATS, MOST_FPS, NETWORK, NO_VIDEO, WINDOW, FilmPlan, has_video
from netviz.film.stage import titles
from netviz.saving import Saver
from netviz.settings import remember, remembered
from netviz.theme import GAP
from netviz.widgets.choice import Choice
from netviz.widgets.size_fields import HEIGHT, SizeFields
from netviz.widgets.tick_box import TickBox

if TYPE_CHECKING:
    from netviz.main_window import MainWindow

KEY = "film"  # among what is remembered
MOST_LONG = 10_000_000  # epochs or steps
USUAL = {"panel": QSize(640, 480), NETWORK: QSize(800, 400), WINDOW: QSize(1280, 800)}


class FilmDialog(QDialog):
    """Asks, then shows progress in the same place; closing it while a film is made cancels the film."""

    def __init__(self, window: "MainWindow", saver: Saver, project: Callable[[], Project], stem: str) -> None:
        super().__init__(window)
        self._window, self._saver, self._project, self._stem = window, saver, project, stem
        self.maker: FilmMaker | None = None
        self.setWindowTitle("Film of the Run")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._make_fields()
        self._lay_out()
        self._recall()
        self._show_state()

    def _make_fields(self) -> None:
        self.what = Choice()
        for ident, title in titles().items():
            self.what.addItem(title, ident)
        self.length, self.every, self.fps = _number(MOST_LONG), _number(MOST_LONG), _number(MOST_FPS)
        self.unit = Choice()
        self.unit.addItem("epochs", True)
        self.unit.addItem("steps", False)
        self.unit.setAccessibleName("Unit of the length")
        self.unit_again = QLabel()
        self.format = Choice()
        for known in FORMATS:
            self.format.addItem(known.title, known.suffix)
        model = self.format.model()
        if not has_video() and isinstance(model, QStandardItemModel):
            item = model.item(self.format.findData(".mp4"))
            item.setEnabled(False)
            item.setText(f"{item.text()} – {NO_VIDEO}")
            item.setToolTip(NO_VIDEO)
        self.exact = TickBox("Every pixel exact (larger file)")
        self.sizes = SizeFields()
        self.told, self.trouble, self.bar = QLabel(), QLabel(), QProgressBar()
        self.told.setObjectName("faint")
        self.trouble.setObjectName("trouble")
        for label in (self.told, self.trouble):
            label.setWordWrap(True)
        self.make, self.close_button = QPushButton("Make Film…"), QPushButton("Close")
        self.make.setDefault(True)
        self.make.clicked.connect(self._ask)
        self.close_button.clicked.connect(self.reject)
        self.what.currentIndexChanged.connect(self._other_thing)
        for box in (self.length, self.every, self.fps):
            box.valueChanged.connect(self._show_state)
        for combo in (self.unit, self.format):
            combo.currentIndexChanged.connect(self._show_state)
        self.sizes.changed.connect(self._show_state)

    def _lay_out(self) -> None:
        form = QFormLayout()
        self._fields = QWidget()
        self._fields.setLayout(form)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Show", self.what)
        form.addRow("Train for", _row(self.length, self.unit))
        form.addRow("A frame every", _row(self.every, self.unit_again))
        form.addRow("Frames a second", _row(self.fps))
        form.addRow("Size", self.sizes)
        form.addRow("Format", self.format)
        form.addRow("", self.exact)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.make)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        column.setSpacing(GAP)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetMinimumSize)
        column.addWidget(self._fields)
        for widget in (self.told, self.trouble, self.bar):
            column.addWidget(widget)
        column.addLayout(buttons)
        kept = self.bar.sizePolicy()
        kept.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(kept)
        self.setMinimumWidth(430)

    # What is chosen

    @property
    def plan(self) -> FilmPlan:
        by_epoch = self._steps_per_epoch if self.unit.currentData() else 1
        size = self.sizes.wanted
        return FilmPlan(
            what=str(self.what.currentData()),
            steps=self.length.value() * by_epoch,
            every=self.every.value() * by_epoch,
            fps=self.fps.value(),
            width=size.width(),
            height=size.height(),
            scale=self.sizes.scale,
            suffix=str(self.format.currentData()),
            exact=self.exact.isChecked(),
        )

    @property
    def _steps_per_epoch(self) -> int:
        lanes = self._window.session.history.lanes
        return lanes[0].info.steps_per_epoch if lanes else 1

    def _recall(self) -> None:
        """What was chosen last; at first, the project's own length."""
        try:
            kept = json.loads(remembered(KEY, "{}"))
        except ValueError:
            kept = {}
        kept = kept if isinstance(kept, dict) else {}
        epochs = self._project().training.epochs
        self.length.setValue(epochs)
        self.every.setValue(_whole(kept.get("every"), max(1, epochs // 200)))
        self.fps.setValue(_whole(kept.get("fps"), 20))
        self.format.setCurrentIndex(max(0, self.format.findData(kept.get("suffix"))))
        if self.format.currentData() == ".mp4" and not has_video():
            self.format.setCurrentIndex(0)
        self.exact.setChecked(kept.get("exact") is True)
        self.what.setCurrentIndex(max(0, self.what.findData(kept.get("what", "boundary"))))
        self._other_thing()
        width, height = _whole(kept.get("width"), 0), _whole(kept.get("height"), 0)
        if width and height:
            self.sizes.show_size(QSize(width, height))
        self.sizes.show_scale(kept.get("scale"))

    def _other_thing(self) -> None:
        self.sizes.show_size(USUAL.get(str(self.what.currentData()), USUAL["panel"]))
        self._show_state()

    def _show_state(self) -> None:
        plan, busy = self.plan, self.maker is not None
        self.unit_again.setText(self.unit.currentText())
        self.exact.setVisible(plan.suffix == ".webp")
        width, height = plan.size
        still = " The drawing itself stands still while it trains." if plan.what == NETWORK else ""
        self.told.setText(
            f"{plan.frames} frames of {width} × {height} pixels, {plan.seconds:.1f} s. "
            f"The run is done once more for it, from step 0; yours is not touched.{still}"
        )
        self.trouble.setText(plan.problem())
        self.trouble.setVisible(bool(plan.problem()))
        self.make.setEnabled(not plan.problem())
        self.make.setVisible(not busy)
        self._fields.setEnabled(not busy)
        self.bar.setVisible(busy)
        self.close_button.setText("Cancel" if busy else "Close")

    # Making it

    def _ask(self) -> None:
        plan = self.plan
        title = next(known.title for known in FORMATS if known.suffix == plan.suffix)
        line = f"{title} (*{plan.suffix})"
        asked = self._saver.ask("Film of the run", f"{self._stem}-{plan.what}", {line: plan.suffix})
        if asked is None:
            return
        chosen = {key: getattr(plan, key) for key in ("what", "fps", "width", "height", "scale", "suffix", "exact")}
        remember(KEY, json.dumps({**chosen, "every": self.every.value()}))
        path = asked[0]
        maker = self.maker = FilmMaker(plan, self._project(), path, self._window.session.worker, self)
        maker.progressed.connect(self._progress)
        maker.made.connect(lambda note: self._end(lambda: self._saver.say(f"Exported to {path.name}{note}")))
        maker.failed.connect(lambda error: self._end(lambda: self._saver.fail(path, error)))
        maker.cancelled.connect(lambda: self._end(lambda: self._saver.say(f"{path.name} was not written")))
        self._progress(0, plan.frames)
        self._show_state()
        maker.start()

    def _progress(self, done: int, frames: int) -> None:
        self.bar.setRange(0, frames)
        self.bar.setValue(done)
        self.bar.setFormat(f"{done} of {frames} frames" if done < frames else "writing the file")

    def _end(self, say: Callable[[], object]) -> None:
        self.maker = None
        say()
        self.accept()

    def reject(self) -> None:
        """Escape, Close, Cancel and the frame's cross: a film that is being made is given up first."""
        if self.maker is not None:
            self.close_button.setEnabled(False)
            self.maker.cancel()
        else:
            super().reject()

    def abandon(self) -> None:
        """The window closes: nothing goes on, and nobody is told."""
        if self.maker is not None:
            self.maker.abandon()
            self.maker = None


def _number(most: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(1, most)
    box.setMinimumSize(90, HEIGHT)
    return box


def _row(*widgets: QWidget) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        row.addWidget(widget)
    row.addStretch()
    return holder


def _whole(value: object, usual: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else usual

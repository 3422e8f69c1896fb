"""A question beside the work: how far its answer is, then the answer. It never stops anyone."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from engine.checks.questions import Question
from netviz import theme
from netviz.checks.view import ReportView
from netviz.runtime.asking import Asking

STEPS = 1000  # of the progress bar


class CheckDialog(QDialog):
    """Escape cancels what is under way and closes; closing kills the process."""

    again_wanted = Signal()

    def __init__(self, view: ReportView, network: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.view, self.asking = view, Asking(self)
        self.report: Any = None
        self._tone = "text"
        title = f"{view.title} — {network}" if network else view.title
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.verdict = _label("Verdict")
        self.verdict.setFont(theme.title())
        self.detail = _label("Numbers")
        self.detail.setObjectName("faint")
        self.edited = _label("Edited")
        self.edited.setText("The network has been edited since; this is about the one before.")
        self.edited.hide()
        self.bar = QProgressBar(maximum=STEPS, textVisible=False)
        self.bar.setAccessibleName("Progress")
        self.cancel = _button("Cancel", self.reject)
        self.copy = _button(view.copies, self._copy)
        self.again = _button("Check Again", self.again_wanted.emit)
        self.close_button = _button("Close", self.reject)
        self.close_button.setDefault(True)
        progress, row = QHBoxLayout(), QHBoxLayout()
        progress.addWidget(self.bar, 1)
        progress.addWidget(self.cancel)
        for button in (self.copy, self.again):
            row.addWidget(button)
        row.addStretch()
        row.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setSpacing(theme.GAP)
        for widget in (self.verdict, self.detail, self.edited):
            column.addWidget(widget)
        column.addLayout(progress)
        column.addWidget(view, 1)
        column.addStretch()
        column.addLayout(row)
        self.asking.progress.connect(self._show_progress)
        self.asking.answered.connect(self._show_report)
        self.asking.failed.connect(self._show_failure)
        theme.on_change(self._recolour)
        self.resize(760, 460)

    def ask(self, question: Question) -> None:
        """Asks, anew if it was asked before."""
        self.report = None
        self.edited.hide()
        self._say(self.view.working, "text")
        self.bar.setValue(0)
        self._arrange(running=True)
        self.cancel.setFocus()
        self.asking.ask(question)

    def done(self, result: int) -> None:
        self.asking.cancel()
        super().done(result)

    def _arrange(self, *, running: bool) -> None:
        there = self.report is not None
        self.bar.setVisible(running)
        self.cancel.setVisible(running)
        self.view.setVisible(there)
        self.copy.setVisible(there)
        self.again.setVisible(not running)
        self.close_button.setVisible(not running)

    def _show_progress(self, share: float) -> None:
        self.bar.setValue(round(STEPS * share))

    def _show_report(self, report: Any) -> None:
        self.report = report
        self.view.show_report(report)
        self._say(*self.view.verdict(report), self.view.detail(report))
        self._arrange(running=False)
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_failure(self, words: str) -> None:
        self._say(words, "red")
        self._arrange(running=False)
        self.close_button.setFocus()

    def _say(self, verdict: str, tone: str, detail: str = "") -> None:
        self._tone = tone
        self.verdict.setText(verdict)
        self.detail.setText(detail)
        self.detail.setVisible(bool(detail))
        self.setAccessibleDescription(f"{verdict}. {detail}".strip())
        self._recolour()

    def _recolour(self) -> None:
        for label, tone in ((self.verdict, self._tone), (self.edited, "amber")):
            palette = QPalette(label.palette())
            palette.setColor(QPalette.ColorRole.WindowText, getattr(theme.theme(), tone))
            label.setPalette(palette)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.view.text(self.report))


def _label(name: str) -> QLabel:
    label = QLabel(wordWrap=True)
    label.setAccessibleName(name)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _button(text: str, call: Any) -> QPushButton:
    button = QPushButton(text, autoDefault=False)
    button.clicked.connect(lambda: call())
    return button

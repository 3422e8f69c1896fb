"""The report on overfitting: what to look at, in plain words."""

from typing import ClassVar

from PySide6.QtWidgets import QLabel, QListWidget, QVBoxLayout

from engine.checks.overfit import EXAMPLES, OverfitReport
from engine.checks.questions import Kind
from netviz.checks.view import ReportView, Said

LEARNT = (
    "What can remember can learn. Penalties, clipping, dropout, schedule and early stopping were off; "
    "what it makes of new examples, training shows."
)
NOT = "Likeliest cause first. Penalties, clipping, dropout, schedule and early stopping were off."


class OverfitView(ReportView):
    kind: ClassVar[Kind] = Kind.OVERFIT
    title: ClassVar[str] = f"Overfit {EXAMPLES} examples"
    working: ClassVar[str] = f"A copy of the network learns {EXAMPLES} examples by heart …"
    copies: ClassVar[str] = "Copy"

    def __init__(self) -> None:
        super().__init__()
        self.says = QLabel()
        self.says.setObjectName("faint")
        self.says.setWordWrap(True)
        self.list = QListWidget()
        self.list.setAccessibleName("What to look at")
        self.list.setWordWrap(True)
        self.list.setSpacing(3)
        self.list.setStyleSheet("QListWidget::item { padding: 3px 4px; }")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.says)
        column.addWidget(self.list, 1)
        column.addStretch()
        self.setFocusProxy(self.list)

    def verdict(self, report: OverfitReport) -> Said:
        return report.verdict, "green" if report.learnt else "red"

    def detail(self, report: OverfitReport) -> str:
        return f"{report.numbers[0].upper()}{report.numbers[1:]}."

    def text(self, report: OverfitReport) -> str:
        return str(report)

    def show_report(self, report: OverfitReport) -> None:
        self.says.setText(LEARNT if report.learnt else NOT)
        self.list.clear()
        self.list.addItems([f"{finding[0].upper()}{finding[1:]}" for finding in report.findings])
        self.list.setVisible(bool(report.findings))
        if report.findings:
            self.list.setCurrentRow(0)
            self.list.clearSelection()

"""The report on learning rates: the curve, the suggestion, and taking it or another."""

from typing import ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from engine.checks.questions import Kind
from engine.checks.rates import RateReport
from netviz import theme
from netviz.checks.rate_plot import RatePlot
from netviz.checks.view import ReportView, Said
from netviz.tables import csv_bytes

CSV = ("rate", "loss", "smoothed")


class RateView(ReportView):
    kind: ClassVar[Kind] = Kind.RATES
    title: ClassVar[str] = "Find a learning rate"
    working: ClassVar[str] = "The rate grows from step to step …"
    rate_wanted = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self._rate = self._now = 0.0
        self.plot = RatePlot()
        self.plot.chosen.connect(self._offer)
        self.use = QPushButton()
        self.use.clicked.connect(lambda: self.rate_wanted.emit(self._rate))
        self.hint = QLabel("Another rate: a click in the curve, or ← and →.")
        self.hint.setObjectName("faint")
        self.hint.setFont(theme.small())
        row = QHBoxLayout()
        row.addWidget(self.hint, 1)
        row.addWidget(self.use)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot, 1)
        column.addLayout(row)
        self.setFocusProxy(self.plot)

    def verdict(self, report: RateReport) -> Said:
        words, _, _ = str(report).partition(" (")
        return f"{words[0].upper()}{words[1:]}", "amber" if report.suggestion is None else "green"

    def detail(self, report: RateReport) -> str:
        if not report.points:
            return ""
        smoothed = [point.smoothed for point in report.points]
        ends = "" if report.diverged_at is None else f"; after {report.diverged_at:.2g} the loss was no number"
        return (
            f"{len(report.points)} steps from {report.points[0].rate:g} to {report.points[-1].rate:.2g}{ends}; "
            f"the smoothed loss goes from {smoothed[0]:.3g} down to {min(smoothed):.3g}. "
            "Suggested is the rate at which it falls fastest."
        )

    def text(self, report: RateReport) -> str:
        return csv_bytes(CSV, ((p.rate, p.loss, p.smoothed) for p in report.points)).decode()

    def show_report(self, report: RateReport) -> None:
        self.hint.setVisible(bool(report.points))
        self.plot.show_report(report)
        self._offer(self.plot.rate)

    def _offer(self, rate: float | None) -> None:
        """The rate as it is written down: two figures are all that it is worth."""
        if rate is not None:
            self._rate = float(f"{rate:.2g}")
        used = self._rate == self._now
        self.use.setEnabled(rate is not None and not used)
        words = "In Use" if used else "Use This Rate"
        self.use.setText(words if rate is None else f"{words}: {self._rate:g}")

    def show_now(self, rate: float) -> None:
        """The rate that the project has."""
        self._now = rate
        self.plot.show_now(rate)
        self._offer(self.plot.rate)

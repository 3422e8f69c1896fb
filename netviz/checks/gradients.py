"""The report on gradients: a row a tensor, the one that is furthest off first to be seen."""

from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout

from engine.checks.questions import Kind
from engine.gradient_check import GradientReport, TensorCheck
from netviz import theme
from netviz.checks.view import ReportView, Said
from netviz.tables import csv_bytes
from netviz.widgets.ticks import signed, whole

COLUMNS = ("Tensor", "Verdict", "Numbers", "Largest error", "Where", "Gradient", "By differences")
WORDS = 2  # columns of words; the others are of figures
CSV = ("tensor", "numbers", "relative_error", "where", "gradient", "by_differences", "at_a_kink", "wrong", "directions")
MARKED = 0.18  # of the way from the card to the colour behind the worst row


class GradientView(ReportView):
    kind: ClassVar[Kind] = Kind.GRADIENTS
    title: ClassVar[str] = "Check gradients"
    working: ClassVar[str] = "Every gradient is compared with differences of the loss …"

    def __init__(self) -> None:
        super().__init__()
        self._report: GradientReport | None = None
        self.table = QTableWidget(0, len(COLUMNS))
        self.table.setHorizontalHeaderLabels(COLUMNS)
        self.table.setAccessibleName("Gradients by tensor")
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)
        self.setFocusProxy(self.table)
        theme.on_change(self._fill)

    def verdict(self, report: GradientReport) -> Said:
        if report.ok:
            return "All gradients are right", "green"
        wrong = [tensor.name for tensor in report.tensors if tensor.failures]
        if not wrong:
            return "The loss is no number with the first weights: there is nothing to compare", "red"
        return f"Gradients are wrong in {', '.join(wrong)}", "red"

    def detail(self, report: GradientReport) -> str:
        count = whole(sum(tensor.count for tensor in report.tensors))
        return (
            f"{count} numbers, first weights, {report.examples} examples, in float64; the largest relative error is "
            f"{report.error:.1e}, up to {report.tolerance:g} counts as right. x are the inputs."
        )

    def text(self, report: GradientReport) -> str:
        rows = (
            (t.name, t.count, t.error, _where(t), t.analytic, t.numeric, t.kinks, t.failures, t.directions)
            for t in report.tensors
        )
        return csv_bytes(CSV, rows).decode()

    def show_report(self, report: GradientReport) -> None:
        self._report = report
        self._fill()
        if report.tensors:
            self.table.setCurrentCell(_worst(report), 0)
            self.table.clearSelection()  # the mark is seen, and the keys begin there

    def _fill(self) -> None:
        report = self._report
        if report is None:
            return
        self.table.setRowCount(len(report.tensors))
        for row, tensor in enumerate(report.tensors):
            worst = row == _worst(report)
            for column, text in enumerate(_cells(tensor)):
                self.table.setItem(row, column, self._item(tensor, text, column, worst))

    def _item(self, tensor: TensorCheck, text: str, column: int, worst: bool) -> QTableWidgetItem:
        t, item = theme.theme(), QTableWidgetItem(text)
        colour = t.red if tensor.failures else t.green
        if column >= WORDS:
            item.setFont(theme.figures())
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if column == WORDS - 1:
            item.setForeground(QColor(colour))
        if worst:
            item.setBackground(theme.mix(t.raised, t.red if tensor.failures else t.accent, MARKED))
            font = item.font()
            font.setBold(True)
            item.setFont(font)
            item.setToolTip("The largest relative error of all")
        return item


def _worst(report: GradientReport) -> int:
    """The row of the tensor that is furthest off, one that is wrong before one that is not."""
    return max(range(len(report.tensors)), key=lambda i: (bool(report.tensors[i].failures), report.tensors[i].error))


def _where(tensor: TensorCheck) -> str:
    return f"{tensor.directions} directions" if tensor.directions else ", ".join(map(str, tensor.where))


def _cells(tensor: TensorCheck) -> tuple[str, ...]:
    kinks = f", {tensor.kinks} at a kink" if tensor.kinks else ""
    return (
        tensor.name,
        f"{whole(tensor.failures)} wrong{kinks}" if tensor.failures else f"right{kinks}",
        whole(tensor.count),
        signed(f"{tensor.error:.1e}"),
        _where(tensor),
        signed(f"{tensor.analytic:.6g}"),
        signed(f"{tensor.numeric:.6g}"),
    )

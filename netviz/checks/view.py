"""What every view of a report is."""

from typing import Any, ClassVar

from PySide6.QtWidgets import QWidget

from engine.checks.questions import Kind

Said = tuple[str, str]  # words, and a colour's name in the theme


class ReportView(QWidget):
    """Shows one report; the dialog around it says verdict and detail."""

    kind: ClassVar[Kind]
    title: ClassVar[str]
    working: ClassVar[str]  # what is said while there is no report
    copies: ClassVar[str] = "Copy Table"

    def show_report(self, report: Any) -> None:
        raise NotImplementedError(self.title)  # each kind has its own

    def verdict(self, report: Any) -> Said:
        raise NotImplementedError(self.title)  # each kind has its own

    def detail(self, report: Any) -> str:
        raise NotImplementedError(self.title)  # each kind has its own

    def text(self, report: Any) -> str:
        """What is copied."""
        raise NotImplementedError(self.title)  # each kind has its own

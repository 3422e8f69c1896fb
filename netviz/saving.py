"""Files that leave the window: asked for by a dialog, written on the background thread, told of in the banner."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from engine.errors import ProjectError
from netviz.commands.files import must_be_writable

if TYPE_CHECKING:
    from netviz.main_window import MainWindow

KEY = "export"  # in the banner
Buttons = QMessageBox.StandardButton


def ask_file(
    parent: QWidget, title: str, suggestion: Path, choices: Mapping[str, str], usual: str = ""
) -> tuple[Path, str] | None:
    """A file and which of the `choices`, by line of the dialog with its ending, it shall be; None: nothing."""
    usual = usual or next(iter(choices))
    name, chosen = QFileDialog.getSaveFileName(parent, title, str(suggestion), ";;".join(choices), usual)
    if not name:
        return None
    path, chosen = Path(name), chosen if chosen in choices else usual
    if path.suffix.lower() == choices[chosen]:
        return path, chosen
    if path.suffix.lower() in choices.values():  # the name says more than the list beside it
        alike = [line for line, ending in choices.items() if ending == path.suffix.lower()]
        return path, usual if usual in alike else alike[0]
    path = path.with_name(path.name + choices[chosen])
    return (path, chosen) if not path.exists() or _may_replace(parent, path) else None


def _may_replace(parent: QWidget, path: Path) -> bool:
    """The dialog has asked about the name without its ending only."""
    words = f"{path.name} is there already."
    answer = QMessageBox.question(parent, "Replace the file?", words, Buttons.Yes | Buttons.Cancel)
    return answer == Buttons.Yes


class Saver:
    """What every export of a window has in common."""

    def __init__(self, window: "MainWindow") -> None:
        self._window = window

    def ask(self, title: str, stem: str, choices: Mapping[str, str], usual: str = "") -> tuple[Path, str] | None:
        """As `ask_file`, beside the project."""
        ending = choices[usual or next(iter(choices))]
        return ask_file(self._window, title, self._window.document.place / f"{stem}{ending}", choices, usual)

    def write(self, path: Path, work: Callable[[], object], note: str = "", *answer: Any) -> None:
        """Does `work`, which writes `path`; the banner says that it is done, and `note`, with a button for `answer`."""

        def job() -> None:
            must_be_writable({"": path}, {})
            work()

        self.say(f"Writing {path.name} …")
        self._window.files.background.run(
            job,
            lambda _: self.say(f"Exported to {path.name}{note}", "accent", *answer),
            lambda error: self.fail(path, error),
        )

    def say(self, text: str, tone: str = "accent", *answer: Any) -> None:
        self._window.banner.show_message(KEY, text, tone, *answer)

    def fail(self, path: Path, error: Exception) -> None:
        """Problems name their file; of other errors, what the system says about it."""
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        self.say(why if isinstance(error, ProjectError) else f"{path.name} could not be written: {why}", "red")

"""Templates: those that come with netviz, and a person's own in a folder that all windows share."""

from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, Signal

from netviz.document import templates
from netviz.document.clipboard import Piece
from netviz.document.templates import Template


class Shelf(QObject):
    """Lists and saves templates; `folder` is made when something is first saved."""

    changed = Signal()

    def __init__(self, folder: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder or _usual_folder()

    def templates(self) -> tuple[Template, ...]:
        return *templates.builtin(), *templates.own(self.folder)[0]

    def by_name(self, name: str) -> Template | None:
        """The last of this name: a person's own goes before one that came with netviz."""
        return next((t for t in reversed(self.templates()) if t.name == name), None)

    def save(self, name: str, piece: Piece) -> Template:
        """ProjectError for a name that cannot be, OSError where nothing can be written."""
        made = templates.save(self.folder, name, piece)
        self.changed.emit()
        return made


def _usual_folder() -> Path:
    kind = QStandardPaths.StandardLocation.GenericDataLocation
    return Path(QStandardPaths.writableLocation(kind)) / "netviz" / "templates"

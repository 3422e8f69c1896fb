"""From a file that a person has chosen to data of the project: by way of a dialog where the kind has one."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from engine.catalogue import DATASETS
from engine.errors import ProjectError
from netviz.document.document import Document
from netviz.document.text_import import looks_like_table
from netviz.editor.import_dialog import LOOKS, ImportDialog
from netviz.runtime.reader import Reader

FOLDER = next(kind for kind, cls in DATASETS.items() if cls.of_folder)  # a folder of pictures for each class


class Importing(QObject):
    """Opens one dialog at a time over the window of `parent`."""

    ended = Signal()  # whatever came of it
    refused = Signal(str)  # why a file without a dialog was not taken

    def __init__(self, document: Document, parent: QWidget) -> None:
        super().__init__(parent)
        self._document, self._parent = document, parent
        self.reader = Reader(self)
        self.dialog: ImportDialog | None = None
        self.ask_file: Callable[[], str] = self._file_dialog
        self.ask_folder: Callable[[], str] = self._folder_dialog

    def ask(self, wanted: str = "") -> None:
        """Lets a person choose a file of data; its ending says more than `wanted`, the kind of data it is for."""
        of_folder = wanted in DATASETS and DATASETS[wanted].of_folder
        if chosen := self.ask_folder() if of_folder else self.ask_file():
            self.open(Path(chosen), wanted)
        else:
            self.ended.emit()

    def open(self, path: Path, wanted: str = "") -> None:
        """Shows what is in a file; nothing has changed until a person says so."""
        suits = wanted in DATASETS and path.name.lower().endswith(DATASETS[wanted].endings)
        kind = wanted if suits else kind_of(path) or wanted
        if kind not in DATASETS:
            self.ended.emit()
            self.refused.emit(f"{path.name}: is no file of data, expected one ending in {', '.join(endings())}")
            return
        named = self._named(path)
        if kind not in LOOKS:
            self._use_unseen(kind, named)
            return
        if self.dialog is not None:
            self.dialog.reject()
        self.dialog = ImportDialog(self._document, self.reader, kind, named, self._parent.window())
        self.dialog.finished.connect(self._closed)
        self.dialog.open()

    def close(self) -> None:
        """The window goes: what is being read is given up."""
        self.reader.close()

    def _named(self, path: Path) -> str:
        """Inside the project's folder a relative path lets the two travel together."""
        folder, path = self._document.project.folder.resolve(), path.resolve()
        return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()

    def _use_unseen(self, kind: str, path: str) -> None:
        words = ""
        try:
            self._document.set_data({**kept(self._document, kind), "kind": kind, "path": path})
        except ProjectError as error:
            words = error.problems[0].message
        self.ended.emit()
        if words:
            self.refused.emit(words)

    def _closed(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None
        self.ended.emit()

    def _file_dialog(self) -> str:
        folder = os.fspath(self._document.place)
        files = {
            cls.title: " ".join(f"*{ending}" for ending in cls.endings) for cls in DATASETS.values() if cls.endings
        }
        lines = [f"Data ({' '.join(files.values())})", *(f"{title} ({names})" for title, names in files.items())]
        lines.append("All files (*)")  # a text may have any ending
        return QFileDialog.getOpenFileName(self._parent, "Data", folder, ";;".join(lines))[0]

    def _folder_dialog(self) -> str:
        folder = os.fspath(self._document.place)
        return QFileDialog.getExistingDirectory(self._parent, "Folder with a folder of pictures for each class", folder)


def kind_of(path: Path) -> str | None:
    """The kind of data that files with such an ending hold, or a folder; of a table and a text, what it looks like."""
    if path.is_dir():
        return FOLDER
    kinds = [kind for kind, cls in DATASETS.items() if path.name.lower().endswith(cls.endings)]
    if {"csv", "text"} <= set(kinds):
        return "csv" if looks_like_table(path) else "text"
    return kinds[0] if kinds else None


def endings() -> list[str]:
    return list(dict.fromkeys(ending for cls in DATASETS.values() for ending in cls.endings))


def kept(document: Document, kind: str) -> dict[str, Any]:
    """What was set by hand and stays: of the same kind of data all of it, of another what both have."""
    fields = DATASETS[kind].__struct_fields__
    return {name: value for name, value in document.project.data.to_json().items() if name in fields}

"""The projects that were open lately, remembered between sessions."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QMenu

from netviz.settings import settings

MOST = 10
KEY = "recent"


def recent() -> list[Path]:
    """The latest first; files that are gone are left out."""
    names = settings().value(KEY, [])
    names = [names] if isinstance(names, str) else names or []
    return [path for path in map(Path, names) if path.is_file()]


def remember_file(path: Path) -> None:
    path = path.resolve()
    kept = [path, *(other for other in recent() if other != path)][:MOST]
    store: QSettings = settings()
    store.setValue(KEY, [str(each) for each in kept])


def fill_recent(menu: QMenu, open_file: Callable[[Path], object]) -> None:
    """Makes `menu` list them anew."""
    menu.clear()
    for number, path in enumerate(recent(), 1):
        menu.addAction(f"&{number % 10}  {path.name}", lambda p=path: open_file(p)).setToolTip(str(path))
    menu.setEnabled(bool(menu.actions()))

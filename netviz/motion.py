"""Whether things are to move as little as can be: what the person chose, or else what the system prefers."""

import sys

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from netviz.settings import remember, remembered

KEY = "motion"
CHOICES = {"system": "As the System", "less": "Less Motion", "full": "All Motion"}


def chosen() -> str:
    choice = remembered(KEY, "system")
    return choice if choice in CHOICES else "system"


def choose(choice: str) -> None:
    remember(KEY, choice)


def calm() -> bool:
    """No transitions, and pictures that change seldom."""
    choice = chosen()
    return system_prefers_calm() if choice == "system" else choice == "less"


def system_prefers_calm() -> bool:
    """What Qt knows of it: on Windows, whether menus are to be animated; elsewhere it does not tell."""
    return sys.platform == "win32" and not QApplication.isEffectEnabled(Qt.UIEffect.UI_AnimateMenu)

"""What this person has chosen, remembered between sessions."""

from PySide6.QtCore import QSettings

NAME = "netviz"


def settings() -> QSettings:
    return QSettings(QSettings.defaultFormat(), QSettings.Scope.UserScope, NAME, NAME)


def remembered(name: str, default: str) -> str:
    return str(settings().value(name, default))


def remember(name: str, value: str) -> None:
    settings().setValue(name, value)

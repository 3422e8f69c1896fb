"""Hands on a form: keys and clicks on the field of a name."""

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QSlider

NONE = Qt.KeyboardModifier.NoModifier


def box(form, name):
    """What takes the keys for a field."""
    return form.rows[name].editor.widgets()[0]


def slider(form, name):
    return next(w for w in form.rows[name].editor.widgets() if isinstance(w, QSlider))


def enter(widget, text):
    """Types a number, as one does: all marked, written over, Enter."""
    widget.setFocus()
    widget.selectAll()
    QTest.keyClicks(widget, text)
    QTest.keyClick(widget, Qt.Key.Key_Return)


def choose(combo, title):
    """Chooses by the first letters, on the keyboard."""
    combo.setFocus()
    QTest.keyClicks(combo, title)


def take(combo, text):
    """Chooses an entry of the open list."""
    combo.setCurrentText(text)
    combo.activated.emit(combo.currentIndex())


def wheel(widget, notches):
    at, none = QPointF(widget.rect().center()), Qt.MouseButton.NoButton
    event = QWheelEvent(
        at, widget.mapToGlobal(at), QPoint(), QPoint(0, 120 * notches), none, NONE, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(widget, event)


def visible(form):
    return [name for name, row in form.rows.items() if not row.editor.isHidden()]


def accept(inspector, qtbot):
    """Takes a file as it is shown."""
    dialog = inspector.importing.dialog
    qtbot.waitUntil(dialog.accept_button.isEnabled)
    QTest.mouseClick(dialog.accept_button, Qt.MouseButton.LeftButton)

"""What a hand does with the canvas: presses, drags, wheels and keys, at places said by name."""

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from netviz.editor.node_item import OUT

LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
NONE = Qt.KeyboardModifier.NoModifier
ALT, SHIFT, CTRL = (getattr(Qt.KeyboardModifier, f"{name}Modifier") for name in ("Alt", "Shift", "Control"))


def middle(canvas, lane, node):
    """Where a node is, in the view: a docked activation on its line, all else in the title."""
    item = canvas.node_item(lane, node)
    docked = node != item.picture.box.node
    rect = item.second_rect() if docked else item.rect().adjusted(0, 0, 0, -item.rect().height() / 2)
    return canvas.mapFromScene(item.mapToScene(rect.center()))


def port(canvas, lane, node, number=OUT):
    """Where a port of a node's box is, in the view."""
    return canvas.mapFromScene(canvas.node_item(lane, node).port(number))


def on_wire(canvas, lane, source, target):
    return canvas.mapFromScene(canvas.wire_item(lane, source, target).middle())


def empty(canvas):
    """A place in the view where nothing is."""
    return QPoint(canvas.viewport().width() - 40, canvas.viewport().height() - 20)


def click(canvas, at, keys=NONE, button=LEFT):
    QTest.mouseClick(canvas.viewport(), button, keys, at)


def hold(canvas, start, end, keys=NONE, button=LEFT):
    """A press and two moves; the button stays down."""
    QTest.mousePress(canvas.viewport(), button, keys, start)
    move(canvas, start + (end - start) / 2, keys, button)
    move(canvas, end, keys, button)


def move(canvas, at, keys=NONE, button=LEFT):
    """QTest's own move tells neither buttons nor keys."""
    viewport = canvas.viewport()
    place = QPointF(viewport.mapToGlobal(at))
    QApplication.sendEvent(
        viewport, QMouseEvent(QEvent.Type.MouseMove, QPointF(at), place, Qt.MouseButton.NoButton, button, keys)
    )


def drag(canvas, start, end, keys=NONE, button=LEFT):
    hold(canvas, start, end, keys, button)
    QTest.mouseRelease(canvas.viewport(), button, keys, end)


def press_keys(widget, words):
    """`Right Shift+Down Return`, one after the other."""
    for word in words.split():
        *held, key = word.split("+")
        modifiers = NONE
        for name in held:
            modifiers |= getattr(Qt.KeyboardModifier, f"{name}Modifier")
        QTest.keyClick(widget, getattr(Qt.Key, f"Key_{key}"), modifiers)


def wheel(canvas, at, notches):
    none = Qt.MouseButton.NoButton
    event = QWheelEvent(
        QPointF(at), QPointF(canvas.viewport().mapToGlobal(at)), QPoint(), QPoint(0, 120 * notches), none,
        NONE, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(canvas.viewport(), event)

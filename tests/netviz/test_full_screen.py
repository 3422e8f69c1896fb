"""A panel over the whole screen, and back; what its title bar offers."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu, QToolButton

LONG = 60_000


def button(window, ident: str, words: str) -> QToolButton:
    bar = window.docks[ident].titleBarWidget()
    (found,) = (b for b in bar.findChildren(QToolButton) if b.accessibleName().startswith(words))
    return found


def panel_of(window, ident: str):
    return next(panel for panel in window.panels if panel.ident == ident)


def test_a_panel_fills_the_screen_and_escape_brings_it_back(open_window, qtbot):
    window = open_window()
    panel, dock = panel_of(window, "gradients"), window.docks["gradients"]
    size, watched = panel.size(), set(window.session._watch.probes)
    qtbot.mouseClick(button(window, "gradients", "Full screen"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dock.full is not None and dock.full.isFullScreen())
    assert panel.window() is dock.full
    assert panel.isVisible()
    qtbot.waitUntil(lambda: panel.height() > 2 * size.height())
    qtbot.wait(50)
    qtbot.waitUntil(lambda: set(window.session._watch.probes) == watched)
    assert window.session._watch.layers, "it is still looked at"
    qtbot.keyClick(dock.full, Qt.Key.Key_Escape)
    assert dock.full is None
    assert panel.window() is window
    qtbot.waitUntil(lambda: panel.size() == size)
    assert panel.isVisible()


def test_the_panel_with_the_keys_is_the_one_that_fills_the_screen(open_window, qtbot):
    window = open_window()
    panel_of(window, "loss").plot.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_F11, Qt.KeyboardModifier.ShiftModifier)
    full = window.docks["loss"].full
    assert full is not None
    assert [dock for dock in window.docks.values() if dock.full is not None] == [window.docks["loss"]]
    full.close()
    assert window.docks["loss"].full is None
    assert panel_of(window, "loss").window() is window


def test_a_closed_panel_that_fills_the_screen_is_looked_at(open_window, qtbot):
    window = open_window()
    asked = panel_of(window, "weights").probes[0]
    assert asked not in window.session._watch.probes
    window.docks["weights"].fill_screen()
    qtbot.waitUntil(lambda: asked in window.session._watch.probes)
    window.docks["weights"].fill_screen(False)
    assert window.docks["weights"].isVisible(), "and stands open afterwards"


def test_the_title_bar_copies_the_picture(open_window, qtbot):
    window = open_window()
    QGuiApplication.clipboard().clear()
    qtbot.mouseClick(button(window, "loss", "What else"), Qt.MouseButton.LeftButton)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    actions = {action.text(): action for action in menu.actions()}
    assert set(actions) == {"In a Window of Its Own", "Save Picture…", "Copy Picture", "Save Data…"}
    actions["Copy Picture"].trigger()
    menu.close()
    qtbot.waitUntil(lambda: not QGuiApplication.clipboard().image().isNull(), timeout=LONG)
    actions = {action.text(): action for action in window.docks["loss"].titleBarWidget().actions()}
    actions["In a Window of Its Own"].trigger()
    assert window.docks["loss"].isFloating()
    actions["In a Window of Its Own"].trigger()
    assert not window.docks["loss"].isFloating()

"""By keyboard and by ear: everything that takes the keys has a name, and Tab comes to all of it in reading order."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QDockWidget, QWidget

from netviz.focus_order import chain, in_focus_order
from netviz.panels.catalogue import PANELS
from netviz.widgets.command_palette import actions_of

TABBED = Qt.FocusPolicy.TabFocus


def name_of(widget: QWidget) -> str:
    """As a screen reader says it."""
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name) if interface is not None else ""


def nameless(root: QWidget) -> list[str]:
    """What can have the keys and is called nothing; what hands them on is called as what has them."""
    found = []
    for widget in (root, *root.findChildren(QWidget)):
        if widget.focusPolicy() is Qt.FocusPolicy.NoFocus or widget.focusProxy() is not None:
            continue
        if not name_of(widget).strip():
            parent = widget.parentWidget()
            found.append(f"{type(widget).__name__} in {type(parent).__name__} of {type(widget.window()).__name__}")
    return found


def everything_open(window, qtbot) -> None:
    for dock in window.docks.values():
        dock.show()
    qtbot.wait(100)


@pytest.mark.parametrize("experiment", ["xor", "initialization"])
def test_what_takes_the_keys_has_a_name(open_window, qtbot, experiment):
    window = open_window(experiment)
    everything_open(window, qtbot)
    window.canvas.select(0, "h1")  # the inspector shows its fields
    found = window.findChildren
    qtbot.waitUntil(lambda: len([w for w in found(QWidget) if w.focusPolicy() & TABBED]) > 150)  # all of it
    assert nameless(window) == []


def test_the_walk_finds_what_has_no_name(open_window):
    window = open_window()
    stray = QWidget(window.centralWidget())
    stray.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    assert nameless(window) == ["QWidget in QWidget of MainWindow"]
    stray.setAccessibleName("Stray")
    assert nameless(window) == []


def test_panels_and_their_title_bars_are_called_what_they_are(open_window):
    window = open_window()
    for panel in window.panels:
        assert name_of(panel) == panel.title
    names = [name_of(b) for d in window.docks.values() for b in d.titleBarWidget().findChildren(QWidget) if name_of(b)]
    buttons = [name for name in names if name.startswith(("Close", "Full screen", "What"))]
    assert len(set(buttons)) == len(buttons), "no two are called the same"


def place_of(window, widget: QWidget) -> str:
    """The dock a widget is in, or where else it is."""
    while widget is not None and not isinstance(widget, QDockWidget):
        if widget is window.notes:
            return "notes"
        if widget is window.centralWidget():
            return "network"
        widget = widget.parentWidget()
    return widget.objectName() if widget is not None else ""


def test_tab_goes_from_part_to_part_in_reading_order(open_window, qtbot):
    window = open_window("vanishing-gradient")
    window.activateWindow()
    window.canvas.setFocus()
    seen = []
    for _ in range(400):
        place = place_of(window, QApplication.focusWidget())
        if not seen or seen[-1] != place:
            seen.append(place)
        if QApplication.focusWidget() is window.canvas:
            window.canvas.focusNextChild()  # where Tab itself searches for a layer to add
        else:
            qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        if QApplication.focusWidget() is window.canvas:
            break
    assert QApplication.focusWidget() is window.canvas, "round again"
    rows = window.document.project.panels["rows"]
    wanted = ["network", *(name for row in rows for name in row), "inspector"]
    assert [place for place in seen if place in wanted] == wanted
    assert seen[-1] == "notes", "they stand before the network"
    assert len(seen) == len(set(seen)), "no part is left and come back to"


def test_another_layout_brings_another_order(open_window, qtbot):
    window = open_window()
    dict(actions_of(window.menuBar()))["View › Layout › Gradients"].trigger()
    order = [place_of(window, widget) for widget in in_focus_order(window)]
    first = {place: order.index(place) for place in dict.fromkeys(order) if place}
    assert first["network"] < first["gradients"] < first["histograms"] < first["saturation"] < first["inspector"]


def test_a_chain_keeps_the_order_within_its_parts(qtbot):
    root = QWidget()
    qtbot.addWidget(root)
    parts = [QWidget(root) for _ in range(3)]
    leaves = []
    for name in "ab":
        for number, part in enumerate(parts):
            leaf = QWidget(part)
            leaf.setObjectName(f"{number}{name}")
            leaf.setFocusPolicy(TABBED)
            leaves.append(leaf)
    chain([parts[2], parts[0], parts[1]])
    order = [widget.objectName() for widget in in_focus_order(root)]
    at = order.index("2a")
    assert order[at:] + order[:at] == ["2a", "2b", "0a", "0b", "1a", "1b"]


def test_every_panel_says_what_it_shows(open_window):
    """The summary is what a screen reader reads; it is asked for here without a run that has begun."""
    window = open_window()
    assert {panel.ident for panel in window.panels} == {kind.ident for kind in PANELS}
    for panel in window.panels:
        assert isinstance(panel.summary(), str)
        assert panel.help
        assert panel.title

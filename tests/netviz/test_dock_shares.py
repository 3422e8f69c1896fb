"""Panels keep their share of a window that grows and shrinks, and titles that can be read."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu

from netviz import theme
from tests.netviz.by_hand import settle

SIZE = 1440, 900


def shown(window):
    panels = [window.docks[panel.ident] for panel in window.panels]
    return [dock for dock in panels if not dock.visibleRegion().isEmpty()]


def sizes(window):
    return {dock.objectName(): dock.size().toTuple() for dock in shown(window)}


def resize(window, qtbot, *size):
    window.resize(*size)
    settle(window)


@pytest.fixture
def window(open_window, qtbot):
    made = open_window("vanishing-gradient")
    resize(made, qtbot, *SIZE)
    made.layout_.arrange()
    settle(made)
    yield made
    theme.look().resize(1.0)


def test_panels_get_their_part_of_what_a_window_gains(window, qtbot):
    before, canvas = sizes(window), window.canvas.height()
    resize(window, qtbot, 1440, 1350)
    after = sizes(window)
    assert after.keys() == before.keys()
    for ident, (wide, high) in after.items():
        assert wide == before[ident][0]
        assert high == pytest.approx(1.5 * before[ident][1], abs=3)
    assert window.canvas.height() > 1.4 * canvas
    resize(window, qtbot, *SIZE)
    assert sizes(window) == before


def test_a_window_that_was_small_for_a_while_is_as_before(window, qtbot):
    before = sizes(window)
    for size in ((1024, 700), (900, 640), (1200, 800), SIZE):
        resize(window, qtbot, *size)
    assert sizes(window) == before


def test_what_a_hand_has_set_is_the_share(window, qtbot):
    docks, heights = [window.docks["gradients"], window.docks["loss"]], [300, 150]
    window.resizeDocks(docks, heights, Qt.Orientation.Vertical)
    settle(window)
    assert [dock.height() for dock in docks] == pytest.approx(heights, abs=1)
    resize(window, qtbot, 1440, 1350)
    assert [dock.height() for dock in docks] == pytest.approx([450, 225], abs=3)


def test_larger_letters_for_a_while_leave_no_trace(window, qtbot):
    sides = [window.docks[ident] for ident in ("palette", "inspector")]
    before, widths = sizes(window), [dock.width() for dock in sides]
    theme.look().resize(1.5)
    settle(window)
    assert all(dock.width() > 1.3 * wide for dock, wide in zip(sides, widths, strict=True))
    theme.look().resize(1.0)
    settle(window)
    assert sizes(window) == before
    assert [dock.width() for dock in sides] == widths


def test_every_title_can_be_read_in_a_small_window(window, qtbot):
    resize(window, qtbot, 1024, 700)
    for dock in shown(window):
        title = dock.titleBarWidget().title
        assert "…" not in title.written, dock.objectName()
        assert len(title.written) > 2, dock.objectName()
        assert title.toolTip() == title.text()
    narrow = window.docks["loss"].titleBarWidget()
    assert narrow.title.written == "Loss"
    resize(window, qtbot, *SIZE)
    assert narrow.title.written == "Loss and accuracy" or narrow.away == []


def test_buttons_without_room_are_in_the_menu(window, qtbot):
    dock = window.docks["saturation"]
    bar = dock.titleBarWidget()
    assert bar.away == []
    resize(window, qtbot, 1024, 1000)
    names = [button.accessibleName() for button in bar.away]
    assert "Close saturated and dead" in names
    assert all(bar.rect().contains(button.geometry()) for button in bar._buttons if button not in bar.away)
    more = next(button for button in bar._buttons if button.accessibleName().startswith("What else"))
    qtbot.mouseClick(more, Qt.MouseButton.LeftButton)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    actions = {action.text(): action for action in menu.actions()}
    assert set(names) <= set(actions)
    actions["Close saturated and dead"].trigger()
    menu.close()
    assert dock.isHidden()

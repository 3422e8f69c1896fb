"""Text size, presentation, motion: what the View menu does for eyes."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QComboBox, QDockWidget, QLabel, QLayout, QLineEdit, QScrollBar, QWidget
from shiboken6 import getCppPointer

from engine.run.messages import Pace, PaceUnit
from netviz import motion, theme
from netviz.editor.editors import LogSlider
from netviz.settings import remember, remembered
from netviz.view_actions import KEY, remembered_size
from netviz.widgets.canvas import Canvas
from netviz.widgets.command_palette import actions_of
from netviz.widgets.plot import Plot
from netviz.window_layout import BESIDE
from tests.netviz.by_hand import all_shown

LONG = 60_000
pytestmark = pytest.mark.usefixtures("usual_size")


def command(window, path: str):
    return dict(actions_of(window.menuBar()))[f"View › {path}"]


def key(qtbot, window, key: Qt.Key) -> None:
    qtbot.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)


def fixed(window) -> dict[int, tuple]:
    """Every size that somebody has set, by widget and layout."""
    found = {}
    for widget in window.findChildren(QWidget):
        if isinstance(widget, QScrollBar | QDockWidget) or widget.objectName().startswith("qt_"):
            continue  # Qt's own, which it sizes by its style
        layout = widget.layout()
        gaps = (layout.contentsMargins(), layout.spacing()) if isinstance(layout, QLayout) else ()
        sizes = widget.font().pointSizeF(), widget.minimumSize(), widget.maximumSize()
        found[getCppPointer(widget)[0]] = (type(widget).__name__, *sizes, *gaps)
    return found


def test_letters_of_all_kinds_follow_the_keys(open_window, qtbot):
    window = open_window()
    title = next(label for label in window.docks["loss"].titleBarWidget().findChildren(QLabel))
    plot, ridges = window.findChild(Plot), window.findChildren(Canvas)[0]
    plain = (title.font().pointSizeF(), QApplication.font().pointSizeF(), window.run_bar.font().pointSizeF())
    line, ridge_line = plot.fonts.line, ridges.fonts.line
    boxes = window.canvas.sheet.metrics.title.pointSizeF()
    key(qtbot, window, Qt.Key.Key_Plus)
    key(qtbot, window, Qt.Key.Key_Plus)
    assert theme.look().size == 1.25
    for widget, before in ((title, plain[0]), (window.run_bar, plain[2])):
        assert widget.font().pointSizeF() == pytest.approx(1.25 * before)
    assert QApplication.font().pointSizeF() == pytest.approx(1.25 * plain[1])
    assert plot.fonts.line == pytest.approx(1.25 * line, rel=0.12)
    assert ridges.fonts.line == pytest.approx(1.25 * ridge_line, rel=0.12)
    assert window.canvas.sheet.metrics.title.pointSizeF() > 1.1 * boxes
    key(qtbot, window, Qt.Key.Key_Minus)
    assert theme.look().size == 1.1
    key(qtbot, window, Qt.Key.Key_0)
    assert theme.look().size == 1.0
    assert (title.font().pointSizeF(), QApplication.font().pointSizeF()) == plain[:2]
    assert remembered(KEY, "") == "1"


def test_sizes_come_back_after_any_tour(open_window, qtbot):
    window = open_window()
    qtbot.wait(50)
    before = fixed(window)
    for size in (2.0, 0.8, 1.1, 0.9, 1.75):
        theme.look().resize(size)
        qtbot.wait(20)
    assert fixed(window) != before
    theme.look().resize(1.0)
    qtbot.wait(50)
    after = fixed(window)
    assert {key: after[key] for key in before if key in after} == {key: before[key] for key in before if key in after}
    assert len(before.keys() & after.keys()) > 0.9 * len(before)


@pytest.mark.parametrize("size", [1.25, 1.5, 2.0])
def test_fields_are_as_high_in_a_window_that_opens_later(open_window, qtbot, size):
    def heights(window) -> list[int]:
        qtbot.wait(50)
        return [f.height() for f in window.inspector.findChildren(QLineEdit) if f.isVisible()]

    usual = open_window()
    plain = heights(usual)
    theme.look().resize(size)
    larger = heights(usual)
    later = open_window()
    assert heights(later) == pytest.approx(larger, rel=0.2)
    theme.look().resize(1.0)
    assert heights(later) == pytest.approx(plain, abs=1)


@pytest.mark.parametrize("size", [0.8, 1.0, 1.5, 2.0])
def test_a_slider_shows_all_of_its_handle(open_window, qtbot, size):
    window = open_window()
    theme.look().resize(size)
    qtbot.wait(50)
    slider = next(found for found in window.inspector.findChildren(LogSlider) if found.isVisible())
    image = slider.grab().toImage()
    accent = QColor(theme.theme().accent).rgb()
    rows = [y for y in range(image.height()) if any(image.pixel(x, y) == accent for x in range(image.width()))]
    assert 0 < rows[0] < rows[-1] < image.height() - 1
    assert len(rows) > 9 * size


@pytest.mark.parametrize("size", [0.8, 1.5, 2.0])
def test_fields_hold_their_letters_and_no_more(open_window, qtbot, size):
    window = open_window()
    theme.look().resize(size)
    qtbot.wait(50)
    shown = [w for w in window.inspector.findChildren(QWidget) if isinstance(w, QLineEdit | QComboBox)]
    shown = [w for w in shown if w.isVisible()]
    assert shown
    for field in shown:
        letters = field.fontMetrics().height()
        assert letters <= field.height() <= 2.2 * letters + 8, field


def test_a_window_that_opens_later_is_as_large(open_window, qtbot):
    remember(KEY, "1.5")
    theme.look().size = remembered_size()
    theme.start(QApplication.instance(), "dark")
    window = open_window()
    assert theme.look().size == 1.5
    assert command(window, "Text Size › 150%").isChecked()
    title = next(label for label in window.docks["loss"].titleBarWidget().findChildren(QLabel))
    assert title.font().pointSizeF() == pytest.approx(1.5 * theme.TITLE)
    margins = window.docks["loss"].titleBarWidget().layout().contentsMargins()
    assert margins.left() == round(1.5 * (theme.GAP + 2))
    theme.look().resize(1.0)
    assert title.font().pointSizeF() == pytest.approx(theme.TITLE)
    assert window.docks["loss"].titleBarWidget().layout().contentsMargins().left() == theme.GAP + 2


@pytest.mark.parametrize(("saved", "size"), [("1.5", 1.5), ("1.3", 1.25), ("90", 2.0), ("large", 1.0), ("nan", 0.8)])
def test_a_remembered_size_is_one_of_the_menu(saved, size):
    remember(KEY, saved)
    assert remembered_size() == size


def test_hairlines_stay_hairlines():
    plain = theme.style_sheet(theme.DARK)
    theme.look().size = 2.0
    try:
        large = theme.style_sheet(theme.DARK)
    finally:
        theme.look().size = 1.0
    assert "border: 1px solid" in large
    assert "padding: 4px 9px" in plain
    assert "padding: 8px 18px" in large
    assert "min-height: 20px" in large, "fields are as high as their letters"


# Presentation


def test_a_presentation_shows_network_and_panels_large_and_goes_back(open_window, qtbot):
    window = open_window()
    qtbot.wait(50)
    hidden = {ident: dock.isHidden() for ident, dock in window.docks.items()}
    saved = window.layout_.save()
    qtbot.keyClick(window, Qt.Key.Key_F5)
    assert window.isFullScreen()
    assert theme.look().scale == theme.PRESENTED
    assert theme.thick(1.0) > 1.0
    assert all(window.docks[ident].isHidden() for ident in BESIDE)
    assert window.layout_.save() == saved, "a project saved meanwhile is laid out as before"
    assert not window.notes.isVisible()
    window.canvas.select(0, "h1")
    assert QApplication.focusWidget() is window.canvas, "as it is when the program starts"
    qtbot.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert window.canvas.selection is None
    assert window.isFullScreen(), "Esc has been for the selection"
    qtbot.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert not window.isFullScreen()
    assert window.notes.isVisible()
    assert theme.look().scale == 1.0
    assert theme.thick(1.0) == 1.0
    assert {ident: dock.isHidden() for ident, dock in window.docks.items()} == hidden


def test_a_window_closed_in_a_presentation_leaves_the_others_as_they_were(open_window, qtbot):
    window = open_window()
    window.menus.view.present(True)
    window.files.forget()
    window.close()
    assert theme.look().scale == 1.0


# Motion


def test_less_motion_draws_seldom_and_loses_nothing(open_window, qtbot, monkeypatch):
    window = open_window()
    command(window, "Motion › Less Motion").trigger()
    assert window.session.turns.calm
    assert not window.isAnimated()
    panel = next(panel for panel in window.panels if panel.ident == "loss")
    session, lane = window.session, window.session.history.lanes[0]
    qtbot.waitUntil(lambda: all_shown(session))
    began = session.turns.clock() + 1
    hand = [began]
    drawn, refresh = [], panel.refresh
    monkeypatch.setattr(panel, "refresh", lambda: (drawn.append(hand[0]), refresh()))
    monkeypatch.setattr(session.turns, "clock", lambda: hand[0])
    session.set_pace(Pace(PaceUnit.STEPS_A_FRAME, 1))
    session.play()
    for turn in range(1, 4):
        qtbot.waitUntil(lambda turn=turn: len(drawn) == turn)
        told = len(lane.loss)
        qtbot.waitUntil(lambda told=told: len(lane.loss) >= told + 20)  # news that are not shown
        hand[0] += 0.3
        qtbot.waitUntil(lambda told=told: len(lane.loss) >= told + 25)
        hand[0] += 0.3
    qtbot.waitUntil(lambda: len(drawn) == 4)
    assert drawn == pytest.approx([began, began + 0.6, began + 1.2, began + 1.8])
    session.pause()
    qtbot.waitUntil(lambda: session.state == "paused")
    qtbot.waitUntil(lambda: len(panel.loss.bundles[0].steps) == len(lane.loss))
    command(window, "Motion › All Motion").trigger()
    assert not window.session.turns.calm
    assert window.isAnimated()


def test_the_system_decides_where_nothing_is_chosen(monkeypatch):
    monkeypatch.setattr(motion, "system_prefers_calm", lambda: True)
    assert motion.calm()
    motion.choose("full")
    assert not motion.calm()
    motion.choose("less")
    monkeypatch.setattr(motion, "system_prefers_calm", lambda: False)
    assert motion.calm()
    remember(motion.KEY, "hurry")
    assert motion.chosen() == "system"

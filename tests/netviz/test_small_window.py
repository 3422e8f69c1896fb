"""A laptop's screen: the network keeps its share, rows that find no room are folded, and nobody's layout is."""

from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTabBar

from engine.project import load_project
from netviz import theme
from netviz.experiments import find_experiments
from netviz.layouts import PRESETS, folded, suited
from netviz.main_window import MainWindow
from netviz.window_layout import BESIDE, CANVAS_SHARE, LEAST_ROW
from tests.netviz.by_hand import settle

LAPTOPS = [(1280, 720), (1280, 800), (1366, 768), (1440, 900)]
LARGE = 1600, 1100


@pytest.fixture
def small(open_window):
    def make(source: str = "xor", size: tuple[int, int] = (1280, 800)):
        window = open_window(source)
        resize(window, size)
        return window

    yield make
    theme.look().resize(1.0)


def on_a_screen_for(size):
    """A window finds no more room than its screen has, on which a point may be several pixels wide."""
    room = QApplication.primaryScreen().size()
    if room.width() < size[0] or room.height() < size[1]:
        pytest.skip(f"needs a screen of {size[0]} × {size[1]}, this one has {room.width()} × {room.height()}")


def resize(window, size):
    if size > max(LAPTOPS):
        on_a_screen_for(size)
    window.resize(*size)
    settle(window)
    assert window.size().toTuple() == size, "panels that can be no smaller hold the window open"


def seen(window):
    return [d for panel in window.panels if not (d := window.docks[panel.ident]).visibleRegion().isEmpty()]


def rows(window) -> set[int]:
    return {dock.y() for dock in seen(window)}


def placed(window) -> set[str]:
    return {panel.ident for panel in window.panels if not window.docks[panel.ident].isHidden()}


# Folding


def test_rows_that_find_room_stay():
    for shown in PRESETS.values():
        assert folded(shown, 2, 3) is shown


@pytest.mark.parametrize("across", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("name", PRESETS)
def test_a_folded_layout_shows_the_same_panels_evenly(name, across):
    shown = PRESETS[name]
    (row,) = folded(shown, 1, across)
    assert sorted(p for place in row for p in place) == sorted(p for line in shown for place in line for p in place)
    assert [place[0] for place in row][: len(shown[0])] == [place[0] for place in shown[0]], "the first row is in front"
    assert len(row) <= max(across, len(shown[0]))
    if len(shown) > 1:
        most, least = max(map(len, row)), min(map(len, row))
        assert most <= max(least + 1, *(len(place) for place in shown[0]))


def test_what_was_folded_is_not_changed_for_others():
    shown = [[["loss"]], [["weights"], ["rate"]]]
    assert folded(shown, 1, 2) == [[["loss"], ["weights", "rate"]]]
    assert folded([*shown, [["fit"]]], 2, 3) == [[["loss"]], [["weights"], ["rate"], ["fit"]]]
    assert shown == [[["loss"]], [["weights"], ["rate"]]]


# In the window


@pytest.mark.parametrize("size", LAPTOPS)
@pytest.mark.parametrize("source", ["xor", "vanishing-gradient", "relu-faster", "lenet"])
def test_the_network_has_its_share_of_a_laptops_screen(small, source, size):
    window = small(source, size)
    shown = {
        name: lambda name=name: window.layout_.show(suited(PRESETS[name], window.panels, window.document.project))
        for name in ("Beginner", "Gradients", "Initialization")
    }
    for name, show in {"its own": window.layout_.arrange, **shown}.items():
        show()
        settle(window)
        assert window.size().toTuple() == size, name
        assert window.canvas.height() >= (CANVAS_SHARE - 0.01) * size[1], name
        assert all(dock.height() >= LEAST_ROW - 1 for dock in seen(window)), name
        titles = [dock.titleBarWidget().title for dock in seen(window)]
        assert not any("…" in title.written for title in titles), name
        for tabs in window.findChildren(QTabBar):
            for tab in range(tabs.count() if tabs.isVisible() else 0):
                text = tabs.tabText(tab)
                assert tabs.tabRect(tab).width() > tabs.fontMetrics().horizontalAdvance(text), (name, text)


@pytest.mark.parametrize("size", LAPTOPS)
def test_nothing_that_is_said_lies_over_the_network(small, size):
    window = small("xor", size)
    window.banner.show_message("file", "row 12: expected 4 values, got 3; " * 6, "amber", "Reset", print)
    settle(window)
    parts = [window.banner, window.notes, window.canvas]
    assert all(part.isVisible() for part in parts)
    for above, below in pairwise(parts):
        assert above.geometry().bottom() < below.geometry().top()
    view = window.canvas
    boxes = [view.mapFromScene(item.sceneBoundingRect()).boundingRect() for item in view.sheet.nodes.values()]
    assert len(boxes) == 5
    assert all(view.viewport().rect().contains(box.adjusted(4, 4, -4, -4)) for box in boxes), "both lanes are in sight"


def test_a_window_that_opens_large_has_large_panels(qtbot, qapp):
    on_a_screen_for((1800, 1150))
    theme.start(qapp, "dark")
    window = MainWindow(load_project(find_experiments()["xor"].path), None, "thread")
    window.resize(1800, 1150)
    with qtbot.waitExposed(window):
        window.show()
    settle(window)
    shares = {dock.height() / window.height() for dock in seen(window)}
    assert all(share == pytest.approx((1 - CANVAS_SHARE) / 2, abs=0.08) for share in shares), shares
    assert window.canvas.height() == pytest.approx(CANVAS_SHARE * 1150, abs=12)
    window.files.forget()
    window.close()
    qapp.setStyleSheet("")


def test_rows_come_back_with_the_room_for_them(small):
    window = small(size=LARGE)
    panels = placed(window)
    assert len(rows(window)) == 2
    resize(window, (1280, 800))
    assert len(rows(window)) == 1
    assert placed(window) == panels
    resize(window, LARGE)
    assert len(rows(window)) == 2
    assert placed(window) == panels


def test_larger_letters_need_more_room(small):
    window = small(size=(1600, 1000))
    assert len(rows(window)) == 2
    theme.look().resize(1.5)
    settle(window)
    assert len(rows(window)) == 1
    theme.look().resize(1.0)
    settle(window)
    assert len(rows(window)) == 2


def test_a_presentation_folds_for_its_large_letters(small):
    on_a_screen_for((1440, 900))
    window = small("vanishing-gradient", (1440, 900))
    before = {dock.objectName(): dock.size() for dock in seen(window)}
    assert len(rows(window)) == 2
    window.menus.view.present(True)
    window.setWindowState(Qt.WindowState.WindowNoState)  # there is no screen of a laptop's size here
    resize(window, (1440, 900))
    assert len(rows(window)) == 1
    assert all(window.docks[ident].isHidden() for ident in BESIDE)
    assert all(dock.height() >= LEAST_ROW for dock in seen(window))
    window.menus.view.present(False)
    settle(window)
    assert {dock.objectName(): dock.size() for dock in seen(window)} == before
    assert not window.docks["palette"].isHidden()
    resize(window, LARGE)
    assert len(rows(window)) == 2


def test_larger_letters_do_not_hold_a_window_open(small):
    window = small("vanishing-gradient", (1440, 900))
    theme.look().resize(1.5)
    settle(window)
    assert window.size().toTuple() == (1440, 900)
    assert window.canvas.height() >= (CANVAS_SHARE - 0.02) * 900


def test_a_layout_that_somebody_saved_is_shown_as_it_was(small):
    window = small(size=LARGE)
    mine = window.layout_.save()
    resize(window, (1280, 800))
    window.layout_.show_saved(mine)
    settle(window)
    assert len(rows(window)) == 2
    resize(window, (1280, 780))
    assert len(rows(window)) == 2


def _close(window):
    window.docks["loss"].close()


def _stack(window):
    window.tabifyDockWidget(window.docks["loss"], window.docks["boundary"])


def _drag(window):
    """Takes hold of the seam between the first panel and the network."""
    first = min(seen(window), key=lambda dock: (dock.y(), dock.x()))
    at = QPoint(first.geometry().center().x(), first.y() - theme.GAP // 2)
    assert window.childAt(at) is None
    QTest.mousePress(window, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseRelease(window, Qt.MouseButton.LeftButton, pos=at)


@pytest.mark.parametrize("touch", [_close, _stack, _drag])
def test_what_somebody_arranged_is_not_folded(small, touch):
    window = small(size=LARGE)
    touch(window)
    settle(window)
    resize(window, (1280, 800))
    assert len(rows(window)) == 2
    window.layout_.arrange()
    settle(window)
    assert len(rows(window)) == 1, "a layout that is asked for anew takes the room there is"


def test_the_rows_of_a_project_are_saved_as_they_are_meant(small):
    window = small()
    assert len(rows(window)) == 1
    assert window.layout_.save()["rows"] == window.document.project.panels["rows"]

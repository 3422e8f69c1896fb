"""What stands round the network and the panels: menus, commands, keys, windows, files, looks."""

import gc
import json

import pytest
from PySide6.QtCore import QMimeData, QPoint, QRect, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QMessageBox, QPushButton, QScrollArea, QToolButton

from engine.project import load_project, save_project
from netviz import theme
from netviz.__main__ import main
from netviz.experiments import find_experiments
from netviz.main_window import MainWindow
from netviz.recent import recent, remember_file
from netviz.widgets.command_palette import CommandPalette, actions_of, match
from netviz.widgets.key_sheet import KeySheet
from netviz.windows import Windows, settle_memory
from tests.netviz.by_hand import press

LONG = 60_000


def test_nonsense_in_panels_is_ignored(open_window, tmp_path):
    from dataclasses import replace

    project = load_project(find_experiments()["xor"].path)
    nonsense = {"rows": [["loss", 3, "loss"], "x", []], "docks": "§", "states": [1], "pace": {"unit": "hurry"}}
    path = tmp_path / "odd.netviz"
    save_project(replace(project, panels=nonsense), path)
    window = open_window(path)
    assert not window.docks["loss"].isHidden()
    assert window.docks["boundary"].isHidden()


def test_theme_switches_live(open_window, qtbot):
    window = open_window()
    dark = window.grab().toImage().pixelColor(QPoint(3, 300))
    theme.look().use(theme.LIGHT)
    qtbot.wait(50)
    light = window.grab().toImage().pixelColor(QPoint(3, 300))
    assert light.lightness() > dark.lightness() + 100


def test_everything_can_be_named(open_window):
    """What a screen reader meets has a name."""
    window = open_window()
    for button in window.findChildren(QToolButton) + window.findChildren(QPushButton):
        if button.isVisible():
            assert button.accessibleName() or button.text() or button.toolTip(), button


@pytest.mark.parametrize("size", [(1280, 720), (1000, 640)])
def test_it_fits_a_projector(open_window, qtbot, size):
    window = open_window("vanishing-gradient")
    window.resize(*size)
    qtbot.wait(50)
    assert window.width() <= size[0]
    assert window.height() <= size[1]


def test_the_palette_of_commands_finds_and_does(open_window, qtbot):
    window = open_window()
    window.menus.show_palette()
    palette = window.findChild(CommandPalette)
    qtbot.keyClicks(palette.focusWidget() or palette, "light")
    assert palette.found[0] == "View › Theme › Light"
    qtbot.keyClick(palette.focusWidget() or palette, Qt.Key.Key_Return)
    assert theme.theme() is theme.LIGHT


def test_play_stands_out_until_it_runs(open_window):
    window = open_window()
    bar, accent = window.run_bar, QColor(theme.DARK.accent).rgb()

    def accented(action) -> int:
        image = bar.widgetForAction(action).grab(QRect(8, 6, 24, 18)).toImage()
        return sum(image.pixel(x, y) == accent for x in range(image.width()) for y in range(image.height()))

    assert accented(bar.play) > 20
    assert [accented(action) for action in (bar.reset, bar.step, bar.epoch)] == [0, 0, 0]


def test_buttons_of_questions_are_words(open_window):
    box = QMessageBox(open_window())
    box.setStandardButtons(QMessageBox.StandardButton.Save | QMessageBox.StandardButton.Cancel)
    box.ensurePolished()
    assert [button.icon().isNull() for button in box.buttons()] == [True, True]


def test_letters_in_order_are_enough_to_find():
    assert match("rst", "Run › Reset") is not None
    assert match("zz", "Run › Reset") is None
    assert match("reset", "Run › Reset") < match("rst", "Run › Reset")


def test_words_that_begin_so_come_first(open_window, qtbot):
    names = ["Learning rate", "Saturated", "Dead ReLUs: the rate is too high", "Run at a tea"]
    ranks = [match("rate", name) for name in names]
    assert sorted(ranks) == [ranks[0], ranks[2], ranks[1], ranks[3]]
    assert match("c++ (", "C++ (old)") is not None
    window = open_window()
    window.menus.show_palette()
    palette = window.findChild(CommandPalette)
    qtbot.keyClicks(palette.focusWidget() or palette, "rate")
    assert palette.found[0].endswith("Learning rate")
    assert palette.found.index("View › Panels › Saturated and dead") > 5
    palette.reject()


@pytest.mark.parametrize("width", [1024, 1440])
def test_no_key_is_cut_off(open_window, qtbot, width):
    window = open_window()
    window.resize(width, 800)
    qtbot.waitUntil(lambda: window.width() == width)
    window.menus.show_keys()
    sheet = window.findChild(KeySheet)
    qtbot.waitUntil(sheet.isVisible)
    area = sheet.findChild(QScrollArea).viewport()
    for label in sheet.findChildren(QLabel):
        right = label.mapTo(sheet, QPoint(label.sizeHint().width(), 0)).x()
        assert label.width() >= label.sizeHint().width(), label.text()
        assert right <= area.mapTo(sheet, QPoint(area.width(), 0)).x(), label.text()


def test_the_sheet_lists_the_keys_of_the_menus(open_window):
    window = open_window()
    window.menus.show_keys()
    sheet = window.findChild(KeySheet)
    shown = {label.text() for label in sheet.findChildren(QLabel)}
    assert {"Space", "Ctrl+S", "Undo", "Save"} <= shown


def test_a_new_window_is_empty_and_says_what_is_missing(open_window, qtbot):
    window = open_window()
    windows = Windows(lambda project, path: MainWindow(project, path, "thread"))
    window.windows = windows
    window.files.new_window()
    (other,) = windows.all
    assert [node.id for node in other.document.project.graph.nodes] == ["x"]
    assert not other.banner.isVisible()  # a drawing just begun is not scolded
    press(other, other.run_bar.play)
    assert "no layer has weights" in other.banner.text
    other.close()


@pytest.fixture
def collections():
    """The generations that the collector has walked through."""
    seen = []

    def note(phase, info):
        if phase == "start":
            seen.append(info["generation"])

    gc.callbacks.append(note)
    yield seen
    gc.callbacks.remove(note)
    gc.enable()


def test_the_first_window_waits_for_no_collection(collections, monkeypatch):
    monkeypatch.setattr("netviz.app.run_window", lambda options: 7 if not gc.isenabled() else 0)
    assert main([]) == 7  # the program starts with the collector switched off
    settle_memory()
    assert gc.isenabled()
    assert 2 not in collections
    settle_memory()  # another project: what the first has left
    assert 2 in collections


def test_a_project_dropped_on_the_window_opens(open_window, qtbot, tmp_path):
    window = open_window()
    path = tmp_path / "dropped.netviz"
    path.write_bytes(find_experiments()["vanishing-gradient"].path.read_bytes())
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    at, buttons, none = window.rect().center(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    copy = Qt.DropAction.CopyAction
    QApplication.sendEvent(window, QDragEnterEvent(at, copy, data, buttons, none))
    QApplication.sendEvent(window, QDropEvent(at.toPointF(), copy, data, buttons, none))
    qtbot.waitUntil(lambda: window.document.path == path, timeout=LONG)
    assert recent()[0] == path


def test_what_is_open_is_remembered_in_order(tmp_path):
    for name in ("a", "b", "a"):
        (tmp_path / f"{name}.netviz").touch()
        remember_file(tmp_path / f"{name}.netviz")
    assert [path.stem for path in recent()] == ["a", "b"]
    (tmp_path / "a.netviz").unlink()
    assert [path.stem for path in recent()] == ["b"]


def test_recorded_telemetry_ends_with_its_run_and_says_so(open_window, qtbot, tmp_path, monkeypatch):
    window = open_window()
    path = tmp_path / "told.jsonl"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(path), ""))
    dict(actions_of(window.menuBar()))["File › Record Telemetry…"].trigger()
    assert "told.jsonl" in window.banner.text
    window.session.advance(epochs=2)
    qtbot.waitUntil(lambda: window.session.step == 20, timeout=LONG)
    press(window, window.run_bar.reset)
    qtbot.waitUntil(lambda: "begun anew" in window.banner.text, timeout=LONG)
    window.session.advance(epochs=1)
    qtbot.waitUntil(lambda: window.session.step == 10, timeout=LONG)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == list(range(20))


def test_a_recording_that_cannot_be_is_not_shown_as_one(open_window, qtbot, tmp_path, monkeypatch):
    window = open_window()
    path = tmp_path / "told.jsonl"
    path.mkdir()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(path), ""))
    dict(actions_of(window.menuBar()))["File › Record Telemetry…"].trigger()
    qtbot.waitUntil(lambda: "nothing is recorded" in window.banner.text, timeout=LONG)
    assert not window.banner.answer.isVisible(), "there is nothing to stop"
    press(window, window.run_bar.reset)
    window.session.advance(epochs=1)
    qtbot.waitUntil(lambda: window.session.step == 10, timeout=LONG)
    assert "begun anew" not in window.banner.text, "no recording has ended"


def test_another_network_is_trained_beside_the_first(open_window, qtbot):
    window = open_window()
    qtbot.keyClick(window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(window.session.history.lanes) == 3, timeout=LONG)
    lane, _ = window.canvas.selection
    window.document.replace_kind(lane, "a1", "relu")
    qtbot.waitUntil(lambda: window.session.history.lanes[lane].info.kinds == ("dense", "relu", "dense"), timeout=LONG)
    window.session.advance(epochs=1)
    qtbot.waitUntil(lambda: window.session.epoch == 1 and not window.session.running, timeout=LONG)
    qtbot.waitUntil(lambda: len(window.session.history.lanes[0].loss.last) > 0, timeout=LONG)  # a frame later
    first, other = (window.session.history.lanes[i].loss.last[:, 0].tolist() for i in (0, lane))
    assert first[0] != other[0]  # the same weights and batches, another activation
    window.document.stack.undo()
    window.document.stack.undo()
    qtbot.waitUntil(lambda: window.banner.answer.isVisible(), timeout=LONG)
    qtbot.mouseClick(window.banner.answer, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(window.session.history.lanes) == 2, timeout=LONG)


def test_menus_that_are_filled_anew_outlive_what_python_forgets(open_window, qtbot, tmp_path):
    window = open_window()
    (tmp_path / "seen.netviz").touch()
    remember_file(tmp_path / "seen.netviz")
    qtbot.wait(100)
    menus = {action.text(): action.menu() for action in window.menuBar().actions()}
    menus["&File"].aboutToShow.emit()
    assert any("seen.netviz" in path for path, _ in actions_of(window.menuBar()))

"""Layouts: those that come with netviz, a person's own, and what stands in the View menu."""

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QInputDialog

from engine.data.files import Npz
from engine.errors import ProjectError
from engine.project import load_project
from netviz.experiments import find_experiments
from netviz.layouts import (
    EVERYTHING,
    KEY,
    PRESETS,
    everything,
    own_layouts,
    read_rows,
    remove_layout,
    rename_layout,
    save_layout,
    suited,
    write_rows,
)
from netviz.panels.base import Group
from netviz.panels.catalogue import PANELS
from netviz.settings import remember
from netviz.widgets.command_palette import actions_of
from tests.netviz.by_hand import settle

LONG = 60_000
IDENTS = {panel.ident for panel in PANELS}


def command(window, path: str):
    return dict(actions_of(window.menuBar()))[f"View › {path}"]


def standing(window) -> set[str]:
    return {panel.ident for panel in window.panels if not window.docks[panel.ident].isHidden()}


# Rows


def test_a_preset_names_panels_that_there_are_each_once():
    for name, rows in PRESETS.items():
        names = [panel for row in rows for place in row for panel in place]
        assert set(names) <= IDENTS, name
        assert len(set(names)) == len(names), name


def test_everything_holds_every_panel_by_subject():
    rows = everything(PANELS)
    assert sorted(name for row in rows for place in row for name in place) == sorted(IDENTS)
    of = {panel.ident: panel.group for panel in PANELS}
    for row in rows:
        assert all(len({of[name] for name in place}) == 1 for place in row)


def test_rows_are_written_as_they_are_read():
    written = [["loss", ["fit", "rate"]], ["worst"]]
    rows = read_rows(written, IDENTS)
    assert rows == [[["loss"], ["fit", "rate"]], [["worst"]]]
    assert write_rows(rows) == written
    odd = [["loss", ["loss", 3, "gone"], ["worst", "loss"]], "x", [[]], ["problems"]]
    assert read_rows(odd, {*IDENTS, "problems"}, but=("problems",)) == [[["loss"], ["worst"]]]
    assert read_rows({"rows": 1}, IDENTS) == []


# One's own


def test_own_layouts_are_kept_renamed_and_removed():
    save_layout("Mine", {"rows": [["loss"]], "docks": ""})
    save_layout(" Other ", {"rows": [["fit"]]})
    assert list(own_layouts()) == ["Mine", "Other"]
    rename_layout("Mine", "Zweite")
    assert list(own_layouts()) == ["Other", "Zweite"]
    assert own_layouts()["Zweite"]["rows"] == [["loss"]]
    with pytest.raises(ProjectError, match="already"):
        rename_layout("Zweite", "Other")
    remove_layout("Other")
    assert list(own_layouts()) == ["Zweite"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "Beginner", EVERYTHING])
def test_names_that_cannot_be_are_refused_and_nothing_is_written(name):
    save_layout("Mine", {"rows": [["loss"]]})
    with pytest.raises(ProjectError):
        save_layout(name, {"rows": []})
    with pytest.raises(ProjectError):
        rename_layout("Mine", name)
    assert list(own_layouts()) == ["Mine"]


@pytest.mark.parametrize("nonsense", ["§", "[1]", '{"a": 3, "": {}}'])
def test_nonsense_in_the_settings_is_no_layout(nonsense):
    remember(KEY, nonsense)
    assert own_layouts() == {}


# In the window


@pytest.mark.parametrize("name", [*PRESETS, EVERYTHING])
def test_a_preset_shows_its_panels_and_no_others(open_window, name):
    window = open_window()
    window.resize(1600, 1100)  # room for two rows
    settle(window)
    command(window, f"Layout › {name}").trigger()
    gone = {"fit", "through_time"} if name != EVERYTHING else ()  # XOR has two inputs and no sequences
    shown = PRESETS.get(name) or everything(PANELS)
    rows = read_rows(shown, IDENTS - set(gone))
    assert standing(window) == {panel for row in rows for place in row for panel in place}
    for place in (place for row in rows for place in row):
        tabbed = {dock.objectName() for dock in window.tabifiedDockWidgets(window.docks[place[0]])}
        assert set(place[1:]) <= tabbed, "panels of one place lie on top of one another"
        assert not window.docks[place[0]].visibleRegion().isEmpty(), "the first of them in front"
    if len(rows) == 2:
        first, second = (window.docks[row[0][0]] for row in rows)
        assert first.geometry().bottom() < second.geometry().top()


@pytest.mark.parametrize(
    ("experiment", "preset", "wanted", "gone"),
    [
        ("long-memory", "Gradients", {"through_time", "weights"}, {"derivative", "saturation"}),
        ("long-memory", "Answers", {"boundary", "worst"}, {"confusion", "fit"}),
        ("lenet", "Gradients", {"derivative", "saturation"}, {"through_time"}),
        ("lenet", "Beginner", {"confusion"}, {"fit"}),
    ],
)
def test_a_preset_leaves_out_what_has_nothing_to_show(experiment, preset, wanted, gone):
    rows = suited(PRESETS[preset], PANELS, load_project(find_experiments()[experiment].path))
    names = {panel for row in rows for place in row for panel in place}
    assert wanted <= names
    assert not gone & names
    assert gone <= {panel for row in PRESETS[preset] for place in row for panel in place}


@pytest.mark.parametrize(
    ("experiment", "shown", "gone"),
    [
        ("lenet", {"maps", "adversary"}, set()),
        ("kernels-signal", {"maps", "adversary"}, set()),
        ("xor", {"adversary"}, {"maps"}),
        ("optimizer-paths", set(), {"maps", "adversary"}),
    ],
)
def test_pictures_and_classes_decide_what_can_be_shown_of_them(experiment, shown, gone):
    rows = suited([[["maps"], ["adversary"], ["loss"]]], PANELS, load_project(find_experiments()[experiment].path))
    names = {panel for row in rows for place in row for panel in place}
    assert shown | {"loss"} == names
    assert not gone & names


def test_of_a_project_that_is_not_whole_nothing_is_left_out(tmp_path):
    whole = load_project(find_experiments()["xor"].path)
    rows = suited(PRESETS["Answers"], PANELS, replace(whole, data=Npz(path="gone.npz"), folder=tmp_path))
    assert rows == PRESETS["Answers"]


def test_the_projects_own_layout_comes_back(open_window):
    window = open_window("vanishing-gradient")
    before = standing(window)
    command(window, "Layout › Answers").trigger()
    assert standing(window) != before
    command(window, "Layout › The Project's Own").trigger()
    assert standing(window) == before
    assert window.layout_.save()["rows"] == window.document.project.panels["rows"]


def test_a_layout_saved_by_name_is_shown_in_another_window(open_window, monkeypatch):
    window = open_window()
    command(window, "Layout › Gradients").trigger()
    window.docks["rate"].hide()
    window.docks["fit"].show()
    saved = standing(window)
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("My own", True))
    command(window, "Layout › Save This Layout…").trigger()
    other = open_window("vanishing-gradient")
    assert standing(other) != saved
    command(other, "Layout › My own").trigger()
    assert standing(other) == saved
    assert other.layout_.save()["rows"] == other.document.project.panels["rows"], "the project's own rows stay"
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("Better", True))
    command(other, "Layout › Rename › My own…").trigger()
    command(other, "Layout › Better")
    command(other, "Layout › Remove › Better").trigger()
    assert own_layouts() == {}


def test_a_name_that_cannot_be_is_said(open_window, monkeypatch):
    window = open_window()
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("Everything", True))
    command(window, "Layout › Save This Layout…").trigger()
    assert "comes with netviz" in window.banner.text


def test_the_menu_lists_every_panel_once_by_subject(open_window):
    window = open_window()
    (view,) = (action.menu() for action in window.menuBar().actions() if action.text() == "&View")
    (panels,) = (action.menu() for action in view.actions() if action.text() == "Panels")
    subjects, listed, now = [], {}, None
    for action in panels.actions():
        if not action.isSeparator() and not action.isEnabled():
            now = action.text()
            subjects.append(now)
        elif not action.isSeparator():
            listed[action.text()] = now
    assert listed == {panel.title: panel.group.value for panel in PANELS}
    assert subjects == [s.value for s in Group if s in {panel.group for panel in PANELS}]


def test_choices_for_one_project_are_not_taken_to_the_next(open_window, qtbot):
    window = open_window("chain-rule")
    panels = {panel.ident: panel for panel in window.panels}
    assert window.following.followed.on
    panels["loss"].log.setChecked(True)
    panels["gradients"].show_view("depth")
    panels["weights"].show_view("matrix")
    window.files.forget()
    window.files.open_experiment(find_experiments()["xor"].path)
    qtbot.waitUntil(lambda: window.document.project.name.startswith("XOR"), timeout=LONG)
    qtbot.waitUntil(lambda: len(window.session.history.lanes) == 2, timeout=LONG)
    assert not window.following.followed.on
    assert not panels["loss"].log.isChecked()
    assert panels["gradients"].view == "norm"
    assert panels["weights"].view == "spread"
    window.files.forget()
    window.files.open_experiment(find_experiments()["chain-rule"].path)
    qtbot.waitUntil(lambda: window.document.project.name.startswith("Chain"), timeout=LONG)
    assert window.following.followed.on

"""Questions about the drawn network, by clicks and keys: asked, answered, cancelled, refused, and taken up."""

import csv
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QPushButton
from shiboken6 import isValid

from engine.checks.overfit import OverfitReport
from engine.checks.questions import Kind, ask
from engine.checks.rates import RatePoint, RateReport
from engine.gradient_check import GradientReport, TensorCheck
from engine.project import save_project
from engine.trainer import Score
from netviz import theme
from netviz.checks.dialog import CheckDialog
from netviz.checks.gradients import GradientView
from netviz.checks.overfit import OverfitView
from netviz.checks.rates import RateView
from netviz.main_window import MainWindow
from netviz.widgets.command_palette import actions_of
from netviz.widgets.key_sheet import keys_of
from tests.engine.checks.nets import chain, last, made
from tests.netviz.processes import gone

LONG = 60_000
BOTH = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
KEYS = {Kind.GRADIENTS: Qt.Key.Key_G, Kind.OVERFIT: Qt.Key.Key_O, Kind.RATES: Qt.Key.Key_F}


def activate(window: MainWindow) -> None:
    """Keys go where a person has clicked last."""
    window.activateWindow()
    for _ in range(200):
        if QApplication.activeWindow() is window:
            return
        QTest.qWait(10)
    raise AssertionError("the window does not take the keys")


def asked(window: MainWindow, kind: Kind) -> CheckDialog:
    """By its key."""
    activate(window)
    QTest.keyClick(window, KEYS[kind], BOTH)
    dialog = window.checks.dialog(kind)
    assert dialog is not None
    return dialog


def answered(window: MainWindow, qtbot, kind: Kind) -> CheckDialog:
    dialog = asked(window, kind)
    qtbot.waitUntil(lambda: not dialog.asking.running, timeout=LONG)
    assert dialog.report is not None, dialog.verdict.text()
    return dialog


def click(button: QPushButton) -> None:
    assert button.isVisible()
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def large(tmp_path):
    """A file that takes long to ask anything about."""
    path = tmp_path / "large.netviz"
    save_project(made(chain(600, 3), "mse", {"kind": "noise", "shape": [50], "samples": 64}), path)
    return path


def test_gradients_stand_in_a_table_by_tensor(open_window, qtbot):
    window = open_window()
    dialog = answered(window, qtbot, Kind.GRADIENTS)
    report = last(ask(Kind.GRADIENTS, window.document.lanes()[0]))
    table = dialog.view.table
    assert [table.item(row, 0).text() for row in range(table.rowCount())] == [t.name for t in report.tensors]
    assert {table.item(row, 1).text().split(",")[0] for row in range(table.rowCount())} == {"right"}
    bold = [row for row in range(table.rowCount()) if table.item(row, 0).font().bold()]
    assert bold == [max(range(len(report.tensors)), key=lambda i: report.tensors[i].error)]
    assert dialog.verdict.text() == "All gradients are right"
    click(dialog.copy)
    _, *rows = csv.reader(QGuiApplication.clipboard().text().splitlines())
    assert [(row[0], int(row[1]), float(row[2])) for row in rows] == [
        (t.name, t.count, t.error) for t in report.tensors
    ]
    QTest.keyClick(dialog, KEYS[Kind.RATES], BOTH)  # its keys work in the dialogs too
    assert window.checks.dialog(Kind.RATES) is not None
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert window.checks.dialog(Kind.GRADIENTS) is None


def test_overfitting_says_what_to_look_at_of_the_chosen_network(open_window, qtbot):
    window = open_window()
    dialog = answered(window, qtbot, Kind.OVERFIT)
    assert dialog.windowTitle() == "Overfit 50 examples — 4 hidden units"
    assert dialog.verdict.text() == "50 examples are learnt by heart"
    assert not dialog.view.list.isVisible()
    window.canvas.select(1, "out")
    other = answered(window, qtbot, Kind.OVERFIT)
    assert other.windowTitle() == "Overfit 50 examples — no hidden layer"
    assert other.verdict.text() == "50 examples are not learnt"
    assert [other.view.list.item(i).text() for i in range(other.view.list.count())] == [
        "3 parameters for 50 targets: the network may be too small"
    ]
    click(other.copy)
    assert QGuiApplication.clipboard().text() == str(other.report)
    assert [d for d in window.findChildren(CheckDialog) if d.isVisible()] == [other]


def test_a_rate_is_used_and_taken_back(open_window, qtbot):
    window = open_window()
    window.canvas.select(1, "out")
    before = window.document.project.to_bytes()
    dialog = answered(window, qtbot, Kind.RATES)
    rate = float(f"{dialog.report.suggestion:.2g}")
    assert dialog.view.use.text() == f"Use This Rate: {rate:g}"
    click(dialog.view.use)
    assert window.document.lanes()[1].training.optimizer.lr == rate
    assert not dialog.view.use.isEnabled()
    assert dialog.view.use.text() == f"In Use: {rate:g}"
    assert not dialog.edited.isVisible()  # the rate is no part of this question
    QTest.keyClick(dialog, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.document.project.to_bytes() == before
    click(dialog.view.use)
    activate(window)
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.document.project.to_bytes() == before
    assert dialog.view.use.isEnabled()
    click(dialog.copy)
    header, *rows = csv.reader(QGuiApplication.clipboard().text().splitlines())
    assert header == ["rate", "loss", "smoothed"]
    assert [tuple(map(float, row)) for row in rows] == [(p.rate, p.loss, p.smoothed) for p in dialog.report.points]


def test_another_rate_is_chosen_by_keys_and_by_a_click(open_window, qtbot):
    window = open_window()
    dialog = answered(window, qtbot, Kind.RATES)
    plot = dialog.view.plot
    rates = [p.rate for p in dialog.report.points]
    at = rates.index(dialog.report.suggestion)
    assert plot.hasFocus()
    QTest.keyClick(plot, Qt.Key.Key_Left)
    QTest.keyClick(plot, Qt.Key.Key_Left)
    assert plot.rate == rates[at - 2]
    view = plot.view()
    place = QPoint(round(float(view.x(-3.0))), round(view.rect.center().y()))
    QTest.mouseClick(plot, Qt.MouseButton.LeftButton, pos=place)
    assert plot.rate == pytest.approx(1e-3, rel=0.1)
    assert f"chosen rate {plot.rate:.2g}," in plot.accessibleDescription()
    click(dialog.view.use)
    assert window.document.lanes()[0].training.optimizer.lr == float(f"{plot.rate:.2g}")
    QTest.keyClick(plot, Qt.Key.Key_Home)
    assert plot.rate == dialog.report.suggestion


def test_it_is_about_the_drawing_and_says_when_that_has_changed(open_window, qtbot):
    window = open_window()
    window.document.set_node_field(0, "h1", "units", 7)
    dialog = answered(window, qtbot, Kind.GRADIENTS)
    counts = {t.name: t.count for t in dialog.report.tensors}
    assert counts["h1.weight"] == 14  # the run has four units
    assert not dialog.edited.isVisible()
    window.document.move_node(0, "h1", (1.0, 2.0))
    window.document.set_training_field(0, "optimizer.lr", 0.5)
    assert not dialog.edited.isVisible()
    window.document.set_node_field(0, "h1", "units", 5)
    assert dialog.edited.isVisible()
    click(dialog.again)
    qtbot.waitUntil(lambda: dialog.report is not None, timeout=LONG)
    assert not dialog.edited.isVisible()
    assert {t.name: t.count for t in dialog.report.tensors}["h1.weight"] == 10


@pytest.mark.parametrize("how", ["button", "key", "close"])
def test_cancelled_the_process_is_gone_and_the_window_stays(open_window, qtbot, large, how):
    window = open_window(large)
    dialog = asked(window, Kind.OVERFIT)
    qtbot.waitUntil(lambda: dialog.bar.value() > 0, timeout=LONG)
    pid = dialog.asking.pid
    assert not gone(pid)
    if how == "button":
        click(dialog.cancel)
    elif how == "key":
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    else:
        dialog.close()
    assert gone(pid)
    assert window.checks.dialog(Kind.OVERFIT) is None
    qtbot.waitUntil(lambda: not isValid(dialog), timeout=LONG)
    assert window.isVisible()


def test_no_process_outlives_the_window(open_window, qtbot, large):
    window = open_window(large)
    pids = [asked(window, kind).asking.pid for kind in (Kind.OVERFIT, Kind.RATES)]
    window.files.forget()
    window.close()
    assert all(map(gone, pids))


def test_another_project_ends_what_was_asked_about_the_one_before(open_window, qtbot, large):
    window = open_window(large)
    pid = asked(window, Kind.OVERFIT).asking.pid
    window.document.load(made(chain()), None)
    assert gone(pid)
    assert window.checks.dialog(Kind.OVERFIT) is None


def test_the_run_goes_on_meanwhile_and_is_not_touched(open_window, qtbot, large):
    window = open_window()
    window.document.stack.setClean()
    QTest.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.session.step > 5, timeout=LONG)
    project = window.document.project
    dialog = asked(window, Kind.OVERFIT)
    step = window.session.step
    qtbot.waitUntil(lambda: window.session.step > step + 5, timeout=LONG)
    qtbot.waitUntil(lambda: dialog.report is not None, timeout=LONG)
    assert window.document.project is project
    assert not window.document.dirty
    assert not dialog.isModal()


@pytest.mark.parametrize("kind", Kind)
def test_a_drawing_with_problems_is_refused_with_one_line(open_window, qtbot, kind):
    window = open_window()
    window.document.replace_kind(0, "a1", "reshape")
    assert window.document.lane_problems(0)
    QTest.keyClick(window, KEYS[kind], BOTH)
    assert window.checks.dialog(kind) is None
    assert window.banner.isVisible()
    assert window.banner.text.startswith(str(window.document.lane_problems(0)[0]))
    assert "\n" not in window.banner.text
    QTest.mouseClick(window.banner.answer, Qt.MouseButton.LeftButton)
    assert window.docks["problems"].isVisible()


def test_an_optimizer_without_a_rate_is_refused_with_one_line(open_window, qtbot):
    window = open_window()
    window.document.set_training_field(0, "optimizer.kind", "lbfgs")
    window.document.set_training_field(0, "batch_size", "all")
    assert not window.document.lane_problems(0)
    QTest.keyClick(window, KEYS[Kind.RATES], BOTH)
    assert window.checks.dialog(Kind.RATES) is None
    assert "there is no learning rate to find" in window.banner.text
    answered(window, qtbot, Kind.OVERFIT)  # to which the rate does not matter
    assert window.banner.key != "check"  # nobody wants to know any more


def test_a_sound_network_beside_one_with_problems_can_be_asked_about(open_window, qtbot):
    window = open_window()
    window.document.replace_kind(0, "a1", "reshape")
    window.canvas.select(1, "out")
    assert answered(window, qtbot, Kind.GRADIENTS).verdict.text() == "All gradients are right"


def test_a_network_that_is_gone_is_not_asked_about_again(open_window, qtbot):
    window = open_window()
    window.canvas.select(1, "out")
    dialog = answered(window, qtbot, Kind.RATES)
    from netviz.document.drawing import Drawing

    Drawing(window.document).remove_lane(1)
    assert dialog.edited.isVisible()
    click(dialog.view.use)
    assert window.banner.text == "There is no network called no hidden layer any more"
    click(dialog.again)
    assert not dialog.asking.running


def test_what_fails_says_so_in_the_dialog(open_window, qtbot, monkeypatch):
    from netviz.runtime import asking

    monkeypatch.setattr(asking, "own_command", lambda name: ["/there/is/no/program"])
    window = open_window()
    dialog = asked(window, Kind.RATES)
    qtbot.waitUntil(lambda: "could not be started" in dialog.verdict.text(), timeout=LONG)
    assert not dialog.view.isVisible()
    assert not dialog.copy.isVisible()
    click(dialog.close_button)
    assert window.checks.dialog(Kind.RATES) is None


def test_menu_key_sheet_and_names(open_window, qtbot):
    window = open_window()
    actions = actions_of(window.menuBar())
    names = [name for name, _ in actions if name.startswith("Run › Check › ")]
    assert names == [
        f"Run › Check › {title}…" for title in ("Check gradients", "Overfit 50 examples", "Find a learning rate")
    ]
    shown = {key for group, keys in keys_of(actions) if group == "Run" for key, _ in keys}
    assert {"Ctrl+Shift+G", "Ctrl+Shift+O", "Ctrl+Shift+F"} <= shown
    taken = [action.shortcut().toString() for _, action in actions if not action.shortcut().isEmpty()]
    for key in ("Ctrl+Shift+G", "Ctrl+Shift+O", "Ctrl+Shift+F"):
        assert taken.count(key) == 1
    for kind in Kind:
        dialog = answered(window, qtbot, kind)
        assert dialog.accessibleName()
        assert dialog.accessibleDescription().startswith(dialog.verdict.text())
        for button in dialog.findChildren(QPushButton):
            assert button.text()
        assert dialog.view.focusProxy().accessibleName()


def opened(qtbot, view, report) -> CheckDialog:
    parent = QDialog()
    qtbot.addWidget(parent)
    dialog = CheckDialog(view, "", parent)
    dialog.holder = parent  # or it would go, and the dialog with it
    dialog._show_report(report)
    dialog.show()
    return dialog


def test_a_wrong_gradient_stands_out(qtbot, qapp):
    right = TensorCheck("h.weight", 6, 2e-6, (1, 2), 0.5, 0.500001, 2, 0)
    wrong = replace(right, name="h.bias", error=1e-5, failures=3, where=(0,))
    report = GradientReport(
        0.7, 16, 1e-5, (replace(right, error=9e-6), wrong, replace(right, name="big", directions=25))
    )
    dialog = opened(qtbot, GradientView(), report)
    table = dialog.view.table
    assert dialog.verdict.text() == "Gradients are wrong in h.bias"
    assert [table.item(row, 1).text() for row in range(3)] == [
        "right, 2 at a kink",
        "3 wrong, 2 at a kink",
        "right, 2 at a kink",
    ]
    assert [table.item(row, 4).text() for row in range(3)] == ["1, 2", "0", "25 directions"]
    assert [table.item(row, 0).font().bold() for row in range(3)] == [False, True, False]
    theme.look().use(theme.LIGHT)
    assert table.item(1, 1).foreground().color().name() == theme.LIGHT.red
    theme.look().use(theme.DARK)
    assert table.item(1, 1).foreground().color().name() == theme.DARK.red
    nothing = opened(qtbot, GradientView(), GradientReport(float("nan"), 16, 1e-5, (right,)))
    assert nothing.verdict.text().startswith("The loss is no number")


@pytest.mark.parametrize("size", [(420, 320), (700, 460), (1400, 900)], ids=str)
@pytest.mark.parametrize(
    "report",
    [
        RateReport((), None, 1e-6),
        RateReport((RatePoint(1e-6, 1.0, 1.0),), None, 1e-6),
        RateReport(tuple(RatePoint(10.0**-k, 2.0, 2.0) for k in range(6, 2, -1)), None, None),
        RateReport(tuple(RatePoint(10.0**-k, 1e300, 1e300 / k) for k in range(6, 0, -1)), 1e-5, 0.1),
        RateReport(tuple(RatePoint(10.0**-k, 0.0, 0.0) for k in range(6, 0, -1)), None, None),
    ],
    ids=["nothing", "one", "level", "huge", "zero"],
)
def test_any_curve_is_drawn_at_any_size(qtbot, qapp, report, size):
    dialog = opened(qtbot, RateView(), report)
    dialog.resize(*size)
    dialog.view.show_now(0.02)
    dialog.grab()
    assert dialog.view.use.isEnabled() is (report.suggestion is not None)
    QTest.keyClick(dialog.view.plot, Qt.Key.Key_Right)
    dialog.grab()
    assert dialog.view.use.isEnabled() is (len(report.points) > 1)
    QApplication.processEvents()


def test_findings_stand_in_plain_words(qtbot, qapp):
    report = OverfitReport(False, 50, 3000, Score(0.7, None), Score(0.6, None), ("the gradient vanishes: x", "y"))
    dialog = opened(qtbot, OverfitView(), report)
    assert dialog.detail.text() == "Loss 0.7 → 0.6 after 3000 steps."
    assert [dialog.view.list.item(i).text() for i in range(2)] == ["The gradient vanishes: x", "Y"]

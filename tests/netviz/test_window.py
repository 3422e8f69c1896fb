"""The window as a person uses it: by clicks and keys."""

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox, QToolButton

from engine.probes.boundary import Boundary
from engine.project import load_project, save_project
from engine.run.messages import Pace, PaceUnit, RunState
from engine.weights import load_weights
from netviz.experiments import find_experiments
from netviz.main_window import MainWindow
from netviz.widgets.command_palette import actions_of
from netviz.windows import empty_project
from tests.netviz.by_hand import press

LONG = 60_000
CORNERS = {(-0.7, -0.7): 0, (0.7, 0.7): 0, (-0.7, 0.7): 1, (0.7, -0.7): 1}


def click_box(window: MainWindow, qtbot, lane: int, node: str) -> None:
    item = window.canvas.node_item(lane, node)
    centre = item.mapToScene(item.boundingRect().center())
    at = window.canvas.mapFromScene(centre)
    qtbot.mouseClick(window.canvas.viewport(), Qt.MouseButton.LeftButton, pos=at)


def decided(window: MainWindow, lane: int, x1: float, x2: float) -> int:
    """The class that the boundary picture of a lane shows at a point."""
    answer = window.session.history.lanes[lane].boundary
    left, right, low, high = answer.bounds
    size = answer.values.shape[0]
    column, row = (int((x - a) / (b - a) * size) for x, a, b in ((x1, left, right), (x2, low, high)))
    return int(answer.values[row, column] > 0.5)


def activation_combo(window: MainWindow):
    from PySide6.QtWidgets import QComboBox

    combos = [c for c in window.inspector.findChildren(QComboBox) if c.isVisible() and c.findData("relu") >= 0]
    assert len(combos) == 1
    return combos[0]


def test_xor_from_opening_to_reopening(open_window, qtbot, tmp_path, monkeypatch):
    window = open_window("xor", worker="process")
    before = window.document.project.to_bytes()

    press(window, window.run_bar.play)
    lane = window.session.history.lanes[0]
    qtbot.waitUntil(lambda: window.session.epoch >= 5, timeout=LONG)
    window.session.set_pace(Pace(PaceUnit.UNLIMITED))  # 200 frames would be long in coming on a busy machine
    qtbot.waitUntil(lambda: lane.score is not None and lane.score.val_accuracy == 1.0, timeout=LONG)
    qtbot.waitUntil(lambda: window.session.state is RunState.FINISHED, timeout=LONG)
    assert window.session.epoch == 200
    assert "200 epochs" in window.session.reason
    qtbot.waitUntil(lambda: window.session.answered == ("finished", window.session.step), timeout=LONG)
    assert {corner: decided(window, 0, *corner) for corner in CORNERS} == CORNERS
    assert {corner: decided(window, 1, *corner) for corner in CORNERS} != CORNERS  # no hidden layer cannot

    # Change an activation in the inspector by keys, and take it back.
    click_box(window, qtbot, 0, "h1")
    combo = activation_combo(window)
    combo.setFocus()
    qtbot.keyClick(combo, Qt.Key.Key_R)  # ReLU
    if window.document.lanes()[0].graph.layer("a1").kind() != "relu":
        qtbot.keyClick(combo, Qt.Key.Key_Return)
    assert window.document.lanes()[0].graph.layer("a1").kind() == "relu"
    qtbot.waitUntil(lambda: window.banner.isVisible() and window.banner.answer.text() == "Restart", timeout=LONG)
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.document.project.to_bytes() == before
    qtbot.waitUntil(lambda: not window.banner.isVisible(), timeout=LONG)

    # Save, and open again in another window.
    path = tmp_path / "mine.netviz"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(path), ""))
    with qtbot.waitSignal(window.files.saved, timeout=LONG):
        qtbot.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert not window.files.unsaved
    weights = {}
    window.session.take_keyframe(lambda keyframe: weights.update(a=keyframe.parameters))
    qtbot.waitUntil(lambda: "a" in weights, timeout=LONG)
    for name, own in zip(("mine.safetensors", "mine.no-hidden-layer.safetensors"), weights["a"], strict=True):
        stored = load_weights(tmp_path / name)
        assert stored.keys() == own.keys()
        assert all(np.array_equal(stored[key], own[key]) for key in own)

    again = open_window(path, worker="process")
    assert again.document.project.to_json() == window.document.project.to_json()
    qtbot.waitUntil(lambda: again.session.history.lanes[0].boundary is not None, timeout=LONG)
    for lane_before, lane_after in zip(window.session.history.lanes, again.session.history.lanes, strict=True):
        assert np.array_equal(lane_before.boundary.values, lane_after.boundary.values)
    assert not again.files.unsaved


def test_space_plays_and_pauses_and_keys_step(open_window, qtbot):
    window = open_window()
    window.session.set_pace(Pace(PaceUnit.STEPS_A_FRAME, 1))
    qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.session.step > 3, timeout=LONG)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.session.state is RunState.PAUSED, timeout=LONG)
    step = window.session.step
    qtbot.keyClick(window, Qt.Key.Key_Period)
    qtbot.waitUntil(lambda: window.session.step == step + 1 and not window.session.running, timeout=LONG)
    press(window, window.run_bar.epoch)
    qtbot.waitUntil(lambda: window.session.step % 10 == 0 and not window.session.running, timeout=LONG)
    press(window, window.run_bar.reset)
    qtbot.waitUntil(lambda: window.session.step == 0 and not window.session.history.lanes[0].loss.steps.size)


def test_play_after_a_frame_has_waited_goes_on(open_window, qtbot):
    """A frame that is unanswered when play begins must not leave worker and window waiting for each other."""
    window = open_window()
    for _ in range(5):
        window.session.advance(epochs=1)
        qtbot.waitUntil(lambda: not window.session.running, timeout=LONG)
    qtbot.wait(60)  # the frame that nothing answers while all stands still
    step = window.session.step
    window.session.play()
    qtbot.waitUntil(lambda: window.session.step > step + 100, timeout=LONG)
    window.session.set_pace(Pace(PaceUnit.STEPS_A_FRAME, 2))
    step = window.session.step
    qtbot.waitUntil(lambda: window.session.step > step + 10, timeout=LONG)


def test_reset_repeats_the_run_and_a_new_seed_does_not(open_window, qtbot):
    window = open_window()
    losses = []
    for key in (None, window.run_bar.reset, window.run_bar.seed):
        if key is not None:
            press(window, key)
            qtbot.waitUntil(lambda: window.session.step == 0, timeout=LONG)
        window.session.advance(steps=20)
        qtbot.waitUntil(lambda: window.session.step == 20, timeout=LONG)
        qtbot.waitUntil(lambda: len(window.session.history.lanes[0].loss) == 20, timeout=LONG)
        losses.append(window.session.history.lanes[0].loss.last[:, 0].tolist())
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]
    assert window.document.project.training.seed != 0
    assert not window.banner.isVisible()


def test_a_learning_rate_applies_while_it_runs(open_window, qtbot):
    window = open_window()
    press(window, window.run_bar.play)
    qtbot.waitUntil(lambda: window.session.step > 20, timeout=LONG)
    window.document.set_training_field(0, "optimizer.lr", 0.001)
    window.document.set_training_field(0, "batch_size", 100)
    qtbot.waitUntil(lambda: window.session.history.lanes[1].lr == pytest.approx(0.001), timeout=LONG)
    qtbot.waitUntil(lambda: window.session.history.lanes[0].batch_size == 100, timeout=LONG)
    assert window.session.running
    assert not window.banner.isVisible()


def test_a_changed_structure_asks_and_keeps_what_fits(open_window, qtbot):
    window = open_window()
    window.session.advance(steps=50)
    qtbot.waitUntil(lambda: window.session.step == 50, timeout=LONG)
    window.document.replace_kind(0, "a1", "relu")
    qtbot.waitUntil(lambda: window.banner.answer.isVisible(), timeout=LONG)
    assert "a1" in window.banner.text
    kept = {}
    window.session.take_keyframe(lambda k: kept.update(before=k.parameters))
    qtbot.waitUntil(lambda: "before" in kept, timeout=LONG)
    qtbot.mouseClick(window.banner.answer, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.session.carried and window.session.step == 0, timeout=LONG)
    window.session.take_keyframe(lambda k: kept.update(after=k.parameters))
    qtbot.waitUntil(lambda: "after" in kept, timeout=LONG)
    for before, after in zip(kept["before"], kept["after"], strict=True):
        assert all(np.array_equal(before[name], after[name]) for name in before)
    assert window.files.unsaved  # trained weights live on in the new run, in no file


def test_a_network_with_a_problem_says_which_and_does_not_play(open_window, qtbot):
    window = open_window()
    window.document.set_training_field(0, "loss.kind", "cross_entropy")
    qtbot.waitUntil(lambda: window.banner.isVisible(), timeout=LONG)
    assert "cross_entropy wants an output per class" in window.banner.text
    window.banner.dismiss()
    press(window, window.run_bar.play)
    assert "cross_entropy wants an output per class" in window.banner.text
    assert not window.run_bar.step.isEnabled()
    qtbot.wait(100)
    assert not window.session.running
    window.document.stack.undo()
    qtbot.waitUntil(lambda: not window.banner.isVisible(), timeout=LONG)
    press(window, window.run_bar.play)
    qtbot.waitUntil(lambda: window.session.running, timeout=LONG)


def test_a_loss_that_is_no_number_stops_and_says_where(open_window, qtbot):
    window = open_window()
    window.document.set_training_field(0, "loss.kind", "mse")
    window.document.set_training_field(0, "optimizer.kind", "sgd")
    window.document.set_training_field(0, "optimizer.lr", 1e6)
    qtbot.waitUntil(lambda: window.session.project is not None and window.session.project.training.optimizer.lr == 1e6)
    qtbot.waitUntil(lambda: window.session.state is RunState.PAUSED, timeout=LONG)
    window.session.set_pace(Pace(PaceUnit.UNLIMITED))
    window.session.play()
    qtbot.waitUntil(lambda: window.session.state is RunState.FAILED, timeout=LONG)
    qtbot.waitUntil(lambda: window.banner.isVisible(), timeout=LONG)
    assert "at step" in window.banner.text
    assert "it began in" in window.banner.text
    assert window.canvas.selection is not None
    history = window.session.history.lanes[0].loss
    qtbot.waitUntil(lambda: len(history) > 0, timeout=LONG)
    assert np.isfinite(history.last).all()
    qtbot.mouseClick(window.banner.answer, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.session.state is RunState.PAUSED and window.session.step == 0, timeout=LONG)


def test_a_hidden_panel_asks_for_nothing(open_window, qtbot):
    window = open_window()
    qtbot.waitUntil(lambda: Boundary() in window.session._watch.probes, timeout=LONG)
    close = next(b for b in window.docks["boundary"].findChildren(QToolButton) if "Close" in b.accessibleName())
    qtbot.mouseClick(close, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: Boundary() not in window.session._watch.probes, timeout=LONG)
    window.docks["boundary"].toggleViewAction().trigger()
    qtbot.waitUntil(lambda: Boundary() in window.session._watch.probes, timeout=LONG)


def test_closing_asks_before_anything_trained_is_lost(open_window, qtbot):
    window = open_window()
    asked = []

    def answer(button: QMessageBox.StandardButton) -> None:
        box = next(w for w in QApplication.topLevelWidgets() if isinstance(w, QMessageBox) and w.isVisible())
        asked.append(box.informativeText())
        qtbot.mouseClick(box.button(button), Qt.MouseButton.LeftButton)

    window.session.advance(steps=5)
    qtbot.waitUntil(lambda: window.session.step == 5, timeout=LONG)
    QTimer.singleShot(200, lambda: answer(QMessageBox.StandardButton.Cancel))
    assert not window.close()
    assert window.isVisible()
    QTimer.singleShot(200, lambda: answer(QMessageBox.StandardButton.Discard))
    assert window.close()
    assert asked == ["The trained weights would be lost."] * 2


def test_closing_can_save(open_window, qtbot, tmp_path, monkeypatch):
    window = open_window()
    path = tmp_path / "kept.netviz"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(path), ""))
    window.session.advance(steps=5)
    qtbot.waitUntil(lambda: window.session.step == 5, timeout=LONG)

    def answer() -> None:
        box = next(w for w in QApplication.topLevelWidgets() if isinstance(w, QMessageBox) and w.isVisible())
        qtbot.mouseClick(box.button(QMessageBox.StandardButton.Save), Qt.MouseButton.LeftButton)

    QTimer.singleShot(200, answer)
    assert window.close()
    assert load_project(path).weights == "kept.safetensors"
    assert (tmp_path / "kept.safetensors").exists()


def test_an_untouched_window_closes_without_a_word(open_window):
    assert open_window().close()


def test_a_file_that_is_no_project_changes_nothing(open_window, qtbot, tmp_path):
    window = open_window()
    before = window.document.project
    bad = tmp_path / "bad.netviz"
    bad.write_text('{"format": "netviz-project", "version": 99}')
    with qtbot.waitSignal(window.files.failed, timeout=LONG):
        window.files.open(bad)
    assert "newer netviz" in window.banner.text
    assert window.document.project is before


def test_an_experiment_opens_from_the_menu_to_its_layout(open_window, qtbot):
    window = open_window()
    actions = dict(actions_of(window.menuBar()))
    actions["File › Open Experiment › Gradients through Layers › The vanishing gradient"].trigger()
    qtbot.waitUntil(lambda: len(window.session.history.lanes) == 3, timeout=LONG)
    assert window.document.path is None  # saving must not write into the program's own files
    wide, others = window.docks["gradients"], window.docks["loss"]
    qtbot.waitUntil(lambda: wide.width() > 2 * others.width(), timeout=LONG)
    assert wide.y() < others.y()


def test_a_pace_that_is_none_of_the_lists_is_said_all_the_same(open_window, qtbot):
    window = open_window()
    window.session.set_pace(Pace(PaceUnit.STEPS_A_FRAME, 14))
    assert (window.run_bar.pace.currentIndex(), window.run_bar.pace.placeholderText()) == (-1, "14 steps a frame")
    painted = window.run_bar.pace.grab().toImage()
    window.run_bar.pace.setPlaceholderText("")
    assert painted != window.run_bar.pace.grab().toImage()
    window.session.set_pace(Pace(PaceUnit.UNLIMITED))
    assert (window.run_bar.pace.currentText(), window.run_bar.pace.placeholderText()) == ("unlimited", "")


def test_layout_panels_and_pace_come_back_with_the_project(open_window, qtbot, tmp_path):
    window = open_window()
    window.docks["saturation"].close()
    window.session.set_pace(Pace(PaceUnit.EPOCHS_A_SECOND, 10))
    window.document.move_node(0, "h1", (333.0, 44.0))
    loss = next(p for p in window.panels if p.ident == "loss")
    loss.restore({"log": True})
    assert loss.state()
    path = tmp_path / "p.netviz"
    with qtbot.waitSignal(window.files.saved, timeout=LONG):
        window.files.save_to(path)
    again = open_window(path)
    assert again.docks["saturation"].isHidden()
    assert not again.docks["loss"].isHidden()
    assert next(p for p in again.panels if p.ident == "loss").state() == loss.state()
    qtbot.waitUntil(lambda: again.session.pace == Pace(PaceUnit.EPOCHS_A_SECOND, 10), timeout=LONG)
    assert again.run_bar.pace.currentText() == "10 epochs a second"
    assert again.document.project.layout["h1"] == (333.0, 44.0)


def test_boxes_show_the_scale_that_the_signal_will_have(open_window, qtbot):
    window = open_window("vanishing-gradient")
    first, last = window.canvas.node_item(0, "h1"), window.canvas.node_item(0, "h8")
    qtbot.waitUntil(lambda: first.levels is not None, timeout=LONG)
    assert first.levels.gradient < 1e-3 * last.levels.gradient  # sigmoids let it fade
    relu = window.canvas.node_item(2, "h1"), window.canvas.node_item(2, "h8")
    assert relu[0].levels.gradient > 0.05 * relu[1].levels.gradient
    before = first.levels
    window.document.set_node_field(0, "h1", "init", "zeros")
    qtbot.waitUntil(lambda: first.levels != before, timeout=LONG)
    window.toggle_preview(False)
    assert first.levels is None


def test_who_steps_by_hand_sees_the_layers_where_it_ends(open_window, qtbot):
    window = open_window()
    window.session.advance(epochs=15)
    layers = window.session.history.lanes[0].layers
    qtbot.waitUntil(lambda: len(layers) > 0 and layers.steps[-1] == 149, timeout=LONG)


def test_a_new_seed_takes_over_an_edited_network(open_window, qtbot):
    window = open_window()
    window.session.advance(steps=5)
    qtbot.waitUntil(lambda: window.session.step == 5, timeout=LONG)
    window.document.set_node_field(0, "h1", "units", 9)
    qtbot.waitUntil(lambda: window.banner.answer.isVisible(), timeout=LONG)
    press(window, window.run_bar.seed)
    qtbot.waitUntil(lambda: window.session.step == 0, timeout=LONG)
    assert not window.banner.isVisible()
    weights = {}
    qtbot.waitUntil(lambda: window.session.state is RunState.PAUSED, timeout=LONG)
    window.session.take_keyframe(lambda keyframe: weights.update(keyframe.parameters[0]))
    qtbot.waitUntil(lambda: bool(weights), timeout=LONG)
    assert weights["h1.weight"].shape == (9, 2)


def test_a_project_that_cannot_be_trained_takes_the_place_of_the_run(open_window, qtbot, tmp_path):
    window = open_window()
    path = tmp_path / "begun.netviz"
    save_project(empty_project(), path)
    window.files.open(path)
    qtbot.waitUntil(lambda: window.document.path == path, timeout=LONG)
    assert window.session.project is None
    assert window.session.history.lanes == []
    assert "no layer has weights" in window.banner.text
    window.files.open_experiment(find_experiments()["xor"].path)
    qtbot.waitUntil(lambda: len(window.session.history.lanes) == 2, timeout=LONG)
    press(window, window.run_bar.step)
    qtbot.waitUntil(lambda: window.session.step == 1, timeout=LONG)

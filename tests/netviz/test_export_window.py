"""Files that leave the window and weights that come in, against the programs that read them."""

import csv
import errno
import importlib.util
import os
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox

from engine.probes.catalogue import topic
from engine.run.messages import RunState
from engine.trainer import Trainer
from engine.weights import load_weights, save_weights
from netviz.main_window import MainWindow
from netviz.widgets.command_palette import actions_of
from tests.netviz.commands.command import write
from tests.netviz.exporting import LONG, action, banner_says, choose, export, train

NAMES = ("4-hidden-units", "no-hidden-layer")
__all__ = ["choose"]  # a fixture


def weights_now(window: MainWindow, qtbot) -> tuple[dict, ...]:
    told = []
    window.session.take_keyframe(told.append)
    qtbot.waitUntil(lambda: bool(told), timeout=LONG)
    return told[0].parameters


# Models


@pytest.mark.parametrize("lane", [0, 1])
def test_onnx_says_what_the_boundary_shows(open_window, qtbot, tmp_path, choose, lane):
    window, path = open_window(), tmp_path / "net.onnx"
    train(window, qtbot)
    node = window.document.lanes()[lane].graph.nodes[-1].id
    window.canvas.select(lane, node)
    offered = choose(tmp_path / "net")  # the dialog leaves the ending to us
    assert export(window, qtbot, "ONNX Model…", path) == "Exported to net.onnx"
    assert Path(offered["place"]).name == f"xor-needs-a-hidden-layer-{NAMES[lane]}.onnx"

    seen = window.session.history.lanes[lane].boundary
    size = len(seen.values)
    left, right, low, high = seen.bounds
    x1 = left + (np.arange(size) + 0.5) / size * (right - left)
    x2 = low + (np.arange(size) + 0.5) / size * (high - low)
    x = np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2).astype(np.float32)
    (y,) = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(["y"], {"x": x})
    drawn_sigmoid = window.document.lanes()[lane].graph.layer(node).kind() == "sigmoid"
    shares = y[:, 0] if drawn_sigmoid else 1 / (1 + np.exp(-y[:, 0]))
    np.testing.assert_allclose(shares.reshape(size, size), seen.values, atol=1e-5)


def test_batch_norm_is_folded_in_where_it_is_asked_for(open_window, qtbot, tmp_path, choose):
    nodes = [
        {"id": "x", "kind": "input"},
        {"id": "h1", "kind": "dense", "units": 4},
        {"id": "n1", "kind": "batch_norm"},
    ]
    nodes += [{"id": "a1", "kind": "tanh"}, {"id": "out", "kind": "dense", "units": 1}]
    file = write(
        tmp_path, {"graph": {"nodes": nodes, "edges": [["x", "h1"], ["h1", "n1"], ["n1", "a1"], ["a1", "out"]]}}
    )
    window, x = open_window(file), np.random.default_rng(0).standard_normal((5, 2)).astype(np.float32)
    train(window, qtbot)
    found = []
    for line in ("ONNX model (", "folded in"):
        path = tmp_path / f"{len(found)}.onnx"
        offered = choose(path, line)
        assert export(window, qtbot, "ONNX Model…", path) == f"Exported to {path.name}"
        assert len(offered["filters"]) == 2
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        found.append(session.run(["y"], {"x": x})[0])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4, atol=1e-5)
    assert (tmp_path / "1.onnx").stat().st_size < (tmp_path / "0.onnx").stat().st_size


def test_the_torch_module_takes_the_weights(open_window, qtbot, tmp_path, choose):
    window = open_window()
    train(window, qtbot)
    module, weights = tmp_path / "net.py", tmp_path / "net.safetensors"
    choose(module)
    assert "its weights are a file of their own" in export(window, qtbot, "PyTorch Module…", module)
    choose(weights)
    export(window, qtbot, "Weights…", weights)
    stored, own = load_weights(weights), weights_now(window, qtbot)[0]
    assert stored.keys() == own.keys()
    assert all(np.array_equal(stored[name], own[name]) for name in own)

    compile(module.read_text(), str(module), "exec")
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    spec = importlib.util.spec_from_file_location("exported_net", module)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    net = [kind for kind in vars(made).values() if isinstance(kind, type) and kind.__module__ == "exported_net"][-1]()
    net.load_state_dict(load_file(weights), strict=True)
    trainer = Trainer(window.session.project.lanes()[0])
    trainer.network.load_parameters(own)
    x = np.random.default_rng(0).uniform(-1, 1, (20, 2)).astype(np.float32)
    with torch.no_grad():
        np.testing.assert_allclose(net.eval()(torch.from_numpy(x)), trainer.network.predict(x), atol=1e-5)


def test_what_runs_is_exported_and_a_drawing_that_differs_is_named(open_window, qtbot, tmp_path, choose):
    window, path = open_window(), tmp_path / "net.onnx"
    train(window, qtbot)
    window.document.set_node_field(0, "h1", "units", 3)
    choose(path)
    said = export(window, qtbot, "ONNX Model…", path)
    assert said.endswith("the drawing differs: units of h1: 4 → 3")
    assert window.banner.answer.text() == "Restart"
    onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    window.canvas.select(1, window.document.lanes()[1].graph.nodes[-1].id)
    path.unlink()
    assert export(window, qtbot, "ONNX Model…", path) == "Exported to net.onnx"  # the second is as it was drawn


def test_without_a_run_there_is_a_word_and_no_dialog(open_window, qtbot, monkeypatch, tmp_path):
    window = open_window()
    window.session.stop()
    qtbot.waitUntil(lambda: window.session.state is RunState.IDLE, timeout=LONG)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: pytest.fail("asked"))
    for what in ("ONNX Model…", "PyTorch Module…", "Weights…", "Load Weights…"):
        window.banner.dismiss()
        action(window, what).trigger()
        assert "press play" in window.banner.text


def test_a_folder_that_cannot_be_written_is_one_line(open_window, qtbot, tmp_path, choose):
    window = open_window()
    choose(tmp_path / "nowhere" / "net.onnx")
    action(window, "ONNX Model…").trigger()
    banner_says(window, qtbot, str(tmp_path / "nowhere" / "net.onnx"))
    assert "is in a folder that is not there, so it cannot be written" in window.banner.text
    assert not (tmp_path / "nowhere").exists()


def test_a_full_disk_is_one_line_and_the_old_file_stays(open_window, qtbot, tmp_path, choose, monkeypatch):
    window, path = open_window(), tmp_path / "net.onnx"
    path.write_text("of another program")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("engine.files.os.fsync", full)
    choose(path)
    action(window, "ONNX Model…").trigger()
    assert banner_says(window, qtbot, "net.onnx could").endswith("not be written: No space left on device")
    assert path.read_text() == "of another program"
    assert list(tmp_path.glob("*net.onnx*")) == [path]


def test_an_ending_that_is_added_never_replaces_a_file_unasked(open_window, qtbot, tmp_path, choose, monkeypatch):
    window, path = open_window(), tmp_path / "net.safetensors"
    path.write_text("of another program")
    choose(tmp_path / "net")
    asked = []
    buttons = QMessageBox.StandardButton
    monkeypatch.setattr(QMessageBox, "question", lambda *a: (asked.append(a[2]), buttons.Cancel)[1])
    action(window, "Weights…").trigger()
    qtbot.waitUntil(lambda: bool(asked))
    qtbot.wait(50)
    assert asked == ["net.safetensors is there already."]
    assert path.read_text() == "of another program"
    monkeypatch.setattr(QMessageBox, "question", lambda *a: buttons.Yes)
    export(window, qtbot, "Weights…", path)
    assert load_weights(path).keys() == weights_now(window, qtbot)[0].keys()


# Weights in


@pytest.mark.parametrize("worker", ["thread", "process"])
def test_weights_come_back(open_window, qtbot, tmp_path, choose, worker):
    window, path = open_window("xor", worker=worker), tmp_path / "w.safetensors"
    train(window, qtbot)
    choose(path)
    export(window, qtbot, "Weights…", path)
    before = weights_now(window, qtbot)
    pictures = [lane.boundary.values for lane in window.session.history.lanes]
    train(window, qtbot)
    assert not np.array_equal(weights_now(window, qtbot)[0]["h1.weight"], before[0]["h1.weight"])
    window.files.forget()

    action(window, "Load Weights…").trigger()
    assert "goes on with the weights of w.safetensors" in banner_says(window, qtbot, window.document.lanes()[0].variant)
    after = weights_now(window, qtbot)
    assert all(np.array_equal(after[0][name], before[0][name]) for name in before[0])
    assert not np.array_equal(after[1]["out.weight"], before[1]["out.weight"])  # of the other network nothing
    assert window.session.step == 50
    lane = window.session.history.lanes[0]
    qtbot.waitUntil(lambda: np.array_equal(lane.boundary.values, pictures[0]), timeout=LONG)  # seen at once
    assert window.files.unsaved


def test_what_does_not_fit_is_said_and_the_rest_taken(open_window, qtbot, tmp_path, choose):
    window, path = open_window(), tmp_path / "odd.safetensors"
    before = weights_now(window, qtbot)[0]
    save_weights(path, {"h1.weight": np.full((4, 2), 0.5), "out.weight": np.ones((1, 3)), "z.bias": np.ones(1)})
    choose(path)
    action(window, "Load Weights…").trigger()
    said = banner_says(window, qtbot, f"{window.document.lanes()[0].variant} took h1.weight of odd.safetensors")
    assert "h1.bias: is missing, expected shape (4,)" in said
    assert said.endswith("(and 1 more)")  # out.bias, out.weight, z.bias: three are named of four
    after = weights_now(window, qtbot)[0]
    assert np.array_equal(after["h1.weight"], np.full((4, 2), 0.5))
    assert all(np.array_equal(after[name], before[name]) for name in before if name != "h1.weight")


def test_nothing_that_fits_and_no_weights_file_change_nothing(open_window, qtbot, tmp_path, choose):
    window = open_window()
    before = weights_now(window, qtbot)[0]
    other, broken = tmp_path / "other.safetensors", tmp_path / "broken.safetensors"
    save_weights(other, {"z.weight": np.ones((2, 2))})
    broken.write_bytes(b"no such thing")
    for path, words in ((other, "other.safetensors: none of its weights fits"), (broken, "weights: broken.safeten")):
        choose(path)
        action(window, "Load Weights…").trigger()
        banner_says(window, qtbot, words)
    after = weights_now(window, qtbot)[0]
    assert all(np.array_equal(after[name], before[name]) for name in before)
    assert not window.files.unsaved


# Numbers


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def answered(lanes, topics) -> bool:
    """Whether each was told; of a node that only one network has, only that one answers."""
    return all(any(getattr(lane, about) is not None for lane in lanes) for about in topics)


def test_the_data_are_the_history(open_window, qtbot, tmp_path, choose):
    window = open_window()
    train(window, qtbot)
    lanes = window.session.history.lanes
    others = {"fit", "through_time", "maps", "latent"}  # which want one input, a recurrent layer, pictures, a code
    panels = [panel for panel in window.panels if panel.ident not in others]
    for panel in panels:
        window.docks[panel.ident].show()  # only what can be seen is asked for
        window.docks[panel.ident].raise_()
        wanted = {topic(probe) for probe in panel.probes} | panel.topics & {"health"}  # a request has its answer's tag
        qtbot.waitUntil(partial(answered, lanes, wanted - {"histograms"}), timeout=LONG)
    tables = {}
    for panel in panels:
        path = tmp_path / f"{panel.ident}.csv"
        choose(tmp_path / panel.ident)
        export(window, qtbot, f"Data of a Panel › {panel.title}…", path)
        tables[panel.ident] = read(path)

    for lane in lanes:
        name = lane.info.name
        mine = {ident: [row for row in rows if row["network"] == name] for ident, rows in tables.items()}
        assert [int(row["step"]) for row in mine["loss"]] == list(range(25))
        assert [float(row["batch_loss_mean"]) for row in mine["loss"]] == lane.loss.mean[:, 0].tolist()
        scored = {int(row["step"]): row for row in mine["loss"] if row["train_loss"]}
        assert list(scored) == lane.scores.steps.tolist() == [9, 19]
        assert float(scored[19]["validation_accuracy"]) == lane.score.val_accuracy
        for i in lane.weighted():
            rows = [row for row in mine["gradients"] if row["layer"] == lane.info.layers[i]]
            column = lane.layers.mean[:, lane.column(i, "grad_norm")]
            assert [float(row["gradient_norm_mean"]) for row in rows] == column.tolist()
            assert [int(row["step"]) for row in rows] == lane.layers.steps.tolist()
        for i in lane.activations():
            rows = [row for row in mine["saturation"] if row["layer"] == lane.info.layers[i]]
            column = lane.layers.mean[:, lane.column(i, "saturated_fraction")]
            assert [float(row["saturated_fraction"]) for row in rows] == column.tolist()
        for layer in lane.histograms.layers:
            rows = [row for row in mine["histograms"] if row["layer"] == layer.node]
            bins = [row for row in rows if row["holds"] == "bin"]
            assert [int(row["count"]) for row in bins] == list(layer.counts)
            assert (float(bins[0]["from"]), float(bins[-1]["to"])) == pytest.approx((layer.low, layer.high))
        cells = mine["boundary"]
        assert [np.float32(row["value"]) for row in cells] == lane.boundary.values.ravel().tolist()
        assert [int(row["class"]) for row in cells] == (lane.boundary.values > 0.5).ravel().astype(int).tolist()
        units = [np.float32(row["value"]) for row in mine["try"] if row["what"] == "layer"]
        assert units == np.concatenate([node.values for node in lane.example.nodes]).tolist()
        assert {float(row["x2"]) for row in cells[:10]} == {float(cells[0]["x2"])}  # x₁ runs first


def test_a_panel_without_numbers_asks_for_no_file(open_window, monkeypatch, qtbot, tmp_path):
    window = open_window()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: pytest.fail("asked"))
    action(window, "Data of a Panel › Gradients…").trigger()
    assert window.banner.text == "Gradients shows no numbers yet"


def test_every_panel_has_them_on_its_title_bar(open_window):
    window = open_window()
    for panel in window.panels:
        bar = window.docks[panel.ident].titleBarWidget()
        assert [made.text() for made in bar.actions()][1:] == ["Save Picture…", "Copy Picture", "Save Data…"]


@pytest.mark.parametrize(
    ("given", "line", "written"),
    [("T", "*.csv", "T.csv"), ("T", "", "T.jsonl"), ("T.csv", "*.jsonl", "T.csv"), ("T.JSONL", "*.csv", "T.JSONL")],
)
def test_telemetry_is_recorded_in_the_form_asked_for(open_window, qtbot, tmp_path, choose, given, line, written):
    window = open_window()
    choose(tmp_path / given, line)
    dict(actions_of(window.menuBar()))["File › Record Telemetry…"].trigger()
    train(window, qtbot, 10)
    window.session.record_telemetry(None)
    qtbot.waitUntil(lambda: (tmp_path / written).exists() and (tmp_path / written).stat().st_size > 0, timeout=LONG)
    first = (tmp_path / written).read_text().splitlines()[0]
    assert first.startswith("step,epoch,loss" if written == "T.csv" else '{"format":"netviz-telemetry"')
    second = f"{Path(written).stem}.1{Path(written).suffix}"  # of the other network
    assert sorted(entry.name for entry in tmp_path.glob("T*")) == sorted([written, second])

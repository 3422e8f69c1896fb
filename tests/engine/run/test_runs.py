"""Runs of several networks, a loss that is no number, and runs opened from another's weights and states."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from engine.project import Project, Variant, graph_from
from engine.run import messages as m
from engine.trainer import Trainer
from engine.weights import save_weights
from tests.engine.cases import project
from tests.engine.run.bench import (
    DATA,
    LAYER_IDS,
    LAYERS,
    PER_EPOCH,
    STEPS,
    UNLIMITED,
    Bench,
    alone,
    bits,
    by_steps,
    same_weights,
    small,
    told,
    trained,
)

# Several networks


def two_lanes(lr: float, **training: Any) -> Project:
    made = small("mse", optimizer={"kind": "sgd", "lr": 0.1}, **training)
    wild = msgspec.structs.replace(made.training, optimizer=made.training.optimizer.replace("lr", lr))
    return replace(made, variant="calm", variants=(Variant("wild", training=wild),))


def test_networks_train_side_by_side_each_as_if_alone(bench: Bench) -> None:
    made = two_lanes(1.0)
    opened = bench.open(made)
    assert [lane.name for lane in opened.lanes] == ["calm", "wild"]
    answers = [bench.ask(by_steps(6), m.Play())]
    while answers[-1].state is m.RunState.RUNNING:
        answers.append(bench.ask())
    for number, lane in enumerate(made.lanes()):
        trainer, losses = alone(STEPS, lane)
        assert told(answers, number) == (list(range(STEPS)), losses)
        assert same_weights(bench.state(), trainer, number)


@pytest.mark.parametrize("pace", [UNLIMITED, m.Pace(m.PaceUnit.STEPS_A_FRAME, 100)])
def test_a_loss_that_is_no_number_names_the_lane_and_the_other_goes_on(bench: Bench, pace: m.Pace) -> None:
    made = two_lanes(1e6)
    bench.open(made)
    bench.send(m.SetPace(pace), m.Play(), m.Frame(900))
    diverged = bench.next(m.Diverged)
    assert diverged.lane == 1
    assert diverged.message.startswith("wild: the loss became")
    assert diverged.node in LAYER_IDS
    with pytest.raises(ArithmeticError) as caught:
        alone(STEPS, made.lanes()[1])
    assert diverged.step == caught.value.step  # type: ignore[attr-defined]
    failed = bench.settled(m.RunState.FAILED)
    assert f"step {diverged.step}" in failed.reason
    bench.send(m.Play())
    while (answer := bench.ask()).state is not m.RunState.FINISHED:
        assert answer.state is m.RunState.RUNNING
    assert answer.epoch == 5
    keyframe = bench.state()
    assert same_weights(keyframe, alone(STEPS, made.lanes()[0])[0])
    assert keyframe.states[1].step == diverged.step
    bench.send(m.Reset(), m.SetPace(UNLIMITED), m.Play())
    assert bench.next(m.Diverged).step == diverged.step


def test_when_all_have_failed_going_on_is_refused(bench: Bench) -> None:
    bench.open(small("mse", optimizer={"kind": "sgd", "lr": 1e6}))
    bench.send(m.SetPace(UNLIMITED), m.Play())
    assert bench.next(m.Diverged).lane == 0
    for command in (m.Play(), m.Advance(1)):
        bench.send(command)
        assert "reset" in bench.next(m.Refused).message
    bench.send(m.Reset(), m.SetLearningRate(0, 0.1), m.Play())
    assert bench.settled(m.RunState.FINISHED).step == STEPS


# Opening again


def broken(**parts: Any) -> bytes:
    return msgspec.json.encode({**small().to_json(), **parts})


BAD_OPENS = {
    "an unknown kind": m.Open(broken(data={"kind": "nothing"}), "."),
    "no JSON": m.Open(b"{", "."),
    "a cycle": m.Open(broken(graph={**small().to_json()["graph"], "edges": [["x", "h1"], ["h1", "h1"]]}), "."),
    "no such file": m.Open(broken(data={"kind": "npz", "path": "missing.npz"}), "."),
    "no such device": m.Open(small().to_bytes(), ".", device="tpu"),
    "no such type": m.Open(small().to_bytes(), ".", dtype="float16"),
    "no states": m.Open(small().to_bytes(), ".", states=()),
    "states of another net": m.Open(small().to_bytes(), ".", states=(Trainer(project(LAYERS, "mse")).snapshot(),)),
}


@pytest.mark.parametrize("name", BAD_OPENS)
def test_a_run_that_cannot_be_opened_leaves_the_old_one_alive(bench: Bench, name: str, tmp_path: Path) -> None:
    made = small(epochs=1_000_000)
    bench.open(made)
    bench.send(m.RecordTelemetry(str(tmp_path / "T.jsonl"), 1000), m.SetPace(UNLIMITED), m.Play(), BAD_OPENS[name])
    assert bench.next(m.Refused).message
    before = bench.ask()
    assert before.state is m.RunState.RUNNING
    assert bench.ask().step > before.step
    bench.send(m.Pause())
    end = bench.settled(m.RunState.PAUSED).step
    assert same_weights(bench.state(), alone(end, made)[0])
    bench.send(m.RecordTelemetry(""))
    bench.state()
    lines = [msgspec.json.decode(line) for line in (tmp_path / "T.jsonl").read_bytes().splitlines()]
    assert [line["step"] for line in lines if "layers" in line and "step" in line] == list(range(0, end, 1000))


def test_weights_that_still_fit_are_kept(bench: Bench) -> None:
    trained(bench)
    before = bench.state().parameters
    wider = [LAYERS[0], LAYERS[1], {"id": "more", "kind": "dense", "units": 3}, {**LAYERS[2], "units": 1}]
    opened = bench.open(project(wider, "binary_cross_entropy", DATA), keep_weights=True)
    assert opened.kept == ("A: h1.weight", "A: h1.bias", "A: out.bias")
    after = bench.state()
    assert before is not None
    assert after.parameters is not None
    assert after.states[0].step == 0
    fresh = Trainer(project(wider, "binary_cross_entropy", DATA)).network.parameters()
    for name, array in after.parameters[0].items():
        source = before[0] if f"A: {name}" in opened.kept else fresh
        np.testing.assert_array_equal(array, source[name])


def test_weights_saved_with_the_project_are_taken(bench: Bench, tmp_path: Path) -> None:
    trainer, _ = alone(9)
    save_weights(tmp_path / "w.safetensors", trainer.network.state())
    made = replace(small(), folder=tmp_path, weights="w.safetensors")
    assert bench.open(made).note == ""
    after = bench.state().states[0]
    assert after.values.tobytes() == trainer.snapshot().values.tobytes()
    assert after.step == 0
    note = bench.open(replace(made, weights="gone.safetensors")).note
    assert "gone.safetensors" in note
    assert same_weights(bench.state(), Trainer(small()))
    other = graph_from(project([LAYERS[0], LAYERS[1], {**LAYERS[2], "bias": False}]).to_json()["graph"])
    note = bench.open(replace(made, graph=other)).note
    assert "3 of 4 saved weights fit" in note


@pytest.mark.parametrize("at", [0, 4, 37])
def test_a_run_goes_on_from_a_state_to_the_bit(bench: Bench, at: int) -> None:
    made = small(epochs=100)
    bench.open(made)
    bench.send(m.SetLearningRate(0, 0.3), m.SetBatchSize(0, 7))
    if at:
        bench.send(m.Advance(at))
        bench.settled(m.RunState.PAUSED)
    kept = m.decode_record(m.encode(bench.state()))
    assert isinstance(kept, m.Keyframe)
    bench.send(m.Advance(30))
    bench.settled(m.RunState.PAUSED)
    end = bits(bench.state())
    other = Bench()
    other.open(made, states=kept.states)
    assert bits(other.state()) == bits(kept)
    assert other.of(m.Progress)[-1].step == at
    other.send(m.Advance(30))
    other.settled(m.RunState.PAUSED)
    assert bits(other.state()) == end
    other.close()


def test_a_keyframe_that_was_asked_for_names_its_weights(bench: Bench) -> None:
    bench.open(small())
    bench.send(m.Advance(3))
    bench.settled(m.RunState.PAUSED)
    assert all(keyframe.parameters is None for keyframe in bench.of(m.Keyframe))
    keyframe = bench.state()
    assert keyframe.parameters is not None
    expected = alone(3)[0].network.parameters()
    assert {name: a.shape for name, a in keyframe.parameters[0].items()} == {
        "h1.weight": (5, 2),
        "h1.bias": (5,),
        "out.weight": (1, 5),
        "out.bias": (1,),
    }
    for name, array in expected.items():
        np.testing.assert_array_equal(keyframe.parameters[0][name], array)


def test_telemetry_that_cannot_be_written_is_refused(bench: Bench, tmp_path: Path) -> None:
    bench.open(two_lanes(0.2))
    (tmp_path / "T.1.jsonl").mkdir()
    bench.send(m.RecordTelemetry(str(tmp_path / "T.jsonl")))
    refused = bench.next(m.Refused)
    assert refused.recording
    assert "T.1.jsonl" in refused.message
    bench.send(m.Advance(0, 1))
    bench.settled(m.RunState.PAUSED)
    assert (tmp_path / "T.jsonl").read_bytes().count(b"\n") == 1  # closed again: no lane is recorded alone


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_ends_the_recording_and_not_the_run(bench: Bench) -> None:
    bench.open(small())
    bench.send(m.RecordTelemetry("/dev/full"), m.SetPace(UNLIMITED), m.Play())
    said = bench.next(m.Refused).message
    assert said == "/dev/full: cannot be written further: No space left on device; the recording has ended"
    assert bench.settled(m.RunState.FINISHED).step == 5 * PER_EPOCH

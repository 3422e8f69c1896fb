"""Weights from outside, into a network that runs."""

import numpy as np
import pytest

from engine.project import project_from
from engine.run import messages as m
from engine.trainer import Trainer
from tests.engine.cases import project
from tests.engine.run.bench import DATA, LAYERS, STEPS, UNLIMITED, Bench, alone, bits, small
from tests.engine.run.test_runs import two_lanes

OTHER = Trainer(small(), seed=5).network.parameters()


def test_the_run_goes_on_from_them_to_the_bit(bench: Bench) -> None:
    bench.open(small())
    bench.send(m.Advance(7))
    bench.settled(m.RunState.PAUSED)
    bench.send(m.LoadWeights(0, OTHER, "other"))
    loaded = bench.next(m.WeightsLoaded)
    assert (loaded.lane, loaded.source, loaded.taken, loaded.misfits) == (0, "other", tuple(OTHER), ())
    mine, _ = alone(7)
    mine.network.load_parameters(OTHER)
    bench.send(m.Advance(6))
    assert bench.settled(m.RunState.PAUSED).step == 7
    assert bench.settled(m.RunState.PAUSED).step == 13
    for _ in range(6):
        mine.update()
    state = bench.state().states[0]
    assert state.values.tobytes() == mine.snapshot().values.tobytes()


def test_while_it_runs_it_is_not_stopped(bench: Bench) -> None:
    bench.open(small(epochs=1_000_000))
    bench.send(m.SetPace(UNLIMITED), m.Play(), m.LoadWeights(0, OTHER, "other"))
    assert bench.next(m.WeightsLoaded).misfits == ()
    assert bench.ask().state is m.RunState.RUNNING


def test_what_does_not_fit_is_told_and_the_rest_taken(bench: Bench) -> None:
    bench.open(small())
    bench.send(m.LoadWeights(0, {"h1.weight": OTHER["h1.weight"], "out.bias": np.ones(2), "z": np.ones(1)}, "some"))
    loaded = bench.next(m.WeightsLoaded)
    assert loaded.taken == ("h1.weight",)
    assert [line.partition(":")[0] for line in loaded.misfits] == ["h1.bias", "out.weight", "out.bias", "z"]
    assert "expected shape (1,), got (2,)" in loaded.misfits[2]


@pytest.mark.parametrize(("lane", "weights"), [(0, {"z": np.ones(1)}), (0, {}), (3, OTHER)])
def test_what_cannot_be_is_refused_and_changes_nothing(bench: Bench, lane: int, weights: dict[str, object]) -> None:
    bench.open(small())
    before = bits(bench.state())
    bench.send(m.LoadWeights(lane, weights, "odd"))
    assert bench.next(m.Refused).message
    assert bits(bench.state()) == before


def test_without_a_run_it_is_refused(bench: Bench) -> None:
    bench.send(m.LoadWeights(0, OTHER, "other"))
    assert "0 are open" in bench.next(m.Refused).message


def test_a_network_whose_loss_is_no_number_goes_on_beside_the_other(bench: Bench) -> None:
    bench.open(two_lanes(1e6))
    good = bench.state().parameters
    bench.send(m.SetPace(UNLIMITED), m.Play())
    bench.next(m.Diverged)
    bench.send(m.Play())
    assert bench.settled(m.RunState.FINISHED).step == STEPS
    assert good is not None
    bench.send(m.SetLearningRate(1, 0.01), m.LoadWeights(1, good[1], "first"), m.Advance(3))
    assert bench.next(m.WeightsLoaded).lane == 1
    keyframe = bench.state()
    while keyframe.states[0].step < STEPS + 3:
        keyframe = bench.state()
    assert [state.step for state in keyframe.states] == [STEPS + 3] * 2
    assert np.isfinite(keyframe.states[1].values).all()


def test_the_numbers_of_the_preprocessing_come_with_them(bench: Bench) -> None:
    """A new worker goes on from the keyframe with them; a restart on the data's has its own again."""
    made = project(LAYERS, "binary_cross_entropy", {**DATA, "preprocess": "standardize"})
    foreign = {"preprocess.mean": np.array([3.0, 4.0]), "preprocess.scale": np.array([5.0, 6.0])}
    bench.open(made)
    own = bench.state().parameters
    assert own is not None
    bench.send(m.LoadWeights(0, {**OTHER, **foreign}, "other"))
    assert set(bench.next(m.WeightsLoaded).taken) == {*OTHER, *foreign}
    bench.send(m.Advance(3))
    assert bench.settled(m.RunState.PAUSED).step == 0
    assert bench.settled(m.RunState.PAUSED).step == 3
    kept = m.decode_record(m.encode(bench.state()))
    assert isinstance(kept, m.Keyframe)
    bench.open(made, states=kept.states)
    bench.send(m.Advance(4))
    assert bench.settled(m.RunState.PAUSED).step == 7
    after = bench.state()
    mine = Trainer(made)
    mine.network.load_parameters({**OTHER, **foreign})
    mine.run(7)
    assert after.states[0].values.tobytes() == mine.snapshot().values.tobytes()
    assert after.parameters is not None
    np.testing.assert_array_equal(after.parameters[0]["preprocess.scale"], [5, 6])
    opened = bench.open(made, keep_weights=True)
    assert opened.kept == tuple(f"A: {name}" for name in OTHER)
    again = bench.state().parameters
    assert again is not None
    np.testing.assert_array_equal(again[0]["preprocess.mean"], own[0]["preprocess.mean"])


def test_a_layer_that_draws_its_weights_in_another_way_begins_anew(bench: Bench) -> None:
    made = small()
    bench.open(made)
    bench.send(m.Advance(steps=3))
    bench.settled(m.RunState.PAUSED)
    data = made.to_json()
    data["graph"]["nodes"][1]["init"] = "he_normal"
    changed = project_from(data, made.folder)
    opened = bench.open(changed, keep_weights=True)
    assert opened.kept == ("A: out.weight", "A: out.bias")
    fresh = Trainer(changed).network.parameters()["h1.weight"]
    np.testing.assert_array_equal(bench.state().parameters[0]["h1.weight"], fresh)

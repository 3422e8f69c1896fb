"""The gradient at each step against differences of the loss, gates and states against the plain formulas."""

import numpy as np
import pytest

from engine.probes.through_time import BINS, COLUMNS, EXAMPLES, UNITS, ThroughTime
from engine.trainer import Trainer
from tests.engine.cases import project
from tests.engine.recurrent_formulas import STEPS, logistic

KINDS = ("rnn", "lstm", "gru")


def trained(kind, steps=7, units=3, samples=20, **fields):
    layers = [{"id": "r", "kind": kind, "units": units, **fields}]
    if fields.get("return_sequences"):
        layers.append({"id": "flat", "kind": "flatten"})
    layers.append({"id": "out", "kind": "dense", "units": 2})
    data = {"kind": "noise", "shape": [steps, 2], "targets": 2, "samples": samples, "validation": 0.0, "seed": 4}
    trainer = Trainer(project(layers, data=data, batch_size=5), dtype="float64")
    rng = np.random.default_rng(1)
    start = {name: rng.uniform(-0.9, 0.9, a.shape) for name, a in trainer.network.parameters().items()}
    trainer.network.load_parameters(start)
    return trainer


def unrolled(kind, p, x, moved=None):
    """States (T, N, units) of one layer, `moved` = (step, example, unit, amount) being added to one on its way."""
    states, h = [], np.zeros((len(x), p["weight_hh_l0"].shape[1]))
    c = np.zeros_like(h)
    for step in range(x.shape[1]):
        rows = [
            STEPS[kind](
                p["weight_ih_l0"] @ x[n, step] + p["bias_ih_l0"], p["weight_hh_l0"] @ h[n] + p["bias_hh_l0"], h[n], c[n]
            )
            for n in range(len(x))
        ]
        h, c = (np.array(part) for part in zip(*rows, strict=True))
        if moved is not None and moved[0] == step:
            h = h.copy()
            h[moved[1], moved[2]] += moved[3]
        states.append(h)
    return np.array(states)


@pytest.mark.parametrize("whole", [False, True], ids=["last state", "every state"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_norm_is_that_by_differences(kind, whole):
    trainer = trained(kind, steps=4, units=2, samples=3, return_sequences=whole)
    x, y = trainer.data.x, trainer.data.y
    named = trainer.network.parameters()
    p = {name[2:]: a for name, a in named.items() if name.startswith("r.")}

    def loss(moved=None):
        states = unrolled(kind, p, x, moved)
        rows = states.transpose(1, 0, 2).reshape(len(x), -1) if whole else states[-1]
        return ((rows @ named["out.weight"].T + named["out.bias"] - y) ** 2).mean()

    h, expected = 1e-5, np.zeros((4, 3, 2))
    for step, example, unit in np.ndindex(expected.shape):
        up, down = (loss((step, example, unit, sign * h)) for sign in (1, -1))
        expected[step, example, unit] = (up - down) / (2 * h)
    (sweep,) = ThroughTime().measure(trainer).sweeps
    np.testing.assert_allclose(sweep.gradient, np.sqrt((expected**2).sum(axis=(1, 2))), rtol=1e-6)
    assert (sweep.node, sweep.layer, sweep.backwards, sweep.units) == ("r", 0, False, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_maps_are_the_means_over_the_examples(kind):
    trainer = trained(kind)
    p = {name[2:]: a for name, a in trainer.network.parameters().items() if name.startswith("r.")}
    answer = ThroughTime().measure(trainer)
    (sweep,) = answer.sweeps
    maps = {one.name: one for one in sweep.maps}
    states = unrolled(kind, p, trainer.data.x)
    np.testing.assert_allclose(maps["h"].values, states.mean(axis=1).T, rtol=1e-6)
    assert maps["h"].mean == pytest.approx(states.mean())
    before = np.concatenate([np.zeros_like(states[:1]), states[:-1]])
    a = np.einsum("gf,ntf->tng", p["weight_ih_l0"], trainer.data.x) + p["bias_ih_l0"]
    b = np.einsum("gu,tnu->tng", p["weight_hh_l0"], before) + p["bias_hh_l0"]
    names = {"rnn": "", "lstm": "ifgo", "gru": "rzn"}[kind]
    for place, name in enumerate(names):
        part = slice(3 * place, 3 * place + 3)
        if name == "n":
            gate = np.tanh(a[..., part] + logistic((a + b)[..., :3]) * b[..., part])
        else:
            gate = np.tanh((a + b)[..., part]) if name == "g" else logistic((a + b)[..., part])
        np.testing.assert_allclose(maps[name].values, gate.mean(axis=1).T, rtol=1e-5)
        assert maps[name].is_gate == (name not in "gn")
    assert set(maps) == {*names, "h", *(["c"] if kind == "lstm" else [])}
    assert (answer.steps, answer.block, answer.examples) == (7, 1, 20)


@pytest.mark.parametrize("kind", KINDS)
def test_both_directions_stand_in_the_sequence_s_order(kind):
    """Read from its end, what a backward pass does is what a forward pass does on the turned sequence."""
    trainer = trained(kind, layers=2, bidirectional=True)
    sweeps = ThroughTime().measure(trainer).sweeps
    assert [(s.layer, s.backwards) for s in sweeps] == [(0, False), (0, True), (1, False), (1, True)]
    p = {name[2:]: a for name, a in trainer.network.parameters().items() if name.startswith("r.")}
    turned = {name: p[name.replace("_l0", "_l0_reverse")] for name in p if name.endswith("_l0")}
    states = unrolled(kind, turned, trainer.data.x[:, ::-1])[::-1]
    maps = {one.name: one.values for one in sweeps[1].maps}
    np.testing.assert_allclose(maps["h"], states.mean(axis=1).T, rtol=1e-6)
    assert sweeps[3].gradient[0] > 0
    # Of one example the means are its values, and every map must hold the equations, with what comes before behind it.
    answer = ThroughTime().measure(trainer, 0.01)
    assert answer.examples == 1
    for sweep in answer.sweeps:
        m = {one.name: one.values.astype(np.float64) for one in sweep.maps}
        before = {n: np.pad(m[n], ((0, 0), (0, 1)) if sweep.backwards else ((0, 0), (1, 0))) for n in "hc" if n in m}
        before = {n: a[:, 1:] if sweep.backwards else a[:, :-1] for n, a in before.items()}
        if kind == "lstm":
            np.testing.assert_allclose(m["c"], m["f"] * before["c"] + m["i"] * m["g"], atol=1e-6)
            np.testing.assert_allclose(m["h"], m["o"] * np.tanh(m["c"]), atol=1e-6)
        if kind == "gru":
            np.testing.assert_allclose(m["h"], m["n"] + m["z"] * (before["h"] - m["n"]), atol=1e-6)


def test_nothing_that_training_goes_on_from_is_changed():
    trainer, other = trained("lstm"), trained("lstm")
    trainer.run(2)
    other.run(2)
    before = trainer.network.gradients()
    ThroughTime().measure(trainer)
    assert all(np.array_equal(trainer.network.gradients()[name], g) for name, g in before.items())
    assert trainer.run(3) == other.run(3)
    assert trainer.parameters.values.tobytes() == other.parameters.values.tobytes()


def test_long_and_wide_layers_say_what_they_leave_out():
    trainer = trained("gru", steps=150, units=40, samples=100)
    answer = ThroughTime().measure(trainer)
    (sweep,) = answer.sweeps
    assert (answer.steps, answer.block, answer.examples) == (150, 2, EXAMPLES)
    assert answer.steps / answer.block <= COLUMNS
    assert sweep.units == 40
    assert len(sweep.gradient) == 150  # of every step
    p = {name[2:]: a for name, a in trainer.network.parameters().items() if name.startswith("r.")}
    states = unrolled("gru", p, trainer.data.x[:EXAMPLES]).mean(axis=1)[:, :UNITS]
    h = next(one.values for one in sweep.maps if one.name == "h")
    np.testing.assert_allclose(h, states.reshape(75, 2, UNITS).mean(axis=1).T, rtol=1e-4, atol=1e-7)
    assert ThroughTime().measure(trainer, 0.25).examples == 16


def test_memory_that_is_not_there_takes_fewer_examples(monkeypatch):
    trainer = trained("gru", samples=100)
    monkeypatch.setattr("engine.network.MOST_NUMBERS", 3 * trainer.network._widths())
    assert ThroughTime().measure(trainer).examples == 3


def test_without_a_recurrent_layer_there_is_nothing_to_tell():
    trainer = Trainer(project([{"id": "out", "kind": "dense", "units": 1}]))
    answer = ThroughTime().measure(trainer)
    assert (answer.sweeps, answer.steps) == ((), 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_weights_that_are_no_numbers_are_told(value):
    trainer = trained("lstm")
    state = trainer.network.parameters()
    state["r.weight_hh_l0"][:] = value
    trainer.network.load_parameters(state)
    (sweep,) = ThroughTime().measure(trainer).sweeps
    assert len(sweep.gradient) == 7
    if not np.isfinite(value):
        assert np.isnan(sweep.gradient).any()


@pytest.mark.parametrize("kind", KINDS)
def test_spreads_are_histograms_of_every_number_and_their_ends_are_counted_unit_by_unit(kind):
    trainer = trained(kind, samples=30)
    state = {name: 3 * a for name, a in trainer.network.parameters().items()}  # so that gates come near their ends
    trainer.network.load_parameters(state)
    p = {name[2:]: a for name, a in state.items() if name.startswith("r.")}
    states = unrolled(kind, p, trainer.data.x)
    (sweep,) = ThroughTime().measure(trainer).sweeps
    maps = {one.name: one for one in sweep.maps}
    before = np.concatenate([np.zeros_like(states[:1]), states[:-1]])
    wanted = {"h": states}
    if kind != "rnn":
        a = np.einsum("gf,ntf->tng", p["weight_ih_l0"], trainer.data.x) + p["bias_ih_l0"]
        b = np.einsum("gu,tnu->tng", p["weight_hh_l0"], before) + p["bias_hh_l0"]
        for place, name in enumerate({"lstm": "if", "gru": "rz"}[kind]):
            wanted[name] = logistic((a + b)[..., 3 * place : 3 * place + 3])
    for name, values in wanted.items():
        spread, low = maps[name].spread, 0 if name != "h" else -1
        assert (spread.low, spread.high, spread.lost, spread.examples, spread.every) == (low, 1, 0, 30, 1)
        for step in range(7):
            expected, _ = np.histogram(values[step], BINS, (low, 1))
            np.testing.assert_array_equal(spread.counts[:, step], expected)
        for unit in range(3):
            of_unit = values[:, :, unit].ravel()
            assert spread.left[unit] == pytest.approx(sum(v < low + 0.1 for v in of_unit) / of_unit.size)
            assert spread.right[unit] == pytest.approx(sum(v > 0.9 for v in of_unit) / of_unit.size)
    assert any(one.spread.left is not None and one.spread.left.max() > 0.1 for one in sweep.maps)


def test_what_has_no_ends_is_never_saturated_and_binned_as_far_as_it_goes():
    for kind, name, fields in (("lstm", "c", {}), ("rnn", "h", {"nonlinearity": "relu"})):
        trainer = trained(kind, **fields)
        trainer.network.load_parameters({n: 3 * a for n, a in trainer.network.parameters().items()})
        (sweep,) = ThroughTime().measure(trainer).sweeps
        one = next(one for one in sweep.maps if one.name == name)
        assert one.spread.left is None
        assert one.spread.right is None
        assert one.spread.high == -one.spread.low > 1
        assert one.spread.counts.sum() == 7 * 20 * 3
        held = np.flatnonzero(one.spread.counts.sum(axis=1))
        assert held[0] == 0 or held[-1] == BINS - 1  # the furthest stands at an end


def test_long_layers_put_columns_of_steps_fewer_examples_and_units_into_bins(monkeypatch):
    trainer = trained("gru", steps=150, units=40, samples=100)
    whole = ThroughTime().measure(trainer).sweeps[0].maps[-1].spread
    assert (whole.examples, whole.counts.shape) == ((1 << 17) // 6000, (BINS, 75))
    assert (whole.counts.sum(axis=0) == 2 * 40 * whole.examples).all()
    monkeypatch.setattr("engine.probes.through_time.MOST", 2500)
    few = ThroughTime().measure(trainer).sweeps[0].maps[-1].spread
    assert (few.examples, few.every, len(few.left)) == (1, 3, 14)
    assert few.counts.sum() == 150 * 14


def test_numbers_that_are_none_are_in_no_bin():
    trainer = trained("lstm")
    state = trainer.network.parameters()
    state["r.weight_ih_l0"][0] = np.nan  # the first unit's input gate, and so its cell and all that follows
    trainer.network.load_parameters(state)
    (sweep,) = ThroughTime().measure(trainer).sweeps
    gate = next(one.spread for one in sweep.maps if one.name == "i")
    assert gate.lost > 0
    assert gate.counts.sum() + gate.lost == 7 * 20 * 3

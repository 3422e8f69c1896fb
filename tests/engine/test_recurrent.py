"""Recurrent layers beyond the table of cases: lengths, first weights, statistics, penalties, states, wrong shapes."""

import numpy as np
import pytest

from engine.gradient_check import check_gradients
from engine.plan import Plan
from engine.random import key_of
from engine.trainer import Trainer
from tests.engine.cases import CLOSE, network, project
from tests.engine.recurrent_formulas import run

KINDS = ("rnn", "lstm", "gru", "reset_first")
each_kind = pytest.mark.parametrize("kind", KINDS)


def as_declared(kind, **fields):
    """`reset_first` is the GRU as Cho et al. 2014 have it."""
    return {"kind": "gru", "reset_after": False, **fields} if kind == "reset_first" else {"kind": kind, **fields}


def made(kind, steps=6, features=3, units=4, outputs=2, training=None, **fields):
    """x (steps, features) - recurrent - dense."""
    layers = [{"id": "r", **as_declared(kind, units=units, **fields)}, {"id": "out", "kind": "dense", "units": outputs}]
    data = {"kind": "noise", "shape": [steps, features], "targets": outputs, "samples": 30, "validation": 0.2}
    return project(layers, data=data, **(training or {}))


def own(parameters, node="r"):
    return {name.partition(".")[2]: a for name, a in parameters.items() if name.startswith(f"{node}.")}


@pytest.mark.parametrize("both", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 4, 3), (2, 1, 5), (13, 2, 1), (31, 3, 7)], ids=str)
@each_kind
def test_any_length_and_width(kind, shape, both):
    """Steps, features and units from one on, against the formulas, and the gradients against differences."""
    steps, features, units = shape
    net = network(made(kind, steps, features, units, layers=2, bidirectional=both))
    x = np.random.default_rng(0).standard_normal((3, steps, features))
    p = net.parameters()
    ends = np.array([run(kind, row, own(p), 2, both)[1] for row in x])
    np.testing.assert_allclose(net.predict(x), ends @ p["out.weight"].T + p["out.bias"], **CLOSE["float64"])
    report = check_gradients(net, x, np.random.default_rng(1).standard_normal((3, 2)))
    assert report.ok, [str(tensor) for tensor in report.tensors]


@each_kind
def test_numbers_far_out_leave_no_nan(kind):
    for dtype in ("float32", "float64"):
        net = network(made(kind, layers=2, bidirectional=True), dtype)
        x = np.random.default_rng(0).choice([-1e4, 1e4], (5, 6, 3))
        loss, gradients = net.loss_and_gradients(x, np.zeros((5, 2)))
        assert np.isfinite(loss)
        assert all(np.isfinite(g).all() for g in gradients.values())


@each_kind
def test_what_is_no_number_stays_none(kind):
    net = network(made(kind))
    x = np.zeros((1, 6, 3))
    x[0, 2, 1] = np.nan
    assert np.isnan(net.predict(x)).all()
    assert np.isnan(network(made("rnn", nonlinearity="relu")).predict(x)).all()


# First weights


@each_kind
def test_first_weights_by_default(kind):
    """Uniform in ±1/√units as PyTorch's; biases 0, but the LSTM's forget gate."""
    own_weights = own(Trainer(made(kind, features=50, units=64)).network.state())
    for name in ("weight_ih_l0", "weight_hh_l0"):
        w = own_weights[name]
        assert 0.12 < np.abs(w).max() <= 1 / 8
        assert abs(w.std() - 1 / 8 / np.sqrt(3)) < 0.002
    expected = np.zeros(len(own_weights["bias_ih_l0"]))
    np.testing.assert_array_equal(own_weights["bias_hh_l0"], expected)
    if kind == "lstm":
        expected[64:128] = 1.0
    np.testing.assert_array_equal(own_weights["bias_ih_l0"], expected)


def test_the_forget_bias_is_of_every_layer_and_direction():
    start = own(Trainer(made("lstm", layers=2, bidirectional=True, forget_bias=-2.5)).network.state())
    biases = {name: b for name, b in start.items() if name.startswith("bias")}
    assert len(biases) == 8
    for name, b in biases.items():
        np.testing.assert_array_equal(b, np.repeat([0, -2.5 if "ih" in name else 0, 0, 0], 4))


@each_kind
def test_recurrent_weights_gate_by_gate(kind):
    fields = {"recurrent_init": "orthogonal", "recurrent_gain": 0.5, "init": "he_normal", "units": 40, "features": 30}
    start = own(Trainer(made(kind, **fields), dtype="float64").network.state())
    for gate in start["weight_hh_l0"].reshape(-1, 40, 40):
        np.testing.assert_allclose(gate @ gate.T, 0.25 * np.eye(40), atol=1e-12)
    assert start["weight_ih_l0"].std() == pytest.approx(np.sqrt(2 / 30), rel=0.1)
    fields |= {"recurrent_init": "identity", "init": "zeros"}
    start = own(Trainer(made(kind, **fields)).network.state())
    assert not start["weight_ih_l0"].any()
    for gate in start["weight_hh_l0"].reshape(-1, 40, 40):
        np.testing.assert_array_equal(gate, 0.5 * np.eye(40))
    fields |= {"recurrent_init": "lecun_normal"}  # takes no gain of ours
    start = own(Trainer(made(kind, **fields)).network.state())
    assert start["weight_hh_l0"].std() == pytest.approx(np.sqrt(1 / 40), rel=0.1)


@pytest.mark.parametrize("init", ["by_units", "orthogonal", "identity", "glorot_uniform", "lecun_normal"])
@each_kind
def test_pytorch_draws_by_the_same_law(kind, init):
    # A law's text cannot be run without it; the laws themselves are tested above.
    torch = pytest.importorskip("torch")
    from engine.export.torch import torch_source

    more = {"forget_bias": 2.0} if kind == "lstm" else {}
    fields = {"units": 30, "features": 30, "layers": 2, "bidirectional": True, "recurrent_init": init, **more}
    net = made(kind, **fields, recurrent_gain=0.7)
    names = {"__name__": "net"}
    exec(compile(torch_source(net), "net.py", "exec"), names)
    module = names["Case"]()
    torch.manual_seed(0)
    names["initialize"](module)
    theirs, ours = module.state_dict(), Trainer(net).network.state()
    assert set(theirs) == set(ours)
    for name in (name for name in ours if name.startswith("r.")):
        w, other = ours[name], theirs[name].numpy()
        if name.startswith("r.bias"):
            np.testing.assert_array_equal(other, w)
        for share in (10, 50, 90):
            assert abs(np.percentile(w, share) - np.percentile(other, share)) < 0.1 * max(np.abs(w).max(), 1e-9)
    gate = theirs["r.weight_hh_l1_reverse"].numpy()[:30]
    if init in ("orthogonal", "identity"):
        np.testing.assert_allclose(gate @ gate.T, 0.49 * np.eye(30), atol=1e-5)


# Several tensors in one layer


@each_kind
def test_statistics_take_all_weights_as_one_vector(kind):
    trainer = Trainer(made(kind, layers=2, bidirectional=True, training={"batch_size": "all"}), dtype="float64")
    start = own(trainer.network.parameters())
    _, gradients = trainer.network.loss_and_gradients(trainer.data.x, trainer.data.y)
    found = trainer.step(layers=True).layers["r"]
    end, gradients = own(trainer.network.parameters()), own(gradients)
    names = [name for name in start if name.startswith("weight")]
    assert len(names) == 8

    def vector(tensors, names=names):
        return np.concatenate([tensors[name].ravel() for name in names])

    w, g = vector(start), vector(gradients)
    assert found["weight_norm"] == pytest.approx(np.linalg.norm(w), rel=1e-10)
    assert found["grad_norm"] == pytest.approx(np.linalg.norm(g), rel=1e-10)
    assert found["grad_mean_abs"] == pytest.approx(np.abs(g).mean(), rel=1e-10)
    assert found["update_ratio"] == pytest.approx(np.linalg.norm(vector(end) - w) / np.linalg.norm(w), rel=1e-10)
    biases = vector(gradients, [name for name in start if name.startswith("bias")])
    assert found["bias_grad_norm"] == pytest.approx(np.linalg.norm(biases), rel=1e-10)
    none = Trainer(made(kind, bias=False)).step(layers=True).layers["r"]
    assert none["bias_grad_norm"] is None


@each_kind
def test_penalties_and_limits_are_of_weights_alone(kind):
    """One step of plain descent: L2 pulls at every weight and no bias; the limit holds the weights into each unit."""
    settings = {"optimizer": {"kind": "sgd", "lr": 0.1}, "batch_size": "all"}
    plain = Trainer(made(kind, layers=2, training=settings), dtype="float64")
    pulled = Trainer(made(kind, layers=2, training={**settings, "regularization": {"l2": 0.5}}), dtype="float64")
    start = plain.network.parameters()
    plain.update()
    pulled.update()
    after, less = plain.network.parameters(), pulled.network.parameters()
    for name, w in start.items():
        pull = 0.0 if "bias" in name else 0.1 * 0.5 * w
        np.testing.assert_allclose(less[name], after[name] - pull, rtol=1e-12, atol=1e-14)
    held = Trainer(made(kind, training={**settings, "regularization": {"max_norm": 0.3}}), dtype="float64")
    held.update()
    free = Trainer(made(kind, training=settings), dtype="float64")
    free.update()
    for name in ("r.weight_ih_l0", "r.weight_hh_l0"):
        w = free.network.parameters()[name]
        norms = np.linalg.norm(w, axis=1, keepdims=True)
        np.testing.assert_allclose(held.network.parameters()[name], w * np.minimum(1, 0.3 / norms), rtol=1e-12)
        assert (norms > 0.3).any()


def test_weights_that_are_zero_stay_so():
    trainer = Trainer(made("gru", training={"keep_zeros": True}))
    state = trainer.network.state()
    state["r.weight_hh_l0"][3:7] = 0
    state["r.bias_ih_l0"][:] = 0
    trainer.network.load_parameters(state)
    trainer.run(3)
    after = trainer.network.state()
    assert not after["r.weight_hh_l0"][3:7].any()
    assert after["r.weight_hh_l0"][:3].all()
    assert after["r.bias_ih_l0"].all()


@each_kind
def test_a_frozen_layer_stays_and_passes_the_gradient_on(kind):
    layers = [{"id": "d", "kind": "dense", "units": 3}, {"id": "r", **as_declared(kind, units=4, trainable=False)}]
    data = {"kind": "noise", "shape": [6, 3], "targets": 4, "samples": 30}
    trainer = Trainer(project(layers, data=data))
    before = trainer.network.state()
    trainer.run(3)
    after = trainer.network.state()
    for name, w in before.items():
        assert np.array_equal(after[name], w) == name.startswith("r.")


# Runs


@each_kind
def test_a_snapshot_goes_on_with_the_same_bits(kind):
    net = made(
        kind, layers=2, bidirectional=True, training={"optimizer": {"kind": "adam", "lr": 0.01}, "batch_size": 7}
    )
    first, second = Trainer(net), Trainer(net)
    first.run(5)
    state = first.snapshot()
    record = first.run(6)
    second.restore(state)
    assert second.run(6) == record
    assert first.parameters.values.tobytes() == second.parameters.values.tobytes()


@each_kind
def test_it_learns_what_no_single_step_tells(kind):
    """The first step's sign, six steps later; the control sees the last step alone."""
    data = {"kind": "copy_memory", "symbols": 2, "items": 1, "delay": 6, "samples": 300, "validation": 0.3}
    training = {"optimizer": {"kind": "adam", "lr": 0.02}, "epochs": 40, "batch_size": 30}
    layers = [{"id": "r", **as_declared(kind, units=8)}, {"id": "out", "kind": "dense", "units": 2}]
    trainer = Trainer(project(layers, "cross_entropy", data, **training))
    trainer.run(40 * trainer.steps_per_epoch)
    assert trainer.evaluate()[1].accuracy == 1.0
    last = trainer.data.x[:, -1]
    assert (last == last[0]).all()


def test_a_step_makes_no_arrays(monkeypatch):
    """Whatever a plan needs is there when it has been bound."""
    trainer = Trainer(made("lstm", layers=2, bidirectional=True, return_sequences=False))
    trainer.update()
    monkeypatch.setattr(np, "zeros", None)
    monkeypatch.setattr(np, "ones", None)
    trainer.update()


@each_kind
def test_large_inputs_go_through_in_pieces_that_fit(kind, monkeypatch):
    """What a layer holds of its steps counts, too: else a plan for many examples would take all memory."""
    net = network(made(kind, 20, units=16))
    plan = net.plan(10, "predict")
    sweeps = [sweep for layer in plan.inside["r"] for sweep in layer]
    held = sum(a.size for sweep in sweeps for a in vars(sweep).values() if isinstance(a, np.ndarray))
    assert held > 10 * 20 * 16
    assert 0.4 < net._widths() / (held / 10) < 2.5
    x = np.random.default_rng(0).standard_normal((23, 20, 3))
    whole = net.predict(x)
    batches = []
    kept = Plan.fill
    monkeypatch.setattr(Plan, "fill", lambda self, *args: (batches.append(self.batch), kept(self, *args))[1])
    monkeypatch.setattr("engine.network.MOST_NUMBERS", 5 * net._widths())
    np.testing.assert_allclose(net.predict(x), whole, **CLOSE["float64"])
    assert batches == [5, 5, 5, 5, 3]


@pytest.mark.parametrize("steps", [6, 7])
@each_kind
def test_slopes_of_some_steps_at_a_time_give_the_same_gradients(kind, steps, monkeypatch):
    layers = made(kind, steps, bidirectional=True, layers=2)
    x, y = np.random.default_rng(0).standard_normal((5, steps, 3)), np.random.default_rng(1).standard_normal((5, 2))
    whole = network(layers).loss_and_gradients(x, y)[1]
    gates = {"rnn": 1, "lstm": 4}.get(kind, 3)
    monkeypatch.setattr("engine.layers.recurrent.sweep.MOST_NUMBERS", 3 * gates * 5 * 4)
    net = network(layers)
    pieces = net.loss_and_gradients(x, y)[1]
    assert net.plan(5, "train").inside["r"][0][0].some == 3
    assert max(np.abs(gradient).max() for gradient in whole.values()) > 0.01
    for name, gradient in whole.items():
        np.testing.assert_array_equal(pieces[name], gradient)


# Dropout between the layers


@pytest.mark.parametrize("both", [False, True], ids=["forward", "both"])
@each_kind
def test_in_training_what_a_layer_takes_of_the_one_below_is_masked(kind, both):
    """Against the formulas, layer by layer, with the masks drawn by Philox anew; and gradients against differences."""
    net = network(made(kind, layers=3, bidirectional=both, dropout=0.4))
    x, y = np.random.default_rng(0).standard_normal((5, 6, 3)), np.ones((5, 2))
    p, wide = net.parameters(), 4 * (1 + both)

    def masks(layer):
        words = np.random.Philox(key=key_of(net.moment.seed, "dropout", f"r.{layer}")).random_raw(6 * 5 * wide // 2)
        kept = words.view("<u4").reshape(6, 5, wide) >= round(0.4 * 2**32)
        return kept / 0.6

    def of_layer(layer):
        return {name.replace(f"_l{layer}", "_l0"): a for name, a in own(p).items() if f"_l{layer}" in name}

    states = x.transpose(1, 0, 2)
    for layer in range(3):
        taken = states * masks(layer) if layer else states
        found = [run(kind, taken[:, n], of_layer(layer), 1, both) for n in range(5)]
        states = np.array([whole for whole, _ in found]).transpose(1, 0, 2)
    ends = np.array([last for _, last in found])
    expected = ((ends @ p["out.weight"].T + p["out.bias"] - y) ** 2).mean()
    loss, _ = net.loss_and_gradients(x, y)
    assert loss == pytest.approx(expected, rel=1e-12)
    assert 0.3 < (masks(1) == 0).mean() < 0.5
    assert check_gradients(net, x, y).ok


@each_kind
def test_afterwards_and_in_a_single_layer_nothing_is_left_out(kind):
    x = np.random.default_rng(0).standard_normal((5, 6, 3))
    plain, masked = (network(made(kind, layers=2, dropout=rate)) for rate in (0.0, 0.9))
    np.testing.assert_array_equal(plain.predict(x), masked.predict(x))
    assert plain.loss_and_gradients(x, np.ones((5, 2)))[0] != masked.loss_and_gradients(x, np.ones((5, 2)))[0]
    plain, masked = (network(made(kind, dropout=rate)) for rate in (0.0, 0.9))
    assert plain.loss_and_gradients(x, np.ones((5, 2)))[0] == masked.loss_and_gradients(x, np.ones((5, 2)))[0]
    assert "dropout" not in masked.structure.layers["r"].torch((6, 3))


def test_other_steps_draw_other_masks_and_the_same_step_the_same():
    trainer, again = (Trainer(made("gru", layers=2, dropout=0.5), dtype="float64") for _ in range(2))
    state = trainer.snapshot()
    losses = [trainer.step().loss for _ in range(3)]
    again.restore(state)
    assert [again.step().loss for _ in range(3)] == losses
    one, x, y = trainer.network, np.ones((4, 6, 3)), np.zeros((4, 2))
    first = one.loss_and_gradients(x, y)[0]
    one.moment.step += 1
    assert one.loss_and_gradients(x, y)[0] != first

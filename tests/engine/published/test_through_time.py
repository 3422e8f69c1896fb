"""The lectures on recurrent nets: ρ to the power of T through a linear one, σ(b_f) to the power of T through a cell.

Hochreiter and Schmidhuber 1997; Pascanu, Mikolov and Bengio 2013; Gers, Schmidhuber and Cummins 2000.
"""

import numpy as np
import pytest

from engine.probes.through_time import ThroughTime
from engine.trainer import Trainer
from tests.engine.cases import project

STEPS = 40


def trainer_of(layer, scale=1e-9, seed=0):
    """Sequences through one recurrent layer, whose numbers are so small that tanh is the identity to the last bit."""
    layers = [{"id": "r", "units": 12, **layer}, {"id": "out", "kind": "dense", "units": 1}]
    data = {"kind": "noise", "shape": [STEPS, 3], "samples": 10, "validation": 0.0}
    trainer = Trainer(project(layers, data=data), dtype="float64", seed=seed)
    state = trainer.network.state()
    state["r.weight_ih_l0"] *= scale
    trainer.network.load_parameters(state)
    return trainer


def norms(trainer):
    (sweep,) = ThroughTime().measure(trainer).sweeps
    return np.asarray(sweep.gradient)


@pytest.mark.parametrize("rho", [0.5, 0.9, 1.0, 1.1])
def test_a_scaled_orthogonal_matrix_hands_back_exactly_its_scale_at_each_step(rho):
    layer = {"kind": "rnn", "recurrent_init": "orthogonal", "recurrent_gain": rho}
    found = norms(trainer_of(layer))
    np.testing.assert_allclose(found, found[-1] * rho ** np.arange(STEPS - 1, -1, -1.0), rtol=1e-9)
    assert found[-1] > 0


@pytest.mark.parametrize("target", [0.7, 1.0, 1.2])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_any_matrix_hands_back_its_spectral_radius_in_the_long_run(target, seed):
    trainer = trainer_of({"kind": "rnn"}, seed=seed)
    state = trainer.network.state()
    w = state["r.weight_hh_l0"]
    state["r.weight_hh_l0"] = w * (target / np.abs(np.linalg.eigvals(w)).max())
    trainer.network.load_parameters(state)
    found = norms(trainer)
    rate = (found[0] / found[30]) ** (1 / 30)  # over the steps that lie furthest back
    assert rate == pytest.approx(target, rel=0.05)


def test_a_saturated_tanh_lets_less_through_than_its_matrix():
    """The control: the same matrix, where states are large."""
    layer = {"kind": "rnn", "recurrent_init": "orthogonal", "recurrent_gain": 1.0}
    assert norms(trainer_of(layer, scale=5.0))[0] < 1e-3 * norms(trainer_of(layer))[0]


def cell_gradient(bias):
    """‖∂L/∂x_t‖ of an LSTM in which nothing but the cell goes from step to step: U is 0, and W but for g."""
    trainer = trainer_of({"kind": "lstm", "forget_bias": bias}, scale=0.0)
    state = trainer.network.state()
    state["r.weight_hh_l0"][:] = 0
    state["r.weight_ih_l0"][24:36] = 1e-9 * np.random.default_rng(0).standard_normal((12, 3))
    trainer.network.load_parameters(state)
    x, y = trainer.data.x, trainer.data.y
    return np.sqrt((trainer.network.input_gradient(x, y).reshape(-1, STEPS, 3) ** 2).sum(axis=(0, 2)))


@pytest.mark.parametrize("bias", [-1.0, 0.0, 1.0, 3.0])
def test_an_lstm_s_cell_hands_back_its_forget_gate_at_each_step(bias):
    found, forget = cell_gradient(bias), 1 / (1 + np.exp(-bias))
    np.testing.assert_allclose(found, found[-1] * forget ** np.arange(STEPS - 1, -1, -1.0), rtol=1e-9)
    assert found[-1] > 0


def test_a_gru_hands_back_its_update_gate_at_each_step():
    trainer = trainer_of({"kind": "gru"}, scale=0.0)
    state = trainer.network.state()
    state["r.weight_hh_l0"][:] = 0
    state["r.bias_ih_l0"][12:24] = 1.5
    trainer.network.load_parameters(state)
    found, update = norms(trainer), 1 / (1 + np.exp(-1.5))
    np.testing.assert_allclose(found, found[-1] * update ** np.arange(STEPS - 1, -1, -1.0), rtol=1e-9)


def test_at_first_an_lstm_with_an_open_forget_gate_reaches_much_further_back():
    """With plain first weights and inputs of size 1, as in an experiment: an LSTM's depends on the forget bias."""
    back = {}
    for name, layer in {
        "rnn": {"kind": "rnn"},
        "closed": {"kind": "lstm", "forget_bias": 0.0},
        "open": {"kind": "lstm", "forget_bias": 3.0},
    }.items():
        found = norms(trainer_of(layer, scale=1.0))
        back[name] = found[0] / found[-1]
    assert back["open"] > 1e-3
    assert back["closed"] < 1e-6
    assert back["rnn"] < 1e-6

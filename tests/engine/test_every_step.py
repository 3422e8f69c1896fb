"""A loss at every step of a sequence: its value, how it comes back through time, and a task that wants it."""

import numpy as np
import pytest

from engine.gradient_check import check_gradients
from engine.probes.through_time import ThroughTime
from engine.trainer import Trainer
from tests.engine.cases import network, project
from tests.engine.recurrent_formulas import run

SYMBOLS, ITEMS, DELAY = 3, 2, 4
STEPS = 2 * ITEMS + DELAY


def made(kind="lstm", units=5, samples=40, **training):
    """x → recurrent, every step → dense, each step alike → one row of numbers."""
    layers = [
        {"id": "r", "kind": kind, "units": units, "return_sequences": True},
        {"id": "out", "kind": "dense", "units": SYMBOLS},
        {"id": "flat", "kind": "flatten"},
    ]
    data = {"kind": "copy_memory", "symbols": SYMBOLS, "items": ITEMS, "delay": DELAY, "every_step": True}
    return project(layers, "binary_cross_entropy", {**data, "samples": samples}, **training)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_the_loss_is_the_mean_over_steps_and_its_gradient_that_by_differences(kind):
    net, data = network(made(kind)), Trainer(made(kind)).data
    x, y = data.x[:6].astype(float), data.y[:6].reshape(6, STEPS, SYMBOLS)
    p = net.parameters()
    own = {name.partition(".")[2]: a for name, a in p.items() if name.startswith("r.")}
    losses = []
    for row, due in zip(x, y, strict=True):
        z = run(kind, row, own)[0] @ p["out.weight"].T + p["out.bias"]
        losses += [np.logaddexp(0, z[t]) - due[t] * z[t] for t in range(STEPS)]
    loss, _ = net.loss_and_gradients(x, y.reshape(6, -1))
    assert loss == pytest.approx(np.mean(losses), rel=1e-12)
    assert check_gradients(net, x, y.reshape(6, -1)).ok


def test_gradient_comes_in_at_every_step():
    """At the last step of a state nothing comes from behind: what is there is its own loss's."""
    trainer = Trainer(made(), dtype="float64")
    net, (sweep,) = trainer.network, ThroughTime().measure(trainer).sweeps
    assert (np.asarray(sweep.gradient) > 0).all()
    rows = len(trainer.data.x)
    z = net.predict(trainer.data.x).reshape(rows, STEPS, SYMBOLS)[:, -1]
    off = (1 / (1 + np.exp(-z)) - trainer.data.y.reshape(rows, STEPS, SYMBOLS)[:, -1]) / (rows * STEPS * SYMBOLS)
    expected = np.linalg.norm(off @ net.parameters()["out.weight"])
    assert sweep.gradient[-1] == pytest.approx(expected, rel=1e-9)


def test_an_lstm_tells_them_one_by_one():
    """Least loss without memory: when the cue comes each symbol is as likely, and before it nothing is due."""
    trainer = Trainer(made("lstm", 24, 400, optimizer={"kind": "adam", "lr": 0.02}))
    share = ITEMS / STEPS
    blind = share * -(np.log(1 / SYMBOLS) + (SYMBOLS - 1) * np.log(1 - 1 / SYMBOLS)) / SYMBOLS
    trainer.run(30 * trainer.steps_per_epoch)
    _, held = trainer.evaluate()
    assert held.loss < 0.3 * blind
    plain, _ = Trainer(made("lstm", 24, 400)).evaluate()
    assert plain.loss > blind

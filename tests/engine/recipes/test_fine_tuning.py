"""Digits 0 to 4, then 5 to 9: what the first layers have learnt helps with other classes, frozen too."""

import numpy as np
import pytest

from engine.data.digits import Digits
from engine.project import project_from
from engine.trainer import Trainer
from tests.engine.cases import project_json

EPOCHS = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The shipped digits in two halves, low.npz and high.npz."""
    made = tmp_path_factory.mktemp("digits")
    data = Digits(validation=0.0).load(made)
    for name, first in (("low", 0), ("high", 5)):
        mine = (data.y >= first) & (data.y < first + 5)
        order = np.random.default_rng(0).permutation(int(mine.sum()))
        x, y = data.x[mine][order] / 16, data.y[mine][order] - first
        np.savez(made / f"{name}.npz", x=x[:600], y=y[:600], x_val=x[600:], y_val=y[600:])
    return made


def network(folder, data, seed, frozen=()):
    """A deep sigmoid net, which takes its time to begin to learn from random weights."""
    layers = []
    for number, units in enumerate((64, 32, 32), 1):
        layers.append({"id": f"h{number}", "kind": "dense", "units": units, "trainable": f"h{number}" not in frozen})
        layers.append({"id": f"a{number}", "kind": "sigmoid"})
    data = {"kind": "npz", "path": f"{data}.npz"}
    optimizer = {"kind": "sgd", "lr": 0.1, "momentum": 0.9}
    json = project_json(
        [*layers, {"id": "out", "kind": "dense", "units": 5}], "cross_entropy", data, optimizer=optimizer, batch_size=16
    )
    return Trainer(project_from(json, folder), seed=seed)


def validation_after(trainer, epochs):
    trainer.run(epochs * trainer.steps_per_epoch)
    return trainer.evaluate()[1]


@pytest.mark.parametrize("seed", [0, 1])
def test_first_layers_of_another_task_are_a_start(folder, seed):
    before = network(folder, "low", seed)
    assert validation_after(before, 30).accuracy > 0.9
    # Without the head, as if the classes were of another number.
    learnt = {name: array for name, array in before.network.state().items() if not name.startswith("out")}
    scratch, tuned, frozen = (network(folder, "high", seed + 1, fixed) for fixed in ((), (), ("h1",)))
    for trainer in (tuned, frozen):
        assert set(trainer.network.load_fitting(learnt)) == set(learnt)
    scores = [validation_after(trainer, EPOCHS) for trainer in (scratch, tuned, frozen)]
    assert scores[0].accuracy < 0.3  # the control has not begun
    assert scores[1].accuracy > 0.7
    assert scores[2].accuracy > scores[0].accuracy + 0.15
    assert scores[2].loss < scores[0].loss - 0.3
    for name, array in frozen.network.parameters().items():
        stays = name.startswith("h1")
        assert (array.tobytes() == learnt.get(name, np.zeros(0)).tobytes()) == stays, name
    record = frozen.step(layers=True).layers
    assert record["h1"]["update_ratio"] == 0
    assert record["h1"]["grad_norm"] > 0
    assert min(record[node]["update_ratio"] for node in ("h2", "h3", "out")) > 0


def test_a_frozen_layer_that_has_learnt_nothing_is_no_help(folder):
    """The control of freezing: the same layer at its random weights."""
    assert validation_after(network(folder, "high", 1, ("h1",)), EPOCHS).accuracy < 0.3

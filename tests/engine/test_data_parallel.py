"""Data-parallel training: the averaged gradients of a batch's shards are the big batch's."""

import numpy as np
import pytest

from engine.trainer import Trainer
from tests.engine.cases import network
from tests.engine.loss_cases import LOSS_CASES, examples, loss_project
from tests.engine.test_trainer import LAYERS, made

SHARDS = {"even": (4, 4, 4), "uneven": (1, 2, 9), "one by one": (1,) * 12}
NORMED = [LAYERS[0], {"id": "n1", "kind": "batch_norm"}, *LAYERS[1:]]
PER_EXAMPLE = [LAYERS[0], {"id": "n1", "kind": "layer_norm"}, *LAYERS[1:]]


def sharded(net, x, y, sizes):
    """Loss and gradients as workers with a shard each would send them, weighted by their numbers of examples."""
    ends = np.cumsum(sizes)
    shards = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    parts = [net.loss_and_gradients(x[shard], y[shard]) for shard in shards]
    loss = np.average([loss for loss, _ in parts], weights=sizes)
    return loss, {name: np.average([g[name] for _, g in parts], axis=0, weights=sizes) for name in parts[0][1]}


# With class weights an example counts by its weight, not as one.
@pytest.mark.parametrize("shards", SHARDS)
@pytest.mark.parametrize("case", [c for c in LOSS_CASES if "weight" not in c.name], ids=lambda case: case.name)
def test_averaged_shards_are_the_batch(case, shards):
    net, (x, y) = network(loss_project(case)), examples(case, 12)
    loss, gradients = net.loss_and_gradients(x, y)
    mean, found = sharded(net, x, y, SHARDS[shards])
    np.testing.assert_allclose(mean, loss, rtol=1e-12)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(found[name], gradient, rtol=1e-9, atol=1e-13)
    if shards == "uneven":  # the control: a plain mean is another gradient
        plain = sharded(net, x, y, (1, 2, 9))[0]
        each = [net.loss_and_gradients(x[a:b], y[a:b])[0] for a, b in ((0, 1), (1, 3), (3, 12))]
        assert abs(np.mean(each) - plain) > 1e-6


@pytest.mark.parametrize("layers", [LAYERS, PER_EXAMPLE], ids=["plain", "layer norm"])
def test_a_step_on_averaged_gradients_is_the_big_batch_s_step(layers):
    trainer = Trainer(made("sgd", layers=layers, batch_size="all"), dtype="float64")
    before, data = trainer.network.parameters(), trainer.data
    x, y = np.asarray(data.x), data.y
    _, gradients = sharded(trainer.network, x, y, (14,) * 4)
    trainer.step()
    for name, array in trainer.network.parameters().items():
        np.testing.assert_allclose(array, before[name] - 0.1 * gradients[name], rtol=1e-9, atol=1e-13)


def test_a_batch_norm_sees_its_own_shard_and_so_it_is_not():
    """The exception, and the control of all above: statistics of shards are not those of the batch."""
    net = Trainer(made(layers=NORMED), dtype="float64").network
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((12, 4)), rng.integers(0, 3, 12)
    _, gradients = net.loss_and_gradients(x, y)
    _, found = sharded(net, x, y, (4, 4, 4))
    assert not np.allclose(found["h1.weight"], gradients["h1.weight"], rtol=1e-2)

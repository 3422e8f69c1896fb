"""Layers that train in one way and predict in another: batch norm, dropout; and the constant, which has no input."""

import numpy as np
import pytest
from onnxruntime import InferenceSession

import engine
from engine.backend import Backend
from engine.export.onnx import onnx_bytes
from engine.export.torch import torch_source
from engine.gradient_check import check_gradients, check_project
from engine.project import project_from
from engine.weights import load_weights, save_weights
from tests.engine.cases import CLOSE, network, normed, project
from tests.engine.export.nets import act, dense, graph_project
from tests.strict_array import strict

DATA = {"kind": "noise", "shape": [4], "targets": 3, "samples": 40}


def behind_dense(declared, **training):
    """x(4) - pre(4) - node - out(3)."""
    layers = [dense("pre", 4), {"id": "node", **declared}, dense("out", 3)]
    return project(layers, data=DATA, **training)


def numbers(count=7, seed=5):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, 4)) + 0.7, rng.standard_normal((count, 3))


NORM = {"kind": "batch_norm"}
DROP = {"kind": "dropout", "rate": 0.3}


def affine(own, name, x):
    return x @ own[f"{name}.weight"].T + own[f"{name}.bias"]


# Batch norm


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_batch_norm_trains_on_the_batch_and_predicts_by_the_running_averages(dtype):
    net, (x, y) = network(behind_dense({**NORM, "momentum": 0.3, "eps": 0.01}), dtype), numbers()
    own = net.parameters()
    node = {"weight": own["node.weight"], "bias": own["node.bias"]}
    a = affine(own, "pre", x)
    loss, _ = net.loss_and_gradients(x, y)
    expected = ((affine(own, "out", normed(a, 0, node, 0.01)) - y) ** 2).mean()
    np.testing.assert_allclose(loss, expected, **CLOSE[dtype])
    # Nobody has trained yet: the averages are 0 and 1.
    inferred = affine(own, "out", a / np.sqrt(1.01) * node["weight"] + node["bias"])
    np.testing.assert_allclose(net.predict(x), inferred, **CLOSE[dtype])


def test_batch_norm_gradients_by_differences():
    for count in (2, 7, 33):
        report = check_gradients(network(behind_dense(NORM)), *numbers(count))
        assert report.ok, [str(tensor) for tensor in report.tensors]


def test_running_averages_are_those_of_the_batches_seen():
    made = behind_dense({**NORM, "momentum": 0.25}, batch_size=8, shuffle=False)
    trainer = engine.Trainer(made, dtype="float64")
    mean, variance = np.zeros(4), np.ones(4)
    for step in range(5):
        own = trainer.network.parameters()
        at = trainer.position
        a = affine(own, "pre", trainer.data.x[at : at + 8])
        trainer.step(layers=step % 2 == 0)
        mean = 0.75 * mean + 0.25 * a.mean(0)
        if len(a) > 1:
            variance = 0.75 * variance + 0.25 * a.var(0, ddof=1)
    state = trainer.network.state()
    np.testing.assert_allclose(state["node.running_mean"], mean, rtol=1e-12)
    np.testing.assert_allclose(state["node.running_var"], variance, rtol=1e-12)
    assert state["node.num_batches_tracked"] == 5
    assert state["node.num_batches_tracked"].dtype == np.int64


def test_a_batch_of_one_comes_out_as_the_bias_and_teaches_the_mean_alone():
    trainer = engine.Trainer(behind_dense(NORM, batch_size=1, shuffle=False), dtype="float64")
    trainer.step()
    state = trainer.network.state()
    assert (state["node.running_mean"] != 0).all()
    np.testing.assert_array_equal(state["node.running_var"], np.ones(4))
    x, y = numbers(1)
    own = trainer.network.parameters()
    loss, gradients = trainer.network.loss_and_gradients(x, y)
    np.testing.assert_allclose(loss, ((affine(own, "out", own["node.bias"][None]) - y) ** 2).mean(), rtol=1e-12)
    np.testing.assert_array_equal(gradients["pre.weight"], np.zeros((4, 4)))


def test_looking_at_gradients_and_scores_leaves_the_averages_alone():
    trainer = engine.Trainer(behind_dense(NORM), dtype="float64")
    trainer.run(3)
    before = trainer.network.state()
    trainer.network.loss_and_gradients(*numbers())
    check_gradients(trainer.network, *numbers())
    trainer.evaluate()
    trainer.network.predict(numbers()[0])
    after = trainer.network.state()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_buffers_are_no_parameters_and_no_gradient_is_asked_of_them():
    net = network(behind_dense(NORM))
    names = {"pre.weight", "pre.bias", "node.weight", "node.bias", "out.weight", "out.bias"}
    buffers = {"node.running_mean", "node.running_var", "node.num_batches_tracked"}
    assert set(net.parameters()) == names == set(net.loss_and_gradients(*numbers())[1])
    assert set(net.state()) == names | buffers


def test_weights_are_not_pulled_at_in_a_norm():
    pulled = behind_dense({"kind": "layer_norm"}, optimizer={"kind": "sgd", "lr": 0.5}, regularization={"l2": 1.0})
    plain = behind_dense({"kind": "layer_norm"}, optimizer={"kind": "sgd", "lr": 0.5})
    mine, theirs = (engine.Trainer(made, dtype="float64") for made in (pulled, plain))
    before = mine.network.parameters()
    mine.step(), theirs.step()
    difference = {name: mine.network.parameters()[name] - a for name, a in theirs.network.parameters().items()}
    np.testing.assert_allclose(difference["out.weight"], -0.5 * before["out.weight"], rtol=1e-9)
    np.testing.assert_array_equal(difference["node.weight"], np.zeros(4))


def test_a_state_goes_through_a_file_and_back(tmp_path):
    trainer = engine.Trainer(behind_dense(NORM), dtype="float64")
    trainer.run(7)
    save_weights(tmp_path / "w.safetensors", trainer.network.state())
    other = network(behind_dense(NORM))
    x, _ = numbers()
    assert not np.allclose(other.predict(x), trainer.network.predict(x))
    other.load_parameters(load_weights(tmp_path / "w.safetensors"))
    np.testing.assert_array_equal(other.predict(x), trainer.network.predict(x))
    assert other.state()["node.num_batches_tracked"] == 7
    # Parameters alone are taken too; a buffer of another shape is not.
    other.load_parameters(trainer.network.parameters())
    with pytest.raises(ValueError, match=r"node\.running_var: expected shape \(4,\)"):
        other.load_parameters({**trainer.network.state(), "node.running_var": np.ones(3)})


def test_restoring_brings_the_averages_back():
    trainer = engine.Trainer(behind_dense(NORM))
    trainer.run(3)
    state = trainer.snapshot()
    after = trainer.run(4).loss, {k: v.tobytes() for k, v in trainer.network.state().items()}
    other = engine.Trainer(behind_dense(NORM))
    other.restore(state)
    assert (other.run(4).loss, {k: v.tobytes() for k, v in other.network.state().items()}) == after
    trainer.reset()
    assert trainer.network.state()["node.num_batches_tracked"] == 0


# Dropout


def masks(trainer):
    """What the last update's mask was."""
    (plan, _, _) = trainer._plans[trainer.batch_size]
    with np.errstate(all="ignore"):
        return plan.vars["node"].value / plan.vars["pre"].value


def test_dropout_leaves_out_the_share_that_it_says_and_scales_the_rest():
    made = behind_dense({"kind": "dropout", "rate": 0.3}, batch_size="all")
    trainer = engine.Trainer(made, dtype="float64")
    drawn = []
    for _ in range(300):
        trainer.step()
        drawn.append(masks(trainer).copy())
    drawn = np.array(drawn)
    kept = drawn > 0.5
    np.testing.assert_allclose(drawn[kept], 1 / 0.7, rtol=1e-12)
    np.testing.assert_array_equal(drawn[~kept], 0)
    n = kept.size
    assert abs(kept.mean() - 0.7) < 4 * np.sqrt(0.3 * 0.7 / n)
    # Steps, units and examples are independent: neighbours agree as often as chance has it.
    chance = 0.7**2 + 0.3**2
    for axis in range(3):
        pairs = np.moveaxis(kept, axis, 0)
        same = (pairs[1:] == pairs[:-1]).mean()
        assert abs(same - chance) < 5 * np.sqrt(chance * (1 - chance) / (n / 2)), axis


def test_a_step_done_again_draws_the_same_mask_and_another_node_or_seed_another():
    made = behind_dense(DROP, batch_size="all")
    trainer, other = engine.Trainer(made), engine.Trainer(made, seed=1)
    trainer.run(3)
    state = trainer.snapshot()
    trainer.step()
    first = masks(trainer).copy()
    trainer.step()
    assert not np.array_equal(masks(trainer), first)
    trainer.restore(state)
    trainer.step()
    np.testing.assert_array_equal(masks(trainer), first)
    other.run(4)
    assert not np.array_equal(masks(other) > 0, first > 0)
    two = project(
        [dense("pre", 4), {"id": "node", **DROP}, {"id": "again", **DROP}, dense("out", 3)], data=DATA, batch_size="all"
    )
    both = engine.Trainer(two)
    both.step()
    plan = both._plans[both.batch_size][0]
    with np.errstate(all="ignore"):
        second = plan.vars["again"].value / plan.vars["node"].value
    here = plan.vars["node"].value != 0
    assert (second[here] == 0).any()
    assert (second[here] != 0).any()


def test_dropout_is_away_in_prediction_and_its_gradient_is_that_of_a_fixed_mask():
    net, (x, y) = network(behind_dense(DROP)), numbers(20)
    own = net.parameters()
    np.testing.assert_allclose(net.predict(x), affine(own, "out", affine(own, "pre", x)), rtol=1e-12)
    loss, gradients = net.loss_and_gradients(x, y)
    again, same = net.loss_and_gradients(x, y)
    assert loss == again
    assert all(np.array_equal(gradients[name], same[name]) for name in gradients)
    assert loss != ((net.predict(x) - y) ** 2).mean()
    assert check_gradients(net, x, y).ok


def test_a_rate_of_nothing_changes_nothing():
    plain = project([dense("pre", 4), dense("out", 3)], data=DATA)
    without, nothing = engine.Trainer(plain), engine.Trainer(behind_dense({"kind": "dropout", "rate": 0.0}))
    assert [without.step().loss for _ in range(20)] == [nothing.step().loss for _ in range(20)]
    some = engine.Trainer(behind_dense(DROP))
    assert without.run(1).loss != some.run(21).loss


# A constant


def flow(trainable):
    """(x + 3) ∘ c: a constant that is added, and one that is trained or not."""
    nodes = [act("x", "input"), {"id": "three", "kind": "constant", "value": 3.0, "units": 2}]
    nodes += [{"id": "c", "kind": "constant", "value": 0.5, "units": 1, "trainable": trainable}]
    nodes += [act("sum", "add"), act("cat", "concat"), dense("out", 1, init="ones", bias=False, trainable=False)]
    edges = [["three", "sum"], ["x", "sum"], ["sum", "cat"], ["c", "cat"], ["cat", "out"]]
    data = {"kind": "noise", "shape": [2], "targets": 1, "samples": 30, "validation": 0.0}
    return graph_project(nodes, edges, "mse", data, training={"batch_size": "all"})


def test_a_constant_is_there_in_every_example_and_learns_where_it_may():
    x, y = np.array([[1.0, 2.0], [-4.0, 0.5]]), np.array([[0.0], [1.0]])
    net = engine.Trainer(flow(True), dtype="float64").network
    z = x.sum(axis=1, keepdims=True) + 6.5
    np.testing.assert_allclose(net.predict(x), z, rtol=1e-12)
    loss, gradients = net.loss_and_gradients(x, y)
    assert loss == pytest.approx(((z - y) ** 2).mean())
    np.testing.assert_allclose(gradients["c.weight"], [2 * (z - y).mean()], rtol=1e-12)
    assert check_gradients(net, x, y).ok
    moving, still = engine.Trainer(flow(True)), engine.Trainer(flow(False))
    moving.run(5), still.run(5)
    assert moving.network.state()["c.weight"] != 0.5
    assert still.network.state()["c.weight"] == 0.5


# Everywhere else

EVERY = {
    "batch norm": behind_dense(NORM),
    "layer norm": behind_dense({"kind": "layer_norm"}),
    "dropout": behind_dense(DROP),
    "prelu": behind_dense({"kind": "prelu", "per_feature": True}),
    "maxout": behind_dense({"kind": "maxout", "units": 5}),
    "constant": flow(True),
}
each = pytest.mark.parametrize("name", EVERY)


@each
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_bits_on_a_device(name, dtype):
    there = engine.Trainer(EVERY[name], backend=Backend(strict, "strict", dtype))
    here = engine.Trainer(EVERY[name], dtype=dtype)
    for _ in range(4):
        assert there.update() == here.update()
    assert there.step(layers=True) == here.step(layers=True)
    mine, theirs = there.network.state(), here.network.state()
    assert {key: a.tobytes() for key, a in mine.items()} == {key: a.tobytes() for key, a in theirs.items()}
    assert there.evaluate() == here.evaluate()


@each
def test_the_exported_model_and_module_say_what_the_network_does(name):
    trainer = engine.Trainer(EVERY[name])
    trainer.run(20)
    shape = trainer.network.input_shape
    x = np.random.default_rng(3).standard_normal((9, *shape)).astype(np.float32)
    expected = trainer.network.predict(x)
    (y,) = InferenceSession(onnx_bytes(trainer.network, "Net"), providers=["CPUExecutionProvider"]).run(["y"], {"x": x})
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)
    source = torch_source(EVERY[name])
    names: dict[str, object] = {"__name__": "exported"}
    code = compile(source, "exported.py", "exec")
    torch = pytest.importorskip("torch")
    exec(code, names)
    module = [value for value in names.values() if isinstance(value, type) and issubclass(value, torch.nn.Module)][-1]()
    module.load_state_dict({key: torch.from_numpy(a) for key, a in trainer.network.state().items()}, strict=True)
    module.eval()
    np.testing.assert_allclose(module(torch.from_numpy(x)).detach().numpy(), expected, rtol=1e-5, atol=1e-5)


@each
def test_the_file_has_it_all_and_the_check_passes(name):
    made = EVERY[name]
    assert project_from(made.to_json(), made.folder) == made
    assert check_project(made).ok


def test_training_with_batch_norm_follows_pytorch():
    # Without PyTorch the closed forms above hold.
    torch = pytest.importorskip("torch")
    made = behind_dense(NORM, batch_size="all", shuffle=False, optimizer={"kind": "sgd", "lr": 0.1})
    trainer = engine.Trainer(made, dtype="float64")
    names: dict[str, object] = {"__name__": "exported"}
    exec(compile(torch_source(made), "exported.py", "exec"), names)
    module = [value for value in names.values() if isinstance(value, type) and issubclass(value, torch.nn.Module)][-1]()
    module.double().load_state_dict({k: torch.from_numpy(a) for k, a in trainer.network.state().items()}, strict=True)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    x, y = torch.from_numpy(trainer.data.x), torch.from_numpy(trainer.data.y)
    for _ in range(20):
        optimizer.zero_grad()
        loss = torch.nn.MSELoss()(module(x), y)
        loss.backward()
        optimizer.step()
        assert trainer.update() == pytest.approx(loss.item(), rel=1e-9)
    for key, value in module.state_dict().items():
        np.testing.assert_allclose(trainer.network.state()[key], value.numpy(), rtol=1e-9, atol=1e-12)

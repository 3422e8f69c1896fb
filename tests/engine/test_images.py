"""Layers of images beyond the table of cases: any geometry, batch norm by map, ties, first weights, runs."""

from math import prod

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.backend import Backend
from engine.catalogue import LAYERS
from engine.export.torch import torch_source
from engine.gradient_check import check_gradients
from engine.spec import build
from engine.trainer import Trainer
from tests.engine.cases import CLOSE, network, project
from tests.engine.export.nets import network_class, pictures
from tests.engine.image_formulas import convolved, greatest, mean
from tests.strict_array import strict

NORM = {"id": "n", "kind": "batch_norm", "momentum": 0.3, "eps": 0.01}


def made(*layers, shape=(2, 5, 4), outputs=2, samples=30, **training):
    """x (C, H, W) - layers - flatten - dense."""
    ends = [{"id": "f", "kind": "flatten"}, {"id": "out", "kind": "dense", "units": outputs}]
    data = {"kind": "noise", "shape": list(shape), "targets": outputs, "samples": samples, "validation": 0.2}
    return project([*layers, *ends], data=data, **training)


def alone(layer, shape):
    """What comes out of the layer, behind a map by map identity that has parameters."""
    same = {"id": "same", "kind": "subsampling", "kernel_size": 1}
    layers = [same, {"id": "node", **layer}, {"id": "f", "kind": "flatten"}]
    out = build(LAYERS, layer, "node").output_shape(shape)
    data = {"kind": "noise", "shape": list(shape), "targets": prod(out), "samples": 8}
    return project(layers, data=data)


# Any geometry

SIZES = st.integers(1, 7)
GEOMETRY = {
    "channels": st.integers(1, 4),
    "sides": st.tuples(SIZES, SIZES),
    "kernel": st.tuples(st.integers(1, 4), st.integers(1, 4)),
    "stride": st.tuples(st.integers(1, 3), st.integers(1, 3)),
    "padding": st.one_of(st.just("same"), st.tuples(st.integers(0, 3), st.integers(0, 3))),
    "dilation": st.tuples(st.integers(1, 3), st.integers(1, 3)),
    "grouped": st.booleans(),
    "bias": st.booleans(),
    "count": st.integers(1, 4),
}


def fits(sides, kernel, padding, dilation=(1, 1)):
    spans = [(side - 1) * step + 1 for side, step in zip(kernel, dilation, strict=True)]
    ends = [span - 1 for span in spans] if padding == "same" else [2 * end for end in padding]
    return all(side + end >= span for side, end, span in zip(sides, ends, spans, strict=True))


@settings(max_examples=150)
@given(**GEOMETRY)
def test_convolution_of_any_geometry(channels, sides, kernel, stride, padding, dilation, grouped, bias, count):
    """Against loops, gradients against differences, and the same bits on a device that checks every view."""
    stride = (1, 1) if padding == "same" else stride
    assume(fits(sides, kernel, padding, dilation))
    groups = channels if grouped else 1
    where = {"stride": list(stride), "padding": padding if padding == "same" else list(padding), "groups": groups}
    where["dilation"] = list(dilation)
    layer = {"kind": "conv2d", "filters": 2 * groups, "kernel_size": list(kernel), "bias": bias, **where}
    project_ = alone(layer, (channels, *sides))
    net, rng = network(project_), np.random.default_rng(1)
    net.load_parameters({**net.parameters(), "same.weight": np.ones(channels), "same.bias": np.zeros(channels)})
    x = rng.standard_normal((count, channels, *sides))
    own = {name.partition(".")[2]: p for name, p in net.parameters().items() if name.startswith("node.")}
    expected = np.array([convolved(image, own, **where).ravel() for image in x])
    np.testing.assert_allclose(net.predict(x), expected, **CLOSE["float64"])
    y = rng.standard_normal(expected.shape)
    report = check_gradients(net, x, y)
    assert report.ok, [str(tensor) for tensor in report.tensors]
    there, here = Trainer(project_, backend=Backend(strict, "strict", "float32")), Trainer(project_)
    assert [there.update() for _ in range(2)] == [here.update() for _ in range(2)]


@settings(max_examples=150)
@given(
    whole=st.booleans(),
    padded=st.booleans(),
    over=st.booleans(),
    **{name: GEOMETRY[name] for name in ("channels", "sides", "kernel", "stride", "count")},
)
@pytest.mark.parametrize("kind", ["max_pool2d", "avg_pool2d"])
def test_pooling_of_any_geometry(kind, channels, sides, kernel, stride, count, whole, padded, over):
    padding = [side // 2 if padded else 0 for side in kernel]
    assume(fits(sides, kernel, padding))
    said = {"kernel_size": list(kernel), "stride": list(stride), "padding": padding, "ceil_mode": over}
    said |= {"count_include_pad": whole} if kind == "avg_pool2d" else {}
    project_ = alone({"kind": kind, **said}, (channels, *sides))
    net, rng = network(project_), np.random.default_rng(1)
    net.load_parameters({**net.parameters(), "same.weight": np.ones(channels), "same.bias": np.zeros(channels)})
    x = rng.standard_normal((count, channels, *sides))
    formula = {"max_pool2d": greatest, "avg_pool2d": mean}[kind]
    expected = np.array([formula(image, **said).ravel() for image in x])
    np.testing.assert_allclose(net.predict(x), expected, **CLOSE["float64"])
    report = check_gradients(net, x, rng.standard_normal(expected.shape))
    assert report.ok, [str(tensor) for tensor in report.tensors]
    there, here = Trainer(project_, backend=Backend(strict, "strict", "float32")), Trainer(project_)
    assert [there.update() for _ in range(2)] == [here.update() for _ in range(2)]


def test_of_equal_numbers_the_first_has_the_gradient():
    """Row by row, also where windows overlap; each window's δ is 1, 2, 4, 8."""
    for stride, expected in ((2, [[1, 0, 2, 0], [0, 0, 0, 0], [4, 0, 8, 0], [0, 0, 0, 0]]), (1, None)):
        project_ = alone({"kind": "max_pool2d", "kernel_size": 2, "stride": stride}, (1, 4, 4))
        net, x = network(project_), np.zeros((1, 1, 4, 4))
        delta = 2.0 ** np.arange(4 if stride == 2 else 9)
        net.load_parameters({"same.weight": np.ones(1), "same.bias": np.zeros(1)})
        y = net.predict(x) - delta * delta.size / 2
        found = net.input_gradient(x, y).reshape(4, 4)
        if expected is None:
            expected = np.zeros((4, 4))
            expected[:3, :3] = delta.reshape(3, 3)
        np.testing.assert_array_equal(found, expected)


def test_what_is_no_number_stays_none():
    x = np.zeros((2, 1, 4, 4))
    x[0, 0, 1, 2] = np.nan
    kinds = [{"kind": "conv2d", "kernel_size": 4}, {"kind": "max_pool2d"}, {"kind": "avg_pool2d"}]
    kinds += [{"kind": "instance_norm"}, {"kind": "group_norm"}, {"kind": "global_avg_pool2d"}, {"kind": "subsampling"}]
    for layer in kinds:
        y = network(alone(layer, (1, 4, 4))).predict(x)
        assert np.isnan(y[0]).any(), layer
        assert np.isfinite(y[1]).all(), layer


# Batch norm by map


def by_map(x, p, mean_, variance, eps=0.01):
    out = np.empty_like(x)
    for c in range(x.shape[1]):
        out[:, c] = p["n.weight"][c] * (x[:, c] - mean_[c]) / np.sqrt(variance[c] + eps) + p["n.bias"][c]
    return out


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(3, 5, 4), (1, 2, 3), (4, 1, 5), (2, 3, 1)], ids=str)
def test_batch_norm_by_map(shape, dtype):
    net = network(made(NORM, shape=shape), dtype)
    rng, p = np.random.default_rng(3), net.parameters()
    x, y = 2 + 3 * rng.standard_normal((6, *shape)), rng.standard_normal((6, 2))
    maps = [x[:, c] for c in range(shape[0])]
    h = by_map(x, p, [m.mean() for m in maps], [m.var() for m in maps])
    loss, _ = net.loss_and_gradients(x, y)
    expected = ((h.reshape(6, -1) @ p["out.weight"].T + p["out.bias"] - y) ** 2).mean()
    np.testing.assert_allclose(loss, expected, **CLOSE[dtype])
    inferred = by_map(x, p, np.zeros(shape[0]), np.ones(shape[0])).reshape(6, -1)
    close = {"rtol": 1e-4, "atol": 1e-5} if dtype == "float32" else CLOSE[dtype]
    np.testing.assert_allclose(net.predict(x), inferred @ p["out.weight"].T + p["out.bias"], **close)
    if dtype == "float64":
        for count in (1, 6):
            report = check_gradients(net, x[:count], y[:count])
            assert report.ok, [str(tensor) for tensor in report.tensors]


@pytest.mark.parametrize("shape", [(3, 5, 4), (2, 1, 1), (1, 1, 2)], ids=str)
@pytest.mark.parametrize("batch", [1, 7])
def test_running_averages_take_the_unbiased_variance_of_a_map(batch, shape):
    trainer = Trainer(made(NORM, shape=shape, batch_size=batch, shuffle=False), dtype="float64")
    mean_, variance = np.zeros(shape[0]), np.ones(shape[0])
    for _ in range(4):
        at = trainer.position
        x = trainer.data.x[at : at + batch].transpose(1, 0, 2, 3).reshape(shape[0], -1)
        trainer.step()
        mean_ = 0.7 * mean_ + 0.3 * x.mean(axis=1)
        if x.shape[1] > 1:
            variance = 0.7 * variance + 0.3 * x.var(axis=1, ddof=1)
    state = trainer.network.state()
    np.testing.assert_allclose(state["n.running_mean"], mean_, rtol=1e-12)
    np.testing.assert_allclose(state["n.running_var"], variance, rtol=1e-12)
    assert state["n.num_batches_tracked"] == 4


# First weights, penalties, runs


def test_fans_are_those_of_the_kernel():
    """PyTorch's: what a filter sees times the area; of connections the mean of how many maps are seen."""
    conv = {"id": "c", "kind": "conv2d", "filters": 64, "kernel_size": [3, 5], "init": "he_normal"}
    for more, fan_in in (({}, 16 * 15), ({"groups": 4}, 4 * 15)):
        w = Trainer(made({**conv, **more}, shape=(16, 6, 6))).network.state()["c.weight"]
        assert w.shape == (64, fan_in // 15, 3, 5)
        assert w.std() == pytest.approx(np.sqrt(2 / fan_in), rel=0.05)
    table = [[n % 16, (n + 1) % 16] for n in range(64)]
    w = Trainer(made({**conv, "connections": table}, shape=(16, 6, 6))).network.state()["c.weight"]
    for row, maps in zip(w, table, strict=True):
        assert not np.delete(row, maps, axis=0).any()
    assert w[w != 0].size == 64 * 2 * 15
    assert w[w != 0].std() == pytest.approx(np.sqrt(2 / 30), rel=0.06)


@pytest.mark.parametrize("init", ["orthogonal", "glorot_uniform", "he_normal", "sparse"])
@pytest.mark.parametrize("kind", ["conv2d", "conv1d", "connected"])
def test_pytorch_draws_by_the_same_law(kind, init):
    # A law's text cannot be run without it; the laws themselves are tested without.
    torch = pytest.importorskip("torch")
    shape = (40, 20) if kind == "conv1d" else (20, 8, 8)
    layer = {
        "id": "c",
        "kind": "conv1d" if kind == "conv1d" else "conv2d",
        "filters": 60,
        "init": init,
        "bias_init": 0.5,
    }
    layer |= {"connections": [[n % 20, (n + 3) % 20, (n + 7) % 20] for n in range(60)]} if kind == "connected" else {}
    project_ = made(layer, shape=shape)
    names = {"__name__": "net"}
    source = torch_source(project_)
    exec(compile(source, "net.py", "exec"), names)
    module = names[network_class(source).name]()
    torch.manual_seed(0)
    names["initialize"](module)
    theirs, ours = module.state_dict()["c.weight"].numpy(), Trainer(project_).network.state()["c.weight"]
    assert theirs.shape == ours.shape
    assert (theirs != 0).mean() == pytest.approx((ours != 0).mean(), abs=0.01)
    for share in (5, 25, 75, 95):
        room = (0.25 if init == "sparse" else 0.05) * np.abs(ours).max()  # few of those are not 0
        assert abs(np.percentile(ours[ours != 0], share) - np.percentile(theirs[theirs != 0], share)) <= room
    assert (module.state_dict()["c.bias"].numpy() == 0.5).all()


CONV = {"id": "c", "kind": "conv2d", "filters": 3, "connections": [[0], [1], [0, 1]], "padding": 1}
STACK = (
    CONV,
    {"id": "s", "kind": "subsampling"},
    {"id": "g", "kind": "group_norm", "groups": 3},
    {"id": "n", "kind": "batch_norm"},
    {"id": "a", "kind": "tanh"},
    {"id": "d", "kind": "conv2d", "filters": 4, "kernel_size": 2, "groups": 1},
)


def test_penalties_pull_at_kernels_alone():
    """Never at biases, coefficients of subsampling or norms; and the limit is of each filter."""
    settings_ = {"optimizer": {"kind": "sgd", "lr": 0.1}, "batch_size": "all"}
    plain = Trainer(made(*STACK, **settings_), dtype="float64")
    pulled = Trainer(made(*STACK, **settings_, regularization={"l2": 0.5}), dtype="float64")
    start = plain.network.parameters()
    plain.update()
    pulled.update()
    after, less = plain.network.parameters(), pulled.network.parameters()
    for name, w in start.items():
        pull = 0.1 * 0.5 * w if name in ("c.weight", "d.weight", "out.weight") else 0
        np.testing.assert_allclose(less[name], after[name] - pull, rtol=1e-12, atol=1e-14)
    held = Trainer(made(*STACK, **settings_, regularization={"max_norm": 0.3}), dtype="float64")
    held.update()
    for node in "cd":
        w = after[f"{node}.weight"]
        norms = np.linalg.norm(w.reshape(len(w), -1), axis=1).reshape(-1, 1, 1, 1)
        assert (norms > 0.3).any()
        found = held.network.parameters()[f"{node}.weight"]
        np.testing.assert_allclose(found, w * np.minimum(1, 0.3 / norms), rtol=1e-12, atol=1e-15)


def test_weights_that_no_connection_has_stay_nothing():
    training = {"optimizer": {"kind": "adam", "lr": 0.01}, "regularization": {"l2": 0.1}}
    trainer = Trainer(made(*STACK, **training))
    trainer.run(10)
    w = trainer.network.state()["c.weight"]
    assert not w[0, 1].any()
    assert not w[1, 0].any()
    assert w[2].all()


@pytest.mark.parametrize("node", [layer["id"] for layer in STACK if layer["kind"] != "tanh"])
def test_a_frozen_layer_stays_and_the_rest_trains(node):
    layers = [{**layer, "trainable": False} if layer["id"] == node else layer for layer in STACK]
    trainer = Trainer(made(*layers), dtype="float64")
    before = trainer.network.parameters()
    trainer.run(3)
    after = trainer.network.parameters()
    for name, w in before.items():
        same = name.startswith(f"{node}.")
        if name != "c.bias" or same:  # a bias in front of a norm of its map has no slope but rounding
            assert np.array_equal(after[name], w) == same, name


def test_a_snapshot_goes_on_with_the_same_bits():
    project_ = made(*STACK, batch_size=7, optimizer={"kind": "adam", "lr": 0.01})
    first, second = Trainer(project_), Trainer(project_)
    first.run(5)
    state = first.snapshot()
    record = first.run(6)
    second.restore(state)
    assert second.run(6) == record
    mine, theirs = first.network.state(), second.network.state()
    assert {name: a.tobytes() for name, a in mine.items()} == {name: a.tobytes() for name, a in theirs.items()}


@pytest.mark.parametrize("project_", [made(*STACK), pictures()], ids=["stack", "pictures"])
def test_the_same_bits_on_a_device(project_):
    there, here = Trainer(project_, backend=Backend(strict, "strict", "float32")), Trainer(project_)
    for _ in range(3):
        assert there.update() == here.update()
    assert there.step(layers=True) == here.step(layers=True)
    assert there.evaluate() == here.evaluate()
    mine, theirs = there.network.state(), here.network.state()
    assert {name: a.tobytes() for name, a in mine.items()} == {name: a.tobytes() for name, a in theirs.items()}


def test_a_step_makes_no_arrays(monkeypatch):
    trainer = Trainer(made(*STACK))
    trainer.update()
    monkeypatch.setattr(np, "zeros", None)
    monkeypatch.setattr(np, "ones", None)
    trainer.update()


def test_a_single_example_and_a_single_number():
    """A batch of one, one map, one place."""
    layers = [{"id": "c", "kind": "conv2d", "filters": 2, "kernel_size": 1}, {"id": "p", "kind": "max_pool2d"}]
    layers[1]["kernel_size"] = 1
    layers += [{"id": "g", "kind": "global_avg_pool2d"}]
    net = network(
        project(
            [*layers, {"id": "out", "kind": "dense", "units": 2}],
            data={"kind": "noise", "shape": [1, 1, 1], "targets": 2, "samples": 8},
        )
    )
    p, x = net.parameters(), np.array([[[[3.0]]]])
    h = 3 * p["c.weight"].ravel() + p["c.bias"]
    np.testing.assert_allclose(net.predict(x), [p["out.weight"] @ h + p["out.bias"]], rtol=1e-12)
    assert check_gradients(net, x, np.ones((1, 2))).ok


def test_training_follows_pytorch():
    # The vectors and loops hold without it; here ten steps of a whole net, its averages too.
    torch = pytest.importorskip("torch")
    training = {"batch_size": "all", "shuffle": False, "optimizer": {"kind": "sgd", "lr": 0.05}}
    project_ = made(*STACK, **training)
    trainer, source = Trainer(project_, dtype="float64"), torch_source(project_)
    names = {"__name__": "exported"}
    exec(compile(source, "net.py", "exec"), names)
    module = names[network_class(source).name]().double()
    module.load_state_dict({name: torch.from_numpy(a) for name, a in trainer.network.state().items()}, strict=True)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.05)
    x, y = torch.from_numpy(trainer.data.x), torch.from_numpy(trainer.data.y)
    for _ in range(10):
        optimizer.zero_grad()
        loss = torch.nn.MSELoss()(module(x), y)
        loss.backward()
        optimizer.step()
        assert trainer.update() == pytest.approx(loss.item(), rel=1e-9)
    for name, value in module.state_dict().items():
        np.testing.assert_allclose(trainer.network.state()[name], value.numpy(), rtol=1e-8, atol=1e-11, err_msg=name)

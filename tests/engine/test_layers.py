"""Every layer and every loss: shapes, values, gradients, and what must not matter (batching, layout, tails)."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import engine
from engine.catalogue import LAYERS, LOSSES
from engine.gradient_check import check_gradients
from engine.layers.base import Join
from engine.project import project_from
from tests.engine.cases import (
    ACTIVATIONS,
    APART,
    CLOSE,
    DTYPES,
    LAYER_CASES,
    behind_identity,
    network,
    project,
    project_json,
    torch_net,
    walk,
)
from tests.engine.loss_cases import LOSS_CASES, as_rows, examples, loss_project

# That PyTorch is slower so changes nothing.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
each_layer = pytest.mark.parametrize("case", LAYER_CASES, ids=lambda case: case.name)
each_loss = pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
each_dtype = pytest.mark.parametrize("dtype", DTYPES)
# Few and many numbers may go different ways, see FEW in engine/layers/activations.py.
each_count = pytest.mark.parametrize("count", [7, 150])
each_activation = pytest.mark.parametrize("activation", ACTIVATIONS)


def numbers(case, count=7, seed=5):
    return np.random.default_rng(seed).standard_normal((count, case.features))


def on_pre_activations(case, dtype):
    """The net whose first layer hands its input on, so that x are the numbers that the layer gets."""
    net = network(behind_identity(case), dtype)
    own = net.parameters()
    net.load_parameters({**own, "pre.weight": np.eye(case.features), "pre.bias": np.zeros(case.features)})
    return net


def test_every_layer_and_loss_has_a_case():
    joins = {kind for kind in LAYERS if issubclass(LAYERS[kind], Join)}  # in test_joins.py
    assert {case.declared["kind"] for case in LAYER_CASES} | {"input", *APART} | joins == set(LAYERS)
    assert {case.kind for case in LOSS_CASES} == set(LOSSES)


@each_layer
def test_shape_is_inferred(case):
    shapes = behind_identity(case).structure().shapes
    assert shapes["x"] == shapes["pre"] == (case.features,)
    assert shapes["node"] == (case.shape or (case.units,))
    assert shapes.get("flat", (case.units,)) == (case.units,)


@each_layer
def test_json_says_all_of_it(case):
    made = behind_identity(case)
    again = project_from(made.to_json(), made.folder)
    assert again == made
    assert json.loads(json.dumps(again.graph.layer("node").to_json())) == case.declared


@each_dtype
@each_layer
def test_values(case, dtype):
    net, x = network(behind_identity(case), dtype), numbers(case)
    got = net.predict(x)
    assert got.dtype == dtype
    assert got.shape == (7, case.units)
    np.testing.assert_allclose(got, walk(behind_identity(case), net.parameters(), x)["node"], **CLOSE[dtype])


@each_layer
def test_gradients_by_differences(case):
    net = network(behind_identity(case))
    y = np.random.default_rng(2).standard_normal((7, case.units))
    report = check_gradients(net, numbers(case), y)
    assert report.ok, [str(tensor) for tensor in report.tensors]


@each_activation
@each_loss
def test_gradients_of_every_loss_by_differences(case, activation):
    for count in (7, 150):
        report = check_gradients(network(loss_project(case, activation)), *examples(case, count))
        assert report.ok, [str(tensor) for tensor in report.tensors]


@each_dtype
@each_loss
@each_count
def test_value_of_the_loss(case, dtype, count):
    made, (x, y) = loss_project(case), examples(case, count)
    net = network(made, dtype)
    loss, _ = net.loss_and_gradients(x, y)
    expected = case.value(walk(made, net.parameters(), x)["out"], as_rows(case, y))
    np.testing.assert_allclose(loss, expected, **CLOSE[dtype])


@each_dtype
@each_layer
def test_a_batch_is_its_examples_one_by_one(case, dtype):
    net, x = network(behind_identity(case), dtype), numbers(case)
    alone = [net.predict(row[None])[0] for row in x]
    np.testing.assert_allclose(net.predict(x), alone, **CLOSE[dtype])
    np.testing.assert_array_equal(net.predict(x[:0]), np.zeros((0, case.units)))


@each_dtype
@each_loss
@each_count
def test_the_gradient_of_a_batch_is_the_mean_over_its_examples(case, dtype, count):
    net, (x, y) = network(loss_project(case), dtype), examples(case, count)
    loss, gradients = net.loss_and_gradients(x, y)
    alone = [net.loss_and_gradients(x[i : i + 1], y[i : i + 1]) for i in range(len(x))]
    weights = None if case.weigh is None else case.weigh(y)
    np.testing.assert_allclose(loss, np.average([one for one, _ in alone], weights=weights), **CLOSE[dtype])
    for name, gradient in gradients.items():
        mean = np.average([g[name] for _, g in alone], axis=0, weights=weights)
        np.testing.assert_allclose(gradient, mean, **CLOSE[dtype])


@each_layer
def test_input_is_untouched_and_its_layout_does_not_matter(case):
    net, x = network(behind_identity(case)), numbers(case)
    y = np.random.default_rng(2).standard_normal((7, case.units))
    kept, expected, (loss, gradients) = x.copy(), net.predict(x), net.loss_and_gradients(x, y)
    for layout in (np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2], x[::-1].copy()[::-1]):
        layout.flags.writeable = False
        np.testing.assert_array_equal(net.predict(layout), expected)
        again, same = net.loss_and_gradients(layout, y)
        assert again == loss
        assert all(np.array_equal(same[name], gradients[name]) for name in gradients)
    np.testing.assert_array_equal(x, kept)


P = 1 / (1 + np.exp(-1))  # of the larger of two logits that are 1 apart
# What comes out of 1000, -1000, 0, 999, and the slope there (of softmax and its logarithm: of the sum of outputs).
FAR = {
    "relu": ([1000, 0, 0, 999], [1, 0, 0, 1]),
    "leaky_relu": ([1000, -10, 0, 999], [1, 0.01, 0.01, 1]),
    "elu": ([1000, -1, 0, 999], [1, 0, 1, 1]),
    "selu": ([1050.7009874, -1.7580993408, 0, 1049.6502864], [1.0507009874, 0, 1.7580993408, 1.0507009874]),
    "gelu": ([1000, 0, 0, 999], [1, 0, 0.5, 1]),
    "silu": ([1000, 0, 0, 999], [1, 0, 0.5, 1]),
    "softplus": ([1000, 0, np.log(2), 999], [1, 0, 0.5, 1]),
    "softsign": ([1000 / 1001, -1000 / 1001, 0, 0.999], [1 / 1001**2, 1 / 1001**2, 1, 1e-6]),
    "tanh": ([1, -1, 0, 1], [0, 0, 1, 0]),
    "scaled_tanh": ([1.7159, -1.7159, 0, 1.7159], [0, 0, 1.7159 * 2 / 3, 0]),
    "sigmoid": ([1, 0, 0.5, 1], [0, 0, 0.25, 0]),
    "softmax": ([P, 0, 0, 1 - P], [0, 0, 0, 0]),
    "log_softmax": (
        [np.log(P), np.log(P) - 2000, np.log(P) - 1000, np.log(P) - 1],
        [1 - 4 * P, 1, 1, 1 - 4 * (1 - P)],
    ),
}


@each_dtype
@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_far_in_the_tails(kind, dtype):
    case = next(case for case in LAYER_CASES if case.name == kind)
    net = on_pre_activations(case, dtype)
    x = np.array([[1000.0, -1000.0, 0.0, 999.0]])
    expected, slopes = FAR[kind]
    h = net.predict(x)
    np.testing.assert_allclose(h, [expected], rtol=1e-6, atol=1e-300)
    y = h.astype(np.float64) - 2.0  # dL/dh = 2 · 2 / 4 = 1 everywhere
    _, gradients = net.loss_and_gradients(x, y)
    # One example: the gradient of `pre`'s bias is the one that goes back into the layer's input.
    np.testing.assert_allclose(gradients["pre.bias"], slopes, rtol=1e-3 if dtype == "float32" else 1e-9, atol=1e-6)


@each_dtype
@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_what_is_no_number_stays_none(kind, dtype):
    net = on_pre_activations(next(case for case in LAYER_CASES if case.name == kind), dtype)
    assert np.isnan(net.predict(np.full((1, 4), np.nan))).all()


def test_numbers_in_any_shape_are_taken_one_by_one():
    """On images as on their flat rows, and the last index goes fastest."""
    data = {"kind": "noise", "shape": [2, 3, 2], "targets": 2, "samples": 8}
    kinds = ("tanh", "gelu", "square", "leaky_relu")
    layers = [{"id": f"a{number}", "kind": kind} for number, kind in enumerate(kinds)]
    out = {"id": "out", "kind": "dense", "units": 2}
    layers.insert(2, {"id": "turned", "kind": "reshape", "shape": [4, 3]})
    shaped = network(project([*layers, {"id": "flat", "kind": "flatten"}, out], data=data))
    flat = network(project([layers[0], layers[1], *layers[3:], out], data={**data, "shape": [12]}))
    flat.load_parameters(shaped.parameters())
    x = np.random.default_rng(0).standard_normal((5, 2, 3, 2))
    assert shaped.structure.shapes["turned"] == shaped.structure.shapes["a3"] == (4, 3)
    np.testing.assert_array_equal(shaped.predict(x), flat.predict(x.reshape(5, 12)))
    np.testing.assert_allclose(shaped.predict(x), shaped.predict(x.copy(order="F")))


def test_shapes_that_do_not_fit_are_told():
    data = {"kind": "noise", "shape": [1, 8, 8], "targets": 2}
    out = {"id": "out", "kind": "dense", "units": 2}

    def wrong(*layers):
        return [str(problem) for problem in project_from(project_json([*layers], data=data), Path()).problems()]

    flatten = "out: expected a vector of features, got shape 1×8×8; a flatten before it makes one"
    assert wrong({"id": "a", "kind": "gelu"}, out) == [flatten]
    assert wrong({"id": "r", "kind": "reshape", "shape": [3, 21]}, out) == [
        "r: 3×21 holds 63 numbers, the input 1×8×8 has 64"
    ]
    assert wrong({"id": "f", "kind": "flatten"}, out) == []


def test_cross_entropy_of_log_softmax_is_that_of_its_logits():
    """softmax(log softmax(z)) = softmax(z): a drawn log-softmax changes neither the loss nor its gradient."""
    case = next(case for case in LOSS_CASES if case.name == "ce")
    x, y = examples(case, 40)
    plain, drawn = (network(loss_project(replace(case, last=last))) for last in (None, "log_softmax"))
    drawn.load_parameters(plain.parameters())
    (loss, gradients), (same, others) = (net.loss_and_gradients(x, y) for net in (plain, drawn))
    np.testing.assert_allclose(same, loss, **CLOSE["float64"])
    for name, gradient in gradients.items():
        np.testing.assert_allclose(others[name], gradient, **CLOSE["float64"])
    np.testing.assert_allclose(np.exp(drawn.predict(x)).sum(axis=1), 1)


@each_dtype
@pytest.mark.parametrize(
    ("name", "z", "y", "loss", "gradient"),
    [
        ("bce", [1000.0], 1, 0, [0]),
        ("bce", [1000.0], 0, 1000, [1]),
        ("bce", [-1000.0], 0, 0, [0]),
        ("bce", [-1000.0], 1, 1000, [-1]),
        ("bce", [0.0], 1, np.log(2), [-0.5]),
        ("bce", [20.0], 1, np.log1p(np.exp(-20)), [-1 / (1 + np.exp(20))]),
        ("bce_drawn", [-1000.0], 1, 1000, [-1]),
        ("ce", [1000.0, 0.0, -1000.0], 0, 0, [0, 0, 0]),
        ("ce", [1000.0, 0.0, -1000.0], 2, 2000, [1, 0, -1]),
        ("ce", [1000.0, 1000.0, -1000.0], 1, np.log(2), [0.5, -0.5, 0]),
        ("ce_drawn", [1000.0, 0.0, -1000.0], 1, 1000, [1, -1, 0]),
    ],
)
def test_losses_far_in_the_tails(name, z, y, loss, gradient, dtype):
    case = next(case for case in LOSS_CASES if case.name == name)
    net = network(loss_project(case), dtype)
    own = {key: np.zeros_like(array) for key, array in net.parameters().items()} | {"out.bias": np.array(z)}
    net.load_parameters(own)
    got, gradients = net.loss_and_gradients(np.zeros((1, 4)), np.array([y]))
    # At z = 20 float32 still has the loss of 2e-9 to seven digits, though |z| / 2 is 10.
    np.testing.assert_allclose(got, loss, rtol=1e-6, atol=0)
    np.testing.assert_allclose(gradients["out.bias"], gradient, rtol=1e-6, atol=1e-7)


@each_dtype
def test_relu_is_flat_at_zero(dtype):
    net = on_pre_activations(next(case for case in LAYER_CASES if case.name == "relu"), dtype)
    h = net.predict(np.zeros((1, 4)))
    np.testing.assert_array_equal(h, np.zeros((1, 4)))
    _, gradients = net.loss_and_gradients(np.zeros((1, 4)), np.ones((1, 4)))
    np.testing.assert_array_equal(gradients["pre.bias"], np.zeros(4))


@each_layer
def test_values_and_gradients_against_pytorch(case):
    # Vectors that PyTorch computed are committed and tested without it; where it is installed, more is compared.
    torch = pytest.importorskip("torch")
    net, x = network(behind_identity(case)), numbers(case)
    y = np.random.default_rng(2).standard_normal((7, case.units))
    theirs = torch_net(torch, behind_identity(case), net.parameters())
    value = theirs(torch.from_numpy(x))
    np.testing.assert_allclose(net.predict(x), value.detach().numpy(), **CLOSE["float64"])
    torch.nn.MSELoss()(value, torch.from_numpy(y)).backward()
    _, gradients = net.loss_and_gradients(x, y)
    for name, parameter in theirs.named_parameters():
        own = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad  # codes have no slope
        np.testing.assert_allclose(gradients[name], own.numpy(), **CLOSE["float64"])


@each_activation
@each_loss
@each_count
def test_losses_against_pytorch(case, activation, count):
    # As above: the committed vectors hold where PyTorch is not installed.
    torch = pytest.importorskip("torch")
    net, (x, y) = network(loss_project(case, activation)), examples(case, count)
    # The drawn output is left to the loss.
    theirs = torch_net(torch, loss_project(replace(case, last=None), activation), net.parameters())
    by_class = case.classes and case.units > 1 and case.kind in ("cross_entropy", "hinge")
    target = torch.from_numpy(y if by_class else as_rows(case, y))
    function = eval(f"torch.nn.{case.torch}") if isinstance(case.torch, str) else case.torch
    loss = function(theirs(torch.from_numpy(x)), target)
    loss.backward()
    mine, gradients = net.loss_and_gradients(x, y)
    np.testing.assert_allclose(mine, loss.item(), **CLOSE["float64"])
    for name, parameter in theirs.named_parameters():
        np.testing.assert_allclose(gradients[name], parameter.grad.numpy(), **CLOSE["float64"])


@each_dtype
def test_a_large_input_goes_through_in_pieces(dtype, monkeypatch):
    net = network(loss_project(LOSS_CASES[0]), dtype)
    x = np.random.default_rng(0).standard_normal((23, 4))
    whole = net.predict(x)
    monkeypatch.setattr("engine.network.MOST_NUMBERS", 5 * net._widths())
    np.testing.assert_allclose(net.predict(x), whole, **CLOSE[dtype])


def test_wrong_arrays_are_refused():
    net = network(loss_project(next(case for case in LOSS_CASES if case.name == "ce")))
    x, y = np.zeros((3, 4)), np.zeros(3, np.int64)
    with pytest.raises(ValueError, match="x: expected N×4, got 3×5"):
        net.predict(np.zeros((3, 5)))
    with pytest.raises(ValueError, match="as many x as y"):
        net.loss_and_gradients(x, y[:1])  # one target would otherwise be stretched over all examples
    with pytest.raises(ValueError, match="as many x as y"):
        net.loss_and_gradients(x[:0], y[:0])
    for wrong in ([0, 1, 3], [0, 1, -1], [0.0, 1.0, 2.0], [[0], [1], [2]]):
        with pytest.raises(ValueError, match="y: expected N whole numbers from 0 to 2"):
            net.loss_and_gradients(x, np.array(wrong))


def test_load_parameters_takes_all_or_nothing():
    net = network(loss_project(LOSS_CASES[0]))
    before = net.parameters()
    good = {name: array + 1 for name, array in before.items()}
    wrong = {
        "h1.bias: is missing": {name: array for name, array in good.items() if name != "h1.bias"},
        "h9.bias: is unknown": {**good, "h9.bias": np.zeros(3)},
        "out.weight: expected shape": {**good, "out.weight": good["out.weight"].T},
    }
    for message, mapping in wrong.items():
        with pytest.raises(ValueError, match=message):
            net.load_parameters(mapping)
        assert all(np.array_equal(net.parameters()[name], array) for name, array in before.items())
    net.load_parameters(good)
    assert all(np.array_equal(net.parameters()[name], array) for name, array in good.items())


def test_asking_for_gradients_changes_no_state():
    made = loss_project(LOSS_CASES[0])
    trainer = engine.Trainer(made, dtype="float64")
    trainer.run(3)
    state, gradients = trainer.network.state(), trainer.network.gradients()
    first = trainer.network.loss_and_gradients(*examples(LOSS_CASES[0]))
    second = trainer.network.loss_and_gradients(*examples(LOSS_CASES[0]))
    assert first[0] == second[0]
    assert all(np.array_equal(trainer.network.state()[name], array) for name, array in state.items())
    assert all(np.array_equal(trainer.network.gradients()[name], array) for name, array in gradients.items())
    assert any(not np.array_equal(first[1][name], array) for name, array in gradients.items())


def test_many_classes_and_outputs_need_little_memory():
    made = project(
        [{"id": "out", "kind": "dense", "units": 65_536}],
        "cross_entropy",
        {"kind": "noise", "shape": [1], "classes": 2},
    )
    targets = made.training.loss.targets(np.array([1, 0]), 2, 65_536)
    assert targets.shape == (2, 65_536)  # a table of all one-hot rows would be 32 GiB
    assert targets.sum() == 2
    assert (targets[0, 1], targets[1, 0]) == (1, 1)

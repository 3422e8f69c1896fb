"""Every layer and every loss: shapes, values, gradients, and what must not matter (batching, layout, tails)."""

import numpy as np
import pytest

import engine
from engine.catalogue import LAYERS, LOSSES
from engine.gradient_check import check_gradients
from engine.layers.base import Activation, Join
from engine.project import project_from
from tests.engine.cases import (
    ACTIVATIONS,
    APART,
    CLOSE,
    DTYPES,
    LAYER_CASES,
    LOSS_CASES,
    as_rows,
    behind_identity,
    examples,
    loss_project,
    network,
    project,
    walk,
)

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
    assert {kind for kind in LAYERS if issubclass(LAYERS[kind], Activation)} == set(ACTIVATIONS)


@each_layer
def test_shape_is_inferred(case):
    made = behind_identity(case)
    assert made.structure().shapes == {"x": (case.features,), "pre": (case.features,), "node": (case.units,)}


@each_layer
def test_json_says_all_of_it(case):
    made = behind_identity(case)
    again = project_from(made.to_json(), made.folder)
    assert again == made
    assert again.graph.layer("node").to_json() == case.declared


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
    np.testing.assert_allclose(loss, np.mean([one for one, _ in alone]), **CLOSE[dtype])
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, np.mean([g[name] for _, g in alone], axis=0), **CLOSE[dtype])


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


@each_dtype
@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_far_in_the_tails(kind, dtype):
    case = next(case for case in LAYER_CASES if case.name == kind)
    net = on_pre_activations(case, dtype)
    x = np.array([[1000.0, -1000.0, 0.0, 999.0]])
    expected = {
        "relu": [1000, 0, 0, 999],
        "tanh": [1, -1, 0, 1],
        "sigmoid": [1, 0, 0.5, 1],
        "softmax": [1 / (1 + np.exp(-1)), 0, 0, np.exp(-1) / (1 + np.exp(-1))],
    }[kind]
    slopes = {"relu": [1, 0, 0, 1], "tanh": [0, 0, 1, 0], "sigmoid": [0, 0, 0.25, 0]}
    h = net.predict(x)
    np.testing.assert_allclose(h, [expected], rtol=1e-6)
    y = h.astype(np.float64) - 2.0  # dL/dh = 2 · 2 / 4 = 1 everywhere
    _, gradients = net.loss_and_gradients(x, y)
    # One example: the gradient of `pre`'s bias is the one that goes back into the layer's input.
    np.testing.assert_allclose(gradients["pre.bias"], slopes.get(kind, [0, 0, 0, 0]), atol=1e-6)


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
    theirs = torch.nn.Sequential()
    theirs.add_module("pre", torch.nn.Linear(case.features, case.features))
    module, _, behind = case.torch.partition("|")
    theirs.add_module("node", eval(f"torch.nn.{module}"))
    theirs.double().load_state_dict({name: torch.from_numpy(a) for name, a in net.parameters().items()})
    value = eval(f"out{behind}", {"out": theirs(torch.from_numpy(x))})
    np.testing.assert_allclose(net.predict(x), value.detach().numpy(), **CLOSE["float64"])
    torch.nn.MSELoss()(value, torch.from_numpy(y)).backward()
    _, gradients = net.loss_and_gradients(x, y)
    for name, parameter in theirs.named_parameters():
        np.testing.assert_allclose(gradients[name], parameter.grad.numpy(), **CLOSE["float64"])


@each_activation
@each_loss
@each_count
def test_losses_against_pytorch(case, activation, count):
    # As above: the committed vectors hold where PyTorch is not installed.
    torch = pytest.importorskip("torch")
    net, (x, y) = network(loss_project(case, activation)), examples(case, count)
    theirs = torch.nn.Sequential()
    theirs.add_module("h1", torch.nn.Linear(4, 5))
    name = {"relu": "ReLU()", "tanh": "Tanh()", "sigmoid": "Sigmoid()", "softmax": "Softmax(dim=1)"}[activation]
    theirs.add_module("a1", eval(f"torch.nn.{name}"))
    theirs.add_module("out", torch.nn.Linear(5, case.units))
    theirs.double().load_state_dict({name: torch.from_numpy(a) for name, a in net.parameters().items()})
    target = y if case.kind == "cross_entropy" and case.classes else as_rows(case, y)
    loss = eval(f"torch.nn.{case.torch}")(theirs(torch.from_numpy(x)), torch.from_numpy(target))
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

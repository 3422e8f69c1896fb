"""The gradient check passes what is right, fails what is wrong, and is not fooled by kinks."""

import numpy as np
import pytest

import engine
from engine.gradient_check import DIRECTIONS, INPUT, check_gradients, check_project, checking
from engine.layers.activations import Relu, Tanh
from engine.layers.dense import Dense
from engine.layers.softmax import Softmax
from engine.losses import BinaryCrossEntropy
from tests.engine.cases import network, project
from tests.engine.loss_cases import LOSS_CASES, examples, loss_project

BCE = next(case for case in LOSS_CASES if case.name == "bce")


def failures(report):
    """Of the parameters."""
    return {tensor.name: tensor.failures for tensor in report.tensors if tensor.name != INPUT}


def test_a_right_network_passes():
    report = check_project(loss_project(BCE, "relu"))
    assert report.ok
    assert report.examples == 16
    assert 0 < report.error < 1e-7
    assert [tensor.name for tensor in report.tensors] == ["h1.weight", "h1.bias", "out.weight", "out.bias", "x"]
    assert [tensor.count for tensor in report.tensors] == [20, 5, 5, 1, 64]
    for tensor in report.tensors:
        assert tensor.failures == 0
        assert str(tensor).startswith(f"{tensor.name}: {tensor.count} gradients")


def test_a_small_data_set_is_taken_whole():
    made = project([{"id": "out", "kind": "dense", "units": 1}], data={"kind": "noise", "shape": [3], "samples": 8})
    assert check_project(made).examples == 6


class HalfSlope:
    """A bind whose way back is off by a factor."""

    def __init__(self, bind, factor):
        self.bind, self.factor = bind, factor

    def __get__(self, layer, owner=None):
        return lambda *args: self(layer, *args)

    def __call__(self, layer, plan, h, a, p):
        self.bind(layer, plan, h, a, p)
        if h.grad is not None:
            xp, by = plan.xp, plan.number(self.factor)
            plan._blocks[-1].append(lambda: xp.multiply(h.grad, by, h.grad))


@pytest.mark.parametrize(("layer", "kind"), [(Tanh, "tanh"), (Relu, "relu"), (Softmax, "softmax")])
@pytest.mark.parametrize("factor", [0.5, 1.001])
def test_a_wrong_way_back_fails_where_it_is_wrong(monkeypatch, layer, kind, factor):
    monkeypatch.setattr(layer, "bind", HalfSlope(layer.bind, factor))
    report = check_gradients(network(loss_project(BCE, kind)), *examples(BCE))
    assert not report.ok
    wrong = failures(report)
    assert wrong["h1.weight"] > 10
    assert wrong["h1.bias"] > 2
    assert wrong["out.weight"] == wrong["out.bias"] == 0
    by_name = {tensor.name: tensor for tensor in report.tensors}
    expected = abs(factor - 1) / (factor + 1)
    np.testing.assert_allclose(by_name["h1.weight"].error, expected, rtol=0.02)


def test_a_dense_layer_that_forgets_its_bias_fails(monkeypatch):
    right = Dense.bind

    def forgets(layer, plan, h, a, p):
        right(layer, plan, h, a, p)
        plan._blocks[-1].append(lambda: layer.views(p.grad)["bias"].fill(0))

    monkeypatch.setattr(Dense, "bind", forgets)
    report = check_gradients(network(loss_project(BCE)), *examples(BCE))
    assert failures(report) == {"h1.weight": 0, "h1.bias": 5, "out.weight": 0, "out.bias": 1}


def test_one_wrong_number_is_found_and_named(monkeypatch):
    right = engine.network.Network.loss_and_gradients

    def wrong(net, x, y):
        loss, gradients = right(net, x, y)
        gradients["h1.weight"][3, 1] += 1e-3
        return loss, gradients

    monkeypatch.setattr(engine.network.Network, "loss_and_gradients", wrong)
    report = check_gradients(network(loss_project(BCE)), *examples(BCE))
    assert failures(report) == {"h1.weight": 1, "h1.bias": 0, "out.weight": 0, "out.bias": 0}
    assert report.tensors[0].where == (3, 1)


def test_a_wrong_loss_fails(monkeypatch):
    right = BinaryCrossEntropy.bind

    def wrong(loss, plan, z, y):
        right(loss, plan, z, y)
        plan._blocks[-1].append(lambda: plan.xp.negative(z.grad, z.grad))

    monkeypatch.setattr(BinaryCrossEntropy, "bind", wrong)
    assert not check_gradients(network(loss_project(BCE)), *examples(BCE)).ok


def one_relu(weight, bias):
    """x(1) - dense 1 - relu - dense 1 with weight 1, under MSE."""
    made = project(
        [
            {"id": "h1", "kind": "dense", "units": 1},
            {"id": "a1", "kind": "relu"},
            {"id": "out", "kind": "dense", "units": 1},
        ],
        data={"kind": "noise", "shape": [1]},
    )
    net = network(made)
    ones = {"out.weight": np.ones((1, 1)), "out.bias": np.zeros(1)}
    net.load_parameters({"h1.weight": np.array([[weight]]), "h1.bias": np.array([bias]), **ones})
    return net


@pytest.mark.parametrize(
    "distance",
    [0.0, 3e-7, -3e-7, 3e-9],
    ids=["at w", "within the step, open", "within the step, closed", "within the small step"],
)
def test_a_kink_is_no_failure(distance):
    report = check_gradients(one_relu(1.0, -1.0 + distance), np.ones((1, 1)), np.full((1, 1), 5.0))
    assert report.ok, [str(tensor) for tensor in report.tensors]
    assert {t.name: t.kinks for t in report.tensors if t.kinks} == {"h1.weight": 1, "h1.bias": 1, "x": 1}
    assert "1 at a kink" in str(report.tensors[0])


def test_units_that_turn_both_ways_at_once():
    # At W = 0 both examples sit on the kink, and turn on different sides: the slope 0 is that of neither side.
    x, y = np.array([[1.0], [-2.0]]), np.array([[5.0], [7.0]])
    report = check_gradients(one_relu(0.0, 0.0), x, y)
    assert report.ok, [str(tensor) for tensor in report.tensors]
    assert report.tensors[0].kinks == 1


@pytest.mark.parametrize("distance", [0.0, 3e-7])
def test_a_kink_hides_no_wrong_gradient(monkeypatch, distance):
    monkeypatch.setattr(Relu, "bind", HalfSlope(Relu.bind, -1.0))
    # Beside an example at the kink one that is open, so that the wrong slope shows.
    x, y = np.array([[1.0], [2.0]]), np.array([[5.0], [7.0]])
    report = check_gradients(one_relu(1.0, -1.0 + distance), x, y)
    assert failures(report) == {"h1.weight": 1, "h1.bias": 1, "out.weight": 0, "out.bias": 0}


def test_beside_a_kink_the_gradient_itself_must_be_right(monkeypatch):
    right, calls = engine.network.Network.loss_and_gradients, []

    def wrong_once(net, x, y):
        loss, gradients = right(net, x, y)
        if not calls:
            gradients["h1.weight"] += 0.5
        calls.append(x)
        return loss, gradients

    monkeypatch.setattr(engine.network.Network, "loss_and_gradients", wrong_once)
    report = check_gradients(one_relu(1.0, -1.0 + 3e-7), np.ones((1, 1)), np.full((1, 1), 5.0))
    assert failures(report) == {"h1.weight": 1, "h1.bias": 0, "out.weight": 0, "out.bias": 0}


def test_an_interrupted_check_leaves_nothing_changed(monkeypatch):
    net, (x, y) = network(loss_project(BCE, "relu")), examples(BCE)
    values, calls = net.parameters_.values.copy(), []
    right = engine.plan.Plan.run_forward

    def interrupted(plan):
        calls.append(plan)
        if len(calls) == 10:
            raise KeyboardInterrupt
        right(plan)

    monkeypatch.setattr(engine.plan.Plan, "run_forward", interrupted)
    with pytest.raises(KeyboardInterrupt):
        check_gradients(net, x, y)
    assert np.array_equal(net.parameters_.values, values)


def test_nothing_is_left_changed():
    net, (x, y) = network(loss_project(BCE, "relu")), examples(BCE)
    net.loss_and_gradients(x, y)
    values, grads = net.parameters_.values.copy(), net.parameters_.grads.copy()
    check_gradients(net, x, y)
    assert np.array_equal(net.parameters_.values, values)
    assert np.array_equal(net.parameters_.grads, grads)


def test_an_infinite_loss_does_not_pass():
    net, (x, y) = network(loss_project(LOSS_CASES[0])), examples(LOSS_CASES[0])
    net.load_parameters({name: np.full_like(a, 1e200) for name, a in net.parameters().items()})
    report = check_gradients(net, x, y)
    assert not report.ok


def test_float32_is_refused():
    with pytest.raises(ValueError, match="float64, the network is in float32"):
        check_gradients(network(loss_project(BCE), "float32"), *examples(BCE))


def test_a_wrong_gradient_of_the_input_alone_is_found(monkeypatch):
    right = Dense.bind

    def wrong(layer, plan, h, a, p):
        right(layer, plan, h, a, p)
        if h.grad is not None and h is plan.vars["x"]:
            plan._blocks[-1].append(lambda: h.grad.__imul__(1.01))

    monkeypatch.setattr(Dense, "bind", wrong)
    report = check_gradients(network(loss_project(BCE)), *examples(BCE))
    assert not any(failures(report).values())
    assert report.tensors[-1].failures > 10
    assert not report.ok


def wide():
    data = {"kind": "noise", "shape": [100], "samples": 30}
    layers = [{"id": "h1", "kind": "dense", "units": 40}, {"id": "a1", "kind": "relu"}]
    return project([*layers, {"id": "out", "kind": "dense", "units": 1}], data=data)


def wide_examples():
    rng = np.random.default_rng(0)
    return rng.standard_normal((9, 100)), rng.standard_normal((9, 1))


def test_large_tensors_are_checked_along_directions():
    report = check_gradients(network(wide()), *wide_examples())
    assert report.ok, [str(tensor) for tensor in report.tensors]
    along = {tensor.name: tensor.directions for tensor in report.tensors}
    assert along == {"h1.weight": DIRECTIONS, "h1.bias": 0, "out.weight": 0, "out.bias": 0, "x": 0}
    assert f"4000 gradients along {DIRECTIONS} random directions" in str(report.tensors[0])


def test_one_wrong_unit_of_a_large_tensor_is_found(monkeypatch):
    right = engine.network.Network.loss_and_gradients

    def wrong(net, x, y):
        loss, gradients = right(net, x, y)
        gradients["h1.weight"][7] *= 1.05
        return loss, gradients

    monkeypatch.setattr(engine.network.Network, "loss_and_gradients", wrong)
    report = check_gradients(network(wide()), *wide_examples())
    assert report.tensors[0].failures > 0.9 * DIRECTIONS
    assert not any(tensor.failures for tensor in report.tensors[1:])


def test_it_tells_how_far_it_is():
    *shares, report = checking(network(wide()), *wide_examples())
    assert shares == sorted(shares)
    assert 0 <= shares[0] < 0.1
    assert 0.7 < shares[-1] < 1
    assert report.ok

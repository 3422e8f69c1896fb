"""Every field of a step's layer statistics against plain NumPy on the same parameters and the same batch."""

import numpy as np
import pytest

from engine.catalogue import LAYERS
from engine.spec import build
from engine.statistics import layer_statistics
from engine.trainer import Trainer
from tests.engine.cases import ACTIVATIONS, FUNCTIONS, normal_cdf, project, sigmoid, softmax, walk
from tests.engine.loss_cases import LOSS_CASES, as_rows, loss_project

WEIGHT_FIELDS = ["weight_norm", "grad_norm", "grad_mean_abs", "update_ratio", "bias_grad_norm"]
ACTIVATION_FIELDS = ["mean", "std", "zero_fraction", "saturated_fraction", "dead_fraction", "delta_rms"]
SLOPES = {
    "relu": lambda a: np.where(a > 0, 1.0, 0.0),
    "leaky_relu": lambda a: np.where(a > 0, 1.0, 0.01),
    "elu": lambda a: np.exp(np.minimum(a, 0)),
    "selu": lambda a: 1.0507009873554805 * np.where(a > 0, 1, 1.6732632423543772 * np.exp(np.minimum(a, 0))),
    "gelu": lambda a: np.abs(normal_cdf(a) + a * np.exp(-a * a / 2) / np.sqrt(2 * np.pi)),
    "silu": lambda a: np.abs(sigmoid(a) * (1 + a * sigmoid(-a))),
    "softplus": sigmoid,
    "softsign": lambda a: 1 / (1 + np.abs(a)) ** 2,
    "tanh": lambda a: 1 / np.cosh(a) ** 2,
    "scaled_tanh": lambda a: 1.7159 * 2 / 3 / np.cosh(2 * a / 3) ** 2,
    "sigmoid": lambda a: np.exp(-np.abs(a)) / (1 + np.exp(-np.abs(a))) ** 2,
    "softmax": lambda a: softmax(a) * (1 - softmax(a)),
    "log_softmax": lambda a: 1 - softmax(a),
}
PLAIN = {"rtol": 1e-10, "atol": 1e-14}

each_loss = pytest.mark.parametrize("case", [c for c in LOSS_CASES if c.rows == "numbers"], ids=lambda case: case.name)
PIECES = ("relu", "leaky_relu")
# The steepest place of most is far to one side or at 0; gelu's and silu's hump is between.
STEEPEST = {kind: slope(np.linspace(-50, 50, 1_000_001)[:, None]).max() for kind, slope in SLOPES.items()}
STEEPEST |= {"softmax": 0.25, "log_softmax": 1.0}

each_activation = pytest.mark.parametrize("activation", ACTIVATIONS)


def observed(made, scale=1.0, **kwargs):
    """A trainer in float64 with batches of all, its parameters uniform on [-scale, scale], and one observed step."""
    trainer = Trainer(made, dtype="float64", **kwargs)
    rng = np.random.default_rng(7)
    start = {n: scale * rng.uniform(-1, 1, a.shape) for n, a in trainer.network.parameters().items()}
    trainer.network.load_parameters(start)
    return trainer, start, trainer.step(layers=True).layers


def norm(*arrays):
    return np.sqrt(sum((array**2).sum() for array in arrays))


@each_activation
@each_loss
def test_weight_fields(case, activation):
    settings = {"clip_norm": 1e-3, "regularization": {"l2": 5.0}}  # neither shows in the gradient's fields
    trainer, start, layers = observed(loss_project(case, activation, batch_size="all", **settings))
    end, found = trainer.network.parameters(), {}
    trainer.network.load_parameters(start)
    _, gradients = trainer.network.loss_and_gradients(trainer.data.x, trainer.data.y)
    for node in ("h1", "out"):
        w, g = start[f"{node}.weight"], gradients[f"{node}.weight"]
        found[node] = [norm(w), norm(g), np.abs(g).mean(), norm(end[f"{node}.weight"] - w) / norm(w)]
        found[node].append(norm(gradients[f"{node}.bias"]))
        assert list(layers[node]) == WEIGHT_FIELDS
        np.testing.assert_allclose(list(layers[node].values()), found[node], **PLAIN)
        assert min(found[node]) > 0


@each_activation
@each_loss
@pytest.mark.parametrize("scale", [0.3, 30.0], ids=["mild", "saturated"])
def test_activation_fields(case, activation, scale):
    made = loss_project(case, activation, batch_size="all")
    trainer, start, layers = observed(made, scale)
    values = walk(made, start, trainer.data.x)
    drawn = {"a1": activation} | ({"drawn": case.last} if case.last else {})
    assert list(layers) == [node.id for node in made.graph.nodes[1:]]
    for node, kind in drawn.items():
        assert list(layers[node]) == ACTIVATION_FIELDS
        a, h = values["h1" if node == "a1" else "out"], values[node]
        slope = SLOPES[kind](a)
        expected = {
            "mean": h.mean(),
            "std": np.sqrt(((h - h.mean()) ** 2).mean()),
            "zero_fraction": (np.abs(h) < np.finfo(h.dtype).smallest_normal).mean(),
            "saturated_fraction": (slope == 0 if kind in PIECES else slope < 0.01 * STEEPEST[kind]).mean(),
            "dead_fraction": np.mean([all(s == 0 for s in unit) for unit in slope.T]),
        }
        for field, value in expected.items():
            if field == "dead_fraction" and kind not in PIECES:
                continue  # whether a slope of 1e-17 is 0 is rounding; see below
            np.testing.assert_allclose(layers[node][field], value, **PLAIN, err_msg=f"{node}.{field}")


@each_activation
@each_loss
def test_delta_is_the_gradient_at_the_node_s_input(case, activation):
    made = loss_project(case, activation, batch_size="all")
    trainer, start, layers = observed(made)
    values, y = walk(made, start, trainer.data.x), as_rows(case, trainer.data.y)

    def loss(a1_input=None, logits=None):
        if logits is None:
            h = FUNCTIONS[activation](a1_input, {})
            logits = h @ start["out.weight"].T + start["out.bias"]
        return case.value(logits, y)

    delta = by_differences(lambda a: loss(a1_input=a), values["h1"])
    np.testing.assert_allclose(layers["a1"]["delta_rms"], np.sqrt((delta**2).mean()), rtol=1e-6)
    if case.last:
        # The drawn node's input is what the loss takes.
        delta = by_differences(lambda z: loss(logits=z), values["out"])
        np.testing.assert_allclose(layers["drawn"]["delta_rms"], np.sqrt((delta**2).mean()), rtol=1e-6)


def by_differences(function, at, h=1e-6):
    gradient = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        moved = [at.copy(), at.copy()]
        moved[0][place] += h
        moved[1][place] -= h
        gradient[place] = (function(moved[0]) - function(moved[1])) / (2 * h)
    return gradient


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("kind", "biases", "zero", "saturated", "dead"),
    [
        # Two units never open, one is open for some examples, one for all.
        ("relu", [-100, -100, 0, 100], "half and more", "half and more", 0.5),
        # tanh(±100) is ±1 to the last bit; tanh(4) is not, but its slope is 0.0013.
        ("tanh", [100, -100, 4, 0.1], 0.0, 0.75, 0.5),
        # σ(-100) is 0 in float32 or a number whose slope is not 0; σ(100) is 1.
        ("sigmoid", [100, 100, 7, 0.1], 0.0, 0.75, 0.5),
        # A leaky relu is steep enough everywhere.
        ("leaky_relu", [-100, -100, 0.1, 100], 0.0, 0.0, 0.0),
        # exp(-1000) and σ(-1000) are 0 in either type; at -5 an elu's slope is 0.0067, a silu's 0.026.
        ("elu", [-1000, -1000, -5, 100], 0.0, 0.75, 0.5),
        ("selu", [-1000, -1000, -5, 100], 0.0, 0.75, 0.5),
        ("silu", [-1000, -1000, -5, 100], 0.5, 0.5, 0.5),
        ("gelu", [-1000, -1000, -5, 100], 0.5, 0.75, 0.5),
        ("softplus", [-1000, -1000, -5, 100], 0.5, 0.75, 0.5),
        # 1 / (1 + 9)² is one per cent: nothing is flat.
        ("softsign", [1000, -1000, 9.1, 8.9], 0.0, 0.75, 0.0),
        ("scaled_tanh", [100, -100, 5, 0.1], 0.0, 0.75, 0.5),
    ],
)
def test_saturated_and_dead_units(kind, biases, zero, saturated, dead, dtype):
    made = project(
        [
            {"id": "h1", "kind": "dense", "units": 4},
            {"id": "a1", "kind": kind},
            {"id": "out", "kind": "dense", "units": 1},
        ],
        batch_size="all",
    )
    trainer = Trainer(made, dtype=dtype)
    own = trainer.network.parameters()
    small = np.zeros((4, 4))
    if kind == "relu":
        small[2, 0] = 1  # open where the example's first number is positive
    trainer.network.load_parameters({**own, "h1.weight": small, "h1.bias": np.array(biases)})
    shut = (trainer.data.x[:, 0] <= 0).mean()
    assert 0 < shut < 1
    expected = (2 + shut) / 4
    found = trainer.step(layers=True).layers["a1"]
    np.testing.assert_allclose(found["zero_fraction"], expected if kind == "relu" else zero, rtol=1e-12)
    np.testing.assert_allclose(found["saturated_fraction"], expected if kind == "relu" else saturated, rtol=1e-12)
    assert found["dead_fraction"] == dead


@each_activation
def test_the_steepest_slope_is_declared(activation):
    np.testing.assert_allclose(LAYERS[activation]().steepest, STEEPEST[activation], rtol=1e-9)
    assert build(LAYERS, {"kind": "elu", "alpha": 3.0}, "elu").steepest == 3.0


@pytest.mark.parametrize("activation", [kind for kind in ACTIVATIONS if "softmax" not in kind])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_local_derivative_is_what_goes_back(activation, dtype):
    layers = [{"id": "h1", "kind": "dense", "units": 4}, {"id": "a1", "kind": activation}]
    net = Trainer(project(layers, data={"kind": "noise", "shape": [4], "targets": 4}), dtype=dtype).network
    x, y = np.random.default_rng(0).normal(0, 3, (2, 40, 4))
    net.loss_and_gradients(x, y)
    before, after = (net.plan(40, "train").vars[node] for node in ("h1", "a1"))
    slope = net.structure.layers["a1"].derivative(np, before.value, after.value)
    close = {"rtol": 1e-5, "atol": 1e-7} if dtype == "float32" else {"rtol": 1e-12, "atol": 1e-15}
    np.testing.assert_allclose(np.abs(before.grad), slope * np.abs(after.grad), **close)


def test_an_expression_has_no_saturation():
    layers = [{"id": "h1", "kind": "dense", "units": 3}, {"id": "e", "kind": "exp"}, {"id": "f", "kind": "flatten"}]
    for node in ("e", "f"):
        found = Trainer(project([*layers, {"id": "out", "kind": "dense", "units": 1}])).step(layers=True).layers[node]
        assert found["saturated_fraction"] is found["dead_fraction"] is None
        assert found["std"] > 0
        assert found["delta_rms"] > 0


def test_one_per_cent_is_the_border_of_saturation():
    made = project(
        [
            {"id": "h1", "kind": "dense", "units": 2},
            {"id": "a1", "kind": "tanh"},
            {"id": "out", "kind": "dense", "units": 1},
        ],
        batch_size="all",
    )
    trainer = Trainer(made, dtype="float64")
    border = np.arctanh(np.sqrt(0.99))  # 1 - tanh² is 1 % there
    own = trainer.network.parameters()
    trainer.network.load_parameters(
        {**own, "h1.weight": np.zeros((2, 4)), "h1.bias": np.array([border - 0.01, border + 0.01])}
    )
    assert trainer.step(layers=True).layers["a1"]["saturated_fraction"] == 0.5


def test_a_gentle_slope_of_a_straight_piece_is_not_flat():
    """Below zero the slope is 0.5 % of the steepest, which of a curve would count as saturated."""
    for slope, share in ((0.005, 0.0), (0.0, 0.5)):
        layers = [
            {"id": "h1", "kind": "dense", "units": 2},
            {"id": "a1", "kind": "leaky_relu", "negative_slope": slope},
            {"id": "out", "kind": "dense", "units": 1},
        ]
        trainer = Trainer(project(layers, batch_size="all"), dtype="float64")
        own = trainer.network.parameters()
        still = {"h1.weight": np.zeros((2, 4)), "h1.bias": np.array([-1.0, 1.0])}
        trainer.network.load_parameters({**own, **still})
        found = trainer.step(layers=True).layers["a1"]
        assert (found["saturated_fraction"], found["dead_fraction"]) == (share, share)


def test_no_bias_and_weights_of_zero_have_no_number():
    made = project(
        [
            {"id": "h1", "kind": "dense", "units": 3, "bias": False, "init": "zeros"},
            {"id": "out", "kind": "dense", "units": 1},
        ]
    )
    layers = Trainer(made).step(layers=True).layers
    assert layers["h1"]["bias_grad_norm"] is None
    assert layers["h1"]["update_ratio"] is None
    assert layers["h1"]["weight_norm"] == 0
    assert layers["h1"]["grad_norm"] > 0


def test_an_activation_on_the_input_has_no_gradient_bound():
    made = project([{"id": "a0", "kind": "tanh"}, {"id": "out", "kind": "dense", "units": 1}])
    trainer = Trainer(made)
    layers = trainer.step(layers=True).layers
    assert layers["a0"]["delta_rms"] is None
    assert layers["a0"]["std"] > 0


def test_sums_are_made_in_float64():
    # Four gradients of 1e25 have a norm in float32, but not its square.
    made = project([{"id": "out", "kind": "dense", "units": 1, "init": "constant", "init_value": 1e25}])
    trainer = Trainer(made, dtype="float32")
    plan = trainer.network.plan(1, "train")
    trainer.parameters.grads.fill(1e25)
    found = layer_statistics(plan)["out"]
    np.testing.assert_allclose([found["weight_norm"], found["grad_norm"]], [2e25, 2e25], rtol=1e-6)
    np.testing.assert_allclose(found["bias_grad_norm"], 1e25, rtol=1e-6)


@pytest.mark.parametrize("small", [1.0, 1e-12, 1e-22])
def test_float32_tells_what_float64_does(small):
    """Sums of squares below float32's range too, and a spread far below the mean."""
    layers = [{"id": "h1", "kind": "dense", "units": 6}, {"id": "a1", "kind": "tanh"}, {"id": "d", "kind": "dropout"}]
    made = project([*layers, {"id": "out", "kind": "dense", "units": 1}], batch_size="all", clip_norm=None)
    rng = np.random.default_rng(0)
    found = []
    start = None
    for dtype in ("float32", "float64"):
        trainer = Trainer(made, dtype=dtype)
        start = start or {n: rng.uniform(-1, 1, a.shape) for n, a in trainer.network.parameters().items()}
        trainer.network.load_parameters({**start, "out.weight": small * start["out.weight"]})
        found.append(trainer.step(layers=True).layers)
    assert 0 < found[1]["h1"]["grad_norm"] < 10 * small
    for node, fields in found[1].items():
        for name, value in fields.items():
            if name == "update_ratio" and small < 1:
                continue  # such an update is none in float32
            expected = None if value is None else pytest.approx(value, rel=1e-4, abs=0)
            assert found[0][node][name] == expected, (node, name)


def test_a_spread_far_below_the_mean_is_no_rounding():
    layers = [{"id": "h1", "kind": "dense", "units": 6}, {"id": "j", "kind": "flatten"}]
    made = project([*layers, {"id": "out", "kind": "dense", "units": 1}], batch_size="all")
    trainer = Trainer(made)
    own = trainer.network.parameters()
    level = np.full(6, np.float32(3.3))  # times its count it is rounded
    trainer.network.load_parameters({**own, "h1.weight": np.zeros((6, 4)), "h1.bias": level})
    assert trainer.step(layers=True).layers["j"]["std"] < 1e-12

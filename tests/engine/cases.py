"""One table of layers and one of losses, each with an independent computation in plain NumPy (examples as rows)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from engine.backend import open_backend
from engine.network import Network
from engine.project import Project, project_from

Array = np.ndarray[Any, Any]
DTYPES = ("float32", "float64")
CLOSE = {"float32": {"rtol": 2e-5, "atol": 2e-6}, "float64": {"rtol": 1e-11, "atol": 1e-13}}


@dataclass(frozen=True)
class LayerCase:
    """A layer fed with `features` numbers; `values` are what comes out of rows `x`."""

    name: str
    declared: dict[str, object]
    values: Callable[[Array, dict[str, Array]], Array]
    torch: str  # the module of torch.nn, with what it is called with
    features: int = 4
    units: int = 4


@dataclass(frozen=True)
class LossCase:
    """A loss on `units` outputs; `value` is of the numbers `z` that the loss takes and targets as rows."""

    name: str
    kind: str
    units: int
    value: Callable[[Array, Array], Any]
    torch: str
    classes: int | None = None
    last: str | None = None  # a node drawn last, that the loss takes in
    rows: str = "numbers"  # what y are where they are not classes: numbers, shares from 0 to 1, or distributions
    one_hot: bool = field(default=False)


def softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def sigmoid(z: Array) -> Array:
    # Of the negative half by the other formula, so that no exp overflows.
    return np.where(z > 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))


def normed(x: Array, axis: int, p: dict[str, Array], eps: float = 1e-5) -> Array:
    x_hat = (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + eps)
    return x_hat * p["weight"] + p["bias"]


def maxout(x: Array, p: dict[str, Array], units: int) -> Array:
    return (x @ p["weight"].T + p.get("bias", 0.0)).reshape(len(x), units, -1).max(axis=2)


_LN_EPS = "LayerNorm(4, eps=0.5)"
_MAXOUT, _MAXOUT_1 = (
    "Linear(4, 15)|.unflatten(1, (3, 5)).max(2).values",
    "Linear(4, 2, bias=False)|.max(1, True).values",
)
LAYER_CASES = (
    LayerCase("dense", {"kind": "dense", "units": 3}, lambda x, p: x @ p["weight"].T + p["bias"], "Linear(4, 3)", 4, 3),
    LayerCase(
        "dense_no_bias",
        {"kind": "dense", "units": 5, "bias": False},
        lambda x, p: x @ p["weight"].T,
        "Linear(4, 5, bias=False)",
        4,
        5,
    ),
    LayerCase("relu", {"kind": "relu"}, lambda x, p: np.where(x > 0, x, 0), "ReLU()"),
    LayerCase("tanh", {"kind": "tanh"}, lambda x, p: np.tanh(x), "Tanh()"),
    LayerCase("sigmoid", {"kind": "sigmoid"}, lambda x, p: sigmoid(x), "Sigmoid()"),
    LayerCase("softmax", {"kind": "softmax"}, lambda x, p: softmax(x), "Softmax(dim=1)"),
    LayerCase("layer_norm", {"kind": "layer_norm"}, lambda x, p: normed(x, 1, p), "LayerNorm(4)"),
    LayerCase("layer_norm_eps", {"kind": "layer_norm", "eps": 0.5}, lambda x, p: normed(x, 1, p, 0.5), _LN_EPS),
    LayerCase("prelu", {"kind": "prelu"}, lambda x, p: np.where(x > 0, x, p["weight"] * x), "PReLU()"),
    LayerCase(
        "prelu_per_feature",
        {"kind": "prelu", "per_feature": True},
        lambda x, p: np.where(x > 0, x, p["weight"] * x),
        "PReLU(4)",
    ),
    LayerCase("maxout", {"kind": "maxout", "units": 3, "pieces": 5}, lambda x, p: maxout(x, p, 3), _MAXOUT, 4, 3),
    LayerCase(
        "maxout_no_bias", {"kind": "maxout", "units": 1, "bias": False}, lambda x, p: maxout(x, p, 1), _MAXOUT_1, 4, 1
    ),
)
# Those that are not the same in training and after it, the constant, which has no input, and the tied layer, which
# needs another: test_modes.py and test_tied.py.
APART = ("batch_norm", "dropout", "constant", "tied")
FUNCTIONS = {case.declared["kind"]: case.values for case in LAYER_CASES}
ACTIVATIONS = ("relu", "tanh", "sigmoid", "softmax")


def _mse(z: Array, y: Array) -> Any:
    return ((z - y) ** 2).mean()


def _bce(z: Array, y: Array) -> Any:
    return (np.logaddexp(0, z) - y * z).mean()


def _ce(z: Array, y: Array) -> Any:
    return (np.logaddexp.reduce(z, axis=1) - (y * z).sum(axis=1)).mean()


LOSS_CASES = (
    LossCase("mse", "mse", 2, _mse, "MSELoss()"),
    LossCase("mse_one_number", "mse", 1, _mse, "MSELoss()", classes=3),
    LossCase("mse_one_hot", "mse", 3, _mse, "MSELoss()", classes=3, one_hot=True),
    LossCase("bce", "binary_cross_entropy", 1, _bce, "BCEWithLogitsLoss()", classes=2),
    LossCase("bce_drawn", "binary_cross_entropy", 1, _bce, "BCEWithLogitsLoss()", classes=2, last="sigmoid"),
    LossCase("bce_columns", "binary_cross_entropy", 2, _bce, "BCEWithLogitsLoss()", rows="shares"),
    LossCase("bce_one_hot", "binary_cross_entropy", 3, _bce, "BCEWithLogitsLoss()", classes=3, one_hot=True),
    LossCase("ce", "cross_entropy", 3, _ce, "CrossEntropyLoss()", classes=3, one_hot=True),
    LossCase("ce_drawn", "cross_entropy", 3, _ce, "CrossEntropyLoss()", classes=3, one_hot=True, last="softmax"),
    LossCase("ce_more_outputs", "cross_entropy", 4, _ce, "CrossEntropyLoss()", classes=2, one_hot=True),
    LossCase("ce_rows", "cross_entropy", 3, _ce, "CrossEntropyLoss()", rows="distributions"),
)


def project_json(
    layers: list[dict[str, object]],
    loss: str = "mse",
    data: dict[str, object] | None = None,
    **training: object,
) -> dict[str, Any]:
    """The project file of a chain of layers, each with its id, behind an input called x."""
    ids = ["x", *(str(layer["id"]) for layer in layers)]
    return {
        "format": "netviz-project",
        "version": 1,
        "name": "case",
        "data": data or {"kind": "noise", "shape": [4], "samples": 40},
        "graph": {
            "nodes": [{"id": "x", "kind": "input"}, *layers],
            "edges": [list(edge) for edge in pairwise(ids)],
        },
        "training": {"loss": {"kind": loss}, "optimizer": {"kind": "sgd", "lr": 0.1}, **training},
    }


def project(*args: Any, **kwargs: Any) -> Project:
    made = project_from(project_json(*args, **kwargs), Path())
    assert not made.problems()
    return made


def network(made: Project, dtype: str = "float64", seed: int = 0, scale: float = 1.0) -> Network:
    """A network with every parameter uniform on [-scale, scale], biases too."""
    net = Network(made, open_backend("cpu", dtype))
    rng = np.random.default_rng(seed)
    net.load_parameters({name: rng.uniform(-scale, scale, a.shape) for name, a in net.parameters().items()})
    return net


def behind_identity(case: LayerCase) -> Project:
    """The layer behind a dense layer `pre` of its width, as the last node under a loss that takes it as it is."""
    return project(
        [{"id": "pre", "kind": "dense", "units": case.features}, {"id": "node", **case.declared}],
        data={"kind": "noise", "shape": [case.features], "targets": case.units, "samples": 8},
    )


def loss_project(case: LossCase, activation: str = "tanh", **training: object) -> Project:
    """x(4) - dense 5 - activation - dense - loss."""
    layers: list[dict[str, object]] = [
        {"id": "h1", "kind": "dense", "units": 5},
        {"id": "a1", "kind": activation},
        {"id": "out", "kind": "dense", "units": case.units},
    ]
    if case.last:
        layers.append({"id": "drawn", "kind": case.last})
    data: dict[str, object] = {"kind": "noise", "shape": [4], "samples": 40, "seed": 3}
    data |= {"targets": case.units} if case.classes is None else {"classes": case.classes}
    return project(layers, case.kind, data, **training)


def examples(case: LossCase, count: int = 7, seed: int = 1) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, 4))
    if case.classes is not None:
        return x, rng.integers(0, case.classes, count)
    if case.rows == "numbers":
        return x, rng.standard_normal((count, case.units))
    y = rng.uniform(0, 1, (count, case.units))
    return x, y / y.sum(axis=1, keepdims=True) if case.rows == "distributions" else y


def as_rows(case: LossCase, y: Array) -> Array:
    """Targets as the formulas take them: (N, units)."""
    if case.classes is None:
        return y
    if not case.one_hot:
        return y.astype(np.float64)[:, None]
    rows = np.zeros((len(y), case.units))
    for row, label in zip(rows, y, strict=True):
        row[label] = 1
    return rows


def _function(declared: dict[str, Any], has_bias: bool) -> Callable[[Array, dict[str, Array]], Array]:
    """The formula of a layer: of the case that is declared like it, else of the one that has its kind's name."""
    exact = [case.values for case in LAYER_CASES if case.declared == declared]
    kind = "dense_no_bias" if declared["kind"] == "dense" and not has_bias else declared["kind"]
    return (exact or [case.values for case in LAYER_CASES if case.name == kind])[0]


def walk(made: Project, parameters: dict[str, Array], x: Array) -> dict[str, Array]:
    """Every node's output in float64, as rows."""
    values = {"x": np.asarray(x, np.float64)}
    last = "x"
    for node in made.graph.nodes[1:]:
        own = {
            name.partition(".")[2]: array.astype(np.float64)
            for name, array in parameters.items()
            if name.partition(".")[0] == node.id
        }
        function = _function(node.layer.to_json(), "bias" in own)
        values[node.id] = function(values[last], own)
        last = node.id
    return values

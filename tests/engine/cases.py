"""One table of layers and one of losses, each with an independent computation in plain NumPy (examples as rows)."""

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from math import erfc, sqrt
from pathlib import Path
from typing import Any

import numpy as np

from engine.backend import open_backend
from engine.catalogue import LAYERS
from engine.layers.base import Activation, Layer
from engine.layers.shapes import Reshape
from engine.network import Network
from engine.project import Project, project_from
from engine.spec import build
from tests.engine.image_cases import IMAGE_CASES
from tests.engine.layer_case import Array, LayerCase
from tests.engine.recurrent_formulas import flat_run, reset_first_gru

DTYPES = ("float32", "float64")
CLOSE = {"float32": {"rtol": 2e-5, "atol": 2e-6}, "float64": {"rtol": 1e-11, "atol": 1e-13}}


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


_LN_EPS = "nn.LayerNorm(4, eps=0.5)"
_MAXOUT, _MAXOUT_1 = (
    "nn.Linear(4, 15)|.unflatten(1, (3, 5)).max(2).values",
    "nn.Linear(4, 2, bias=False)|.max(1, True).values",
)


def normal_cdf(x: Array) -> Array:
    phi: Array = np.vectorize(lambda a: erfc(-a / sqrt(2)) / 2, otypes=[np.float64])(x)
    return phi


def elu(x: Array, alpha: float = 1.0, scale: float = 1.0) -> Array:
    return scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def log_softmax(z: Array) -> Array:
    shifted = z - z.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


SELU = (1.6732632423543772, 1.0507009873554805)
SHAPED: dict[str, object] = {"kind": "reshape", "shape": [2, 1, 2]}


def _case(
    declared: dict[str, object], values: Callable[[Array], Array], torch: str, name: str = "", **more: Any
) -> LayerCase:
    """One without parameters, called by its kind where that says all."""
    return LayerCase(name or str(declared["kind"]), declared, lambda x, p: values(x), torch, **more)


THREE_STEPS: dict[str, object] = {"kind": "reshape", "shape": [3, 2]}


def _recurrent(kind: str, name: str = "", whole: bool = False, **fields: object) -> LayerCase:
    """A recurrent layer of two units on three steps of two features."""
    layers, both, relu = fields.get("layers", 1), fields.get("bidirectional", False), "nonlinearity" in fields
    declared = {"kind": kind, "units": 2, **({"return_sequences": True} if whole else {}), **fields}
    first = not fields.get("reset_after", True)
    torch = "reset_first_gru(torch, " if first else f"nn.{kind.upper()}("
    torch += f"2, 2, num_layers={layers}, bidirectional={both}, bias={fields.get('bias', True)}"
    torch += ", batch_first=True" + (", nonlinearity='relu')" if relu else ")")
    ends = f"[1]{'[0]' if kind == 'lstm' else ''}"
    torch += "|[0]" if whole else f"|{ends}[-2:].transpose(0, 1).flatten(1)" if both else f"|{ends}[-1]"

    def values(x: Array, p: dict[str, Array]) -> Array:
        formula = "relu" if relu else "reset_first" if first else kind
        return flat_run(formula, x, p, 3, whole, layers=layers, both=both)

    width = 4 if both else 2
    shape, units = ((3, width), 3 * width) if whole else (None, width)
    return LayerCase(f"{kind}{name}", declared, values, torch, 6, units, shape, (THREE_STEPS,))


STACK = {"layers": 2, "bidirectional": True}


LAYER_CASES = (
    LayerCase(
        "dense", {"kind": "dense", "units": 3}, lambda x, p: x @ p["weight"].T + p["bias"], "nn.Linear(4, 3)", 4, 3
    ),
    LayerCase(
        "dense_no_bias",
        {"kind": "dense", "units": 5, "bias": False},
        lambda x, p: x @ p["weight"].T,
        "nn.Linear(4, 5, bias=False)",
        4,
        5,
    ),
    LayerCase(
        "dense_steps",
        {"kind": "dense", "units": 11},
        lambda x, p: (x.reshape(-1, 3, 2) @ p["weight"].T + p["bias"]).reshape(-1, 33),
        "nn.Linear(2, 11)",
        6,
        33,
        (3, 11),
        (THREE_STEPS,),
    ),
    LayerCase(
        "dense_steps_no_bias",
        {"kind": "dense", "units": 13, "bias": False},
        lambda x, p: (x.reshape(-1, 3, 2) @ p["weight"].T).reshape(-1, 39),
        "nn.Linear(2, 13, bias=False)",
        6,
        39,
        (3, 13),
        (THREE_STEPS,),
    ),
    LayerCase(
        "embedding",
        {"kind": "embedding", "vocabulary": 3, "dim": 2},
        lambda x, p: p["weight"][np.clip(np.round(x), 0, 2).astype(int)].reshape(-1, 8),
        "x.round().clamp(0, 2).long() >> nn.Embedding(3, 2)",
        4,
        8,
        (4, 2),
    ),
    *(_recurrent(kind) for kind in ("rnn", "lstm", "gru")),
    *(_recurrent(kind, "_sequences", whole=True) for kind in ("rnn", "lstm", "gru")),
    *(_recurrent(kind, "_stack", **STACK) for kind in ("rnn", "lstm", "gru")),
    *(_recurrent(kind, "_stack_sequences", whole=True, **STACK) for kind in ("rnn", "lstm", "gru")),
    *(_recurrent(kind, "_no_bias", bias=False, layers=2) for kind in ("rnn", "lstm", "gru")),
    _recurrent("rnn", "_relu", nonlinearity="relu", bidirectional=True),
    _recurrent("gru", "_reset_first", reset_after=False),
    _recurrent("gru", "_reset_first_stack", whole=True, reset_after=False, **STACK),
    _recurrent("gru", "_reset_first_no_bias", reset_after=False, bias=False, layers=2),
    _case({"kind": "relu"}, lambda x: np.where(x > 0, x, 0), "nn.ReLU()"),
    _case({"kind": "leaky_relu"}, lambda x: np.where(x > 0, x, 0.01 * x), "nn.LeakyReLU()"),
    _case(
        {"kind": "leaky_relu", "negative_slope": 0.3},
        lambda x: np.where(x > 0, x, 0.3 * x),
        "nn.LeakyReLU(0.3)",
        "leaky_relu_steep",
    ),
    _case({"kind": "elu"}, elu, "nn.ELU()"),
    _case({"kind": "elu", "alpha": 1.75}, lambda x: elu(x, 1.75), "nn.ELU(1.75)", "elu_alpha"),
    _case({"kind": "selu"}, lambda x: elu(x, *SELU), "nn.SELU()"),
    _case({"kind": "gelu"}, lambda x: x * normal_cdf(x), "nn.GELU()"),
    _case({"kind": "silu"}, lambda x: x * sigmoid(x), "nn.SiLU()"),
    _case({"kind": "softplus"}, lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), "nn.Softplus()"),
    _case({"kind": "softsign"}, lambda x: x / (1 + np.abs(x)), "nn.Softsign()"),
    _case({"kind": "sigmoid"}, sigmoid, "nn.Sigmoid()"),
    _case({"kind": "tanh"}, np.tanh, "nn.Tanh()"),
    _case({"kind": "scaled_tanh"}, lambda x: 1.7159 * np.tanh(x * 2 / 3), "lambda x: 1.7159 * torch.tanh(2 * x / 3)"),
    _case({"kind": "softmax"}, softmax, "nn.Softmax(dim=1)"),
    _case({"kind": "log_softmax"}, log_softmax, "nn.LogSoftmax(dim=1)"),
    _case({"kind": "square"}, np.square, "torch.square"),
    _case({"kind": "exp"}, np.exp, "torch.exp"),
    _case({"kind": "log"}, np.log, "torch.log", before=({"kind": "softplus"},)),
    _case(SHAPED, lambda x: x, "nn.Unflatten(1, (2, 1, 2))", shape=(2, 1, 2)),
    _case(THREE_STEPS, lambda x: x, "nn.Unflatten(1, (3, 2))", "reshape_steps", features=6, units=6, shape=(3, 2)),
    _case({"kind": "flatten"}, lambda x: x, "nn.Flatten()", before=(SHAPED,)),
    _case({"kind": "reshape", "shape": [4]}, lambda x: x, "nn.Flatten()", "reshape_to_vector", before=(SHAPED,)),
    _case(
        {"kind": "reshape", "shape": [1, 4]},
        lambda x: x,
        "lambda x: x.reshape(-1, 1, 4)",
        "reshape_again",
        shape=(1, 4),
        before=(SHAPED, {"kind": "tanh"}),
    ),
    LayerCase("layer_norm", {"kind": "layer_norm"}, lambda x, p: normed(x, 1, p), "nn.LayerNorm(4)"),
    LayerCase("layer_norm_eps", {"kind": "layer_norm", "eps": 0.5}, lambda x, p: normed(x, 1, p, 0.5), _LN_EPS),
    LayerCase("prelu", {"kind": "prelu"}, lambda x, p: np.where(x > 0, x, p["weight"] * x), "nn.PReLU()"),
    LayerCase(
        "prelu_per_feature",
        {"kind": "prelu", "per_feature": True},
        lambda x, p: np.where(x > 0, x, p["weight"] * x),
        "nn.PReLU(4)",
    ),
    LayerCase("maxout", {"kind": "maxout", "units": 3, "pieces": 5}, lambda x, p: maxout(x, p, 3), _MAXOUT, 4, 3),
    LayerCase(
        "maxout_no_bias", {"kind": "maxout", "units": 1, "bias": False}, lambda x, p: maxout(x, p, 1), _MAXOUT_1, 4, 1
    ),
    *IMAGE_CASES,
)
# Those that are not the same in training and after it, the constant, which has no input, and the tied layer, which
# needs another: test_modes.py and test_tied.py.
APART = ("batch_norm", "dropout", "constant", "tied")
FUNCTIONS = {case.name: case.values for case in LAYER_CASES}
ACTIVATIONS = tuple(kind for kind, layer in LAYERS.items() if issubclass(layer, Activation))


def project_json(
    layers: list[dict[str, object]],
    loss: str | dict[str, object] = "mse",
    data: dict[str, object] | None = None,
    **training: object,
) -> dict[str, Any]:
    """The project file of a chain of layers, each with its id, behind an input called x."""
    loss = {"kind": loss} if isinstance(loss, str) else loss
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
        "training": {
            "loss": {"kind": loss} if isinstance(loss, str) else loss,
            "optimizer": {"kind": "sgd", "lr": 0.1},
            **training,
        },
    }


def project(*args: Any, **kwargs: Any) -> Project:
    made = project_from(project_json(*args, **kwargs), Path())
    assert not made.problems()
    return made


def network(made: Project, dtype: str = "float64", seed: int = 0, scale: float = 1.0) -> Network:
    """A network with every parameter uniform on [-scale, scale], biases too."""
    net = Network(made, open_backend("cpu", dtype))
    if net.preprocess.shapes:
        net.preprocess.fit(made.data.load(made.folder).x)
    rng = np.random.default_rng(seed)
    net.load_parameters({name: rng.uniform(-scale, scale, a.shape) for name, a in net.parameters().items()})
    return net


def behind_identity(case: LayerCase) -> Project:
    """The layer behind a dense layer `pre` of its width, as the last node under a loss that takes it as it is.

    What is no vector is made one by a `flatten` behind.
    """
    return project(
        [
            {"id": "pre", "kind": "dense", "units": case.features},
            *({"id": f"before{number}", **declared} for number, declared in enumerate(case.before)),
            {"id": "node", **case.declared},
            *([{"id": "flat", "kind": "flatten"}] if case.shape else []),
        ],
        data={"kind": "noise", "shape": [case.features], "targets": case.units, "samples": 8},
    )


@cache
def declared_like(layer: Layer) -> LayerCase | None:
    """The case whose layer is the same, field by field."""
    return next((case for case in LAYER_CASES if build(LAYERS, case.declared, case.name) == layer), None)


def _function(layer: Layer, has_bias: bool) -> Callable[[Array, dict[str, Array]], Array]:
    """The formula of a layer: of the case that is declared like it, else of the one that has its kind's name."""
    exact = declared_like(layer)
    kind = "dense_no_bias" if layer.kind() == "dense" and not has_bias else layer.kind()
    return FUNCTIONS[kind] if exact is None else exact.values


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
        values[node.id] = _function(node.layer, "bias" in own)(values[last], own)
        last = node.id
    return values


def torch_net(torch: Any, made: Project, parameters: dict[str, Array]) -> Any:
    """The chain as PyTorch has it, in float64 with these parameters; nodes by id."""

    class Function(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, function: Callable[[Any], Any]) -> None:
            super().__init__()
            self.function = function

        def forward(self, x: Any) -> Any:
            return self.function(x)

    net, shapes = torch.nn.Sequential(), made.structure().shapes
    for node, (last, _) in zip(made.graph.nodes[1:], pairwise(made.structure().order), strict=True):
        before = behind = ""
        if node.layer.kind() == "dense":
            features, units = shapes[last][-1], shapes[node.id][-1]
            module: Any = torch.nn.Linear(features, units, bias=f"{node.id}.bias" in parameters)
        elif isinstance(node.layer, Reshape) and len(shapes[last]) == 1:
            module = torch.nn.Unflatten(1, node.layer.shape)
        else:
            case = declared_like(node.layer)
            assert case is not None
            before, _, made_by = case.torch.rpartition(" >> ")
            made_by, _, behind = made_by.partition("|")
            names = {"torch": torch, "nn": torch.nn, "reset_first_gru": reset_first_gru}
            module = eval(made_by, names)
        if before:
            net.add_module(f"{node.id}_before", Function(eval(f"lambda x: {before}")))
        net.add_module(node.id, module if isinstance(module, torch.nn.Module) else Function(module))
        if behind:
            net.add_module(f"{node.id}_behind", Function(eval(f"lambda out: out{behind}")))
    net.double().load_state_dict({name: torch.from_numpy(array) for name, array in parameters.items()})
    return net

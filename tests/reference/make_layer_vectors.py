"""What PyTorch computes in float64 for single layers, hard inputs among them, written to layers.npz and layers.json.

    python tests/reference/make_layer_vectors.py

needs torch, which netviz itself does not; the two files are kept, so that the tests do without.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

HERE = Path(__file__).parent
HARD = (0.0, 1e-8, -1e-8, 1e-3, -1e-3, 0.5, -0.5, 1.0, -1.0, 3.0, -3.0, 8.0, -8.0, 30.0, -30.0, 1e3, -1e3)
FEATURES, INPUTS = 4, 3

Function = Callable[..., torch.Tensor]
Declared = dict[str, object]

ALONE: tuple[tuple[str, Declared, Function], ...] = (
    ("relu", {"kind": "relu"}, nn.ReLU()),
    ("leaky_relu", {"kind": "leaky_relu"}, nn.LeakyReLU()),
    ("leaky_relu_steep", {"kind": "leaky_relu", "negative_slope": 0.3}, nn.LeakyReLU(0.3)),
    ("elu", {"kind": "elu"}, nn.ELU()),
    ("elu_alpha", {"kind": "elu", "alpha": 1.75}, nn.ELU(1.75)),
    ("selu", {"kind": "selu"}, nn.SELU()),
    ("gelu", {"kind": "gelu"}, nn.GELU()),
    ("silu", {"kind": "silu"}, nn.SiLU()),
    ("softplus", {"kind": "softplus"}, nn.Softplus()),
    ("softsign", {"kind": "softsign"}, nn.Softsign()),
    ("sigmoid", {"kind": "sigmoid"}, nn.Sigmoid()),
    ("tanh", {"kind": "tanh"}, nn.Tanh()),
    ("scaled_tanh", {"kind": "scaled_tanh"}, lambda x: 1.7159 * torch.tanh(2 * x / 3)),
    ("softmax", {"kind": "softmax"}, lambda x: functional.softmax(x, dim=1)),
    ("log_softmax", {"kind": "log_softmax"}, lambda x: functional.log_softmax(x, dim=1)),
    ("square", {"kind": "square"}, torch.square),
    ("exp", {"kind": "exp"}, torch.exp),
    ("log", {"kind": "log"}, torch.log),
    ("reshape", {"kind": "reshape", "shape": [2, 1, 2]}, lambda x: x.reshape(-1, 2, 1, 2)),
    ("flatten", {"kind": "flatten"}, nn.Flatten()),
)
JOINS: tuple[tuple[str, Declared, Function], ...] = (
    ("add", {"kind": "add"}, lambda a, b, c: a + b + c),
    ("multiply", {"kind": "multiply"}, lambda a, b, c: a * b * c),
    ("concat", {"kind": "concat"}, lambda a, b, c: torch.cat([a, b, c], dim=1)),
)


def hard(rng: np.random.Generator) -> np.ndarray:
    """Rows of hard numbers and of plain ones: each hard number stands beside others of all sizes."""
    rows = np.stack([rng.permutation(HARD) for _ in range(FEATURES)], axis=1)
    return np.concatenate([rows, rng.standard_normal((8, FEATURES)), 5 * rng.standard_normal((8, FEATURES))])


def main() -> None:
    rng = np.random.default_rng(21)
    arrays: dict[str, np.ndarray] = {}
    cases: list[dict[str, object]] = []
    for table, count in ((ALONE, 1), (JOINS, INPUTS)):
        for name, declared, function in table:
            inputs = [torch.from_numpy(hard(rng)).requires_grad_() for _ in range(count)]
            value = function(*inputs)
            delta = torch.from_numpy(rng.standard_normal(tuple(value.shape)))
            value.backward(delta)
            arrays |= {f"{name}/x": np.concatenate([x.detach().numpy() for x in inputs], axis=1)}
            arrays |= {f"{name}/value": value.detach().numpy(), f"{name}/delta": delta.numpy()}
            arrays |= {f"{name}/gradient": np.concatenate([x.grad.numpy() for x in inputs], axis=1)}
            cases.append({"name": name, "layer": declared, "inputs": count})
    np.savez_compressed(HERE / "layers.npz", **arrays)
    (HERE / "layers.json").write_text(json.dumps({"torch": torch.__version__, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()

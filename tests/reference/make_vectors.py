"""What PyTorch computes in float64 for small nets, written to vectors.npz and vectors.json.

    python tests/reference/make_vectors.py

needs torch, which netviz itself does not; the two files are kept, so that the tests do without.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).parent
EXAMPLES = 12
STEPS = 20
L2 = 0.01

Optimizer = Callable[[list[nn.Parameter]], torch.optim.Optimizer]

LOSSES: dict[str, nn.Module] = {
    "mse": nn.MSELoss(),
    "cross_entropy": nn.CrossEntropyLoss(),
    "binary_cross_entropy": nn.BCEWithLogitsLoss(),
}
ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU, "sigmoid": nn.Sigmoid}


@dataclass(frozen=True, slots=True)
class Case:
    """A net of `sizes` with one activation between its dense layers; `classes` where y are classes."""

    name: str
    sizes: tuple[int, ...]
    activation: str
    loss: str
    classes: int | None = None
    with_l2: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """One optimizer: what a project says of it, and PyTorch's."""

    name: str
    declared: dict[str, object]
    make: Optimizer


CASES = (
    Case("tanh_mse", (2, 4, 1), "tanh", "mse", with_l2=True),
    Case("relu_cross_entropy", (5, 7, 3), "relu", "cross_entropy", classes=3),
    Case("sigmoid_mse", (4, 6, 6, 2), "sigmoid", "mse"),
    Case("tanh_bce", (3, 5, 1), "tanh", "binary_cross_entropy", classes=2),
    Case("relu_bce_columns", (3, 4, 2), "relu", "binary_cross_entropy"),
)
WAYS = (
    Way("sgd", {"kind": "sgd", "lr": 0.1}, lambda p: torch.optim.SGD(p, lr=0.1)),
    Way("momentum", {"kind": "sgd", "lr": 0.1, "momentum": 0.9}, lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
    Way(
        "nesterov",
        {"kind": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True},
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    ),
    Way("adam", {"kind": "adam", "lr": 0.01}, lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.9, 0.999), eps=1e-8)),
)


def build(case: Case) -> nn.Sequential:
    """Dense layers h1, h2, … out with activations a1, a2, … between them, all parameters drawn from U(−1, 1)."""
    net = nn.Sequential()
    last = len(case.sizes) - 1
    for number, (before, after) in enumerate(pairwise(case.sizes), 1):
        net.add_module("out" if number == last else f"h{number}", nn.Linear(before, after))
        if number < last:
            net.add_module(f"a{number}", ACTIVATIONS[case.activation]())
    for parameter in net.parameters():
        nn.init.uniform_(parameter, -1, 1)
    return net


def project(case: Case, net: nn.Sequential, way: Way, l2: float) -> dict[str, object]:
    """The same training as a netviz project: all examples in every step, none kept for validation."""
    nodes: list[dict[str, object]] = [{"id": "x", "kind": "input"}]
    for name, layer in net.named_children():
        if isinstance(layer, nn.Linear):
            nodes.append({"id": name, "kind": "dense", "units": layer.out_features})
        else:
            nodes.append({"id": name, "kind": case.activation})
    ids = [node["id"] for node in nodes]
    return {
        "format": "netviz-project",
        "version": 1,
        "name": f"{case.name} {way.name}",
        "data": {"kind": "npz", "path": "case.npz", "validation": 0.0},
        "graph": {"nodes": nodes, "edges": [list(edge) for edge in pairwise(ids)]},
        "training": {
            "loss": {"kind": case.loss},
            "optimizer": way.declared,
            "regularization": {"l1": 0.0, "l2": l2},
            "batch_size": "all",
            "shuffle": False,
            "epochs": STEPS,
        },
    }


def examples(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """x, and y as they stand in a file: classes (N,) or numbers (N, K)."""
    x = torch.randn(EXAMPLES, case.sizes[0]).numpy()
    if case.loss == "binary_cross_entropy" and case.classes is None:
        return x, torch.rand(EXAMPLES, case.sizes[-1]).numpy()
    if case.classes is None:
        return x, torch.randn(EXAMPLES, case.sizes[-1]).numpy()
    return x, np.arange(EXAMPLES, dtype=np.int64) % case.classes


def loss_of(case: Case, net: nn.Sequential, x: np.ndarray, y: np.ndarray) -> torch.Tensor:
    """The loss without a regularizer."""
    target = torch.from_numpy(y)
    if case.loss == "binary_cross_entropy" and case.classes is not None:
        target = target.to(torch.float64)[:, None]
    return LOSSES[case.loss](net(torch.from_numpy(x)), target)


def penalty(net: nn.Sequential, l2: float) -> torch.Tensor:
    """λ/2 ‖W‖² over weights, never biases."""
    return l2 / 2 * sum(layer.weight.square().sum() for layer in net if isinstance(layer, nn.Linear))


def parameters(net: nn.Sequential) -> dict[str, np.ndarray]:
    return {name: value.detach().numpy().copy() for name, value in net.named_parameters()}


def train(case: Case, way: Way, l2: float, initial: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray):
    """The loss before each of the steps, without the penalty, and the parameters after the last."""
    net = build(case)
    net.load_state_dict({name: torch.from_numpy(value) for name, value in initial.items()})
    optimizer = way.make(list(net.parameters()))
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(case, net, x, y)
        losses.append(loss.item())
        (loss + penalty(net, l2)).backward()
        optimizer.step()
    return np.array(losses), parameters(net), project(case, net, way, l2)


def main() -> None:
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(20)
    arrays: dict[str, np.ndarray] = {}
    runs: list[dict[str, object]] = []
    for case in CASES:
        net = build(case)
        x, y = examples(case)
        loss = loss_of(case, net, x, y)
        loss.backward()
        initial = parameters(net)
        arrays |= {f"{case.name}/x": x, f"{case.name}/y": y, f"{case.name}/loss": np.array(loss.item())}
        arrays |= {f"{case.name}/initial/{name}": value for name, value in initial.items()}
        arrays |= {f"{case.name}/gradient/{name}": value.grad.numpy() for name, value in net.named_parameters()}
        for way in WAYS:
            for l2 in (0.0, L2) if case.with_l2 else (0.0,):
                name = f"{way.name}_l2" if l2 else way.name
                losses, final, declared = train(case, way, l2, initial, x, y)
                arrays[f"{case.name}/{name}/losses"] = losses
                arrays |= {f"{case.name}/{name}/final/{key}": value for key, value in final.items()}
                runs.append({"case": case.name, "run": name, "project": declared})
    np.savez_compressed(HERE / "vectors.npz", **arrays)
    origin = {"torch": torch.__version__, "steps": STEPS, "runs": runs}
    (HERE / "vectors.json").write_text(json.dumps(origin, indent=1) + "\n")


if __name__ == "__main__":
    main()

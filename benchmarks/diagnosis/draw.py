"""What a labelled run is made of: a project drawn from a seed, so that no two runs of a recipe are the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from engine.catalogue import DATASETS
from engine.spec import build

JSON = dict[str, Any]
GOOD_INIT = {"relu": "he_normal", "selu": "lecun_normal", "tanh": "glorot_uniform", "sigmoid": "glorot_uniform"}


@dataclass
class Draw:
    """Numbers that differ from run to run of a recipe: sizes, rates, seeds. `folder` takes the data it makes."""

    seed: int
    folder: Path
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)

    def near(self, value: float, factor: float = 1.4) -> float:
        """A number within `factor` of `value`, even on a log scale."""
        return float(f"{value * factor ** self.rng.uniform(-1, 1):.3g}")

    def of(self, *choices: Any) -> Any:
        return choices[self.rng.integers(len(choices))]

    def toy(self, kind: str, **more: Any) -> JSON:
        return {"kind": kind, "samples": self.of(200, 300, 400), "seed": self.seed, **more}

    def npz(self, x: Any, y: Any, x_val: Any = None, y_val: Any = None) -> JSON:
        """These arrays as a data file, a quarter of them for validation where no others are given."""
        if x_val is None:
            held = len(x) // 4
            x, y, x_val, y_val = x[held:], y[held:], x[:held], y[:held]
        np.savez(self.folder / f"{self.seed}.npz", x=x, y=y, x_val=x_val, y_val=y_val)
        return {"kind": "npz", "path": f"{self.seed}.npz"}

    def moved(self, data: JSON, factor: float = 1.0, offset: float = 0.0) -> JSON:
        """The same data with every input times `factor` plus `offset`."""
        loaded = build(DATASETS, data, "data").load(self.folder)
        return self.npz(loaded.x * factor + offset, loaded.y, loaded.x_val * factor + offset, loaded.y_val)

    def flowers(self, spread: float = 0.6) -> JSON:
        """Four measures of three kinds, some of which overlap."""
        y = self.rng.permutation(150) % 3
        centres = self.rng.normal(0, 1.5, (3, 4))
        return self.npz(centres[y] + spread * self.rng.standard_normal((150, 4)), y)

    def wave(self, noise: float = 0.05, scale: float = 1.0) -> JSON:
        x = self.rng.uniform(-1, 1, (200, 1))
        return self.npz(x, scale * (np.sin(3 * x) + noise * self.rng.standard_normal(x.shape)))

    def slope(self, features: int = 3) -> JSON:
        x = self.rng.standard_normal((200, features))
        return self.npz(x, x @ self.rng.standard_normal((features, 2)) + 0.1 * self.rng.standard_normal((200, 2)))


@dataclass(frozen=True)
class Recipe:
    """How runs of one label are made. `fault` is empty for a healthy one.

    A symptom of `found` names the fault; one of `causes` may be said to have begun first.
    """

    name: str
    make: Callable[[Draw], JSON]
    steps: int = 300
    fault: str = ""
    found: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()


def chain(*layers: JSON) -> JSON:
    """A graph of layers one behind another, from an input x to the last."""
    nodes: list[JSON] = [{"id": "x", "kind": "input"}]
    counts: dict[str, int] = {}
    for layer in layers:
        stem = {"dense": "h", "maxout": "h", "batch_norm": "n", "layer_norm": "n", "dropout": "d"}.get(
            layer["kind"], "a"
        )
        counts[stem] = counts.get(stem, 0) + 1
        nodes.append({"id": f"{stem}{counts[stem]}", **layer})
    return {"nodes": nodes, "edges": [[a["id"], b["id"]] for a, b in pairwise(nodes)]}


def dense(units: int, init: str = "glorot_uniform", **more: Any) -> JSON:
    return {"kind": "dense", "units": units, "init": init, **more}


def mlp(
    depth: int,
    width: int,
    act: str,
    outputs: int = 1,
    init: str | None = None,
    norm: str | None = None,
    dropout: float = 0.0,
    last: JSON | None = None,
    ends: Sequence[JSON] = (),
    **more: Any,
) -> JSON:
    """`depth` hidden layers; `more` are fields of the hidden dense layers, `last` of the output's."""
    layers: list[JSON] = []
    for _ in range(depth):
        layers.append(dense(width, init or GOOD_INIT.get(act, "he_normal"), **more))
        layers += [{"kind": norm}] if norm else []
        layers += [{"kind": act}] if act else []
        layers += [{"kind": "dropout", "rate": dropout}] if dropout else []
    return chain(*layers, {**dense(outputs), **(last or {})}, *ends)


def residual(blocks: int, width: int, act: str) -> JSON:
    """Blocks h ← h + W₂ act(W₁ h) between a first layer and the output."""
    nodes = [{"id": "x", "kind": "input"}, {"id": "first", **dense(width)}]
    edges: list[list[Any]] = [["x", "first"]]
    before = "first"
    for i in range(blocks):
        a, b, c, d = (f"{name}{i}" for name in ("in", "act", "out", "sum"))
        nodes += [
            {"id": a, **dense(width)},
            {"id": b, "kind": act},
            {"id": c, **dense(width)},
            {"id": d, "kind": "add"},
        ]
        edges += [[before, a], [a, b], [b, c], [before, d], [c, d]]
        before = d
    return {"nodes": [*nodes, {"id": "last", **dense(1)}], "edges": [*edges, [before, "last"]]}


def project(
    data: JSON,
    graph: JSON,
    loss: str = "binary_cross_entropy",
    lr: float = 0.01,
    optimizer: str = "adam",
    batch: int | str = 32,
    seed: int = 0,
    fields: JSON | None = None,
    **training: Any,
) -> JSON:
    return {
        "format": "netviz-project",
        "version": 1,
        "data": data,
        "graph": graph,
        "training": {
            "loss": {"kind": loss},
            "optimizer": {"kind": optimizer, "lr": lr, **(fields or {})},
            "batch_size": batch,
            "seed": seed,
            **training,
        },
    }

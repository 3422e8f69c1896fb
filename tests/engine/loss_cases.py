"""Losses by name: how a project declares each, the same as plain formulas, and as PyTorch has it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.project import Project
from tests.engine.cases import project
from tests.engine.layer_case import Array


@dataclass(frozen=True)
class LossCase:
    """A loss on `units` outputs; `value` is of the numbers `z` that the loss takes and targets as rows."""

    name: str
    kind: str
    units: int
    value: Callable[[Array, Array], Any]
    torch: str | Callable[[Array, Array], Any]  # the module of torch.nn, or a function of tensors z and y
    classes: int | None = None
    last: str | None = None  # a node drawn last, that the loss takes in
    rows: str = "numbers"  # what y are where they are not classes: numbers, shares from 0 to 1, or distributions
    one_hot: bool = field(default=False)
    options: dict[str, object] = field(default_factory=dict)
    weigh: Callable[[Array], Array] | None = None  # how much each example counts in the mean

    @property
    def declared(self) -> dict[str, object]:
        return {"kind": self.kind, **self.options}


def _mse(z: Array, y: Array) -> Any:
    return ((z - y) ** 2).mean()


def _bce(z: Array, y: Array) -> Any:
    return (np.logaddexp(0, z) - y * z).mean()


def _ce(z: Array, y: Array) -> Any:
    return (np.logaddexp.reduce(z, axis=1) - (y * z).sum(axis=1)).mean()


def _mae(z: Array, y: Array) -> Any:
    return np.abs(z - y).mean()


def _huber(delta: float) -> Callable[[Array, Array], Any]:
    def value(z: Array, y: Array) -> Any:
        far = np.abs(z - y)
        return np.where(far <= delta, far**2 / 2, delta * (far - delta / 2)).mean()

    return value


def _hinge(z: Array, y: Array) -> Any:
    return np.maximum(0, 1 - (2 * y - 1) * z).mean()


def _hinge_of_classes(z: Array, y: Array) -> Any:
    own = z[y == 1][:, None]
    return (np.maximum(0, 1 - own + z) * (1 - y)).sum() / z.size


def _smooth_bce(z: Array, y: Array) -> Any:
    return _bce(z, 0.8 * y + 0.1)


def _general_ce(smoothing: float, weights: tuple[float, ...], by_class: bool) -> Callable[[Array, Array], Any]:
    def value(z: Array, y: Array) -> Any:
        w = np.array(weights)
        logs = np.logaddexp.reduce(z, axis=1, keepdims=True) - z
        terms = (w * ((1 - smoothing) * y + smoothing / z.shape[1]) * logs).sum()
        return terms / ((w * y).sum() if by_class else len(z))

    return value


def _torch_hinge(z: Any, y: Any) -> Any:
    return (1 - (2 * y - 1) * z).clamp(min=0).mean()


def _torch_smooth_bce(z: Any, y: Any) -> Any:
    import torch

    return torch.nn.BCEWithLogitsLoss()(z, 0.8 * y + 0.1)


def _ce_by_step(classes: int) -> Callable[[Array, Array], Any]:
    def value(z: Array, y: Array) -> Any:
        parts = [slice(at, at + classes) for at in range(0, z.shape[1], classes)]
        each = [(y[:, at] * (np.logaddexp.reduce(z[:, at], axis=1, keepdims=True) - z[:, at])).sum(1) for at in parts]
        return np.mean(each)

    return value


def _torch_ce_by_step(classes: int) -> Callable[[Any, Any], Any]:
    def value(z: Any, y: Any) -> Any:
        import torch

        z, y = (each.unflatten(1, (-1, classes)).transpose(1, 2) for each in (z, y))
        return torch.nn.CrossEntropyLoss()(z, y)

    return value


WEIGHTS = (0.5, 2.0, 1.25)
CE_WEIGHTED = f"CrossEntropyLoss(weight=torch.tensor({WEIGHTS}, dtype=torch.float64)"


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
    LossCase("mae", "mae", 2, _mae, "L1Loss()"),
    LossCase("mae_one_hot", "mae", 3, _mae, "L1Loss()", classes=3, one_hot=True),
    LossCase("huber", "huber", 2, _huber(1), "HuberLoss()"),
    LossCase("huber_narrow", "huber", 1, _huber(0.25), "HuberLoss(delta=0.25)", options={"delta": 0.25}),
    LossCase("hinge", "hinge", 1, _hinge, _torch_hinge, classes=2),
    LossCase("hinge_classes", "hinge", 3, _hinge_of_classes, "MultiMarginLoss()", classes=3, one_hot=True),
    LossCase("hinge_more_outputs", "hinge", 4, _hinge_of_classes, "MultiMarginLoss()", classes=2, one_hot=True),
    LossCase(
        "bce_smooth",
        "binary_cross_entropy",
        1,
        _smooth_bce,
        _torch_smooth_bce,
        classes=2,
        options={"label_smoothing": 0.2},
    ),
    LossCase(
        "ce_smooth",
        "cross_entropy",
        4,
        _general_ce(0.2, (1, 1, 1, 1), True),
        "CrossEntropyLoss(label_smoothing=0.2)",
        classes=3,
        one_hot=True,
        last="softmax",
        options={"label_smoothing": 0.2},
    ),
    LossCase(
        "ce_smooth_rows",
        "cross_entropy",
        3,
        _general_ce(0.2, WEIGHTS, False),
        f"{CE_WEIGHTED}, label_smoothing=0.2)",
        rows="distributions",
        options={"label_smoothing": 0.2, "class_weights": list(WEIGHTS)},
    ),
    LossCase(
        "ce_weighted",
        "cross_entropy",
        3,
        _general_ce(0.0, WEIGHTS, True),
        f"{CE_WEIGHTED})",
        classes=3,
        one_hot=True,
        options={"class_weights": list(WEIGHTS)},
        weigh=lambda y: np.array(WEIGHTS)[y],
    ),
    LossCase(
        "ce_smooth_weighted",
        "cross_entropy",
        3,
        _general_ce(0.1, WEIGHTS, True),
        f"{CE_WEIGHTED}, label_smoothing=0.1)",
        classes=3,
        one_hot=True,
        options={"label_smoothing": 0.1, "class_weights": list(WEIGHTS)},
        weigh=lambda y: np.array(WEIGHTS)[y],
    ),
    LossCase(
        "ce_by_step",
        "cross_entropy_by_step",
        6,
        _ce_by_step(3),
        _torch_ce_by_step(3),
        rows="distributions",
        options={"classes": 3},
    ),
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
    return project(layers, case.declared, data, **training)


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

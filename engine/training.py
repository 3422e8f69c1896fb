"""The training section of a project."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from engine.catalogue import LOSSES, OPTIMIZERS, SCHEDULES
from engine.course import EarlyStopping
from engine.data.augmentation import Augmentation
from engine.data.curriculum import Curriculum
from engine.errors import Problem, ProjectError
from engine.losses import Loss
from engine.optimizers import Optimizer
from engine.schedules import Schedule
from engine.spec import Declared, build, convert

# Within what float32 can say: a limit of 0 or infinity would make every gradient NaN.
Limit = {"ge": 1e-30, "le": 1e30, "extra": {"log": True}}


class Regularization(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Adds l1 Σ|w| + l2/2 Σw² to the loss, and keeps every unit's weights within `max_norm`; never biases."""

    l1: Annotated[float, Meta(ge=0, le=1e3, title="L1", description="Times Σ|w|", extra={"log": True})] = 0.0
    l2: Annotated[float, Meta(ge=0, le=1e3, title="L2", description="Times Σw²/2", extra={"log": True})] = 0.0
    max_norm: (
        Annotated[float, Meta(title="Max norm", description="Longest vector of weights into one unit", **Limit)] | None
    ) = None


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The plain fields of the section."""

    regularization: Regularization = Regularization()
    clip_value: (
        Annotated[float, Meta(title="Clip value", description="Largest number in the gradient, either sign", **Limit)]
        | None
    ) = None
    clip_norm: (
        Annotated[float, Meta(title="Clip norm", description="Longest gradient, as one vector", **Limit)] | None
    ) = None
    early_stopping: EarlyStopping | None = None
    curriculum: Curriculum | None = None
    augmentation: Augmentation | None = None
    first_weights: Annotated[
        str,
        Meta(
            max_length=1000,
            title="First weights",
            description="A file to begin with, what fits of it, relative to the project's folder; empty: all are drawn",
        ),
    ] = ""
    keep_zeros: Annotated[
        bool, Meta(title="Keep zeros", description="Weights that are zero at the start stay zero")
    ] = False
    batch_size: Annotated[
        Annotated[int, Meta(ge=1, le=10_000_000)] | Literal["all"],
        Meta(title="Batch size", description="Examples a step; all: the whole training part"),
    ] = 32
    shuffle: Annotated[bool, Meta(title="Shuffle", description="A new order every epoch")] = True
    epochs: Annotated[int, Meta(ge=1, le=10_000_000, title="Epochs", description="Where play stops")] = 100
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1, title="Seed", description="Draws weights and batches")] = 0


class Training(Settings, frozen=True, kw_only=True):
    """How the network is trained."""

    loss: Loss
    optimizer: Optimizer
    schedule: Schedule | None = None

    def to_json(self) -> dict[str, Any]:
        return {name: _plain(getattr(self, name)) for name in (*_DECLARED, *Settings.__struct_fields__)}


_DECLARED = ("loss", "optimizer", "schedule")


def training_from(data: object, where: str = "training") -> Training:
    """The training section that `data` describes; raises ProjectError."""
    if not isinstance(data, dict):
        raise ProjectError(Problem(where, "expected an object"))
    for name in ("loss", "optimizer"):
        if name not in data:
            raise ProjectError(Problem(f"{where}.{name}", "is missing"))
    loss = build(LOSSES, data["loss"], f"{where}.loss")
    optimizer = build(OPTIMIZERS, data["optimizer"], f"{where}.optimizer")
    planned = data.get("schedule")
    schedule = None if planned is None else build(SCHEDULES, planned, f"{where}.schedule")
    plain = convert({k: v for k, v in data.items() if k not in _DECLARED}, Settings, where)
    fields = {name: getattr(plain, name) for name in Settings.__struct_fields__}
    return Training(loss=loss, optimizer=optimizer, schedule=schedule, **fields)


def _plain(value: Any) -> Any:
    return value.to_json() if isinstance(value, Declared) else msgspec.to_builtins(value)

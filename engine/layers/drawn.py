"""First weights as layers declare them: the fields that say the law, and how numbers are drawn by it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

import msgspec
import numpy as np
from msgspec import Meta

from engine.backend import Array
from engine.initializers import GAINED, GAINS, INITIALIZERS, GainName, InitName, Request

if TYPE_CHECKING:
    from engine.layers.base import Shape

Bias = Annotated[bool, Meta(title="Bias", description="Adds b to every unit")]
Init = Annotated[InitName, Meta(title="Initial weights", description="How W is drawn")]
InitStd = Annotated[
    float,
    Meta(
        gt=0,
        title="Std of weights",
        description="Standard deviation of the normal",
        extra={"only_if": ("init", "normal"), "log": True},
    ),
]
InitLimit = Annotated[
    float,
    Meta(
        gt=0,
        title="Limit of weights",
        description="Weights are uniform in [-limit, limit]",
        extra={"only_if": ("init", "uniform"), "log": True},
    ),
]
InitValue = Annotated[
    float, Meta(title="Weights' value", description="What every weight is", extra={"only_if": ("init", "constant")})
]
InitGain = Annotated[
    Annotated[float, Meta(gt=0)] | GainName,
    Meta(
        title="Gain of weights",
        description=f"A factor; or {', '.join(GAINS)} for what keeps a signal's scale under it",
        extra={"only_if": ("init", *GAINED)},
    ),
]
InitNonzero = Annotated[
    int,
    Meta(ge=1, title="Inputs per unit", description="Weights that are not 0", extra={"only_if": ("init", "sparse")}),
]
BiasInit = Annotated[
    float | Literal["zeros", "ones"], Meta(title="Initial bias", description="What every b is at first")
]
Trainable = Annotated[bool, Meta(title="Trainable", description="Off: the weights stay as they are")]


class Draws(Protocol):
    """A layer that declares the fields above."""

    @property
    def bias(self) -> bool: ...
    @property
    def init(self) -> str: ...
    @property
    def init_std(self) -> float: ...
    @property
    def init_limit(self) -> float: ...
    @property
    def init_value(self) -> float: ...
    @property
    def init_gain(self) -> float | GainName: ...
    @property
    def init_nonzero(self) -> int: ...
    @property
    def bias_init(self) -> float | Literal["zeros", "ones"]: ...


def words_to_numbers(layer: Any) -> None:
    """Puts numbers in the place of the words that `init_gain` and `bias_init` may be: of a frozen layer being made."""
    gain = layer.init_gain
    if isinstance(gain, str):
        msgspec.structs.force_setattr(layer, "init_gain", GAINS[gain])
    word_to_bias(layer)


def word_to_bias(layer: Any) -> None:
    """The same for `bias_init` alone."""
    if isinstance(layer.bias_init, str):
        msgspec.structs.force_setattr(layer, "bias_init", {"zeros": 0.0, "ones": 1.0}[layer.bias_init])


def request(layer: Draws, shape: Shape, fan_in: int, fan_out: int) -> Request:
    """What the layer wants of its weights' law."""
    return Request(
        shape,
        fan_in,
        fan_out,
        layer.init_std,
        layer.init_limit,
        layer.init_value,
        float(layer.init_gain),
        layer.init_nonzero,
    )


def draw(layer: Draws, name: str, rng: np.random.Generator, want: Request) -> Array:
    """First values of the parameter `name`."""
    if name == "bias":
        return np.full(want.shape, float(layer.bias_init))
    return INITIALIZERS[layer.init].draw(rng, want)


def torch_lines(layer: Draws, module: str, want: Request) -> tuple[str, ...]:
    """The PyTorch lines that draw the weights and biases of `module`."""
    return (INITIALIZERS[layer.init].torch(f"{module}.weight", want), *torch_bias(layer, module, want))


def torch_bias(layer: Draws, module: str, want: Request) -> tuple[str, ...]:
    """Those that set the biases; none where there are none."""
    if not layer.bias:
        return ()
    bias = INITIALIZERS["constant" if layer.bias_init else "zeros"]
    return (bias.torch(f"{module}.bias", replace(want, value=float(layer.bias_init))),)

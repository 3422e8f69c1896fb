"""First weights: one function for each name, drawing float64 from a generator that the caller has keyed."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from engine.spec import unknown

Array = np.ndarray[Any, Any]
InitName = Literal[
    "zeros",
    "ones",
    "constant",
    "normal",
    "uniform",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
]


@dataclass(frozen=True, slots=True)
class Request:
    """What is wanted: `fan_in` inputs feed each output, `fan_out` outputs are fed by each input."""

    shape: tuple[int, ...]
    fan_in: int
    fan_out: int
    std: float  # for `normal`
    limit: float  # for `uniform`
    value: float  # for `constant`


@dataclass(frozen=True, slots=True)
class Initializer:
    """A way to draw first weights; `help` is its formula and where it comes from."""

    name: InitName
    title: str
    draw: Callable[[np.random.Generator, Request], Array]
    torch_line: str  # draws tensor {w} by the same law

    def torch(self, tensor: str, want: Request) -> str:
        """The PyTorch line that draws `tensor`."""
        return self.torch_line.format(w=tensor, want=want)

    @property
    def help(self) -> str:
        return self.draw.__doc__ or ""


def zeros(rng: np.random.Generator, want: Request) -> Array:
    """W = 0: all units of a layer stay alike; for biases, or to show just that."""
    return np.zeros(want.shape)


def ones(rng: np.random.Generator, want: Request) -> Array:
    """W = 1."""
    return np.ones(want.shape)


def constant(rng: np.random.Generator, want: Request) -> Array:
    """W = init_value."""
    return np.full(want.shape, want.value, dtype=np.float64)


def normal(rng: np.random.Generator, want: Request) -> Array:
    """W ~ N(0, σ²), σ = init_std, untruncated."""
    return _normal(rng, want.shape, want.std)


def uniform(rng: np.random.Generator, want: Request) -> Array:
    """W ~ U(−init_limit, init_limit)."""
    return _uniform(rng, want.shape, want.limit)


def glorot_normal(rng: np.random.Generator, want: Request) -> Array:
    """W ~ N(0, σ²), σ = √(2 / (fan_in + fan_out)); Glorot and Bengio 2010, equation 12."""
    return _normal(rng, want.shape, math.sqrt(2 / (want.fan_in + want.fan_out)))


def glorot_uniform(rng: np.random.Generator, want: Request) -> Array:
    """W ~ U(−l, l), l = √(6 / (fan_in + fan_out)); Glorot and Bengio 2010, equation 16."""
    return _uniform(rng, want.shape, math.sqrt(6 / (want.fan_in + want.fan_out)))


def he_normal(rng: np.random.Generator, want: Request) -> Array:
    """W ~ N(0, σ²), σ = √(2 / fan_in); He, Zhang, Ren and Sun 2015, equation 10."""
    return _normal(rng, want.shape, math.sqrt(2 / want.fan_in))


def he_uniform(rng: np.random.Generator, want: Request) -> Array:
    """W ~ U(−l, l), l = √(6 / fan_in): the variance of He, Zhang, Ren and Sun 2015, equation 10."""
    return _uniform(rng, want.shape, math.sqrt(6 / want.fan_in))


def lecun_normal(rng: np.random.Generator, want: Request) -> Array:
    """W ~ N(0, σ²), σ = √(1 / fan_in); LeCun, Bottou, Orr and Müller 1998, Efficient BackProp, equation 16."""
    return _normal(rng, want.shape, math.sqrt(1 / want.fan_in))


INITIALIZERS: dict[str, Initializer] = {
    initializer.name: initializer
    for initializer in (
        Initializer("zeros", "Zeros", zeros, "nn.init.zeros_({w})"),
        Initializer("ones", "Ones", ones, "nn.init.ones_({w})"),
        Initializer("constant", "Constant", constant, "nn.init.constant_({w}, {want.value})"),
        Initializer("normal", "Normal", normal, "nn.init.normal_({w}, std={want.std})"),
        Initializer("uniform", "Uniform", uniform, "nn.init.uniform_({w}, -{want.limit}, {want.limit})"),
        Initializer("glorot_normal", "Glorot normal", glorot_normal, "nn.init.xavier_normal_({w})"),
        Initializer("glorot_uniform", "Glorot uniform", glorot_uniform, "nn.init.xavier_uniform_({w})"),
        Initializer("he_normal", "He normal", he_normal, 'nn.init.kaiming_normal_({w}, nonlinearity="relu")'),
        Initializer("he_uniform", "He uniform", he_uniform, 'nn.init.kaiming_uniform_({w}, nonlinearity="relu")'),
        Initializer(
            "lecun_normal", "LeCun normal", lecun_normal, 'nn.init.kaiming_normal_({w}, nonlinearity="linear")'
        ),
    )
}


def draw(
    name: str,
    rng: np.random.Generator,
    shape: tuple[int, ...],
    fan_in: int,
    fan_out: int,
    *,
    std: float,
    limit: float,
    value: float,
) -> Array:
    """First weights of `shape` in float64 by the initializer `name`; ValueError on a name that is not there."""
    if name not in INITIALIZERS:
        raise ValueError(unknown("init", name, INITIALIZERS))
    return INITIALIZERS[name].draw(rng, Request(shape, fan_in, fan_out, std, limit, value))


def _normal(rng: np.random.Generator, shape: tuple[int, ...], std: float) -> Array:
    return std * rng.standard_normal(shape)


def _uniform(rng: np.random.Generator, shape: tuple[int, ...], limit: float) -> Array:
    return rng.uniform(-limit, limit, shape)

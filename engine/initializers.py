"""First weights: one function for each name, drawing float64 from a generator that the caller has keyed."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

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
    "orthogonal",
    "lsuv",
    "sparse",
    "random_walk",
    "random_walk_relu",
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
    gain: float = 1.0  # for those in GAINED
    nonzero: int = 15  # for `sparse`

    @property
    def counted_by_shape(self) -> bool:
        """Whether the fans are those that PyTorch counts of a tensor (outputs, inputs, …) of that shape."""
        area = math.prod(self.shape[2:])
        return (self.fan_in, self.fan_out) == (math.prod(self.shape[1:]), self.shape[0] * area)

    @property
    def gained(self) -> str:
        """The gain as PyTorch's last argument; nothing where it is 1."""
        return "" if self.gain == 1 else f", gain={self.gain}"


@dataclass(frozen=True, slots=True)
class Initializer:
    """A way to draw first weights; `help` is its formula and where it comes from."""

    name: InitName
    title: str
    draw: Callable[[np.random.Generator, Request], Array]
    torch: Callable[[str, Request], str]  # the PyTorch line that draws a tensor of this name by the same law

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
    """W ~ N(0, σ²), σ = gain √(2 / (fan_in + fan_out)); Glorot and Bengio 2010, equation 12."""
    return _normal(rng, want.shape, glorot_std(want))


def glorot_uniform(rng: np.random.Generator, want: Request) -> Array:
    """W ~ U(−l, l), l = gain √(6 / (fan_in + fan_out)); Glorot and Bengio 2010, equation 16."""
    return _uniform(rng, want.shape, want.gain * math.sqrt(6 / (want.fan_in + want.fan_out)))


def he_normal(rng: np.random.Generator, want: Request) -> Array:
    """W ~ N(0, σ²), σ = √(2 / fan_in); He, Zhang, Ren and Sun 2015, equation 10."""
    return _normal(rng, want.shape, he_std(want))


def he_uniform(rng: np.random.Generator, want: Request) -> Array:
    """W ~ U(−l, l), l = √(6 / fan_in): the variance of He, Zhang, Ren and Sun 2015, equation 10."""
    return _uniform(rng, want.shape, math.sqrt(6 / want.fan_in))


def lecun_normal(rng: np.random.Generator, want: Request) -> Array:
    """W ~ N(0, σ²), σ = gain √(1 / fan_in); LeCun, Bottou, Orr and Müller 1998, Efficient BackProp, equation 16."""
    return _normal(rng, want.shape, want.gain * math.sqrt(1 / want.fan_in))


def orthogonal(rng: np.random.Generator, want: Request) -> Array:
    """W Wᵀ = gain² I, or Wᵀ W where W is tall, uniform over all such; Saxe, McClelland and Ganguli 2014."""
    rows = want.shape[0]
    columns = math.prod(want.shape[1:])
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q *= np.copysign(1.0, np.diagonal(r))  # without it, W would lean to the signs that QR prefers: Mezzadri 2007
    flat = q if rows >= columns else q.T
    return np.ascontiguousarray(want.gain * flat).reshape(want.shape)


def lsuv(rng: np.random.Generator, want: Request) -> Array:
    """W orthogonal, then scaled on data to outputs of variance 1, layer by layer; Mishkin and Matas 2016."""
    return orthogonal(rng, replace(want, gain=1.0))


def sparse(rng: np.random.Generator, want: Request) -> Array:
    """W = 0 but for init_nonzero inputs of each unit, these N(0, gain²); Martens 2010."""
    columns = math.prod(want.shape[1:])
    flat = np.zeros((want.shape[0], columns))
    for row in flat:
        chosen = rng.permutation(columns)[: want.nonzero]
        row[chosen] = want.gain * rng.standard_normal(len(chosen))
    return flat.reshape(want.shape)


def random_walk(rng: np.random.Generator, want: Request) -> Array:
    """W ~ N(0, g² / fan_in), g = exp(1 / (2 fan_in)), under linear units; Sussillo and Abbott 2015."""
    return _normal(rng, want.shape, walk_std(want))


def random_walk_relu(rng: np.random.Generator, want: Request) -> Array:
    """W ~ N(0, g² / fan_in), g = √2 exp(1.2 / (max(fan_in, 6) − 2.4)), under ReLUs; Sussillo and Abbott 2015."""
    return _normal(rng, want.shape, walk_relu_std(want))


def glorot_std(want: Request) -> float:
    return want.gain * math.sqrt(2 / (want.fan_in + want.fan_out))


def he_std(want: Request) -> float:
    return math.sqrt(2 / want.fan_in)


def walk_std(want: Request) -> float:
    """With it the logarithm of the gradient's norm neither grows nor falls, on average, however deep the net is."""
    return math.exp(1 / (2 * want.fan_in)) / math.sqrt(want.fan_in)


def walk_relu_std(want: Request) -> float:
    """The same where half of the units are shut."""
    return math.sqrt(2) * math.exp(1.2 / (max(want.fan_in, 6) - 2.4)) / math.sqrt(want.fan_in)


def _lecun_line(w: str, want: Request) -> str:
    if want.gain == 1 and want.counted_by_shape:
        return f'nn.init.kaiming_normal_({w}, nonlinearity="linear")'
    return f"nn.init.normal_({w}, std={want.gain / math.sqrt(want.fan_in)})"


def _sparse_line(w: str, want: Request) -> str:
    """PyTorch rounds the zeros of a column up: half a zero less, and rounding cannot make it one more."""
    columns = math.prod(want.shape[1:])
    share = max(0.0, columns - want.nonzero - 0.5) / columns
    flat = w if len(want.shape) == 2 else f"{w}.flatten(1)"
    return f"nn.init.sparse_({flat}.T, sparsity={share}, std={want.gain})"


def _line_by_fans(
    named: Callable[[str, Request], str], spread: Callable[[Request], float], even: bool = False
) -> Callable[[str, Request], str]:
    """PyTorch's own law by name where it counts the same fans of a tensor, else one of that standard deviation."""

    def line(w: str, want: Request) -> str:
        if want.counted_by_shape:
            return named(w, want)
        std = spread(want)
        return f"nn.init.uniform_({w}, -{3**0.5 * std}, {3**0.5 * std})" if even else f"nn.init.normal_({w}, std={std})"

    return line


INITIALIZERS: dict[str, Initializer] = {
    initializer.name: initializer
    for initializer in (
        Initializer("zeros", "Zeros", zeros, lambda w, want: f"nn.init.zeros_({w})"),
        Initializer("ones", "Ones", ones, lambda w, want: f"nn.init.ones_({w})"),
        Initializer("constant", "Constant", constant, lambda w, want: f"nn.init.constant_({w}, {want.value})"),
        Initializer("normal", "Normal", normal, lambda w, want: f"nn.init.normal_({w}, std={want.std})"),
        Initializer(
            "uniform", "Uniform", uniform, lambda w, want: f"nn.init.uniform_({w}, -{want.limit}, {want.limit})"
        ),
        Initializer(
            "glorot_normal",
            "Glorot normal",
            glorot_normal,
            _line_by_fans(lambda w, want: f"nn.init.xavier_normal_({w}{want.gained})", glorot_std),
        ),
        Initializer(
            "glorot_uniform",
            "Glorot uniform",
            glorot_uniform,
            _line_by_fans(lambda w, want: f"nn.init.xavier_uniform_({w}{want.gained})", glorot_std, even=True),
        ),
        Initializer(
            "he_normal",
            "He normal",
            he_normal,
            _line_by_fans(lambda w, want: f'nn.init.kaiming_normal_({w}, nonlinearity="relu")', he_std),
        ),
        Initializer(
            "he_uniform",
            "He uniform",
            he_uniform,
            _line_by_fans(lambda w, want: f'nn.init.kaiming_uniform_({w}, nonlinearity="relu")', he_std, even=True),
        ),
        Initializer("lecun_normal", "LeCun normal", lecun_normal, _lecun_line),
        Initializer("orthogonal", "Orthogonal", orthogonal, lambda w, want: f"nn.init.orthogonal_({w}{want.gained})"),
        Initializer("lsuv", "LSUV", lsuv, lambda w, want: f"nn.init.orthogonal_({w})"),
        Initializer("sparse", "Sparse", sparse, _sparse_line),
        Initializer(
            "random_walk", "Random walk", random_walk, lambda w, want: f"nn.init.normal_({w}, std={walk_std(want)})"
        ),
        Initializer(
            "random_walk_relu",
            "Random walk, ReLU",
            random_walk_relu,
            lambda w, want: f"nn.init.normal_({w}, std={walk_relu_std(want)})",
        ),
    )
}
GAINED = ("glorot_normal", "glorot_uniform", "lecun_normal", "orthogonal", "sparse")  # take `gain`
# What keeps a signal's scale under each activation, as PyTorch's calculate_gain has it.
GainName = Literal["linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]
GAINS: dict[str, float] = {
    "linear": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "leaky_relu": math.sqrt(2 / (1 + 0.01**2)),
    "selu": 3 / 4,
}


def _normal(rng: np.random.Generator, shape: tuple[int, ...], std: float) -> Array:
    drawn = rng.standard_normal(shape)
    drawn *= std
    return drawn


def _uniform(rng: np.random.Generator, shape: tuple[int, ...], limit: float) -> Array:
    return rng.uniform(-limit, limit, shape)

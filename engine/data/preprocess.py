"""What is done to raw examples before a network sees them: (x - mean) / scale by feature, or M (x - mean).

The numbers are fitted on the training part, in float64 on the host, and travel with the weights as buffers
`preprocess.mean`, `preprocess.scale`, `preprocess.matrix`, so that whoever uses the network gives it raw examples.
"""

from collections.abc import Callable, Iterator, Mapping
from math import prod
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from engine.data.rows import Rows
from engine.errors import Problem, ProjectError

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
Kind = Literal["none", "center", "standardize", "pca", "whiten"]
Preprocessing = Annotated[
    Kind,
    Meta(
        title="Preprocess",
        description="Fitted on the training part: subtract its mean; divide by its deviation; turn to its main axes",
    ),
]

PREFIX = "preprocess."
MOST_FEATURES = 4096  # whose axes are sought: time grows with the cube, memory with the square
CHUNK = 1 << 22  # numbers looked at at once: a file that is larger than memory is read in pieces


class Preprocessor:
    """The preprocessing of one network, and its numbers once they are fitted or loaded."""

    def __init__(self, kind: Kind, shape: Shape, dtype: str = "float64") -> None:
        """`dtype` is the network's: the numbers are rounded to it at once, so that a saved one is the same."""
        self.kind, self.shape, self.dtype = kind, shape, dtype
        self.shapes = {f"{PREFIX}{name}": size for name, size in buffers(kind, shape).items()}
        self._numbers: dict[str, Array] = {}
        self.changed: Callable[[], None] | None = None  # called when the numbers have become others

    @property
    def ready(self) -> bool:
        return len(self._numbers) == len(self.shapes)

    def state(self) -> dict[str, Array]:
        """The numbers by name, as weights files have them; none before they are known."""
        return {name: array.astype(self.dtype) for name, array in self._numbers.items()}

    def fit(self, x: Rows) -> None:
        """Takes the numbers of training examples; raises ProjectError where there are none."""
        self.take({f"{PREFIX}{name}": array for name, array in fitted(self.kind, x, self.dtype).items()})

    def misfits(self, mapping: Mapping[str, Array]) -> list[str]:
        """A line for each number that `mapping` lacks or has in another shape. Fitted ones may be left out together."""
        if self.ready and not any(name in mapping for name in self.shapes):
            return []
        found = []
        for name, shape in self.shapes.items():
            if name not in mapping:
                found.append(f"{name}: is missing, expected shape {shape}")
            elif why := misfit(name, mapping[name], shape):
                found.append(why)
        return found

    def take(self, mapping: Mapping[str, Array]) -> list[str]:
        """Takes the numbers where all are there and fit; returns their names."""
        misfits = any(name not in mapping or misfit(name, mapping[name], shape) for name, shape in self.shapes.items())
        if not self.shapes or misfits:
            return []
        before = self._numbers
        rounded = {name: np.asarray(mapping[name]).astype(self.dtype) for name in self.shapes}
        self._numbers = {name: array.astype(np.float64) for name, array in rounded.items()}
        others = not before or any(not np.array_equal(before[name], array) for name, array in self._numbers.items())
        if others and self.changed is not None:
            try:
                self.changed()
            except ProjectError:
                self._numbers = before
                raise
        return list(self.shapes)

    def __call__(self, x: Array) -> Array:
        """Raw examples (N, *shape) as the network takes them; ValueError while the numbers are not known."""
        if not self.shapes:
            return x
        if not self.ready:
            raise ValueError(f"{', '.join(self.shapes)}: not known, the network's weights do not hold them")
        numbers = {name.removeprefix(PREFIX): array for name, array in self._numbers.items()}
        with np.errstate(all="ignore"):  # a loaded number can be anything; training says where it met that
            moved = x - numbers["mean"]
            if "scale" in numbers:
                moved /= numbers["scale"]
            if "matrix" in numbers:
                moved = (moved.reshape(len(x), prod(self.shape)) @ numbers["matrix"].T).reshape(x.shape)
        return moved


def misfit(name: str, array: Any, shape: Shape) -> str:
    """Why `array` cannot be the numbers `name` of this shape; empty where it can."""
    found = np.shape(array)
    if found != shape:
        turned = "; its axes stand in another order than PyTorch's" if sorted(found) == sorted(shape) else ""
        return f"{name}: expected shape {shape}, got {found}{turned}"
    kind = np.asarray(array).dtype
    return "" if kind.kind in "biuf" else f"{name}: expected real numbers, got {kind}"


def buffers(kind: Kind, shape: Shape) -> dict[str, Shape]:
    """The names and shapes of the numbers of a preprocessing of examples of `shape`."""
    if kind == "none":
        return {}
    if kind in ("pca", "whiten"):
        return {"mean": shape, "matrix": (prod(shape), prod(shape))}
    alike = _features(shape)
    return {"mean": alike} if kind == "center" else {"mean": alike, "scale": alike}


def _features(shape: Shape) -> Shape:
    """One number for each feature, as it is laid over an example: of T × F sequences (1, F), of pictures (C, 1, 1)."""
    if len(shape) == 2:
        return (1, shape[1])
    return (shape[0], 1, 1) if len(shape) == 3 else shape


def refusal(kind: Kind, shape: Shape) -> Problem | None:
    """Why examples of `shape` cannot be preprocessed so."""
    features = prod(shape)
    if kind in ("pca", "whiten") and features > MOST_FEATURES:
        return Problem("data.preprocess", f"{kind} takes up to {MOST_FEATURES} numbers an example, got {features}")
    return None


def fitted(kind: Kind, x: Rows, dtype: str = "float64") -> dict[str, Array]:
    """The numbers for training examples `x`, as `dtype` holds them; raises ProjectError.

    center: the mean of each feature, of pictures of each channel. standardize: and its standard deviation (of the
    population); 1 for a feature that is the same in all examples, which is then 0 everywhere. pca: the principal axes
    of the examples, as vectors, in the rows of `matrix`, the widest first, each signed so that its entry of greatest
    size is positive. whiten: each axis divided by the standard deviation along it, where that is more than rounding.
    """
    if kind == "none":
        return {}
    if problem := refusal(kind, x.shape[1:]):
        raise ProjectError(problem)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, low, high = _spread(x, buffers(kind, x.shape[1:])["mean"])
        numbers = {"mean": np.where(low == high, low, mean)}  # a mean of equal numbers may be off by rounding
        if kind == "standardize":
            numbers["scale"] = np.sqrt(_variance(x, numbers["mean"]))
        elif kind in ("pca", "whiten"):
            numbers["matrix"] = _axes(_covariance(x, numbers["mean"].ravel()), kind == "whiten")
        rounded = {name: array.astype(dtype) for name, array in numbers.items()}
        if "scale" in rounded:
            rounded["scale"][rounded["scale"] == 0] = 1.0  # the same in all, or nearer than this type can tell
    if not all(np.isfinite(array).all() for array in rounded.values()):
        raise ProjectError(Problem("data.preprocess", f"{kind}: the data's numbers are too large to be averaged"))
    return rounded


def _spread(x: Rows, shape: Shape) -> tuple[Array, Array, Array]:
    """Mean, least and greatest by feature, in the broadcast `shape`."""
    total, low, high = np.zeros(shape), np.full(shape, np.inf), np.full(shape, -np.inf)
    axes = _over(x, shape)
    for part in parts(x):
        total += part.sum(axis=axes, keepdims=True)[0]
        low = np.minimum(low, part.min(axis=axes, keepdims=True)[0])
        high = np.maximum(high, part.max(axis=axes, keepdims=True)[0])
    return total / (prod(x.shape) / prod(shape)), low, high


def _variance(x: Rows, mean: Array) -> Array:
    squares, axes = np.zeros(mean.shape), _over(x, mean.shape)
    for part in parts(x):
        squares += np.square(part - mean).sum(axis=axes, keepdims=True)[0]
    return squares / (prod(x.shape) / prod(mean.shape))


def _over(x: Rows, shape: Shape) -> tuple[int, ...]:
    """The axes of examples that features of `shape` are alike along."""
    return (0, *(axis for axis, (whole, one) in enumerate(zip(x.shape[1:], shape, strict=True), 1) if whole != one))


def _covariance(x: Rows, mean: Array) -> Array:
    products = np.zeros((len(mean), len(mean)))
    for part in parts(x):
        moved = part.reshape(len(part), len(mean)) - mean
        products += moved.T @ moved
    return products / len(x)


def _axes(covariance: Array, whiten: bool) -> Array:
    if not np.isfinite(covariance).all():
        return covariance
    variances, columns = np.linalg.eigh(covariance)
    variances, axes = variances[::-1], columns.T[::-1]
    greatest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], 1)
    axes = axes * np.where(greatest < 0, -1.0, 1.0)
    if whiten:
        # What is left along an axis that no example leaves is rounding of this size (as in numpy's matrix_rank).
        rounding = max(variances[0], 0.0) * len(variances) * np.finfo(np.float64).eps
        flat = variances <= rounding
        axes /= np.sqrt(np.where(flat, 1.0, variances))[:, None]
    return np.ascontiguousarray(axes)


def parts(x: Rows) -> Iterator[Array]:
    """The examples in float64, some at a time."""
    size = max(1, CHUNK // prod(x.shape[1:]))
    for start in range(0, len(x), size):
        yield x[start : start + size].astype(np.float64)

"""In which order a plan holds the numbers of a value: the one place that knows.

A value is a matrix (features, N). A vector's rows are its features, a sequence (T, F) lies step by step; an image
(C, H, W) lies by rows of the picture, H × C × W: then `k` rows of it are one piece of memory, and a kernel that moves
down sees overlapping pieces of it, none of them copied. Outside a plan all is C order: C, H, W.
"""

from engine.backend import Array
from engine.layers.base import Shape

SEQUENCE, IMAGE = 2, 3  # axes


def is_image(shape: Shape) -> bool:
    return len(shape) == IMAGE


def in_c_order(shape: Shape) -> bool:
    """Whether the numbers lie as they are counted."""
    return not is_image(shape) or 1 in shape[:2]


def held(shape: Shape) -> Shape:
    """The lengths of the axes, the outermost in memory first."""
    if not is_image(shape):
        return shape
    channels, high, wide = shape
    return high, channels, wide


def places(shape: Shape) -> tuple[int, ...]:
    """The axes (as `held` has them) along which one unit stands: of a map all places, of a sequence all steps."""
    return {IMAGE: (0, 2), SEQUENCE: (0,)}.get(len(shape), ())


def as_held(flat: Array, shape: Shape) -> Array:
    """A view (*held(shape), ...) of `flat` (features, ...)."""
    view: Array = flat.reshape(*held(shape), *flat.shape[1:])
    return view


def in_order(flat: Array, shape: Shape) -> Array:
    """A view (*shape, ...) of `flat` (features, ...): what the numbers mean, whatever the order in which they lie."""
    return turned(as_held(flat, shape), len(shape))


def turned(view: Array, axes: int) -> Array:
    """What lies as `held` says in its first `axes` axes, in the order in which these are meant."""
    return view.transpose(1, 0, *range(2, view.ndim)) if axes == IMAGE else view


def examples(flat: Array, shape: Shape) -> Array:
    """A view (N, *shape) of a value `flat` (features, N), as it is outside."""
    view = in_order(flat, shape)
    return view.transpose(view.ndim - 1, *range(view.ndim - 1))

"""What CuPy 14 has of NumPy, as far as the engine may use it, and how it is called there.

From the reference (docs.cupy.dev, "Comparison Table", "Universal functions", `cupy.ndarray`) and the sources of
`cupy/_core` (`_kernel.pyx`, `_routines_linalg.pyx`, `_gufuncs.py`). What NumPy takes besides is not in here:
`where=` and `initial=`, `reduce` of ufuncs other than add and multiply, the `out` of `matmul` by position.
"""

from functools import lru_cache
from inspect import Parameter, Signature
from typing import Any

UFUNCS = (
    *("absolute", "negative", "sign", "rint", "square", "sqrt", "reciprocal", "exp", "expm1", "log", "log1p", "tanh"),
    *("add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "fmax", "fmin", "copysign", "logaddexp"),
    *("greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "heaviside"),
    *("isfinite", "isnan", "isinf", "logical_and", "logical_or", "logical_not", "arcsinh", "floor"),
)
UFUNC_WORDS = ("out", "dtype", "casting")
REDUCED = ("add", "multiply")

# Functions, with their parameters: none more, in this order.
ROUTINES = {
    "where": "condition, x, y",  # with the condition alone it waits for the device
    "take": "a, indices, axis=None, out=None",
    "take_along_axis": "arr, indices, axis",
    "count_nonzero": "a, axis=None",
    "clip": "a, a_min, a_max, out=None",
    "concatenate": "tup, axis=0, out=None",
    "stack": "tup, axis=0, out=None",
    "zeros_like": "a, dtype=None",
    "ones_like": "a, dtype=None",
    "empty_like": "a, dtype=None",
}
CREATORS = {
    "zeros": "shape, dtype=float, order='C'",
    "ones": "shape, dtype=float, order='C'",
    "empty": "shape, dtype=float, order='C'",
    "full": "shape, fill_value, dtype=None, order='C'",
    "eye": "N, M=None, k=0, dtype=float",
    "arange": "start, stop=None, step=1, dtype=None",
}
METHODS = {
    "reshape": "*shape",
    "ravel": "order='C'",
    "copy": "order='C'",
    "astype": "dtype, order='K', casting=None, subok=None, copy=True",
    "transpose": "*axes",
    "all": "axis=None, out=None, keepdims=False",
    "any": "axis=None, out=None, keepdims=False",
    "sum": "axis=None, dtype=None, out=None, keepdims=False",
    "mean": "axis=None, dtype=None, out=None, keepdims=False",
    "std": "axis=None, dtype=None, out=None, ddof=0, keepdims=False",
    "min": "axis=None, out=None, keepdims=False",
    "max": "axis=None, out=None, keepdims=False",
    "argmax": "axis=None, out=None",
    "take": "indices, axis=None, out=None",
    "dot": "b, out=None",
    "fill": "value",
    "cumsum": "axis=None, dtype=None, out=None",
    "argsort": "axis=-1, kind=None",
}


@lru_cache(maxsize=64)
def _signature(parameters: str) -> Signature:
    made = []
    for part in parameters.split(", "):
        name, _, default = part.partition("=")
        kind = Parameter.VAR_POSITIONAL if name.startswith("*") else Parameter.POSITIONAL_OR_KEYWORD
        known = {"None": None, "False": False, "True": True}.get(default, default)
        made.append(Parameter(name.lstrip("*"), kind, default=known if default else Parameter.empty))
    return Signature(made)


def bound_to(parameters: str, args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> dict[str, Any]:
    """The arguments by name; TypeError for what CuPy would not take."""
    try:
        return _signature(parameters).bind(*args, **kwargs).arguments
    except TypeError as error:
        raise TypeError(f"{name}: CuPy takes ({parameters}): {error}") from None

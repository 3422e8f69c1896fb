"""An array module that behaves as a device's does: nothing crosses to the host or comes from it unasked.

`xp` is NumPy underneath, so that results can be compared to the bit, but its arrays refuse to become NumPy arrays or
Python numbers on their own, to be iterated number by number, to be tested for truth and to be mixed with NumPy's.
"""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np

# Of those that CuPy has too.
FUNCTIONS = (
    *("absolute", "negative", "sign", "rint", "square", "sqrt", "reciprocal", "exp", "expm1", "log", "log1p", "tanh"),
    *("add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "fmax", "fmin", "copysign", "logaddexp"),
    *(
        "greater",
        "greater_equal",
        "less",
        "less_equal",
        "equal",
        "not_equal",
        "heaviside",
        "isfinite",
        "isnan",
        "isinf",
    ),
    *("logical_and", "logical_or", "logical_not"),
    *(
        "arcsinh",
        "bincount",
        "dot",
        "matmul",
        "where",
        "take",
        "take_along_axis",
        "floor",
        "clip",
        "concatenate",
        "stack",
        "zeros_like",
        "ones_like",
        "empty_like",
    ),
)
CREATORS = ("zeros", "ones", "empty", "full", "eye", "arange")
METHODS = (
    *("reshape", "ravel", "copy", "astype", "transpose", "all", "any", "sum", "mean", "std", "min", "max", "argmax"),
    *("take", "dot", "fill", "cumsum", "argsort"),
)
OPERATORS = (
    *("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "rpow", "matmul", "neg", "abs"),
    *("eq", "ne", "lt", "le", "gt", "ge", "and", "or", "xor", "invert", "iadd", "isub", "imul", "itruediv"),
)
PLAIN = (bool, int, float, str, slice, type, type(None), type(Ellipsis), np.dtype)


class HostDeviceError(TypeError):
    """An array went where it does not lie."""


class StrictArray:
    """An array on the device."""

    __slots__ = ("_held",)
    __hash__ = None  # type: ignore[assignment]
    __array_ufunc__ = None  # NumPy's operators then leave the answer to this class, which refuses

    def __init__(self, held: Any) -> None:
        self._held = held

    shape = property(lambda self: self._held.shape)
    dtype = property(lambda self: self._held.dtype)
    size = property(lambda self: self._held.size)
    ndim = property(lambda self: self._held.ndim)
    nbytes = property(lambda self: self._held.nbytes)
    itemsize = property(lambda self: self._held.itemsize)
    strides = property(lambda self: self._held.strides)
    T = property(lambda self: StrictArray(self._held.T))

    def __len__(self) -> int:
        return len(self._held)

    def item(self) -> Any:
        """The one way of a number to the host."""
        return self._held.item()

    def __getitem__(self, key: Any) -> "StrictArray":
        return StrictArray(np.asarray(self._held[_inside(key)]))

    def __setitem__(self, key: Any, value: Any) -> None:
        self._held[_inside(key)] = _inside(value)

    def __iter__(self) -> Iterator["StrictArray"]:
        if self.ndim < 2:
            self._refuse()
        return (self[row] for row in range(len(self)))  # rows stay on the device

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise HostDeviceError("an array of the device was used on the host without asnumpy() or item()")

    __array__ = __float__ = __int__ = __index__ = __bool__ = __contains__ = __array_function__ = _refuse
    __array_interface__ = __array_struct__ = __buffer__ = property(_refuse)
    __reduce__ = __reduce_ex__ = __copy__ = __deepcopy__ = tolist = tobytes = _refuse


def _inside(value: Any) -> Any:
    """What NumPy may see: the arrays of the device and plain Python, never an array of the host."""
    if isinstance(value, StrictArray):
        return value._held
    if isinstance(value, tuple | list):
        return type(value)(_inside(item) for item in value)
    if isinstance(value, PLAIN) and not isinstance(value, np.generic):
        return value
    raise HostDeviceError(f"{type(value).__name__} of the host was given to the device")


def _outside(value: Any) -> Any:
    return StrictArray(np.asarray(value)) if isinstance(value, np.ndarray | np.generic) else value


def _function(function: Any) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        return _outside(function(*map(_inside, args), **{name: _inside(value) for name, value in kwargs.items()}))

    if isinstance(function, np.ufunc):
        call.reduce = _function(function.reduce)  # type: ignore[attr-defined]
    return call


def _method(name: str) -> Any:
    return lambda self, *args, **kwargs: _function(getattr(self._held, name))(*args, **kwargs)


def _operator(name: str) -> Any:
    def call(self: StrictArray, *others: Any) -> Any:
        made = _function(getattr(self._held, name))(*others)
        return self if name.startswith("__i") and name != "__invert__" else made

    return call


for _name in METHODS:
    setattr(StrictArray, _name, _method(_name))
for _name in OPERATORS:
    setattr(StrictArray, f"__{_name}__", _operator(f"__{_name}__"))


def _as_strided(array: StrictArray, shape: tuple[int, ...], strides: tuple[int, ...]) -> StrictArray:
    """A view that stays inside `array`: NumPy would let it look anywhere."""
    last = sum((size - 1) * step for size, step in zip(shape, strides, strict=True))
    held = _inside(array)
    if not held.flags.c_contiguous or min(strides) < 0 or last + held.itemsize > held.nbytes:
        raise HostDeviceError(f"a view {shape} by {strides} does not lie in an array of {held.shape}")
    return StrictArray(np.lib.stride_tricks.as_strided(held, shape, strides))


class StrictModule:
    """`xp`, with what the engine uses of it; `asarray` and `array` bring an array of the host over, `asnumpy` back."""

    float32, float64, int32, int64, bool_ = np.float32, np.float64, np.int32, np.int64, np.bool_
    newaxis, inf, nan, pi = None, np.inf, np.nan, np.pi
    lib = SimpleNamespace(stride_tricks=SimpleNamespace(as_strided=_as_strided))

    def __init__(self) -> None:
        for name in (*FUNCTIONS, *CREATORS):
            setattr(self, name, _function(getattr(np, name)))

    def asarray(self, value: Any, dtype: Any = None) -> StrictArray:
        return value if isinstance(value, StrictArray) and dtype is None else self.array(value, dtype)

    def array(self, value: Any, dtype: Any = None) -> StrictArray:
        return StrictArray(np.array(value._held if isinstance(value, StrictArray) else value, dtype))

    def asnumpy(self, value: StrictArray) -> np.ndarray[Any, Any]:
        if not isinstance(value, StrictArray):
            raise HostDeviceError("asnumpy() was given what is on the host already")
        return value._held.copy()

    def copyto(self, into: StrictArray, value: StrictArray) -> None:
        if not isinstance(into, StrictArray):
            raise HostDeviceError("copyto() was given an array of the host")
        np.copyto(into._held, _inside(value))


strict = StrictModule()

"""An array module that behaves as a device's does: nothing crosses to the host or comes from it unasked.

`xp` is NumPy underneath, so that results can be compared to the bit, but its arrays refuse to become NumPy arrays or
Python numbers on their own, to be iterated number by number, to be tested for truth and to be mixed with NumPy's. It
has what CuPy 14 has and no more (`tests/cupy_table.py`), counts what crosses (`copies`), and records calls as a CUDA
graph would (`tests/strict_cuda.py`).
"""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np

from tests.cupy_table import CREATORS, METHODS, REDUCED, ROUTINES, UFUNC_WORDS, UFUNCS, bound_to
from tests.strict_cuda import Cuda, Emulated

OPERATORS = (
    *("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "rpow", "matmul", "neg", "abs"),
    *("eq", "ne", "lt", "le", "gt", "ge", "and", "or", "xor", "invert", "iadd", "isub", "imul", "itruediv"),
)
PLAIN = (bool, int, float, str, slice, type, type(None), type(Ellipsis), np.dtype)
VIEWS = ("reshape", "transpose", "ravel")  # new arrays only where they must


class HostDeviceError(TypeError):
    """An array went where it does not lie."""


class NotInCupyError(TypeError):
    """NumPy takes it, CuPy does not."""


class Copies:
    """How often numbers went from host to device and back, and how often room was taken on the device."""

    def __init__(self) -> None:
        self.to_device = self.to_host = self.made = 0

    def since(self, before: "tuple[int, int, int]") -> tuple[int, int, int]:
        now = self.now()
        return now[0] - before[0], now[1] - before[1], now[2] - before[2]

    def now(self) -> tuple[int, int, int]:
        return self.to_device, self.to_host, self.made


copies = Copies()
cuda = Cuda()


def _to_host() -> None:
    cuda.refuse_while_recording("a number is read on the host")
    copies.to_host += 1


def _to_device() -> None:
    cuda.refuse_while_recording("numbers come from the host")
    copies.to_device += 1


def _made(array: np.ndarray[Any, Any]) -> "StrictArray":
    cuda.refuse_while_recording("room is taken for a result")
    copies.made += 1
    return StrictArray(array)


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
    flags = property(lambda self: self._held.flags)
    T = property(lambda self: StrictArray(self._held.T))

    def __len__(self) -> int:
        return len(self._held)

    def item(self) -> Any:
        """The one way of a number to the host."""
        _to_host()
        return self._held.item()

    def __getitem__(self, key: Any) -> "StrictArray":
        if not _is_basic(key):
            if any(isinstance(part, StrictArray) and part.dtype == bool for part in _parts(key)):
                _to_host()  # how many there are decides the shape
            return _made(np.asarray(self._held[_inside(key)]))
        plain = key if isinstance(key, tuple) else (key,)
        plain = plain if any(part is Ellipsis for part in plain) else (*plain, Ellipsis)
        return StrictArray(self._held[plain])  # of a single number, too, a view

    def __setitem__(self, key: Any, value: Any) -> None:
        into, source = _inside(key), _inside(value)

        def call() -> None:
            self._held[into] = source

        cuda.do(call)

    def __iter__(self) -> Iterator["StrictArray"]:
        if self.ndim < 2:
            self._refuse()
        return (self[row] for row in range(len(self)))  # rows stay on the device

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise HostDeviceError("an array of the device was used on the host without asnumpy() or item()")

    __array__ = __float__ = __int__ = __index__ = __bool__ = __contains__ = __array_function__ = _refuse
    __array_interface__ = __array_struct__ = __buffer__ = property(_refuse)
    __reduce__ = __reduce_ex__ = __copy__ = __deepcopy__ = tolist = tobytes = _refuse


def _parts(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def _is_basic(key: Any) -> bool:
    return all(part is None or part is Ellipsis or isinstance(part, int | slice) for part in _parts(key))


def _inside(value: Any) -> Any:
    """What NumPy may see: the arrays of the device and plain Python, never an array of the host."""
    if isinstance(value, StrictArray):
        return value._held
    if isinstance(value, tuple | list):
        return type(value)(_inside(item) for item in value)
    if isinstance(value, PLAIN) and not isinstance(value, np.generic):
        return value
    raise HostDeviceError(f"{type(value).__name__} of the host was given to the device")


def _done(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Any:
    """Runs or records what writes into `out`; without one the result is a new array."""
    given = [_inside(arg) for arg in args]
    named = {name: _inside(value) for name, value in kwargs.items()}
    if out is None:
        cuda.refuse_while_recording(f"{getattr(function, '__name__', function)} has no place for its result")
        made = function(*given, **named)
        return _made(np.asarray(made)) if isinstance(made, np.ndarray | np.generic) else made
    if not isinstance(out, StrictArray):
        raise HostDeviceError(f"{type(out).__name__} was given as `out` to the device")
    cuda.do(lambda: function(*given, **named))
    return out


def _ufunc(function: np.ufunc) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        if unknown := set(kwargs) - set(UFUNC_WORDS):
            raise NotInCupyError(f"{function.__name__}: CuPy has no {', '.join(sorted(unknown))}")
        if len(args) not in (function.nin, function.nargs):
            raise NotInCupyError(f"{function.__name__} takes {function.nin} or {function.nargs} arguments")
        return _done(function, args, kwargs, args[-1] if len(args) == function.nargs else kwargs.get("out"))

    def reduce(*args: Any, **kwargs: Any) -> Any:
        if function.__name__ not in REDUCED:
            raise NotInCupyError(f"{function.__name__}.reduce: CuPy has it of {', '.join(REDUCED)} alone")
        told = bound_to("array, axis=0, dtype=None, out=None, keepdims=False", args, kwargs, function.__name__)
        return _done(function.reduce, args, kwargs, told.get("out"))

    call.reduce, call.__name__ = reduce, function.__name__  # type: ignore[attr-defined]
    return call


def _routine(function: Any, parameters: str) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        told = bound_to(parameters, args, kwargs, function.__name__)
        return _done(function, args, kwargs, told.get("out"))

    call.__name__ = function.__name__
    return call


def _method(name: str, parameters: str) -> Any:
    def call(self: StrictArray, *args: Any, **kwargs: Any) -> Any:
        told = bound_to(parameters, args, kwargs, name)
        if name == "dot":
            return _dot(self, told["b"], told.get("out"))
        if name == "fill":
            value = _inside(told["value"])
            return cuda.do(lambda: self._held.fill(value))
        if name in VIEWS:
            made = getattr(self._held, name)(*map(_inside, args), **kwargs)
            return StrictArray(made) if np.shares_memory(made, self._held) or not made.size else _made(made)
        return _done(getattr(self._held, name), args, kwargs, told.get("out"))

    call.__name__ = name
    return call


def _operator(name: str) -> Any:
    def call(self: StrictArray, *others: Any) -> Any:
        if name.startswith("__i") and name != "__invert__":
            given = [_inside(other) for other in others]
            cuda.do(lambda: getattr(self._held, name)(*given))
            return self
        made = getattr(self._held, name)(*map(_inside, others))
        return _made(np.asarray(made)) if made is not NotImplemented else made

    return call


def _dot(a: StrictArray, b: StrictArray, out: StrictArray | None = None) -> StrictArray:
    """As CuPy's: `out` lies in C order, and all but the product of two vectors is cuBLAS."""
    held, other = _inside(a), _inside(b)
    if out is None:
        return _made(np.asarray(held.dot(other)))
    into = _inside(out)
    if not into.flags.c_contiguous or into.dtype != np.result_type(held, other):
        raise NotInCupyError(f"dot: `out` {into.shape} of {into.dtype} must lie in C order and be of the result's type")
    if into.size != 1:
        cuda.refuse_while_recording("calling cuBLAS API during stream capture is currently unsupported")
    cuda.do(lambda: held.dot(other, into))
    return out


for _name, _parameters in METHODS.items():
    setattr(StrictArray, _name, _method(_name, _parameters))
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
    """`xp`, with what CuPy has; `asarray` and `array` bring an array of the host over, `asnumpy` back."""

    float32, float64, int32, int64, uint32, uint64, bool_ = (
        *(np.float32, np.float64, np.int32, np.int64, np.uint32, np.uint64, np.bool_),
    )
    newaxis, inf, nan, pi = None, np.inf, np.nan, np.pi
    lib = SimpleNamespace(stride_tricks=SimpleNamespace(as_strided=_as_strided))
    cuda = cuda

    def __init__(self) -> None:
        for name in UFUNCS:
            setattr(self, name, _ufunc(getattr(np, name)))
        for name, parameters in {**ROUTINES, **CREATORS}.items():
            setattr(self, name, _routine(getattr(np, name), parameters))

    def RawKernel(self, code: str, name: str) -> Emulated:  # noqa: N802 (CuPy's name)
        return Emulated(code, name, cuda, _inside_of_kernel)

    def asarray(self, value: Any, dtype: Any = None) -> StrictArray:
        return value if isinstance(value, StrictArray) and dtype is None else self.array(value, dtype)

    def array(self, value: Any, dtype: Any = None) -> StrictArray:
        if isinstance(value, StrictArray):
            return _made(np.array(value._held, dtype))
        _to_device()
        return StrictArray(np.array(value, dtype))

    def asnumpy(self, value: StrictArray) -> np.ndarray[Any, Any]:
        if not isinstance(value, StrictArray):
            raise HostDeviceError("asnumpy() was given what is on the host already")
        _to_host()
        return value._held.copy()

    def copyto(self, into: StrictArray, value: StrictArray) -> None:
        if not isinstance(into, StrictArray):
            raise HostDeviceError("copyto() was given an array of the host")
        held, source = into._held, _inside(value)
        cuda.do(lambda: np.copyto(held, source))

    def dot(self, a: StrictArray, b: StrictArray, out: StrictArray | None = None) -> StrictArray:
        _inside(a)
        return _dot(a, b, out)

    def matmul(self, *args: StrictArray, out: StrictArray | None = None) -> StrictArray:
        if len(args) != 2:
            raise NotInCupyError("matmul: CuPy takes `out` by name alone")
        cuda.refuse_while_recording("calling cuBLAS API during stream capture is currently unsupported")
        return _done(np.matmul, args, {} if out is None else {"out": out}, out)  # type: ignore[no-any-return]

    def bincount(self, x: StrictArray, minlength: int | None = None) -> StrictArray:
        """Of whole numbers, without weights: CuPy adds these up in whichever order threads come."""
        _to_host()  # the largest decides the shape
        return _made(np.bincount(_inside(x), minlength=minlength or 0))


def _inside_of_kernel(value: Any) -> Any:
    """What a kernel may be given: arrays of the device, and numbers of a size that CUDA knows."""
    if isinstance(value, StrictArray):
        return value._held
    if isinstance(value, np.integer | np.floating):
        return value
    raise HostDeviceError(f"{type(value).__name__} was given to a kernel")


strict = StrictModule()

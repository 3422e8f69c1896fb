"""What a row can do: a function in machine code for each operation and number type, called by its address.

Each is written out by name, as Numba keeps what it has compiled on disk by a function's name.
"""

# mypy: ignore-errors
import math
from functools import cache

from engine.kernels import functions, loops, products
from engine.kernels.loops import BYTE, binary, reduction, small, unary
from engine.kernels.machine import as_address, run_blocks
from engine.kernels.rows import Op

_add = binary(small(lambda x, y: x + y))
_subtract = binary(small(lambda x, y: x - y))
_multiply = binary(small(lambda x, y: x * y))
_divide = binary(small(lambda x, y: x / y))
_greater = binary(small(lambda x, y: x > y))
_copysign = binary(small(lambda x, y: math.copysign(x, y)))
_maximum, _minimum = binary(loops.maximum), binary(loops.minimum)
_fmax, _fmin, _logaddexp = binary(loops.fmax), binary(loops.fmin), binary(loops.logaddexp)
_copy = unary(small(lambda x: x))
_negative = unary(small(lambda x: -x))
_absolute = unary(small(lambda x: abs(x)))
_square = unary(small(lambda x: x * x))
_sqrt = unary(small(lambda x: math.sqrt(x)))
_reciprocal = unary(small(lambda x: type(x)(1) / x))
_exp = unary(small(lambda x: functions.exp(x)))
_expm1 = unary(small(lambda x: functions.expm1(x)))
_log = unary(small(lambda x: functions.log(x)))
_log1p = unary(small(lambda x: functions.log1p(x)))
_tanh = unary(small(lambda x: functions.tanh(x)))
_sign = unary(loops.sign)
_total, _most = reduction(small(lambda x, y: x + y)), reduction(loops.maximum)


def add(row, zero):
    _add(row, zero, zero, zero)


def subtract(row, zero):
    _subtract(row, zero, zero, zero)


def multiply(row, zero):
    _multiply(row, zero, zero, zero)


def divide(row, zero):
    _divide(row, zero, zero, zero)


def maximum(row, zero):
    _maximum(row, zero, zero, zero)


def minimum(row, zero):
    _minimum(row, zero, zero, zero)


def fmax(row, zero):
    _fmax(row, zero, zero, zero)


def fmin(row, zero):
    _fmin(row, zero, zero, zero)


def greater(row, zero):
    _greater(row, zero, zero, zero)


def logaddexp(row, zero):
    _logaddexp(row, zero, zero, zero)


def copysign(row, zero):
    _copysign(row, zero, zero, zero)


def copy(row, zero):
    _copy(row, zero, zero)


def negative(row, zero):
    _negative(row, zero, zero)


def absolute(row, zero):
    _absolute(row, zero, zero)


def sign(row, zero):
    _sign(row, zero, zero)


def square(row, zero):
    _square(row, zero, zero)


def sqrt(row, zero):
    _sqrt(row, zero, zero)


def reciprocal(row, zero):
    _reciprocal(row, zero, zero)


def exp(row, zero):
    _exp(row, zero, zero)


def expm1(row, zero):
    _expm1(row, zero, zero)


def log(row, zero):
    _log(row, zero, zero)


def log1p(row, zero):
    _log1p(row, zero, zero)


def tanh(row, zero):
    _tanh(row, zero, zero)


def clip(row, zero):
    loops.clip(row, zero)


def greater_to_mask(row, zero):
    _greater(row, BYTE, zero, zero)


def copy_of_mask(row, zero):
    _copy(row, zero, BYTE)


def multiply_by_mask(row, zero):
    _multiply(row, zero, BYTE, zero)


def total(row, zero):
    _total(row, zero)


def most(row, zero):
    _most(row, zero)


def dot(row, zero):
    products.dot(row, zero)


def blocks(row, zero):
    run_blocks(row, zero)


@cache
def address(op: Op, number: type) -> int:
    """Where the machine code of `op` for float32 or float64 is; compiled, or read from disk, when first asked for."""
    return as_address(globals()[op.name.lower()], number)

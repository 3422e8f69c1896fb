"""What a row can do: a function in machine code for each operation and number type, called by its address.

Each is written out by name, as Numba keeps what it has compiled on disk by a function's name.
"""

# mypy: ignore-errors
from functools import cache

from engine.kernels import functions, loops, products
from engine.kernels.loops import binary, reduction, small, unary
from engine.kernels.machine import as_address, run_blocks
from engine.kernels.rows import Op
from engine.kernels.vectors import MASK, NUMBER, each

OUT, ONE, TWO, THREE = {0: NUMBER}, {1: NUMBER}, {1: NUMBER, 2: NUMBER}, {1: NUMBER, 2: NUMBER, 3: NUMBER}

_add = each(TWO, OUT, lambda its, x, y: (its.add(x, y),))
_subtract = each(TWO, OUT, lambda its, x, y: (its.subtract(x, y),))
_multiply = each(TWO, OUT, lambda its, x, y: (its.multiply(x, y),))
_divide = each(TWO, OUT, lambda its, x, y: (its.divide(x, y),))
_maximum = each(TWO, OUT, lambda its, x, y: (its.maximum(x, y),))
_minimum = each(TWO, OUT, lambda its, x, y: (its.minimum(x, y),))
_fmax = each(TWO, OUT, lambda its, x, y: (its.fmax(x, y),))
_fmin = each(TWO, OUT, lambda its, x, y: (its.fmin(x, y),))
_greater = each(TWO, OUT, lambda its, x, y: (its.number(its.greater(x, y)),))
_copysign = each(TWO, OUT, lambda its, x, y: (its.copysign(x, y),))
_copy = each(ONE, OUT, lambda its, x: (x,))
_negative = each(ONE, OUT, lambda its, x: (its.negative(x),))
_absolute = each(ONE, OUT, lambda its, x: (its.absolute(x),))
_sign = each(ONE, OUT, lambda its, x: (its.sign(x),))
_square = each(ONE, OUT, lambda its, x: (its.square(x),))
_sqrt = each(ONE, OUT, lambda its, x: (its.root(x),))
_reciprocal = each(ONE, OUT, lambda its, x: (its.reciprocal(x),))
_clip = each(THREE, OUT, lambda its, x, low, high: (its.minimum(its.maximum(x, low), high),))
_greater_to_mask = each(TWO, {0: MASK}, lambda its, x, y: (its.greater(x, y),))
_equal = each(TWO, {0: MASK}, lambda its, x, y: (its.equal(x, y),))
_not_equal = each(TWO, {0: MASK}, lambda its, x, y: (its.unequal(x, y),))
_copy_of_mask = each({1: MASK}, OUT, lambda its, x: (x,))
_multiply_by_mask = each({1: MASK, 2: NUMBER}, OUT, lambda its, x, y: (its.multiply(x, y),))
_multiply_add = each(THREE, OUT, lambda its, x, y, z: (its.add(its.multiply(x, y), z),))
_divide_multiply = each(THREE, OUT, lambda its, x, y, z: (its.multiply(its.divide(x, y), z),))
_sqrt_add = each(TWO, OUT, lambda its, x, y: (its.add(its.root(x), y),))


def _product_off(its, x, y, z):
    product = its.multiply(x, y)
    return product, its.subtract(z, product)


def _wave(its, x, y):
    above = its.greater(x, y)
    one = its.number(above)
    return its.multiply(x, one), one, above


def _greater_one(its, x, y):
    above = its.greater(x, y)
    return its.maximum(y, x), its.number(above), above


def _tanh_back(its, h, one, gradient):
    slope = its.subtract(one, its.square(h))
    return slope, its.multiply(gradient, slope)


def _sigmoid_back(its, h, one, gradient):
    slope = its.multiply(h, its.subtract(one, h))
    return slope, its.multiply(gradient, slope)


def _square_mean_of(its, mean, gradient, share):
    square = its.square(gradient)
    return square, its.add(its.multiply(mean, share), square)


def _scaled(its, parameter, square, least, mean, rate):
    step = its.multiply(its.divide(mean, its.add(its.root(square), least)), rate)
    return step, its.subtract(parameter, step)


_square_mean = each({0: NUMBER, **TWO}, {3: NUMBER, 0: NUMBER}, _square_mean_of)
_scaled_step = each(dict.fromkeys(range(5), NUMBER), {5: NUMBER, 0: NUMBER}, _scaled)
_multiply_subtract = each(THREE, {4: NUMBER, 0: NUMBER}, _product_off)
_half_wave = each(TWO, {0: NUMBER, 3: NUMBER, 4: MASK}, _wave)
_greater_of_two = each(TWO, {0: NUMBER, 3: NUMBER, 4: MASK}, _greater_one)
_tanh_slope = each(THREE, {4: NUMBER, 0: NUMBER}, _tanh_back)
_sigmoid_slope = each(THREE, {4: NUMBER, 0: NUMBER}, _sigmoid_back)
_exp = unary(small(lambda x: functions.exp(x)))
_expm1 = unary(small(lambda x: functions.expm1(x)))
_log = unary(small(lambda x: functions.log(x)))
_log1p = unary(small(lambda x: functions.log1p(x)))
_tanh = unary(small(lambda x: functions.tanh(x)))
_logaddexp = binary(loops.logaddexp)
_total, _most = reduction(small(lambda x, y: x + y)), reduction(loops.maximum)


def add(row, zero):
    _add(row, zero)


def subtract(row, zero):
    _subtract(row, zero)


def multiply(row, zero):
    _multiply(row, zero)


def divide(row, zero):
    _divide(row, zero)


def maximum(row, zero):
    _maximum(row, zero)


def minimum(row, zero):
    _minimum(row, zero)


def fmax(row, zero):
    _fmax(row, zero)


def fmin(row, zero):
    _fmin(row, zero)


def greater(row, zero):
    _greater(row, zero)


def copysign(row, zero):
    _copysign(row, zero)


def copy(row, zero):
    _copy(row, zero)


def negative(row, zero):
    _negative(row, zero)


def absolute(row, zero):
    _absolute(row, zero)


def sign(row, zero):
    _sign(row, zero)


def square(row, zero):
    _square(row, zero)


def sqrt(row, zero):
    _sqrt(row, zero)


def reciprocal(row, zero):
    _reciprocal(row, zero)


def clip(row, zero):
    _clip(row, zero)


def greater_to_mask(row, zero):
    _greater_to_mask(row, zero)


def equal(row, zero):
    _equal(row, zero)


def not_equal(row, zero):
    _not_equal(row, zero)


def copy_of_mask(row, zero):
    _copy_of_mask(row, zero)


def multiply_by_mask(row, zero):
    _multiply_by_mask(row, zero)


def multiply_add(row, zero):
    _multiply_add(row, zero)


def multiply_subtract(row, zero):
    _multiply_subtract(row, zero)


def divide_multiply(row, zero):
    _divide_multiply(row, zero)


def sqrt_add(row, zero):
    _sqrt_add(row, zero)


def half_wave(row, zero):
    _half_wave(row, zero)


def greater_one(row, zero):
    _greater_of_two(row, zero)


def tanh_slope(row, zero):
    _tanh_slope(row, zero)


def square_mean(row, zero):
    _square_mean(row, zero)


def scaled_step(row, zero):
    _scaled_step(row, zero)


def sigmoid_slope(row, zero):
    _sigmoid_slope(row, zero)


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


def logaddexp(row, zero):
    _logaddexp(row, zero, zero, zero)


def total(row, zero):
    _total(row, zero)


def most(row, zero):
    _most(row, zero)


def count(row, zero):
    loops.count(row, zero)


def dot(row, zero):
    products.dot(row, zero)


def blocks(row, zero):
    run_blocks(row, zero)


@cache
def address(op: Op, number: type) -> int:
    """Where the machine code of `op` for float32 or float64 is; compiled, or read from disk, when first asked for."""
    return as_address(globals()[op.name.lower()], number)

"""Products of small matrices, with their sums in registers until they are done.

The vectors are written out: of a loop over products around one over columns no compiler makes them by itself.
"""

# mypy: ignore-errors
import numba as nb
import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from engine.kernels.loops import FOUR, NONE, at, compiled, small
from engine.kernels.vectors import WHOLE, repeated

ONE, EIGHT, SIXTEEN = np.uint64(1), np.uint64(8), np.uint64(16)
LANES = 16


class _Writer:
    """Writes out code of numbers and vectors at addresses that a row of a table tells."""

    def __init__(self, context, builder, table, number):
        self._builder, self._table, self.number = builder, table, number
        self._apart = context.get_abi_sizeof(number)

    def fields(self, *indices):
        places = (self._builder.gep(self._table, [ir.Constant(WHOLE, index)]) for index in indices)
        return tuple(map(self._builder.load, places))

    def at(self, start, kind, *steps):
        """A pointer; `steps` are counts with how many numbers each takes."""
        builder = self._builder
        for count, step in steps:
            start = builder.add(start, builder.mul(builder.mul(count, step), ir.Constant(WHOLE, self._apart)))
        return builder.inttoptr(start, kind.as_pointer())

    def load(self, *place):
        return self._builder.load(self.at(*place), align=self._apart)

    def store(self, value, start, *steps):
        self._builder.store(value, self.at(start, value.type, *steps), align=self._apart)

    def add_product(self, total, x, y):
        """total ← total + x y, rounded once where the processor can do so at once."""
        kind = x.type
        lanes = f"v{kind.count}" if isinstance(kind, ir.VectorType) else ""
        name = f"llvm.fmuladd.{lanes}{self.number.intrinsic_name}"
        function = cgutils.get_or_insert_function(self._builder.module, ir.FunctionType(kind, [kind] * 3), name)
        self._builder.store(self._builder.call(function, [x, y, self._builder.load(total)]), total)


def _tile(rows, columns):
    """out ← a b for so many rows of `a` and neighbouring columns of `b`, whose rows `out` and `b` have in one piece."""

    @intrinsic
    def tile(typing, row, i, j, zero):
        """From row `i` and column `j` on, of what `row` of a table tells."""

        def codegen(context, builder, signature, arguments):
            table, i, j, zero = arguments
            number, vector = zero.type, ir.VectorType(zero.type, columns)
            its = _Writer(context, builder, table, number)
            inner, out, so, a, sa, ta, b, sb = its.fields(3, 4, 5, 7, 8, 9, 10, 11)
            one, lines = ir.Constant(WHOLE, 1), [builder.add(i, ir.Constant(WHOLE, row)) for row in range(rows)]
            sums = [cgutils.alloca_once_value(builder, ir.Constant(vector, None)) for _ in lines]
            with cgutils.for_range(builder, inner, intp=WHOLE) as products:
                factors = its.load(b, vector, (products.index, sb), (j, one))
                for line, total in zip(lines, sums, strict=True):
                    factor = its.load(a, number, (line, sa), (products.index, ta))
                    its.add_product(total, repeated(builder, factor, columns), factors)
            for line, total in zip(lines, sums, strict=True):
                its.store(builder.load(total), out, (line, so), (j, one))
            return context.get_dummy_value()

        return nb.types.void(row, i, j, zero), codegen

    return tile


def _sums(rows):
    """out ← a b for so many rows of `a` and one column of `b`, both in one piece: a vector of sums for each number."""

    @intrinsic
    def sums(typing, row, i, j, zero):
        """From row `i` on, in column `j`."""

        def codegen(context, builder, signature, arguments):
            table, i, j, zero = arguments
            number, vector = zero.type, ir.VectorType(zero.type, LANES)
            its = _Writer(context, builder, table, number)
            inner, out, so, to, a, sa, b, tb = its.fields(3, 4, 5, 6, 7, 8, 10, 12)
            one, lines = ir.Constant(WHOLE, 1), [builder.add(i, ir.Constant(WHOLE, row)) for row in range(rows)]
            wide = [cgutils.alloca_once_value(builder, ir.Constant(vector, None)) for _ in lines]
            whole, step = builder.and_(inner, ir.Constant(WHOLE, -LANES)), ir.Constant(WHOLE, LANES)
            with cgutils.for_range_slice(builder, ir.Constant(WHOLE, 0), whole, step, WHOLE) as (h, _):
                factors = its.load(b, vector, (j, tb), (h, one))
                for line, total in zip(lines, wide, strict=True):
                    its.add_product(total, its.load(a, vector, (line, sa), (h, one)), factors)
            kind = ir.FunctionType(number, [number, vector])
            name = f"llvm.vector.reduce.fadd.v{LANES}{number.intrinsic_name}"
            add = cgutils.get_or_insert_function(builder.module, kind, name)
            totals = []
            for total in wide:
                added = builder.call(add, [ir.Constant(number, -0.0), builder.load(total)], fastmath=("reassoc",))
                totals.append(cgutils.alloca_once_value(builder, added))
            with cgutils.for_range_slice(builder, whole, inner, one, WHOLE) as (h, _):
                for line, total in zip(lines, totals, strict=True):
                    factor = its.load(b, number, (j, tb), (h, one))
                    its.add_product(total, its.load(a, number, (line, sa), (h, one)), factor)
            for line, total in zip(lines, totals, strict=True):
                its.store(builder.load(total), out, (line, so), (j, to))
            return context.get_dummy_value()

        return nb.types.void(row, i, j, zero), codegen

    return sums


def _strip(columns):
    """So many neighbouring columns of a product, all rows."""
    eight, four, one = (_tile(rows, columns) for rows in (8, 4, 1))

    @compiled
    def strip(row, j, zero):
        n, i = row[1], NONE
        while i + EIGHT <= n:
            eight(row, i, j, zero)
            i += EIGHT
        if i + FOUR <= n:
            four(row, i, j, zero)
            i += FOUR
        while i < n:
            one(row, i, j, zero)
            i += ONE

    return strip


_sixteen, _eight, _four, _one = (_strip(columns) for columns in (16, 8, 4, 1))


_four_sums, _one_sum = _sums(4), _sums(1)


@small
def _by_strips(row, zero):
    m, j = row[2], NONE
    while j + SIXTEEN <= m:
        _sixteen(row, j, zero)
        j += SIXTEEN
    if j + EIGHT <= m:
        _eight(row, j, zero)
        j += EIGHT
    if j + FOUR <= m:
        _four(row, j, zero)
        j += FOUR
    while j < m:
        _one(row, j, zero)
        j += ONE


@compiled
def dot(row, zero):
    """Rows of `a` times columns of `b`."""
    n, m, inner, so, to = row[1], row[2], row[3], row[5], row[6]
    sa, ta, sb, tb = row[8], row[9], row[11], row[12]
    if to == ONE and tb == ONE and m >= FOUR:
        _by_strips(row, zero)
        return
    if ta == ONE and sb == ONE:
        for j in range(m):
            i = NONE
            while i + FOUR <= n:
                _four_sums(row, i, j, zero)
                i += FOUR
            while i < n:
                _one_sum(row, i, j, zero)
                i += ONE
        return
    out, a, b = at(row[4], zero), at(row[7], zero), at(row[10], zero)
    for i in range(n):
        for j in range(m):
            sum_ = zero
            for h in range(inner):
                sum_ += a[i * sa + h * ta] * b[h * sb + j * tb]
            out[i * so + j * to] = sum_

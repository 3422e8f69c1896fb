"""Products of small matrices, with their sums in registers until they are done.

The vectors are written out: of a loop over products around one over columns no compiler makes them by itself.
"""

# mypy: ignore-errors
import numba as nb
import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from engine.kernels.loops import FOUR, NONE, OPTIONS, at, compiled, small

ONE, TWO, EIGHT, SIXTEEN = np.uint64(1), np.uint64(2), np.uint64(8), np.uint64(16)


def _tile(rows, columns):
    """out ← a b for so many rows of `a` and neighbouring columns of `b`, whose rows `out` and `b` have in one piece."""

    @intrinsic
    def tile(typing, row, i, j, zero):
        """From row `i` and column `j` on, of what `row` of a table tells."""

        def codegen(context, builder, signature, arguments):
            table, i, j, zero = arguments
            number, whole = zero.type, i.type
            vector, apart = ir.VectorType(number, columns), context.get_abi_sizeof(number)
            lanes = ir.Constant(ir.VectorType(ir.IntType(32), columns), [0] * columns)

            def field(index):
                return builder.load(builder.gep(table, [ir.Constant(ir.IntType(64), index)]))

            def place(start, kind, *steps):
                away = start
                for count, step in steps:
                    away = builder.add(away, builder.mul(builder.mul(count, step), ir.Constant(whole, apart)))
                return builder.inttoptr(away, kind.as_pointer())

            inner, out, so, a, sa, ta, b, sb = map(field, (3, 4, 5, 7, 8, 9, 10, 11))
            one = ir.Constant(whole, 1)
            rows_of = [builder.add(i, ir.Constant(whole, row)) for row in range(rows)]
            name = f"llvm.fmuladd.v{columns}{number.intrinsic_name}"
            fused = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), name)

            sums = [cgutils.alloca_once_value(builder, ir.Constant(vector, None)) for _ in range(rows)]
            with cgutils.for_range(builder, inner, intp=whole) as products:
                line = builder.load(place(b, vector, (products.index, sb), (j, one)), align=apart)
                for row, total in enumerate(sums):
                    factor = builder.load(place(a, number, (rows_of[row], sa), (products.index, ta)))
                    none = ir.Constant(vector, ir.Undefined)
                    first = builder.insert_element(none, factor, ir.Constant(ir.IntType(32), 0))
                    spread = builder.shuffle_vector(first, none, lanes)
                    builder.store(builder.call(fused, [spread, line, builder.load(total)]), total)
            for row, total in enumerate(sums):
                its = place(out, vector, (rows_of[row], so), (j, one))
                builder.store(builder.load(total), its, align=apart)
            return context.get_dummy_value()

        return nb.types.void(row, i, j, zero), codegen

    return tile


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


@nb.njit(**OPTIONS, fastmath={"reassoc", "contract"})
def _product(a, p, b, q, inner, zero):
    """Σ a b, several sums at a time."""
    sum_ = zero
    for h in range(inner):
        sum_ += a[p + h] * b[q + h]
    return sum_


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
    out, a, b = at(row[4], zero), at(row[7], zero), at(row[10], zero)
    for i in range(n):
        if ta == 1 and sb == 1:
            for j in range(m):
                out[i * so + j * to] = _product(a, i * sa, b, j * tb, inner, zero)
        else:
            for j in range(m):
                sum_ = zero
                for h in range(inner):
                    sum_ += a[i * sa + h * ta] * b[h * sb + j * tb]
                out[i * so + j * to] = sum_

"""Loops over numbers with their arithmetic written out in vectors: several results of one pass, however arrays lie.

A compiler that sees arrays at addresses must ask, before each loop, whether they overlap, and goes number by number
where they do, as they do in place. Rows are made of arrays that are the same or apart, so that nobody needs to ask.
"""

# mypy: ignore-errors
import numba as nb
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

BITS, BYTE, WHOLE, INDEX = ir.IntType(1), ir.IntType(8), ir.IntType(64), ir.IntType(32)
LANES = (64, 16, 4, 1)
NUMBER, MASK = "number", "mask"


def each(reads, writes, formula):
    """A loop over the places `reads` of a row, to `writes`: {place: NUMBER or MASK}, in the order of their values.

    `formula` takes an `Arithmetic` and what is read, a mask as 0 or 1, and gives a tuple of what is written.
    """

    @intrinsic
    def loop(typing, row, zero):
        def codegen(context, builder, signature, arguments):
            table, (number, size) = arguments[0], (arguments[1].type, context.get_abi_sizeof(arguments[1].type))
            kinds = {place: (BYTE, 1) if kind == MASK else (number, size) for place, kind in (reads | writes).items()}

            def field(index):
                return builder.load(builder.gep(table, [ir.Constant(WHOLE, index)]))

            def times(a, count):
                return builder.mul(a, ir.Constant(WHOLE, count))

            places = {place: tuple(field(4 + 3 * place + i) for i in range(3)) for place in kinds}
            plain = ir.Constant(BITS, 1)  # columns lie side by side, or one number stands for all
            for place, (_, _, step) in places.items():
                most = ir.Constant(WHOLE, 1)
                good = builder.icmp_unsigned("==" if place in writes else "<=", step, most)
                plain = builder.and_(plain, good)
            rows, columns, none = field(1), field(2), ir.Constant(WHOLE, 0)
            spread = {place: cgutils.alloca_once(builder, kinds[place][0], LANES[0]) for place in reads}
            many = builder.select(plain, columns, none)
            ends = [builder.and_(many, ir.Constant(WHOLE, -lanes)) for lanes in LANES[:-1]]
            with cgutils.for_range(builder, rows, intp=WHOLE) as across:
                begin, moves, wide_begin = {}, {}, {}
                for place, (start, row_step, step) in places.items():
                    begin[place] = builder.add(start, times(builder.mul(across.index, row_step), kinds[place][1]))
                    moves[place] = times(step, kinds[place][1])
                    wide_begin[place] = begin[place]
                    if place in reads:
                        alone = builder.and_(plain, builder.icmp_unsigned("==", step, none))
                        with builder.if_then(alone):
                            kind = kinds[place][0]
                            value = builder.load(builder.inttoptr(begin[place], kind.as_pointer()))
                            vector = repeated(builder, value, LANES[0])
                            # At once: what is written in pieces cannot be read as a whole before it is in memory.
                            builder.store(vector, builder.bitcast(spread[place], vector.type.as_pointer()), align=1)
                        wide = builder.ptrtoint(spread[place], WHOLE)
                        wide_begin[place] = builder.select(alone, wide, begin[place])

                def do(lanes, starts, index):
                    """`lanes` columns from `index` on."""

                    def at(place):
                        kind = kinds[place][0]
                        away = builder.add(starts[place], builder.mul(index, moves[place]))
                        kind = kind if lanes == 1 else ir.VectorType(kind, lanes)
                        return builder.inttoptr(away, kind.as_pointer())

                    its = Arithmetic(builder, number, lanes)
                    values = []
                    for place, kind in reads.items():
                        value = builder.load(at(place), align=kinds[place][1])
                        values.append(builder.uitofp(value, its.kind) if kind == MASK else value)
                    for (place, kind), made in zip(writes.items(), formula(its, *values), strict=True):
                        told = builder.zext(made, its.of(BYTE)) if kind == MASK else made
                        builder.store(told, at(place), align=kinds[place][1])

                first = none
                for lanes, end in zip(LANES[:-1], ends, strict=True):
                    with cgutils.for_range_slice(builder, first, end, ir.Constant(WHOLE, lanes), WHOLE) as (index, _):
                        do(lanes, wide_begin, index)
                    first = end
                with cgutils.for_range_slice(builder, first, columns, ir.Constant(WHOLE, 1), WHOLE) as (index, _):
                    do(1, begin, index)
            return context.get_dummy_value()

        return nb.types.void(row, zero), codegen

    return loop


def repeated(builder, value, lanes):
    """A vector of one number."""
    kind = ir.VectorType(value.type, lanes)
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(INDEX, 0))
    return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(INDEX, lanes), [0] * lanes))


class Arithmetic:
    """Of so many numbers at once."""

    def __init__(self, builder, number, lanes):
        self._builder, self._number, self._lanes = builder, number, lanes
        self.kind = self.of(number)
        self.add, self.subtract, self.multiply, self.divide = builder.fadd, builder.fsub, builder.fmul, builder.fdiv

    def of(self, kind):
        return kind if self._lanes == 1 else ir.VectorType(kind, self._lanes)

    def constant(self, value):
        return ir.Constant(self.kind, value if self._lanes == 1 else [value] * self._lanes)

    def negative(self, x):
        return self._builder.fneg(x)

    def square(self, x):
        return self._builder.fmul(x, x)

    def reciprocal(self, x):
        return self._builder.fdiv(self.constant(1.0), x)

    def root(self, x):
        return self._intrinsic("llvm.sqrt", x)

    def absolute(self, x):
        return self._intrinsic("llvm.fabs", x)

    def copysign(self, x, y):
        return self._intrinsic("llvm.copysign", x, y)

    def greater(self, x, y):
        """Bits."""
        return self._builder.fcmp_ordered(">", x, y)

    def equal(self, x, y):
        """Bits."""
        return self._builder.fcmp_ordered("==", x, y)

    def unequal(self, x, y):
        """Bits; a NaN is equal to nothing."""
        return self._builder.fcmp_unordered("!=", x, y)

    def number(self, bits):
        """1 or 0."""
        return self._builder.uitofp(bits, self.kind)

    # A NaN comes through `maximum` and `minimum`, and not through the others: NumPy's rules.

    def maximum(self, x, y):
        return self._builder.select(self._either(self.greater(x, y), self._strange(x)), x, y)

    def minimum(self, x, y):
        return self._builder.select(self._either(self.greater(y, x), self._strange(x)), x, y)

    def fmax(self, x, y):
        return self._builder.select(self._either(self._builder.fcmp_ordered(">=", x, y), self._strange(y)), x, y)

    def fmin(self, x, y):
        return self._builder.select(self._either(self._builder.fcmp_ordered("<=", x, y), self._strange(y)), x, y)

    def sign(self, x):
        choose, zero = self._builder.select, self.constant(0.0)
        whole = choose(self.greater(zero, x), self.constant(-1.0), choose(self._strange(x), x, zero))
        return choose(self.greater(x, zero), self.constant(1.0), whole)

    def _strange(self, x):
        return self._builder.fcmp_unordered("uno", x, x)

    def _either(self, a, b):
        return self._builder.or_(a, b)

    def _intrinsic(self, name, *values):
        several = "" if self._lanes == 1 else f"v{self._lanes}"
        name = f"{name}.{several}{self._number.intrinsic_name}"
        kind = ir.FunctionType(self.kind, [self.kind] * len(values))
        return self._builder.call(cgutils.get_or_insert_function(self._builder.module, kind, name), values)

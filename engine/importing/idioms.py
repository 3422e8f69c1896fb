"""Layers that a model has in several operators: netviz' own of that kind, and what exporters write for newer ones.

An idiom is known by its last operator; those before it make nothing else.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import isclose, sqrt

import numpy as np

from engine.backend import Array
from engine.importing import recurrent
from engine.importing.arithmetic import elementwise
from engine.importing.call import Call, Result
from engine.importing.draft import ones, zeros
from engine.importing.model import Model, Op, RefusedError
from engine.importing.values import BATCH, Value
from engine.importing.windows import picture
from engine.layers.activations import HEIGHT

CLOSE = 1e-5  # of a constant that is known


@dataclass(frozen=True, slots=True)
class Idiom:
    """`inside` are the operators before the last one, `entry` is the value that goes in."""

    inside: frozenset[int]
    entry: str
    translate: Callable[[Call, Value], Result]


class Looking:
    """The model, asked from an operator backward."""

    def __init__(self, model: Model) -> None:
        self.model, self._makers, self._uses = model, model.makers(), model.uses()

    def maker(self, name: str, kind: str, uses: int = 1) -> Op | None:
        """The operator of this kind that makes a value, and nothing but what is asked for takes it."""
        op = self._makers.get(name)
        return op if op is not None and op.kind == kind and not op.domain and self._uses.get(name) == uses else None

    def array(self, name: str) -> Array | None:
        if name in self.model.constants:
            return self.model.constants[name]
        op = self._makers.get(name)
        if op is None or op.kind != "Constant":
            return None
        for said in ("value", "value_float", "value_int"):
            if said in op.attributes:
                return np.asarray(op.attributes[said])
        return None

    def number(self, name: str) -> float | None:
        array = self.array(name)
        if array is None or array.size != 1 or array.dtype.kind not in "fiu":
            return None
        return float(array.reshape(-1)[0])

    def with_number(self, op: Op) -> Iterator[tuple[str, float]]:
        """Of a product or sum of two: the other input and the number, either way round."""
        if len(op.inputs) == 2:
            for value, constant in (op.inputs, op.inputs[::-1]):
                if (number := self.number(constant)) is not None:
                    yield value, number

    def scaled_tanh(self, last: Op) -> Idiom | None:
        """1.7159 tanh(2a/3)."""
        for outer, height in self.with_number(last):
            tanh = self.maker(outer, "Tanh")
            inner = self.maker(tanh.input(0), "Mul") if tanh else None
            for entry, narrow in self.with_number(inner) if inner else ():
                if tanh and inner and isclose(height, HEIGHT, rel_tol=CLOSE) and isclose(narrow, 2 / 3, rel_tol=CLOSE):
                    return _one_by_one("scaled_tanh", entry, tanh, inner)
        return None

    def silu(self, last: Op) -> Idiom | None:
        """a σ(a)."""
        for entry, gate in (last.inputs, last.inputs[::-1]) if len(last.inputs) == 2 else ():
            sigmoid = self.maker(gate, "Sigmoid")
            if sigmoid and sigmoid.input(0) == entry:
                return _one_by_one("silu", entry, sigmoid)
        return None

    def softsign(self, last: Op) -> Idiom | None:
        """a / (1 + |a|)."""
        plus = self.maker(last.input(1), "Add")
        for name, one in self.with_number(plus) if plus else ():
            size = self.maker(name, "Abs")
            if plus and size and size.input(0) == last.input(0) and one == 1:
                return _one_by_one("softsign", last.input(0), plus, size)
        return None

    def both_states(self, last: Op) -> Idiom | None:
        """The last states of both directions side by side."""
        picks = [self.maker(name, "Gather") for name in last.inputs]
        if len(picks) != 2 or last.attributes.get("axis") not in (1, -1):
            return None
        first, second = picks
        if not (first and second) or first.input(0) != second.input(0) or self._uses.get(first.input(0)) != 2:
            return None
        source = self._makers.get(first.input(0))
        if source is None or source.kind not in recurrent.OPERATORS or source.attributes.get("layout"):
            return None
        places = [self.number(pick.input(1)) for pick in (first, second)]
        if any(pick.attributes.get("axis", 0) for pick in (first, second)) or source.outputs[1:2] != (first.input(0),):
            return None
        if places[0] not in (0, -2) or places[1] not in (1, -1):
            return None

        def translate(call: Call, value: Value) -> Result:
            directions, batch, units = value.axes
            return replace(value, axes=(batch, (*directions, *units)))

        return Idiom(_numbers(first, second), first.input(0), translate)

    def gelu(self, last: Op) -> Idiom | None:
        """a (1 + erf(a / √2)) / 2, the factors in any order."""
        factors, inside, half = list[str](), list[Op](), False
        left = list(last.inputs)
        while left:
            name = left.pop()
            op = self.maker(name, "Mul")
            if (number := self.number(name)) is not None and isclose(number, 0.5) and not half:
                half = True
            elif op is not None:
                inside.append(op)
                left += op.inputs
            else:
                factors.append(name)
            if len(factors) > 2 or len(inside) > 2:
                return None
        if not half or len(factors) != 2:
            return None
        for entry, other in (factors, factors[::-1]):
            plus = self.maker(other, "Add")
            for name, one in self.with_number(plus) if plus else ():
                erf = self.maker(name, "Erf")
                small = self._root_of_half(erf.input(0), entry) if erf else None
                if plus and erf and small and one == 1:
                    return _one_by_one("gelu", entry, plus, erf, small, *inside)
        return None

    def _root_of_half(self, name: str, entry: str) -> Op | None:
        """The operator that makes a / √2."""
        divided, product = self.maker(name, "Div"), self.maker(name, "Mul")
        if (
            divided
            and divided.input(0) == entry
            and isclose(self.number(divided.input(1)) or 0, sqrt(2), rel_tol=CLOSE)
        ):
            return divided
        for value, number in self.with_number(product) if product else ():
            if value == entry and isclose(number, sqrt(0.5), rel_tol=CLOSE):
                return product
        return None

    def codes(self, last: Op) -> Idiom | None:
        """An embedding of codes that are rounded to those there are."""
        table = self.array(last.input(0))
        cast = self.maker(last.input(1), "Cast")
        cut = self.maker(cast.input(0), "Clip") if cast else None
        rounded = self.maker(cut.input(0), "Round") if cut else None
        if table is None or table.ndim != 2 or not (cast and cut and rounded):
            return None
        if self.number(cut.input(1)) != 0 or self.number(cut.input(2)) != len(table) - 1:
            return None

        def translate(call: Call, value: Value) -> Result:
            codes = call.draft.flat(call.op, value.node)
            weight = call.tensor(0)
            fields = {"vocabulary": len(weight), "dim": weight.shape[1]}
            node = call.draft.add(call.op, "embedding", [codes], {"weight": weight}, call.origin(0), **fields)
            made = call.draft.whole(node)
            return made if len(value.axes) == 2 else made.reshaped([*value.sizes, weight.shape[1]], call.draft.batch)

        return Idiom(_numbers(cast, cut, rounded), rounded.input(0), translate)

    def layer_norm(self, last: Op) -> Idiom | None:
        """(x - mean x) / √(mean (x - mean x)² + ε), as exporters write it for models without the operator."""
        for wanted in (2, 1):
            above = self.maker(last.input(0), "Sub", wanted)
            root = self.maker(last.input(1), "Sqrt")
            under = self.maker(root.input(0), "Add") if root else None
            for name, eps in self.with_number(under) if under else ():
                variance = self.maker(name, "ReduceMean")
                square = self._square(variance.input(0)) if variance else None
                if not (above and root and under and variance and square):
                    continue
                again = above if square.input(0) == last.input(0) else self.maker(square.input(0), "Sub")
                entry = above.input(0)
                mean = self._makers.get(above.input(1))
                if again is None or mean is None or mean.kind != "ReduceMean" or mean.input(0) != entry:
                    continue
                if again.inputs != above.inputs or self._axes(mean) != self._axes(variance):
                    continue
                ops = _numbers(above, root, under, variance, square, again, mean)
                return Idiom(ops, entry, _whole_norm(self._axes(mean), eps))
        return None

    def _square(self, name: str) -> Op | None:
        power, product = self.maker(name, "Pow"), self.maker(name, "Mul")
        if power and self.number(power.input(1)) == 2:
            return power
        return product if product and product.input(0) == product.input(1) else None

    def _axes(self, op: Op) -> tuple[int, ...]:
        if (said := op.attributes.get("axes")) is not None:
            return tuple(said) if isinstance(said, tuple) else ()
        array = self.array(op.input(1))
        return () if array is None else tuple(int(each) for each in array.reshape(-1))

    def group_norm(self, last: Op) -> Idiom | None:
        """A norm of each of so many rows of numbers: of groups of maps."""
        norm = self.maker(last.input(0), "InstanceNormalization")
        parted = self.maker(norm.input(0), "Reshape") if norm else None
        if not (norm and parted):
            return None
        scale, shift = self.array(norm.input(1)), self.array(norm.input(2))
        if scale is None or shift is None or not (scale == 1).all() or shift.any():
            return None

        def translate(call: Call, value: Value) -> Result:
            seen, count = picture(call, value), len(scale)
            if seen.shape[0] % count:
                raise RefusedError(f"{seen.shape[0]} maps cannot be divided into {count} groups")
            maps, eps = seen.shape[0], norm.real("epsilon", 1e-5)
            state = {"weight": ones(maps), "bias": zeros(maps)}
            return seen.back(call, call.draft.add(norm, "group_norm", [seen.node], state, groups=count, eps=eps))

        return Idiom(_numbers(norm, parted), parted.input(0), translate)


def found(model: Model) -> Mapping[int, Idiom]:
    """The idioms of a model by their last operator's number."""
    look = Looking(model)
    tries: dict[str, tuple[Callable[[Op], Idiom | None], ...]] = {
        "Mul": (look.scaled_tanh, look.gelu, look.silu),
        "Gather": (look.codes,),
        "Div": (look.layer_norm, look.softsign),
        "Concat": (look.both_states,),
        "Reshape": (look.group_norm,),
    }
    made: dict[int, Idiom] = {}
    for op in model.ops:
        idiom = next(filter(None, (attempt(op) for attempt in tries.get(op.kind, ()))), None)
        if idiom is not None and not op.domain:
            made[op.number] = idiom
    return made


def _numbers(*ops: Op) -> frozenset[int]:
    return frozenset(op.number for op in ops)


def _one_by_one(kind: str, entry: str, *inside: Op) -> Idiom:
    return Idiom(_numbers(*inside), entry, lambda call, value: elementwise(call, value, kind))


def _whole_norm(said: tuple[int, ...], eps: float) -> Callable[[Call, Value], Result]:
    def translate(call: Call, value: Value) -> Result:
        axes = sorted(value.axis(axis) for axis in said)
        left = [factor for number, axis in enumerate(value.axes) if number not in axes for factor in axis]
        if left != [BATCH]:
            raise RefusedError(f"is over the axes {axes} of {value.told}; netviz' layer norm is over the whole example")
        shape = call.draft.shapes[value.node]
        state = {"weight": np.ones(shape, np.float32), "bias": np.zeros(shape, np.float32)}
        return call.draft.like(value, call.draft.add(call.op, "layer_norm", [value.node], state, eps=eps))

    return translate

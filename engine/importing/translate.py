"""From the records of an ONNX model to a draft: operator by operator, and every one that is not understood."""

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np

from engine.backend import Array
from engine.errors import Problem, ProjectError
from engine.importing import activations, arithmetic, convolution, dense, norms, pooling, recurrent, shapes
from engine.importing.call import Call, Result, Translate
from engine.importing.constants import FOLDS, VariesError, computed
from engine.importing.draft import MOST_NUMBERS, Draft
from engine.importing.ends import batch_axis, lengths
from engine.importing.idioms import found
from engine.importing.last_states import with_own_states, with_picked_places
from engine.importing.model import Entry, Model, Op, RefusedError
from engine.importing.values import BATCH, UNKNOWN, Filled, Known, Unknown, Value, group, whole
from engine.layers.base import Shape, text_of

FAMILIES = (dense, convolution, pooling, norms, activations, arithmetic, shapes, recurrent)
OPERATORS: dict[str, Translate] = {kind: make for family in FAMILIES for kind, make in family.OPERATORS.items()}
PICTURES_INSIDE = (0, 3, 1, 2)  # from N × H × W × C


NO_LAYER = "netviz has no layer for it"
IN_IDIOMS = ("Erf", "Round")  # a part of a layer, at times


def translated(model: Model, example: Shape | None = None) -> tuple[Draft, str]:
    """The layers of a model, and which of them is its output; a ProjectError has a line for each operator refused.

    `example` is one example's shape, for a model that leaves lengths open.
    """
    return _Walk(model, example).done()


class _Walk:
    def __init__(self, model: Model, example: Shape | None = None) -> None:
        self._example = example
        model = with_picked_places(model)
        self._model, self._problems = with_own_states(model), list[Problem]()
        needed = self._leading_to_outputs()
        self._must_be_sound()
        # What nothing follows from counts for nothing.
        model = self._model = replace(self._model, ops=tuple(op for op in self._model.ops if op.number in needed))
        self._known: dict[str, Known] = dict(model.constants)
        self._origins = {name: name for name in model.constants}
        self._uses = model.uses()
        self._idioms = found(model)
        self._inside = {number for idiom in self._idioms.values() for number in idiom.inside}
        self._draft = Draft(model)
        self._enter()

    def done(self) -> tuple[Draft, str]:
        for op in self._model.ops:
            if op.number not in self._inside:
                self._translate(op)
        output = self._output()
        if self._problems or output is None:
            raise ProjectError(*self._problems)
        return self._draft, output

    def _tell(self, where: str, message: str) -> None:
        self._problems.append(Problem(where, message))

    def _must_be_sound(self) -> None:
        """Raises what has been found; operators without a layer are told along with it."""
        if self._problems:
            for op in self._model.ops:
                if not _is_known(op) and op.kind not in IN_IDIOMS:
                    self._tell(op.called, f"{op.full_kind}: {NO_LAYER}")
            raise ProjectError(*self._problems)

    # What there is

    def _leading_to_outputs(self) -> set[int]:
        """The operators that the output follows from; names that nobody makes are told."""
        model = self._model
        if len(model.outputs) != 1:
            named = ", ".join(model.outputs[:5]) or "none"
            self._tell(
                "graph", f"has {len(model.outputs)} outputs ({named}); a netviz network has one: choose by --output"
            )
        known, makers = {*model.constants, *(entry.name for entry in model.inputs)}, dict[str, Op]()
        for op in model.ops:
            for name in filter(None, op.inputs):
                if name not in known:
                    why = "which comes after it: its operators go round in a circle or stand in no order"
                    later = any(name in other.outputs for other in model.ops)
                    self._tell(op.called, f"{op.kind}: takes {name!r}, {why if later else 'which nobody makes'}")
                    known.add(name)
            for name in filter(None, op.outputs):
                if name in makers or name in model.constants:
                    self._tell(op.called, f"{op.kind}: makes {name!r}, which another one makes too")
                makers[name] = op
                known.add(name)
        left, needed = [name for name in model.outputs if name in makers], set[int]()
        while left:
            op = makers[left.pop()]
            if op.number not in needed:
                needed.add(op.number)
                left += [name for name in op.inputs if name in makers]
        return needed

    def _enter(self) -> None:
        """The model's inputs: one is x; several stand side by side in it."""
        taken = {name for op in self._model.ops for name in op.inputs}
        entries = [entry for entry in self._model.inputs if entry.name in taken]
        if not entries:
            self._tell("graph", "its output does not follow from an input")
        if self._example is not None and len(entries) > 1:
            self._tell("--shape", f"is for models of one input, this one has {len(entries)}")
        shapes = [self._shape(entry) for entry in entries]
        self._must_be_sound()
        batches = {entry.shape[batch_axis(self._model, entry)] for entry in entries if entry.shape}
        self._draft.batch = batches.pop() if len(batches) == 1 else None
        start, total = 0, sum(map(prod, shapes))
        for entry, shape in zip(entries, shapes, strict=True):
            op = Op(-1, entry.name, "Input", (), (entry.name,), {})
            if len(entries) == 1:
                value = self._only_input(op, entry, shape)
            else:
                stop = start + prod(shape)
                node = self._draft.enter(op, (total,), (start, stop), entry.name)
                axes = tuple(group(size) for size in shape)
                value = Value(node, tuple(factor for axis in axes for factor in axis), ((BATCH,), *axes))
                value = self._steps_first(entry, value)
                self._draft.note(f"{entry.name}: is x[{start}:{stop}] now, {text_of(shape) or '1'} in each example")
                start = stop
            self._known[entry.name] = self._counted(value, entry.name)

    def _only_input(self, op: Op, entry: Entry, shape: Shape) -> Value:
        if len(shape) == 3 and shape[2] > 1 and self._turned_first(entry.name):
            high, wide, maps = shape
            node = self._draft.enter(op, (maps, high, wide), None, entry.name)
            value = whole(node, (maps, high, wide))
            self._draft.note(
                f"{entry.name}: takes pictures as channels × height × width ({text_of((maps, high, wide))}); "
                "in the model the channels come last"
            )
            return value.transposed((0, 2, 3, 1))
        node = self._draft.enter(op, shape or (1,), None, entry.name)
        value = self._steps_first(entry, whole(node, shape or (1,)))
        return value if shape else replace(value, axes=((BATCH,),))

    def _steps_first(self, entry: Entry, value: Value) -> Value:
        if not batch_axis(self._model, entry):
            return value
        self._draft.note(f"{entry.name}: takes examples × steps × features; in the model the steps come first")
        return value.transposed((1, 0, 2))

    def _turned_first(self, name: str) -> bool:
        """Whether pictures are brought into netviz' order before anything but numbers of a channel acts on them."""
        while self._uses.get(name) == 1:
            op = next((op for op in self._model.ops if name in op.inputs), None)
            if op is None:
                return False
            if op.kind == "Transpose":
                return op.attributes.get("perm") == PICTURES_INSIDE
            if op.kind not in ("Cast", "Identity", "Sub", "Add", "Mul", "Div"):
                return False
            name = op.outputs[0]
        return False

    def _shape(self, entry: Entry) -> Shape:
        """One example's; the first axis is that of the examples."""
        if not entry.numbers:
            self._tell(entry.name, "is no tensor of numbers")
            return ()
        if not entry.shape:
            self._tell(entry.name, "has no shape with an axis for the examples")
            return ()
        place, sizes = batch_axis(self._model, entry), lengths(self._model, entry)
        told = "×".join("?" if size is None else str(size) for size in ("N", *sizes))
        said = sizes if self._example is None else self._example
        if len(said) != len(sizes) or any(size not in (None, new) for size, new in zip(sizes, said, strict=True)):
            self._tell("--shape", f"{text_of(tuple(size or 0 for size in said))} does not fit {entry.name}, {told}")
            return ()
        shape = tuple(size if size is not None else 0 for size in said)
        if None in said:
            why = "say one example's by --shape, or export the model with fixed lengths"
            self._tell(entry.name, f"has the shape {told}; {why}")
        elif min(shape, default=1) < 1 or prod(shape) > MOST_NUMBERS or (entry.shape[place] or 1) < 0:
            self._tell(entry.name, f"has examples of {text_of(shape)} numbers, expected 1 to {MOST_NUMBERS} in all")
        return shape

    # Operators

    def _translate(self, op: Op) -> None:
        try:
            results = self._results(op)
        except RefusedError as why:
            self._tell(op.called, f"{op.full_kind}: {why}")
            results = [UNKNOWN] * len(op.outputs)
        except (ValueError, IndexError, TypeError, KeyError, OverflowError, MemoryError):
            # A malformed model can make NumPy stumble anywhere; a person is told where it was.
            self._tell(op.called, f"{op.full_kind}: its inputs and attributes do not fit one another")
            results = [UNKNOWN] * len(op.outputs)
        for name, known in zip(op.outputs, results, strict=False):
            self._known[name] = self._counted(known, name)
        for name in op.outputs[len(results) :]:
            self._known[name] = UNKNOWN

    def _counted(self, known: Known, name: str) -> Known:
        if isinstance(known, Value) and self._uses.get(name, 0) > 1:
            return replace(known, alone=False)
        return known

    def _results(self, op: Op) -> Sequence[Known]:
        idiom = self._idioms.get(op.number)
        inputs: list[Known | None] = [self._known.get(name) if name else None for name in op.inputs]
        if not _is_known(op) and not idiom:
            raise RefusedError(NO_LAYER)
        if idiom is not None:
            entry = self._known.get(idiom.entry)
            if isinstance(entry, Unknown):
                return [UNKNOWN]
            if isinstance(entry, Value) and not entry.margin:
                return self._listed(idiom.translate(self._call(op, inputs), entry))
        if any(isinstance(known, Unknown) for known in inputs):
            return [UNKNOWN] * len(op.outputs)
        if not any(isinstance(known, Value) for known in inputs):
            try:
                made = computed(op, [_constant(known) for known in inputs], self._model.opset)
            except VariesError:
                if op.kind not in OPERATORS:
                    raise
            else:
                origin = next((self._origins[name] for name in op.inputs if name in self._origins), "")
                self._origins.update(dict.fromkeys(op.outputs[:1], origin))
                return [made]
        if op.kind not in OPERATORS:
            raise RefusedError(NO_LAYER)
        return self._listed(OPERATORS[op.kind](self._call(op, inputs)))

    def _call(self, op: Op, inputs: Sequence[Known | None]) -> Call:
        return Call(op, tuple(inputs), self._draft, self._uses, self._origins)

    @staticmethod
    def _listed(result: Result) -> Sequence[Known]:
        return [result] if isinstance(result, Value | np.ndarray | Filled | Unknown) else result

    def _output(self) -> str | None:
        """The layer that gives the output, as a vector."""
        name = self._model.outputs[0]
        value, op = self._known.get(name), Op(-1, name, "Output", (), (name,), {})
        if isinstance(value, Unknown) or self._problems:
            return None
        if not isinstance(value, Value) or value.margin:
            self._tell(name, "the output follows from no layer")
            return None
        order = [factor for axis in value.axes for factor in axis]
        if not value.in_order or (order[:1] != [BATCH] and (BATCH,) not in value.axes):
            self._tell(name, f"the output has its axes in another order, {value.told}; netviz has no layer for that")
            return None
        try:
            node = self._draft.flat(op, value.node)
        except RefusedError as why:
            self._tell(name, str(why))
            return None
        if order[:1] != [BATCH]:
            self._draft.note(f"{name}: the examples come first now, in the model it is {value.told}")
        if len([axis for axis in value.axes if axis]) > 2:
            self._draft.note(f"{name}: {value.told} is handed on as a vector, as netviz' networks give one")
        return node


def _is_known(op: Op) -> bool:
    return not op.domain and (op.kind in OPERATORS or op.kind in FOLDS or op.kind == "Constant")


def _constant(known: Known | None) -> Array | Filled | None:
    return known if isinstance(known, np.ndarray | Filled) else None

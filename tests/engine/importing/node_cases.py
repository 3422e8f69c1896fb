"""The cases that the ONNX package has for each operator, read as models of which a network can be made."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from engine.errors import ProjectError
from engine.importing.model import Op
from engine.importing.onnx import model_from
from engine.importing.project import finished
from engine.importing.translate import translated
from engine.inference import network_with

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Case:
    """A model with one output; `inputs` differ from example to example, every other input is a constant of it."""

    name: str
    model: onnx.ModelProto
    inputs: tuple[Array, ...]
    expected: Array
    rtol: float
    atol: float


@cache
def all_cases() -> tuple[Any, ...]:
    """ONNX' own, of which each has a model and arrays for its inputs and outputs."""
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(collect_testcases(None))


def readings(case: Any) -> Iterator[Case]:
    """The case with its first input, its second, or all of them varying; and for each of its outputs."""
    arrays, outputs = ([_array(each) for each in part] for part in case.data_sets[0])
    if any(each is None for each in (*arrays, *outputs)):
        return
    count = len(arrays)
    choices = dict.fromkeys([(0,), (1,), tuple(range(count))] if count > 1 else [(0,)] if count else [])
    for varying in choices:
        shapes = {arrays[number].shape[:1] for number in varying}
        if () in shapes or len(shapes) > 1:
            continue
        for place, expected in enumerate(outputs):
            yield Case(
                case.name,
                _restricted(case.model, [arrays[n] for n in range(count)], varying, place),
                tuple(arrays[number] for number in varying),
                expected,
                case.rtol,
                case.atol,
            )


def _array(value: Any) -> Array | None:
    """Numbers; None of texts, lists and the like."""
    array = numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value
    return (
        array
        if isinstance(array, np.ndarray) and (array.dtype.kind in "fiub" or array.dtype.name == "bfloat16")
        else None
    )


def _restricted(model: onnx.ModelProto, arrays: list[Array], varying: tuple[int, ...], place: int) -> onnx.ModelProto:
    made = onnx.ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    entries, results = list(graph.input), list(graph.output)
    del graph.input[:], graph.output[:]
    for number, (entry, array) in enumerate(zip(entries, arrays, strict=True)):
        if number in varying:
            graph.input.append(entry)
        else:
            graph.initializer.append(numpy_helper.from_array(array, entry.name))
    graph.output.append(results[place])
    return made


def outputs_of(case: Case) -> tuple[Array, int]:
    """What the imported network makes of the case's examples, an example a row; and their axis in the model's output.

    Raises ProjectError.
    """
    draft, output = translated(model_from(case.model.SerializeToString(), Path()))
    units = draft.shapes[output][0]
    op = Op(-1, "", "Output", (), (), {})
    # Operators without weights become a network by a factor of 1.
    one = draft.add(op, "constant", [], {"weight": np.ones(units)}, "one_in_each", units=units)
    last = draft.add(op, "multiply", [output, one], named="times_one")
    found = finished(draft, last, "case")
    net = network_with(found.project, found.weights)
    told = next((note.rpartition(" ")[2] for note in found.notes if "the examples come first" in note), "N")
    axis = told.split("×").index("N")
    first, *others = case.inputs
    if any("the steps come first" in note for note in found.notes):
        first = first.swapaxes(0, 1)
    if first[0].size == np.prod(net.input_shape):
        return net.predict(first.reshape(len(first), *net.input_shape).astype(np.float64)), axis
    x = np.concatenate([array.reshape(len(array), -1) for array in (first, *others)], axis=1)
    return net.predict(x.astype(np.float64)), axis


def verdict(case: Any) -> tuple[bool, str]:
    """Whether some reading of the case is imported, all of which must give what is expected; else the line why not."""
    why, imported = "", False
    for reading in readings(case):
        try:
            found, axis = outputs_of(reading)
        except ProjectError as error:
            why = why or str(error)
            continue
        imported = True
        expected = np.moveaxis(reading.expected.astype(np.float64), axis, 0)
        laid = expected.reshape(len(found), -1) if expected.size == found.size else expected
        short = reading.expected.dtype.name == "bfloat16"  # has 8 bits
        rtol = max(reading.rtol, 2**-8) if short else reading.rtol
        np.testing.assert_allclose(found, laid, rtol, reading.atol, err_msg=case.name)
    if not why and not imported:  # of no numbers with examples along the first axis: the model as it stands
        try:
            import_model(case.model)
        except ProjectError as error:
            return False, str(error)
        raise AssertionError(f"{case.name}: is imported, and nothing was held against what it gives")
    return imported, why


def import_model(model: onnx.ModelProto) -> Any:
    draft, output = translated(model_from(model.SerializeToString(), Path()))
    return finished(draft, output, "case")

"""What a trainer tells: of a step its record, and all its state, which a worker that is started anew goes on from."""

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace

from engine.course import CourseState
from engine.statistics import LayerStatistics


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One update, counted from 0: the loss of its batch, before it. The rest only when asked for."""

    step: int
    epoch: int
    loss: float
    lr: float
    batch_accuracy: float | None = None
    layers: dict[str, LayerStatistics] | None = None


class Snapshot(msgspec.Struct, frozen=True, eq=False):
    """All that training goes on from; arrays lie on the host."""

    step: int
    epoch: int
    position: int  # examples of the epoch that are done
    seed: int
    lr: float
    batch_size: int
    values: Any  # every parameter and buffer, flat
    slots: tuple[Any, ...]  # the optimizer's vectors
    course: CourseState = CourseState()
    preprocess: dict[str, Any] | None = None  # the numbers, where they are not those of the training part
    free: Any = None  # with `keep_zeros`: False for each weight that stays zero

    def in_type(self, dtype: str) -> "Snapshot":
        """The same state in numbers of another type; itself, to the bit, where they are of it already."""
        if str(self.values.dtype) == dtype:
            return self
        best = self.course.best_values
        course = replace(self.course, best_values=None if best is None else best.astype(dtype))
        prepared = self.preprocess and {name: array.astype(dtype) for name, array in self.preprocess.items()}
        with np.errstate(over="ignore"):
            values, slots = self.values.astype(dtype), tuple(slot.astype(dtype) for slot in self.slots)
        return replace(self, values=values, slots=slots, course=course, preprocess=prepared)

    def must_fit(self, values: Any, slots: int, trained: int) -> None:
        """ValueError unless it is of a network of such `values` and an optimizer of so many vectors (trained,)."""
        mine, theirs = values, self.values
        shapes = [theirs.shape, *(slot.shape for slot in self.slots)]
        if shapes != [mine.shape] + slots * [(trained,)] or str(mine.dtype) != str(theirs.dtype):
            raise ValueError(
                f"state: expected {mine.size} numbers of {mine.dtype} and {slots} optimizer vectors, "
                f"got {theirs.size} of {theirs.dtype} and {len(self.slots)}"
            )

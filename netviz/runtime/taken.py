"""The weights of a run as they were taken: in memory, or of a large run in files that its worker has written."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from engine.backend import Array
from engine.run.messages import Keyframe
from engine.weights import load_weights

Made = TypeVar("Made")
Weights = Mapping[str, Array] | Path  # by name, or the file that has them and may be moved


def with_taken(keyframe: Keyframe, use: Callable[[Sequence[Weights] | None], Made]) -> Made:
    """What `use` makes of the weights of the networks that were asked for; None where there are none.

    To be called where the disk may be touched; files are gone afterwards. OSError where they could not be written.
    """
    if keyframe.problem:
        raise OSError(keyframe.problem)
    if not keyframe.files:
        return use(keyframe.parameters)
    files = [Path(name) for name in keyframe.files]
    try:
        return use(files)
    finally:
        shutil.rmtree(files[0].parent, ignore_errors=True)


def in_memory(weights: Weights) -> Mapping[str, Array]:
    return load_weights(weights) if isinstance(weights, Path) else weights


def step_of(keyframe: Keyframe) -> int:
    """The step of the network that has come furthest."""
    return max((state.step for state in keyframe.states), default=keyframe.step)

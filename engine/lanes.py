"""Whether the data, the network and the training of one lane fit together."""

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING

from engine.data.source import Dataset, Summary
from engine.errors import Problem, ProjectError
from engine.first import problems_of_first_weights
from engine.graph import Structure, resolve
from engine.layers.base import Weighted, text_of
from engine.optimizers import Searching
from engine.training import Training

if TYPE_CHECKING:
    from engine.project import Project


def problems_of(lane: "Project", summary: Summary) -> list[Problem]:
    """All that keeps a lane from being trained on data of which `summary` is known."""
    structure, problems = resolve(lane.graph, summary.shape)
    if structure is None:
        return problems
    shape = structure.shapes[structure.output]
    if len(shape) != 1:
        message = f"the output must be a vector, it has shape {text_of(shape)}; a flatten makes one"
        return [Problem(structure.output, message)]
    found = [*_search_problems(lane.training, structure), *problems_of_first_weights(lane)]
    augmentation = lane.training.augmentation
    if augmentation is not None and (why := augmentation.refusal(summary.shape, lane.data.preprocess)):
        found.append(why)
    curriculum = lane.training.curriculum
    if curriculum is not None and curriculum.by == "centroid" and summary.classes is None:
        found.append(Problem("training.curriculum.by", "centroid wants classes, the data have numbers; order is left"))
    # One example of the kind that the data have shows whether loss, outputs and targets fit.
    try:
        loss = lane.training.loss
        loss.targets(loss.example(summary), summary.classes, structure.shapes[structure.output][0])
    except ProjectError as error:
        found += error.problems
    return found


def problems_of_examples(lane: "Project", data: Dataset) -> list[Problem]:
    """What all targets show, and one of their kind does not: a target beyond the loss's range."""
    structure = lane.structure()
    try:
        for y in (data.y, data.y_val):
            lane.training.loss.targets(y, data.classes, structure.shapes[structure.output][0])
    except ProjectError as error:
        return list(error.problems)
    return []


def _search_problems(training: Training, structure: Structure) -> Iterator[Problem]:
    optimizer = training.optimizer
    if not isinstance(optimizer, Searching):
        return
    weighted = {node: layer for node, layer in structure.layers.items() if isinstance(layer, Weighted) and layer.trains}
    count = sum(prod(layer.block_shape(*structure.input_shapes(node))) for node, layer in weighted.items())
    if why := optimizer.refusal(count):
        yield Problem("training.optimizer", why)
    for name in ("clip_value", "clip_norm"):
        if getattr(training, name) is not None:
            yield Problem(f"training.{name}", f"must be off: {optimizer.kind()} searches along the whole gradient")

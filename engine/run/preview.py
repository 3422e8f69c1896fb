"""What each layer will receive, before any training: one small batch through the initial weights."""

from math import prod
from pathlib import Path

import msgspec
import numpy as np

from engine.backend import open_backend
from engine.data.batches import with_ones
from engine.data.source import Dataset
from engine.errors import ProjectError
from engine.lsuv import draw_weights
from engine.network import Network
from engine.parts import SAMPLE
from engine.project import Project, project_from
from engine.run.messages import LanePreview, NodeScale, Preview, Previewed
from engine.statistics import root_mean_square
from engine.trainer import Trainer

EXAMPLES = 64
MOST_PARAMETERS = 10_000_000
MOST_FEATURES = 512  # whose main axes are found within a tenth of a second


def previewed(command: Preview, trainer: Trainer | None) -> Previewed:
    """Of every network of a project; its data are those of `trainer`, if they are the same."""
    project = project_from(msgspec.json.decode(command.project), Path(command.folder))
    same = trainer is not None and (trainer.project.data, trainer.project.folder) == (project.data, project.folder)
    data = trainer.sample if trainer is not None and same else project.data.load(project.folder)
    return Previewed(command.number, tuple(preview(lane, data) for lane in project.lanes()))


def preview(lane: Project, data: Dataset) -> LanePreview:
    """The root mean square of every drawn node's output, and of the gradient that reaches it."""
    try:
        structure = lane.structure()
        count = sum(structure.parameter_count(node) for node in structure.order)
        if count > MOST_PARAMETERS:
            return LanePreview((), f"no preview of the signal's scale: {count:,} parameters are over ten million")
        network = Network(lane, open_backend())
        if prod(network.input_shape) > MOST_FEATURES and lane.data.preprocess in ("pca", "whiten"):
            return LanePreview((), f"no preview of the signal's scale: axes of over {MOST_FEATURES} features take long")
        network.preprocess.fit(data.x[:SAMPLE])
        x, y = data.x[:EXAMPLES], data.y[:EXAMPLES]
        draw_weights(network, lane.training.seed, with_ones(network.backend, network.prepared(x)))
        network.loss_and_gradients(x, y)
    except ProjectError as error:
        return LanePreview((), str(error))
    plan = network.plan(len(x), "train")
    with np.errstate(all="ignore"):
        plan.draw_output()
        scales = tuple(
            NodeScale(node, root_mean_square(plan.vars[node].value), root_mean_square(plan.vars[node].grad))
            for node in structure.drawn
        )
    return LanePreview(scales, "")

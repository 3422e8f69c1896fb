"""Greedy pre-training, block by block from the input on (Hinton et al. 2006; Bengio et al. 2007).

Each block is a small network of its own on what the blocks below give out, trained by the ordinary trainer: with a
fresh head on the project's task, or with a decoder that reconstructs the block's input. The blocks below are not
touched, and not computed again at every step.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
import numpy as np

from engine.backend import Array
from engine.data.rows import Rows
from engine.data.source import Dataset, DataSource, Summary
from engine.divergence import DivergenceError
from engine.graph import Edge, Graph, Node
from engine.layers.dense import Dense
from engine.layers.input import Input
from engine.layers.tied import Tied
from engine.losses import BinaryCrossEntropy, MeanSquaredError
from engine.network import Network
from engine.project import Project
from engine.recipes.chain import Block, blocks_of
from engine.trainer import Trainer
from engine.training import Training

How = Literal["supervised", "autoencoder"]
ROWS = 2048  # examples that go through the blocks below at once


class Given(DataSource, frozen=True, kw_only=True, eq=False, tag="given"):
    """Examples that are there already. No project file can name it."""

    title: ClassVar[str] = "Given examples"

    examples: Dataset

    def summary(self, folder: Path) -> Summary:
        x, y, classes = self.examples.x, self.examples.y, self.examples.classes
        return Summary(shape=x.shape[1:], classes=classes, targets=1 if classes is not None else y.shape[1])

    def load(self, folder: Path) -> Dataset:
        return self.examples


@dataclass(frozen=True, slots=True)
class BlockReport:
    """How one block's training went, on the training examples: by its head, or by its reconstruction."""

    node: str
    first: float  # the loss
    last: float
    accuracy: float | None  # of the head

    def __str__(self) -> str:
        accuracy = "" if self.accuracy is None else f", accuracy {self.accuracy:.4f}"
        return f"{self.node}: loss {self.first:.6g} → {self.last:.6g}{accuracy}"


@dataclass(frozen=True, slots=True)
class Pretrained:
    """The whole network's weights by name, each block's report, and what ended it before its time."""

    weights: dict[str, Array]
    blocks: tuple[BlockReport, ...]
    failure: DivergenceError | None = None


def pretrain(
    project: Project,
    how: How = "supervised",
    epochs: int = 10,
    tied: bool = True,
    device: str = "cpu",
    dtype: str = "float32",
    seed: int | None = None,
) -> Iterator[float | Pretrained]:
    """Trains every block but the head for `epochs`; yields the share that is done, and at last the weights.

    The blocks begin at the network's own initial weights. Supervised, the head is the last block's; by autoencoder it
    stays as it was drawn. `tied`: the decoder takes a dense block's weights, transposed, so that the code cannot make
    up for small weights by large ones in the decoder. Raises ProjectError.
    """
    *hidden, head = blocks_of(project)
    supervised = how == "supervised"
    whole = Trainer(project, device, dtype, seed)
    data, reports = project.data.load(project.folder), list[BlockReport]()
    for number, block in enumerate(hidden):
        below = _on_features(whole.network, data, block.source)
        part = _with_head(project, block, head, below) if supervised else _with_decoder(project, block, below, tied)
        trainer = Trainer(part, device, dtype, whole.seed)
        first, failure = trainer.evaluate()[0], None
        try:
            for epoch in range(epochs):
                if trainer.stopped:
                    break
                trainer.run(trainer.steps_per_epoch)
                yield (number + (epoch + 1) / epochs) / len(hidden)
        except DivergenceError as error:
            failure = error
        taken = block.nodes + (head.nodes if supervised and block is hidden[-1] else ())
        whole.network.load_fitting(_of(taken, trainer.network.state()))
        last = trainer.evaluate()[0]
        reports.append(BlockReport(block.dense, first.loss, last.loss, last.accuracy if supervised else None))
        if failure is not None:
            break
    yield Pretrained(whole.network.state(), tuple(reports), failure)


def _with_head(project: Project, block: Block, head: Block, features: Dataset) -> Project:
    """The block on `features`, and a head of the project's kind that learns its task."""
    return _part(project, features, (*block.nodes, *head.nodes), project.training)


def _with_decoder(project: Project, block: Block, features: Dataset, tied: bool) -> Project:
    """The block on `features`, and a decoder to the features again (Bengio et al. 2007, section 2.3).

    Where they all lie from 0 to 1, as behind a sigmoid, the decoder gives logits and the loss is the cross-entropy:
    squared errors would be small there whatever the code. Else it gives the features themselves.
    """
    size = prod(features.x.shape[1:])
    x, x_val = (np.reshape(part, (len(part), size)) for part in (features.x, features.x_val))
    plain = any(type(node.layer) is Dense for node in block.nodes)  # and no maxout
    decoder = Tied(to=block.dense, units=size) if tied and plain else Dense(units=size)
    bounded = all(0 <= part.min(initial=0) <= part.max(initial=0) <= 1 for part in (x, x_val))
    loss = BinaryCrossEntropy() if bounded else MeanSquaredError()
    # Easy and hard are said of classes.
    training = msgspec.structs.replace(project.training, loss=loss, curriculum=None)
    examples = replace(features, y=x, y_val=x_val, classes=None)
    return _part(project, examples, (*block.nodes, Node(_free("decoder", block.nodes), decoder)), training)


def _part(project: Project, examples: Dataset, nodes: tuple[Node, ...], training: Training) -> Project:
    """A chain of `nodes` behind an input, trained on `examples`."""
    chain = (Node(_free("x", nodes), Input()), *nodes)
    edges = tuple(Edge(before.id, node.id) for before, node in pairwise(chain))
    # What hidden layers make of an example is no picture that can be shifted.
    # Nor has a file that the whole network begins with the weights of its parts' heads and decoders.
    plain = msgspec.structs.replace(training, augmentation=None, first_weights="")
    return replace(project, data=Given(examples=examples), graph=Graph(chain, edges), training=plain, variants=())


def _free(name: str, nodes: tuple[Node, ...]) -> str:
    """`name`, or where one of `nodes` has it a longer one."""
    while any(node.id == name for node in nodes):
        name += "_"
    return name


def _on_features(network: Network, data: Dataset, node: str) -> Dataset:
    """The data as `node` of the network gives them on, in inference mode."""
    shape = network.structure.shapes[node]

    def through(x: Rows) -> Array:
        found = np.zeros((len(x), *shape))
        for start in range(0, len(x), ROWS):
            plan = network.walk(x[start : start + ROWS])
            found[start : start + ROWS] = network.backend.to_host(plan.vars[node].value.T).reshape(-1, *shape)
        return found

    return replace(data, x=through(data.x), x_val=through(data.x_val))


def _of(nodes: tuple[Node, ...], state: Mapping[str, Array]) -> dict[str, Array]:
    """What of `state` belongs to `nodes`."""
    mine = {node.id for node in nodes}
    return {name: array for name, array in state.items() if name.partition(".")[0] in mine}

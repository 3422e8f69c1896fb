"""A network's examples: those it trains on and those kept for validation, prepared as its first layer sees them."""

import numpy as np

from engine.backend import Array
from engine.data.batches import Batches
from engine.data.source import Dataset
from engine.metrics import Score
from engine.network import Network
from engine.project import Project

SAMPLE = 2000  # raw examples of each part that are kept for pictures


class Parts:
    """`train` and `validation`; preprocessing is fitted on the training part."""

    def __init__(self, project: Project, network: Network, seed: int) -> None:
        self._project, self._network = project, network
        data = self.load()
        network.preprocess.fit(data.x)
        self.fitted, self.is_fitted = network.preprocess.state(), True
        self._take(data, seed)
        self.sample, self.reach = data.first(SAMPLE), data.reach()

    def load(self) -> Dataset:
        """The raw examples: training keeps none."""
        return self._project.data.load(self._project.folder)

    def prepare_anew(self, seed: int) -> None:
        """The preprocessing's numbers are others now, those of a file: so are all rows."""
        now = self._network.preprocess.state()
        self.is_fitted = all(np.array_equal(now[name], fitted) for name, fitted in self.fitted.items())
        self._take(self.load(), seed)

    def _take(self, data: Dataset, seed: int) -> None:
        network, training = self._network, self._project.training
        backend, prepared = network.backend, network.prepared
        self.train = Batches(backend, data.x, self._targets(data.y), training.shuffle, seed, prepared)
        self.train.ease(training.curriculum, data.y)
        self.train.augment(training.augmentation, network.input_shape)
        self.validation = Batches(backend, data.x_val, self._targets(data.y_val), False, seed, prepared)

    def _targets(self, y: Array) -> Array:
        structure = self._network.structure
        return self._network.loss.targets(y, self._network.classes, structure.shapes[structure.output][0])

    def first_rows(self, count: int, validation: bool) -> tuple[Array, Array, int]:
        """The first rows of a part with their targets (n, units), as far as they are kept, and how many it has."""
        part = self.validation if validation else self.train
        rows = part.rows[:count]
        return rows, part.targets[: len(rows)], part.count

    def scores(self) -> tuple[Score, Score | None]:
        """Of both parts with the present weights; None without a validation part."""
        train = self._network.score(self.train.parts())
        return train, self._network.score(self.validation.parts()) if self.validation.count else None

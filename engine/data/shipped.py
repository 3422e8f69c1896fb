"""Small sets of measurements that come with the program: resources/data has their sources and licences."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from engine.data.source import Dataset, DataSource, Seed, Summary, Validation, split


@dataclass(frozen=True, slots=True)
class Table:
    x: np.ndarray[Any, Any]
    y: np.ndarray[Any, Any]
    features: tuple[str, ...]
    class_names: tuple[str, ...]  # in the order in which the file first names them


class Shipped(DataSource, frozen=True):
    """Columns of numbers and the class in the last one, which the file of its kind in resources/data holds."""

    group: ClassVar[str] = "Shipped"

    seed: Seed = 0
    validation: Validation = 0.25

    def summary(self, folder: Path) -> Summary:
        table = read(self.kind())
        return Summary(
            shape=(len(table.features),),
            classes=len(table.class_names),
            targets=1,
            features=table.features,
            class_names=table.class_names,
        )

    def load(self, folder: Path) -> Dataset:
        table = read(self.kind())
        return split(table.x, table.y, self.validation, self.seed, len(table.class_names))


class Iris(Shipped, frozen=True, tag="iris"):
    """150 irises: sepal and petal in cm; three species, 50 of each (Fisher 1936; UCI, CC BY 4.0)."""

    title: ClassVar[str] = "Iris"


class Wine(Shipped, frozen=True, tag="wine"):
    """178 wines: 13 measurements, from alcohol to proline; three growers (Aeberhard and Forina 1991; UCI, CC BY 4.0).

    Their scales differ a thousandfold: what preprocessing is for.
    """

    title: ClassVar[str] = "Wine"


class BreastCancer(Shipped, frozen=True, tag="breast_cancer"):
    """569 tumours: 30 measurements of cell nuclei; malignant or benign (Wolberg et al. 1993; UCI, CC BY 4.0)."""

    title: ClassVar[str] = "Breast cancer"


@cache
def read(name: str) -> Table:
    text = resources.files("resources").joinpath("data", f"{name}.csv").read_text("utf-8")
    (*features, _), *rows = csv.reader(text.splitlines())
    class_names = tuple(dict.fromkeys(row[-1] for row in rows))
    x = np.array([row[:-1] for row in rows], np.float64)
    y = np.array([class_names.index(row[-1]) for row in rows], np.int64)
    for array in (x, y):
        array.flags.writeable = False
    return Table(x, y, tuple(features), class_names)

"""A few of a project's examples as data of their own."""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from engine.data.source import Dataset, DataSource, Summary
from engine.random import generator


class Few(DataSource, frozen=True, kw_only=True, tag="few"):
    """`count` examples of another source's training part, none for validation. No project file can name it.

    They are drawn, always the same ones: the first of a file that is in order would all be of one class.
    """

    title: ClassVar[str] = "A few examples"

    source: DataSource
    count: int

    def summary(self, folder: Path) -> Summary:
        return self.source.summary(folder)

    def load(self, folder: Path) -> Dataset:
        data = self.source.load(folder)
        chosen = np.sort(generator(0, "few").permutation(len(data.x))[: self.count])
        none = np.array(data.x_val[:0])
        return replace(data, x=np.array(data.x[chosen]), y=data.y[chosen], x_val=none, y_val=data.y_val[:0])


def few_of(source: DataSource, count: int) -> Few:
    """`count` examples of `source`, prepared as its own are, where it prepares them."""
    common = set(DataSource.__struct_fields__) & set(Few.__struct_fields__)
    return Few(source=source, count=count, **{name: getattr(source, name) for name in common})

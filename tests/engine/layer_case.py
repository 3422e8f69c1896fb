"""A layer, an independent computation of it, and what PyTorch calls it: one row of the table of cases."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class LayerCase:
    """A layer fed with `features` numbers; `values` are what comes out of rows `x`, flat where `shape` is given."""

    name: str
    declared: dict[str, object]
    values: Callable[[Array, dict[str, Array]], Array]
    torch: str  # a module; before a >> what it is given, behind a | what is made of its output; or a function
    features: int = 4
    units: int = 4
    shape: tuple[int, ...] | None = None  # of the output, where it is no vector
    before: tuple[dict[str, object], ...] = ()  # layers that make of any numbers such as the layer takes

"""Which input maps a filter sees: the table of connections of a convolution (LeCun et al. 1989)."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.backend import Array
from engine.errors import ShapeError

Table = tuple[tuple[int, ...], ...]
Connections = Annotated[
    Annotated[tuple[Annotated[tuple[Annotated[int, Meta(ge=0)], ...], Meta(min_length=1)], ...], Meta(min_length=1)]
    | None,
    Meta(
        title="Connections",
        description="For each filter the input maps that it sees, counted from 0; left out, it sees all",
    ),
]


def must_connect(connections: Table, channels: int, filters: int, groups: int) -> None:
    """Raises ShapeError where the table does not fit."""
    if groups > 1:
        raise ShapeError("has connections and groups: only one of them can say what a filter sees")
    if len(connections) != filters:
        raise ShapeError(f"connections have {len(connections)} rows, expected one for each of {filters} filters")
    for number, maps in enumerate(connections):
        if max(maps) >= channels or len(set(maps)) < len(maps):
            expected = f"input maps from 0 to {channels - 1}, each once"
            raise ShapeError(f"connections of filter {number}: expected {expected}, got {list(maps)}")
    if unseen := set(range(channels)) - {seen for maps in connections for seen in maps}:
        raise ShapeError(f"connections: no filter sees input map {min(unseen)} of {channels}")


def mask_of(connections: Table | None) -> Array | None:
    """(filters, maps): 1 where there is a connection; None where all are there."""
    if connections is None:
        return None
    mask = np.zeros((len(connections), 1 + max(map(max, connections))))
    for row, maps in zip(mask, connections, strict=True):
        row[list(maps)] = 1
    return mask


def torch_class(name: str, module: str, axes: int) -> tuple[str, ...]:
    """The lines of a PyTorch class that leaves out what is not connected, of kernels with so many axes."""
    sides = ", ".join("None" for _ in range(axes))
    return (
        f"class {name}(nn.{module}):",
        '    """A convolution whose filters see the input maps that `connections` names."""',
        "",
        "    def __init__(self, connections: list[list[int]], *args, **kwargs) -> None:",
        "        super().__init__(*args, **kwargs)",
        "        seen = torch.zeros(self.weight.shape[:2])",
        "        for row, maps in zip(seen, connections, strict=True):",
        "            row[maps] = 1",
        f'        self.register_buffer("seen", seen[..., {sides}], persistent=False)',
        "",
        "    def forward(self, x: torch.Tensor) -> torch.Tensor:",
        "        return self._conv_forward(x, self.weight * self.seen, self.bias)",
    )

"""What PyTorch computes in float64 for layers of images, written to images.npz and images.json.

    python tests/reference/make_image_vectors.py

needs torch, which netviz itself does not; the two files are kept, so that the tests do without. Beside plain images
there is one of small whole numbers, in which maxima tie, and one whose numbers are far out.
"""

import warnings
from typing import Any

import numpy as np
import torch
from make_recurrent_vectors import Vectors
from torch import nn

Shape = tuple[int, ...]


def images(rng: np.random.Generator, shape: Shape) -> torch.Tensor:
    x = rng.standard_normal((3, *shape))
    x[1] = rng.integers(-1, 2, shape)
    x[2] *= 30
    return torch.from_numpy(x).requires_grad_()


class Conv(nn.Conv2d):
    """A convolution whose filters see some of the maps."""

    def __init__(self, *args: Any, connections: list[list[int]], **more: Any) -> None:
        super().__init__(*args, **more)
        self.seen = torch.zeros(self.weight.shape[:2], dtype=torch.float64)
        for row, maps in zip(self.seen, connections, strict=True):
            row[maps] = 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self._conv_forward(x, self.weight * self.seen[..., None, None], self.bias)


class Steps(nn.Conv1d):
    """A convolution along sequences (N, T, F)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class Subsampling(nn.Module):
    def __init__(self, maps: int, **pooling: Any) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.empty(maps)), nn.Parameter(torch.empty(maps))
        self.mean = nn.AvgPool2d(**pooling)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.weight[:, None, None] * self.mean(x) + self.bias[:, None, None]


# LeCun et al. 1998, table I in small: three, two and all maps in turn.
TABLE = [[0, 1, 2], [1, 2, 3], [0, 3], [0, 1, 2, 3]]
CONVOLUTIONS: tuple[tuple[Shape, int, dict[str, Any]], ...] = (
    ((2, 6, 5), 3, {}),
    ((1, 1, 1), 2, {"kernel_size": 1}),
    ((2, 5, 7), 2, {"kernel_size": [4, 3], "stride": [1, 3], "padding": [2, 1]}),
    ((2, 5, 4), 3, {"kernel_size": [4, 2], "padding": "same"}),
    ((1, 6, 7), 2, {"kernel_size": 3, "padding": "same", "dilation": [2, 1], "bias": False}),
    ((4, 7, 6), 6, {"kernel_size": [2, 3], "stride": 2, "padding": 1, "dilation": [3, 2], "groups": 2}),
    ((3, 4, 4), 3, {"kernel_size": 2, "groups": 3}),
    ((4, 4, 5), 4, {"kernel_size": 3, "connections": TABLE}),
)
SEQUENCES: tuple[tuple[Shape, int, dict[str, Any]], ...] = (
    ((6, 2), 3, {}),
    ((5, 3), 2, {"kernel_size": 4, "padding": "same", "bias": False}),
    ((9, 4), 4, {"kernel_size": 3, "stride": 2, "padding": 3, "dilation": 2, "groups": 2}),
)
POOLINGS: tuple[tuple[Shape, dict[str, Any]], ...] = (
    ((2, 6, 4), {}),
    ((2, 7, 5), {"kernel_size": 3, "stride": 2}),
    ((1, 5, 6), {"kernel_size": [2, 3], "stride": 1, "padding": 1}),
    ((1, 7, 8), {"kernel_size": 2, "stride": [3, 5]}),
)
OVER_THE_EDGE: tuple[tuple[Shape, dict[str, Any]], ...] = (
    ((2, 5, 7), {"ceil_mode": True}),
    ((1, 6, 7), {"kernel_size": [3, 2], "stride": [2, 3], "padding": [1, 1], "ceil_mode": True}),
    ((1, 2, 4), {"kernel_size": 3, "stride": [2, 2], "ceil_mode": True}),
)


def as_torch(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}


def main() -> None:
    torch.manual_seed(5)
    warnings.filterwarnings("ignore", "Using padding='same' with even kernel")  # is slower, and nothing else
    found = Vectors()

    def add(kind: str, shape: Shape, fields: dict[str, Any], net: nn.Module) -> None:
        for parameter in net.parameters():
            nn.init.uniform_(parameter, -1, 1)
        x = images(found.rng, shape)
        found.add({"kind": kind, **fields}, net, x, {"states": net(x)})

    for shape, filters, fields in CONVOLUTIONS:
        options = {"kernel_size": 3, **as_torch({k: v for k, v in fields.items() if k != "connections"})}
        more = {"connections": fields["connections"]} if "connections" in fields else {}
        module = Conv if more else nn.Conv2d
        add("conv2d", shape, {"filters": filters, **fields}, module(shape[0], filters, **options, **more).double())
    for shape, filters, fields in SEQUENCES:
        net = Steps(shape[1], filters, **{"kernel_size": 3, **fields}).double()
        add("conv1d", shape, {"filters": filters, **fields}, net)

    def add_poolings(shape: Shape, fields: dict[str, Any]) -> None:
        options = {"kernel_size": 2, "stride": None, "padding": 0, **as_torch(fields)}
        add("max_pool2d", shape, fields, nn.MaxPool2d(**options))
        add("avg_pool2d", shape, fields, nn.AvgPool2d(**options))
        left_out = {**fields, "count_include_pad": False}
        add("avg_pool2d", shape, left_out, nn.AvgPool2d(**options, count_include_pad=False))
        add("subsampling", shape, fields, Subsampling(shape[0], **options).double())

    for shape, fields in POOLINGS:
        add_poolings(shape, fields)
    for shape in ((2, 3, 5), (4, 1, 2)):
        average = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        add("global_avg_pool2d", shape, {}, average)
        add("instance_norm", shape, {"eps": 0.01}, nn.InstanceNorm2d(shape[0], eps=0.01))
        add("layer_norm", shape, {}, nn.LayerNorm(shape).double())
        for groups in {1, 2, shape[0]}:
            add("group_norm", shape, {"groups": groups}, nn.GroupNorm(groups, shape[0]).double())
    for shape, fields in OVER_THE_EDGE:
        add_poolings(shape, fields)
    found.save("images")


if __name__ == "__main__":
    main()

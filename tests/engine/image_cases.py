"""The rows of the table of cases that are layers of images, and the convolution along sequences."""

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import numpy as np

from tests.engine.image_formulas import (
    Array,
    Parameters,
    convolved,
    convolved_steps,
    greatest,
    group_normed,
    mean,
    scaled,
)
from tests.engine.layer_case import LayerCase

Shape = tuple[int, ...]
Formula = Callable[[Array, Parameters], Array]
IMAGE, WIDE = (2, 5, 4), (4, 3, 3)
STEPS = (7, 2)
CONNECTIONS = [[0], [1, 2], [0, 2]]


def image_case(name: str, declared: dict[str, object], shape: Shape, out: Shape, formula: Formula, torch: str) -> Any:
    """A layer on examples of `shape`; `formula` is of one of them and the parameters."""

    def values(x: Array, p: Parameters) -> Array:
        return np.array([formula(row.reshape(shape), p).ravel() for row in x]).reshape(len(x), -1)

    before: tuple[dict[str, object], ...] = ({"kind": "reshape", "shape": list(shape)},)
    return LayerCase(name, declared, values, torch, prod(shape), prod(out), out if len(out) > 1 else None, before)


def pythonic(value: object) -> object:
    """As PyTorch takes it: a pair is a tuple."""
    return tuple(value) if isinstance(value, list) else value


def conv2d(name: str, shape: Shape, out: Shape, **fields: Any) -> LayerCase:
    """A convolution whose number of filters is that of the output's maps."""
    declared = {"kind": "conv2d", "filters": out[0], **fields}
    said = {
        name: pythonic(fields[name]) for name in ("stride", "padding", "dilation", "groups", "bias") if name in fields
    }
    kernel = pythonic(fields.get("kernel_size", 3))
    torch = f"nn.Conv2d({shape[0]}, {out[0]}, {kernel}{''.join(f', {name}={value!r}' for name, value in said.items())})"
    where = {
        name: fields[name] for name in ("stride", "padding", "dilation", "groups", "connections") if name in fields
    }
    if "connections" in fields:
        there = [[int(c in maps) for c in range(shape[0])] for maps in fields["connections"]]
        torch = (
            "type('Connected', (nn.Conv2d,), {'forward': lambda self, x: self._conv_forward(x, self.weight * "
            f"torch.tensor({there})[..., None, None], self.bias)}})" + torch.removeprefix("nn.Conv2d")
        )
    return image_case(name, declared, shape, out, partial(convolved, **where), torch)


def bias(name: str, shape: Shape, **fields: Any) -> LayerCase:
    """A number of its own is added to every number."""
    made = (
        f"type('Bias', (nn.Module,), {{'__init__': lambda self: (nn.Module.__init__(self), setattr(self, 'weight', "
        f"nn.Parameter(torch.empty({shape}))))[0], 'forward': lambda self, x: x + self.weight}})()"
    )
    declared: dict[str, object] = {"kind": "bias", **fields}
    return image_case(name, declared, shape, shape, lambda m, p: m + p["weight"].reshape(m.shape), made)


def conv1d(name: str, shape: Shape, out: Shape, **fields: Any) -> LayerCase:
    declared = {"kind": "conv1d", "filters": out[1], **fields}
    said = "".join(
        f", {name}={value!r}" for name, value in fields.items() if name not in ("kernel_size", "connections")
    )
    made = f"nn.Conv1d({shape[1]}, {out[1]}, {fields.get('kernel_size', 3)}{said})"
    if "connections" in fields:
        there = [[int(c in maps) for c in range(shape[1])] for maps in fields["connections"]]
        made = (
            "type('Connected', (nn.Conv1d,), {'forward': lambda self, x: self._conv_forward(x, self.weight * "
            f"torch.tensor({there})[..., None], self.bias)}})" + made.removeprefix("nn.Conv1d")
        )
    where = {
        name: fields[name] for name in ("stride", "padding", "dilation", "groups", "connections") if name in fields
    }
    torch = f"x.transpose(1, 2) >> {made}|.transpose(1, 2)"
    return image_case(name, declared, shape, out, partial(convolved_steps, **where), torch)


def pooling(kind: str, name: str, shape: Shape, out: Shape, **fields: Any) -> LayerCase:
    """Pooling without parameters."""
    pooled = {"max_pool2d": greatest, "avg_pool2d": mean}[kind]
    said = {"kernel_size": 2, **fields}
    torch = {"max_pool2d": "MaxPool2d", "avg_pool2d": "AvgPool2d"}[kind]
    made = f"nn.{torch}({', '.join(f'{key}={pythonic(value)!r}' for key, value in said.items())})"
    return image_case(f"{kind}{name}", {"kind": kind, **fields}, shape, out, lambda m, p: pooled(m, **said), made)


def subsampling(name: str, shape: Shape, out: Shape, **fields: Any) -> LayerCase:
    said = {"kernel_size": 2, **fields}
    where = ", ".join(f"{key}={pythonic(value)!r}" for key, value in said.items())
    torch = (
        "type('Subsampling', (nn.GroupNorm,), {'forward': lambda self, x: self.bias[:, None, None] + "
        f"self.weight[:, None, None] * nn.functional.avg_pool2d(x, {where})}})(1, {shape[0]})"
    )
    declared = {"kind": "subsampling", **fields}
    return image_case(f"subsampling{name}", declared, shape, out, lambda m, p: scaled(mean(m, **said), p), torch)


def group_norm(name: str, groups: int, eps: float = 1e-5, shape: Shape = WIDE) -> LayerCase:
    declared: dict[str, object] = {"kind": "group_norm", **({"groups": groups} if groups > 1 else {})}
    declared |= {"eps": eps} if eps != 1e-5 else {}
    torch = f"nn.GroupNorm({groups}, {shape[0]}, eps={eps})"
    formula: Formula = lambda m, p: scaled(group_normed(m, groups, eps), p)  # noqa: E731
    return image_case(name, declared, shape, shape, formula, torch)


def prelu(name: str, shape: Shape, own: bool, first: float) -> LayerCase:
    """A slope for each map, or one for all; cases are known by what they declare, so each begins at another."""
    declared: dict[str, object] = {"kind": "prelu", **({"per_feature": True} if own else {}), "slope_init": first}

    def formula(m: Array, p: Parameters) -> Array:
        return np.stack([np.where(part > 0, part, p["weight"][i if own else 0] * part) for i, part in enumerate(m)])

    return image_case(name, declared, shape, shape, formula, f"nn.PReLU({shape[0]})" if own else "nn.PReLU()")


IMAGE_CASES: tuple[LayerCase, ...] = (
    conv2d("conv2d", IMAGE, (3, 3, 2)),
    conv2d("conv2d_no_bias", IMAGE, (5, 5, 4), kernel_size=1, bias=False),
    conv2d("conv2d_strided", IMAGE, (2, 2, 3), kernel_size=[3, 2], stride=[2, 1]),
    conv2d("conv2d_padded", IMAGE, (2, 4, 4), kernel_size=[4, 3], padding=[1, 1]),
    conv2d("conv2d_far_out", IMAGE, (1, 4, 3), kernel_size=2, stride=3, padding=[4, 3]),
    conv2d("conv2d_same", IMAGE, (3, 5, 4), padding="same"),
    conv2d("conv2d_same_even", IMAGE, (1, 5, 4), kernel_size=[2, 4], padding="same"),
    conv2d("conv2d_same_dilated", IMAGE, (2, 5, 4), kernel_size=[3, 5], dilation=[2, 1], padding="same"),
    conv2d("conv2d_dilated", IMAGE, (2, 3, 2), kernel_size=[2, 3], dilation=[2, 1]),
    conv2d("conv2d_all", (2, 5, 6), (4, 3, 3), stride=2, padding=[1, 2], dilation=[1, 2], groups=2),
    conv2d("conv2d_groups", WIDE, (6, 2, 2), kernel_size=2, groups=2),
    conv2d("conv2d_each_map", WIDE, (4, 3, 3), padding=1, groups=4, bias=False),
    conv2d("conv2d_connected", (3, 4, 4), (3, 2, 2), connections=CONNECTIONS),
    conv2d("conv2d_connected_strided", (3, 4, 5), (3, 2, 3), connections=CONNECTIONS, stride=2, padding=1, bias=False),
    conv2d("conv2d_whole", (2, 3, 2), (4, 1, 1), kernel_size=[3, 2]),
    conv2d("conv2d_one_number", (1, 1, 1), (1, 1, 1), kernel_size=1),
    bias("bias", (4,)),
    bias("bias_of_maps", IMAGE, bias_init=0.25),
    bias("bias_of_one_map", (1, 3, 4), bias_init=0.5),
    bias("bias_of_steps", STEPS, bias_init=1.0),
    conv1d("conv1d", STEPS, (5, 3)),
    conv1d("conv1d_of_one", (7, 1), (5, 5)),
    conv1d("conv1d_of_one_wide", (7, 1), (3, 2), kernel_size=2, stride=2, dilation=2),
    conv1d("conv1d_no_bias", STEPS, (7, 3), kernel_size=1, bias=False),
    conv1d("conv1d_same", STEPS, (7, 2), padding="same", dilation=2),
    conv1d("conv1d_all", (9, 4), (4, 6), kernel_size=2, stride=3, padding=2, dilation=3, groups=2),
    conv1d("conv1d_connected", (5, 3), (4, 3), kernel_size=2, connections=CONNECTIONS),
    prelu("prelu_maps", IMAGE, True, 0.3),
    prelu("prelu_picture", IMAGE, False, 0.35),
    prelu("prelu_steps", STEPS, False, 0.4),
    pooling("max_pool2d", "", IMAGE, (2, 2, 2)),
    pooling("max_pool2d", "_overlapping", (2, 5, 5), (2, 3, 3), kernel_size=3, stride=1),
    pooling("max_pool2d", "_padded", (2, 5, 5), (2, 3, 2), kernel_size=[2, 4], stride=[2, 3], padding=[1, 2]),
    pooling("max_pool2d", "_apart", (1, 7, 5), (1, 2, 2), kernel_size=[1, 2], stride=[4, 3]),
    pooling("max_pool2d", "_one", (2, 3, 2), (2, 3, 2), kernel_size=1),
    pooling("max_pool2d", "_over", IMAGE, (2, 3, 2), ceil_mode=True),
    pooling(
        *("max_pool2d", "_over_padded", (2, 6, 8), (2, 3, 3)),
        **{"kernel_size": [3, 2], "stride": [2, 3], "padding": [0, 1], "ceil_mode": True},
    ),
    pooling("max_pool2d", "_larger_than_the_map", (2, 2, 2), (2, 1, 1), kernel_size=3, ceil_mode=True),
    pooling("avg_pool2d", "_over", IMAGE, (2, 3, 2), ceil_mode=True),
    pooling(
        *("avg_pool2d", "_over_padded", (2, 6, 6), (2, 4, 3)),
        **{"kernel_size": [3, 4], "stride": [2, 3], "padding": [1, 1], "ceil_mode": True},
    ),
    pooling(
        *("avg_pool2d", "_over_of_what_is_there", (2, 6, 6), (2, 4, 3)),
        **{"kernel_size": [3, 4], "stride": [2, 3], "padding": [1, 1], "ceil_mode": True, "count_include_pad": False},
    ),
    pooling("avg_pool2d", "", IMAGE, (2, 2, 2)),
    pooling("avg_pool2d", "_overlapping", (2, 5, 5), (2, 3, 2), kernel_size=[3, 4], stride=1),
    pooling("avg_pool2d", "_padded", (2, 5, 5), (2, 3, 2), kernel_size=[2, 4], stride=[2, 3], padding=[1, 2]),
    pooling(
        *("avg_pool2d", "_of_what_is_there", (2, 5, 5), (2, 3, 2)),
        **{"kernel_size": [2, 4], "stride": [2, 3], "padding": [1, 2], "count_include_pad": False},
    ),
    pooling("avg_pool2d", "_apart", (1, 7, 5), (1, 2, 2), kernel_size=[1, 2], stride=[4, 3]),
    subsampling("_over", (2, 5, 6), (2, 3, 4), stride=2, padding=1, kernel_size=3, ceil_mode=True),
    subsampling("", (2, 4, 6), (2, 2, 3)),
    subsampling("_padded", (3, 5, 4), (3, 3, 3), kernel_size=[3, 2], stride=2, padding=1),
    image_case(
        *("global_avg_pool2d", {"kind": "global_avg_pool2d"}, (3, 2, 5), (3,)),
        lambda m, p: np.array([part.mean() for part in m]),
        "nn.AdaptiveAvgPool2d(1)|.flatten(1)",
    ),
    group_norm("group_norm", 1),
    group_norm("group_norm_pairs", 2),
    group_norm("group_norm_each_map", 4, 0.25),
    image_case(
        *("instance_norm", {"kind": "instance_norm"}, IMAGE, IMAGE),
        lambda m, p: group_normed(m, len(m)),
        "nn.InstanceNorm2d(2)",
    ),
    image_case(
        *("instance_norm_eps", {"kind": "instance_norm", "eps": 0.5}, IMAGE, IMAGE),
        lambda m, p: group_normed(m, len(m), 0.5),
        "nn.InstanceNorm2d(2, eps=0.5)",
    ),
    image_case(
        *("layer_norm_image", {"kind": "layer_norm", "eps": 1e-4}, IMAGE, IMAGE),
        lambda m, p: p["weight"] * (m - m.mean()) / np.sqrt(m.var() + 1e-4) + p["bias"],
        "nn.LayerNorm((2, 5, 4), eps=1e-4)",
    ),
)

"""Layers of images written plainly: example by example, window by window, with PyTorch's parameters and layouts."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Parameters = dict[str, Array]
Two = int | Sequence[int]


def two(size: Two) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def windows(
    maps: Array,
    kernel: Two,
    stride: Two = 1,
    padding: Two | str = 0,
    dilation: Two = 1,
    outside: float = 0.0,
    beyond: float | None = None,
) -> tuple[tuple[int, int], Iterator[tuple[int, int, Array]]]:
    """How many windows there are down and across, and each one's place and numbers (C, height, width).

    With `beyond`, which is what stands there, a last window that begins inside may go over the edge.
    """
    (tall, broad), (down, across), (skip, hop) = two(kernel), two(stride), two(dilation)
    spans = (tall - 1) * skip + 1, (broad - 1) * hop + 1
    if padding == "same":
        ends = [((span - 1) // 2, span - 1 - (span - 1) // 2) for span in spans]
    else:
        assert not isinstance(padding, str)
        ends = [(end, end) for end in two(padding)]
    padded = np.pad(maps, [(0, 0), *ends], constant_values=outside)
    tops = list(range(0, padded.shape[1] - spans[0] + 1, down))
    lefts = list(range(0, padded.shape[2] - spans[1] + 1, across))
    if beyond is not None:
        tops, lefts = (
            [at for at in range(0, size - end[1], step) if at == 0 or at - step + span < size]
            for size, end, step, span in zip(padded.shape[1:], ends, (down, across), spans, strict=True)
        )
        padded = np.pad(padded, [(0, 0), (0, spans[0]), (0, spans[1])], constant_values=beyond)

    def found() -> Iterator[tuple[int, int, Array]]:
        for y, top in enumerate(tops):
            for x, left in enumerate(lefts):
                yield y, x, padded[:, top : top + spans[0] : skip, left : left + spans[1] : hop]

    return (len(tops), len(lefts)), found()


def convolved(
    maps: Array,
    p: Parameters,
    groups: int = 1,
    connections: Sequence[Sequence[int]] | None = None,
    **where: Any,
) -> Array:
    """One image (C, H, W) under the filters `weight` (F, C / groups, height, width)."""
    w = p["weight"]
    own, per = len(w) // groups, w.shape[1]
    size, found = windows(maps, w.shape[2:], **where)
    out = np.zeros((len(w), *size))
    for y, x, window in found:
        for f, kernel in enumerate(w):
            first = f // own * per
            for c in range(per) if connections is None else connections[f]:
                out[f, y, x] += (kernel[c] * window[first + c]).sum()
    return out + p.get("bias", np.zeros(len(w)))[:, None, None]


def convolved_steps(steps: Array, p: Parameters, stride: int = 1, padding: int | str = 0, **more: Any) -> Array:
    """One sequence (T, F): an image of F maps, T high and 1 wide."""
    kernels = {**p, "weight": p["weight"][..., None]}
    across = padding if isinstance(padding, str) else (padding, 0)
    more["dilation"] = (more.get("dilation", 1), 1)
    return convolved(steps.T[..., None], kernels, stride=(stride, 1), padding=across, **more)[..., 0].T


def greatest(
    maps: Array, kernel_size: Two, stride: Two | None = None, padding: Two = 0, ceil_mode: bool = False
) -> Array:
    beyond = -np.inf if ceil_mode else None
    size, found = windows(maps, kernel_size, stride or kernel_size, padding, outside=-np.inf, beyond=beyond)
    out = np.zeros((len(maps), *size))
    for y, x, window in found:
        out[:, y, x] = [max(map(float, numbers.ravel())) for numbers in window]
    return out


def mean(
    maps: Array,
    kernel_size: Two,
    stride: Two | None = None,
    padding: Two = 0,
    count_include_pad: bool = True,
    ceil_mode: bool = False,
) -> Array:
    outside, beyond = 0.0 if count_include_pad else np.nan, np.nan if ceil_mode else None
    size, found = windows(maps, kernel_size, stride or kernel_size, padding, outside=outside, beyond=beyond)
    out = np.zeros((len(maps), *size))
    for y, x, window in found:
        for c, numbers in enumerate(window):
            there = numbers[~np.isnan(numbers)]
            out[c, y, x] = there.sum() / len(there)
    return out


def scaled(maps: Array, p: Parameters) -> Array:
    """A scale and a shift for each map."""
    return np.stack([w * part + b for part, w, b in zip(maps, p["weight"], p["bias"], strict=True)])


def group_normed(maps: Array, groups: int, eps: float = 1e-5) -> Array:
    parts = [(part - part.mean()) / np.sqrt(part.var() + eps) for part in np.split(maps, groups)]
    return np.concatenate(parts)

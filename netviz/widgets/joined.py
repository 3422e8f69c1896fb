"""Curves that grow, joined into pixel columns: those that were full are as they were in the picture before."""

from typing import NamedTuple

import numpy as np

from netviz.widgets.curves import Columns


class _Known(NamedTuple):
    source: object  # whose memory it is: held, so that no other array can take its place
    place: tuple[object, ...]  # in memory
    first: int  # the first bucket in sight
    starts: np.ndarray
    joined: np.ndarray


class Joined:
    """What each curve's columns came to in the last picture, curves being told apart by their number in it.

    Buckets never change but in two ways. Those that a `Series` merges move all after them, and with them where columns
    start; one that was cut has other arrays.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, np.ufunc], _Known] = {}
        self._compared: tuple[np.ndarray, np.ndarray, bool] | None = None

    def join(self, number: int, how: np.ufunc, values: np.ndarray, found: Columns) -> np.ndarray:
        """`how` over the buckets of each column; `values` are (curves, n)."""
        starts, seen = found.starts, found.seen
        if starts is None or values.base is None:
            return found.join(how, values, axis=1)
        known, place = self._known.get((number, how)), (values.__array_interface__["data"][0], values.strides)
        if (
            known is not None
            and known.source is values.base
            and (known.place, known.first) == (place, seen.start)
            and len(known.joined) == len(values)
            and self._go_on(known.starts, starts)
        ):
            same = len(known.starts)
            last = int(starts[same - 1])  # the last column of the picture before may have grown
            fresh = how.reduceat(values[:, seen.start + last : seen.stop], starts[same - 1 :] - last, axis=1)
            joined = np.concatenate([known.joined[:, : same - 1], fresh], axis=1)
        else:
            joined = found.join(how, values, axis=1)
        self._known[number, how] = _Known(values.base, place, seen.start, starts, joined)
        return joined

    def _go_on(self, before: np.ndarray, now: np.ndarray) -> bool:
        """Whether all columns of the picture before start where they did; asked once of curves over the same steps."""
        if self._compared is None or self._compared[0] is not before or self._compared[1] is not now:
            start = now[: len(before)]
            self._compared = before, now, len(start) == len(before) and bool((start == before).all())
        return self._compared[2]

"""Ink on a coarse grid: ink(cell) = clip(r + ½ − distance to the stroke, 0, 1), so that edges are soft."""

import numpy as np

Place = tuple[float, float]  # (across, down) in cells from the upper left corner


class Ink:
    """`share` (rows, columns) is 0 where there is none and 1 where it is full."""

    def __init__(self, rows: int, columns: int) -> None:
        self.share = np.zeros((rows, columns))

    def stroke(self, start: Place, end: Place, radius: float, erase: bool = False) -> None:
        """Draws, or takes away, along a line."""
        rows, columns = self.share.shape
        down, across = np.mgrid[0:rows, 0:columns] + 0.5
        along = np.subtract(end, start)
        length = float(along @ along)
        place = np.zeros((rows, columns))
        if length > 0:
            place = np.clip(((across - start[0]) * along[0] + (down - start[1]) * along[1]) / length, 0, 1)
        distance = np.hypot(across - start[0] - place * along[0], down - start[1] - place * along[1])
        fresh = np.clip(radius + 0.5 - distance, 0, 1)
        self.share = np.minimum(self.share, 1 - fresh) if erase else np.maximum(self.share, fresh)

    def clear(self) -> None:
        self.share = np.zeros_like(self.share)

"""Pictures that are known up to a turn or a reflection, turned as the last one was: arg min ‖P Q − P₀‖ over QᵀQ = I.

Principal axes have no sign, and change places where two variances cross; the picture must not jump then. The solution
is U Vᵀ of Pᵀ P₀ = U S Vᵀ (Schönemann 1966).
"""

from collections.abc import Hashable

import numpy as np


def turn_to(points: np.ndarray, before: np.ndarray) -> np.ndarray:
    """(2, 2): the turn or reflection by which `points` (n, 2) lie nearest to `before` (m, 2), row by row."""
    count = min(len(points), len(before))
    now, then = (np.asarray(part[:count], float) for part in (points, before))
    known = np.isfinite(now).all(axis=1) & np.isfinite(then).all(axis=1)
    if not known.any():
        return np.eye(2)
    now, then = now[known], then[known]
    # Their sizes do not matter; of huge ones a product would overflow.
    left, _, right = np.linalg.svd((now / (np.abs(now).max() or 1.0)).T @ (then / (np.abs(then).max() or 1.0)))
    return left @ right


class Steady:
    """Remembers for each picture how it was turned last."""

    def __init__(self) -> None:
        self._last: dict[Hashable, tuple[object, np.ndarray, np.ndarray]] = {}

    def forget(self) -> None:
        self._last.clear()

    def turn(self, key: Hashable, answer: object, points: np.ndarray) -> np.ndarray:
        """How `points` of `answer` are turned to follow the picture before; the same for the same answer."""
        last = self._last.get(key)
        if last is not None and last[0] is answer:
            return last[1]
        turn = np.eye(2) if last is None else turn_to(points, last[2])
        turned = np.asarray(points, float) @ turn
        if last is not None and not np.isfinite(turned).any():
            turned = last[2]  # what comes after numbers that were none follows what was before them
        self._last[key] = answer, turn, turned
        return turn

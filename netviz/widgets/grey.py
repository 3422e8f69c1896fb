"""Numbers as the picture that they are: in grey where there is one channel, in colours where there are three."""

import numpy as np
from PySide6.QtGui import QImage

from netviz.theme import theme
from netviz.widgets.shades import clipped


def grey_picture(values: np.ndarray, low: float, high: float) -> QImage:
    """`values` (rows, columns), or (3, rows, columns), from `low` to `high`; what is no number is as `low`.

    Low is dark in the dark theme, and light, as the paper under ink, in the light one; colours stay colours.
    """
    with np.errstate(all="ignore"):
        level = (clipped((np.asarray(values, float) - low) / ((high - low) or 1.0)) * 255).astype(np.uint8)
    if level.ndim == 3:
        pixels = np.ascontiguousarray(level.transpose(1, 2, 0))
        rows, columns = pixels.shape[:2]
        return QImage(pixels.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()
    pixels = np.ascontiguousarray(level if theme().name == "dark" else 255 - level)
    rows, columns = pixels.shape
    return QImage(pixels.data, columns, rows, columns, QImage.Format.Format_Grayscale8).copy()

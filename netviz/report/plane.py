"""The decision over the input plane for a page: colours that let the page's own show through, dark or light."""

from base64 import b64encode

import numpy as np

from engine.probes.boundary import BoundaryAnswer
from engine.run.messages import Points
from netviz.colours import LIGHT, MORE_CLASSES
from netviz.report.contents import png_bytes
from netviz.report.markup import Markup, join, tag

SIDE = 260.0
CLASSES = (LIGHT.blue, LIGHT.orange, *MORE_CLASSES)


def plane(name: str, answer: BoundaryAnswer, points: Points | None) -> Markup:
    """A square: each class in its colour, fading out where the network is unsure; dots are examples."""
    address = "data:image/png;base64," + b64encode(png_bytes(pixels(answer, points))).decode()
    parts = [tag("image", href=address, width=SIDE, height=SIDE, preserveAspectRatio="none")]
    if points is not None:
        for x, y, kind in ((points.x, points.y, "dot"), (points.x_val, points.y_val, "ring")):
            parts.append(_dots(answer, np.asarray(x), np.asarray(y), kind, points.classes))
    picture = tag(
        "svg", *parts, viewBox=f"0 0 {SIDE:g} {SIDE:g}", width=SIDE, role="img", aria_label=f"{name}: decision"
    )
    return tag("figure", tag("figcaption", name), picture, class_="plane")


def pixels(answer: BoundaryAnswer, points: Points | None) -> np.ndarray:
    """(n, n, 4) RGBA, x₂ upwards: the class's colour, as opaque as the network is sure."""
    values = np.nan_to_num(np.asarray(answer.values, float)[::-1], nan=0.5 if answer.probability else 0.0)
    if answer.winners is not None:
        count = max(2, points.classes or 2) if points is not None else int(np.max(answer.winners)) + 1
        sure = (values - 1 / count) / (1 - 1 / count)
        chosen = np.asarray(answer.winners, int)[::-1]
    else:
        signed = 2 * np.clip(values, 0, 1) - 1 if answer.probability else values / (np.abs(values).max() or 1.0)
        sure, chosen = np.abs(signed), (signed > 0).astype(int)
    colours = np.array([_rgb(colour) for colour in CLASSES])
    made = np.empty((*values.shape, 4), np.uint8)
    made[..., :3] = colours[chosen % len(colours)]
    made[..., 3] = np.rint(np.clip(sure, 0, 1) * 235)
    return made


def _dots(answer: BoundaryAnswer, x: np.ndarray, y: np.ndarray, kind: str, classes: int | None) -> Markup:
    left, right, low, high = answer.bounds
    made = []
    for (across, up), value in zip(x, y if y.ndim == 1 else y[:, 0], strict=True):
        number = int(value) if classes else int(value > 0)
        made.append(
            tag(
                "circle",
                cx=f"{(across - left) / (right - left) * SIDE:.1f}",
                cy=f"{(high - up) / (high - low) * SIDE:.1f}",
                r=2.4 if kind == "dot" else 2.2,
                class_=kind,
                style=f"--c:{CLASSES[number % len(CLASSES)]}",
            )
        )
    return join(*made)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)

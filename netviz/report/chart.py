"""Curves over steps as inline SVG: colours come from the page's style, so that they follow dark and light."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from netviz.report.markup import Markup, join, tag
from netviz.widgets.ticks import decade_ticks, linear_ticks, nice_up

WIDTH, HEIGHT = 640, 250
LEFT, RIGHT, TOP, BOTTOM = 52, 20, 10, 26  # of the axes
MOST = 500  # points across: of more, each bin's extremes are drawn
DASHES = {"": None, "dashed": "5 3", "dotted": "1.5 2.5"}


@dataclass(frozen=True)
class Curve:
    """`low` to `high` over `steps`, filled where `band`; `colour` is one of the page's, such as lane0."""

    name: str
    steps: np.ndarray
    low: np.ndarray
    high: np.ndarray
    colour: str
    dash: str = ""
    band: bool = False


@dataclass(frozen=True)
class Axis:
    """`log` values lie as their powers of ten; `share` is 0 to 1 in per cent."""

    log: bool = False
    share: bool = False


def chart(title: str, curves: Sequence[Curve], axis: Axis = Axis()) -> Markup | None:
    """A figure with its legend; None where no curve has a point that can be drawn."""
    drawn = [_thinned(_shown(curve, axis)) for curve in curves]
    drawn = [curve for curve in drawn if len(curve.steps)]
    if not drawn:
        return None
    last = nice_up(max(1.0, max(float(curve.steps[-1]) for curve in drawn)))
    bottom, top = _range(drawn, axis)
    inside = [_grid(last, bottom, top, axis)]
    inside += [_path(curve, last, bottom, top) for curve in sorted(drawn, key=lambda curve: not curve.band)]
    names = ", ".join(curve.name for curve in drawn)
    picture = tag(
        "svg",
        *inside,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=f"{title} over steps 0 to {int(max(c.steps[-1] for c in drawn))}: {names}",
    )
    legend = tag("p", *(_key(curve) for curve in drawn), class_="legend")
    return tag("figure", tag("figcaption", title), picture, legend)


def _shown(curve: Curve, axis: Axis) -> Curve:
    low, high = np.asarray(curve.low, float), np.asarray(curve.high, float)
    with np.errstate(all="ignore"):
        if axis.log:
            low, high = np.log10(np.where(low > 0, low, np.nan)), np.log10(np.where(high > 0, high, np.nan))
            low = np.where(np.isfinite(low), low, high)
    good = np.isfinite(low) & np.isfinite(high)
    return Curve(curve.name, curve.steps[good], low[good], high[good], curve.colour, curve.dash, curve.band)


def _thinned(curve: Curve) -> Curve:
    """At most MOST points, each from the lowest to the highest of its bin."""
    count = len(curve.steps)
    if count <= MOST:
        return curve
    starts = np.unique(np.linspace(0, count, MOST, endpoint=False).astype(int))
    low, high = np.minimum.reduceat(curve.low, starts), np.maximum.reduceat(curve.high, starts)
    # The last value is what the run came to: it is drawn whatever the bin before it has.
    low[-1], high[-1] = (low[-1], high[-1]) if curve.band else (curve.low[-1], curve.high[-1])
    steps = curve.steps[starts].copy()
    steps[-1] = curve.steps[-1]
    return Curve(curve.name, steps, low, high, curve.colour, curve.dash, curve.band)


def _range(curves: Sequence[Curve], axis: Axis) -> tuple[float, float]:
    if axis.share:
        return -0.03, 1.03
    lines = [curve for curve in curves if not curve.band] or curves
    low, high = min(float(c.low.min()) for c in curves), max(float(c.high.max()) for c in curves)
    if axis.log:
        bottom = np.floor(low + 1e-9)
        return float(bottom), float(max(np.ceil(high - 1e-9), bottom + 1))
    # A rare spike of one batch does not flatten the rest.
    high = min(high, 3 * max(float(np.percentile(c.high, 98)) for c in [*lines, *curves])) if high > 0 else high
    end = nice_up(high) if high > 0 else 0.0
    return (-0.02 * end if low >= 0 else -nice_up(-low)), end or 1.0


def _grid(last: float, bottom: float, top: float, axis: Axis) -> Markup:
    parts = []
    ticks = decade_ticks(bottom, top, 6) if axis.log else linear_ticks(bottom, top, 6)
    if axis.share:
        ticks = [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")]
    for value, words in ticks:
        y = f"{_y(np.array([value]), bottom, top)[0]:.1f}"
        parts.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"))
        parts.append(tag("text", words, x=LEFT - 6, y=y, class_="end"))
    for value, words in linear_ticks(0.0, last, 8, 1.0):
        x = f"{_x(np.array([value]), last)[0]:.1f}"
        parts.append(tag("line", x1=x, x2=x, y1=HEIGHT - BOTTOM, y2=HEIGHT - BOTTOM + 4, class_="grid"))
        parts.append(tag("text", words, x=x, y=HEIGHT - BOTTOM + 15, class_="middle"))
    parts.append(tag("text", "step", x=LEFT - 6, y=HEIGHT - BOTTOM + 15, class_="end"))
    return join(*parts)


def _path(curve: Curve, last: float, bottom: float, top: float) -> Markup:
    x = _x(curve.steps, last)
    low, high = _y(curve.low, bottom, top), _y(curve.high, bottom, top)
    if len(x) == 1:
        return tag("circle", cx=f"{x[0]:.1f}", cy=f"{high[0]:.1f}", r=2.5, class_=f"fill {curve.colour}")
    if curve.band:
        xs, ys = np.concatenate([x, x[::-1]]), np.concatenate([high, low[::-1]])
        return tag("path", d=f"{_line(xs, ys)}Z", class_=f"band {curve.colour}")
    if not np.array_equal(low, high):
        xs, ys = np.repeat(x, 2), np.stack([high, low], axis=1).ravel()
        return tag("path", d=_line(xs, ys), class_=f"curve {curve.colour}", stroke_dasharray=DASHES[curve.dash])
    return tag("path", d=_line(x, low), class_=f"curve {curve.colour}", stroke_dasharray=DASHES[curve.dash])


def _line(x: np.ndarray, y: np.ndarray) -> str:
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))


def _x(steps: np.ndarray, last: float) -> np.ndarray:
    return LEFT + np.asarray(steps, float) / last * (WIDTH - LEFT - RIGHT)


def _y(values: np.ndarray, bottom: float, top: float) -> np.ndarray:
    inside = HEIGHT - TOP - BOTTOM
    return np.clip(HEIGHT - BOTTOM - (values - bottom) / (top - bottom) * inside, TOP - 4, HEIGHT - BOTTOM)


def _key(curve: Curve) -> Markup:
    line = (
        tag("rect", x=0, y=1, width=22, height=8, class_=f"band {curve.colour}")
        if curve.band
        else tag("path", d="M0 5L22 5", class_=f"curve {curve.colour}", stroke_dasharray=DASHES[curve.dash])
    )
    return tag("span", tag("svg", line, viewBox="0 0 22 10", aria_hidden="true", class_="key"), curve.name)

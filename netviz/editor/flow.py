"""What wires show: gradient or signal on a fixed logarithmic scale, or single weights on a fixed linear one."""

from collections import deque
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from math import isfinite, isnan, log10

from PySide6.QtGui import QColor

from engine.graph import Graph, once_for_wires
from engine.layers.base import Weighted
from netviz.editor.boxes import Wire
from netviz.runtime.history import LaneHistory, column
from netviz.theme import mix, theme

LEAST, MOST = -8, 2  # powers of ten: thinnest, thickest
STEPS = 40  # four to a power of ten
THIN, THICK = 1.2, 6.0  # pixels


class Flow(Enum):
    """What wires show."""

    BACK = "gradient"
    FORWARD = "signal"
    WEIGHTS = "weights"
    OFF = "off"


TITLES = {
    Flow.BACK: "gradient back",
    Flow.FORWARD: "signal forward",
    Flow.WEIGHTS: "single weights",
    Flow.OFF: "plain",
}


def step_of(value: float) -> int | None:
    """The step of a size: 0 for 1e-8 and below (0 itself, too), STEPS for 100 and above; None where it is not known."""
    if isnan(value):
        return None
    if value <= 10.0**LEAST:
        return 0
    return STEPS if value >= 10.0**MOST else round((log10(value) - LEAST) / (MOST - LEAST) * STEPS)


def value_of(step: int) -> float:
    return float(10.0 ** (LEAST + step / STEPS * (MOST - LEAST)))


def width_of(step: int) -> float:
    return THIN + step / STEPS * (THICK - THIN)


FULL, CLEAR = 4.0, 1.0  # sizes from which on a single weight is as wide as any, and its colour as strong as any
LIGHTEST, HEAVIEST = 0.4, 5.0  # pixels
SHADES = 40  # on either side of 0


def weight_step(weight: float) -> int | None:
    """From -SHADES to SHADES, even in the weight; None for what is no number."""
    return round(max(-1.0, min(1.0, weight / FULL)) * SHADES) if isfinite(weight) else None


def weight_width(step: int | None) -> float:
    return HEAVIEST if step is None else LIGHTEST + abs(step) / SHADES * (HEAVIEST - LIGHTEST)


def weight_colour(step: int | None) -> QColor:
    """Blue below 0, orange above, fainter the smaller; red for what is no number."""
    t = theme()
    if step is None:
        return QColor(t.red)
    share = min(1.0, 0.25 + abs(step) / SHADES * FULL / CLEAR) if step else 0.0
    return mix(mix(t.faint, t.window, 0.6), t.orange if step > 0 else t.blue, share)


def latest(lane: LaneHistory) -> Mapping[str, float]:
    """`NODE.FIELD` of the last step whose layers were looked at; nothing before the first."""
    if not len(lane.layers):
        return {}
    names, columns = _columns(lane.info.layers, lane.info.weighted)
    return dict(zip(names, lane.layers.last[-1][columns].tolist(), strict=True))


@lru_cache(64)  # asked for at every answer
def _columns(layers: tuple[str, ...], weighted: tuple[bool, ...]) -> tuple[list[str], list[int]]:
    """What wires may show, and which of a lane's numbers each is."""
    wanted = [
        (index, f"{node}.{name}", name)
        for index, (node, weights) in enumerate(zip(layers, weighted, strict=True))
        for name in (("grad_norm",) if weights else ("std", "delta_rms"))
    ]
    return [told for _, told, _ in wanted], [column(weighted, index, name) for index, _, name in wanted]


@once_for_wires
def next_weighted(graph: Graph) -> Mapping[str, str]:
    """Each node itself or the nearest behind it that has weights; not those behind which there is none."""
    sources: dict[str, list[str]] = {node: [] for node in graph.layers}
    for edge in graph.edges:
        if edge.source in sources and edge.target in sources:
            sources[edge.target].append(edge.source)
    waiting = deque(node for node, layer in graph.layers.items() if isinstance(layer, Weighted))
    found = {node: node for node in waiting}
    while waiting:
        node = waiting.popleft()
        for source in sources[node]:
            if source not in found:
                found[source] = found[node]
                waiting.append(source)
    return found


def along(flow: Flow, wire: Wire, weighted: str | None, numbers: Mapping[str, float]) -> tuple[int | None, str]:
    """The step of what runs along a wire, and its words.

    Back: ‖∂L/∂W‖ of `weighted`, the next layer with weights, so that all wires tell the same; behind the last of them
    the root mean square of ∂L/∂input of the node that the wire leads to. Forward: the standard deviation of what
    leaves the wire's source, which is known of nodes without weights.
    """
    if flow is Flow.OFF:
        return None, ""
    if flow is Flow.FORWARD:
        node, name = wire.source, "std"
    elif weighted is not None:
        node, name = weighted, "grad_norm"
    else:
        node, name = wire.target, "delta_rms"
    number = numbers.get(f"{node}.{name}")
    step = None if number is None else step_of(number)
    return step, _words(node, name, step)


WHAT = {
    "std": "signal forward: standard deviation of",
    "grad_norm": "gradient back: ‖∂L/∂W‖ of",
    "delta_rms": "gradient back: RMS of ∂L/∂input of",
}


@lru_cache(4096)
def _words(node: str, name: str, step: int | None) -> str:
    if step is None:
        return f"{WHAT[name]} {node}: not known"
    size = "1e-08 or less" if step == 0 else "100 or more" if step == STEPS else f"about {value_of(step):.1g}"
    return f"{WHAT[name]} {node}: {size}"

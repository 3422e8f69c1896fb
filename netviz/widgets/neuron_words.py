"""One unit in words: its name, its figures, what lies under the mouse."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from engine.probes.neuron import Links, NeuronAnswer
from netviz.widgets.neuron_parts import reach_of
from netviz.widgets.ticks import figure, percent, signed, whole


def full_size(values: np.ndarray) -> str:
    """What a bar of full length means."""
    return f"±{reach_of(values):.2g}" if values.any() else "0"


def title_of(answer: NeuronAnswer) -> str:
    return f"{answer.node}: unit {whole(answer.unit + 1)} of {whole(answer.units)}"


def names_of(answer: NeuronAnswer) -> tuple[str, ...] | None:
    """Of the classes; None where targets are numbers."""
    return None if answer.classes is None else answer.names


def figures_of(answer: NeuronAnswer) -> list[tuple[str, bool]]:
    """What is said in numbers, line by line, and whether it is trouble."""
    told = answer.answers
    mean, spread, least, most = (figure(v).strip() for v in (told.mean, told.deviation, told.least, told.most))
    made = [(f"mean {mean} ± {spread}, from {least} to {most}", False)]
    if told.lost:
        made.append((f"{whole(told.lost)} outputs are no numbers", True))
    if not np.isnan(answer.saturated):
        share = percent(answer.saturated).strip()
        words = "dead: its slope is 0 at every example" if answer.dead else f"saturated at {share} of them"
        made.append((words, answer.dead or answer.saturated == 1))
    back = [] if np.isnan(answer.delta) else [f"∂ℓ/∂h {figure(answer.delta).strip()}"]
    if answer.incoming is not None:
        back.append(f"‖∂L/∂w‖ {figure(float(np.linalg.norm(np.asarray(answer.incoming.gradient)))).strip()}")
        if not np.isnan(answer.incoming.bias):
            made.append((f"bias {figure(answer.incoming.bias).strip()}", False))
    if back:
        made.append((f"comes back: {', '.join(back)}", False))
    return made


def lines_of(answer: NeuronAnswer) -> int:
    """How many lines `figures_of` has."""
    links = answer.incoming
    told = answer.answers.lost, not np.isnan(answer.saturated), links is not None or not np.isnan(answer.delta)
    return 1 + sum(map(bool, told)) + (links is not None and not np.isnan(links.bias))


def weight_in_words(links: Links, at: int) -> str:
    name = links.names[at] if at < len(links.names) else f"number {at + 1}"
    return signed(f"{name}: weight {links.values[at]:.4g}, ∂L/∂w {links.gradient[at]:.3g}")


def on_map(answer: NeuronAnswer, square: QRectF, at: QPointF) -> str:
    if answer.map is None or answer.bounds is None or not square.contains(at):
        return ""
    left, right, low, high = answer.bounds
    across, up = (at.x() - square.left()) / square.width(), (square.bottom() - at.y()) / square.height()
    size = len(answer.map)
    row, column = (min(max(int(share * size), 0), size - 1) for share in (up, across))
    where = f"({left + across * (right - left):.2f}, {low + up * (high - low):.2f})"
    return signed(f"{where}: {float(answer.map[row, column]):.4g}")


def in_bin(answer: NeuronAnswer, area: QRectF, at: QPointF) -> str:
    told = answer.answers
    counts = np.asarray(told.counts)
    bins = counts.shape[1]
    k = min(bins - 1, max(0, int((at.x() - area.left()) / area.width() * bins)))
    wide = (told.high - told.low) / bins
    names = answer.names
    each = ", ".join(f"{names[i] if i < len(names) else f'class {i}'} {n}" for i, n in enumerate(counts[:, k]) if n)
    words = each if len(counts) > 1 else whole(int(counts[0, k]))
    return signed(f"{told.low + k * wide:.3g} to {told.low + (k + 1) * wide:.3g}: {words or 'none'}")

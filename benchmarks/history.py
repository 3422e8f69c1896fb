"""A long past under the hand: a million steps of many layers taken in, zoomed and scrolled."""

from collections.abc import Callable, Iterator
from time import perf_counter

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from benchmarks.frames import application, frame_row, press, timed, wheel
from benchmarks.measure import Effort
from benchmarks.report import Row
from engine.probes.histograms import BINS, HistogramAnswer, LayerHistogram
from engine.run.messages import LaneAnswer, LaneInfo, LayerScalars, LossBuckets, Opened
from netviz.panels.gradients import GradientsPanel
from netviz.panels.histograms import HistogramsPanel
from netviz.panels.loss import LossPanel
from netviz.runtime.history import History, LaneHistory

STEPS, LAYERS = 1_000_000, 16
A_FRAME = 64  # steps told in one answer
A_PICTURE = 64  # answers from one histogram to the next
SIZE = (640, 360)
MEGABYTES = 64.0
ABOUT = f"""\
The window's past of a run of {STEPS // 10**6} 000 000 steps of {LAYERS} dense layers, each with its tanh: loss and
every layer's scalars of every step, and {STEPS // (A_FRAME * A_PICTURE)} histograms of each layer. **Take** is what
the window's thread does to add an answer of {A_FRAME} steps; **frame** all that it does for one event of the mouse on
a panel of {SIZE[0]} × {SIZE[1]}, the painting with it, by the wall clock; 95th percentile, worst beside it. **Zoom**
turns the wheel from all steps to some hundred and back; **scroll** goes along by tenths of the length; **grow** draws
the panel anew after an answer. **Memory** is all that the past holds: the first 50 and the latest 1 024 steps as they
are, of those between even parts with their extremes."""


def measure(effort: Effort) -> Iterator[Row]:
    app = application()
    frames, history = max(20, round(effort.pairs * 8)), History()
    history.open(Opened((_info(),), None, "numpy", "cpu", "float32", ()))
    yield frame_row("take an answer", [_take(history.lanes[0], start) for start in range(0, STEPS, A_FRAME)])
    kept = memory(history.lanes[0]) / 1e6
    yield Row("memory", kept, MEGABYTES, "MB", True, context=f"{STEPS} steps of {LAYERS} layers")
    for kind, title in ((LossPanel, "loss"), (GradientsPanel, "gradients"), (HistogramsPanel, "activations over time")):
        panel = kind(history)
        if isinstance(panel, HistogramsPanel):
            panel.show_view("time")
        panel.resize(*SIZE)
        panel.show()
        panel.refresh()
        app.processEvents()
        target = panel.map if isinstance(panel, HistogramsPanel) else panel.plot.viewport()
        yield frame_row(f"{title}: zoom", _zoom(app, target, frames))
        yield frame_row(f"{title}: scroll", _scroll(app, target, frames))
        yield frame_row(f"{title}: grow", _grow(app, panel.refresh, history.lanes[0], frames // 4))
        panel.close()
        panel.deleteLater()


def _info() -> LaneInfo:
    names = tuple(f"{letter}{number}" for number in range(LAYERS) for letter in ("h", "a"))
    kinds = ("dense", "tanh") * LAYERS
    return LaneInfo("A", names, kinds, (True, False) * LAYERS, (2,), 100, STEPS)


def _take(lane: LaneHistory, start: int) -> float:
    """Milliseconds of taking in one answer."""
    rng = np.random.default_rng(start)
    steps = np.arange(start, start + A_FRAME)
    loss = np.exp(-start / STEPS) + rng.normal(0, 0.05, A_FRAME)
    depth = 10.0 ** np.linspace(-4, 0, 2 * LAYERS)[None, :, None]
    values = depth * rng.lognormal(0, 0.5, (A_FRAME, 2 * LAYERS, 6))
    probes = (_histograms(rng),) if start % (A_FRAME * A_PICTURE) == 0 else ()
    buckets, last = LossBuckets(steps, loss, loss, loss, loss), int(steps[-1]) + 1
    told = LaneAnswer(buckets, (), LayerScalars(steps, values), probes, 0.1, 32, None, ((last, 0.1),))
    begun = perf_counter()
    lane.take(told)
    return (perf_counter() - begun) * 1e3


def _histograms(rng: np.random.Generator) -> HistogramAnswer:
    layers = (
        LayerHistogram(f"a{i}", rng.integers(0, 500, BINS), -1.0, 1.0, False, 5, 0, 0, 0, 0, -1.0, 1.0)
        for i in range(LAYERS)
    )
    return HistogramAnswer(tuple(layers), 512)


def memory(lane: LaneHistory) -> int:
    """The bytes of every array that a lane's past holds."""
    series = sum(one.nbytes for one in (lane.loss, lane.scores, lane.layers, lane.rate))
    return series + sum(past.nbytes for kind in lane.past_histograms.values() for past in kind.nodes.values())


def _zoom(app: QApplication, target: QWidget, frames: int) -> list[float]:
    """In by 35 notches about a place in the middle, and out again."""
    place = target.rect().center()
    return [timed(app, lambda n=n: wheel(target, place, 1 if n % 70 < 35 else -1)) for n in range(frames)]


def _scroll(app: QApplication, target: QWidget, frames: int) -> list[float]:
    """In by some notches, then along by the arrow keys: a drag is told to curves at most a hundred times a second."""
    for _ in range(10):
        wheel(target, target.rect().center(), 1)
    keys = Qt.Key.Key_Right, Qt.Key.Key_Left
    return [timed(app, lambda n=n: press(target, keys[n // 30 % 2])) for n in range(frames)]


def _grow(app: QApplication, refresh: Callable[[], None], lane: LaneHistory, frames: int) -> list[float]:
    times = []
    for _ in range(frames):
        _take(lane, lane.step)
        times.append(timed(app, refresh))
    return times

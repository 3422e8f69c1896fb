"""One window under the stopwatch: `python -m benchmarks.watched PROJECT PAIRS SECONDS [every]` prints JSON.

`every` opens every panel, each in a place of its own.

Inputs come over standard input: eight bytes each, the second on the system's clock at which they were made.
"""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec
from PySide6.QtCore import QEvent, QEventLoop, QPointF, QSocketNotifier, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from benchmarks.window import STAMP, Seen
from engine.project import load_project
from engine.run.messages import Pace, PaceUnit, RunState
from netviz import theme
from netviz.main_window import MainWindow
from netviz.panels.base import Panel
from netviz.runtime.history import LaneHistory
from netviz.runtime.series import Series

SETTLE = 0.3  # seconds before a turn counts: the window is there again, the first steps are done
FIRST = 1.0  # seconds of a turn that are told apart: what comes to stay is made in them
LONGEST = 30.0  # seconds that anything may take
SELDOM = {"spectrum", "noise", "landscape", "health"}  # worked out in slices, or told a few times a second
LARGE, IN_A_ROW = (2560, 1440), 6  # pixels of a window with every panel, and panels beside one another


def pictured(lane: LaneHistory, topics: Iterable[str]) -> tuple[Any, ...] | None:
    """What a panel on these topics draws of a network, another value being a new picture; None before there is any.

    The worker's answers, and only where there are none the series that grow with every step.
    """
    known = [getattr(lane, topic) for topic in sorted(topics)]
    answers = [one for one in known if not isinstance(one, Series) and one is not None]
    return tuple(answers or [one.version for one in known if isinstance(one, Series) and len(one)]) or None


class TimedApplication(QApplication):
    """Adds up how long each frame keeps the thread busy, event by event."""

    def __init__(self) -> None:
        super().__init__(sys.argv[:1])
        self.frames: list[float] = []
        self.ticker: QTimer | None = None  # begins a frame
        self.painted: Callable[[], None] | None = None  # called when the window has been painted
        self._inside = False
        self._busy = 0.0

    def notify(self, receiver: Any, event: QEvent) -> bool:
        if self._inside:
            return super().notify(receiver, event)
        kind = event.type()
        if kind == QEvent.Type.Timer and receiver is self.ticker:
            self.frames.append(self._busy)
            self._busy = 0.0
        self._inside, began = True, perf_counter()
        try:
            return super().notify(receiver, event)
        finally:
            self._inside = False
            self._busy += perf_counter() - began
            if kind == QEvent.Type.UpdateRequest and self.painted is not None:
                self.painted()


class Eye:
    """Counts the pictures that a panel has drawn, network by network."""

    def __init__(self, panel: Panel) -> None:
        self.panel, self._refresh = panel, panel.refresh
        self.counts: list[int] = []
        self._drawn: list[Any] = []
        panel.refresh = self._watched_refresh  # type: ignore[method-assign]

    def _watched_refresh(self) -> None:
        self._refresh()
        now = [pictured(lane, self.panel.topics) for lane in self.panel.history.lanes]
        if len(now) != len(self._drawn):
            self._drawn, self.counts = [None] * len(now), [0] * len(now)
        for i, picture in enumerate(now):
            if picture is not None and picture != self._drawn[i]:
                self._drawn[i] = picture
                self.counts[i] += 1

    def has_something(self) -> bool:
        """Whether there is anything to draw of these networks."""
        return bool(self.panel.table()[1])

    def take(self) -> list[int]:
        """The counts since the last call, of networks of which there is something to draw."""
        taken = [count for count, drawn in zip(self.counts, self._drawn, strict=True) if drawn is not None]
        self.counts = [0] * len(self.counts)
        return taken


class Watched:
    """A window on a project, and what is measured in it."""

    def __init__(self, app: TimedApplication, project: Path) -> None:
        self.app = app
        self.window = MainWindow(load_project(project), project, "process")
        self.session = self.window.session
        self.session.worker_lost.connect(sys.exit)
        self.ticker = self.session.findChild(QTimer)
        app.ticker = self.ticker
        self.eyes = [Eye(panel) for panel in self.window.panels]
        self.inputs: list[float] = []
        self._moves = 0
        self.notifier = QSocketNotifier(0, QSocketNotifier.Type.Read)
        self.notifier.activated.connect(self._take_inputs)
        self.window.show()
        self.until(lambda: self.session.state is RunState.PAUSED)

    def show_every_panel(self) -> None:
        names = [panel.ident for panel in self.window.panels]
        self.window.resize(*LARGE)
        self.window.layout_.show([[[name] for name in names[i : i + IN_A_ROW]] for i in range(0, len(names), IN_A_ROW)])
        self.let_run(SETTLE)

    def let_run(self, seconds: float) -> None:
        loop = QEventLoop()
        QTimer.singleShot(round(1000 * seconds), loop.quit)
        loop.exec()

    def until(self, true: Callable[[], bool]) -> None:
        deadline = perf_counter() + LONGEST
        while not true():
            if perf_counter() > deadline:
                raise TimeoutError("the window did not get there")
            self.let_run(0.002)

    def _take_inputs(self) -> None:
        """Moves the mouse over the network at each input; the time ends when the canvas has dealt with it."""
        data = os.read(0, 64 * STAMP.size)
        if not data:
            self.notifier.setEnabled(False)
        view = self.window.canvas.viewport()
        for (stamp,) in STAMP.iter_unpack(data[: len(data) // STAMP.size * STAMP.size]):
            self._moves += 1
            place = QPointF(7 * self._moves % view.width(), view.height() / 2)
            none, plain = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
            move = QMouseEvent(QEvent.Type.MouseMove, place, view.mapToGlobal(place), none, none, plain)
            QApplication.sendEvent(view, move)
            self.inputs.append(perf_counter() - stamp)

    # Play to the first frame

    def play_anew(self) -> float:
        """Seconds from the click on play to the paint after every panel has drawn something of the run."""
        self.session.reset()
        self.until(lambda: self.session.state is RunState.PAUSED and self.session.step == 0)
        self.let_run(SETTLE)
        for eye in self.eyes:
            eye.take()
        ended: list[float] = []

        def painted() -> None:
            if not ended and all(any(eye.counts) for eye in self._drawing()):
                ended.append(perf_counter())

        self.app.painted = painted
        began = perf_counter()
        self.window.run_bar.play.trigger()
        self.until(lambda: bool(ended))
        self.app.painted = None
        return ended[0] - began

    def _drawing(self) -> list[Eye]:
        """Those of panels in the project's layout that have something to draw of this net."""
        plane, placed = self.session.history.lanes[0].info.inputs != (1,), self.window.layout_.placed()
        return [eye for eye in self.eyes if eye.panel.ident in placed and (plane or eye.panel.ident != "boundary")]

    # Speed, with the window and without

    def show(self, shown: bool) -> None:
        """Without the window no panel is seen, no frame is asked, and the worker is alone."""
        self.window.setVisible(shown)
        self.session.update_watch()
        self.ticker.start() if shown else self.ticker.stop()

    def steps_at(self) -> tuple[float, list[int]]:
        """The time, and a list that will hold the number of steps at that time."""
        steps: list[int] = []
        self.session.take_keyframe(lambda keyframe: steps.append(keyframe.states[0].step))
        return perf_counter(), steps

    def turn(self, shown: bool, seconds: float, seen: Seen) -> Callable[[], float]:
        """One turn; returns a function that knows the steps a second once the worker has told them."""
        self.show(shown)
        self.let_run(SETTLE)
        for news in (self.app.frames, self.inputs):
            news.clear()
        for eye in self.eyes:
            eye.take()
        began, first = self.steps_at()
        self.let_run(min(FIRST, seconds))
        first_frames = list(self.app.frames)
        self.let_run(max(0.0, seconds - FIRST))
        ended, last = self.steps_at()
        if shown:
            seen.first += first_frames
            seen.frames += self.app.frames
            seen.inputs += self.inputs
            seen.ticks += len(self.app.frames) / (ended - began)
            for eye in self.eyes:
                if not eye.panel.isVisible() or not eye.has_something() or eye.panel.topics & SELDOM:
                    continue
                name, rate = eye.panel.ident, min(eye.take(), default=0) / (ended - began)
                seen.pictures[name] = seen.pictures.get(name, 0.0) + rate
        return lambda: (last[0] - first[0]) / (ended - began) if last else 0.0

    def measure(self, pairs: int, seconds: float) -> Seen:
        """`pairs` of turns, each from the initial weights; who begins changes from pair to pair."""
        seen = Seen([], [], [], [], [self.play_anew() for _ in range(pairs)], 0.0, {})
        self.session.set_pace(Pace(PaceUnit.UNLIMITED))
        for number in range(pairs):
            self.session.reset()
            self.session.play()
            rates = {shown: self.turn(shown, seconds, seen) for shown in ((True, False), (False, True))[number % 2]}
            self.show(True)
            self.until(lambda rates=rates: all(rate() for rate in rates.values()))
            seen.pairs.append((rates[True](), rates[False]()))
        seen.ticks /= pairs
        seen.pictures = {name: rate / pairs for name, rate in seen.pictures.items()}
        return seen

    def close(self) -> None:
        self.notifier.setEnabled(False)
        self.window.files.forget()
        self.window.close()
        self.let_run(0.1)


def main() -> None:
    project, pairs, seconds, *every = sys.argv[1:]
    app = TimedApplication()
    app.setApplicationName("netviz")
    theme.start(app, "dark")
    watched = Watched(app, Path(project))
    if every:
        watched.show_every_panel()
    seen = watched.measure(int(pairs), float(seconds))
    watched.close()
    sys.stdout.buffer.write(msgspec.json.encode(seen))


if __name__ == "__main__":
    main()

"""The window's end of a run: it drains the worker's records once a frame into the history, and tells who must draw.

A slow window costs frames, never training speed or memory: the worker answers one frame at a time.
"""

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from engine.backend import Array
from engine.project import Project
from engine.run import messages as m
from engine.run.keyframes import is_large
from netviz.runtime import words
from netviz.runtime.adopting import adopted
from netviz.runtime.history import History
from netviz.runtime.keyframes import Keyframes
from netviz.runtime.line import Line, WorkerLost
from netviz.runtime.moving import Moving
from netviz.runtime.place import Place
from netviz.runtime.turns import Turns
from netviz.runtime.view import View

FRAME_MS = 16
MOST_RECORDS = 64  # drained in one frame
MOST_DEATHS = 3  # of a worker that never got on in between


class Session(QObject):
    """One run: its worker, its state and its history. Signals come on the GUI thread."""

    opened = Signal()  # the history has new lanes
    rewound = Signal()  # the history is empty again
    changed = Signal()  # state, step, rate
    scored = Signal()  # a new epoch's scores
    pace_changed = Signal()
    previewed = Signal(object)  # a LanePreview for each lane of the edited project
    diverged = Signal(m.Diverged)
    weights_loaded = Signal(m.WeightsLoaded)
    refused = Signal(str)
    recording_lost = Signal(str)
    noticed = Signal(str)  # something to tell that needs no answer
    worker_lost = Signal(str)

    def __init__(self, worker: str = "process", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.history = History()
        self.project: Project | None = None  # the one that runs
        self.state, self.step, self.epoch, self.rate, self.reason = m.RunState.IDLE, 0, 0, 0.0, ""
        self.worker = worker
        self.pace = m.Pace()
        self.studying = False  # the worker has more to find out about the weights of that step
        self.answered = (m.RunState.IDLE, 0)  # state and step of what the history shows; steps may have gone on since
        self.pictured = 0  # how often another process than training's has made this run's pictures
        self.by_hand: list[str] = []  # what was changed in the run since step 0, in words
        self.kernels, self.device, self.dtype = "", "", ""
        self.moving, self.turns = Moving(self), Turns(self)
        self.state_bytes = 0  # of all networks
        self.copied: tuple[Project, int] | None = None  # of a large run: itself with its weights in files, at that step
        self.carried = False  # the run began with weights of the one before
        self.line = Line(worker)
        self._watch = m.Watch()
        self._keyframes = Keyframes(self.line.send)
        self._frames = itertools.count(1)
        self._asked = 0  # the frame that is not answered yet, or 0
        self._previews = self._restarts = 0
        self._resume = False
        self._opening = False  # records that come before `Opened` are of the run before
        self._reopening = False  # views are told of another run, one after the other
        self._reviving = False  # the run that opens is the one that was lost
        self._given_up = False  # of a worker that dies again and again
        self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer, interval=FRAME_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    # Commands

    def open(self, project: Project, keep_weights: bool = False, resume: bool = False) -> None:
        """Opens a run on `project`, at step 0 and paused; with `resume` it plays as soon as it is open."""
        self.project = project
        self._resume = self._resume or resume
        self._keyframes.latest = self.copied = None
        self._opening, self._reviving = True, False
        if self._given_up:
            self._revive()
            return
        self.line.send(self._open_of(project, keep_weights=keep_weights))

    def _open_of(self, project: Project, **more: Any) -> m.Open:
        return m.Open(project.to_bytes(), str(project.folder.resolve()), *self.place, **more)

    def play(self) -> None:
        """Trains; a run that was stopped is opened again first."""
        if self._given_up:
            self._resume = True
            self._revive()
        elif self.state is m.RunState.IDLE and self.project is not None:
            self._resume = True  # it plays as soon as it is open
            if not self._opening:
                self.open(self.project)
        else:
            self.line.send(m.Play())

    def pause(self) -> None:
        self._resume = False
        self.line.send(m.Pause())

    def toggle(self) -> None:
        self.pause() if self.running else self.play()

    def advance(self, steps: int = 0, epochs: int = 0) -> None:
        self.line.send(m.Advance(steps, epochs))

    def reset(self, seed: int | None = None) -> None:
        self.copied = None
        self.line.send(m.Reset(seed))

    def drop(self) -> None:
        """There is no project any more, and nothing to show; `open` comes next, or a person mends what is wrong."""
        self.stop()
        self.project = None
        self.history.close()
        self._reopen_views()

    def stop(self) -> None:
        self._resume = False
        self.line.send(m.Stop())

    def set_pace(self, pace: m.Pace) -> None:
        self.pace = pace
        self.line.send(m.SetPace(pace))
        self.pace_changed.emit()

    def adopt(self, project: Project) -> None:
        """Takes what differs only in rates, batch sizes and epochs into the run, at once."""
        assert self.project is not None
        before, self.project = self.project, project
        for command, said in adopted(before, project):
            self.line.send(command)
            if said:
                self.by_hand.append(f"from step {self.step} on: {said}")

    def take_keyframe(
        self, done: Callable[[m.Keyframe], None], folder: Path | None = None, lane: int | None = None
    ) -> None:
        """Calls `done` with the state and the named weights, as soon as the worker has told them.

        Of a large run it has files with the weights, of all networks or of one, in a new folder in `folder`.
        """
        self._keyframes.ask(done, "" if folder is None else str(folder.resolve()), lane)

    def load_weights(self, lane: int, weights: Mapping[str, Array], source: str) -> None:
        """Takes those of the weights that fit into a network that runs; `weights_loaded` or `refused` tells."""
        self.line.send(m.LoadWeights(lane, dict(weights), source))

    def preview(self, project: Project) -> None:
        """Asks what scale the signal has in an edited project; `previewed` tells."""
        self._previews += 1
        self.line.send(m.Preview(self._previews, project.to_bytes(), str(project.folder.resolve())))

    def record_telemetry(self, path: Path | None, every: int = 1) -> None:
        self.line.send(m.RecordTelemetry("" if path is None else str(path), every))

    @property
    def large(self) -> bool:
        """Whether its state is too large to be told unasked: a worker that is lost leaves what is `copied`."""
        return is_large(self.state_bytes)

    @property
    def fresh(self) -> bool:
        """Whether the run began anew, not from a keyframe of its own."""
        return self._keyframes.latest is None

    @property
    def given_up(self) -> bool:
        """Whether the worker has died again and again, and play has not tried once more."""
        return self._given_up

    @property
    def keyframe(self) -> m.Keyframe | None:
        """What the run goes on from when its worker is lost."""
        return self._keyframes.latest

    @property
    def will_play(self) -> bool:
        """Whether it trains, or will as soon as it is open."""
        return self._resume or self.running

    @property
    def opening(self) -> bool:
        """Whether the worker has not answered yet that a run is open."""
        return self._opening

    @property
    def running(self) -> bool:
        return self.state is m.RunState.RUNNING

    def use_worker(self, kind: str) -> None:
        """Moves the run to a worker of another kind, from its last keyframe."""
        if kind == self.worker:
            return
        self.worker = kind
        self._resume = self._resume or self.running
        self.line.hang_up()
        self._revive()

    def use_place(self, place: Place) -> None:
        """Moves the run to another device or type of number, by a new worker that goes on from its state."""
        self.moving.to(place)

    @property
    def place(self) -> Place:
        """Where runs are opened."""
        return self.moving.place

    def go_on_from(self, keyframe: m.Keyframe | None) -> None:
        """A new worker goes on from there; the old one's last words are of no run any more."""
        self._keyframes.start_from(keyframe)
        self.line.hang_up()
        self._revive()

    def play_when_open(self, resume: bool) -> None:
        """Stands still, and plays as soon as the next run is open if `resume`."""
        self.pause()
        self._resume = resume

    def close(self) -> None:
        self._timer.stop()
        self.turns.timer.stop()
        self.line.hang_up()

    # Views

    def add_view(self, view: View) -> None:
        self.turns.add(view)
        self.update_watch()

    def remove_view(self, view: View) -> None:
        self.turns.remove(view)
        self.update_watch()

    def update_watch(self) -> None:
        """Asks the worker for what the visible views need: a hidden one costs nothing."""
        self.ask()
        for view in self.turns.visible():
            self.turns.mark(view)

    def ask(self) -> None:
        """Tells the worker what the visible views want to know now; they are drawn when it answers."""
        if self._reopening:  # many of them wish for something else then: that is told once
            return
        watch = self.turns.watch()
        if watch != self._watch:
            self._watch, self.studying = watch, True  # for all that is known
            self.line.send(watch)

    def mark(self, view: View) -> None:
        """`view` has something to draw."""
        self.turns.mark(view)

    # Records

    def _tick(self) -> None:
        topics, began = set[str](), perf_counter()
        for record in self.line.take(MOST_RECORDS):
            topics |= self._take(record)
        if topics or self.turns.held:
            self.turns.tell(topics, self.running)
        self.turns.frame(perf_counter() - began)
        if "scores" in topics:
            self.scored.emit()
        if not self._asked and self.history.lanes:
            self._asked = next(self._frames)
            self.line.send(m.Frame(self._asked))

    def _take(self, record: m.Record) -> set[str]:
        match record:
            case m.Answer():
                return self._take_answer(record)
            case m.Pictures():
                return self._take_pictures(record)
            case m.Progress():
                self._set(record.state, record.step, record.epoch, record.reason)
            case m.Opened():
                self._take_opened(record)
            case m.Rewound():
                self.history.clear()
                self.by_hand.clear()
                self.turns.hold()  # painting all of them empty takes longer than a frame has
                self._reopen_views()
                self.rewound.emit()
            case m.Keyframe():
                self._keyframes.take(record, not self._opening)
            case m.Diverged():
                self.diverged.emit(record)
            case m.WeightsLoaded():
                name = self.history.lanes[record.lane].info.name
                taken = f"{name} took {', '.join(record.taken)} of {record.source}"
                self.by_hand.append(f"at step {self.step}: {taken}")
                self.weights_loaded.emit(record)
            case m.Previewed():
                if record.number == self._previews:  # an older one is of another drawing
                    self.previewed.emit(record.lanes)
            case m.Refused(recording=True):
                self.recording_lost.emit(record.message)
            case m.Refused() if self.moving.comes_back(record):
                pass
            case m.Refused():
                self._opening = self._resume = False
                self.refused.emit(record.message)
            case WorkerLost():
                self._take_lost(record.reason)
        return set()

    def _take_answer(self, answer: m.Answer) -> set[str]:
        if answer.number != self._asked:
            return set()
        self._asked = 0
        topics: set[str] = set()
        for lane, news in zip(self.history.lanes, answer.lanes, strict=False):
            topics |= lane.take(news)
        if answer.step > self.step:
            self._restarts = 0
        self.rate, self.answered, self.studying = answer.rate, (answer.state, answer.step), answer.studying
        self._set(answer.state, answer.step, answer.epoch, self.reason if answer.state is self.state else "")
        return topics

    def _take_pictures(self, pictures: m.Pictures) -> set[str]:
        topics: set[str] = set()
        if not self._opening:
            self.pictured += 1
            for lane, probes in zip(self.history.lanes, pictures.lanes, strict=False):
                topics |= lane.see(probes, pictures.step)
        return topics

    def _take_opened(self, opened: m.Opened) -> None:
        self.by_hand += self.moving.arrived()
        self.kernels, self.device, self.dtype = opened.kernels, opened.device, opened.dtype
        self.state_bytes = opened.state
        self.carried, self.pictured = bool(opened.kept), 0
        if self._reviving and not self.fresh:
            self.history.cut(self._keyframes.step)
        else:
            self._keyframes.latest = None
            self.by_hand.clear()
            self.history.open(opened)
        self._opening = self._reviving = False
        if self.state is m.RunState.IDLE:  # the worker says so next; who plays on hearing of it must not open again
            self._set(m.RunState.PAUSED, 0 if self.fresh else self.step, self.epoch, "")
        self._reopen_views()
        self.opened.emit()
        self._keyframes.let_go(self.large)
        if note := opened.note or words.kept(opened.kept):
            self.noticed.emit(note)
        if self._resume:
            self._resume = False
            self.line.send(m.Play())

    def _reopen_views(self) -> None:
        self._reopening = True
        try:
            for view in self.turns.views:
                view.reopened()
        finally:
            self._reopening = False
        self.ask()

    def _set(self, state: m.RunState, step: int, epoch: int, reason: str) -> None:
        self.state, self.step, self.epoch, self.reason = state, step, epoch, reason
        self.changed.emit()

    def _take_lost(self, reason: str) -> None:
        """The worker has died: the run goes on from the last keyframe, unless that does not help."""
        self._resume = (self._resume or self.running) and not self.large  # it may have died of want of room
        self._set(m.RunState.IDLE, self.step, self.epoch, reason)
        self.line.hang_up()
        self._restarts += 1
        if self._restarts == MOST_DEATHS:
            self._given_up, self._resume, self._restarts = True, False, 0
            self._keyframes.forget_who_waits()
            self.worker_lost.emit(f"{reason}; it died {MOST_DEATHS} times in a row: play tries once more")
            return
        self.worker_lost.emit(words.lost(reason, self.state_bytes, self._keyframes.step, self.copied))
        self._revive()

    def _revive(self) -> None:
        """A new worker, told all that the old one knew."""
        self._asked, self._given_up = 0, False
        self.line.connect(self.worker)
        self.line.send(m.SetPace(self.pace))
        self.line.send(self._watch)
        if self.project is not None:
            states = self._keyframes.states
            self._reviving = states is not None
            self.line.send(self._open_of(self.copied[0] if self.copied else self.project, states=states))
            self._keyframes.ask_again()

"""The worker: takes the commands that wait, does a step, answers the frame that is due. Nothing else touches a run.

It runs on any thread of any process; `inbox` and `send` are all that it knows of the window. Paused, it blocks.
"""

import gc
import queue
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from engine.divergence import DivergenceError
from engine.errors import DeviceError, ProjectError
from engine.memory import shortage
from engine.probes.base import quick, slow
from engine.probes.catalogue import ProbeRequest
from engine.probes.study import Study
from engine.project import project_from
from engine.run import messages as m
from engine.run import recording
from engine.run.aside import Aside, Passed, Start, looked
from engine.run.budget import Budget, clock
from engine.run.keyframes import Keyframes, is_large, state_bytes
from engine.run.lane import Lane
from engine.run.measuring import Measuring
from engine.run.opening import drawing, loaded, opened, reopen_lanes
from engine.run.pace import MANY, Pacer, StepRate, steps_to_end
from engine.run.preview import previewed
from engine.run.strides import Strides
from engine.run.studies import StudyTime, wanting
from engine.trainer import Trainer

PATIENCE = 0.05  # seconds that a frame waits for the steps that it allows
LISTENING = 0.1  # seconds after a frame in which pictures are made aside, as another one will come


class Worker:
    """Runs until `Shutdown`."""

    def __init__(
        self, inbox: "queue.SimpleQueue[Any]", send: Callable[[m.AnyRecord | bytes], None], look: Start | None = None
    ) -> None:
        """`look` starts another worker for costly pictures; what that one says is sent as the bytes that came."""
        self._inbox, self._send = inbox, send
        self._aside = Aside(look, inbox.put)
        self._lanes: list[Lane] = []
        self._state = m.RunState.IDLE
        self._pacer = Pacer()
        self._epochs = 0  # where play stops
        self._length = 0  # the project's epochs
        self._limit: int | None = None  # the step where an advance by hand stops
        self._watched = m.Watch()
        self._pictures = tuple[ProbeRequest, ...]()  # what is watched and is no study
        self._clock = clock("cpu")  # of what pictures cost
        self._frame: int | None = None  # a frame that waits for its answer
        self._frame_came = 0.0
        self._measuring = Measuring(lambda words: send(m.Refused(words)))
        self._stale = True  # there is something that no answer has told
        self._urgent = False  # a quick probe is new: its answer does not wait for the budget
        self._budget, self._study_time, self._rate = Budget(), StudyTime(), StepRate()
        self._strides, self._keyframes = Strides(self._clock), Keyframes(send)

    def run(self) -> None:
        with np.errstate(all="ignore"):
            while True:
                wait = self._wait()
                try:
                    command = self._inbox.get(timeout=wait) if wait is None or wait > 0 else self._inbox.get_nowait()
                except queue.Empty:
                    self._work() if self._wait_to_work() == 0 else self._study()
                    continue
                if isinstance(command, m.Shutdown):
                    recording.end(self._lanes)
                    self._aside.close()
                    return
                self._obey(command)

    def _wait(self) -> float | None:
        """How long to block on the inbox: while there is nothing else to do, the next slice of a study is due."""
        wait = self._wait_to_work()
        if wait == 0 or not wanting(self._lanes):
            return wait
        until = max(0.0, self._study_time.ready_at - time.perf_counter())
        return until if wait is None else min(wait, until)

    def _wait_to_work(self) -> float | None:
        """How long until a step or an answer is due: 0 now, None while only a command can bring some."""
        if self._state is not m.RunState.RUNNING:
            return None
        if self._limit is not None or (self._urgent and self._frame is not None):
            return 0.0
        wait = self._pacer.wait()
        # The next frame comes only after the answer to this one: with one waiting, never wait for a frame.
        return 0.0 if wait is None and self._frame is not None else wait

    # Commands

    def _obey(self, command: m.AnyCommand) -> None:
        try:
            getattr(self, f"_on_{type(command).__name__.lower()}")(command)
        except (ProjectError, DeviceError, ValueError, OSError, MemoryError) as error:
            self._send(m.Refused(str(error) or type(error).__name__, isinstance(error, DeviceError)))

    def _on_open(self, command: m.Open) -> None:
        project = project_from(msgspec.json.decode(command.project), Path(command.folder))
        lanes, kept, note = reopen_lanes(project, command, self._lanes, self._on_stop, partial(self._change, None))
        recording.end(self._lanes)
        self._lanes, self._length = lanes, project.training.epochs
        self._epochs = max(self._length, lanes[0].trainer.epoch)
        self._budget, self._clock = Budget(), clock(command.device)
        self._strides = Strides(self._clock)
        self._aside.forget(None if is_large(state_bytes(lanes)) else command)  # a copy would take as much again
        self._apply_watch()
        self._send(opened(lanes, command, kept, note))
        self._settle(m.RunState.PAUSED)

    def _on_play(self, command: m.Play) -> None:
        if (self._state is not m.RunState.RUNNING or self._limit is not None) and self._can_go_on():
            self._go_on_past_the_end()
            self._limit = None
            self._start()

    def _on_pause(self, command: m.Pause) -> None:
        if self._state is m.RunState.RUNNING:
            self._settle(m.RunState.PAUSED)

    def _on_advance(self, command: m.Advance) -> None:
        if not self._can_go_on():
            return
        self._go_on_past_the_end()
        lead = self._lead.trainer
        # A second one that comes before the first is done adds to it.
        start = lead.step_number if self._limit is None else self._limit
        self._limit = start + command.steps + steps_to_end(lead, start, command.epochs)
        self._start()

    def _on_reset(self, command: m.Reset) -> None:
        if not self._lanes:
            return
        recording.end(self._lanes)
        large = is_large(state_bytes(self._lanes))
        for number, lane in enumerate(self._lanes):
            if large:
                self._change(None, drawing(lane.trainer.project, number, len(self._lanes)))
            lane.reset(command.seed)
        self._epochs = self._length
        self._send(m.Rewound(self._lanes[0].trainer.seed))
        self._apply_watch()
        self._settle(m.RunState.PAUSED)

    def _on_stop(self, command: m.Stop | None = None) -> None:
        recording.end(self._lanes)
        self._lanes, self._strides = [], Strides(self._clock)
        self._aside.forget(None)
        gc.collect()  # a trainer and its network know each other
        self._settle(m.RunState.IDLE)

    def _on_setpace(self, command: m.SetPace) -> None:
        self._pacer.set(command.pace)
        if self._lanes:
            self._pace_anew()

    def _on_setlearningrate(self, command: m.SetLearningRate) -> None:
        self._lane(command.lane).set_learning_rate(command.lr)

    def _on_setbatchsize(self, command: m.SetBatchSize) -> None:
        self._lane(command.lane).set_batch_size(command.batch_size)
        self._pace_anew()  # an epoch has another number of steps now

    def _on_setepochs(self, command: m.SetEpochs) -> None:
        self._epochs = self._length = command.epochs

    def _on_watch(self, command: m.Watch) -> None:
        before, self._watched = self._watched, command
        self._pictures = tuple(probe for probe in command.probes if not isinstance(probe, Study))
        self._measuring.forget()
        alike = (command.layers, command.health) == (before.layers, before.health)
        if alike and slow(command.probes) == slow(before.probes):
            self._urgent = True
        else:
            self._stale = True
            self._apply_watch()
        self._answer_if_standing()

    def _on_frame(self, command: m.Frame) -> None:
        self._frame, self._frame_came = command.number, time.perf_counter()
        self._pacer.frame(self._lead.trainer if self._lanes else None)
        self._answer_if_standing()

    def _on_takekeyframe(self, command: m.TakeKeyframe) -> None:
        self._keyframes.send(self._lanes, command.token, command.folder, command.lane)

    def _on_loadweights(self, command: m.LoadWeights) -> None:
        self._send(loaded(self._lane(command.lane), command, self._lead.trainer))
        if self._state is m.RunState.RUNNING:
            self._keyframes.send(self._lanes)  # a worker that is lost must not lose them
        else:
            self._settle(m.RunState.PAUSED if self._state is m.RunState.FAILED else self._state)

    def _on_preview(self, command: m.Preview) -> None:
        self._send(previewed(command, self._lanes[0].trainer if self._lanes else None))

    def _on_look(self, command: m.Look) -> None:
        began = self._clock()
        seen = looked(command, [lane.trainer for lane in self._lanes], self._measuring)
        self._send(m.Pictures(command.number, self._clock() - began, self._step, seen))

    def _on_passed(self, said: Passed) -> None:
        saw, pictures = self._aside.sees, self._aside.take(said)
        if pictures is not None:
            self._send(pictures)
        if self._aside.sees and not saw:  # what the last ones cost between steps is not to be waited for
            self._budget.free()

    def _on_recordtelemetry(self, command: m.RecordTelemetry) -> None:
        if command.path:
            lost = partial(m.Refused, recording=True)
            recording.record(self._lanes, Path(command.path), command.every, lambda words: self._send(lost(words)))
        else:
            recording.end(self._lanes)

    # Running

    def _lane(self, number: int) -> Lane:
        if not 0 <= number < len(self._lanes):
            raise ValueError(f"there is no network {number}, {len(self._lanes)} are open")
        return self._lanes[number]

    def _can_go_on(self) -> bool:
        if self._lanes and all(lane.failure for lane in self._lanes):
            self._send(m.Refused("every network's loss is no number: reset, or restart with other settings"))
            return False
        if not any(lane.trains for lane in self._lanes):
            for lane in self._lanes:
                lane.go_on()
        return bool(self._lanes)

    @property
    def _lead(self) -> Lane:
        """The first lane that still trains: it counts steps and epochs."""
        return next((lane for lane in self._lanes if lane.trains), self._lanes[0])

    @property
    def _step(self) -> int:
        return self._lead.trainer.step_number

    def _start(self) -> None:
        self._pace_anew()
        self._rate.start(self._step)
        self._change(m.RunState.RUNNING)

    def _pace_anew(self) -> None:
        """Counts from here; a frame that waits for its answer allows its steps."""
        self._pacer.start(self._lead.trainer)
        if self._frame is not None:
            self._pacer.frame(self._lead.trainer)

    def _work(self) -> None:
        """Steps until a command waits or the pace says so, then the answer that is due."""
        inbox, pacer = self._inbox, self._pacer
        lanes = [lane for lane in self._lanes if lane.trains]
        lead = lanes[0].trainer
        for lane in lanes:
            lane.hurried = pacer.unlimited
        if (end := self._limit) is None:
            end = lead.step_number + steps_to_end(lead, lead.step_number, max(1, self._epochs - lead.epoch))
        allowed = min(max(0, end - lead.step_number), pacer.allowed(lead) if self._limit is None else MANY)
        # At a pace the frame's steps come first, but never more than the eye would notice.
        answer_at = self._budget.ready_at if pacer.unlimited else self._frame_came + PATIENCE
        answer_at = inf if self._frame is None else 0.0 if self._urgent else answer_at
        heard = self._frame is not None or time.perf_counter() < self._frame_came + LISTENING
        look_at = self._aside.due if heard and pacer.unlimited and self._pictures else inf
        self._stale = self._stale or allowed > 0
        try:
            while allowed > 0 and inbox.empty():
                if lead.step_number + 1 == end:  # who trains wants to see where it ends
                    for lane in lanes:
                        lane.observe_next = lane.watches_layers
                steps = self._strides.advance(lanes, max(1, min(allowed, end - lead.step_number - 1)))
                allowed -= steps
                pacer.done += steps
                if lead.position == 0 and (lead.stopped or self._at_end(lead.epoch)):
                    break
                if time.perf_counter() >= min(answer_at, look_at):
                    break
        except DivergenceError as error:
            self._fail(self._strides.lane, error)
            return
        except MemoryError as error:
            self._run_short(error, self._strides.lane.trainer)
            return
        if not any(lane.trains for lane in self._lanes):
            last = next(lane for lane in reversed(lanes) if lane.stopped)
            self._settle(m.RunState.FINISHED, f"stopped early: {last.how_it_stopped}; play goes on")
        elif self._limit is not None and lead.step_number >= self._limit:
            self._limit = None
            self._settle(m.RunState.PAUSED)
        elif lead.position == 0 and self._at_end(lead.epoch):
            self._settle(m.RunState.FINISHED, f"reached {self._epochs} epochs; play goes on")
        now = time.perf_counter()
        if now >= look_at and self._state is m.RunState.RUNNING:
            self._aside.ask((lane.trainer for lane in self._lanes), self._pictures)
        if self._frame is not None and (self._urgent or not pacer.unlimited or now >= self._budget.ready_at):
            self._answer()
        if pacer.unlimited and self._state is m.RunState.RUNNING:
            self._study_time.work(self._lanes, True, inbox.empty)
        if now >= self._keyframes.at and self._frame is None:  # all before it has been told, if somebody listens
            self._keyframes.send(self._lanes)

    def _study(self) -> None:
        """Slices of studies while no step is due; what they find is told if somebody waits."""
        self._study_time.work(self._lanes, False, self._inbox.empty)
        self._answer_if_standing()

    def _at_end(self, epoch: int) -> bool:
        return self._limit is None and epoch >= self._epochs

    def _go_on_past_the_end(self) -> None:
        """At the last epoch, play means as many epochs again."""
        epoch = self._lead.trainer.epoch
        if epoch >= self._epochs:
            self._epochs = epoch + self._length

    def _fail(self, lane: Lane, error: DivergenceError) -> None:
        number = self._lanes.index(lane)
        self._send(m.Diverged(number, error.step, error.node, f"{lane.trainer.project.variant}: {error}"))
        self._settle(m.RunState.FAILED, str(error))

    def _run_short(self, error: MemoryError, trainer: Trainer) -> None:
        """The run stands where it is; what it holds is still there."""
        words = shortage(error, trainer.project, trainer.backend, trainer.batch_size)
        self._send(m.Refused(words))
        self._settle(m.RunState.PAUSED, words)

    def _change(self, state: m.RunState | None, reason: str = "") -> None:
        self._state = state or self._state
        lead = self._lead.trainer if self._lanes else None
        self._send(m.Progress(self._state, lead.step_number if lead else 0, lead.epoch if lead else 0, reason))

    def _settle(self, state: m.RunState, reason: str = "") -> None:
        """Stands still: tells what was not told, and leaves a keyframe."""
        self._limit = None
        self._aside.drop()
        self._change(state, reason)
        for lane in self._lanes:
            with suppress(MemoryError):  # that it is short of has been said
                lane.catch_up()
        if self._lanes:
            self._keyframes.send(self._lanes)
        self._budget.free()
        self._study_time.free()
        self._stale = True
        self._answer_if_standing()

    # Telling

    def _apply_watch(self) -> None:
        for lane in self._lanes:
            lane.watch(self._watched)
        self._budget.free()

    def _answer_if_standing(self) -> None:
        """While nothing moves, a frame waits until there is something to tell."""
        news = self._stale or self._urgent or any(lane.studies.has_news for lane in self._lanes)
        if self._frame is not None and news and self._state is not m.RunState.RUNNING:
            self._answer()

    def _answer(self) -> None:
        """Answers the frame that waits; at unlimited pace, pictures only so that training keeps its speed."""
        assert self._frame is not None
        began, probes = self._clock(), self._pictures
        hurried = self._pacer.unlimited and self._state is m.RunState.RUNNING
        full = self._stale and time.perf_counter() >= self._budget.ready_at
        detail = self._budget.detail if hurried else 1.0
        if full and hurried and self._aside.sees:
            probes = quick(probes) if self._urgent else ()
        elif full:
            self._aside.drop()
        else:
            probes = quick(probes) if self._stale or self._urgent else ()
        measure, health = self._measuring.answers, self._watched.health
        lanes = tuple(lane.answer(measure(probes, lane.trainer, detail), health, hurried) for lane in self._lanes)
        step, epoch = (self._step, self._lead.trainer.epoch) if self._lanes else (0, 0)
        self._send(m.Answer(self._frame, self._state, step, epoch, self._rate.now(step), lanes, wanting(self._lanes)))
        looking = sum(lane.take_looking() for lane in self._lanes)
        if self._stale:
            for lane in self._lanes:
                lane.observe_next = self._watched.layers and full
        self._frame, self._stale, self._urgent = None, self._stale and not full, False
        if full and hurried:
            self._budget.spend(self._clock() - began + looking)
            if self._budget.detail < 1:
                self._aside.want()

"""A worker on a thread, and the end of it that a window would hold."""

import queue
import threading
import time
from itertools import count
from typing import Any, TypeVar

import numpy as np

from engine.project import Project
from engine.run import messages as m
from engine.run.aside import Start
from engine.run.worker import Worker
from engine.trainer import Trainer
from tests.engine.cases import project

Kind = TypeVar("Kind", bound=m.Record)
LAYERS: list[dict[str, object]] = [
    {"id": "h1", "kind": "dense", "units": 5},
    {"id": "a1", "kind": "tanh"},
    {"id": "out", "kind": "dense", "units": 1},
]
DATA: dict[str, object] = {"kind": "xor", "samples": 40, "validation": 0.25}  # 30 to train on
BATCH, PER_EPOCH = 8, 4
STEPS = 5 * PER_EPOCH  # of `small`, in all
LAYER_IDS = tuple(str(layer["id"]) for layer in LAYERS)
UNLIMITED = m.Pace(m.PaceUnit.UNLIMITED)
LONGEST = 60.0  # seconds that a loaded machine may need for what takes a moment on an idle one


def small(loss: str = "binary_cross_entropy", **training: Any) -> Project:
    """A net on two inputs, four steps an epoch."""
    settings: dict[str, Any] = {"epochs": 5, "batch_size": BATCH, "optimizer": {"kind": "adam", "lr": 0.02}, **training}
    return project(LAYERS, loss, DATA, **settings)


class Bench:
    """Sends commands and waits for records; `records` holds all that came."""

    def __init__(self, look: Start | None = None) -> None:
        self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.records: list[m.Record] = []
        self._read = 0
        self._arrived = threading.Condition()
        self.worker = Worker(self.inbox, self._receive, look)
        self._frames = count(1)
        self._thread = threading.Thread(target=self.worker.run, daemon=True)
        self._thread.start()

    def _receive(self, said: m.AnyRecord | bytes) -> None:
        record = m.decode_record(said) if isinstance(said, bytes) else said
        with self._arrived:
            self.records.append(record)
            self._arrived.notify_all()

    def send(self, *commands: m.Command) -> None:
        for command in commands:
            self.inbox.put(command)

    def next(self, kind: type[Kind], **fields: Any) -> Kind:
        """The next record of this kind with these fields; those before it are passed over."""
        ends = time.monotonic() + LONGEST
        with self._arrived:
            while True:
                while self._read < len(self.records):
                    record = self.records[self._read]
                    self._read += 1
                    if isinstance(record, kind) and all(getattr(record, k) == v for k, v in fields.items()):
                        return record
                assert self._arrived.wait(ends - time.monotonic()), f"no {kind.__name__} {fields} came"

    def open(self, made: Project, **options: Any) -> m.Opened:
        self.send(m.Open(made.to_bytes(), str(made.folder), **options))
        opened = self.next(m.Opened)
        self.next(m.Progress)
        return opened

    def settled(self, state: m.RunState) -> m.Progress:
        return self.next(m.Progress, state=state)

    @property
    def step(self) -> int:
        """Of the first network; the worker is not asked."""
        return self.worker._lanes[0].trainer.step_number

    def reaches(self, step: int) -> None:
        ends = time.monotonic() + LONGEST
        while self.step < step:
            assert time.monotonic() < ends, f"step {step} never came"
            time.sleep(0.002)

    def ask(self, *commands: m.Command) -> m.Answer:
        """One frame, after `commands`, and its answer."""
        number = next(self._frames)
        self.send(*commands, m.Frame(number))
        return self.next(m.Answer, number=number)

    def state(self) -> m.Keyframe:
        """The state now, with named weights."""
        token = next(self._frames)
        self.send(m.TakeKeyframe(token))
        return self.next(m.Keyframe, token=token)

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [record for record in self.records if isinstance(record, kind)]

    def close(self) -> None:
        self.send(m.Shutdown())
        self._thread.join(timeout=LONGEST)
        assert not self._thread.is_alive()


def bits(keyframe: m.Keyframe) -> list[Any]:
    """All of every lane's state, to the bit."""
    return [
        (s.step, s.epoch, s.position, s.seed, s.lr, s.batch_size, s.values.tobytes(), [v.tobytes() for v in s.slots])
        for s in keyframe.states
    ]


def by_steps(count: float) -> m.SetPace:
    return m.SetPace(m.Pace(m.PaceUnit.STEPS_A_FRAME, count))


def alone(steps: int, made: Project | None = None) -> tuple[Trainer, list[float]]:
    """A trainer of its own after `steps`, and the losses on the way."""
    trainer = Trainer(made or small())
    with np.errstate(all="ignore"):
        return trainer, [trainer.update() for _ in range(steps)]


def same_weights(keyframe: m.Keyframe, trainer: Trainer, lane: int = 0) -> bool:
    mine, theirs = trainer.snapshot(), keyframe.states[lane]
    return (mine.step, mine.values.tobytes()) == (theirs.step, theirs.values.tobytes())


def told(answers: list[m.Answer], lane: int = 0) -> tuple[list[int], list[float]]:
    """Steps and losses of all answers, one after another; none of them merged."""
    steps: list[int] = []
    losses: list[float] = []
    for answer in answers:
        b = answer.lanes[lane].losses
        assert b.low.tolist() == b.high.tolist() == b.mean.tolist() == b.last.tolist()
        steps += b.steps.tolist()
        losses += b.last.tolist()
    return steps, losses


def trained(bench: Bench, made: Project | None = None) -> None:
    """Opens and trains to the end at full speed."""
    bench.open(made or small())
    bench.send(m.SetPace(UNLIMITED), m.Play())
    bench.settled(m.RunState.FINISHED)

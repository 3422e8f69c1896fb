"""The same worker behind a thread and behind a pipe to a process of its own."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.probes.boundary import Boundary, BoundaryAnswer
from engine.run import messages as m
from engine.run.transports import (
    ProcessTransport,
    ThreadTransport,
    Transport,
    cores,
    read_message,
    serve,
    write_message,
)
from engine.trainer import Trainer
from engine.weights import load_weights, save_weights
from tests.engine.run.bench import LONGEST, UNLIMITED, small


class Ends:
    """Collects what a transport gives on its background threads."""

    def __init__(self) -> None:
        self.records: list[m.AnyRecord] = []
        self.lost: list[str] = []

    def until(self, what: Any, seconds: float = LONGEST) -> None:
        ends = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < ends, (self.records[-3:], self.lost)
            time.sleep(0.002)

    def keyframe(self, token: int) -> m.Keyframe | None:
        found = [r for r in self.records if isinstance(r, m.Keyframe) and r.token == token]
        return found[0] if found else None


@pytest.fixture
def ends() -> Ends:
    return Ends()


@pytest.fixture(params=[ThreadTransport, ProcessTransport], ids=["thread", "process"])
def transport(request: pytest.FixtureRequest, ends: Ends) -> Iterator[Transport]:
    made = request.param(ends.records.append, ends.lost.append)
    yield made
    made.close()


def train(transport: Transport) -> None:
    made = small()
    for command in (m.Open(made.to_bytes(), "."), m.SetPace(UNLIMITED), m.Play()):
        transport.send(command)


def test_a_run_is_the_same_behind_every_transport(transport: Transport, ends: Ends) -> None:
    train(transport)
    ends.until(lambda: any(isinstance(r, m.Progress) and r.state is m.RunState.FINISHED for r in ends.records))
    transport.send(m.TakeKeyframe(1))
    ends.until(lambda: ends.keyframe(1))
    keyframe = ends.keyframe(1)
    assert keyframe is not None
    trainer = Trainer(small())
    for _ in range(20):
        trainer.update()
    assert keyframe.states[0].values.tobytes() == trainer.snapshot().values.tobytes()
    transport.close()
    assert ends.lost == []


def test_closing_leaves_no_thread_and_no_process(
    transport: Transport, ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.run.transports.PATIENCE", LONGEST)
    train(transport)
    transport.close()
    assert [t.name for t in threading.enumerate() if t.name.startswith("netviz")] == []
    if isinstance(transport, ProcessTransport):
        assert transport._process.returncode == 0, "it ended by itself, and was not killed"
        with pytest.raises(ProcessLookupError):
            os.kill(transport.pid, 0)
    assert ends.lost == []


def test_a_killed_process_is_told_once(ends: Ends) -> None:
    transport = ProcessTransport(ends.records.append, ends.lost.append)
    train(transport)
    ends.until(lambda: ends.records)
    os.kill(transport.pid, signal.SIGKILL)
    ends.until(lambda: ends.lost)
    assert ends.lost == ["the worker process ended unexpectedly (signal 9)"]
    transport.send(m.Play())  # to nobody
    transport.close()
    assert len(ends.lost) == 1


def test_a_process_that_talks_nonsense_is_ended_and_told(monkeypatch: pytest.MonkeyPatch, ends: Ends) -> None:
    def nonsense(data: bytes) -> m.AnyRecord:
        raise ValueError("unknown tag")

    monkeypatch.setattr("engine.run.transports.decode_record", nonsense)
    transport = ProcessTransport(ends.records.append, ends.lost.append)
    train(transport)
    ends.until(lambda: ends.lost)
    assert ends.lost == ["the worker sent what is no record: unknown tag"]
    with pytest.raises(ProcessLookupError):
        os.kill(transport.pid, 0)
    transport.close()


def test_a_worker_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, ends: Ends) -> None:
    def fail(self: object, command: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("engine.run.worker.Worker._on_pause", fail)
    transport = ThreadTransport(ends.records.append, ends.lost.append)
    transport.send(m.Pause())
    ends.until(lambda: ends.lost)
    assert ends.lost == ["the worker failed: RuntimeError: broken"]
    transport.close()


def test_the_worker_process_ends_with_its_window() -> None:
    made = small(epochs=10_000_000)
    with subprocess.Popen([sys.executable, "-m", "netviz", "worker"], stdin=-1, stdout=-1, stderr=-1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        for command in (m.Open(made.to_bytes(), "."), m.SetPace(UNLIMITED), m.Play()):
            write_message(process.stdin, m.encode(command))
        assert read_message(process.stdout) is not None
        process.stdin.close()  # the window is gone, in the middle of training
        while read_message(process.stdout) is not None:
            pass
        assert process.wait(timeout=LONGEST) == 0
        assert process.stderr.read() == b""


@pytest.mark.skipif(cores() < 2, reason="a worker that has one core only looks between its steps")
def test_a_process_has_costly_pictures_made_by_another_that_ends_with_it(ends: Ends) -> None:
    transport = ProcessTransport(ends.records.append, ends.lost.append)
    made = small(epochs=10_000_000)
    commands = (m.Open(made.to_bytes(), "."), m.SetPace(UNLIMITED), m.Watch((Boundary(500),)), m.Play())
    for command in commands:
        transport.send(command)
    frames = count(1)
    children = Path(f"/proc/{transport.pid}/task/{transport.pid}/children")

    def beside() -> list[int]:
        return [int(pid) for pid in children.read_text().split()] if children.exists() else []

    def looked() -> bool:
        transport.send(m.Frame(next(frames)))
        if hasattr(os, "SCHED_IDLE"):
            for pid in beside():  # which takes idle cores only: on a machine that is busy otherwise there are none
                os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))
        return any(isinstance(record, m.Pictures) for record in ends.records)

    ends.until(looked)
    (seen,) = next(record for record in ends.records if isinstance(record, m.Pictures)).lanes[0]
    assert isinstance(seen, BoundaryAnswer)
    others = beside()
    assert others or not children.exists()
    transport.close()
    for pid in others:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_nothing_but_records_goes_into_the_pipe() -> None:
    """Whatever a library prints must not break the messages."""
    program = (
        "import engine.run.worker as w\n"
        "def pause(self, command):\n"
        "    print('noise'); import os; os.system('echo more noise')\n"
        "    self._send(w.m.Refused('heard'))\n"
        "w.Worker._on_pause = pause\n"
        "from netviz.__main__ import main\n"
        "raise SystemExit(main(['worker']))"
    )
    sent = io.BytesIO()
    write_message(sent, m.encode(m.Pause()))
    write_message(sent, m.encode(m.Shutdown()))
    done = subprocess.run([sys.executable, "-c", program], input=sent.getvalue(), capture_output=True, timeout=60)
    assert done.returncode == 0
    told = read_message(io.BytesIO(done.stdout))
    assert told is not None
    refused = m.decode_record(told)
    assert isinstance(refused, m.Refused)
    assert refused.message == "heard"
    assert b"noise" in done.stderr
    assert b"noise" not in done.stdout


@pytest.mark.parametrize("garbage", [b"", b"\x05", b"\x05\x00\x00\x00\x00\x00\x00\x00\xc1\xc1\xc1\xc1\xc1"])
def test_a_broken_pipe_ends_the_worker(garbage: bytes) -> None:
    source, sink = io.BytesIO(), io.BytesIO()
    write_message(source, m.encode(m.TakeKeyframe(3)))
    source.write(garbage)
    source.seek(0)
    serve(source, sink)
    sink.seek(0)
    data = read_message(sink)
    assert data is not None
    told = m.decode_record(data)
    assert isinstance(told, m.Keyframe)
    assert (told.states, told.token) == ((), 3)
    assert read_message(sink) is None


def test_weights_of_a_keyframe_can_be_saved(transport: Transport, ends: Ends, tmp_path: Any) -> None:
    """What came over the pipe is read-only memory; a file is made of it all the same."""
    train(transport)
    transport.send(m.TakeKeyframe(1))
    ends.until(lambda: ends.keyframe(1))
    keyframe = ends.keyframe(1)
    assert keyframe is not None
    assert keyframe.parameters is not None
    save_weights(tmp_path / "w.safetensors", keyframe.parameters[0])
    loaded = load_weights(tmp_path / "w.safetensors")
    for name, array in keyframe.parameters[0].items():
        np.testing.assert_array_equal(loaded[name], array)

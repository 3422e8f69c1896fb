"""How the window reaches its worker: on a thread, or in a process of its own. The same worker, the same messages."""

import contextlib
import os
import queue
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO, Any, Protocol

from engine.backend import cores
from engine.run.aside import GONE, Passed, passed
from engine.run.messages import AnyCommand, AnyRecord, Shutdown, decode_command, decode_record, encode
from engine.run.worker import Worker
from engine.telemetry import one_blas_thread

Receive = Callable[[Any], None]  # of records
Lost = Callable[[str], None]
Decode = Callable[[bytes], Any]
PATIENCE = 3.0  # seconds in which a process is to end before it is killed
LENGTH = struct.Struct("<Q")
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # in the environment
YIELDING = 10  # the niceness of a process that only looks, where it cannot be told to take idle cores only
PIPE = 1 << 19  # bytes: an answer fits, so that the worker never waits until the window has read it


class Transport(Protocol):
    """`send` never blocks. Records come to `receive`, and a worker's death to `lost`, on a background thread."""

    name: str

    def send(self, command: AnyCommand) -> None: ...

    def close(self) -> None: ...


class ThreadTransport:
    """The worker on a thread of this process: for tests and debugging, and where processes cannot be had."""

    name = "thread"

    def __init__(self, receive: Receive, lost: Lost) -> None:
        one_blas_thread()
        self._inbox: queue.SimpleQueue[AnyCommand] = queue.SimpleQueue()
        self._lost = lost
        self._worker = Worker(self._inbox, receive)
        self._thread = threading.Thread(target=self._run, name="netviz worker", daemon=True)
        self._thread.start()

    def send(self, command: AnyCommand) -> None:
        self._inbox.put(command)

    def close(self) -> None:
        self._inbox.put(Shutdown())
        self._thread.join(timeout=5)

    def _run(self) -> None:
        try:
            self._worker.run()
        except Exception as error:
            self._lost(f"the worker failed: {type(error).__name__}: {error}")


class ProcessTransport:
    """The worker in a process of its own, `netviz worker`, over its standard input and output."""

    name = "process"

    def __init__(self, receive: Receive, lost: Lost, decode: Decode | None = None) -> None:
        self._receive, self._lost, self._decode = receive, lost, decode or decode_record
        self._outbox: queue.SimpleQueue[AnyCommand | None] = queue.SimpleQueue()
        self._closing = False
        environment = {**os.environ, **ONE_THREAD}
        self._process = subprocess.Popen(
            worker_command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, pipesize=PIPE
        )
        self._reader = threading.Thread(target=self._read, name="netviz worker reader", daemon=True)
        self._writer = threading.Thread(target=self._write, name="netviz worker writer", daemon=True)
        self._reader.start()
        self._writer.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, command: AnyCommand) -> None:
        self._outbox.put(command)

    def close(self) -> None:
        """Asks the worker to end, and ends it if it does not."""
        self._closing = True
        self._outbox.put(Shutdown())
        self._outbox.put(None)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._writer.join(timeout=3)
        self._reader.join(timeout=3)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _read(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None
        try:
            while (data := read_message(pipe)) is not None:
                self._receive(self._decode(data))
            why = ""
        except (OSError, ValueError) as error:
            why = f"the worker sent what is no record: {error}"
            self._process.kill()  # alive, but nothing that it says can be trusted
        code = self._process.wait()
        if not self._closing:
            self._outbox.put(None)
            self._lost(why or f"the worker process ended unexpectedly ({_ending(code)})")

    def _write(self) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        with contextlib.suppress(OSError, ValueError):  # a worker that is gone: the reader tells
            while (command := self._outbox.get()) is not None:
                write_message(pipe, encode(command))


def worker_command() -> list[str]:
    return own_command("worker")


def own_command(name: str) -> list[str]:
    """How this program starts itself as one of its commands."""
    return [sys.executable, "-m", "netviz", name]


def serve(source: IO[bytes], sink: IO[bytes]) -> None:
    """The worker's end of a process: commands from `source`, records to `sink`, until Shutdown or the pipe's end."""
    one_blas_thread()
    inbox: queue.SimpleQueue[AnyCommand] = queue.SimpleQueue()

    def listen() -> None:
        with contextlib.suppress(OSError, ValueError):
            while (data := read_message(source)) is not None:
                command = decode_command(data)
                if isinstance(command, Shutdown):
                    break
                inbox.put(command)
        inbox.put(Shutdown())

    def send(record: AnyRecord | bytes) -> None:
        write_message(sink, record if isinstance(record, bytes) else encode(record))

    threading.Thread(target=listen, name="netviz worker reader", daemon=True).start()
    with contextlib.suppress(BrokenPipeError):
        Worker(inbox, send, aside_process if cores() > 1 else None).run()


def aside_process(tell: Callable[[Passed], None]) -> Transport:
    """Another worker, which gives way to this one and to the window."""
    other = ProcessTransport(tell, lambda why: tell(GONE), passed)
    with contextlib.suppress(OSError):
        if hasattr(os, "SCHED_IDLE"):  # Linux: a window that wakes finds a core with such a process as if it were idle
            os.sched_setscheduler(other.pid, os.SCHED_IDLE, os.sched_param(0))
        elif hasattr(os, "setpriority"):
            os.setpriority(os.PRIO_PROCESS, other.pid, YIELDING)
    return other


def read_message(pipe: IO[bytes]) -> bytes | None:
    """The next message; None at the pipe's end."""
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    data = pipe.read(length)
    return data if len(data) == length else None


def write_message(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(LENGTH.pack(len(data)) + data)
    pipe.flush()


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit status {code}"

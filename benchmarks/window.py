"""The window beside a training at full speed: what it costs the training, and what the training costs it."""

import os
import random
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import numpy as np

from benchmarks.measure import Effort
from benchmarks.report import Row
from benchmarks.screen import SIZE, Screen
from netviz.experiments import find_experiments

ABOUT = f"""\
A dark window on Xvfb of {SIZE[0]} × {SIZE[1]}, the worker in a process of its own at unlimited pace: of 1440 × 900 with
the panels that the project opens with, and of 2560 × 1440 with **every panel** in a place of its own, all of them
seen at once. **Speed kept**: steps a second with the window, over steps a second with the window hidden and no frame
asked for, in turns of one run. **Input**: from when another process writes a move of the mouse into a pipe (as an
X server would) until the canvas has dealt with it; 99th percentile. **Frame**: all that the window's thread does from
one 60 Hz tick to the next, events, panels and painting, by the wall clock; 95th percentile. **Pictures**: how often a
second the slowest panel draws something that it had not drawn before; of several networks the one drawn least often,
and not of what is worked out in slices (singular values, noise, landscape) or told a few times a second (diagnosis).
A turn is five seconds of a run that begins, or that goes on after the window was hidden; the **first second**, in which
axes grow and things come that stay, is told apart.
**Start**: from `python -m netviz` until nine tenths of the window's pixels are painted on the screen, files being in
the system's cache. **Play**: from the click until the window has been painted after every panel drew the run's first
news, at the experiment's own pace. Training and window want a core each: any other load on two cores falls on the
window's turns alone, so measure on a machine that does nothing else."""

WINDOW = 1440 * 900  # pixels
EVERY = 0.015  # seconds between two inputs
FOREVER = 10_000_000  # epochs: no run ends while it is measured
STARTS = 7
TURN = (
    100  # times the effort's seconds: the worker's speed wavers more than a loop's, and a run is longer than its start
)

STAMP = struct.Struct("d")  # an input: when it was made, in seconds of the system's clock


class Seen(msgspec.Struct):
    """Everything measured in one window; times in seconds."""

    pairs: list[tuple[float, float]]  # steps a second with the window, and without
    frames: list[float]
    first: list[float]  # those frames that were in a turn's first second
    inputs: list[float]
    plays: list[float]
    ticks: float  # a second
    pictures: dict[str, float]  # a second, panel by panel; of several networks the slowest one's


@dataclass(frozen=True, slots=True)
class Case:
    """A project to watch: an experiment's, or one of its own."""

    title: str
    project: dict[str, Any]
    every: bool = False  # with every panel open
    kept: float = 0.95  # of the speed, to reach


def cases() -> Iterator[Case]:
    """In the layouts that people meet first, and with every panel."""
    yield Case("XOR", _experiment("xor"))
    yield Case("vanishing gradient, 3 nets", _experiment("vanishing-gradient"))
    yield Case("digits 64-128-128-10", digits(128, 128))
    yield Case("XOR, every panel", _experiment("xor"), True)
    yield Case("8 layers, every panel", _experiment("vanishing-gradient") | {"variants": []}, True)
    yield Case("digits 64-128-128-10, every panel", digits(128, 128), True)
    yield Case("digits 64-2000-10, every panel", digits(2000), True)
    yield Case("small LeNet, every panel", _experiment("lenet") | {"variants": []}, True, 0.9)


def _experiment(name: str) -> dict[str, Any]:
    project: dict[str, Any] = msgspec.json.decode(find_experiments()[name].path.read_bytes())
    for part in (project, *project.get("variants", [])):
        if "training" in part:
            part["training"]["epochs"] = FOREVER
    return project


def digits(*hidden: int) -> dict[str, Any]:
    """A project: dense layers of so many units and ReLU, on the digits, with Adam, without an end."""
    nodes: list[dict[str, Any]] = [{"id": "x", "kind": "input"}]
    for number, units in enumerate((*hidden, 10), 1):
        nodes.append({"id": f"h{number}", "kind": "dense", "units": units})
        nodes.append({"id": f"a{number}", "kind": "relu"})
    del nodes[-1]
    return {
        "format": "netviz-project",
        "version": 1,
        "name": "digits",
        "data": {"kind": "digits"},
        "graph": {"nodes": nodes, "edges": [[a["id"], b["id"]] for a, b in pairwise(nodes)]},
        "training": {
            "loss": {"kind": "cross_entropy"},
            "optimizer": {"kind": "adam", "lr": 0.001},
            "batch_size": 64,
            "epochs": FOREVER,
        },
    }


def watch(case: Case, screen: Screen, effort: Effort) -> Seen:
    """Opens a window on the case, sends it inputs until it has seen enough, and returns what it saw."""
    pairs, seconds = max(2, effort.pairs // 6), max(0.2, TURN * effort.seconds)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "watched.netviz"
        file.write_bytes(msgspec.json.encode(case.project))
        command = [sys.executable, "-m", "benchmarks.watched", str(file), str(pairs), str(seconds)]
        command += ["every"] * case.every
        # Into a file: a pipe that nobody reads meanwhile would be full before all is told.
        with (
            (Path(folder) / "seen.json").open("wb") as told,
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=told, env=screen.environment()) as process,
        ):
            assert process.stdin is not None
            os.set_blocking(process.stdin.fileno(), False)
            while process.poll() is None:
                time.sleep(random.uniform(0.5, 1.5) * EVERY)
                try:
                    os.write(process.stdin.fileno(), STAMP.pack(time.perf_counter()))
                except (BlockingIOError, BrokenPipeError):
                    continue
            if process.returncode:
                raise RuntimeError(f"the window on {case.title} failed with status {process.returncode}")
            return msgspec.json.decode((Path(folder) / "seen.json").read_bytes(), type=Seen)


def rows(case: Case, seen: Seen) -> Iterator[Row]:
    """The lines of the table for one window."""
    kept = sorted(there / without for there, without in seen.pairs)
    spread = (kept[len(kept) // 4], kept[-1 - len(kept) // 4])
    there, without = (median(side) for side in zip(*seen.pairs, strict=True))
    context = f"{there:,.0f} / {without:,.0f} steps/s".replace(",", "\u202f")
    yield Row(f"{case.title}: speed kept", median(kept), case.kept, spread=spread, context=context)
    yield _percentile(f"{case.title}: input p99", seen.inputs, 99, 5)
    first = f"; first second {np.percentile(1e3 * np.array(seen.first), 95):.3g}"
    yield _percentile(f"{case.title}: frame p95", seen.frames, 95, 8, first)
    slowest = min(seen.pictures.values())
    each = ", ".join(f"{name} {rate:.3g}" for name, rate in seen.pictures.items())
    yield Row(f"{case.title}: pictures", slowest, 15, "/s", context=f"{each}; {seen.ticks:.3g} ticks/s")


def _percentile(what: str, seconds: list[float], percent: int, goal: float, more: str = "") -> Row:
    times = 1e3 * np.array(seconds)
    context = f"median {np.median(times):.2g}, most {times.max():.2g} ms of {len(times)}{more}"
    return Row(what, float(np.percentile(times, percent)), goal, "ms", at_most=True, context=context)


def start(screen: Screen) -> float:
    """Seconds from starting the program to its painted window."""
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "netviz", "--theme", "dark", "--worker", "process"], env=screen.environment()
    ) as process:
        try:
            while screen.painted() < 0.9 * WINDOW:
                if process.poll() is not None or time.perf_counter() > began + 30:
                    raise RuntimeError("netviz has not painted a window")
                time.sleep(0.002)
            return time.perf_counter() - began
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=10)
            while screen.painted() > 0:
                time.sleep(0.01)


def measure(effort: Effort) -> Iterator[Row]:
    """Every case in a window of its own, then the start."""
    plays: list[float] = []
    with Screen() as screen:
        for case in cases():
            seen = watch(case, screen, effort)
            plays = plays or seen.plays
            yield from rows(case, seen)
        yield _seconds("XOR: play to first frame", plays, 0.3)
        yield _seconds("start to painted window", [start(screen) for _ in range(STARTS)], 1.5)


def _seconds(what: str, times: list[float], goal: float) -> Row:
    found = sorted(times)
    spread = (found[len(found) // 4], found[-1 - len(found) // 4])
    return Row(what, median(found), goal, "s", at_most=True, spread=spread, context=f"most {found[-1]:.2g} s")

"""Whether a window's memory stays as it is: every panel open, training at full speed, for as long as a lesson lasts.

`python -m benchmarks.lasting PROJECT SECONDS` prints the mebibytes that lie in memory, ten times, as JSON.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

import msgspec

from benchmarks import window
from benchmarks.measure import Effort
from benchmarks.report import Row
from benchmarks.screen import Screen

ABOUT = """\
One window with every panel open on the digits MLP, training at unlimited pace for ten minutes. **Memory** is what the
window's own process has in memory (VmRSS), looked at at the end of each minute. The result is the greatest distance of
one of the last eight from their mean: in the first two minutes libraries, caches and the past of the run fill up."""

LOOKS, SETTLED = 10, 2
WHOLE = 600 / Effort().seconds  # times the effort's seconds


def measure(effort: Effort) -> Iterator[Row]:
    with Screen() as screen, TemporaryDirectory() as folder:
        file = Path(folder) / "lasting.netviz"
        case = next(case for case in window.cases() if case.title == "digits 64-128-128-10, every panel")
        file.write_bytes(msgspec.json.encode(case.project))
        command = [sys.executable, "-m", "benchmarks.lasting", str(file), str(WHOLE * effort.seconds)]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=screen.environment(), check=True
        )
        yield row(json.loads(done.stdout))


def row(mebibytes: list[float]) -> Row:
    later = mebibytes[SETTLED:]
    middle = mean(later)
    away = max(abs(each - middle) for each in later) / middle
    context = "MiB: " + ", ".join(f"{each:.0f}" for each in mebibytes)
    return Row("memory of the window, ten minutes", 100 * away, 5, "%", at_most=True, context=context)


def main() -> None:
    from benchmarks.memory import resident
    from benchmarks.watched import TimedApplication, Watched
    from engine.run.messages import Pace, PaceUnit
    from netviz import theme

    project, seconds = sys.argv[1:]
    app = TimedApplication()
    app.setApplicationName("netviz")
    theme.start(app, "dark")
    watched = Watched(app, Path(project))
    watched.show_every_panel()
    watched.session.set_pace(Pace(PaceUnit.UNLIMITED))
    watched.session.play()
    looks = []
    for _ in range(LOOKS):
        watched.let_run(float(seconds) / LOOKS)
        app.frames.clear()
        looks.append(resident() / 2**20)
    watched.close()
    os.write(1, json.dumps(looks).encode())


if __name__ == "__main__":
    main()

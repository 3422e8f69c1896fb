"""Ctrl+C in the terminal that a window was opened from."""

import os
import subprocess
import sys
from pathlib import Path

from netviz.experiments import find_experiments
from tests.netviz.commands.command import ROOT
from tests.netviz.processes import gone

# Presses Ctrl+C as soon as the run is open, in the middle of one of Qt's signals.
PROGRAM = """
import os, signal, sys
from netviz import app
from netviz.__main__ import main
open_one = app.Windows.open
def opened(windows, project, path):
    window = open_one(windows, project, path)
    if sys.argv[2] == "edited":
        window.document.rename("Mine")
        window.autosave.copy()
    print(window.session.line.transport.pid, flush=True)
    window.session.opened.connect(lambda: os.kill(os.getpid(), signal.SIGINT))
    return window
app.Windows.open = opened
sys.exit(main([sys.argv[1]]))
"""


def interrupted(folder: Path, how: str) -> tuple[int, str, str]:
    """Exit status, what was printed, and what was said on standard error."""
    own = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), "XDG_DATA_HOME": str(folder / "data")}
    words = [sys.executable, "-c", PROGRAM, str(find_experiments()["xor"].path), how]
    done = subprocess.run(words, cwd=folder, env=own, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_it_ends_the_window_and_its_worker_without_a_traceback(qapp, tmp_path):
    status, out, err = interrupted(tmp_path, "untouched")
    assert (status, err) == (130, "")
    assert gone(int(out))
    assert list(tmp_path.glob("data/**/note.json")) == []


def test_what_is_unsaved_stays_copied_for_the_next_start(qapp, tmp_path):
    status, out, err = interrupted(tmp_path, "edited")
    assert (status, err) == (130, "")
    assert gone(int(out))
    (note,) = tmp_path.glob("data/**/note.json")
    assert '"Mine"' in (note.parent / "copy.netviz").read_text()

"""A window is painted by its own thread: a pool of Qt's would wait for cores that training has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PAINTS = """
import sys
from pathlib import Path
from PySide6.QtGui import QImage, QPainter, QRegion
from PySide6.QtWidgets import QApplication
from netviz import theme

app = QApplication(sys.argv)
if sys.argv[1] == "themed":
    theme.start(app, "dark")
picture = QImage(900, 900, QImage.Format.Format_ARGB32_Premultiplied)
sheet = QImage(900, 900, QImage.Format.Format_RGB32)
picture.fill(0x80808080)
painter = QPainter(sheet)
painter.setClipRegion(QRegion(0, 0, 900, 900) - QRegion(300, 300, 100, 100))
painter.drawImage(0, 0, picture)
painter.end()
print([f for f in Path("/proc/self/task").glob("*/comm") if "pooled" in f.read_text()])
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are told by name there")
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core has no pool")
@pytest.mark.parametrize("how", ["themed", "plain"])
def test_a_large_picture_is_painted_without_another_thread(how):
    environment = {name: value for name, value in os.environ.items() if name != "QT_NO_GUI_THREADPOOL"}
    command = [sys.executable, "-c", PAINTS, how]
    done = subprocess.run(
        command, env=environment | {"QT_QPA_PLATFORM": "offscreen"}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert (done.stdout.strip() == "[]") == (how == "themed"), "Qt itself has the pool, or this test would hold nothing"

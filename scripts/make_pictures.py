"""Draws the documentation's pictures anew, from real runs in a real window: `make screenshots`."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PIL import Image
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget

from engine.project import load_project
from engine.run.messages import Pace, PaceUnit, RunState
from netviz import theme
from netviz.app import make_application
from netviz.experiments import find_experiments
from netviz.main_window import MainWindow

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
PATIENCE = 60.0  # seconds


def main() -> int:
    PICTURES.mkdir(parents=True, exist_ok=True)
    app = make_application("dark")
    window = open_window(app, "xor")
    bend(app, window)
    save(window, "xor-dark.png")
    theme.look().use(theme.LIGHT)
    wait(app, lambda: False, 0.5)
    save(window, "xor-light.png")
    leave(window)
    theme.look().use(theme.DARK)
    window = open_window(app, "vanishing-gradient")
    window.session.set_pace(Pace(PaceUnit.STEPS_A_FRAME, 4))
    window.session.play()
    wait(app, lambda: window.session.step >= 500)
    window.session.pause()
    wait(app, lambda: window.session.state is RunState.PAUSED)
    wait(app, lambda: False, 0.5)
    save(window, "vanishing-gradient.png")
    leave(window)
    return 0


def open_window(app: QApplication, name: str) -> MainWindow:
    window = MainWindow(load_project(find_experiments()[name].path), None)
    window.resize(1440, 900)
    window.show()
    window.layout_.arrange()
    wait(app, lambda: bool(window.session.history.lanes))
    wait(app, lambda: False, 0.3)
    return window


def bend(app: QApplication, window: MainWindow) -> None:
    """XOR's boundary bending, as an animated picture; trains to the end."""
    session, frames = window.session, []
    panel = window.docks["boundary"]
    for epoch in range(1, 76):
        session.advance(epochs=1)
        wait(app, lambda e=epoch: session.epoch >= e and not session.running)
        wait(app, lambda: False, 0.04)
        if epoch < 30 or epoch % 3 == 0:
            frames.append(picture(panel))
    session.play()
    wait(app, lambda: session.state is RunState.FINISHED)
    wait(app, lambda: False, 0.5)
    durations = [70] * (len(frames) - 1) + [1500]
    frames[0].save(
        PICTURES / "xor-bends.webp", save_all=True, append_images=frames[1:], duration=durations, loop=0, quality=80
    )


def picture(widget: QWidget) -> Image.Image:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    # Rows are padded to four bytes.
    return Image.frombuffer(
        "RGB", (image.width(), image.height()), bytes(image.constBits()), "raw", "RGB", image.bytesPerLine()
    )


def save(window: MainWindow, name: str) -> None:
    path = PICTURES / name
    picture(window).save(path, optimize=True)
    print(path)


def wait(app: QApplication, ready: Callable[[], bool], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not ready() and time.monotonic() < end:
        app.processEvents()
        time.sleep(0.002)


def leave(window: MainWindow) -> None:
    window.files.forget()
    window.close()


if __name__ == "__main__":
    sys.exit(main())

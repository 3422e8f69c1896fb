"""Opening the window, and the demonstration that needs no display."""

import signal
import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from engine.errors import ProjectError, one_line
from engine.run.messages import RunState
from netviz import theme
from netviz.document.storage import read_project
from netviz.exit_status import BAD_INPUT, INTERRUPTED
from netviz.experiments import find_experiments
from netviz.main_window import MainWindow
from netviz.options import WindowOptions
from netviz.recovery import left_behind
from netviz.settings import NAME, remembered
from netviz.view_actions import remembered_size
from netviz.windows import Windows

FIRST = "xor"


def run_window(options: WindowOptions) -> int:
    """Opens the window and returns when it is closed; 2 with one line for a file that cannot be opened.

    Ctrl+C in the terminal ends all windows and what runs beside them, with 130.
    """
    file = options.file
    try:
        project, _ = read_project(file or find_experiments()[FIRST].path)
    except ProjectError as error:
        print(one_line(f"{file}: {error}"), file=sys.stderr)
        return BAD_INPUT
    app = make_application(options.theme)
    worker = options.worker or remembered("worker", "process")
    windows = Windows(lambda project, path: MainWindow(project, path, worker))
    window = windows.open(project, file)
    window.files.offer_recovery(left_behind())
    if options.demo and app.platformName() == "offscreen":
        demonstrate(window)
    # Qt's loop would print a KeyboardInterrupt and go on; the handler runs at the next tick of a window's clock.
    signal.signal(signal.SIGINT, lambda number, frame: app.exit(INTERRUPTED))
    status = app.exec()
    if status == INTERRUPTED:
        for window in windows.all:
            window.end()
    return status


def make_application(choice: str = "system") -> QApplication:
    app = QApplication(sys.argv[:1])
    app.setApplicationName(NAME)
    app.setApplicationDisplayName(NAME)
    theme.look().size = remembered_size()
    theme.start(app, remembered("theme", "system") if choice == "system" else choice)
    return app


def demonstrate(window: MainWindow) -> None:
    """Trains to the end, writes the window's picture and the weights, says where, and closes."""
    folder = Path(tempfile.gettempdir()) / "netviz-demo"
    folder.mkdir(exist_ok=True)
    session = window.session
    print("There is no display, so netviz trains XOR in a window that cannot be seen.")

    def finish() -> None:
        picture = folder / "window.png"
        window.grab().save(str(picture))
        window.files.saved.connect(report)
        window.files.save_to(folder / "xor.netviz")

    def report() -> None:
        for lane in session.history.lanes:
            if lane.score is not None:
                print(f"{lane.info.name}: validation accuracy {lane.score.val_accuracy:.3f}")
        print(f"picture of the window: {folder / 'window.png'}")
        for lane in window.document.lanes():
            print(f"weights of {lane.variant}: {folder / str(lane.weights)}")
        window.close()

    def look() -> None:
        if session.state is RunState.FINISHED:
            session.changed.disconnect(look)
            QTimer.singleShot(200, finish)  # the panels draw their last answer first

    session.changed.connect(look)
    session.opened.connect(session.play)

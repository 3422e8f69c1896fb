"""The report of the run in a window: panels are drawn one a turn where nobody sees them, the page on a thread."""

from collections.abc import Callable
from copy import deepcopy
from time import monotonic
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, QTimer
from PySide6.QtGui import QImage

from engine.run.messages import RunState
from netviz.panels.base import Panel
from netviz.report.contents import FRESH, LaneResult, Picture, Place, Report
from netviz.report.page import page
from netviz.staging import twin
from netviz.widgets.picture import picture, png

if TYPE_CHECKING:
    from netviz.main_window import MainWindow

SIZE, SCALE = QSize(520, 340), 2
TURN_MS = 10
PATIENCE = 3.0  # seconds for the panels that were closed to hear from the worker
Images = list[tuple[str, str, QImage]]


class ReportMaker(QObject):
    """Calls `told` with words on how far it is, then `done` with what makes the page, which any thread may call."""

    def __init__(
        self, window: "MainWindow", told: Callable[[str], object], done: Callable[[Callable[[], bytes]], object]
    ) -> None:
        super().__init__(window)
        self._window, self._session = window, window.session
        self._told, self._done = told, done
        self._seen, self._answers = self._session.answered, 0
        self._pictured = self._session.pictured
        self._ends = monotonic() + PATIENCE
        self._twins: list[Panel] = []
        self._images: Images = []
        self._timer = QTimer(self, interval=TURN_MS)
        self._timer.timeout.connect(self._turn)

    def start(self) -> None:
        """Panels over the window's own history; what a closed one needs is asked of the worker for that while."""
        for panel in self._window.panels:
            made = twin(panel, self._session.history, SIZE)
            self._twins.append(made)
            made.wishes_changed.connect(self._session.update_watch)
            self._session.add_view(made)
        self._timer.start()

    def _turn(self) -> None:
        if not self._heard():
            return
        if len(self._images) < len(self._twins):
            panel = self._twins[len(self._images)]
            panel.refresh()
            self._images.append((panel.title, panel.summary(), picture(panel, SCALE)))
            self._told(f"Report: {len(self._images)} of {len(self._twins)} panels")
            return
        self._timer.stop()
        self._put_away()
        self._done(self._page())
        self.deleteLater()

    def _heard(self) -> bool:
        """Whether the worker has answered what these panels ask; the first answer may have been on its way before."""
        if self._session.answered is not self._seen:
            self._seen, self._answers = self._session.answered, self._answers + 1
        session, enough = self._session, 2 if self._session.running else 1
        heard = self._answers >= enough
        if session.running and self._pictured:
            heard = heard and session.pictured >= self._pictured + enough
        return heard or monotonic() > self._ends or session.state is RunState.IDLE

    def _put_away(self) -> None:
        for panel in self._twins:
            self._session.remove_view(panel)
            panel.close()
            panel.deleteLater()

    def _page(self) -> Callable[[], bytes]:
        session, images = self._session, self._images
        project = session.project
        assert project is not None
        step = session.answered[1]
        ended = session.state is RunState.FAILED or "early" in session.reason
        trouble = session.reason.partition("; play")[0] if ended else ""
        results = tuple(
            LaneResult(lane, lane.training.seed, step, session.epoch, deepcopy(history), history.of_weights, trouble)
            for lane, history in zip(project.lanes(), session.history.lanes, strict=False)
        )
        place = Place(session.device, session.dtype, session.kernels, 1)
        began, changes, points = _began(self._window), tuple(session.by_hand), session.history.points

        def make() -> bytes:
            pictures = tuple(Picture(title, words, png(image), SIZE.width()) for title, words, image in images)
            return page(Report(project, results, place, began, changes, pictures, points))

        return make

    def close(self) -> None:
        """The window closes."""
        self._timer.stop()


def _began(window: "MainWindow") -> str:
    if window.session.carried:
        return "weights of the run before that still fitted"
    project = window.session.project
    saved = [lane.weights for lane in project.lanes() if lane.weights] if project is not None else []
    return f"the weights saved with the project: {', '.join(saved)}" if saved else FRESH

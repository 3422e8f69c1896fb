"""Questions about the drawn network: are its gradients right, can it learn at all, and at which rate."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from engine.checks.questions import Kind, Question
from engine.checks.rates import must_have_rate
from engine.errors import ProjectError
from engine.project import Project
from netviz.checks.dialog import CheckDialog
from netviz.checks.gradients import GradientView
from netviz.checks.overfit import OverfitView
from netviz.checks.rates import RateView
from netviz.checks.view import ReportView
from netviz.document.address import OUTSIDE
from netviz.document.document import Change

if TYPE_CHECKING:
    from netviz.main_window import MainWindow

VIEWS: tuple[type[ReportView], ...] = (GradientView, OverfitView, RateView)
KEYS = {Kind.GRADIENTS: "Ctrl+Shift+G", Kind.OVERFIT: "Ctrl+Shift+O", Kind.RATES: "Ctrl+Shift+F"}


class CheckActions(QObject):
    """Acts on the network in which something is selected, or else on the first: as it is drawn, not as it runs."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window, self._document = window, window.document
        self._open: dict[Kind, tuple[CheckDialog, Project]] = {}
        self._document.changed.connect(self._edited)
        self._actions = [self._action(view) for view in VIEWS]

    def fill(self, menu: QMenu) -> None:
        """The Check menu."""
        menu.addActions(self._actions)

    def _action(self, view: type[ReportView]) -> QAction:
        action = QAction(f"{view.title}…", self)
        action.setShortcut(KEYS[view.kind])
        action.triggered.connect(lambda: self.ask(view))
        return action

    def dialog(self, kind: Kind) -> CheckDialog | None:
        """The one that is open."""
        return self._open[kind][0] if kind in self._open else None

    def close(self) -> None:
        """With the window: no process outlives it."""
        for dialog, _ in list(self._open.values()):
            dialog.reject()

    def ask(self, view: type[ReportView], name: str = "") -> None:
        """Asks about the network called `name`, or the chosen one; a dialog of the kind that is open begins anew."""
        lane = self._lane(name)
        if lane is None or not self._may_be_trained(lane) or not self._has_answer(view.kind, lane):
            return
        project = self._document.lanes()[lane]
        question = Question(view.kind, self._document.project.to_json(), str(project.folder), lane)
        if (old := self.dialog(view.kind)) is not None and self._open[view.kind][1].variant != project.variant:
            old.reject()
        dialog = self.dialog(view.kind) or self._made(view, project)
        self._open[view.kind] = dialog, project
        _show_rate(dialog, project)
        dialog.ask(question)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def _made(self, view: type[ReportView], project: Project) -> CheckDialog:
        several = len(self._document.lanes()) > 1
        shown = view()
        dialog = CheckDialog(shown, project.variant if several else "", self._window)
        dialog.finished.connect(lambda: self._open.pop(view.kind, None))
        dialog.again_wanted.connect(lambda: self.ask(view, project.variant))
        dialog.addActions(self._actions)
        if isinstance(shown, RateView):
            undo, redo = self._document.stack.createUndoAction(dialog), self._document.stack.createRedoAction(dialog)
            undo.setShortcuts(QKeySequence.StandardKey.Undo)
            redo.setShortcuts(QKeySequence.StandardKey.Redo)
            dialog.addActions([undo, redo])
            shown.rate_wanted.connect(lambda rate: self._use(rate, project.variant))
        return dialog

    def _lane(self, name: str) -> int | None:
        """The number of the lane called `name`, or of the chosen one; None where it is gone."""
        if not name:
            selection = self._window.canvas.selection
            return selection[0] if selection is not None else 0
        names = [lane.variant for lane in self._document.lanes()]
        if name not in names:
            self._window.banner.show_message("check", f"There is no network called {name} any more", "amber")
            return None
        return names.index(name)

    def _may_be_trained(self, lane: int) -> bool:
        """If not, says why, as play does."""
        problems = self._document.lane_problems(lane)
        if problems:
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            self._window.banner.show_message(
                "problem", f"{problems[0]}{more}", "red", "Show", self._window.show_problems
            )
        return not problems

    def _has_answer(self, kind: Kind, lane: int) -> bool:
        try:
            if kind is Kind.RATES:
                must_have_rate(self._document.lanes()[lane])
        except ProjectError as error:
            self._window.banner.show_message("check", str(error), "amber")
            return False
        self._window.banner.take_back("check")
        return True

    def _use(self, rate: float, name: str) -> None:
        lane = self._lane(name)
        if lane is not None:
            self._document.set_training_field(lane, "optimizer.lr", rate)

    def _edited(self, change: Change) -> None:
        if change.section == "all":
            self.close()
        elif change.section not in OUTSIDE:
            lanes = {lane.variant: lane for lane in self._document.lanes()}
            for kind, (dialog, asked) in self._open.items():
                now = lanes.get(asked.variant)
                same = now is not None and _asked_of(now, kind) == _asked_of(asked, kind)
                dialog.edited.setVisible(not same)
                if now is not None:
                    _show_rate(dialog, now)


def _show_rate(dialog: CheckDialog, lane: Project) -> None:
    if isinstance(dialog.view, RateView):
        dialog.view.show_now(lane.training.optimizer.lr)


def _asked_of(lane: Project, kind: Kind) -> tuple[object, ...]:
    """What the answer depends on: the learning rate matters to one question alone."""
    training = lane.training.to_json()
    if kind is not Kind.OVERFIT:
        training["optimizer"] = {**training["optimizer"], "lr": None}
    return lane.data.to_json(), lane.graph, training

"""What an edit means for the run: nothing, a setting sent at once, or a restart that a person is asked for."""

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from engine.project import Project
from engine.random import generator
from engine.run.messages import Pace, PaceUnit, RunState
from netviz.document.apart import apart
from netviz.document.difference import Difference, Kind, difference
from netviz.document.document import Change, Document
from netviz.document.spare_outputs import Spare, spare_outputs
from netviz.runtime.session import Session
from netviz.widgets.banner import Banner
from netviz.widgets.run_bar import RunBar

SETTLE_MS = 150  # an edit by slider has ended when nothing has changed for so long
TOY = 100  # steps an epoch, at most


def saved_pace(project: Project) -> Pace | None:
    """The pace that was in use when the project was saved."""
    try:
        return msgspec.convert(project.panels.get("pace"), Pace)
    except msgspec.ValidationError:
        return None


class RunLink(QObject):
    """Keeps the session's project in step with the document."""

    problems_asked = Signal()

    def __init__(self, document: Document, session: Session, banner: Banner, run_bar: RunBar) -> None:
        super().__init__(document)
        self._document, self._session, self._banner, self._bar = document, session, banner, run_bar
        self.previews = True
        self.by_hand = False  # data are being drawn: the run follows them without asking
        self._paced = False  # the project's pace has been set
        self._told = False  # of outputs that the run has to spare
        self._settled = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settled.timeout.connect(self._compare)
        document.changed.connect(self._edited)
        session.refused.connect(self.refuse)
        session.noticed.connect(self._notice)
        session.worker_lost.connect(lambda text: banner.show_message("lost", text, "amber"))
        session.opened.connect(self._tell_apart)
        session.rewound.connect(lambda: banner.take_back("diverged"))
        session.opened.connect(self._opened)
        session.changed.connect(self._tell_of_spare)
        run_bar.new_seed_asked.connect(self.new_seed)
        run_bar.blocked_play.connect(self._say_problem)

    def open_run(self) -> None:
        """A new run on the document as it is, from the weights saved with it if there are any."""
        if self._check():
            self._session.open(self._document.project)
            self.preview()

    def preview(self) -> None:
        """Asks for the scale of the signal in the edited network, if it is wanted."""
        if self.previews and not self._document.problems():
            self._session.preview(self._document.project)

    def _tell_apart(self) -> None:
        """The headings of panels say what tells networks side by side from one another."""
        if self._session.project is not None:
            self._session.history.tell_apart(apart(self._session.project))

    def _tell_of_spare(self) -> None:
        """Once a run, when it is played: a drawing that is not ready yet is not scolded."""
        if self._told or not self._session.running:
            return
        self._told = True
        found = ((lane, spare_outputs(self._document, lane)) for lane in range(len(self._document.lanes())))
        lane, spare = next(((lane, spare) for lane, spare in found if spare is not None), (0, None))
        if spare is not None:
            answer = f"Make It {spare.wanted}"
            self._banner.show_message("spare", spare.words, "amber", answer, lambda: self._trim(lane, spare))

    def _trim(self, lane: int, spare: Spare) -> None:
        if spare_outputs(self._document, lane) == spare:
            self._document.set_node_field(lane, spare.node, "units", spare.wanted)

    def _opened(self) -> None:
        self._told = False
        for key in ("diverged", "spare"):
            self._banner.take_back(key)
        if not self._paced:
            self._paced = True
            self._session.set_pace(saved_pace(self._document.project) or self._usual_pace())

    def _usual_pace(self) -> Pace:
        """A toy problem is over before anyone has seen it, so it goes by epochs; others as fast as they can."""
        steps = max(lane.info.steps_per_epoch for lane in self._session.history.lanes)
        return Pace(PaceUnit.EPOCHS_A_FRAME, 1) if steps <= TOY else Pace(PaceUnit.UNLIMITED)

    def restart(self) -> None:
        """A new run on the edited network; weights that still fit stay."""
        self._banner.take_back("differs")
        if self._check():
            self._session.open(self._document.project, keep_weights=self._session.project is not None)

    def new_seed(self) -> None:
        """Other initial weights, by a seed that is written into the project; of the edited network, if it differs."""
        running = self._session.project
        edited = running is None or difference(running, self._document.project).kind is Kind.RESTART
        seed = self._document.lanes()[0].training.seed
        other = int(generator(seed, "another seed").integers(1_000_000))
        for lane in range(len(self._document.lanes())):
            self._document.set_training_field(lane, "seed", other)
        self._settled.stop()
        if edited:
            self._banner.take_back("differs")
            self.open_run()
        else:
            self._session.project = self._document.project
            self._session.reset(other)

    def _edited(self, change: Change) -> None:
        if change.section == "all":
            self._paced = False
            self._settled.stop()
            self._banner.dismiss()
            self._session.drop()
            self.open_run()
        elif change.section not in ("layout", "panels") and not (self.by_hand and self._settled.isActive()):
            self._settled.start()  # a hand that draws on does not put off what it has drawn

    def _check(self) -> bool:
        """Whether the document can be trained; if not, play says why. A drawing just begun is not scolded."""
        problems = self._document.problems()
        self._bar.block(str(problems[0]) if problems else "")
        if not problems:
            self._banner.take_back("problem")
        elif self.by_hand and problems[0].where == "data.points":
            pass  # the first points are still to be drawn
        elif self._session.project is not None or self._document.path is not None:
            self._say_problem()
        return not problems

    def _say_problem(self) -> None:
        first, *others = self._document.problems()
        more = f" (and {len(others)} more)" if others else ""
        self._banner.show_message("problem", f"{first}{more}", "red", "Show", self.problems_asked.emit)

    def refuse(self, text: str) -> None:
        """Says why something was not done."""
        self._banner.show_message("refused", text, "red")

    def _notice(self, text: str) -> None:
        if not (self.by_hand and self._session.carried):  # that weights were kept goes without saying there
            self._banner.show_message("notice", text)

    def _compare(self) -> None:
        if self.by_hand and self._session.opening:
            self._settled.start()  # one new run at a time
            return
        if not self._check():
            self._keep_running()
            return
        self.preview()
        running, edited = self._session.project, self._document.project
        if running is None:
            self.open_run()
            return
        found = difference(running, edited)
        if found.kind is Kind.RESTART and self._follows(found):
            self._banner.take_back("differs")
            plays = self._session.state in (RunState.RUNNING, RunState.FINISHED)
            self._session.open(edited, keep_weights=True, resume=plays)
            return
        if found.kind is Kind.RESTART and not self._untouched(running):
            self._banner.show_message(
                "differs", f"The network that runs is another one: {found.brief}", "amber", "Restart", self.restart
            )
            return
        self._banner.take_back("differs")
        if found.kind is Kind.LIVE:
            self._session.adopt(edited)
            self._tell_apart()
        elif found.kind is Kind.RESTART:
            self._session.open(edited, keep_weights=any(lane.weights for lane in running.lanes()))
        else:
            self._session.project = edited

    def _follows(self, found: Difference) -> bool:
        """Whether nothing but data that are being drawn asks for a new run."""
        return self.by_hand and all(field.section == "data" or field.live for field in found.fields)

    def _keep_running(self) -> None:
        """A net with problems cannot start; the one that runs goes on."""
        if self._session.running:
            self._bar.block("")

    def _untouched(self, running: Project) -> bool:
        """Nothing has been trained yet, so that a new start takes nothing from anyone."""
        return self._session.step == 0 and not self._session.running

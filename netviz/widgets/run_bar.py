"""The transport controls: reset, play, step, epoch, pace, and where the run stands."""

from time import monotonic

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolBar, QToolButton, QWidget

from engine.run.messages import Pace, PaceUnit, RunState
from netviz import theme
from netviz.runtime.session import Session
from netviz.widgets.choice import Choice
from netviz.widgets.icons import icon

PACES = {
    "1 step a frame": Pace(PaceUnit.STEPS_A_FRAME, 1),
    "10 steps a frame": Pace(PaceUnit.STEPS_A_FRAME, 10),
    "1 epoch a second": Pace(PaceUnit.EPOCHS_A_SECOND, 1),
    "10 epochs a second": Pace(PaceUnit.EPOCHS_A_SECOND, 10),
    "1 epoch a frame": Pace(PaceUnit.EPOCHS_A_FRAME, 1),
    "10 epochs a frame": Pace(PaceUnit.EPOCHS_A_FRAME, 10),
    "unlimited": Pace(PaceUnit.UNLIMITED),
}
STATES = {
    RunState.IDLE: "no run",
    RunState.PAUSED: "paused",
    RunState.RUNNING: "running",
    RunState.FINISHED: "finished",
    RunState.FAILED: "stopped: no number",
}
USUAL = [STATES[state] for state in (RunState.PAUSED, RunState.RUNNING, RunState.FINISHED)]
ROOM = 46  # figures and letters that tell where a run stands, mostly
READ_EVERY = 0.1  # seconds: nobody reads numbers that change more often, and laying them out takes a millisecond


class RunBar(QToolBar):
    """Buttons send commands to the session; what they show is what the worker says."""

    new_seed_asked = Signal()
    stop_asked = Signal()
    blocked_play = Signal()  # play was pressed and cannot begin

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__("Run", parent)
        self.setObjectName("run bar")
        self.setMovable(False)
        self.setIconSize(QSize(16, 16))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._session = session
        self.reset = self._action("reset", "Reset", "Ctrl+R", "Back to step 0 with the same initial weights")
        self.play = self._action("play", "Play", "Space", "Train, or pause")
        self.play.setCheckable(True)
        self.step = self._action("step", "One Step", ".", "One update of the weights")
        self.epoch = self._action("epoch", "One Epoch", "Shift+.", "To the end of this epoch")
        self.seed = self._action("dice", "New Seed", "Ctrl+Shift+R", "Back to step 0 with other initial weights")
        self.stop = QAction("Stop", self)
        self.stop.setToolTip("End the run and give its memory back")
        self.stop.triggered.connect(self.stop_asked)
        self._steady = (self.reset, self.play, self.step, self.epoch, self.seed)
        self.addActions(self._steady)
        self.play.triggered.connect(self._toggle)
        self.step.triggered.connect(lambda: session.advance(steps=1))
        self.epoch.triggered.connect(lambda: session.advance(epochs=1))
        self.reset.triggered.connect(lambda: session.reset())
        self.seed.triggered.connect(self.new_seed_asked)
        self.pace = Choice()
        self.pace.setFixedWidth(self.fontMetrics().horizontalAdvance("10 epochs a second") + 44)
        self.pace.setAccessibleName("Pace")
        self.pace.setToolTip("When steps happen, never what they compute")
        self.pace.addItems(list(PACES))
        self.pace.setCurrentText("1 epoch a frame")
        self.pace.textActivated.connect(lambda text: session.set_pace(PACES[text]))
        session.pace_changed.connect(self._show_pace)
        self.addSeparator()
        self.addWidget(self.pace)
        self._where = QLabel()
        self._where.setFont(theme.figures())
        self._where.setAccessibleName("Where the run stands")
        self._where.setContentsMargins(theme.GAP, 0, theme.GAP, 0)
        self._where_place = self.addWidget(self._where)
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(space)
        self._note = QLabel()
        self._note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._note.setObjectName("faint")
        self._note.setContentsMargins(0, 0, theme.GAP, 0)
        self.addWidget(self._note)
        self._running, self._read_after = False, 0.0
        self._hold()
        session.changed.connect(self._follow)
        for button in self.findChildren(QToolButton, "qt_toolbar_ext_button"):
            button.setAccessibleName("More of the run bar")
        self._blocked = ""
        self.refresh()

    def _action(self, name: str, text: str, key: str, tip: str) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(key))
        _dress(action, name, tip)
        return action

    def offer(self, action: QAction, picture: str, tip: str) -> None:
        """A command of the menus is a button here, too, beside the pace."""
        _dress(action, picture, tip)
        action.setIconVisibleInMenu(False)
        self.insertAction(self._where_place, action)

    def _show_pace(self) -> None:
        set_to = self._session.pace
        names = [name for name, pace in PACES.items() if pace == set_to]
        self.pace.setPlaceholderText("" if names else f"{set_to.amount:g} {set_to.unit}")
        self.pace.setCurrentIndex(self.pace.findText(names[0]) if names else -1)

    def _toggle(self) -> None:
        if self._blocked and not self._session.running:
            self.refresh()
            self.blocked_play.emit()
        else:
            self._session.toggle()

    def block(self, reason: str) -> None:
        """Play cannot begin for `reason`; an empty one frees it."""
        self._blocked = reason
        self.refresh()

    def _follow(self) -> None:
        """What the run does at once; where it is, while it runs, as often as it can be read."""
        if not (self._session.running and self._running) or monotonic() >= self._read_after:
            self.refresh()

    def refresh(self) -> None:
        session = self._session
        running = self._running = session.running
        self._read_after = monotonic() + READ_EVERY
        ready = session.state is not RunState.IDLE and not self._blocked
        self.play.setChecked(running)
        if (words := "Pause" if running else "Play") != self.play.text():  # an icon set again is laid out again
            self.play.setText(words)
            self.play.setIcon(icon(words.lower()))
        self.play.setEnabled(bool(running or ready or self._blocked or session.project))
        for action in (self.step, self.epoch):
            action.setEnabled(ready and not running)
        for action in (self.reset, self.seed, self.stop):
            action.setEnabled(session.state is not RunState.IDLE)
        figure = f"{session.rate:,.0f}" if session.rate >= 10 else f"{session.rate:.2g}"
        rate = f"{figure:>8} steps/s" if running and session.rate else f"{'':>16}"
        where = f"step {session.step:<9,} epoch {session.epoch:<7,} {rate}".replace(",", "\u202f")
        _tell(self._where, where, ROOM * "0")
        note = session.reason or STATES[session.state]
        _tell(self._note, self._blocked or note, *USUAL)
        self._note.setToolTip(self._blocked or note)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.refresh()  # in letters of another size, perhaps

    def actionEvent(self, event: QActionEvent) -> None:
        """A button whose action has changed is as large as before: nothing is laid out anew."""
        if event.type() != QEvent.Type.ActionChanged or event.action() not in self._steady:
            super().actionEvent(event)

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._hold()
        return done

    def _hold(self) -> None:
        """Each button has a fixed size, which is what it takes with letters as large as they are."""
        for action in self._steady:
            button = self.widgetForAction(action)
            button.ensurePolished()
            button.setFixedSize(button.sizeHint())


def _tell(label: QLabel, text: str, *others: str) -> None:
    """In a place of a fixed size, with room for `others`: one without has the whole window laid out at every text."""
    label.setText(text)
    metrics, margins = label.fontMetrics(), label.contentsMargins()
    wide = max(map(metrics.horizontalAdvance, (text, *others)))
    label.setFixedSize(wide + margins.left() + margins.right(), metrics.height())


def _dress(action: QAction, picture: str, tip: str) -> None:
    """A picture, and what it does with its key, in words."""
    shown = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    action.setIcon(icon(picture))
    action.setToolTip(f"{action.text()} ({shown}): {tip}")

"""A run that moves to another device or type of number: its state goes along, its worker is a new one."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from engine.run import messages as m
from netviz.runtime.place import Place

if TYPE_CHECKING:
    from netviz.runtime.session import Session


class Moving:
    """`place` is where runs are opened; one that cannot be opened there goes on where it was, or on the CPU."""

    def __init__(self, session: "Session") -> None:
        self._session = session
        self.place = Place()
        self._left: Place | None = None  # where the run comes from that opens

    def to(self, place: Place) -> None:
        session, before = self._session, self.place
        self.place = place
        standing = session.state is m.RunState.IDLE and not session.opening
        if place == before or session.project is None or standing or session.given_up:
            return  # the next run is opened there
        session.play_when_open(session.will_play)

        def go(keyframe: m.Keyframe) -> None:
            self._left = before
            session.go_on_from(keyframe)

        # Not while records are taken: what the old worker still said is thrown away.
        session.take_keyframe(lambda keyframe: QTimer.singleShot(0, session, lambda: go(keyframe)))

    def comes_back(self, refused: m.Refused) -> bool:
        """Whether what was refused is the run that moves, or whose device is gone: then it goes on elsewhere."""
        session, left = self._session, None if self._left == self.place else self._left
        project = session.project
        if left is None and refused.device and self.place.device != "cpu":
            left = Place(dtype=self.place.dtype)
        if project is None or left is None:
            return False
        self.place, self._left = left, None
        session.noticed.emit(f"{refused.message}; the run goes on with {self.place}")
        keyframe = session.keyframe
        again = (lambda: session.open(project)) if keyframe is None else (lambda: session.go_on_from(keyframe))
        QTimer.singleShot(0, session, again)
        return True

    def arrived(self) -> list[str]:
        """What is to be noted of a run that is open now."""
        left, self._left = self._left, None
        return [] if left is None else [f"from step {self._session.step} on: computed on {self.place}"]

"""What docks take of a window is a share: panels grow and shrink with it, as the network between them does."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from netviz.theme import look

ACROSS, DOWN = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
BELOW = Qt.DockWidgetArea.BottomDockWidgetArea
BESIDE = (Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea)


class DockShares(QObject):
    """Qt gives all that a window gains to its centre: docks below get their part of it, too.

    Those beside the centre hold words, and go with the size of letters instead.
    """

    given = Signal()  # parts have their shares of a window of another size, or with letters of another

    def __init__(self, window: QMainWindow, docks: Sequence[QDockWidget]) -> None:
        super().__init__(window)
        self._window, self._docks = window, docks
        self._scale = look().scale
        self._at = QSize()  # of the window, when parts were as large as somebody wanted them
        self._wanted: dict[QObject, tuple[float, float]] = {}
        self._giving = False
        self._late = QTimer(self, singleShot=True, interval=0)
        self._late.timeout.connect(lambda: self._give())
        for part in (window, window.centralWidget(), *docks):
            part.installEventFilter(self)
        look().changed.connect(self._rescale)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A part that is resized in a window that is not was resized by hand, or by a layout."""
        if not isinstance(event, QResizeEvent):
            return False
        if watched is self._window:
            self._late.start()
        elif not self._giving and isinstance(watched, QWidget):
            if not self._at.isValid():
                self._at = self._window.size()
            if self._window.size() == self._at:
                self._wanted[watched] = float(watched.width()), float(watched.height())
        return False

    def keep(self) -> None:
        """Every part is as large as it is wanted."""
        self._at = self._window.size()
        for part in (
            self._window.centralWidget(),
            *(dock for dock in self._docks if not dock.visibleRegion().isEmpty()),
        ):
            self._wanted[part] = float(part.width()), float(part.height())

    def _give(self, anew: bool = False) -> None:
        """Every part has what it would have, had nothing been rounded or as small as can be on the way."""
        now, centre = self._window.size(), self._window.centralWidget()
        if (now == self._at and not anew) or centre not in self._wanted:
            self.given.emit()  # as large as layouts have made them
            return
        across, down = centre.width() / max(1.0, self._wanted[centre][0]), now.height() / max(1, self._at.height())
        below, beside = self._known(BELOW), self._known(*BESIDE)
        for part in (centre, *below):
            wide, high = self._wanted[part]
            self._wanted[part] = wide * across, high * down
        self._at, self._giving = now, True
        for docks, way in ((beside, ACROSS), (below, ACROSS), (below, DOWN)):
            self._window.resizeDocks(docks, [round(self._wanted[dock][way is DOWN]) for dock in docks], way)
        QTimer.singleShot(0, self, self._given)  # docks that can be no smaller resist when they are laid out

    def _given(self) -> None:
        self._giving = False
        self.given.emit()

    def _rescale(self) -> None:
        old, self._scale = self._scale, look().scale
        if self._scale != old:
            self._giving = True  # buttons that have grown shift others for now: nobody wants them so
            for dock in self._known(*BESIDE):
                wide, high = self._wanted[dock]
                self._wanted[dock] = wide * self._scale / old, high
            QTimer.singleShot(0, self, lambda: self._give(anew=True))

    def _known(self, *areas: Qt.DockWidgetArea) -> list[QDockWidget]:
        """Those that are seen in these places; of several on top of one another, the uppermost."""
        docked = (dock for dock in self._docks if dock in self._wanted and dock.isVisible() and not dock.isFloating())
        return [d for d in docked if self._window.dockWidgetArea(d) in areas and not d.visibleRegion().isEmpty()]

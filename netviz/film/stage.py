"""The run that is filmed: a worker of its own, and the panel or window over it, shown to nobody."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget

from engine.project import Project
from netviz.film.plan import NETWORK, WINDOW, FilmPlan
from netviz.panels.base import Panel
from netviz.panels.catalogue import PANELS
from netviz.runtime.session import Session
from netviz.staging import put_offstage
from netviz.theme import theme
from netviz.widgets.picture import picture


def titles() -> dict[str, str]:
    """What can be filmed, by its name in plans."""
    return {panel.ident: panel.title for panel in PANELS} | {NETWORK: "The network", WINDOW: "The whole window"}


class Stage:
    """`session` is opened on the project, and waits at step 0."""

    def __init__(self, plan: FilmPlan, project: Project, worker: str = "process") -> None:
        self._plan, self._window = plan, None
        size = QSize(plan.width, plan.height)
        if plan.what in (NETWORK, WINDOW):
            self.session, self._shown, self._panels = self._open_window(project, worker, size)
        else:
            kind = next(panel for panel in PANELS if panel.ident == plan.what)
            self.session = Session(worker)
            panel = kind(self.session.history)
            panel.wishes_changed.connect(self.session.update_watch)
            state = _states(project).get(plan.what)
            if isinstance(state, dict):
                panel.restore(state)
            put_offstage(panel, size)
            self.session.add_view(panel)
            self._shown, self._panels = panel, [panel]
            self.session.open(project)

    def _open_window(self, project: Project, worker: str, size: QSize) -> tuple[Session, QWidget, list[Panel]]:
        from netviz.main_window import MainWindow  # which has the menu that films are asked for in

        window = self._window = MainWindow(project, None, worker)
        window.autosave.close()  # nothing here is anyone's unsaved work
        window.menuBar().setNativeMenuBar(False)
        put_offstage(window, size)
        if self._plan.what == NETWORK:
            for dock in window.docks.values():
                dock.hide()
        return window.session, window if self._plan.what == WINDOW else window.canvas, window.panels

    def refresh(self) -> None:
        """Draws what is known; of it, a panel may see that it wants to know more."""
        for panel in self._panels:
            if panel.isVisible():
                panel.refresh()

    def shoot(self) -> bytes:
        """What is shown now, as a frame: RGB without gaps."""
        self.refresh()
        if self._window is not None and self._window.live.isVisible():
            self._window.live.finish()
        made = picture(self._shown, self._plan.scale)
        image = fitted(made, QSize(*self._plan.size)).convertToFormat(QImage.Format.Format_RGB888)
        width, height, stride = image.width() * 3, image.height(), image.bytesPerLine()
        content = bytes(image.constBits())
        if stride == width:
            return content[: width * height]
        return b"".join(content[row * stride : row * stride + width] for row in range(height))

    def close(self) -> None:
        if self._window is not None:
            self._window.files.forget()
            self._window.close()
        else:
            self.session.close()
            self._shown.close()
            self._shown.deleteLater()
            self.session.deleteLater()


def fitted(image: QImage, size: QSize) -> QImage:
    """The picture in `size`: a window may insist on more room, and is drawn smaller then, in the middle."""
    image.setDevicePixelRatio(1)
    if image.size() == size:
        return image
    small = image.scaled(size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
    made = QImage(size, QImage.Format.Format_RGB32)
    made.fill(theme().window)
    painter = QPainter(made)
    painter.drawImage((size.width() - small.width()) // 2, (size.height() - small.height()) // 2, small)
    painter.end()
    return made


def _states(project: Project) -> dict[str, object]:
    states = project.panels.get("states")
    return states if isinstance(states, dict) else {}

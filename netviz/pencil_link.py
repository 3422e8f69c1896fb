"""Points drawn on the decision boundary are edits of the document, and the run follows them."""

from PySide6.QtCore import QObject

from engine.data.points import Point, PointsByHand
from engine.errors import ProjectError
from netviz.document.document import Change, Document
from netviz.document.pencil import draw, draw_by_hand, values_of
from netviz.panels.boundary import BoundaryPanel
from netviz.run_link import RunLink
from netviz.widgets.pencil import Drawing


class PencilLink(QObject):
    """Between the panel, which only says what was drawn, and the document, which only says what changed."""

    def __init__(self, document: Document, panel: BoundaryPanel, link: RunLink) -> None:
        super().__init__(panel)
        self._document, self._panel, self._link = document, panel, link
        document.changed.connect(self._changed)
        panel.drawn.connect(self._drawn)
        panel.copy_asked.connect(self._begin)
        panel.empty_asked.connect(lambda: self._begin(empty=True))
        panel.pencil_taken.connect(self._taken)
        self._show()

    def _changed(self, change: Change) -> None:
        if change.section == "all":
            self._panel.draw(False)
        if change.section in ("data", "all"):
            self._show()

    def _show(self) -> None:
        data = self._document.project.data
        mine = isinstance(data, PointsByHand)
        self._panel.show_drawing(Drawing(data.points, values_of(data), data.classes) if mine else None)

    def _begin(self, empty: bool = False) -> None:
        try:
            draw_by_hand(self._document, empty)
        except ProjectError as error:
            self._link.refuse(error.problems[0].message)

    def _drawn(self, points: tuple[Point, ...], stroke: object) -> None:
        try:
            draw(self._document, points, stroke)
        except ProjectError:  # the data have become others in the middle of a stroke
            self._show()

    def _taken(self, on: bool) -> None:
        self._link.by_hand = on

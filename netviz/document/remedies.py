"""A remedy of the diagnosis as one step of the document's undo stack."""

from typing import Literal

from engine.diagnosis import Remedy, edited
from netviz.document.address import Address, parted
from netviz.document.document import Document
from netviz.document.drawing import Drawing


def apply_remedy(document: Document, lane: int, remedy: Remedy) -> None:
    """Makes all of the remedy's edits in one lane; a ProjectError where one does not fit, and nothing is changed.

    Other lanes stay what they are, to be compared with: what the lane shares with them is its own from then on.
    Data alone are every lane's.
    """
    before = document.lanes()[lane]
    after = edited(before, remedy.edits)
    document.stack.beginMacro(remedy.title)
    if after.graph != before.graph:
        _part(document, "graph", lane, remedy)
        Drawing(document).take_graph(lane, after.graph, remedy.title)
    if after.training != before.training:
        _part(document, "training", lane, remedy)
        document.edit(Address("training", lane), after.training, remedy.title, "training")
    if after.data != before.data:
        document.edit(Address("data"), after.data, remedy.title, "data")
    document.stack.endMacro()


def _part(document: Document, section: Literal["graph", "training"], lane: int, remedy: Remedy) -> None:
    document.edit(Address("own"), parted(document.project, section, lane), remedy.title, "own")

"""A remedy of the diagnosis as one step of the document's undo stack."""

from engine.diagnosis import Remedy, edited
from netviz.document.address import Address, owner
from netviz.document.document import Document
from netviz.document.drawing import Drawing


def apply_remedy(document: Document, lane: int, remedy: Remedy) -> None:
    """Makes all of the remedy's edits in one lane; a ProjectError where one does not fit, and nothing is changed."""
    before = document.lanes()[lane]
    after = edited(before, remedy.edits)
    document.stack.beginMacro(remedy.title)
    if after.graph != before.graph:
        Drawing(document).take_graph(lane, after.graph, remedy.title)
    if after.training != before.training:
        at = Address("training", owner(document.project, "training", lane))
        document.edit(at, after.training, remedy.title, "training")
    if after.data != before.data:
        document.edit(Address("data"), after.data, remedy.title, "data")
    document.stack.endMacro()

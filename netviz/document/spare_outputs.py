"""Outputs that stand for no class of the data: they can be trained, but only make the loss look small."""

from dataclasses import dataclass

from engine.layers.base import Activation
from engine.losses import BinaryCrossEntropy
from netviz.document.document import Document


@dataclass(frozen=True, slots=True)
class Spare:
    """`node` gives `outputs` numbers, where `wanted` are enough for `classes`."""

    node: str
    outputs: int
    wanted: int
    classes: int

    @property
    def words(self) -> str:
        are = "is" if self.wanted == 1 else "are"
        return (
            f"{self.node} gives {self.outputs} numbers, where {self.wanted} {are} enough for {self.classes} classes: "
            "the others are soon right and make the loss look small"
        )


def spare_outputs(document: Document, lane: int) -> Spare | None:
    """The layer with too many units at a lane's end, if there is one."""
    structure, classes = document.structure(lane), document.data_classes()
    if structure is None or classes is None or len(structure.shapes[structure.output]) != 1:
        return None
    node = structure.output
    while isinstance(structure.layers[node], Activation):
        (node,) = structure.inputs[node]
    units = getattr(structure.layers[node], "units", None)
    if not isinstance(units, int) or units <= max(classes, 2):
        return None
    binary = isinstance(document.lanes()[lane].training.loss, BinaryCrossEntropy)
    return Spare(node, units, 1 if binary and classes == 2 else classes, classes)

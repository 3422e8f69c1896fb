"""What a model leaves open, and how its inputs' axes are meant."""

from engine.importing import recurrent
from engine.importing.model import Entry, Model
from engine.importing.project import Ends


def ends_of(model: Model) -> Ends:
    taken = {name for op in model.ops for name in op.inputs}
    entries = [entry for entry in model.inputs if entry.name in taken]
    if len(entries) != 1 or not entries[0].shape:
        return Ends(model.outputs)
    (entry,) = entries
    return Ends(model.outputs, entry.name, lengths(model, entry))


def lengths(model: Model, entry: Entry) -> tuple[int | None, ...]:
    """Those of one example."""
    place, shape = batch_axis(model, entry), entry.shape or ()
    return shape[:place] + shape[place + 1 :]


def batch_axis(model: Model, entry: Entry) -> int:
    """The axis of the examples: the first, but behind the steps where a recurrent operator takes it as it is."""
    taking = [op for op in model.ops if entry.name in op.inputs]
    recurrent_ = all(op.kind in recurrent.OPERATORS and op.input(0) == entry.name for op in taking)
    steps_first = recurrent_ and not any(op.attributes.get("layout") for op in taking)
    return 1 if steps_first and len(entry.shape or ()) == 3 else 0

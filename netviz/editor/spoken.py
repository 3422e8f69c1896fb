"""What is selected, in words for those who cannot see it."""

from collections.abc import Sequence

from netviz.editor.boxes import LanePicture
from netviz.editor.health import Mark
from netviz.editor.selection import Selection

NOTHING = "Nothing is selected. Arrow keys choose a node, Tab adds a layer."


def described(pictures: Sequence[LanePicture], chosen: Selection, mark: Mark | None = None) -> str:
    """ "Selected: h1 in XOR. h1: Dense 8 … 24 parameters, from x, to out. Health: fine"."""
    if chosen.lane >= len(pictures):
        return NOTHING
    lane = pictures[chosen.lane]
    if (wire := chosen.wire) is not None:
        shape = lane.wires.get(wire) or "not known"
        return f"Selected: wire from {wire.source} to {wire.target}, input {wire.number}, shape {shape}"
    if chosen.primary not in lane.homes:
        return NOTHING
    words = f"Selected: {chosen.primary} in {lane.name}. {_box(lane, lane.homes[chosen.primary])}"
    if mark is not None:
        words += f". {mark.words[:1].upper()}{mark.words[1:]}"
    if len(chosen.nodes) > 1:
        return f"{len(chosen.nodes)} nodes are selected: {', '.join(sorted(chosen.nodes))}. {words}"
    return words


def _box(lane: LanePicture, box: str) -> str:
    """What a box shows, and the nodes before and after it."""
    before = [wire.source for wire in lane.wires if wire.end == box]
    after = [wire.target for wire in lane.wires if wire.start == box]
    ends = [f"{word} {', '.join(names)}" for word, names in (("from", before), ("to", after)) if names]
    return ", ".join([lane.boxes[box].words, *ends])

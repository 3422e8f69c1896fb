"""Which box an arrow key goes to: along the wires, else to what lies that way."""

from collections.abc import Callable, Iterable

from netviz.editor.boxes import LanePicture
from netviz.editor.node_item import NodeItem
from netviz.editor.scene import NetworkScene
from netviz.editor.selection import Selection

Step = tuple[int, int]
ASIDE = 2.5  # how much a step sideways counts against one straight on


def next_of(scene: NetworkScene, chosen: Selection, step: Step) -> tuple[int, str] | None:
    """Where an arrow leads from what is selected; from a wire to one of its ends, from nothing to the first box."""
    if chosen.wire is not None:
        return chosen.lane, chosen.wire.target if sum(step) > 0 else chosen.wire.source
    return first(scene) if chosen.key is None else along(scene, *chosen.key, step)


def along(scene: NetworkScene, lane: int, node: str, step: Step) -> tuple[int, str] | None:
    """The node after `node` in the direction of `step`; None where there is none."""
    picture, item = scene.pictures[lane], scene.nodes[lane, scene.pictures[lane].homes[node]]
    box = item.picture.box
    if step[0]:
        ends = _neighbours(picture, box.node, step[0])
        there = [scene.nodes[lane, end] for end in ends]
        goal = min(there, key=lambda other: abs(other.y() - item.y()), default=None)
        goal = goal or nearest(item, _in_lane(scene, lane), step)
        if goal is None:
            return None
        # From an activation's line to an activation's line would skip the layers; a step leads to the layer.
        return goal.lane, goal.picture.box.node
    line = box.nodes.index(node) + step[1]
    if 0 <= line < len(box.nodes):
        return lane, box.nodes[line]
    goal = nearest(item, _in_lane(scene, lane), step) or _other_lane(scene, item, step[1])
    if goal is None:
        return None
    return goal.lane, goal.picture.box.node if step[1] > 0 else goal.picture.box.exit


def first(scene: NetworkScene) -> tuple[int, str] | None:
    """Where the keys begin."""
    return next(((lane, node) for lane, p in enumerate(scene.pictures) for node in p.boxes), None)


def end_of(scene: NetworkScene, lane: int, last: bool) -> tuple[int, str]:
    """The first or the last box of a lane, in reading order."""
    boxes = list(scene.pictures[lane].boxes)
    return lane, boxes[-1 if last else 0]


def nearest(
    item: NodeItem,
    others: Iterable[NodeItem],
    step: Step,
    allowed: Callable[[NodeItem], bool] = lambda _: True,
) -> NodeItem | None:
    """The nearest of `others` that lies more in the direction of `step` than aside, and is `allowed`."""
    found = []
    for other in others:
        dx, dy = other.x() - item.x(), other.y() - item.y()
        ahead, aside = (dx * step[0], abs(dy)) if step[0] else (dy * step[1], abs(dx))
        if other is not item and ahead > 1 and aside <= ASIDE * ahead:
            found.append((ahead + ASIDE * aside, other.y(), other.x(), other))
    for *_, other in sorted(found, key=lambda entry: entry[:3]):
        if allowed(other):
            return other
    return None


def _neighbours(picture: LanePicture, node: str, side: int) -> list[str]:
    pairs = ((w.start, w.end) if side > 0 else (w.end, w.start) for w in picture.wires)
    return list(dict.fromkeys(there for here, there in pairs if here == node))


def _in_lane(scene: NetworkScene, lane: int) -> list[NodeItem]:
    return [item for (index, _), item in scene.nodes.items() if index == lane]


def _other_lane(scene: NetworkScene, item: NodeItem, down: int) -> NodeItem | None:
    """The box of the next lane that stands nearest below or above."""
    lane = item.lane + down
    while 0 <= lane < len(scene.pictures):
        there = _in_lane(scene, lane)
        if there:
            return min(there, key=lambda other: (abs(other.x() - item.x()), abs(other.y() - item.y())))
        lane += down
    return None

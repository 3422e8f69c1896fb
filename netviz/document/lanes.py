"""Lanes, the networks that are trained side by side, as functions from lanes to lanes."""

from dataclasses import replace

from engine.errors import Problem, ProjectError
from engine.project import Variant
from netviz.document.address import Lanes

LONGEST_NAME = 200  # characters; what a project file takes


def names(lanes: Lanes) -> tuple[str, ...]:
    return lanes.variant, *(v.name for v in lanes.variants)


def check_name(lanes: Lanes, name: str) -> None:
    """Raises where no other lane can be called `name`."""
    if not name.strip() or len(name) > LONGEST_NAME:
        raise ProjectError(Problem("variants", f"expected a name of 1 to {LONGEST_NAME} characters, got {len(name)}"))
    if name in names(lanes):
        raise ProjectError(Problem("variants", f"another network is called {name}"))


def free_name(lanes: Lanes) -> str:
    """The first of B, C … Z, B2, C2 … that no lane has."""
    taken, number = names(lanes), 1
    while True:
        for letter in "BCDEFGHIJKLMNOPQRSTUVWXYZ":
            if (name := letter if number == 1 else f"{letter}{number}") not in taken:
                return name
        number += 1


def with_copy(lanes: Lanes, of: int, name: str) -> Lanes:
    """One lane more, last: the graph of lane `of` as its own, and that lane's training.

    It begins with drawn weights: those saved with the other fit only while the two graphs are the same.
    """
    check_name(lanes, name)
    if of == 0:
        made = Variant(name, lanes.graph, None, dict(lanes.layout))
    else:
        v = lanes.variants[of - 1]
        made = Variant(name, v.graph or lanes.graph, v.training, dict(v.layout))
    return replace(lanes, variants=(*lanes.variants, made))


def without(lanes: Lanes, lane: int) -> Lanes:
    """The lanes but one; where it is the project's own, the next takes its place, and what was shared stays shared."""
    if not lanes.variants:
        raise ProjectError(Problem("variants", "the only network cannot be removed"))
    rest = lanes.variants[: max(lane - 1, 0)] + lanes.variants[max(lane, 1) :]
    if lane:
        return replace(lanes, variants=rest)
    heir = lanes.variants[0]
    graph = None if heir.graph is None else lanes.graph
    training = None if heir.training is None else lanes.training
    return Lanes(
        variant=heir.name,
        graph=heir.graph or lanes.graph,
        training=heir.training or lanes.training,
        layout=heir.layout,
        weights=heir.weights,
        # What came from the lane that goes is now each one's own, unless the heir has the same from there.
        variants=tuple(replace(v, graph=v.graph or graph, training=v.training or training) for v in rest),
    )

"""How the layers of a box fare, as the diagnosis has it: the worst of them, and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.diagnosis import Finding, Health
from engine.run.messages import LaneHealth
from netviz.editor.box_picture import Box

WORST_FIRST = (Health.TROUBLE, Health.WATCH, Health.FINE)
CALM = "nothing wrong so far"


@dataclass(frozen=True, slots=True)
class Mark:
    """The worst of a box's nodes, and why."""

    health: Health
    words: str


def states_of(health: LaneHealth | None, layers: tuple[str, ...]) -> dict[str, Health]:
    """How each layer fares; nothing before there was a look."""
    return {} if health is None or not health.looks else dict(zip(layers, health.nodes, strict=True))


def mark_of(box: Box, states: Mapping[str, Health], health: LaneHealth) -> Mark | None:
    """None where the diagnosis knows none of the box's nodes."""
    mine = {node: states[node] for node in box.nodes if node in states}
    if not mine:
        return None
    worst = next(state for state in WORST_FIRST if state in mine.values())
    return Mark(worst, f"health: {worst.value}: {_why(health, mine)}")


def _why(health: LaneHealth, nodes: Mapping[str, Health]) -> str:
    ill = [node for node, state in nodes.items() if state is not Health.FINE]
    told = [finding for finding in (*health.findings, *health.watched) if not set(ill).isdisjoint(finding.nodes)]
    return "; ".join(map(_said, told)) or CALM


def _said(finding: Finding) -> str:
    cause = ", the cause" if finding.cause else ""
    return f"{finding.title}, since step {finding.began}{cause}: {finding.sentence}"

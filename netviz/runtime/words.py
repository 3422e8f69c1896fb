"""What a person is told about a run's state: of what was kept, and of what is lost."""

from collections.abc import Sequence

from engine.memory import size
from engine.project import Project
from engine.run.keyframes import is_large

MOST_NAMED = 6  # weights that were kept


def kept(names: Sequence[str]) -> str:
    """Of a new run; nothing where it took nothing over."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"weights that still fit were kept: {', '.join(names[:MOST_NAMED])}{more}" if names else ""


def lost(reason: str, state: int, step: int, copied: tuple[Project, int] | None = None) -> str:
    """Of a worker that has died, and of what becomes of its run of so many bytes; `copied` at a step, if it is."""
    if not is_large(state):
        return f"{reason}; the run goes on from step {step}"
    if copied is not None:
        return f"{reason}; the run begins anew, with the weights of step {copied[1]}"
    return f"{reason}; the run begins anew: of its {size(state)} of weights there was no copy yet"

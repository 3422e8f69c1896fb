"""How the window was asked for, and what a bad request ends with."""

from dataclasses import dataclass
from pathlib import Path

BAD_INPUT = 2  # the exit status


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """Empty texts leave the choice to what is remembered."""

    file: Path | None
    demo: bool
    theme: str
    worker: str

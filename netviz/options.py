"""How the window was asked for."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """Empty texts leave the choice to what is remembered."""

    file: Path | None
    demo: bool
    theme: str
    worker: str

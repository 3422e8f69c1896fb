"""What the session knows of whatever draws the history."""

from typing import Protocol

from engine.probes.catalogue import ProbeRequest


class View(Protocol):
    """Is refreshed when one of `topics` has changed (see History) and it can be seen."""

    @property
    def topics(self) -> frozenset[str]: ...

    @property
    def probes(self) -> tuple[ProbeRequest, ...]: ...

    @property
    def needs_layers(self) -> bool: ...

    @property
    def needs_health(self) -> bool: ...

    def isVisible(self) -> bool: ...  # noqa: N802 (Qt's)

    def refresh(self) -> None: ...

    def reopened(self) -> None: ...

    def hold(self, still: bool) -> None:
        """Whether it stays on the screen as it was painted."""

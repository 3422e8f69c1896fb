"""What every probe is: a question that the worker answers between two steps, on the device, with a small summary."""

from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

import msgspec

from engine.trainer import Trainer

SAMPLE = 512  # training examples that a probe looks at: the first ones, so that pictures do not jump


Asked = TypeVar("Asked", bound="Probe")


class Probe(msgspec.Struct, frozen=True, tag_field="probe"):
    """A question. Its answer is another frozen struct, whose arrays lie on the host."""

    quick: ClassVar[bool] = False  # costs about one example: a new one is answered at once, even at full speed

    def measure(self, trainer: Trainer, detail: float = 1.0) -> Any:
        """The answer for the present weights; changes nothing that training depends on.

        With less `detail`, from 1 downwards, it costs about so much less and says it less finely.
        """
        raise NotImplementedError(type(self).__name__)  # each kind has its own


def quick(probes: Iterable[Asked]) -> tuple[Asked, ...]:
    """Those whose answers cost next to nothing."""
    return tuple(probe for probe in probes if probe.quick)


def slow(probes: tuple[Probe, ...]) -> frozenset[Probe]:
    """Those whose answers take a while; the window asks for them in any order."""
    return frozenset(probe for probe in probes if not probe.quick)

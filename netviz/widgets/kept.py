"""What is worked out once and kept until what it depends on is another: places of a picture's parts, mostly."""

from collections.abc import Callable
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Kept(Generic[Made]):
    """One such thing, for whoever holds it; nobody changes what it returns."""

    def __init__(self) -> None:
        self._made_of: object = self  # equal to nothing else
        self._made: Made

    def of(self, made_of: tuple[object, ...], make: Callable[[], Made]) -> Made:
        """What `make` makes; `made_of` is all that it depends on."""
        if made_of != self._made_of:
            self._made, self._made_of = make(), made_of
        return self._made

    def forget(self) -> None:
        """It is made anew the next time."""
        self._made_of = self

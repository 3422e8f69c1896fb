"""What can be wrong with what a person gave us, said with name, expected and got."""

from dataclasses import dataclass

LONGEST_PLACE = 200


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: `where` is a dotted path that begins with a node's id or a section."""

    where: str
    message: str

    def __post_init__(self) -> None:
        # Both hold words out of files: a line break in a key must not break the one line that a person is shown.
        object.__setattr__(self, "where", one_line(self.where[:LONGEST_PLACE]))
        object.__setattr__(self, "message", one_line(self.message))

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class ProjectError(ValueError):
    """A project that cannot be used; `problems` holds every reason found, the first one is the message."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(str(problems[0]))
        self.problems = problems


class ShapeError(ValueError):
    """Shapes that do not meet; the message names expected and got, the caller adds the node."""


class DeviceError(RuntimeError):
    """A device that is asked for and not there; the message says what is there and how to get it."""


def one_line(text: str) -> str:
    """`text` with all that cannot be printed escaped, line breaks and lone surrogates among it."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

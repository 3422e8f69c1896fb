"""What is drawn of one box, and said of it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from engine.layers.base import Activation, Layer, Shape, Weighted
from engine.layers.input import Input


class Box(NamedTuple):
    """One box: a layer, and the activation that is docked onto it."""

    node: str
    activation: str | None = None

    @property
    def nodes(self) -> tuple[str, ...]:
        return (self.node,) if self.activation is None else (self.node, self.activation)

    @property
    def exit(self) -> str:
        """The node whose output leaves the box."""
        return self.activation or self.node


@dataclass(frozen=True, slots=True)
class BoxPicture:
    """All that a box shows."""

    box: Box
    title: str
    second: str
    parameters: int
    depth: tuple[int, int] | None  # place among the layers with weights, and their number
    problem: str
    words: str  # for the tooltip and for those who cannot see
    inputs: int = 1  # how many input ports, a free one among them
    numbered: bool = False  # whether the order of the inputs counts
    loose: bool = False  # no way leads here from an input

    @property
    def count(self) -> str:
        return "" if not self.parameters else counted(self.parameters)


class BoxFacts(NamedTuple):
    """All that a box's picture follows from."""

    box: Box
    layer: Layer
    activation: str | None
    data: str
    before: tuple[Shape, ...]  # as far as they are known
    sources: int
    shape: Shape | None
    after: Shape | None  # what leaves the box
    depth: tuple[int, int] | None
    wrong: str
    ports: tuple[int, bool]
    loose: bool


# An edit changes few boxes, and the others are not even looked at again where they are the same object.
@lru_cache(maxsize=8192)
def box_picture(of: BoxFacts) -> BoxPicture:
    layer, before, shape = of.layer, of.before, of.shape
    complete = len(before) == of.sources >= layer.arity
    fits = isinstance(layer, Weighted) and complete and shape is not None
    parameters = layer.parameter_count(*before) if fits else 0
    title = _title(layer, shape)
    lines = [of.wrong] if of.wrong else []
    lines.append(f"{of.box.node}: {title}")
    if of.activation is not None:
        lines.append(f"{of.box.activation}: {of.activation}")
    if parameters:
        lines.append(counted(parameters))
    if complete and before and of.after is not None:
        lines.append(f"shape {', '.join(map(text_of_shape, before))} → {text_of_shape(of.after)}")
    if of.loose:
        lines.append("not connected with the input")
    second = _second(layer, of.activation, of.data, shape)
    return BoxPicture(of.box, title, second, parameters, of.depth, of.wrong, "\n".join(lines), *of.ports, of.loose)


def _title(layer: Layer, shape: Shape | None) -> str:
    if isinstance(layer, Activation):
        return layer.title
    size = text_of_shape(shape or getattr(layer, "shape", None) or ()) or str(getattr(layer, "units", ""))
    return f"{layer.title} {size}".strip()


def _second(layer: Layer, activation: str | None, data: str, shape: Shape | None) -> str:
    if activation is not None:
        return activation.lower() if activation[1:].islower() else activation  # ReLU stays
    if isinstance(layer, Input):
        return data
    if isinstance(layer, Weighted):
        return layer.manner
    return text_of_shape(shape or ())


@lru_cache(4096)
def text_of_shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def counted(parameters: int) -> str:
    return "1 parameter" if parameters == 1 else f"{grouped(parameters)} parameters"


def grouped(number: int) -> str:
    """Thousands apart, by a narrow space."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")

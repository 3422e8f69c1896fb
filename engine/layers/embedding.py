"""The embedding: a learned vector for each of so many codes."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from msgspec import Meta

from engine.backend import Array, BoundCall
from engine.errors import ShapeError
from engine.initializers import INITIALIZERS, Request
from engine.layers.base import Block, Operator, Shape, Weighted, text_of
from engine.layers.sequence import by_step, flat

if TYPE_CHECKING:
    from engine.plan import Plan, Var

PIECE = 1 << 22  # numbers of the table of 0 and 1 that is held at once


class Embedding(Weighted, frozen=True, tag="embedding"):
    """h_t = row x_t of W (vocabulary, dim), for whole numbers x_t from 0: T codes become a sequence T × dim.

    A number is rounded to the nearest code there is. The gradient of W is a product with a table of 0 and 1, whose
    sums come out the same in every run, in any order of the codes.
    """

    title: ClassVar[str] = "Embedding"
    group: ClassVar[str] = "Sequences"

    vocabulary: Annotated[int, Meta(ge=1, le=65_536, title="Vocabulary", description="How many codes, from 0 on")] = 128
    dim: Annotated[int, Meta(ge=1, le=4096, title="Dimensions", description="Numbers that stand for a code")] = 16
    init: Annotated[
        Literal["normal", "uniform", "glorot_uniform", "glorot_normal", "lecun_normal", "orthogonal"],
        Meta(
            title="Initial weights", description="How W is drawn: normal is N(0, 1), uniform in ±√3, so alike in size"
        ),
    ] = "normal"
    trainable: Annotated[bool, Meta(title="Trainable", description="Off: the vectors stay as they are")] = True

    @property
    def trains(self) -> bool:
        return self.trainable

    @property
    def manner(self) -> str:
        return f"of {self.vocabulary} codes"

    def output_shape(self, *shapes: Shape) -> Shape:
        if len(shapes[0]) != 1:
            raise ShapeError(f"expected a vector of codes, got shape {text_of(shapes[0])}")
        return (*shapes[0], self.dim)

    def block_shape(self, *shapes: Shape) -> Shape:
        return (self.vocabulary, self.dim)

    def views(self, block: Array) -> dict[str, Array]:
        return {"weight": block}

    def initial(self, name: str, shape: Shape, rng: np.random.Generator) -> Array:
        return INITIALIZERS[self.init].draw(rng, self._request)

    @property
    def _request(self) -> Request:
        return Request((self.vocabulary, self.dim), self.vocabulary, self.dim, 1.0, sqrt(3), 0.0)

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        assert p is not None
        xp, zeros, steps = plan.xp, plan.backend.zeros, len(h.value)
        codes, last = plan.scratch(h), plan.number(self.vocabulary - 1)
        places = xp.zeros(h.value.shape, "int64")
        vectors = zeros(steps, plan.batch, self.dim)
        plan.forward(xp.rint, h.value, codes)
        plan.forward(xp.fmin, codes, last, codes)
        plan.forward(xp.fmax, codes, plan.number(0), codes)  # after it no number is none
        plan.forward(_placed, places, codes)
        plan.forward(p.value.take, places, 0, vectors)
        plan.forward(xp.copyto, by_step(a.value, steps), vectors)
        if a.grad is None:
            return
        calls: list[BoundCall] = [(xp.copyto, vectors, by_step(a.grad, steps))]
        size = max(1, PIECE // codes.size)
        table, row = plan.backend.mask(min(size, self.vocabulary), codes.size), codes.reshape(1, codes.size)
        ones = zeros(*table.shape)
        for start in range(0, self.vocabulary, size):
            stop = min(start + size, self.vocabulary)
            numbers = plan.backend.from_host(np.arange(start, stop)[:, None])
            mask, some = table[: stop - start], ones[: stop - start]
            calls += [
                (xp.equal, numbers, row, mask),
                (xp.copyto, some, mask),
                (some.dot, flat(vectors), p.grad[start:stop]),
            ]
        if h.grad is not None:
            calls.append((h.grad.fill, 0))  # between two codes there is nothing to go along
        plan.backward(*calls)

    def held(self, *shapes: Shape) -> int:
        return shapes[0][0] * (self.dim + 2)

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (
            Operator("Round", inputs, output=".round"),
            Operator("Constant", (), {"value_float": 0.0}, ".first"),
            Operator("Constant", (), {"value_float": self.vocabulary - 1.0}, ".last"),
            Operator("Clip", (".round", ".first", ".last"), output=".codes"),
            Operator("Cast", (".codes",), {"to": 7}, ".places"),  # 7: whole numbers of 64 bits
            Operator("Gather", (".weight", ".places"), {"axis": 0}),
        )

    def torch(self, *shapes: Shape) -> str:
        return f"nn.Embedding({self.vocabulary}, {self.dim})"

    def torch_forward(self, module: str, inputs: tuple[str, ...]) -> str:
        return f"{module}({inputs[0]}.round().clamp(0, {self.vocabulary - 1}).long())"

    def torch_initial(self, module: str, *shapes: Shape) -> tuple[str, ...]:
        return (INITIALIZERS[self.init].torch(f"{module}.weight", self._request),)


def _placed(places: Array, codes: Array) -> None:
    places[...] = codes

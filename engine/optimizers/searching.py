"""Optimizers that evaluate loss and gradient several times an update, on the step's batch.

They are made for a batch of all examples; on smaller ones every search is of its own batch's loss. The loss has the
regularizer in it. `lr` is the first step that is tried.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import numpy as np
from msgspec import Meta

from engine.backend import Array, Backend
from engine.optimizers.base import Optimizer
from engine.optimizers.line_search import Search, Trial

Evaluate = Callable[
    [Array], tuple[float, Array]
]  # the loss at a point and its gradient, which the next call overwrites

FirstStep = Annotated[
    float, Meta(gt=0, le=1e6, title="First step", description="Where a search begins", extra={"log": True})
]
Descent = Annotated[
    float, Meta(gt=0, lt=0.5, title="c₁", description="Least descent, as a share of what the slope promises")
]
Curvature = Annotated[float, Meta(gt=0, lt=1, title="c₂", description="Steepest slope at the end, as a share")]


class Searching(Optimizer, frozen=True):
    """p ← p + α d, with α found by a search along d. State vectors start at 0, and 0 says: nothing known yet."""

    searches: ClassVar[bool] = True

    lr: FirstStep = 1.0
    c1: Descent = 1e-4

    def update(
        self, backend: Backend, evaluate: Evaluate, p: Array, loss: float, g: Array, state: tuple[Array, ...], lr: float
    ) -> Array:
        """The next point after `p`, where loss and gradient are given; `state` is changed."""
        raise NotImplementedError(self.kind())  # each kind has its own

    def refusal(self, count: int) -> str | None:
        """Why a network of `count` trained numbers cannot be trained so; None if it can."""
        return None

    def along(
        self, backend: Backend, evaluate: Evaluate, p: Array, loss: float, g: Array, d: Array, c2: float = 0.9
    ) -> Search:
        """The search from `p` along `d`."""

        def phi(alpha: float) -> Trial:
            value, gradient = evaluate(p + alpha * d)
            return Trial(alpha, value, dot(backend, gradient, d), gradient.copy())

        # What rounding makes of a sum of losses: below it a fall cannot be seen.
        noise = 4 * float(np.finfo(backend.dtype).eps) * abs(loss)
        return Search(phi, Trial(0.0, loss, dot(backend, g, d), g), self.c1, c2, noise)

    def torch(self, parameters: str) -> str:
        return f'torch.optim.LBFGS({parameters}, lr={self.lr}, max_iter=1, line_search_fn="strong_wolfe")'

    def torch_note(self) -> str:
        """What a reader of the exported training must know."""
        return f"PyTorch has no {self.kind()}: L-BFGS stands in for it."


class SteepestDescent(Searching, frozen=True, tag="steepest_descent"):
    """p ← p - α g, with α by backtracking (Armijo 1966) or to the strong Wolfe conditions."""

    title: ClassVar[str] = "Descent by line search"

    search: Annotated[Literal["armijo", "wolfe"], Meta(title="Search", description="When a step is long enough")] = (
        "armijo"
    )
    c2: Annotated[Curvature, Meta(extra={"only_if": ("search", "wolfe")})] = 0.9

    def update(
        self, backend: Backend, evaluate: Evaluate, p: Array, loss: float, g: Array, state: tuple[Array, ...], lr: float
    ) -> Array:
        if not dot(backend, g, g):
            return p
        search = self.along(backend, evaluate, p, loss, g, -g, self.c2)
        found = search.armijo(lr) if self.search == "armijo" else search.wolfe(lr)
        return p if found is None else p - found.alpha * g


class ConjugateGradient(Searching, frozen=True, tag="conjugate_gradient"):
    """d ← -g + β d, p ← p + α d; β = max(0, g·(g - g₋)) / g₋·g₋ (Polak and Ribière 1969), or g·g / g₋·g₋.

    The second is Fletcher and Reeves (1964). Nocedal and Wright (2006), algorithm 5.4, with α to the strong Wolfe
    conditions; where d does not lead down, it begins anew with -g.
    """

    title: ClassVar[str] = "Conjugate gradient"

    beta: Annotated[
        Literal["polak_ribiere", "fletcher_reeves"], Meta(title="β", description="Share of the last direction")
    ] = "polak_ribiere"
    c2: Curvature = 0.1

    @property
    def slots(self) -> tuple[str, ...]:
        return ("direction", "gradient", "step")

    def update(
        self, backend: Backend, evaluate: Evaluate, p: Array, loss: float, g: Array, state: tuple[Array, ...], lr: float
    ) -> Array:
        last, before, step = state
        square = dot(backend, before, before)
        if not dot(backend, g, g):
            return p
        d = -g
        if square:
            other = g if self.beta == "fletcher_reeves" else g - before
            d = d + max(0.0, dot(backend, g, other)) / square * last
        slope = dot(backend, g, d)
        if slope >= 0:
            d, slope = -g, -dot(backend, g, g)
        # The first guess takes the fall to be that of the last step (equation 3.60 and before).
        first = dot(backend, before, step) / slope if square else 0.0
        found = self.along(backend, evaluate, p, loss, g, d, self.c2).wolfe(first if first > 0 else lr)
        if found is None:
            for vector in state:
                vector.fill(0)
            return p
        last[...], before[...], step[...] = d, g, found.alpha * d
        return p + step


class Lbfgs(Searching, frozen=True, tag="lbfgs"):
    """d = -H g, where H is made of the last m pairs s = Δp, y = Δg; p ← p + α d, α to the strong Wolfe conditions.

    Liu and Nocedal (1989); Nocedal and Wright (2006), algorithms 7.4 and 7.5. Both gradients of a pair are of the same
    batch.
    """

    title: ClassVar[str] = "L-BFGS"

    history: Annotated[int, Meta(ge=1, le=100, title="History", description="Pairs m that are remembered")] = 10
    c2: Curvature = 0.9

    @property
    def slots(self) -> tuple[str, ...]:
        return tuple(f"{name}{number}" for name in ("step", "change") for number in range(self.history))

    def update(
        self, backend: Backend, evaluate: Evaluate, p: Array, loss: float, g: Array, state: tuple[Array, ...], lr: float
    ) -> Array:
        if not dot(backend, g, g):
            return p
        steps, changes = state[: self.history], state[self.history :]
        d = self.direction(backend, g, steps, changes)
        if not dot(backend, g, d) < 0:
            d = -g
        known = dot(backend, changes[-1], changes[-1]) > 0
        first = lr if known else lr * min(1.0, 1 / float(backend.xp.absolute(g).sum().item()))
        found = self.along(backend, evaluate, p, loss, g, d, self.c2).wolfe(first)
        if found is None:
            for vector in state:
                vector.fill(0)
            return p
        step = found.alpha * d
        change = found.gradient - g
        if dot(backend, step, change) > np.finfo(backend.dtype).eps * dot(backend, change, change):
            for kept, new in ((steps, step), (changes, change)):
                for older, newer in pairwise(kept):
                    older[...] = newer
                kept[-1][...] = new
        return p + step

    def direction(self, backend: Backend, g: Array, steps: tuple[Array, ...], changes: tuple[Array, ...]) -> Array:
        """-H g by two loops over the pairs, newest first and back."""
        pairs = [(s, y, dot(backend, s, y)) for s, y in zip(steps, changes, strict=True)]
        # Once converged, float32 may have no digits left for the length of a change.
        pairs = [pair for pair in pairs if pair[2] > 0 and dot(backend, pair[1], pair[1]) > 0]
        q, shares = -g, []
        for s, y, product in reversed(pairs):
            shares.append(dot(backend, s, q) / product)
            q = q - shares[-1] * y
        if pairs:
            _, y, product = pairs[-1]
            q = product / dot(backend, y, y) * q
        for (s, y, product), share in zip(pairs, reversed(shares), strict=True):
            q = q + (share - dot(backend, y, q) / product) * s
        return q

    def torch(self, parameters: str) -> str:
        return (
            f"torch.optim.LBFGS({parameters}, lr={self.lr}, max_iter=1, history_size={self.history}, "
            'line_search_fn="strong_wolfe")'
        )

    def torch_note(self) -> str:
        return ""


class Newton(Searching, frozen=True, tag="newton"):
    """p ← p - α (|H| + λ)⁻¹ g, H the Hessian by central differences of the gradient, |H| with its eigenvalues' sizes.

    So a negative curvature leads away from a saddle (Dauphin et al. 2014); α by backtracking. Two gradients for every
    parameter: for small networks.
    """

    title: ClassVar[str] = "Newton"
    most: ClassVar[int] = 1000  # numbers to train

    damping: Annotated[
        float, Meta(ge=0, le=1e6, title="Damping", description="λ, added to every curvature", extra={"log": True})
    ] = 1e-4

    def refusal(self, count: int) -> str | None:
        if count <= self.most:
            return None
        return f"newton wants at most {self.most} numbers to train, the network has {count}"

    def update(
        self, backend: Backend, evaluate: Evaluate, p: Array, loss: float, g: Array, state: tuple[Array, ...], lr: float
    ) -> Array:
        if not dot(backend, g, g):
            return p
        slope = backend.to_host(g).astype(np.float64)
        curvatures, axes = np.linalg.eigh(self.hessian(backend, evaluate, p))
        sizes = np.abs(curvatures)
        # A curvature that is lost in the rounding of the largest is not known.
        least = float(np.finfo(backend.dtype).eps) ** (2 / 3) * sizes.max(initial=0.0) or 1.0
        d = backend.from_host(-(axes @ ((axes.T @ slope) / (np.maximum(sizes, least) + self.damping))))
        if not dot(backend, g, d) < 0:
            d = -g
        found = self.along(backend, evaluate, p, loss, g, d).armijo(lr)
        return p if found is None else p + found.alpha * d

    def hessian(self, backend: Backend, evaluate: Evaluate, p: Array) -> Array:
        """∂²L/∂p∂p on the host in float64, made symmetric."""
        here = backend.to_host(p)
        width = np.finfo(here.dtype).eps ** (1 / 3) * np.maximum(1, np.abs(here))
        rows = np.empty((here.size, here.size))
        for i in range(here.size):
            ends = []
            for sign in (-1, 1):
                there = here.copy()
                there[i] += sign * width[i]
                _, gradient = evaluate(backend.from_host(there))
                ends.append((float(there[i]), backend.to_host(gradient).astype(np.float64)))
            (low, below), (high, above) = ends
            rows[i] = (above - below) / (high - low)
        symmetric: Array = (rows + rows.T) / 2
        return symmetric


def dot(backend: Backend, a: Array, b: Array) -> float:
    return float(backend.xp.dot(a, b).item())

"""An image written out along its width, and the windows over it: the products of a convolution, see there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.backend import Array, BoundCall
from engine.layers.window import Axis

if TYPE_CHECKING:
    from engine.plan import Plan

SMALL = 10**6  # multiplications up to which OpenBLAS for AVX-512 runs a product as it lies, without packing it first
NARROW = 128  # columns below which the packing is no longer what a product costs
MOST_NUMBERS = 1 << 20  # that are added up over rows of the output: so many stand side by side


class Sheet:
    """E[g, h, c, j, x] of an image (H·C·W, N) in `groups` of `per` maps, X numbers of N examples in each row.

    Rows and columns of zeros around the image are never written to. Where E would be the image itself, it is.
    """

    def __init__(self, plan: Plan, value: Array, groups: int, per: int, high: Axis, wide: Axis) -> None:
        self._plan, self._groups, self._per, self._high, self._wide = plan, groups, per, high, wide
        self._k, self._across = high.kernel * per * wide.kernel, wide.out * plan.batch
        self._rows = high.size + high.before + high.after
        self._is_image = wide.whole and groups == 1 and high.before == high.after == 0
        self._made = self._of(value)
        self.calls: list[BoundCall] = []
        if not self._is_image:
            self.calls += [(plan.xp.copyto, part, seen) for part, seen in self._strips(self._made, value)]
        self.windows = self._windows()  # (groups, rows of the output, k, across)

    def _of(self, image: Array) -> Array:
        """A sheet that is `image`, or one of zeros with room for it."""
        shape = self._groups, self._rows, self._per, self._wide.kernel, self._wide.out, self._plan.batch
        return image.reshape(shape) if self._is_image else self._plan.backend.zeros(*shape)

    def _maps(self, image: Array) -> Array:
        """A view (groups, height, maps, width, N)."""
        shape = self._high.size, self._groups, self._per, self._wide.size, self._plan.batch
        view: Array = image.reshape(shape).transpose(1, 0, 2, 3, 4)
        return view

    def _strips(self, sheet: Array, image: Array) -> Iterator[tuple[Array, Array]]:
        """For each column of the kernel the part of the sheet that repeats a part of the image, and that."""
        high, wide = self._high, self._wide
        maps = self._maps(image)
        rows = slice(high.before, high.before + high.size)
        for j in range(wide.kernel):
            outputs, inputs = wide.reach(j)
            if outputs.stop > outputs.start:
                yield sheet[:, rows, :, j, outputs], maps[..., inputs, :]

    def _windows(self) -> Array:
        high, backend = self._high, self._plan.backend
        rows = self._made.reshape(self._groups, self._rows, -1, self._across)
        if high.dilation == 1:
            shape = self._groups, high.out, self._k, self._across
            return backend.overlapping(rows, shape, high.stride)
        # Rows of a window do not touch one another: they are brought together.
        windows = backend.zeros(self._groups, high.out, high.kernel, rows.shape[2], self._across)
        for i in range(high.kernel):
            self.calls.append((self._plan.xp.copyto, windows[:, :, i], self._below(rows, i)))
        return windows.reshape(self._groups, high.out, self._k, self._across)

    def _below(self, rows: Array, i: int) -> Array:
        """The rows of a sheet that row `i` of the kernel lies on."""
        start, high = i * self._high.dilation, self._high
        return rows[:, start : start + (high.out - 1) * high.stride + 1 : high.stride]

    def products(self, weights: Array, target: Array) -> BoundCall:
        """`target` (groups, rows, own, across) from `weights` (groups, own, k) on every window."""
        return _products(self._plan, weights, self.windows, target)

    def kernel_gradient(self, delta: Array, total: Array) -> list[BoundCall]:
        """`total` (groups, k, own) = Σ over rows of V Dᵀ, from `delta` (groups, rows, own, across)."""
        xp, rows = self._plan.xp, self._high.out
        step = max(1, min(rows, MOST_NUMBERS // (total.size or 1)))
        products = self._plan.backend.zeros(self._groups, step, *total.shape[1:])
        part = self._plan.backend.zeros(*total.shape) if step < rows else None
        calls: list[BoundCall] = []
        for start in range(0, rows, step):
            piece = slice(start, min(start + step, rows))
            made, into = products[:, : piece.stop - start], total if part is None or not start else part
            # V Dᵀ, not D Vᵀ: the longer side first is what BLAS is quick at.
            calls.append(
                (self._plan.backend.product, self.windows[:, piece], delta[:, piece].transpose(0, 1, 3, 2), made)
            )
            calls.append((xp.add.reduce, made, 1, None, into))
            if start:
                calls.append((xp.add, total, part, total))
        return calls

    def image_gradient(self, kernels: Array, delta: Array, image: Array) -> list[BoundCall]:
        """∂L/∂`image` from `kernels` (groups, k, own) and `delta` (groups, rows, own, across)."""
        sheet = self._of(image)
        rows = sheet.reshape(self._groups, self._rows, -1, self._across)
        one_piece = self._high.stride == self._high.dilation == 1
        calls = self._turned(kernels, delta, rows) if one_piece else self._row_by_row(kernels, delta, rows)
        if not self._is_image:
            calls += self._gathered(sheet, image)
        return calls

    def _gathered(self, sheet: Array, image: Array) -> list[BoundCall]:
        """Each number of the image: what stands in its places on the sheet, added up."""
        xp, (_, first), strips = self._plan.xp, self._wide.reach(0), [*self._strips(sheet, image)]
        if self._wide.stride > 1 or first.stop <= first.start:
            calls: list[BoundCall] = [(image.fill, 0)]
        else:  # what the first strip covers is written, not added to
            maps, ((seen, part), *strips) = self._maps(image), strips
            beside = maps[..., : first.start, :], maps[..., first.stop :, :]
            calls = [(rest.fill, 0) for rest in beside if rest.size]
            calls.append((xp.copyto, part, seen))
        return calls + [(xp.add, part, seen, part) for seen, part in strips]

    def _turned(self, kernels: Array, delta: Array, rows: Array) -> list[BoundCall]:
        """Each row of the sheet at once: the kernel upside down over the gradient, with zeros above and below it."""
        xp, backend, side, own = self._plan.xp, self._plan.backend, self._high.kernel, kernels.shape[2]
        if side == 1:
            return [_products(self._plan, kernels, delta, rows)]
        width, out = rows.shape[2], self._high.out
        padded = backend.zeros(self._groups, out + 2 * (side - 1), own, self._across)
        shape = self._groups, self._rows, side * own, self._across
        windows = backend.overlapping(padded, shape, 1)
        turned = backend.zeros(self._groups, width, side, own)
        upside_down = kernels.reshape(self._groups, side, width, own)[:, ::-1].transpose(0, 2, 1, 3)
        return [
            (xp.copyto, turned, upside_down),
            (xp.copyto, padded[:, side - 1 : side - 1 + out], delta),
            _products(self._plan, turned.reshape(self._groups, width, side * own), windows, rows),
        ]

    def _row_by_row(self, kernels: Array, delta: Array, rows: Array) -> list[BoundCall]:
        """What each row of the kernel gives, added where it lies."""
        xp, width = self._plan.xp, rows.shape[2]
        part = self._plan.backend.zeros(self._groups, self._high.out, width, self._across)
        calls: list[BoundCall] = [(rows.fill, 0)]
        for i in range(self._high.kernel):
            calls.append((self._plan.backend.product, kernels[:, None, i * width : (i + 1) * width], delta, part))
            below = self._below(rows, i)
            calls.append((xp.add, below, part, below))
        return calls


def _products(plan: Plan, left: Array, right: Array, target: Array) -> BoundCall:
    """left (groups, m, k) times right (groups, rows, k, n), by pieces of the columns where these are quicker."""
    (*_, k, n), m = right.shape, left.shape[1]
    least, most = -(-m * k * n // SMALL), n // NARROW
    pieces = next((count for count in range(least, most + 1) if not n % count), 1)
    if pieces == 1 or plan.backend.device != "cpu":
        return (plan.backend.product, left[:, None], right, target)

    def apart(array: Array) -> Array:
        """A view (groups, rows, pieces, ·, columns)."""
        view: Array = array.reshape(*array.shape[:3], pieces, n // pieces).transpose(0, 1, 3, 2, 4)
        return view

    return (plan.backend.product, left[:, None, None], apart(right), apart(target))

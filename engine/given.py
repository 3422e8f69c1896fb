"""What a step of a plan is given: examples, their targets, and what follows from these."""

from engine.backend import LINE, Array, Backend

FEW = 1024  # numbers that are copied once more, when steps are laid out, so that a step has one copy to make


class Given:
    """`rows` (N, features + 1), `targets` (units, N), and `beside` these a vector that follows from them: one piece.

    Each example has a constant 1 at its end. Small batches lie as columns: so products are faster.
    """

    def __init__(self, backend: Backend, batch: int, width: int, units: int, beside: int) -> None:
        self._backend, self._examples, self._width = backend, batch, width
        self._whole = backend.zeros(batch * (width + units) + beside)
        self._is_short = self._whole.size <= FEW
        fills_lines = batch * self._whole.itemsize >= LINE
        self._has_columns = self._is_short and fills_lines and backend.calls_are_dear
        self._own = self._whole[batch * width :]  # all but the examples
        self.rows = self._rows_of(self._whole)
        self.rows.fill(1)
        self.targets, self.beside = self.parts(self._own, (units, batch))

    @staticmethod
    def parts(own: Array, shape: tuple[int, ...]) -> tuple[Array, Array]:
        """Targets and what stands beside them, in an array (…, numbers) of all but the examples."""
        size = shape[-2] * shape[-1]
        return own[..., :size].reshape(shape), own[..., size:]

    def _rows_of(self, whole: Array) -> Array:
        """Where examples (…, N, features + 1) stand in arrays (…, numbers) like `_whole`."""
        *several, _ = whole.shape
        part = whole[..., : self._examples * self._width]
        if not self._has_columns:
            return part.reshape(*several, self._examples, self._width)
        *axes, last, before = range(len(several) + 2)
        return part.reshape(*several, self._width, self._examples).transpose(*axes, before, last)

    def laid_out(self, rows: Array, targets: Array) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
        """Room for all but the examples of batches, filled with `targets`; and where to copy what before each step.

        Of `rows` (epochs, batches, N, features + 1) and `targets` (epochs, batches, units, N).
        """
        several = targets.shape[:2]
        rooms: tuple[Array, ...] = (self.rows, self._own)
        own = self._backend.zeros(*several, self._own.size)
        batches: tuple[Array, ...] = (rows, own)
        if self._is_short:
            whole = self._backend.zeros(*several, self._whole.size)
            self._rows_of(whole)[...] = rows
            own = whole[..., self._examples * self._width :]
            rooms, batches = (self._whole,), (whole,)
        own[...] = self._own
        self.parts(own, targets.shape)[0][...] = targets
        return own, rooms, batches

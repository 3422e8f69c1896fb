"""The network's curve over a single input, beside the data: too stiff, just right, or through every noisy point."""

from typing import Any

import msgspec
import numpy as np

from engine.backend import Array
from engine.data.functions import Regression
from engine.probes.base import SAMPLE, Probe
from engine.trainer import Trainer

SIZE = 240  # places on the curve
MARGIN = 0.08  # of the data's range, beyond it at both ends
MOST_OUTPUTS = 12


class FitAnswer(msgspec.Struct, frozen=True, eq=False, tag="fit"):
    """Places and points are raw. Classes have a probability for each (of a single output, that of class 1)."""

    x: Any  # (n,) float64
    values: Any  # (n, K) float64: outputs, or probabilities where `classes`
    function: Any | None  # (n,) float64: what the data are drawn from, without its noise
    classes: int | None
    outputs: int  # how many there are; the first ones are told
    points: tuple[Any, Any]  # x and y of the first training examples: (m,) and (m, K) numbers or (m,) classes
    points_val: tuple[Any, Any]
    off: tuple[float, float]  # root mean squares of what the network is off from those points; NaN for classes


class Fit(Probe, frozen=True, tag="fit"):
    """The network at places evenly over the data, in inference mode; None for other than one input."""

    size: int = SIZE

    def measure(self, trainer: Trainer, detail: float = 1.0) -> FitAnswer | None:
        network, sample = trainer.network, trainer.sample
        if network.input_shape != (1,):
            return None
        few = SAMPLE if detail == 1 else SAMPLE // 2
        parts = [
            (np.asarray(x[:few], np.float64)[:, 0], y[:few])
            for x, y in ((sample.x, sample.y), (sample.x_val, sample.y_val))
        ]
        x = places(np.concatenate([part for part, _ in parts]), max(2, round(self.size * detail)))
        values = _told(trainer, network.predict(x[:, None]))
        source = trainer.project.data
        function = source.value(x[:, None]) if isinstance(source, Regression) else None
        off = tuple(_off(trainer, *part) for part in parts)
        train, held = ((x, y[:, :MOST_OUTPUTS] if y.ndim > 1 else y) for x, y in parts)
        shown = values[:, :MOST_OUTPUTS]
        return FitAnswer(x, shown, function, network.classes, values.shape[1], train, held, (off[0], off[1]))


def places(x: Array, size: int) -> Array:
    """`size` places evenly over the data and a margin."""
    low, high = float(x.min()), float(x.max())
    margin = MARGIN * (high - low) or 1.0
    made: Array = np.linspace(low - margin, high + margin, size)
    return made


def _told(trainer: Trainer, output: Array) -> Array:
    network, structure = trainer.network, trainer.network.structure
    drawn = network.loss.takes_logits and structure.layers[structure.output].kind() in ("sigmoid", "softmax")
    with np.errstate(all="ignore"):
        told: Array = output if network.classes is None or drawn else network.loss.shares(output)
    return told.astype(np.float64)


def _off(trainer: Trainer, x: Array, y: Array) -> float:
    if trainer.network.classes is not None or not len(x):
        return float("nan")
    with np.errstate(all="ignore"):
        difference = trainer.network.predict(x[:, None]).astype(np.float64) - y
        return float(np.sqrt((difference * difference).mean()))

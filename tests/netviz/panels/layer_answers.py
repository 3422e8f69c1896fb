"""Answers of probes about what goes on inside: layers, weights, gradients, single units and maps."""

from collections.abc import Sequence

import numpy as np

from engine.probes.adversary import AdversaryAnswer, ForAll, Outcome
from engine.probes.derivative import DerivativeAnswer, LayerDerivative, Passage
from engine.probes.example import Part
from engine.probes.gradients import GradientsAnswer, LayerGradient
from engine.probes.histograms import BINS, LayerHistogram
from engine.probes.landscape import LandscapeAnswer, PlaneOf
from engine.probes.latent import DecodedAnswer, LatentAnswer
from engine.probes.maps import Fooled, LayerFilters, LayerMaps, MapsAnswer
from engine.probes.neuron import BINS as NEURON_BINS
from engine.probes.neuron import Answers, Driven, Links, NeuronAnswer
from engine.probes.noise import NoiseAnswer
from engine.probes.predictions import Extent
from engine.probes.representation import LayerView, RepresentationAnswer
from engine.probes.spectrum import Jacobian, Singular, SpectrumAnswer
from engine.probes.through_time import BINS as TIME_BINS
from engine.probes.through_time import Spread, SweepInTime, ThroughTimeAnswer, TimeMap
from engine.probes.unit_shares import LayerShares, UnitSharesAnswer
from engine.probes.weights import LayerWeights, Matrix, WeightsAnswer
from tests.netviz.panels.histories import NAN


def histogram(node: str = "a1", *, symlog: bool = False, **changes: object) -> LayerHistogram:
    """Ten in every bin, over −1..1 or the symlog axis."""
    low, high = (-1000.0, 1000.0) if symlog else (-1.0, 1.0)
    made = {
        "node": node,
        "counts": np.full(BINS, 10),
        "low": low,
        "high": high,
        "symlog": symlog,
        "zeros": 0,
        "nan": 0,
        "infinite": 0,
        "under": 0,
        "over": 0,
        "least": low * 0.9,
        "most": high * 0.9,
    }
    return LayerHistogram(**(made | changes))


def weights_answer(scale: float = 1.0, **matrix: object) -> WeightsAnswer:
    """The weights of the layers above: h1 with 3 units on 2 inputs, out with 1 on 3."""
    spreads = (histogram("h1", least=-0.9 * scale), histogram("out", zeros=640, most=0.5 * scale))
    layers = (LayerWeights(spreads[0], (3, 2), 6), LayerWeights(spreads[1], (1, 3), 3))
    values = scale * np.array([[1.0, -1.0], [0.5, 0.0], [-0.25, 0.75]])
    made = {"node": "h1", "rows": 3, "columns": 2, "block": (1, 1), "values": values}
    return WeightsAnswer(layers, Matrix(**(made | matrix)))


def spectrum_answer(scale: float = 1.0, **changes: object) -> SpectrumAnswer:
    """The layers above: h1 stretches by 4 and 1, out by 2; the Jacobian at two examples by 3 and 1."""
    layers = (
        Singular("h1", "weight", (3, 2), scale * np.array([4.0, 1.0]), scale * 17.0**0.5),
        Singular("out", "weight", (1, 3), scale * np.array([2.0]), scale * 2.0),
    )
    made = {"step": 7, "layers": layers, "jacobian": Jacobian((1, 2), scale * np.array([[3.0], [1.0]]), True)}
    return SpectrumAnswer(**(made | changes))


def landscape_answer(scale: float = 1.0, size: int = 9, **changes: object) -> LandscapeAnswer:
    """A bowl about (0.5, 0), losses from 0.1 to 1 and more, and a path of four places into it."""
    along = np.linspace(-1, 1, size)
    x, y = np.meshgrid(along, along)
    made = {
        "plane": PlaneOf.RANDOM,
        "names": ("first random direction", "second"),
        "bounds": (-1.0, 1.0, -1.0, 1.0),
        "values": scale * (0.1 + (x - 0.5) ** 2 + y**2),
        "step": 7,
        "points": 1089,
        "wanted": 1089,
        "examples": 16,
        "count": 40,
        "steps": np.array([0, 2, 4, 7]),
        "places": np.array([[-0.75, 0.75], [-0.25, -0.25], [0.25, 0.25], [0.5, 0.0]]),
        "off": np.array([0.5, 0.25, 0.125, 0.0]),
        "shares": (NAN, NAN),
    }
    return LandscapeAnswer(**(made | changes))


def noise_answer(scale: float = 1.0, **changes: object) -> NoiseAnswer:
    """Of 16 of 40 examples: noise twice the gradient for one, as 1/√B for more."""
    sizes = np.array([1, 2, 4, 8])
    relative = 2.0 * scale * np.sqrt((1 / sizes - 1 / 16) / (1 - 1 / 16))
    made = {
        "step": 7,
        "sample": 16,
        "count": 40,
        "sizes": sizes,
        "relative": relative,
        "low": relative / 2,
        "high": relative * 2,
        "length": 0.5,
        "variance": (2.0 * scale * 0.5) ** 2 / (1 - 1 / 16),
        "scale": 5.0 * scale,
        "steps": np.array([1, 2, 6]),
        "cosines": np.array([0.5, -0.5, 0.9 / scale]),
    }
    return NoiseAnswer(**(made | changes))


def gradients_answer(scale: float = 1.0, **changes: object) -> GradientsAnswer:
    """The gradients of the layers with weights above, by decades."""
    made = {"low": 1e-12, "high": 1e4, "least": 1e-9, "most": 1e-2 * scale, "decades": True}
    layers = (
        LayerGradient(histogram("h1", **(made | changes)), 0.5 * scale, 0.1, 0.5, (3, 2), 6),
        LayerGradient(histogram("out", **(made | {"zeros": 640})), 0.2 * scale, 0.1, 0.25, (1, 3), 2),
    )
    return GradientsAnswer(layers, 30)


def derivative_answer(scale: float = 1.0, **changes: object) -> DerivativeAnswer:
    """Of a tanh: it lets half of δ through, out's weights twice as much."""
    made = {"low": 0.0, "high": 1.0, "least": 0.0, "most": 1.0}
    layers = (LayerDerivative(histogram("a1", **(made | changes)), 0.4 * scale, 0.5 * scale, 1.0),)
    way = (
        Passage("h1", 1.0 * scale, NAN, True),
        Passage("a1", 2.0, 1.0 * scale, True),
        Passage("out", 1.0, 2.0, True),
    )
    return DerivativeAnswer(layers, way, 30)


def unit_shares_answer(**changes: object) -> UnitSharesAnswer:
    """Of four units the second is half saturated, the third for all examples, the fourth dead."""
    share = np.array([0.0, 0.5, 1.0, 1.0], np.float32)
    made = {"node": "a1", "units": 4, "saturated": share, "dead": np.array([False, False, False, True])}
    return UnitSharesAnswer((LayerShares(**(made | changes)),), 64)


def time_map(name: str = "f", scale: float = 1.0, units: int = 2, columns: int = 4) -> TimeMap:
    """Numbers that rise evenly from the first unit's first column to the last unit's last."""
    values = scale * np.linspace(0, 1, units * columns, dtype=np.float32).reshape(units, columns)
    low = 0.0 if name in "ifozr" else -1.0
    counts = np.zeros((TIME_BINS, columns), int)
    counts[0], counts[-1, -1] = 30, 10  # shut at every step, and at the last a quarter open
    left, right = (None, None) if name == "c" else (np.linspace(0, 0.5, units), np.linspace(1, 0.25, units) / 2)
    spread = Spread(low, 1.0, counts, 0, 10, 1, left, right)
    return TimeMap(name, name in "ifozr", values, float(values.mean()), spread)


def sweep_in_time(node: str = "h1", scale: float = 1.0, steps: int = 4, **changes: object) -> SweepInTime:
    """A gradient that is a tenth as long at each step further back."""
    made = {"node": node, "layer": 0, "backwards": False, "units": 2}
    made |= {"gradient": scale * 10.0 ** -np.arange(steps - 1, -1, -1.0), "maps": (time_map(), time_map("h", -scale))}
    return SweepInTime(**(made | changes))


def through_time_answer(*sweeps: SweepInTime, scale: float = 1.0, **changes: object) -> ThroughTimeAnswer:
    made = {"sweeps": sweeps or (sweep_in_time(scale=scale),), "steps": 4, "block": 1, "examples": 10}
    return ThroughTimeAnswer(**(made | changes))


def layer_view(node: str = "a1", scale: float = 1.0, **changes: object) -> LayerView:
    """Four units whose plane has the corners of XOR, and the lines of a square grid."""
    corners = scale * np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], np.float32)
    along = np.linspace(-1.0, 1.0, 5)
    upright = np.stack(np.broadcast_arrays(along[:, None], along[None]), axis=2)
    lines = np.concatenate([upright, upright[..., ::-1]]).astype(np.float32) * scale
    made = {
        "node": node,
        "units": 4,
        "looked_at": changes.get("units", 4),
        "exact": False,
        "points": corners,
        "points_val": corners[:2] / 2,
        "lines": lines,
        "shares": (0.5, 0.25),
        "dimensions": 1.5 * scale,
        "lost": 0,
    }
    return LayerView(**(made | changes))


def representation_answer(*views: LayerView, **changes: object) -> RepresentationAnswer:
    labels = np.array([0, 1, 1, 0], np.float32)
    made = {
        "layers": views or (layer_view("h1"), layer_view(), layer_view("out", units=1, exact=True)),
        "y": labels,
        "y_val": labels[:2],
        "classes": 2,
        "names": (),
        "counts": (9, 2),
        "left_out": 0,
    }
    return RepresentationAnswer(**(made | changes))


def links(node: str = "h1", other: str = "x", scale: float = 1.0, **changes: object) -> Links:
    values = scale * np.array([1.0, -0.5])
    made = {
        "node": node,
        "other": other,
        "total": 2,
        "values": values,
        "gradient": values[::-1] / 10,
        "bias": 0.25,
        "bias_gradient": 0.01,
        "names": (),
    }
    return Links(**(made | changes))


def answers(**changes: object) -> Answers:
    """Outputs of class 0 in the lower half of −1..1, of class 1 in the upper half."""
    counts = np.zeros((2, NEURON_BINS), int)
    counts[0, : NEURON_BINS // 2] = 2
    counts[1, NEURON_BINS // 2 :] = 1
    made = {
        "counts": counts,
        "zeros": np.zeros(2, int),
        "low": -1.0,
        "high": 1.0,
        "lost": 0,
        "mean": 0.1,
        "deviation": 0.5,
        "least": -0.9,
        "most": 0.95,
    }
    return Answers(**(made | changes))


def driven(index: int = 0, value: float = 0.9, truth: float = 1.0, x: Sequence[float] = (0.5, 0.5)) -> Driven:
    return Driven(index, value, truth, (len(x),), np.array(x, np.float32))


def neuron_answer(scale: float = 1.0, **changes: object) -> NeuronAnswer:
    """Unit 2 of four tanh units: −1 at the left of the plane, 1 at its right."""
    along = np.linspace(-1.0, 1.0, 20, dtype=np.float32)
    made = {
        "step": 7,
        "node": "a1",
        "unit": 0,
        "units": 4,
        "extent": Extent(Part.TRAINING, 60, 90),
        "classes": 2,
        "names": (),
        "answers": answers(),
        "highest": (driven(2, 0.95), driven(1, 0.9)),
        "lowest": (driven(0, -0.9, 0.0, (-0.5, -0.5)),),
        "map": np.tile(along, (20, 1)),
        "bounds": (-1.0, 1.0, -1.0, 1.0),
        "incoming": links(scale=scale),
        "outgoing": (links("out", "out", bias=NAN, bias_gradient=NAN),),
        "delta": 0.125 * scale,
        "saturated": 0.25,
        "dead": False,
    }
    return NeuronAnswer(**(made | changes))


def maps_answer(scale: float = 1.0, **changes: object) -> MapsAnswer:
    """A picture that is bright at its left, through two maps that turn it about: the second is empty at its right."""
    along = np.linspace(1.0, 0.0, 4, dtype=np.float32)
    x = np.tile(along, (4, 1))[None]
    made = {
        "step": 7,
        "reason": "",
        "part": Part.TRAINING,
        "index": 0,
        "x": x,
        "label": 1,
        "decided": 1,
        "loss": 0.25,
        "saliency": x * scale - 0.5,
        "adversary": Fooled(0.3, 0.1, 0, np.clip(x + 0.3, 0, 1)),
        "layers": (LayerMaps("h1", 2, np.concatenate([x - 0.5, 0.5 - x]) * scale),),
        "filters": (LayerFilters("h1", 2, 1, np.concatenate([x - 0.5, 0.5 - x])[:, None] * scale),),
    }
    return MapsAnswer(**(made | changes))


def latent_answer(scale: float = 1.0, side: int = 5, **changes: object) -> LatentAnswer:
    """A code of two units: class 0 left below, class 1 right above; decoded, the brighter the further right above."""
    along = np.linspace(0.5, 1.5, 20, dtype=np.float32)
    points = scale * np.concatenate([np.stack([-along, along - 2], 1), np.stack([along, 2 - along], 1)])
    up, across = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    pictures = np.repeat(((up + across) / (2 * side - 2))[..., None], 64, axis=2).astype(np.float32)
    originals = np.linspace(0, 1, 128, dtype=np.float32).reshape(2, 64)
    made = {
        **{"reason": "", "nodes": ("h1", "a1"), "node": "a1", "units": 2, "exact": True, "shares": (0.5, 0.5)},
        **{"shape": (64,), "low": 0.0, "high": 1.0, "points": points, "points_val": points[::20] / 2},
        **{"y": np.repeat(np.arange(2), 20).astype(np.float32), "y_val": np.arange(2).astype(np.float32), "classes": 2},
        **{"names": ("nought", "one"), "counts": (40, 2), "bounds": tuple(scale * np.array([-2.0, 2.0, -2.0, 2.0]))},
        **{"pictures": pictures, "part": Part.VALIDATION, "indices": (0, 1), "originals": originals},
        **{"rebuilt": originals[::-1].copy(), "errors": (0.5, 0.25), "error": 0.03, "error_val": 0.04},
        "linear": 0.05,
    }
    return LatentAnswer(**(made | changes))


def decoded_answer(at: tuple[float, float] = (0.5, -0.5), node: str = "a1") -> DecodedAnswer:
    return DecodedAnswer(node, at, np.linspace(0, 1, 64, dtype=np.float32))


def adversary_answer(scale: float = 1.0, **changes: object) -> AdversaryAnswer:
    """A picture bright at its left, taken for class 1, that a step makes class 0 where chance does not."""
    x = np.tile(np.linspace(1.0, 0.0, 8, dtype=np.float32), 8)
    sign = np.where(x > 0.5, -1, 1).astype(np.int8)
    shares = np.linspace(0, 0.5, 21)
    made = {
        "step": 7,
        "reason": "",
        "part": Part.TRAINING,
        "index": 4,
        "label": 1,
        "names": ("no", "yes"),
        "shape": (1, 8, 8),
        "share": 0.1,
        "epsilon": 0.1 * scale,
        "reach": (0.0, 1.0),
        "x": x,
        "sign": sign,
        "fooled": np.clip(x + 0.1 * sign, 0, 1),
        "saliency": np.abs(x - 0.5),
        "before": Outcome(1, 0.1, np.array([0.1, 0.9])),
        "after": Outcome(0, 1.4, np.array([0.75, 0.25])),
        "by_chance": Outcome(1, 0.2, np.array([0.2, 0.8])),
        "shares": shares,
        "rightly": 0.9 - shares,
        "rightly_by_chance": 0.9 - shares / 5,
        "decided": (shares < 0.4).astype(np.int64),
        "for_all": ForAll(0.1 * sign.astype(np.float32), 100, Part.VALIDATION, 40, 0.5, 0.025),
    }
    return AdversaryAnswer(**(made | changes))

"""The probes there are: what can be asked of a run, and how each is answered."""

from typing import get_args

from engine.probes.adversary import Adversary, AdversaryAnswer
from engine.probes.base import Probe
from engine.probes.boundary import Boundary, BoundaryAnswer
from engine.probes.confusion import Confusion, ConfusionAnswer
from engine.probes.connections import Connections, ConnectionsAnswer
from engine.probes.derivative import Derivative, DerivativeAnswer
from engine.probes.example import Example, ExampleAnswer
from engine.probes.fit import Fit, FitAnswer
from engine.probes.follow import Follow, FollowAnswer
from engine.probes.gradients import Gradients, GradientsAnswer
from engine.probes.histograms import HistogramAnswer, Histograms
from engine.probes.landscape import Landscape, LandscapeAnswer
from engine.probes.latent import Decoded, DecodedAnswer, Latent, LatentAnswer
from engine.probes.maps import Maps, MapsAnswer
from engine.probes.neuron import Neuron, NeuronAnswer
from engine.probes.noise import Noise, NoiseAnswer
from engine.probes.representation import Representation, RepresentationAnswer
from engine.probes.spectrum import Spectrum, SpectrumAnswer
from engine.probes.through_time import ThroughTime, ThroughTimeAnswer
from engine.probes.unit_shares import UnitShares, UnitSharesAnswer
from engine.probes.unit_spread import UnitSpread, UnitSpreadAnswer
from engine.probes.units import Units, UnitsAnswer
from engine.probes.weights import Weights, WeightsAnswer
from engine.probes.worst import Worst, WorstAnswer

ProbeRequest = (
    Histograms
    | Boundary
    | Example
    | Units
    | Weights
    | Confusion
    | Worst
    | Fit
    | Follow
    | Representation
    | Neuron
    | Spectrum
    | Noise
    | Landscape
    | UnitSpread
    | UnitShares
    | Gradients
    | Derivative
    | ThroughTime
    | Connections
    | Maps
    | Latent
    | Decoded
    | Adversary
)
ProbeAnswer = (
    HistogramAnswer
    | BoundaryAnswer
    | ExampleAnswer
    | UnitsAnswer
    | WeightsAnswer
    | ConfusionAnswer
    | WorstAnswer
    | FitAnswer
    | FollowAnswer
    | RepresentationAnswer
    | NeuronAnswer
    | SpectrumAnswer
    | NoiseAnswer
    | LandscapeAnswer
    | UnitSpreadAnswer
    | UnitSharesAnswer
    | GradientsAnswer
    | DerivativeAnswer
    | ThroughTimeAnswer
    | ConnectionsAnswer
    | MapsAnswer
    | LatentAnswer
    | DecodedAnswer
    | AdversaryAnswer
)


def topic(answer: ProbeAnswer | Probe | type[ProbeAnswer]) -> str:
    """What an answer or a question is about: its tag."""
    tag: str = answer.__struct_config__.tag  # type: ignore[assignment]
    return tag


TOPICS = frozenset(map(topic, get_args(ProbeAnswer)))

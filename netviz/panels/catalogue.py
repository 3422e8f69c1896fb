"""The panels there are, in the order of the window's menu."""

from netviz.panels.adversary import AdversaryPanel
from netviz.panels.base import Panel
from netviz.panels.boundary import BoundaryPanel
from netviz.panels.confusion import ConfusionPanel
from netviz.panels.derivative import DerivativePanel
from netviz.panels.diagnosis import DiagnosisPanel
from netviz.panels.fit import FitPanel
from netviz.panels.follow import FollowPanel
from netviz.panels.gradients import GradientsPanel
from netviz.panels.histograms import HistogramsPanel
from netviz.panels.landscape import LandscapePanel
from netviz.panels.latent import LatentPanel
from netviz.panels.loss import LossPanel
from netviz.panels.maps import MapsPanel
from netviz.panels.neuron import NeuronPanel
from netviz.panels.noise import NoisePanel
from netviz.panels.rate import RatePanel
from netviz.panels.representation import RepresentationPanel
from netviz.panels.saturation import SaturationPanel
from netviz.panels.spectrum import SpectrumPanel
from netviz.panels.through_time import ThroughTimePanel
from netviz.panels.try_it import TryPanel
from netviz.panels.weights import WeightsPanel
from netviz.panels.worst import WorstPanel

PANELS: tuple[type[Panel], ...] = (
    LossPanel,
    BoundaryPanel,
    HistogramsPanel,
    GradientsPanel,
    DerivativePanel,
    SaturationPanel,
    WeightsPanel,
    SpectrumPanel,
    NoisePanel,
    LandscapePanel,
    ThroughTimePanel,
    ConfusionPanel,
    WorstPanel,
    FitPanel,
    RepresentationPanel,
    NeuronPanel,
    MapsPanel,
    LatentPanel,
    AdversaryPanel,
    RatePanel,
    TryPanel,
    FollowPanel,
    DiagnosisPanel,
)

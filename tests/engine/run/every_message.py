"""One of every message, with every kind of array and number in it."""

from typing import Any

import numpy as np

from engine.probes.adversary import Adversary
from engine.probes.arithmetic.lines import Line, Section, Way
from engine.probes.boundary import Boundary, BoundaryAnswer
from engine.probes.confusion import Confusion, ConfusionAnswer
from engine.probes.derivative import Derivative, DerivativeAnswer, LayerDerivative, Passage
from engine.probes.example import DataRange, Example, ExampleAnswer, Meaning, NodeValues, Origin, Part
from engine.probes.fit import Fit, FitAnswer
from engine.probes.follow import Follow, FollowAnswer, FollowedNode
from engine.probes.gradients import Gradients, GradientsAnswer, LayerGradient
from engine.probes.histograms import HistogramAnswer, Histograms, LayerHistogram
from engine.probes.landscape import Landscape, LandscapeAnswer, PlaneOf
from engine.probes.latent import Decoded, Latent
from engine.probes.maps import Maps
from engine.probes.neuron import Answers, Driven, Links, Neuron
from engine.probes.noise import Noise, NoiseAnswer
from engine.probes.predictions import Extent, Listed
from engine.probes.representation import LayerView, Representation, RepresentationAnswer
from engine.probes.section import PlaneSection, Through
from engine.probes.spectrum import Jacobian, Singular, Spectrum, SpectrumAnswer
from engine.probes.through_time import Spread
from engine.probes.unit_shares import LayerShares, UnitShares, UnitSharesAnswer
from engine.probes.unit_spread import UnitSpread, UnitSpreadAnswer
from engine.probes.units import UnitMaps, Units, UnitsAnswer
from engine.probes.weights import LayerWeights, Matrix, Weights, WeightsAnswer
from engine.probes.worst import Worst, WorstAnswer
from engine.run import messages as m
from engine.trainer import Snapshot

NAN = float("nan")
STATE = Snapshot(
    7, 1, 24, 3, 0.1, 8, np.array([1.5, NAN, -0.0, np.inf], "float32"), (np.arange(4.0), np.zeros(0, "float32"))
)
BUCKETS = m.LossBuckets(np.array([0, 1]), *(np.array([0.7, NAN]) + i for i in range(4)))
BARS = LayerHistogram("h1", np.arange(64), -1.0, 1.0, True, 3, 1, 2, 4, 5, NAN, 2.0)
EXTENT = Extent(Part.VALIDATION, 20, 50)
LISTED = (
    Listed(3, 1, 0, 0.75, 0.25, None, np.ones(1), NAN, (2,), np.ones(2, "float32")),
    Listed(4, None, None, NAN, NAN, np.ones(2), np.ones(2), 0.5, (1, 7, 7), np.ones(49, "float32")),
)
GATE = Spread(0.0, 1.0, np.ones((4, 3), int), 0, 9, 1, np.zeros(2, "f4"), np.ones(2, "f4"))
PROBES = (
    ConfusionAnswer(EXTENT, np.eye(3, dtype="int64"), "", ("a", "b", "ü"), (1, 2), LISTED),
    ConfusionAnswer(EXTENT, None, "no classes", (), None, ()),
    FitAnswer(np.ones(3), np.ones((3, 1)), None, 2, 1, (np.ones(2), np.ones(2)), (np.ones(0), np.ones(0)), (NAN, 0.5)),
    WorstAnswer(EXTENT, (), None, 0.5, LISTED),
    RepresentationAnswer(
        (
            LayerView(
                "",
                2,
                2,
                True,
                np.ones((3, 2), "f4"),
                np.ones((0, 2), "f4"),
                np.ones((4, 5, 2), "f4"),
                (0.5, 0.5),
                2.0,
                0,
            ),
            LayerView("a1", 9, 3, False, np.ones((3, 2), "f4"), np.ones((0, 2), "f4"), None, (NAN, NAN), NAN, 3),
        ),
        np.zeros(3, "f4"),
        np.zeros(0, "f4"),
        2,
        ("a", "ü"),
        (9, 0),
        1,
    ),
    HistogramAnswer((BARS,), 30),
    HistogramAnswer((BARS,), 30, True, True),
    DerivativeAnswer((LayerDerivative(BARS, 0.5, NAN, 0.25),), (Passage("h1", 0.5, NAN, False),), 30),
    GradientsAnswer((LayerGradient(BARS, 0.5, NAN, 0.25, (3, 2), 6),), 30),
    UnitSharesAnswer((LayerShares("a1", 3, np.ones(2, "float32"), np.array([True, False])),), 30),
    UnitSpreadAnswer(
        *("h1", 3, 1, np.ones((2, 32), "uint16"), -1.0, 1.0, True, np.ones(3), np.array([1.0, NAN, 2.0]), np.zeros(3)),
        *(np.zeros(3), np.full(3, NAN), np.zeros(3, bool), 30, False, True),
    ),
    BoundaryAnswer(np.ones((2, 2), "float32"), np.ones((2, 2), "uint8"), True, (-1.0, 1.0, -2.0, 2.0)),
    BoundaryAnswer(np.ones((2, 2), "float32"), None, False, (-1.0, 1.0, -2.0, 2.0)),
    UnitsAnswer(
        (UnitMaps("a1", np.ones((3, 2, 2), "float32"), 16),),
        BoundaryAnswer(np.ones((2, 2), "float32"), None, True, (-1.0, 1.0, -2.0, 2.0)),
        (-1.0, 1.0, -2.0, 2.0),
        ("a9",),
    ),
    WeightsAnswer((LayerWeights(BARS, (3, 2), 6),), Matrix("h1", 3, 2, (2, 1), np.eye(2))),
    WeightsAnswer((), None),
    SpectrumAnswer(
        9,
        (Singular("h1", "weight", (3, 2), np.ones(2), 2.0, "why"),),
        Jacobian((1, 2), np.ones((3, 1)), True, "too large"),
    ),
    SpectrumAnswer(0, (), None),
    LandscapeAnswer(
        PlaneOf.PATH,
        ("a", "b"),
        (-1.0, 1.0, 0.0, 2.0),
        np.eye(5),
        9,
        25,
        1089,
        8,
        10,
        np.arange(2),
        np.eye(2),
        np.zeros(2),
        (0.75, NAN),
        "why",
    ),
    NoiseAnswer(
        3, 60, 500, np.array([1, 2]), *(np.ones(2) * i for i in range(3)), 0.5, NAN, np.inf, np.arange(2), -np.ones(2)
    ),
    ExampleAnswer(
        4,
        (NodeValues("h1", (2, 3), np.arange(5, dtype="float32"), 1, NAN, 4.0),),
        np.arange(2),
        np.array([0.25, 0.75]),
        2,
        Meaning.LOGITS,
        np.array([0.5, 0.5]),
        1,
        Origin(Part.VALIDATION, 9, np.eye(2), 1, None),
        DataRange(np.zeros(1), np.ones(1), 30, 10, 2),
    ),
    ExampleAnswer(
        5,
        (),
        np.arange(1),
        np.array([0.5]),
        1,
        Meaning.NUMBERS,
        None,
        None,
        Origin(Part.TRAINING, 0, np.ones(3), None, np.array([NAN])),
        DataRange(np.zeros(2), np.ones(2), 30, 0, None),
    ),
    FollowAnswer(
        3,
        "",
        (
            FollowedNode("x", "input", 2, np.array([NAN, 2.0]), None),
            FollowedNode("h1", "dense", 1, np.ones(1), np.zeros(1)),
        ),
        (("x", "h1"),),
        (np.ones(2),),
        (("x",), ("h1",)),
        None,
        0,
        np.ones(2),
        None,
        np.array([0.5]),
        None,
        1,
        "h1",
        0.25,
        "h1",
        0,
        ("h1",),
        (
            Section(
                Way.FORWARD, "h1", "h1[0]", (Line("x[0]", "{0}·{1}", (1.0, NAN), NAN, "x", 0),), "h1[0]", NAN, True
            ),
            Section(Way.LOSS, "h1", "L", (), note="ü"),
        ),
    ),
)
LINKS = Links("h1", "x", 3, np.ones(2), np.array([NAN, 0.5]), 0.25, NAN, ("ü", "b"))
SPREAD = Answers(np.ones((2, 40), "int64"), np.zeros(2, "int64"), -1.0, 1.0, 3, NAN, 0.5, -0.5, 1.0)
DRIVEN = Driven(7, 0.5, 1.0, (1, 7, 7), np.ones(49, "float32"))
PLANE = (-1.0, 1.0, -2.0, 2.0)
NONE = np.zeros((0, 2), "float32")
SECTION = PlaneSection(
    (3, 1), ("ü", "b"), 7, NAN, np.ones((3, 2), "float32"), np.ones(3, "float32"), NONE, NONE[:, 0], 2
)
SCORE = m.EpochScore(2, 11, 0.5, 0.75, NAN, NAN)
LANE = m.LaneAnswer(
    BUCKETS, (SCORE,), m.LayerScalars(np.array([3]), np.full((1, 2, 6), NAN)), PROBES, lr=1e-3, batch_size=8, kept=SCORE
)
INFO = m.LaneInfo("A", ("h1", "out"), ("dense", "dense"), (True, True), (2,), 4, 200, (0.1, 0.05))
POINTS = m.Points(
    np.ones((3, 2), "float32"), np.zeros(3, "float32"), np.ones((0, 2), "float32"), np.zeros(0, "float32"), 2
)

COMMANDS: tuple[Any, ...] = (
    m.Open(b'{"name": "\xc3\xa4"}', "/some/folder", "cuda:1", "float64", (STATE, STATE), True),
    m.Open(b"{}", "."),
    m.Play(),
    m.Pause(),
    m.Advance(3, 2),
    m.Reset(None),
    m.Reset(2**62),
    m.Stop(),
    m.SetPace(m.Pace(m.PaceUnit.EPOCHS_A_SECOND, 0.25)),
    m.SetLearningRate(1, 1e-30),
    m.SetBatchSize(0, "all"),
    m.SetBatchSize(0, 64),
    m.SetEpochs(7),
    m.Watch((Histograms(), Boundary(), Boundary(37), Units(("a1", "a2"), 12, 3)), True),
    m.Watch((Confusion(), Confusion(Part.TRAINING, (1, 0)), Worst(Part.TRAINING), Fit(7))),
    m.Watch((Weights(), Weights("h1"))),
    m.Watch((Adversary(), Adversary(b"12345678", Part.VALIDATION, 3, 0.25))),
    m.Watch((Maps(), Maps(b"12345678", Part.VALIDATION, 3))),
    m.Watch((Latent(), Latent("code"), Decoded("code", (0.5, -1.0)))),
    m.Watch((Neuron("a1", 3), Boundary(through=Through()), Boundary(through=Through((2, 0), 9)))),
    m.Watch((Representation(), Representation(("", "a1")))),
    m.Watch((Spectrum(), Noise(), Landscape(PlaneOf.PATH, 0.5, False, True, 3, 9, (0.0, 1.0, 2.0, 3.0)))),
    m.Watch((Weights(), Weights("h1"), Spectrum(), Noise())),
    m.Watch((Histograms(True, True, True), UnitShares(), UnitSpread("a1", 256, True, True))),
    m.Watch((Histograms(True, True, True), UnitShares(), Gradients(), Derivative(), UnitSpread("a1", 256, True, True))),
    m.Watch((Example(np.arange(3.0).tobytes(), number=9), Example(None, Part.VALIDATION, 7))),
    m.Watch((Follow(np.arange(3.0).tobytes(), target=(1.0, NAN), node="h1", unit=3, number=2),)),
    m.Frame(2**40),
    m.TakeKeyframe(5),
    m.LoadWeights(1, {"h1.weight": np.eye(3), "h1.bias": np.zeros(3, "float16")}, "W ü.safetensors"),
    m.RecordTelemetry("T ü.jsonl", 10),
    m.Preview(3, b"{}", "."),
    m.Look(4, (STATE,), (Example(None, Part.VALIDATION, 7), Boundary(8)), 0.5),
    m.Shutdown(),
)
RECORDS: tuple[Any, ...] = (
    m.Opened((INFO,), POINTS, "numpy", "cpu", "float32", ("A: h1.weight",), "a note"),
    m.Opened((INFO, INFO), None, "numpy", "cpu", "float64", (), examples=np.ones((2, 64), "float32")),
    m.Progress(m.RunState.FAILED, 410, 3, "why"),
    m.Answer(9, m.RunState.RUNNING, 12, 3, 1234.5, (LANE, LANE)),
    m.Keyframe((STATE,), ({"h1.weight": np.eye(3)},), 4),
    m.Keyframe((), None),
    m.Diverged(1, 10, "out", "the loss became nan"),
    m.Rewound(99),
    m.Pictures(4, 0.25, 7, (PROBES, ())),
    m.Previewed(3, (m.LanePreview((m.NodeScale("h1", 0.5, NAN),), ""), m.LanePreview((), "too large"))),
    m.WeightsLoaded(1, "W.safetensors", ("h1.weight",), ("h1.bias: is missing, expected shape (5,)",)),
    m.Refused("no"),
)

"""What holds for every panel: it draws any history, at any size, in both themes, and says it in words."""

import pkgutil

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget

import netviz.panels
from engine.probes.adversary import ForAll, Outcome
from engine.probes.boundary import BoundaryAnswer
from engine.probes.catalogue import TOPICS
from engine.probes.example import NodeValues, Part
from engine.probes.histograms import HistogramAnswer
from netviz import theme
from netviz.panels.catalogue import PANELS
from netviz.runtime.history import History
from netviz.widgets.marks import NO_RUN
from tests.netviz.panels.histories import NAN, fault, opened, scalars, score, take, unwell
from tests.netviz.panels.layer_answers import (
    adversary_answer,
    answers,
    decoded_answer,
    derivative_answer,
    gradients_answer,
    histogram,
    landscape_answer,
    latent_answer,
    layer_view,
    links,
    maps_answer,
    neuron_answer,
    noise_answer,
    representation_answer,
    spectrum_answer,
    sweep_in_time,
    through_time_answer,
    time_map,
    unit_shares_answer,
    weights_answer,
)
from tests.netviz.panels.output_answers import (
    confusion_answer,
    example_answer,
    fit_answer,
    follow_answer,
    listed,
    worst_answer,
    xor_answer,
)

TOPICS = {"loss", "scores", "layers", "rate", "health"} | TOPICS
# Another choice where it is not a switch.
OTHER = {
    "boundary": {"sharp": True, "features": [1, 0], "example": 3},
    "weights": {"view": "matrix", "layer": "out", "axis": [-0.5, 0.5, False]},
    "neuron": {"layer": "out", "unit": 2},
    "latent": {"layer": "h1", "at": [0.5, -0.25]},
    "maps": {"view": "filters"},
    "adversary": {"share": 0.25},
    "through_time": {"view": "gates", "layer": "h1"},
    "representation": {"layer": "out", "all": True, "grid": False},
    "noise": {"view": "cosine"},
    "landscape": {"plane": "path", "reach": 0.5, "follows": False},
    "histograms": {
        **{"view": "time", "layer": "a1", "before": True, "all": True, "training": True},
        **{"even": False, "axis": [-2.0, 3.0, True]},
    },
    "derivative": {"view": "way", "layer": "a1", "axis": [0.0, 0.5, False]},
    "saturation": {"view": "units"},
    "gradients": {"view": "depth", "layer": "h1", "quantity": "delta_rms", "axis": [1e-5, 2.0, False]},
}

every_panel = pytest.mark.parametrize("kind", PANELS, ids=lambda kind: kind.ident)


def filled(*names: str) -> History:
    history = opened(*names)
    for i, lane in enumerate(history.lanes):
        steps = np.arange(60)
        scores = [score(10 * k, 1 / (k + i), 0.5, 1.2 / (k + i), 0.4) for k in range(1, 6)]
        rows = HistogramAnswer((histogram(), histogram("out", symlog=True, zeros=5, nan=2, over=1)), 100)
        told = (
            rows,
            xor_answer(),
            example_answer(),
            weights_answer(),
            confusion_answer(),
            worst_answer(),
            fit_answer(),
            follow_answer(),
            representation_answer(),
            neuron_answer(),
            maps_answer(),
            latent_answer(),
            decoded_answer(),
            adversary_answer(),
            spectrum_answer(),
            noise_answer(),
            landscape_answer(),
            gradients_answer(),
            derivative_answer(),
            unit_shares_answer(),
            through_time_answer(),
        )
        take(lane, lr=0.02)
        take(lane, 1 / (steps + 1.0), scores, scalars(60, 0.1, 0.5, 0.25), told, health=unwell(fault()))
    return history


def picture(panel) -> QImage:
    """Not a grab, which has the depth of the screen: a virtual one has 16 bits."""
    image = QImage(panel.size(), QImage.Format.Format_RGB32)
    panel.render(image)
    return image


def coloured(image: QImage) -> int:
    """How many of some pixels are neither grey nor nearly so."""
    some = (
        image.pixelColor(x, y).getRgb()[:3] for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)
    )
    return sum(max(rgb) - min(rgb) > 60 for rgb in some)


def notes(panel) -> list[str]:
    return [child.note for child in panel.findChildren(QWidget) if getattr(child, "note", "")]


def open_panel(qtbot, kind, history: History, width: int = 420, height: int = 280):
    panel = kind(history)
    qtbot.addWidget(panel)
    panel.resize(width, height)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def test_the_catalogue_lists_every_panel_file() -> None:
    files = {module.name for module in pkgutil.iter_modules(netviz.panels.__path__)} - {"base", "views", "catalogue"}
    assert files == {kind.__module__.rpartition(".")[2] for kind in PANELS}
    assert len({kind.ident for kind in PANELS}) == len(PANELS)


@every_panel
def test_says_what_it_is_about(kind) -> None:
    assert kind.topics <= TOPICS
    assert kind.topics
    assert "Look for" in kind.help
    assert kind.title


@every_panel
@pytest.mark.parametrize("size", [(240, 160), (420, 280), (900, 600)], ids=str)
@pytest.mark.parametrize("names", [("A",), ("A", "B", "C")], ids=len)
def test_draws_at_every_size(qtbot, kind, size, names) -> None:
    empty = open_panel(qtbot, kind, opened(*names), *size)
    panel = open_panel(qtbot, kind, filled(*names), *size)
    assert panel.size().toTuple() == size
    assert coloured(picture(panel)) > coloured(picture(empty)) + 20


@every_panel
def test_without_a_run_there_is_a_note(qtbot, kind) -> None:
    panel = open_panel(qtbot, kind, History())
    assert QColor.fromRgb(picture(panel).pixel(2, 2)).name() == theme.DARK.card
    assert notes(panel) == [NO_RUN]
    history = filled("A", "B")
    panel.history.lanes, panel.history.points = history.lanes, history.points
    panel.reopened()
    assert notes(panel) == []
    assert coloured(picture(panel)) > 20
    panel.history.clear()
    panel.reopened()
    assert coloured(picture(panel)) < 200 + coloured(picture(open_panel(qtbot, kind, opened("A", "B"))))


@every_panel
def test_follows_the_theme_at_once(qtbot, kind) -> None:
    panel = open_panel(qtbot, kind, filled("A", "B"))
    dark = picture(panel)
    theme.look().use(theme.LIGHT)
    light = picture(panel)
    assert QColor.fromRgb(light.pixel(2, light.height() - 3)).name() == theme.LIGHT.card
    theme.look().use(theme.DARK)
    assert picture(panel) == dark


@every_panel
def test_a_deleted_panel_does_not_hear_of_themes(qtbot, kind) -> None:
    panel = kind(filled("A"))
    panel.deleteLater()
    qtbot.wait(1)
    theme.look().use(theme.LIGHT)


@every_panel
def test_the_same_history_gives_the_same_picture(qtbot, kind) -> None:
    panel = open_panel(qtbot, kind, filled("A", "B"))
    before = picture(panel)
    for _ in range(3):
        panel.refresh()
    assert picture(panel) == before


@every_panel
def test_takes_back_its_state_and_ignores_nonsense(qtbot, kind) -> None:
    panel = open_panel(qtbot, kind, filled("A"))
    choices = OTHER.get(kind.ident) or {name: not value for name, value in panel.state().items()}
    assert choices != panel.state() or not choices
    panel.restore(choices)
    assert panel.state() == choices
    panel.restore({"log": "perhaps", "all": 7, "view": ["spread"], "layer": 3, "unknown": []})
    assert panel.state() == choices


@every_panel
def test_the_description_has_the_numbers_and_changes_once_a_second(qtbot, kind) -> None:
    history = filled("A", "B")
    panel = open_panel(qtbot, kind, history)
    first = panel.accessibleDescription()
    assert "A" in first
    assert any(letter.isdigit() for letter in first)
    for lane in history.lanes:
        rows = HistogramAnswer((histogram(zeros=640),), 100)
        flat = BoundaryAnswer(np.ones((4, 4), np.float32), None, True, (-1.0, 1.0, -1.0, 1.0))
        other = example_answer(output=np.array([-3.0]), probabilities=np.array([0.047]), chosen=0)
        ill = unwell(fault(began=7))
        told = (
            rows,
            flat,
            other,
            weights_answer(3.0),
            confusion_answer((1, 1), (1, 1)),
            worst_answer(9.0),
            fit_answer(0.2),
            follow_answer(3.0),
            representation_answer(layer_view(scale=2.0)),
            neuron_answer(3.0),
            maps_answer(3.0, loss=0.75),
            latent_answer(3.0, error=0.5),
            decoded_answer((1.5, 1.0)),
            adversary_answer(3.0),
            spectrum_answer(9.0),
            noise_answer(3.0),
            landscape_answer(3.0),
            gradients_answer(3.0),
            derivative_answer(0.1),
            unit_shares_answer(dead=np.ones(4, bool)),
            through_time_answer(scale=3.0),
        )
        take(lane, [9.0], [score(70, 9.0, 0.1)], scalars(1, 7.0, 1.0, 1.0), told, start=60, lr=0.005, health=ill)
    panel.describe(now=lambda: panel._said + 0.9)
    assert panel.accessibleDescription() == first
    panel.describe(now=lambda: panel._said + 1.1)
    assert panel.accessibleDescription() != first


@every_panel
def test_numbers_that_are_none_draw_no_warning(qtbot, kind) -> None:
    history = opened("A", "B")
    for lane in history.lanes:
        nothing = np.full((5, 3, 6), NAN)
        rows = HistogramAnswer((histogram(counts=np.zeros(64, int), nan=7, least=NAN, most=NAN),), 7)
        answer = BoundaryAnswer(np.full((8, 8), NAN, np.float32), None, False, (-1.0, 1.0, -1.0, 1.0))
        none = np.full(4, NAN, np.float32)
        example = example_answer(
            nodes=(NodeValues("h1", (4,), none, 3, NAN, NAN),),
            output=np.array([NAN]),
            probabilities=np.array([NAN]),
            chosen=None,
        )
        weights = weights_answer(values=np.full((3, 2), NAN))
        lost = listed(0, NAN, share=NAN, truth_share=NAN, output=np.array([NAN]), x=np.array([NAN, NAN]))
        worst, nobody = worst_answer(mean_loss=NAN, examples=(lost,)), confusion_answer((0, 0), (0, 0))
        steep = gradients_answer(NAN, counts=np.zeros(64, int), nan=7, least=NAN, most=NAN)
        shut = derivative_answer(NAN, counts=np.zeros(64, int), nan=7, least=NAN, most=NAN)
        flat = fit_answer(NAN, off=(NAN, NAN), points=(np.array([NAN]), np.array([[NAN]])))
        spoilt = np.full((4, 2), NAN, np.float32)
        nowhere = layer_view(
            points=spoilt, points_val=spoilt[:2], lines=None, shares=(NAN, NAN), dimensions=NAN, lost=4
        )
        unseen = representation_answer(nowhere, y=spoilt[:, 0], classes=None)
        gone = np.full(2, NAN)
        unit = neuron_answer(
            answers=answers(counts=np.zeros((2, 40), int), lost=60, mean=NAN, deviation=NAN, least=NAN, most=NAN),
            highest=(),
            lowest=(),
            map=np.full((4, 4), NAN, np.float32),
            incoming=links(values=gone, gradient=gone, bias=NAN),
            delta=NAN,
            saturated=NAN,
        )
        still = sweep_in_time(gradient=np.full(4, NAN), maps=(time_map(scale=NAN), time_map("c", NAN)))
        lost_way = follow_answer(NAN, loss=NAN)
        blank = maps_answer(NAN, loss=NAN, saliency=np.full((1, 4, 4), NAN, np.float32), adversary=None)
        dark = np.full((5, 5, 64), NAN, np.float32)
        blind = latent_answer(NAN, pictures=dark, error=NAN, error_val=NAN, bounds=(-1.0, 1.0, -1.0, 1.0))
        seen = (rows, answer, example, weights, worst, nobody, flat, unseen, unit)
        probes = (*seen, steep, shut, through_time_answer(still), lost_way, blank, blind)
        gone_out = Outcome(None, NAN, np.full(2, NAN))
        unfooled = adversary_answer(
            NAN,
            x=np.full(64, NAN, np.float32),
            fooled=np.full(64, NAN, np.float32),
            saliency=np.full(64, NAN, np.float32),
            **{"before": gone_out, "after": gone_out, "by_chance": gone_out},
            rightly=np.full(21, NAN),
            for_all=ForAll(np.full(64, NAN, np.float32), 100, Part.VALIDATION, 0, NAN, NAN),
        )
        seen = (unfooled, rows, answer, example, weights, worst, nobody, flat, unseen, unit)
        probes = (*seen, steep, shut, through_time_answer(still), lost_way, blank)
        take(lane, [NAN] * 5, [score(10, NAN)], nothing, probes)
        take(lane, [np.inf, 1e30, 0.0], [score(20, np.inf)], np.full((3, 3, 6), np.inf), (), start=5)
    panel = open_panel(qtbot, kind, history)
    panel.refresh()
    for name in panel.state():
        panel.restore({name: True})
    picture(panel)
    panel.restore(OTHER.get(kind.ident, {}))
    picture(panel)

"""A history takes answers apart into what panels read, and says which topics changed."""

import numpy as np

from engine.probes.histograms import HistogramAnswer
from engine.run.messages import EpochScore, LaneAnswer, LaneInfo, LayerScalars, LossBuckets, Opened
from netviz.runtime.history import History
from tests.netviz.panels.layer_answers import histogram
from tests.netviz.panels.output_answers import xor_answer

INFO = LaneInfo("A", ("h1", "a1", "out"), ("dense", "tanh", "dense"), (True, False, True), (2,), 10, 100)


def opened() -> History:
    history = History()
    history.open(Opened((INFO, INFO), None, "numpy", "cpu", "float32", ()))
    return history


def answer(losses=(), scores=(), layers=None, probes=()) -> LaneAnswer:
    values = np.asarray(losses, float)
    buckets = LossBuckets(np.arange(len(values)), values, values, values, values)
    return LaneAnswer(buckets, tuple(scores), layers, tuple(probes), 0.5, 16)


def test_only_what_came_is_a_topic() -> None:
    lane = opened().lanes[0]
    assert lane.take(answer()) == set()
    assert lane.take(answer([1.0])) == {"loss"}
    assert lane.take(answer(scores=[EpochScore(0, 10, 0.1, 0.9, 0.2, 0.8)])) == {"scores"}
    assert lane.take(answer(probes=[xor_answer(), HistogramAnswer((histogram(),), 9)])) == {"boundary", "histograms"}
    empty = LayerScalars(np.zeros(0), np.zeros((0, 3, 6)))
    assert lane.take(answer(layers=empty)) == set()


def test_every_scalar_lies_in_its_own_column() -> None:
    lane = opened().lanes[0]
    values = np.arange(2 * 3 * 6, dtype=float).reshape(2, 3, 6)
    assert lane.take(answer(layers=LayerScalars(np.array([0, 1]), values))) == {"layers"}
    assert lane.layers.last[1, lane.column(0, "weight_norm")] == values[1, 0, 0]
    assert lane.layers.last[1, lane.column(2, "grad_norm")] == values[1, 2, 1]
    assert lane.layers.last[0, lane.column(1, "saturated_fraction")] == values[0, 1, 3]
    assert lane.weighted() == [0, 2]
    assert lane.activations() == [1]


def test_the_latest_of_each_is_kept() -> None:
    history = opened()
    lane, other = history.lanes
    lane.take(answer([3.0, 2.0], [EpochScore(0, 10, 0.1, 0.9, 0.2, 0.8), EpochScore(1, 20, 0.05, 1.0, 0.1, 0.95)]))
    assert lane.score is not None
    assert lane.score.epoch == 1
    assert lane.scores.last[-1].tolist() == [0.05, 1.0, 0.1, 0.95]
    assert lane.scores.steps.tolist() == [10, 20]
    assert (lane.lr, lane.batch_size) == (0.5, 16)
    assert len(other.loss) == 0


def test_clear_keeps_the_lanes_and_forgets_their_past() -> None:
    history = opened()
    history.lanes[0].take(answer([1.0], probes=[xor_answer()]))
    history.clear()
    assert [lane.info for lane in history.lanes] == [INFO, INFO]
    assert len(history.lanes[0].loss) == 0
    assert history.lanes[0].boundary is None


def test_the_drawn_network_and_the_panel_keep_histograms_apart() -> None:
    """A training-mode answer is the panel's; of two others, the one of more layers holds the other."""
    history = opened()
    lane = history.lanes[0]
    few, many = HistogramAnswer((histogram(),), 9), HistogramAnswer((histogram(), histogram("h1")), 9)
    lane.take(answer(probes=[many, few]))
    assert (lane.histograms, lane.spreads) == (many, many)
    training = HistogramAnswer((histogram(),), 9, training=True)
    lane.take(answer(probes=[few, training]))
    assert (lane.histograms, lane.spreads) == (training, few)
    lane.take(answer(probes=[training]))
    assert (lane.histograms, lane.spreads) == (training, few)


def test_the_rate_is_kept_by_step_and_a_change_by_hand_counts() -> None:
    history = opened()
    lane, empty = history.lanes[0], LossBuckets(*(np.zeros(0) for _ in range(5)))

    def take(*rates: tuple[int, float]) -> bool:
        return "rate" in lane.take(LaneAnswer(empty, (), None, (), 0.5, 16, rates=rates))

    assert [take((0, 0.1)), take(), take((0, 0.2)), take((3, 0.2), (5, 0.2), (5, 0.3), (9, 0.05))] == [1, 0, 1, 1]
    assert lane.rate.steps.tolist() == [0, 3, 5, 9]
    assert lane.rate.last[:, 0].tolist() == [0.2, 0.2, 0.3, 0.05]
    history.cut(6)
    assert lane.rate.steps.tolist() == [0, 3, 5]

"""Experiments that begin with the weights of a file: each claim holds, and fails on its control."""

import numpy as np
import pytest

from tests.netviz.experiments.runs import SEEDS, at_first, begun, column, experiment, scores, trained

LOTTERY, DEEP, TUNED = "lottery-ticket", "pre-training", "fine-tuning"


def test_a_ticket_has_a_tenth_of_the_weights_as_they_began():
    whole, ticket, lot = (begun(LOTTERY, lane.variant, 0).network.parameters() for lane in experiment(LOTTERY).lanes())
    left = 0
    for name, first in whole.items():
        for sparse in (ticket[name], lot[name]):
            there = sparse != 0
            np.testing.assert_array_equal(sparse[there], first[there])
            assert there.sum() == (ticket[name] != 0).sum()
        left += (ticket[name] != 0).sum() if first.ndim > 1 else 0
    assert left == pytest.approx(0.1 * (64 * 100 + 100 * 10), abs=1)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_ticket_learns_as_all_weights_do_and_as_many_drawn_by_lot_do_not(seed):
    whole, ticket, lot = (scores(LOTTERY, lane.variant, seed)[1].accuracy for lane in experiment(LOTTERY).lanes())
    assert ticket > 0.955
    assert ticket > whole - 0.02
    assert lot < ticket - 0.02  # the control
    weights = trained(LOTTERY, "ticket", seed).network.parameters()["h1.weight"]
    assert (weights == 0).mean() > 0.85


@pytest.mark.parametrize("seed", SEEDS)
def test_a_deep_net_of_sigmoids_begins_to_learn_where_its_layers_were_trained_before(seed):
    drawn, layers, codes = (lane.variant for lane in experiment(DEEP).lanes())
    assert scores(DEEP, drawn, seed)[1].accuracy < 0.15  # the control
    assert min(scores(DEEP, lane, seed)[1].accuracy for lane in (layers, codes)) > 0.9
    for lane, fades in ((drawn, True), (layers, False), (codes, False)):
        norms = column(at_first(DEEP, lane, seed), "grad_norm", "h")
        assert bool(norms[0] < 0.05 * norms[-1]) is fades


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_learnt_of_other_digits_is_a_start(seed):
    """After two epochs, and at the end; the head is new in every lane."""
    early = {}
    for lane in experiment(TUNED).lanes():
        trainer = begun(TUNED, lane.variant, seed)
        trainer.run(2 * trainer.steps_per_epoch)
        early[lane.variant] = trainer.evaluate()[1].accuracy
    drawn, tuned, _ = early.values()
    assert tuned > drawn + 0.2
    assert tuned > 0.6
    ends = [scores(TUNED, lane.variant, seed)[1].accuracy for lane in experiment(TUNED).lanes()]
    assert min(ends[:2]) > 0.95
    assert 0.7 < ends[2] < ends[1]


def test_the_first_layer_of_the_other_task_stays_as_it_was_where_it_is_frozen():
    """And no label is there that the other task had, nor a weight of its head."""
    tuned, frozen = (begun(TUNED, variant, 0) for variant in ("from 0 to 4", "the first frozen"))
    assert set(np.asarray(frozen.data.y)) == {5, 6, 7, 8, 9}
    before = frozen.network.parameters()
    drawn = begun(TUNED, "drawn", 0).network.parameters()
    assert {name for name in drawn if np.array_equal(drawn[name], before[name])} == {"out.weight", "out.bias"}
    for trainer, still in ((tuned, False), (frozen, True)):
        record = trainer.step(layers=True)
        assert record.layers is not None
        assert (record.layers["h1"]["update_ratio"] == 0) is still
        assert np.array_equal(trainer.network.parameters()["h1.weight"], before["h1.weight"]) is still

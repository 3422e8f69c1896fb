"""Experiments that begin with the weights of a file: each claim holds, and fails on its control."""

import numpy as np
import pytest

from tests.netviz.experiments.runs import SEEDS, at_first, begun, column, experiment, scores, trained

LOTTERY, DEEP = "lottery-ticket", "pre-training"


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

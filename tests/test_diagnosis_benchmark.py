"""The labelled runs: their labels are checked, nothing healthy alarms, and every kind of fault is named."""

from dataclasses import replace

import pytest

from benchmarks.diagnosis import score
from benchmarks.diagnosis.faulty import FAULTY
from benchmarks.diagnosis.healthy import HEALTHY
from benchmarks.diagnosis.runs import trace
from benchmarks.diagnosis.score import judge, verdicts
from benchmarks.diagnosis.second import SECOND_FAULTY, SECOND_HEALTHY
from engine.diagnosis.symptoms import SYMPTOMS

SEED = 200  # neither one of those that thresholds were set on nor of those that are reported
KINDS = {recipe.fault: recipe for recipe in reversed(FAULTY)}  # the first of each


def test_there_are_enough_runs_and_each_names_a_symptom_that_exists() -> None:
    assert len(HEALTHY) * len(score.HELD_OUT) >= 100
    assert len(FAULTY) * len(score.HELD_OUT) >= 140
    assert len(KINDS) >= 10
    assert not set(score.TUNED) & set(score.HELD_OUT)
    known = {symptom.name for symptom in SYMPTOMS} | {"nan"}
    for recipe in (*FAULTY, *SECOND_FAULTY):
        assert set(recipe.found) <= set(recipe.causes) <= known
        assert recipe.found
    assert all(not recipe.fault for recipe in (*HEALTHY, *SECOND_HEALTHY))
    names = [(recipe.fault, recipe.name) for recipe in (*FAULTY, *SECOND_FAULTY)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("fault", KINDS)
def test_each_kind_of_fault_is_found_and_named_as_the_cause(fault: str) -> None:
    run = trace(KINDS[fault], 1000 * SEED)
    assert run.sound
    verdict = judge(run)
    assert verdict.caught
    assert verdict.caused
    assert verdict.remedies or fault == "no number"


@pytest.mark.parametrize("recipe", HEALTHY[::9], ids=lambda recipe: recipe.name)
def test_nothing_is_said_of_a_healthy_run(recipe) -> None:
    run = trace(recipe, 1000 * SEED)
    assert run.sound
    assert judge(run).said == frozenset()


def test_a_label_that_the_outcome_belies_is_left_out() -> None:
    """The control: a sound run under a fault's name, and the other way round."""
    healthy, faulty = HEALTHY[0], KINDS["deep sigmoid"]
    assert list(verdicts([replace(healthy, fault="no fault")], [SEED])) == []
    assert list(verdicts([replace(faulty, fault="")], [SEED])) == []
    assert len(list(verdicts([healthy, faulty], [SEED]))) == 2


@pytest.mark.slow
def test_false_alarms_and_catches_stay_within_what_is_promised() -> None:
    """A seed of its own, so that the results can move by a run without lying."""
    alarms = [bool(verdict.said) for verdict in verdicts((*HEALTHY, *SECOND_HEALTHY), [SEED])]
    caught = [verdict.caught for verdict in verdicts((*FAULTY, *SECOND_FAULTY), [SEED])]
    assert len(alarms) >= 100
    assert len(caught) >= 90
    assert sum(alarms) <= 0.03 * len(alarms)
    assert sum(caught) >= 0.97 * len(caught)

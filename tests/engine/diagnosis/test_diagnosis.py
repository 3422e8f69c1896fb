"""Patience, hysteresis, the earliest as the cause, and what is told to others."""

import msgspec

from engine.diagnosis import Diagnosis, Finding, Health
from engine.diagnosis.symptoms import SYMPTOMS
from engine.divergence import DivergenceError
from tests.engine.diagnosis.by_hand import GUESS, facts, layers, names, shown

DEAD = next(symptom for symptom in SYMPTOMS if symptom.name == "dead")


def test_a_finding_is_raised_after_its_patience_and_dated_back() -> None:
    diagnosis = Diagnosis(facts())
    step = shown(diagnosis, 7)
    step = shown(diagnosis, DEAD.patience - 1, start=step, dead=1.0)
    assert diagnosis.findings() == ()
    (watched,) = diagnosis.watched()
    assert (watched.symptom, watched.severity, watched.began) == ("dead", Health.WATCH, 7)
    assert diagnosis.health("a1") is Health.WATCH
    shown(diagnosis, 1, start=step, dead=1.0)
    (finding,) = diagnosis.findings()
    assert (finding.symptom, finding.nodes, finding.began, finding.severity) == ("dead", ("a1",), 7, Health.TROUBLE)
    assert finding.cause
    assert diagnosis.watched() == ()
    assert (diagnosis.health("a1"), diagnosis.health("h1")) == (Health.TROUBLE, Health.FINE)


def test_one_sound_look_begins_the_patience_anew() -> None:
    diagnosis = Diagnosis(facts())
    step = 0
    for _ in range(10):
        step = shown(diagnosis, DEAD.patience - 1, start=step, dead=1.0)
        step = shown(diagnosis, 1, start=step, dead=0.7)  # below on, above off
    assert diagnosis.findings() == ()
    assert diagnosis.past == []


def test_a_finding_is_withdrawn_only_when_it_is_clearly_gone_for_some_looks() -> None:
    diagnosis = Diagnosis(facts())
    step = shown(diagnosis, 20, dead=1.0)
    step = shown(diagnosis, 50, start=step, dead=0.7)  # between off and on
    assert names(diagnosis) == ["dead"]
    step = shown(diagnosis, DEAD.quiet - 1, start=step, dead=0.1)
    step = shown(diagnosis, 1, start=step, dead=0.65)
    step = shown(diagnosis, DEAD.quiet - 1, start=step, dead=0.1)
    assert names(diagnosis) == ["dead"]  # the quiet was broken
    shown(diagnosis, 1, start=step, dead=0.1)
    assert names(diagnosis) == []
    (past,) = diagnosis.past
    assert (past.symptom, past.began, past.ended) == ("dead", 0, step)
    assert "All units of a1 are dead" in past.sentence  # in numbers of when it stood
    assert diagnosis.health("a1") is Health.FINE


def test_the_earliest_is_the_cause_and_of_two_at_once_the_first_in_the_table() -> None:
    diagnosis = Diagnosis(facts())
    step = shown(diagnosis, 3, saturated=0.9)
    shown(diagnosis, 50, start=step, saturated=0.9, dead=1.0)
    found = diagnosis.findings()
    assert [(f.symptom, f.began, f.cause) for f in found] == [("saturated", 0, True), ("dead", 3, False)]
    both = Diagnosis(facts())
    shown(both, 50, grads=(0.0, 1.0, 1.0), dead=1.0)
    assert [(f.symptom, f.cause) for f in both.findings()] == [("dead", True), ("no_gradient", False)]


def wounded(between: int) -> Diagnosis:
    """Long steps at first; `between` sound ones later, dead units."""
    diagnosis = Diagnosis(facts())
    step = shown(diagnosis, 10, ratios=(2.0, 2.0, 2.0))
    step = shown(diagnosis, between, start=step)
    shown(diagnosis, 20, start=step, dead=1.0)
    return diagnosis


def test_what_has_wounded_stays_the_cause_when_its_own_signs_are_gone() -> None:
    found = wounded(40).findings()
    assert [(f.symptom, f.cause) for f in found] == [("rate_high", True), ("dead", False)]
    assert found[0].ended is not None
    assert names(wounded(140)) == ["dead"]  # too late to be its doing


def test_several_layers_are_one_finding_from_the_first_one_on() -> None:
    diagnosis = Diagnosis(facts())
    step = shown(diagnosis, 5, grads=(0.0, 1.0, 1.0))
    shown(diagnosis, 30, start=step, grads=(0.0, 0.0, 1.0))
    (finding,) = diagnosis.findings()
    assert (finding.symptom, set(finding.nodes), finding.began) == ("no_gradient", {"h1", "h2"}, 0)
    assert "h1 and h2" in finding.sentence


def diverged(**shows: object) -> Diagnosis:
    diagnosis = Diagnosis(facts())
    step = shown(diagnosis, 1, **shows)
    diagnosis.diverged(DivergenceError(step, float("inf"), "h2", "whose output overflowed"))
    return diagnosis


def test_no_number_ends_the_patience_of_what_leads_there() -> None:
    found = diverged(ratios=(9.0, 0.01, 0.01)).findings()
    assert [(f.symptom, f.cause) for f in found] == [("rate_high", True), ("nan", False)]
    assert found[1].nodes == ("h2",)
    assert found[1].sentence == "The loss became no number at step 1: it began in h2, whose output overflowed."


def test_no_number_says_nothing_of_what_does_not_lead_there() -> None:
    diagnosis = diverged(dead=1.0)
    assert names(diagnosis) == ["nan"]
    assert diagnosis.health("h2") is Health.TROUBLE
    assert diagnosis.health("a1") is Health.WATCH


def test_no_number_at_the_first_step_is_found_without_a_look() -> None:
    diagnosis = Diagnosis(facts())
    diagnosis.diverged(DivergenceError(0, float("nan"), "a1", "whose output is not finite"))
    assert names(diagnosis) == ["nan"]


def test_looks_without_layers_keep_the_loss_alone() -> None:
    diagnosis = Diagnosis(facts())
    for step in range(0, 500, 5):
        diagnosis.see(step, GUESS)
    assert names(diagnosis) == ["loss_still"]


def test_numbers_that_are_missing_or_no_numbers_do_no_harm() -> None:
    diagnosis = Diagnosis(facts())
    nothing = layers(ratios=(None, float("nan"), float("inf")), norms=(0.0, 1.0, 1.0))
    nothing["a1"]["dead_fraction"] = None
    for step in range(30):
        diagnosis.see(step, float("inf") if step % 2 else 1e30, nothing)
    assert "rate_high" in names(diagnosis)
    assert all(finding.sentence for finding in diagnosis.findings())


def test_an_update_that_is_no_number_is_longer_than_any() -> None:
    diagnosis = Diagnosis(facts())
    shown(diagnosis, 5, ratios=(float("nan"), 0.01, 0.01))
    assert names(diagnosis) == ["rate_high"]


def test_the_first_steps_are_all_looked_at_and_then_a_sample() -> None:
    assert all(Diagnosis.wants(step) for step in range(50))
    assert [step for step in range(50, 75) if Diagnosis.wants(step)] == [50, 55, 60, 65, 70]
    assert sum(Diagnosis.wants(step) for step in range(10_001, 11_001)) == 20


def test_the_same_looks_have_the_same_findings() -> None:
    assert wounded(40).findings() == wounded(40).findings()


def test_findings_travel_as_messages() -> None:
    found = wounded(40).findings()
    packed = msgspec.msgpack.encode(found)
    assert msgspec.msgpack.decode(packed, type=tuple[Finding, ...]) == found


def test_the_report_has_a_line_for_each_and_names_the_cause() -> None:
    text = wounded(40).report()
    assert "Rate too high in h1, h2 and out, since step 0 until step" in text.splitlines()[0]
    assert ", the cause: The steps are too long" in text.splitlines()[0]
    assert "Dead units in a1, since step 50: All units" in text
    healthy = Diagnosis(facts())
    shown(healthy, 30)
    assert healthy.report() == "nothing wrong in 30 looks"
    gone = Diagnosis(facts())
    shown(gone, 30, start=shown(gone, 20, dead=1.0))
    assert gone.report() == "Dead units, gone again: from step 0 to 29"

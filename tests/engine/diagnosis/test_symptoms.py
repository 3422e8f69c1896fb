"""Each symptom on hand-made looks, on both sides of its threshold and in the circumstances that excuse it."""

import numpy as np
import pytest

from engine.diagnosis import Diagnosis
from engine.diagnosis.symptoms import SYMPTOMS
from engine.diagnosis.symptoms.base import percent
from tests.engine.diagnosis.by_hand import GUESS, facts, names, rung, shown

LEARNT = 0.2 * GUESS
SLOW = {"ratios": (5e-4, 0.01, 0.01)}

# symptom: (looks, what they show above the threshold, what they show just below it, facts that differ)
CASES = {
    "vanishing": (40, SLOW | {"grads": (0.0049, 0.1, 1.0)}, SLOW | {"grads": (0.0051, 0.1, 1.0)}, {}),
    "exploding": (20, {"grads": (70.0, 2.0, 1.0)}, {"grads": (50.0, 2.0, 1.0)}, {}),
    "no_gradient": (20, {"grads": (0.0, 1.0, 1.0)}, {"grads": (1e-6, 1e-6, 1e-6)}, {}),
    "saturated": (40, {"saturated": 0.65}, {"saturated": 0.55}, {}),
    "dead": (20, {"dead": 0.85}, {"dead": 0.75}, {}),
    "rate_high": (10, {"ratios": (0.75, 0.01, 0.01)}, {"ratios": (0.65, 0.01, 0.01)}, {}),
    "rate_low": (80, {"ratios": (7e-4, 5e-4, 0.0)}, {"ratios": (9e-4, 5e-4, 0.0)}, {}),
    "withering": (20, {"norms": (1.9, 10.0, 10.0)}, {"norms": (2.1, 10.0, 10.0)}, {"penalty": True}),
}


def after(looks: int, differs: dict[str, object], loss: float = GUESS, **shows: object) -> Diagnosis:
    diagnosis = Diagnosis(facts(**differs))
    shown(diagnosis, looks, loss, **shows)
    return diagnosis


def test_sound_looks_find_nothing() -> None:
    assert names(after(200, {})) == []


@pytest.mark.parametrize("name", CASES)
def test_a_symptom_begins_at_its_threshold(name: str) -> None:
    looks, above, below, differs = CASES[name]
    assert names(after(looks, differs, **above)) == [name]
    assert names(after(looks, differs, **below)) == []


@pytest.mark.parametrize("name", [name for name in CASES if name != "rate_low"])
def test_where_much_is_learnt_it_is_no_fault(name: str) -> None:
    looks, above, _, differs = CASES[name]
    assert names(after(looks, differs, loss=LEARNT, **above)) == []


@pytest.mark.parametrize("name", CASES)
def test_a_sentence_has_the_nodes_and_numbers(name: str) -> None:
    looks, above, _, differs = CASES[name]
    (finding,) = after(looks, differs, **above).findings()
    assert any(character.isdigit() for character in finding.sentence)
    assert all(node in finding.sentence for node in finding.nodes[:1])
    assert finding.title[0].isupper()


def test_the_vanishing_sentence_says_how_far_and_by_what_a_layer() -> None:
    (finding,) = after(40, {}, grads=(1e-4, 1e-2, 1.0), **SLOW).findings()
    assert finding.nodes == ("h1",)
    assert "1.0e-04 of what it is in out, a factor of 0.01 a layer; h1 moves by 5.0e-04" in finding.sentence


def test_a_faded_gradient_is_no_fault_where_the_optimizer_makes_up_for_it() -> None:
    """Adam divides a gradient by its size: the layer moves."""
    assert names(after(40, {}, grads=(1e-3, 1.0, 1.0), ratios=(0.003,) * 3)) == []
    assert names(after(40, {}, grads=(1e-3, 1.0, 1.0), ratios=(0.001,) * 3)) == ["vanishing"]


def test_a_gradient_can_only_vanish_over_some_layers() -> None:
    assert names(after(40, {"rungs": (rung("h2"), rung("out"))}, grads=(1.0, 1e-5, 1.0))) == []


def test_a_gradient_counts_by_weight_not_by_layer() -> None:
    """The same norm spread over a hundred times as many weights is a tenth of the gradient."""
    wide = (rung("h1", size=10_000), rung("h2"), rung("out"))
    assert names(after(40, {}, grads=(0.04, 0.1, 1.0), **SLOW)) == []
    assert names(after(40, {"rungs": wide}, grads=(0.04, 0.1, 1.0), **SLOW)) == ["vanishing"]


def test_a_jump_of_the_loss_is_forgotten_again() -> None:
    diagnosis = Diagnosis(facts())
    step = shown(diagnosis, 1, loss=1e12)
    shown(diagnosis, 200, loss=LEARNT, start=step, saturated=1.0)
    assert names(diagnosis) == []


def test_a_frozen_layer_has_no_gradient_to_lose() -> None:
    rungs = tuple(rung(node, trains=node != "h1") for node in ("h1", "h2", "h3", "out"))
    for frozen, found in ((True, []), (False, ["vanishing"])):
        known = facts(
            rungs=rungs if frozen else tuple(map(rung, ("h1", "h2", "h3", "out"))), plateaus=(), rectifiers=()
        )
        diagnosis = Diagnosis(known)
        number = {"weight_norm": 10.0, "update_ratio": 5e-4}
        look = {r.node: {**number, "grad_norm": 1e-3 if r.node == "h1" else 1.0} for r in rungs}
        for step in range(40):
            diagnosis.see(step, GUESS, look)
        assert names(diagnosis) == found


def test_a_frozen_layer_is_not_expected_to_move() -> None:
    frozen = (rung("h1", trains=False), rung("h2"), rung("out"))
    assert names(after(20, {"rungs": frozen}, grads=(0.0, 1.0, 1.0))) == []


def test_in_small_batches_only_a_layer_off_as_a_whole_is_dead() -> None:
    assert names(after(20, {"batch": 4}, dead=0.9)) == []
    assert names(after(20, {"batch": 4}, dead=1.0)) == ["dead"]


def test_a_layer_that_starts_near_zero_does_not_leap() -> None:
    """Its update is long beside itself, not beside well drawn weights."""
    assert names(after(10, {}, ratios=(5.0, 0.01, 0.01), norms=(0.5, 10.0, 10.0))) == []
    assert names(after(10, {}, ratios=(5.0, 0.01, 0.01), norms=(5.0, 10.0, 10.0))) == ["rate_high"]


@pytest.mark.parametrize(("times", "looks"), [(600, 5), (61, 5), (30.1, 10), (6.01, 50), (3.01, 100)])
def test_a_loss_above_that_of_guessing_explodes_the_sooner_the_higher_it_is(times: float, looks: int) -> None:
    assert names(after(looks, {}, loss=0.7 * times)) == ["exploding"]
    assert names(after(looks - 1, {}, loss=0.7 * times)) == []


def test_a_loss_near_that_of_guessing_explodes_never_and_a_blast_ends_only_there() -> None:
    assert "exploding" not in names(after(250, {}, loss=0.7 * 1.9))
    diagnosis = Diagnosis(facts())
    step = shown(diagnosis, 5, loss=0.7 * 100)
    step = shown(diagnosis, 50, loss=0.7 * 5, start=step)
    assert names(diagnosis) == ["exploding"]
    shown(diagnosis, 10, loss=0.7, start=step)
    assert names(diagnosis) == []


def test_a_blast_is_dated_by_the_look_at_which_it_is_one() -> None:
    """A first loss of three times guessing's is none yet."""
    diagnosis = Diagnosis(facts())
    step = shown(diagnosis, 7, loss=0.7 * 3)
    shown(diagnosis, 5, loss=0.7 * 80, start=step)
    assert [finding.began for finding in diagnosis.findings()] == [7]


@pytest.mark.parametrize(
    ("name", "shows", "gone"),
    [("dead", {"dead": 0.85}, {"dead": 0.5}), ("no_gradient", {"grads": (0.0, 1.0, 1.0)}, {})],
)
def test_what_does_not_come_back_stands_although_the_rest_learns(
    name: str, shows: dict[str, object], gone: dict[str, object]
) -> None:
    diagnosis = Diagnosis(facts())
    step = shown(diagnosis, 20, **shows)
    step = shown(diagnosis, 300, loss=LEARNT, start=step, **shows)
    assert names(diagnosis) == [name]
    shown(diagnosis, 10, loss=LEARNT, start=step, **gone)
    assert names(diagnosis) == []


def test_weights_do_not_wither_without_a_penalty() -> None:
    assert names(after(20, {"penalty": False}, norms=(0.1, 10.0, 10.0))) == []


def test_slow_weights_are_no_fault_where_the_loss_falls() -> None:
    diagnosis = Diagnosis(facts())
    for step in range(200):
        shown(diagnosis, 1, loss=3 * 0.99**step, start=step, ratios=(1e-5,) * 3)
    assert "rate_low" not in names(diagnosis)


def test_one_odd_batch_at_the_start_does_not_make_the_loss_fall() -> None:
    """Mean of the first looks 1.6, later ones 1: but for one batch nothing has fallen."""
    for first, found in (([1.0] * 8 + [7.0, 1.0], ["rate_low"]), ([1.6, 1.65, 1.6, 1.55] * 3, [])):
        diagnosis = Diagnosis(facts())
        for step, loss in enumerate(first + [0.95, 1.05] * 60):
            shown(diagnosis, 1, loss=loss, start=step, ratios=(1e-5,) * 3)
        assert [name for name in names(diagnosis) if name == "rate_low"] == found


def still(level: float, **differs: object) -> Diagnosis:
    diagnosis = Diagnosis(facts(**differs))
    shown(diagnosis, 140, loss=level * GUESS, every=5)
    return diagnosis


def test_a_loss_stands_still_only_where_guessing_is_as_good() -> None:
    assert names(still(0.9)) == ["loss_still"]
    assert names(still(0.8)) == []
    diagnosis = still(0.9)
    (finding,) = diagnosis.findings()
    assert f"no lower since step {diagnosis.record.best_step} and 90\N{NO-BREAK SPACE}% of" in finding.sentence


def test_a_plateau_of_few_epochs_is_waited_for() -> None:
    assert names(still(1.0, examples=20 * 50)) == ["loss_still"]  # 8 epochs are 400 steps
    assert names(still(1.0, examples=20 * 80)) == []  # … 640 steps


def test_progress_breaks_the_standstill_and_the_fall_to_guessing_is_none() -> None:
    diagnosis = Diagnosis(facts())
    for step in range(0, 800, 5):
        shown(diagnosis, 1, loss=GUESS * (0.999 if step % 400 < 395 else 0.85) * 0.9 ** (step // 200), start=step)
    assert names(diagnosis) == []
    falling = Diagnosis(facts())
    for step in range(0, 800, 5):
        shown(falling, 1, loss=GUESS * (1 + 0.3 * 0.99**step), start=step)
    assert names(falling) == ["loss_still"]


def test_a_lucky_dip_of_noisy_batches_is_no_progress() -> None:
    """The standstill of 300 steps is found in 600: 30 looks until there is a best one, and 10 of patience."""
    for seed in range(5):
        diagnosis, rng = Diagnosis(facts()), np.random.default_rng(seed)
        for step in range(0, 600, 5):
            shown(diagnosis, 1, loss=GUESS * rng.exponential(), start=step)
        assert "loss_still" in names(diagnosis)


def scored(pairs: list[tuple[float, float]]) -> Diagnosis:
    diagnosis = Diagnosis(facts())
    shown(diagnosis, 5, loss=LEARNT)
    for train, validation in pairs:
        diagnosis.epoch(train, validation)
    return diagnosis


def test_over_fitting_is_validation_that_rises_while_training_falls_on() -> None:
    best = [(0.4, 0.4)]
    assert names(scored(best + [(0.2, 0.4 + 0.26 * GUESS)] * 6)) == ["overfitting"]
    assert names(scored(best + [(0.2, 0.4 + 0.24 * GUESS)] * 6)) == []
    assert names(scored(best + [(0.3, 0.4 + 0.5 * GUESS)] * 6)) == []  # training has not fallen by much
    assert names(scored(best + [(0.2, 0.4 + 0.5 * GUESS)] * 4)) == []  # not for long enough
    sentence = scored([(0.5, 0.5), *best, *[(0.2, 0.9)] * 6]).findings()[0].sentence
    assert "since epoch 2 the validation loss has risen from 0.4 to 0.9" in sentence


def test_of_all_epochs_the_lowest_and_the_latest_are_kept() -> None:
    """So that a look costs the same after a million of them; of equally low ones the first counts."""
    diagnosis = scored([(0.5, 0.4), (0.45, 0.4)])
    assert diagnosis.record.lowest == (1, 0.5, 0.4)

    def kept() -> int:
        return sum(len(held) for held in vars(diagnosis.record).values() if isinstance(held, list | dict | tuple))

    before = kept()
    for _ in range(100):
        diagnosis.epoch(0.45, 0.41)
    assert (diagnosis.record.epochs, diagnosis.record.latest) == (102, (102, 0.45, 0.41))
    assert kept() == before


def test_without_validation_nobody_over_fits() -> None:
    diagnosis = Diagnosis(facts())
    for _ in range(20):
        diagnosis.epoch(0.1, None)
    assert names(diagnosis) == []


STARTS = {
    "unscaled": ({"input_rms": 5.1}, {"input_rms": 4.9}),
    "weights_small": (
        {"rungs": (rung("h1", scale=0.04), rung("h2"), rung("out"))},
        {"rungs": (rung("h1", scale=0.06), rung("h2"), rung("out"))},
    ),
    "weights_large": (
        {"rungs": (rung("h1", scale=4.1), rung("h2"), rung("out"))},
        {"rungs": (rung("h1", scale=3.9), rung("h2"), rung("out"))},
    ),
}


@pytest.mark.parametrize("name", STARTS)
def test_what_lies_there_at_the_start_is_said_once_it_does_harm(name: str) -> None:
    bad, good = STARTS[name]
    harm = {"grads": (1.0, 0.0, 1.0)}
    assert names(after(20, bad, **harm)) == [name, "no_gradient"]
    assert names(after(20, good, **harm)) == ["no_gradient"]
    assert names(after(200, bad)) == []
    assert after(20, bad, **harm).findings()[0].sentence


def test_weights_before_a_norm_have_any_scale() -> None:
    normed = (rung("h1", scale=100.0, free=False), rung("h2"), rung("out"))
    assert names(after(20, {"rungs": normed}, grads=(0.0, 1.0, 1.0))) == ["no_gradient"]


def test_many_layers_a_little_too_large_are_too_large_together() -> None:
    rungs = (*(rung(f"h{i}", scale=2.0) for i in range(8)), rung("out"))
    diagnosis = Diagnosis(facts(rungs=rungs, plateaus=(), rectifiers=()))
    look = {r.node: {"weight_norm": 20.0, "grad_norm": 1.0, "update_ratio": 0.01} for r in rungs}
    for step in range(10):
        diagnosis.see(step, 1e3, look)
    assert names(diagnosis)[0] == "weights_large"
    assert "2 times" in diagnosis.findings()[0].sentence


def test_units_that_start_alike_are_said_at_the_first_look() -> None:
    diagnosis = Diagnosis(facts(alike=("h1",)))
    shown(diagnosis, 1)
    assert names(diagnosis) == ["alike"]
    assert names(after(1, {})) == []


def test_every_symptom_says_what_it_means_and_turns_off_below_where_it_turns_on() -> None:
    for symptom in SYMPTOMS:
        assert len(symptom.meaning) > 40
        assert symptom.measure.__doc__ or symptom.needs
        assert 0 < symptom.off <= symptom.on
    assert len({symptom.name for symptom in SYMPTOMS}) == len(SYMPTOMS)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (0.002, "1 %"), (0.614, "61 %"), (0.998, "99 %"), (1.0, "100 %"), (1.004, "100 %")],
)
def test_all_and_nothing_are_said_only_of_all_and_of_nothing(share: float, text: str) -> None:
    assert percent(share) == text.replace(" ", "\N{NO-BREAK SPACE}")

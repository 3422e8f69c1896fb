"""What looking at layers costs, beside the updates that would have been made anyway."""

from collections.abc import Callable

import pytest

from engine.run.lane import Lane
from engine.trainer import StepRecord, Trainer
from tests.engine.run.bench import small


def timed(update: float, look: float) -> Lane:
    """A lane by whose clock an update takes `update` seconds, and one that is looked at `look`."""
    lane = Lane(Trainer(small()))
    trainer, now = lane.trainer, 0.0
    plain, observed = trainer._updates_in_turn, trainer.step

    def updates(most: int) -> list[float]:
        nonlocal now
        now += update * most
        return plain(most)

    def one_look(layers: bool) -> StepRecord:
        nonlocal now
        now += look
        return observed(layers=layers)

    trainer._updates_in_turn, trainer.step = updates, one_look  # type: ignore[method-assign, assignment]
    lane._clock = lambda: now
    return lane


def one_by_one(lane: Lane) -> None:
    for _ in range(3):
        lane.advance()


def together(lane: Lane) -> None:
    lane.advance()
    lane.advance_unseen(2)


@pytest.mark.parametrize("go_on", [one_by_one, together])
def test_an_update_of_its_own_is_no_cost_of_a_look(go_on: Callable[[Lane], None]) -> None:
    lane = timed(update=0.125, look=0.5)
    lane.advance()  # nobody looks
    lane.observe_next = True
    go_on(lane)
    assert lane.take_looking() == 0.375
    go_on(lane)
    assert lane.take_looking() == 0.0


def test_a_look_that_costs_less_than_an_update_costs_nothing() -> None:
    lane = timed(update=1.0, look=0.5)
    lane.observe_next = True
    one_by_one(lane)
    assert lane.take_looking() == 0.0

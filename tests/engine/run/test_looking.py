"""What looking at layers costs, beside the updates that would have been made anyway."""

import pytest

from engine.run.lane import Lane
from engine.trainer import Trainer
from tests.engine.run.bench import small


def test_an_update_of_its_own_is_no_cost_of_a_look() -> None:
    lane = Lane(Trainer(small()))
    times = iter([10.0, 10.5, 20.0, 20.125])  # of the step that is looked at, and of the next one
    lane._clock = times.__next__
    lane.advance()  # nobody looks, nobody measures
    lane.observe_next = True
    for _ in range(4):
        lane.advance()
    assert lane.take_looking() == 0.375
    assert lane.take_looking() == 0.0
    with pytest.raises(StopIteration):
        next(times)


def test_a_look_that_costs_less_than_an_update_costs_nothing() -> None:
    lane = Lane(Trainer(small()))
    lane._clock = iter([10.0, 10.5, 20.0, 21.0]).__next__
    lane.observe_next = True
    for _ in range(3):
        lane.advance()
    assert lane.take_looking() == 0.0

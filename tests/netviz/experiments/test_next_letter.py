"""The next letter of a rhyme: learnt from more than the one before, and not where letters are in no order."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from engine.data.text import Text
from engine.trainer import Trainer
from tests.netviz.experiments.runs import SEEDS, experiment, scores, steps

NAME = "next-letter"
KINDS = ("LSTM", "GRU", "RNN")


def rhyme() -> str:
    made = experiment(NAME)
    return (made.folder / made.data.path).read_text("utf-8")


def told_by(text: str, before: int) -> float:
    """The conditional entropy of a letter given so many before it, in nats, from the text's own counts."""
    joint: dict[str, dict[str, int]] = {}
    for at in range(before, len(text)):
        row = joint.setdefault(text[at - before : at], {})
        row[text[at]] = row.get(text[at], 0) + 1
    counts = [np.array(list(row.values()), float) for row in joint.values()]
    return float(-sum((row * np.log(row / row.sum())).sum() for row in counts) / sum(row.sum() for row in counts))


@pytest.mark.parametrize("seed", SEEDS[:2])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_learnt_from_more_than_the_letter_before(kind, seed):
    train, validation = scores(NAME, kind, seed)
    one, two = told_by(rhyme(), 1), told_by(rhyme(), 2)
    assert one > 1 > two > 0.4
    assert max(train.loss, validation.loss) < 0.5 * two
    assert validation.accuracy > 0.97


def test_of_letters_in_no_order_nothing_is_known_but_how_often_each_comes(tmp_path: Path):
    """The control: the same letters, shuffled."""
    letters = np.array(list(rhyme()))
    (tmp_path / "shuffled.txt").write_text("".join(np.random.default_rng(0).permutation(letters)), "utf-8")
    made = experiment(NAME).lane("GRU")
    data = msgspec.structs.replace(made.data, path="shuffled.txt")
    assert isinstance(data, Text)
    trainer = Trainer(replace(made, data=data, folder=tmp_path), seed=0)
    trainer.run(steps(NAME))
    validation = trainer.evaluate()[1]
    assert validation is not None
    assert validation.loss > 0.95 * told_by(rhyme(), 0)
    assert validation.accuracy < 0.3


def test_all_lanes_read_the_same_text_with_as_many_units():
    lanes = experiment(NAME).lanes()
    assert tuple(lane.variant for lane in lanes) == KINDS
    assert [lane.graph.layer("memory").kind() for lane in lanes] == ["lstm", "gru", "rnn"]
    assert {lane.graph.layer("memory").units for lane in lanes} == {32}

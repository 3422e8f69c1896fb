"""Numbers are read, written and stepped as people mean them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.optimizers import Adam, Sgd
from engine.spec import Property, properties
from netviz.document.fields import training_properties
from netviz.editor.numbers import LogScale, allowed, parse, stepped, text

COUNT = Property("units", "Units", "", "int", 64, minimum=1, maximum=65_536)
BATCH = Property("batch_size", "Batch size", "", "int", 32, minimum=1, choices=("all",))
RATE = next(p for p in properties(Adam) if p.name == "lr")
PENALTY = Property("l2", "L2", "", "float", 0.0, minimum=0, maximum=1e3, log=True)
SHARE = next(p for p in properties(Sgd) if p.name == "momentum")
BETA = next(p for p in properties(Adam) if p.name == "beta2")


@pytest.mark.parametrize(
    ("words", "p", "value"),
    [
        (" 16 ", COUNT, 16),
        ("1 000", COUNT, 1000),
        ("1e3", COUNT, 1000),
        ("9007199254740993", COUNT, 9007199254740993),
        ("ALL", BATCH, "all"),
        ("0,05", RATE, 0.05),
        ("1e-3", RATE, 0.001),
        ("−2", RATE, -2.0),
    ],
)
def test_what_people_type(words, p, value):
    assert parse(words, p) == value
    assert type(parse(words, p)) is type(value)


@pytest.mark.parametrize(
    ("words", "p", "said"),
    [
        ("1.5", COUNT, "expected a whole number, got '1.5'"),
        ("inf", COUNT, "expected a whole number, got 'inf'"),
        ("some", BATCH, "expected a whole number or all, got 'some'"),
        ("", RATE, "expected a number, got ''"),
    ],
)
def test_what_is_no_number(words, p, said):
    with pytest.raises(ValueError, match="expected") as caught:
        parse(words, p)
    assert str(caught.value) == said


def test_short_words():
    assert [text(v) for v in (1e-8, 0.05, 32, "all", None, 1e6)] == ["1e-8", "0.05", "32", "all", "", "1000000"]
    assert allowed(COUNT) == "from 1 to 65536"
    assert allowed(RATE) == "above 0 to 1000000"


@pytest.mark.parametrize(
    ("value", "steps", "p", "new"),
    [
        (0.01, 1, RATE, 0.02),
        (0.01, 3, RATE, 0.1),
        (0.03, 1, RATE, 0.05),
        (0.03, -1, RATE, 0.02),
        (0.01, -1, RATE, 0.005),
        (0.0, 1, PENALTY, 1e-6),
        (1e-6, -1, PENALTY, 0.0),
        (0.0, -1, PENALTY, 0.0),
        (4, 1, COUNT, 5),
        (4, -10, COUNT, 1),
        (65_536, 1, COUNT, 65_536),
        (0.9, 1, SHARE, 0.95),
        (0.95, 1, SHARE, 0.95),  # 1 is not allowed
        (0.0, -1, SHARE, 0.0),
        (0.999, 1, BETA, 0.999),
    ],
)
def test_steps(value, steps, p, new):
    assert stepped(value, steps, p) == new


@given(st.integers(0, 140))
def test_the_slider_stays_where_its_value_is(position):
    scale = LogScale.of(RATE)
    position = min(position, scale.last)
    assert scale.position(scale.value(position)) == position


def test_the_scale_goes_round_the_default_and_has_a_zero_where_zero_is_allowed():
    assert LogScale.of(RATE) == LogScale(-7, 0, zero=False)
    assert LogScale.of(PENALTY) == LogScale(-6, 0, zero=True)
    assert LogScale.of(PENALTY).value(0) == 0.0
    assert LogScale.of(PENALTY).position(0.0) == 0
    assert LogScale.of(RATE).position(50.0) == LogScale.of(RATE).last
    assert LogScale.of(replace(RATE, default=0.5, maximum=1.0)).high == 0


def test_every_logarithmic_field_of_the_training_has_a_scale(document):
    found = [p for p in training_properties(document.project.training) if p.log]
    assert {p.name for p in found} >= {"optimizer.lr", "optimizer.eps", "regularization.l1", "clip_norm"}
    for p in found:
        assert LogScale.of(p).last > 0, p.name

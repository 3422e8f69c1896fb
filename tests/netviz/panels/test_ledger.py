"""What stands on screen adds up: each line from its own letters, each sum from its own rounded rows, for many nets."""

from decimal import Decimal
from math import isfinite
from typing import Any

import numpy as np
import pytest

from engine.probes.arithmetic.lines import Line, Section, Way, listed
from engine.probes.example import raw
from engine.probes.follow import Follow
from engine.trainer import Trainer
from netviz.widgets.ledger import Block, Kind, block, comes_to, number, written
from tests.engine.cases import ACTIVATIONS, project
from tests.engine.probes.written import computed


def parsed(text: str) -> Decimal:
    return Decimal(text.replace("\N{MINUS SIGN}", "-"))


def last_place(text: str) -> Decimal:
    """What one unit of the last figure is worth."""
    return Decimal(1).scaleb(int(parsed(text).as_tuple().exponent))


def holds(shown: Block) -> int:
    """Checks what a reader with a calculator would; returns how many lines there were."""
    section, total, lines = shown.section, Decimal(0), 0
    for row in shown.rows:
        if not isfinite(float(parsed(row.value)) if row.value[-1].isdigit() else np.inf):
            return 0
        if row.text:
            exact = Decimal(computed(row.text)).scaleb(-shown.exponent)
            half = last_place(row.value) * Decimal("0.5000001")
            assert abs(exact - parsed(row.value)) <= half, (row, exact)
            lines += 1
        if section.adds and row.kind is not Kind.TOTAL:
            total += parsed(row.value)
    if section.adds:
        assert shown.rows[-1].kind is Kind.TOTAL
        assert total == parsed(shown.rows[-1].value)
        true = Decimal(section.value).scaleb(-shown.exponent)
        assert abs(true - total) <= last_place(shown.rows[-1].value) * Decimal("0.5000001")
        left_over = [abs(parsed(row.value)) for row in shown.rows if row.kind is Kind.ROUNDING]
        grain = last_place(shown.rows[-1].value)
        assert not left_over or left_over[0] <= grain * len(shown.rows) * Decimal("1.6")
    return lines


def random_net(seed: int) -> tuple[Trainer, np.random.Generator]:
    rng = np.random.default_rng(seed)
    widths = rng.integers(1, 40, size=int(rng.integers(1, 4))).tolist()
    layers: list[dict[str, Any]] = []
    for index, width in enumerate(widths):
        layers.append({"id": f"h{index}", "kind": "dense", "units": int(width), "bias": bool(rng.random() < 0.8)})
        if rng.random() < 0.3:
            layers.append({"id": f"n{index}", "kind": str(rng.choice(["layer_norm", "batch_norm"]))})
        kinds = [*ACTIVATIONS, "square", "exp", "prelu"]
        layers.append({"id": f"a{index}", "kind": str(rng.choice([k for k in kinds if k != "log"]))})
    classes = int(rng.integers(2, 30))
    loss = str(rng.choice(["cross_entropy", "mse", "mae", "huber", "binary_cross_entropy", "hinge"]))
    layers.append({"id": "out", "kind": "dense", "units": classes})
    data = {"kind": "noise", "shape": [int(rng.integers(1, 30))], "classes": classes, "samples": 3 * classes}
    data["preprocess"] = str(rng.choice(["none", "standardize", "whiten"]))
    trainer = Trainer(project(layers, loss, data), dtype=str(rng.choice(["float32", "float64"])))
    scale = float(10 ** rng.uniform(-3, 0.5))
    own = trainer.network.parameters()
    trainer.network.load_parameters({name: scale * rng.standard_normal(a.shape) for name, a in own.items()})
    return trainer, rng


@pytest.mark.parametrize("seed", range(40))
def test_what_is_shown_adds_up_for_random_nets(seed: int) -> None:
    trainer, rng = random_net(seed)
    structure, lines = trainer.network.structure, 0
    for node in ("", *structure.order):
        units = int(np.prod(structure.shapes[node])) if node else 1
        for unit in {0, units - 1, int(rng.integers(units))}:
            answer = Follow(index=seed, node=node, unit=unit).measure(trainer)
            assert answer is not None
            lines += sum(holds(block(section)) for section in answer.sections)
    assert lines > 10


def sums(*values: float, name: str = "z", text: str = "{0}") -> Section:
    lines = tuple(Line(f"t{i}", text, (value,), value) for i, value in enumerate(values))
    return Section(Way.FORWARD, "h", "a sum", lines, name, float(np.sum(values)), True)


def test_whole_numbers_stay_whole_and_nothing_is_rounded() -> None:
    rows = block(sums(3.0, -2.0, 6.0)).rows
    assert [row.value for row in rows] == ["3", "−2", "6", "7"]
    assert [row.kind for row in rows] == [Kind.TERM] * 3 + [Kind.TOTAL]


def test_what_roundings_leave_over_has_a_row() -> None:
    shown = block(sums(*[1 / 3] * 3))
    assert [row.value for row in shown.rows] == ["0.3333", "0.3333", "0.3333", "0.0001", "1.0000"]
    assert shown.rows[3].kind is Kind.ROUNDING
    holds(shown)


def test_tiny_sums_are_told_in_a_power_of_ten() -> None:
    shown = block(sums(2.5e-8, -1.25e-9))
    assert shown.exponent == -9
    assert shown.title.endswith("in 10⁻⁹")
    assert [row.value for row in shown.rows] == ["25.00", "−1.25", "23.75"]


def test_where_figures_cancel_more_are_shown() -> None:
    """f(x) − e(y) of a net that is nearly sure: 0.99998 − 1 would be −0.00002."""
    p = 0.9999816612345
    (row,) = block(listed(Way.LOSS, "out", "t", Line("d", "{0} − {1}", (p, 1.0), p - 1))).rows
    assert computed(row.text) == pytest.approx(float(parsed(row.value)), rel=1e-4)
    assert float(parsed(row.value)) == pytest.approx(p - 1, rel=2e-4)
    assert len(row.text) > len("0.99998 − 1")


def test_negative_numbers_stand_in_brackets_where_they_would_be_misread() -> None:
    assert written("{0}·{1}", ("−2", "−3")) == "−2·(−3)"
    assert written("1 − {0}²", ("−0.5",)) == "1 − (−0.5)²"
    assert written("{0}²", ("−0.5",)) == "(−0.5)²"
    assert written("exp({0} − {1})", ("−1", "−2")) == "exp(−1 − (−2))"
    assert written("max({0}, {1})", ("−1", "−2")) == "max(−1, −2)"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2·(0.5 − 1)²", 0.5),
        ("|−3|/2", 1.5),
        ("√(9) + log(1)", 3.0),
        ("σ(0)·Φ(0)", 0.25),
        ("1.5e−3·2", 0.003),
        ("exp(1e9)", np.inf),
        ("1/0", np.nan),
        ("__import__", np.nan),
        ("open(1)", np.nan),
    ],
)
def test_a_text_comes_to_its_value(text: str, value: float) -> None:
    assert comes_to(text) == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (3.0, "3"), (-0.5, "−0.5"), (0.123456, "0.12346"), (1234.5678, "1234.6"), (1.5e-7, "1.5e−7")],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


def test_what_is_no_number_is_told_so() -> None:
    rows = block(sums(np.nan, np.inf)).rows
    assert [row.value for row in rows] == ["NaN", "∞", "NaN"]
    trainer, _ = random_net(3)
    answer = Follow(x=raw(np.full(trainer.network.input_shape, np.nan))).measure(trainer)
    assert answer is not None
    assert all(block(section).rows is not None for section in answer.sections)

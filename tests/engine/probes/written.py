"""Arithmetic as it is written on screen, computed anew from its letters and numbers."""

import re
from math import erfc, exp, fsum, inf, isfinite, log, nan, pi, sqrt, tanh
from typing import Any

from engine.probes.arithmetic.lines import Line, Section

NAMES: dict[str, Any] = {
    "exp": exp,
    "log": log,
    "tanh": tanh,
    "max": max,
    "abs": abs,
    "sqrt": sqrt,
    "sigma": lambda a: 1 / (1 + exp(-a)),
    "Phi": lambda a: erfc(-a / sqrt(2)) / 2,
    "phi": lambda a: exp(-a * a / 2) / sqrt(2 * pi),
    "nan": nan,
    "inf": inf,
}
SIGNS = {"·": "*", "−": "-", "²": "**2", "√": "sqrt", "σ": "sigma", "Φ": "Phi", "φ": "phi", "⁻": "-"}


def computed(text: str) -> float:
    """What a text like `2·(0.5 − 1)²` comes to."""
    for sign, code in SIGNS.items():
        text = text.replace(sign, code)
    return float(eval(re.sub(r"\|([^|]*)\|", r"abs(\1)", text), NAMES))


def of_line(line: Line) -> float:
    """A line's text with its numbers put in, to all digits."""
    return computed(line.text.format(*(f"({number!r})" for number in line.numbers)))


def sum_of(section: Section) -> float:
    values = [line.value for line in section.lines] + [section.rest]
    return fsum(values) if all(map(isfinite, values)) else nan

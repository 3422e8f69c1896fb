"""Where an axis ends, where its ticks stand, and how a number reads: steady from frame to frame."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor, isfinite, isnan, log10

Tick = tuple[float, str]

# An axis that grows by these never leaves more than an eighth of its length empty, and moves seldom.
_STEPS = (1, 1.12, 1.25, 1.4, 1.6, 1.8, 2, 2.25, 2.5, 2.8, 3.2, 3.6, 4, 4.5, 5, 5.6, 6.4, 7.2, 8, 9, 10)
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SPACE = "\N{NO-BREAK SPACE}"
_MINUS = "\N{MINUS SIGN}"
NONE = "–"


def nice_up(value: float) -> float:
    """The smallest of a fixed set of round numbers that is not below `value` > 0."""
    decade = 10.0 ** floor(log10(value))
    return next((step * decade for step in _STEPS if step * decade >= value * (1 - 1e-12)), 10 * decade)


@dataclass(slots=True)
class Reach:
    """The end of an axis: grows at once when data go beyond, shrinks only when they fill less than `kept` of it."""

    least: float
    round_up: Callable[[float], float] = nice_up
    kept: float = 0.5
    value: float = 0.0

    def take(self, value: float) -> float:
        """The end that shows `value`."""
        if 0 < self.kept * self.value <= value <= self.value:
            return self.value  # most often, and rounding takes longer
        wanted = self.round_up(value) if isfinite(value) and value > self.least else self.least
        if wanted > self.value or wanted < self.kept * self.value:
            self.value = wanted
        return self.value


def linear_ticks(low: float, high: float, most: int, least: float = 0.0) -> list[Tick]:
    """At most `most` ticks at round numbers from `low` to `high`, `least` or more apart: 1 for what is counted."""
    if not high > low or most < 1:
        return []
    rough = max((high - low) / most, least)
    decade = 10.0 ** floor(log10(rough))
    step = next(s * decade for s in (1, 2, 5, 10, 20) if s * decade >= rough * (1 - 1e-9))
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    if last - first >= most:
        first += first % 2
        return [(i * step, _tick_text(i * step, step * 2)) for i in range(first, last + 1, 2)]
    return [(i * step, _tick_text(i * step, step)) for i in range(first, last + 1)]


def _tick_text(value: float, step: float) -> str:
    size = max(abs(value), step)
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size >= unit * (10 if letter == "k" else 1):
            return signed(f"{value / unit:.{max(0, -floor(log10(step / unit) + 1e-9))}f}") + (letter if value else "")
    if step < 1e-4:
        return signed(f"{value:.0e}") if value else "0"
    return signed(f"{value:.{max(0, -floor(log10(step) + 1e-9))}f}")


def decade_ticks(low: float, high: float, most: int) -> list[Tick]:
    """Ticks at whole powers of ten; `low` and `high` are exponents."""
    first, last = ceil(low - 1e-9), floor(high + 1e-9)
    every = max(1, ceil((last - first + 1) / max(1, most)))
    return [(i, power(i)) for i in range(first, last + 1) if i % every == 0]


def power(exponent: int) -> str:
    return "10" + str(exponent).translate(_RAISED)


def of_all(seen: int, count: int) -> str:
    """How many were looked at: "first 500 of 1,797", or "all 150"."""
    return f"first {whole(seen)} of {whole(count)}" if seen < count else f"all {whole(count)}"


def signed(text: str) -> str:
    """With a minus sign as wide as a digit."""
    return text.replace("-", _MINUS)


def figure(value: float) -> str:
    """A number in three figures, seven places wide: for numbers that change in place."""
    if isnan(value):
        text = NONE
    elif not isfinite(value):
        text = "∞" if value > 0 else "-∞"
    elif value == 0 or 0.001 <= abs(value) < 1000:
        text = f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
    else:
        text = _short_power(f"{value:.1e}")
        text = text if len(text) <= 6 else _short_power(f"{value:.0e}")
    return f"{signed(text):>7}".replace(" ", _SPACE)


def _short_power(text: str) -> str:
    """1.2e-04 as 1.2e-4."""
    digits, _, power = text.partition("e")
    return f"{digits}e{int(power)}"


def percent(share: float, digits: int = 1) -> str:
    """A share in per cent, of one width; 100 % and 0 % are said only of all and of nothing."""
    if isnan(share):
        text = NONE
    elif share in (0.0, 1.0):
        text = f"{share * 100:.0f}"
    else:
        grain = 10.0**-digits
        text = f"{min(max(share * 100, grain), 100 - grain):.{digits}f}"
    return f"{text:>{4 if digits else 3}}{_SPACE}%".replace(" ", _SPACE)


def whole(number: float) -> str:
    """A count with thin gaps between the thousands."""
    return f"{round(number):,}".replace(",", "\N{NARROW NO-BREAK SPACE}")

"""What came out of a network for one example, as bars: probabilities from 0 to 1, other numbers to both sides of 0."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np

from engine.probes.example import ExampleAnswer, Meaning, Origin
from netviz.widgets.ticks import signed, whole

LOGIT = "logit"  # the label of the one output that two classes share
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True, slots=True)
class Bar:
    """One output. `share` is a probability; a `value` without one goes to both sides of 0."""

    label: str
    value: float
    share: float | None  # what the bar shows, where it is a probability
    figures: str
    label_class: int | None = None
    chosen: bool = False
    true: bool = False
    wanted: float | None = None  # the number that should come out


def figure(value: float) -> str:
    """A number of at most six places."""
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "∞" if value > 0 else "−∞"
    size = abs(value)
    return signed(f"{value:.3f}" if size < 10 else f"{value:.2f}" if size < 100 else f"{value:.4g}")


def chance(share: float) -> str:
    """A probability in per cent; what is too small or too near to one to be told says so."""
    if not np.isfinite(share):
        return "NaN"
    text = f"{share * 100:.1f}"
    if text in ("0.0", "100.0"):
        text = {0.0: "0", 1.0: "100"}.get(share, "<0.1" if share < 0.5 else ">99.9")
    return text + "\N{NO-BREAK SPACE}%"


def bars(answer: ExampleAnswer, origin: Origin | None) -> list[Bar]:
    """A bar for each output that was told; of one output that decides between two classes, a bar for each class too."""
    outputs = np.asarray(answer.output, float).tolist()
    shares = None if answer.probabilities is None else np.asarray(answer.probabilities, float).tolist()
    label = None if origin is None else origin.label
    classes = answer.data.classes
    if answer.outputs == 1 and classes == 2 and shares is not None:
        (value,), (share,) = outputs, shares
        made = [] if answer.meaning is Meaning.PROBABILITIES else [Bar(LOGIT, value, None, figure(value))]
        for i, part in enumerate((1 - share, share)):
            made.append(Bar(f"class {i}", part, part, chance(part), i, answer.chosen == i, label == i))
        return made
    named = answer.chosen is not None and answer.outputs > 1
    targets = None if origin is None or origin.target is None else np.asarray(origin.target, float)
    made = []
    for k, (unit, value) in enumerate(zip(np.asarray(answer.units).tolist(), outputs, strict=True)):
        name = f"class {unit}" if named or (classes and answer.outputs > 1) else output_name(unit, answer.outputs)
        if answer.meaning is Meaning.PROBABILITIES:
            share, figures = value, chance(value)
        else:
            share, figures = None, figure(value)
            if shares is not None:
                figures = f"{figures} {chance(shares[k]):>7}"
        wanted = None if targets is None or unit >= len(targets) else float(targets[unit])
        made.append(
            Bar(
                name,
                value,
                share,
                figures,
                unit if named else None,
                named and answer.chosen == unit,
                label == unit and named,
                wanted,
            )
        )
    return made


def output_name(unit: int, outputs: int) -> str:
    return "y" if outputs == 1 else "y" + str(unit + 1).translate(_LOWERED)


def shown(made: Sequence[Bar], room: int, outputs: int) -> tuple[list[Bar], str]:
    """The bars that fit into `room` lines, and a line on those that do not: the greatest stay, and the true class."""
    if len(made) > room and made[0].label == LOGIT:
        made = made[1:]
    hidden = outputs - len(made) if outputs > 1 else 0
    if len(made) <= room and not hidden:
        return list(made), ""
    keep = max(1, room - 1)
    order = sorted(
        range(len(made)),
        key=lambda i: (not made[i].chosen, not made[i].true, 0.0 if isnan(made[i].value) else -made[i].value),
    )
    kept = sorted(order[:keep])
    left = [made[i] for i in order[keep:]]
    count = len(left) + hidden
    if not count:
        return list(made), ""
    top = max((bar.value for bar in left), default=min(bar.value for bar in made))
    most = chance(top) if made[0].share is not None else figure(top)
    return [made[i] for i in kept], f"{whole(count)} more, none above {most}"


def verdict(answer: ExampleAnswer, origin: Origin | None) -> tuple[str, str, bool | None]:
    """What is decided, how it compares with what the data say, and whether that is right."""
    label = None if origin is None else origin.label
    if answer.chosen is not None:
        text = f"class {answer.chosen}"
        if answer.probabilities is not None:
            text += f"  {chance(sureness(answer))}"
        if label is None:
            return text, "", None
        return text, "right" if label == answer.chosen else f"should be {label}", label == answer.chosen
    if origin is not None and origin.target is not None and answer.outputs == len(origin.target) == 1:
        wanted = float(origin.target[0])
        return f"{figure(float(answer.output[0]))}", f"should be {figure(wanted)}", None
    if answer.outputs == 1:
        return figure(float(answer.output[0])), "" if label is None else f"should be {label}", None
    return "", "", None


def sureness(answer: ExampleAnswer) -> float:
    """The probability of the class decided for."""
    assert answer.probabilities is not None
    shares = np.asarray(answer.probabilities, float)
    if answer.outputs == 1:
        return float(shares[0] if answer.chosen == 1 else 1 - shares[0])
    return float(shares[np.asarray(answer.units) == answer.chosen][0])


def captions(answer: ExampleAnswer, origin: Origin | None) -> tuple[str, ...]:
    """What the bars are, in more and in fewer words; first of all whether they are a mean."""
    if answer.views == 1:
        return _captions(answer, origin)
    mean = f"mean of {answer.views} views"
    return (*(f"{mean}: {words}" for words in _captions(answer, origin)), mean)


def _captions(answer: ExampleAnswer, origin: Origin | None) -> tuple[str, ...]:
    if answer.meaning is Meaning.PROBABILITIES:
        return ("probabilities",)
    if answer.meaning is Meaning.NUMBERS:
        wanted = origin is not None and origin.target is not None
        return ("outputs, and a mark where each should be", "outputs") if wanted else ("outputs",)
    if answer.outputs == 1:
        return ("logit, and the probabilities that the loss makes of it",)  # the bar itself is called so
    return "logits, and the probabilities that the loss makes of them", "logits"

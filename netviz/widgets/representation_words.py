"""What a layer's picture of the examples is called, and what it says of itself."""

import numpy as np

from engine.probes.representation import LayerView
from netviz.widgets.ticks import percent, whole


def name_of(view: LayerView) -> str:
    return view.node or "input"


def units_in_words(view: LayerView) -> str:
    some = f"{whole(view.looked_at)} of " if view.looked_at < view.units else ""
    return f"{some}{whole(view.units)} unit{'s' if view.units > 1 else ''}"


def share_in_figures(view: LayerView) -> str:
    """How much of the variance a plane shows."""
    return "" if view.exact else percent(sum(view.shares), 0).strip()


def feet(view: LayerView) -> tuple[str, ...]:
    """What a picture shows, in several lengths, the longest first."""
    fills = "" if np.isnan(view.dimensions) else f"; {view.dimensions:.1f} of {whole(view.looked_at)} directions filled"
    if view.lost:
        return (f"{whole(view.lost)} examples have outputs that are no numbers", f"{whole(view.lost)} are no numbers")
    if view.exact:
        what = "the plane of its two units itself" if view.units == 2 else "its one unit"
        return what + fills, what
    if np.isnan(view.dimensions):
        return ("all examples lie on one spot", "one spot")
    first, second = (percent(share, 0).strip() for share in view.shares)
    return (
        f"principal axes with {first} and {second} of the variance{fills}",
        f"{first} + {second} of the variance{fills}",
        f"{first} + {second}, {view.dimensions:.1f} directions",
        f"{first} + {second}",
    )

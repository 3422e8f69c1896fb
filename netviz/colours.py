"""The colours themselves, dark and light: of the window, and of pages that are written without one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Theme:
    """Named colours as #rrggbb."""

    name: str
    window: str  # behind the cards
    card: str  # panels, nodes
    raised: str  # fields, buttons
    line: str  # borders, grid
    text: str
    faint: str  # secondary text; at least 4.5:1 on card
    accent: str  # selection, the run button
    on_accent: str
    orange: str  # class 1, positive
    blue: str  # class 0, negative
    neutral: str  # between them: the boundary itself
    amber: str  # saturated, watch
    red: str  # dead, trouble
    green: str  # fine
    rim: str  # around dots on a picture of any colour


DARK = Theme(
    name="dark",
    window="#0f1116",
    card="#171a21",
    raised="#1f242e",
    line="#2b313d",
    text="#e8eaf0",
    faint="#9aa3b2",
    accent="#4c9dff",
    on_accent="#0b0d11",
    orange="#f5922f",
    blue="#3d85f5",
    neutral="#171a21",
    amber="#e0a52e",
    red="#f4655b",
    green="#3ecf8e",
    rim="#0b0d11",
)
LIGHT = Theme(
    name="light",
    window="#eef0f4",
    card="#ffffff",
    raised="#f3f5f8",
    line="#d5dae2",
    text="#161a22",
    faint="#5a6473",
    accent="#1f6fe0",
    on_accent="#ffffff",
    orange="#e07b12",
    blue="#2b6fe0",
    neutral="#ffffff",
    amber="#b97d05",
    red="#d93a2f",
    green="#15905a",
    rim="#ffffff",
)

# From input to output, a perceptual ramp of even lightness steps; light themes take its darker end.
DEPTH_DARK = ("#6d5ae6", "#4676ea", "#2f9fd8", "#27bda0", "#7dcc45", "#f2c53d")
DEPTH_LIGHT = ("#4a35c4", "#2a5bd0", "#14799f", "#0e8064", "#4f8a10", "#a87a00")
# What runs along a wire, from far too little through what is usual to far too much, in even steps of a logarithm.
FLOW_DARK = ("#93453a", "#ad6a3c", "#a9934a", "#62ad72", "#3ecf8e", "#d783ff")
FLOW_LIGHT = ("#a8281e", "#b9591a", "#8f7a14", "#3f8f55", "#128a55", "#9b3fd1")
# Lanes side by side; the first is the project's own network.
LANES_DARK = ("#4c9dff", "#f5922f", "#3ecf8e", "#d783ff", "#f4655b", "#c2c8d2")
LANES_LIGHT = ("#1f6fe0", "#c9690a", "#15905a", "#9b3fd1", "#c7372d", "#5a6473")
# Classes on a picture: the two signs first, then hues that keep apart for the colour-blind as far as can be.
MORE_CLASSES = ("#2fa76f", "#b565d9", "#d94f5c", "#3fb8c4", "#c9b23c", "#8c6d52", "#7f8a99", "#e58ab8")

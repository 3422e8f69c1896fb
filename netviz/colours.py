"""The colours themselves, dark and light: of the window, and of pages that are written without one."""

from dataclasses import dataclass, replace


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

    @property
    def dark(self) -> bool:
        return self.name == "dark"


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
    amber="#f2c21a",
    red="#e96a50",
    green="#6fe3c1",
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
    red="#b20633",
    green="#139d83",
    rim="#ffffff",
)
# For those who need more contrast: grounds and letters at the ends, lines that can be seen. Signs stay what they are.
HIGH_DARK = replace(
    DARK,
    window="#000000",
    card="#000000",
    raised="#141414",
    line="#8a93a3",
    text="#ffffff",
    faint="#d5dae2",
    accent="#62b0ff",
    on_accent="#000000",
    neutral="#000000",
    rim="#000000",
)
HIGH_LIGHT = replace(
    LIGHT,
    window="#ffffff",
    raised="#ffffff",
    line="#5a6473",
    text="#000000",
    faint="#363c46",
    accent="#0047b3",
)

# From input to output, a perceptual ramp of even lightness steps; light themes take its darker end.
DEPTH_DARK = ("#6d5ae6", "#4676ea", "#2f9fd8", "#27bda0", "#7dcc45", "#f2c53d")
DEPTH_LIGHT = ("#4a35c4", "#2a5bd0", "#14799f", "#0e8064", "#4f8a10", "#a87a00")
# What runs along a wire, from far too little through what is usual to far too much, in even steps of a logarithm.
FLOW_DARK = ("#93453a", "#ad6a3c", "#a9934a", "#62ad72", "#3ecf8e", "#d783ff")
FLOW_LIGHT = ("#a8281e", "#b9591a", "#8f7a14", "#3f8f55", "#128a55", "#9b3fd1")
# Heights of a landscape, the lowest first: a picture of its own, the same in both themes.
HEIGHTS = ("#0e1a3a", "#183f70", "#1f7689", "#57a578", "#bfc56a", "#f8eba8")
ON_HEIGHTS = ("#ffffff", "#10131a")  # what is drawn on it, and its rim
# Lanes, classes and health were searched for so that the colour-blind can tell any two apart, by lightness where hue
# does not help; tests/netviz/test_colours.py holds them to a published simulation.
# Lanes side by side; the first is the project's own network.
LANES_DARK = ("#4c9dff", "#f5922f", "#5eedb0", "#b768ab", "#f64c64", "#d5ebfb")
LANES_LIGHT = ("#1f6fe0", "#c9690a", "#009a62", "#630297", "#d8203f", "#5a6473")
# Classes on a picture: after the two signs. They keep apart from both grounds, too, which mean "unsure".
MORE_CLASSES = ("#2dd7f8", "#be759e", "#357144", "#f6c380", "#792586", "#bab89f", "#b54c0a", "#4e4c59")

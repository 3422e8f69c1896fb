"""What is told by colour can be told by the colour-blind, and letters can be read.

Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency" (IEEE TVCG
15, 2009), table 1 at severity 1.0, applied to linear RGB; distances in CIE L*a*b* of 1976, where about 2.3 can just be
seen; contrast as in WCAG 2.2.
"""

from itertools import combinations

import numpy as np
import pytest

from netviz.colours import DARK, HIGH_DARK, HIGH_LIGHT, LANES_DARK, LANES_LIGHT, LIGHT, MORE_CLASSES, Theme

SEEN_BY = {
    "everyone": np.eye(3),
    "protanopes": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopes": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopes": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
THEMES = (DARK, LIGHT, HIGH_DARK, HIGH_LIGHT)
by_theme = pytest.mark.parametrize("theme", THEMES, ids=["dark", "light", "high dark", "high light"])
by_eyes = pytest.mark.parametrize("eyes", SEEN_BY)


def linear(colour: str) -> np.ndarray:
    share = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    parts = XYZ @ rgb / XYZ.sum(axis=1)
    x, y, z = np.where(parts > 216 / 24389, np.cbrt(parts), (24389 / 27 * parts + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def apart(first: str, second: str, eyes: str) -> float:
    """How far two colours lie apart for these eyes."""
    seen = (lab(np.clip(np.array(SEEN_BY[eyes]) @ linear(colour), 0, 1)) for colour in (first, second))
    return float(np.linalg.norm(np.subtract(*seen)))


def least(colours, eyes: str) -> float:
    return min(apart(*pair, eyes) for pair in combinations(colours, 2))


def contrast(first: str, second: str) -> float:
    high, low = sorted((float(XYZ[1] @ linear(colour)) for colour in (first, second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_simulation_is_the_published_one():
    """Grey stays grey for all eyes, red and green come together for protanopes and deuteranopes, blue and green do
    for tritanopes; and black and white are 100 apart."""
    for eyes in SEEN_BY:
        assert np.allclose(np.sum(SEEN_BY[eyes], axis=1), 1, atol=1e-5)
    assert apart("#cc3333", "#7a6a00", "deuteranopes") < 0.4 * apart("#cc3333", "#7a6a00", "everyone")
    assert apart("#c04040", "#6b6b30", "protanopes") < 0.5 * apart("#c04040", "#6b6b30", "everyone")
    assert apart("#0060a0", "#007070", "tritanopes") < 0.6 * apart("#0060a0", "#007070", "everyone")
    assert apart("#000000", "#ffffff", "everyone") == pytest.approx(100, abs=0.01)


@by_eyes
@by_theme
def test_the_two_signs_and_what_lies_between_are_far_apart(theme: Theme, eyes: str):
    assert apart(theme.blue, theme.orange, eyes) > 80
    assert least((theme.blue, theme.orange, theme.neutral), eyes) > 50


@by_eyes
@by_theme
def test_health_is_told_apart(theme: Theme, eyes: str):
    assert least((theme.green, theme.amber, theme.red), eyes) > 30


@by_eyes
@pytest.mark.parametrize("lanes", [LANES_DARK, LANES_LIGHT], ids=["dark", "light"])
def test_lanes_are_told_apart(lanes, eyes: str):
    assert least(lanes, eyes) > 20


@by_eyes
@by_theme
def test_classes_are_told_apart_and_from_the_ground(theme: Theme, eyes: str):
    assert least((theme.blue, theme.orange, *MORE_CLASSES, theme.neutral), eyes) > 15


@by_theme
def test_letters_can_be_read(theme: Theme):
    for ground in (theme.card, theme.window, theme.raised):
        assert contrast(theme.text, ground) >= 7
        assert contrast(theme.faint, ground) >= 4.5
    assert contrast(theme.on_accent, theme.accent) >= 4.5
    for sign in (theme.amber, theme.red, theme.green, theme.accent, *(LANES_DARK if theme.dark else LANES_LIGHT)):
        assert contrast(sign, theme.card) >= 3


@pytest.mark.parametrize("theme", [HIGH_DARK, HIGH_LIGHT], ids=["dark", "light"])
def test_high_contrast_is_higher(theme: Theme):
    usual = DARK if theme.dark else LIGHT
    assert contrast(theme.text, theme.card) >= 20
    assert contrast(theme.faint, theme.card) >= 10
    assert contrast(theme.line, theme.card) >= 3 > contrast(usual.line, usual.card)

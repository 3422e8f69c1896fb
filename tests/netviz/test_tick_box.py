"""A box to tick is seen, ticked or not, in every theme; the keys are seen in it."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QStyle, QStyleOptionButton, QVBoxLayout, QWidget

from netviz import theme
from netviz.widgets.tick_box import TickBox


@pytest.fixture
def box(qapp, qtbot):
    theme.start(qapp, "dark")
    card, made = QWidget(), TickBox()
    card.setObjectName("card")
    card.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    QVBoxLayout(card).addWidget(made)
    qtbot.addWidget(card)
    with qtbot.waitExposed(card):
        card.show()
    card.activateWindow()
    qtbot.waitUntil(card.isActiveWindow)
    made.clearFocus()
    yield made
    theme.look().use(theme.DARK)
    qapp.setStyleSheet("")


def luminance(colour: QColor) -> float:
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: QColor, b: QColor) -> float:
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)


def edge(box: TickBox) -> QColor:
    option = QStyleOptionButton()
    box.initStyleOption(option)
    place = box.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, box)
    return box.grab().toImage().pixelColor(place.center().x(), place.top())


@pytest.mark.parametrize("choice", ["dark", "light", "high dark", "high light"])
@pytest.mark.parametrize("ticked", [False, True])
def test_its_outline_stands_out(box, choice, ticked) -> None:
    """WCAG asks for 3:1 for what is to be operated."""
    look = theme._THEMES[choice]
    theme.look().use(look)
    box.setChecked(ticked)
    assert contrast(edge(box), QColor(look.card)) >= 3.0


def test_a_tick_and_the_keys_change_the_picture(box, qtbot) -> None:
    plain = box.grab().toImage()
    box.setFocus()
    qtbot.waitUntil(box.hasFocus)
    focused = box.grab().toImage()
    assert focused != plain
    QTest.keyClick(box, Qt.Key.Key_Space)
    assert box.isChecked()
    assert box.grab().toImage() not in (plain, focused)
    box.setChecked(False)
    box.setText("off")
    box.adjustSize()
    assert box.grab().toImage().width() > plain.width()

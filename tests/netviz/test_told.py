"""A head and a sentence in lines: how high they are, what of them is marked and copied, what a screen reader says."""

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QColor, QContextMenuEvent, QFontMetricsF, QGuiApplication, QImage, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from netviz import theme
from netviz.widgets.told import Told

HEAD = "Vanishing gradient in h1, h2, since step 0"
SENTENCE = "In h1 it is 1.8e-06 of what it is in out, a factor of 0.19 a layer."
WIDTH = 260
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def told(qtbot) -> Told:
    made = Told()
    qtbot.addWidget(made)
    made.say(HEAD, SENTENCE, "cause")
    made.resize(WIDTH, made.height_for(WIDTH))
    with qtbot.waitExposed(made):
        made.show()
    return made


def lines(told: Told) -> list[tuple[str, QRect]]:
    """What is written in each line, and where."""
    layout = told._lines(told.width())[0]
    found = (layout.lineAt(i) for i in range(layout.lineCount()))
    return [
        (told.words[line.textStart() :][: line.textLength()], line.naturalTextRect().toAlignedRect()) for line in found
    ]


def painted(told: Told) -> QImage:
    image = QImage(told.size(), QImage.Format.Format_RGB32)
    told.render(image)
    return image


def ink(image: QImage, box: QRect, colour: str) -> int:
    """How many pixels in a box have nearly this colour: letters have soft edges."""
    wanted = QColor(colour).getRgb()
    return sum(
        sum(abs(a - b) for a, b in zip(image.pixelColor(x, y).getRgb(), wanted, strict=True)) < 150
        for x in range(box.left(), box.right() + 1)
        for y in range(box.top(), box.bottom() + 1)
        if image.rect().contains(x, y)
    )


def test_every_word_is_written_and_the_head_leaves_room_for_its_mark(told) -> None:
    found = lines(told)
    assert "".join(text for text, _ in found) == told.words
    beside = WIDTH - QFontMetricsF(theme.small()).horizontalAdvance("cause")
    heads = [box for text, box in found if text in HEAD + "\N{LINE SEPARATOR}"]
    assert len(heads) > 1
    assert all(box.right() < beside for box in heads)
    assert max(box.right() for _, box in found[len(heads) :]) > beside, "the sentence has all of the width"
    image = painted(told)
    mark = QRect(int(beside), 0, WIDTH - int(beside), heads[0].height())
    assert ink(image, mark, theme.theme().red) > 5
    assert all(ink(image, box, theme.theme().text) > 5 for _, box in found)


@pytest.mark.usefixtures("usual_size")
def test_the_narrower_and_the_larger_its_letters_the_higher(told) -> None:
    heights = [told.height_for(width) for width in (900, 260, 120, 20)]
    assert heights == sorted(set(heights))
    theme.look().resize(2.0)
    told.restyle()
    assert told.height_for(900) >= 1.7 * heights[0]


def test_a_word_that_is_longer_than_a_line_is_broken(told) -> None:
    told.say("encoder_block_one_attention_query_projection_of_the_first_head")
    assert len(lines(told)) > 1
    assert all(box.right() <= WIDTH for _, box in lines(told))


def drag(told: Told, start: QPoint, end: QPoint) -> None:
    QTest.mousePress(told, LEFT, pos=start)
    QTest.mouseMove(told, end)
    QTest.mouseRelease(told, LEFT, pos=end)


def test_the_mouse_marks_and_keys_copy(told, qtbot) -> None:
    _, first = lines(told)[0]
    _, last = lines(told)[-1]
    with qtbot.assertNotEmitted(told.clicked):
        drag(told, QPoint(0, first.center().y()), QPoint(WIDTH - 1, last.center().y()))
    assert told.marked_words == f"{HEAD}\n{SENTENCE}"
    image = painted(told)
    assert ink(image, last, theme.theme().accent) > 50
    QTest.keySequence(told, QKeySequence(QKeySequence.StandardKey.Copy))
    assert QGuiApplication.clipboard().text() == f"{HEAD}\n{SENTENCE}"
    with qtbot.waitSignal(told.clicked):
        QTest.mouseClick(told, LEFT, pos=last.center())
    assert told.marked_words == ""
    assert ink(painted(told), last, theme.theme().accent) == 0


def test_a_mark_goes_back_as_well_as_forth(told) -> None:
    text, line = lines(told)[-1]
    drag(told, QPoint(line.right() + 2, line.center().y()), QPoint(0, line.center().y()))
    assert told.marked_words == text


def test_two_clicks_mark_a_word(told) -> None:
    _, line = lines(told)[0]
    QTest.mouseDClick(told, LEFT, pos=QPoint(4, line.center().y()))
    assert told.marked_words == "Vanishing"


def test_the_menu_copies_all_where_nothing_is_marked(told, qtbot) -> None:
    QTest.mouseClick(told, Qt.MouseButton.RightButton)
    QApplication.sendEvent(told, context_menu(told))
    menu = told.findChild(QMenu)
    copy, everything = menu.actions()
    copy.trigger()
    assert QGuiApplication.clipboard().text() == f"{HEAD}\n{SENTENCE}"
    everything.trigger()
    assert told.marked_words == f"{HEAD}\n{SENTENCE}"
    menu.close()


def context_menu(told: Told) -> QContextMenuEvent:
    return QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(5, 5), told.mapToGlobal(QPoint(5, 5)))


def test_what_is_marked_stays_marked_while_numbers_change(told) -> None:
    told.show_marked(0, len(told.words))
    told.say(HEAD, SENTENCE.replace("1.8", "1.7"), "cause")
    assert "1.7e-06" in told.marked_words
    told.say(HEAD)
    assert told.marked_words == HEAD


def test_a_screen_reader_says_it_as_plain_text(told) -> None:
    heard = QAccessible.queryAccessibleInterface(told)
    assert heard.role() is QAccessible.Role.StaticText
    assert heard.text(QAccessible.Text.Name) == f"{HEAD}. {SENTENCE}"

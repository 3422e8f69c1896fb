"""A file of data is shown before it is used: by real clicks and keys, over a document that nothing else changes."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from netviz import theme
from tests.netviz.editor.forms import choose
from tests.netviz.editor.import_hand import LEFT, NONE, TABLE, click_head, roles, settled


def test_a_table_is_shown_and_imported_with_a_network_in_one_step(show, document, qtbot) -> None:
    before = document.project.to_bytes()
    dialog = show()
    assert dialog.isModal()
    assert dialog.size_words.text() == "40 rows, 5 columns"
    assert roles(dialog) == ("unused", "number", "category", "number", "target")
    model = dialog.table.sheet_model
    assert model.index(0, 1).data() == "7.5 … 144"
    assert model.index(2, 4).data() == "cat"
    assert model.headerData(1, Qt.Orientation.Horizontal) == "weight\nnumber"
    assert dialog.balance.balance == (("cat", 30), ("dog", 10))
    assert dialog.preprocess.currentData() == "standardize"
    assert "Standardize, numbers reach 144" in dialog.advice.text()
    assert dialog.network.text() == "4 → 8 ReLU → 1, binary cross-entropy, Adam"
    assert not dialog.replace.isChecked(), "the network that there is fits two classes"
    QTest.mouseClick(dialog.replace, LEFT, NONE, QPoint(8, dialog.replace.height() // 2))
    assert document.project.to_bytes() == before
    QTest.mouseClick(dialog.accept_button, LEFT)
    data = document.project.data.to_json()
    assert data.pop("path").endswith("t.csv")
    assert data == {"kind": "csv", "leave_out": "Id", "preprocess": "standardize"}
    assert [node.id for node in document.project.graph.nodes] == ["x", "h1", "a1", "out"]
    assert document.project.graph.layer("h1").units == 8
    assert document.stack.count() == 1
    document.stack.undo()
    assert document.project.to_bytes() == before


@pytest.mark.parametrize("how", ["button", "escape"])
def test_cancel_changes_nothing(show, document, qtbot, how) -> None:
    before = document.project.to_bytes()
    dialog = show()
    QTest.keyClick(dialog.table, Qt.Key.Key_C)
    if how == "escape":
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    else:
        (cancel,) = (b for b in dialog.buttons.buttons() if b is not dialog.accept_button)
        QTest.mouseClick(cancel, LEFT)
    assert document.project.to_bytes() == before
    assert document.stack.count() == 0


def test_a_column_is_taken_for_something_else_by_its_head(show, document, qtbot) -> None:
    dialog = show()
    menu = click_head(dialog, 3)
    assert [action.text() for action in menu.actions()] == [
        "&Number",
        "&Category",
        "&Leave Out",
        "&Target",
        "&Also a Target",
    ]
    assert [action.isChecked() for action in menu.actions()] == [True, False, False, False, False]
    QTest.keyClick(menu, Qt.Key.Key_T)
    assert roles(dialog) == ("unused", "number", "category", "target", "category")
    assert dialog.target.text() == "age: 7 classes"
    assert not dialog.accept_button.isEnabled(), "not yet looked at like that"
    settled(dialog, qtbot)
    assert dialog.network.text().endswith("→ 7, cross-entropy, Adam")
    assert dialog.replace.isChecked(), "binary cross-entropy does not fit seven classes"
    choose(dialog.task, "N")
    settled(dialog, qtbot)
    assert dialog.target.text() == "age: numbers from 0 to 6"
    assert dialog.network.text().endswith("→ 1, mean squared error, Adam")


def test_columns_are_reached_and_changed_by_keys(show, document, qtbot) -> None:
    dialog = show()
    dialog.table.setFocus()
    QTest.keyClick(dialog.table, Qt.Key.Key_Right)
    QTest.keyClick(dialog.table, Qt.Key.Key_L)
    assert roles(dialog)[1] == "unused"
    QTest.keyClick(dialog.table, Qt.Key.Key_Left)
    QTest.keyClick(dialog.table, Qt.Key.Key_N)
    assert roles(dialog)[0] == "number"
    assert dialog.table.currentIndex().column() == 0, "the place stays"
    QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    QTest.keyClick(menu, Qt.Key.Key_C)
    assert roles(dialog)[0] == "category"
    assert dialog.isVisible(), "Enter in the table is not Import"
    settled(dialog, qtbot)


def test_another_delimiter_reads_the_file_anew(show, document, qtbot) -> None:
    dialog = show("a;b,y\nu;v,0\nw;z,1\n")
    assert dialog.layout_choices["delimiter"].itemText(0) == "Auto: comma"
    assert dialog.table.sheet_model.sheet.names == ("a;b", "y")
    choose(dialog.layout_choices["delimiter"], "S")
    qtbot.waitUntil(lambda: dialog.table.sheet_model.sheet.names == ("a", "b,y"))
    settled(dialog, qtbot)
    choose(dialog.layout_choices["header"], "N")
    qtbot.waitUntil(lambda: dialog.table.sheet_model.sheet.names == ("column 1", "column 2"))
    settled(dialog, qtbot)
    assert dialog._wanted()["delimiter"] == "semicolon"
    assert dialog._wanted()["header"] == "no"


def test_missing_cells_are_refused_until_it_is_said_what_is_to_become_of_them(show, document, qtbot) -> None:
    dialog = show(TABLE.replace("\n3,14.5,", "\n3,,"))
    assert "row 4, column 'weight': there is no value" in dialog.trouble.text()
    assert not dialog.accept_button.isEnabled()
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.isVisible()
    choose(dialog.layout_choices["missing"], "M")
    settled(dialog, qtbot)
    assert dialog.trouble.text() == ""
    assert "1 missing cell in 1 column: they get the mean" in dialog.warnings.text()
    QTest.mouseClick(dialog.accept_button, LEFT)
    assert document.project.data.missing == "mean"


def test_a_cell_that_is_refused_stands_out_in_the_row_that_the_message_names(show, qtbot) -> None:
    dialog = show(TABLE.replace("\n3,14.5,", "\n3,,").replace("\n5,21.5,", "\n5,heavy,"))
    model, table = dialog.table.sheet_model, dialog.table

    def reds() -> set[tuple[str, int]]:
        image, found = table.viewport().grab().toImage(), set()
        for line in range(len(model.sheet.facts), model.rowCount()):
            for column in range(model.columnCount()):
                corner = table.visualRect(model.index(line, column)).topLeft() + QPoint(3, 3)
                seen = table.viewport().rect().contains(corner)
                if seen and image.pixelColor(corner * image.devicePixelRatio()).red() > 100:
                    found.add((model.headerData(line, Qt.Orientation.Vertical), column))
        return found

    assert "row 4, column 'weight'" in dialog.trouble.text()
    assert reds() == {("4", 1), ("6", 1)}
    choose(dialog.layout_choices["missing"], "M")
    settled(dialog, qtbot)
    assert "row 6, column 'weight'" in dialog.trouble.text()
    assert reds() == {("6", 1)}


def test_rows_of_another_length_are_shown_with_what_they_have(show) -> None:
    """Wherever they are; and rows whose cells are wrong, too."""
    rows = [f"{i},{i % 7},{'cat' if i % 4 else 'dog'}" for i in range(60)]
    rows[3], rows[40], rows[50] = "3,3", "40,5,cat,9", "50,heavy,cat"
    dialog = show("length,age,kind\n" + "\n".join(rows) + "\n")
    assert dialog.trouble.text() == "t.csv row 5 has 2 cells, expected 3"
    sheet = dialog.table.sheet_model.sheet
    shown = dict(zip(sheet.numbers, sheet.first, strict=True))
    assert shown[5] == ("3", "3", "")
    assert shown[42] == ("40", "5", "cat,9")
    assert shown[52] == ("50", "heavy", "cat")
    assert list(sheet.numbers) == sorted(sheet.numbers)
    wrong = {(sheet.numbers[line], column) for line, column in sheet.wrong}
    assert wrong == {(5, 0), (5, 1), (5, 2), (42, 0), (42, 1), (42, 2), (52, 1)}
    assert dialog.table.viewport().rect().contains(place_of(dialog, 5))
    assert "2 rows of another length than 3 cells, first row 5 with 2" in dialog.warnings.text()
    assert not dialog.accept_button.isEnabled()


def place_of(dialog, number: int) -> QPoint:
    """Where the row of this number stands in the table."""
    sheet = dialog.table.sheet_model.sheet
    line = len(sheet.facts) + sheet.numbers.index(number)
    return dialog.table.visualRect(dialog.table.sheet_model.index(line, 0)).center()


def test_the_first_row_with_something_wrong_is_in_sight(show) -> None:
    rows = [f"{i},{i % 7},{'cat' if i % 4 else 'dog'}" for i in range(60)]
    dialog = show("length,age,kind\n" + "\n".join([*rows, "1,2"]) + "\n")
    assert dialog.table.viewport().rect().contains(place_of(dialog, 62))
    assert not dialog.table.viewport().rect().contains(place_of(dialog, 2))


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        ("a,b\n1,2\n3\n", "t.csv", "t.csv row 3 has 1 cells, expected 2"),
        ("", "t.csv", "t.csv is empty"),
        (b"PK\x03\x04 nothing", "t.csv", "is a packed file"),
        (b"no arrays", "d.npz", "d.npz is not an npz file"),
    ],
)
def test_a_bad_file_is_one_line_and_changes_nothing(show, document, qtbot, content, name, words) -> None:
    before = document.project.to_bytes()
    dialog = show(content, name)
    assert words in dialog.trouble.text()
    assert "\n" not in dialog.trouble.text()
    assert not dialog.accept_button.isEnabled()
    assert not dialog.replace.isEnabled()
    assert document.project.to_bytes() == before


@pytest.mark.parametrize("how", ["head", "key"])
def test_several_columns_are_targets(show, document, qtbot, how) -> None:
    dialog = show()

    def join(column: int) -> None:
        dialog.table.setCurrentIndex(dialog.table.sheet_model.index(0, column))
        if how == "head":
            QTest.keyClick(click_head(dialog, column), Qt.Key.Key_A)
        else:
            QTest.keyClick(dialog.table, Qt.Key.Key_A)

    dialog.table.setCurrentIndex(dialog.table.sheet_model.index(0, 3))
    QTest.keyClick(dialog.table, Qt.Key.Key_T)
    join(1)
    assert roles(dialog) == ("unused", "target", "category", "target", "category")
    assert dialog.target.text() == "weight, age: numbers from 0 to 144"
    settled(dialog, qtbot)
    assert dialog.network.text().endswith("→ 2, mean squared error, Adam")
    join(4)
    settled(dialog, qtbot)
    assert dialog.trouble.text() == "t.csv has text in its target 'kind', expected numbers"
    QTest.keyClick(dialog.table, Qt.Key.Key_C)
    settled(dialog, qtbot)
    QTest.mouseClick(dialog.accept_button, LEFT)
    assert document.project.data.target == "weight,age"
    assert document.project.summary().targets == 2


def test_one_target_again_where_another_stands_alone(show, document, qtbot) -> None:
    dialog = show()
    for column, key in ((3, Qt.Key.Key_T), (1, Qt.Key.Key_A), (3, Qt.Key.Key_T)):
        dialog.table.setCurrentIndex(dialog.table.sheet_model.index(0, column))
        QTest.keyClick(dialog.table, key)
    assert roles(dialog) == ("unused", "number", "category", "target", "category")
    menu = click_head(dialog, 3)
    assert "&Also a Target" not in [action.text() for action in menu.actions()]
    menu.close()


def test_what_was_chosen_for_the_numbers_stays(show, document, qtbot) -> None:
    dialog = show()
    choose(dialog.preprocess, "W")
    QTest.keyClick(dialog.table, Qt.Key.Key_Right)
    QTest.keyClick(dialog.table, Qt.Key.Key_L)
    settled(dialog, qtbot)
    assert dialog.preprocess.currentData() == "whiten"
    QTest.mouseClick(dialog.accept_button, LEFT)
    assert document.project.data.preprocess == "whiten"


@pytest.mark.parametrize("look", [theme.DARK, theme.LIGHT], ids=lambda t: t.name)
def test_everything_has_a_name_and_is_reached_by_the_tab_key(show, look, qtbot) -> None:
    theme.look().use(look)
    dialog = show()
    seen, widget = [], dialog.focusWidget()
    for _ in range(20):
        seen.append(widget)
        QTest.keyClick(widget, Qt.Key.Key_Tab)
        widget = dialog.focusWidget()
    for wanted in (dialog.table, dialog.task, dialog.preprocess, dialog.replace, dialog.accept_button):
        assert wanted in seen
    for widget in {w for w in seen if w is not None}:
        words = widget.accessibleName() or (widget.text() if hasattr(widget, "text") else "")
        assert words, widget
    assert dialog.balance.accessibleDescription() == "cat 30, dog 10"


def test_a_table_has_no_pictures(show) -> None:
    assert not show().pictures.isVisible()

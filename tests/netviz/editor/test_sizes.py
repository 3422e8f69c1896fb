"""A window's size is typed as one number or two, `same` as a word, and connections as rows of numbers."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from engine.catalogue import LAYERS
from engine.data.digits import Digits
from engine.layers.by_hand import KernelName
from engine.layers.convolution import Conv2d
from engine.layers.dense import Dense
from engine.layers.pooling import MaxPool2d
from engine.layers.shapes import Flatten, Reshape
from engine.losses import CrossEntropy
from engine.optimizers import Adam
from engine.project import Project
from engine.spec import properties
from engine.training import Training
from netviz.document.document import Document
from netviz.editor.inspector import Inspector
from netviz.editor.numbers import read, written
from tests.netviz.editor.conftest import chain
from tests.netviz.editor.forms import NONE, box, enter

FIELDS = {p.name: p for p in properties(Conv2d)}
LINES = ("shape", "size", "numbers", "table", "kernels")
LAPLACE = [[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]


@pytest.mark.parametrize(
    ("field", "words", "value", "text"),
    [
        ("kernel_size", "5", 5, "5"),
        ("kernel_size", " 3 x 5 ", [3, 5], "3×5"),
        ("kernel_size", "(3, 5)", [3, 5], "3×5"),
        ("padding", "Same", "same", "same"),
        ("connections", "0; 0 1; 1,2", [[0], [0, 1], [1, 2]], "0; 0 1; 1 2"),
        ("kernels", "Sobel_x", ["sobel_x"], "sobel_x"),
        ("kernels", "box,0 1 0;1 −4 1;0 1. 0", ["box", LAPLACE], "box, 0 1 0; 1 -4 1; 0 1 0"),
    ],
)
def test_what_people_type(field, words, value, text):
    assert read(words, FIELDS[field]) == value
    assert written(value, FIELDS[field]) == text


@pytest.mark.parametrize(
    ("field", "words", "said"),
    [
        ("kernel_size", "3x", "expected a whole number or two such as 3×5, got '3x'"),
        ("kernel_size", "same", "expected a whole number or two such as 3×5, got 'same'"),
        ("padding", "some", "expected a whole number or two such as 3×5 or same, got 'some'"),
        ("connections", "0; a", "expected rows of whole numbers such as 0 1; 1 2, got '0; a'"),
        (
            "kernels",
            "blur",
            f"expected kernels such as box, 0 1 0; 1 -4 1; 0 1 0 or {' or '.join(KernelName.__args__)}, got 'blur'",
        ),
    ],
)
def test_what_says_nothing(field, words, said):
    with pytest.raises(ValueError, match="expected") as caught:
        read(words, FIELDS[field])
    assert str(caught.value) == said


@pytest.mark.parametrize("kind", LAYERS)
def test_what_a_form_writes_of_a_default_says_the_same(kind):
    for p in properties(LAYERS[kind]):
        if p.type in LINES and p.default is not None:
            value = read(written(p.default, p), p)
            assert (tuple(value) if isinstance(value, list) else value) == p.default


@pytest.fixture
def images():
    layers = {
        "img": Reshape(shape=(1, 8, 8)),
        "c": Conv2d(filters=2),
        "c2": Conv2d(filters=3),
        "p": MaxPool2d(),
        "f": Flatten(),
        "out": Dense(units=10),
    }
    training = Training(loss=CrossEntropy(), optimizer=Adam())
    return Document(Project(name="digits", data=Digits(), graph=chain(*layers.items()), training=training))


@pytest.fixture
def form(images, qtbot):
    inspector = Inspector(images)
    qtbot.addWidget(inspector)
    inspector.resize(320, 900)
    inspector.show()

    def of(node):
        inspector.inspect(0, node)
        return inspector.node

    return of


def test_a_kernel_is_typed(form, images):
    """As one number, as two, and beyond what is allowed."""
    card = form("c")
    enter(box(card.form, "kernel_size"), "3x5")
    assert images.lanes()[0].graph.layer("c").kernel_size == (3, 5)
    assert box(card.form, "kernel_size").text() == "3×5"
    enter(box(card.form, "kernel_size"), "2")
    assert images.lanes()[0].graph.layer("c").kernel_size == 2
    enter(box(card.form, "padding"), "same")
    assert images.structure(0).shapes["c"] == (2, 8, 8)
    enter(box(card.form, "kernel_size"), "0")
    assert images.lanes()[0].graph.layer("c").kernel_size == 2
    assert "expected int >= 1, got 0" in card.form.rows["kernel_size"].error.text()
    enter(box(card.form, "kernel_size"), "5x5x5")
    assert images.lanes()[0].graph.layer("c").kernel_size == 2
    assert "length" in card.form.rows["kernel_size"].error.text()


def test_kernels_are_set_by_hand(form, images):
    """Their field is there where weights are kernels, and takes names and tables."""
    images.set_node_field(0, "c", "init", "kernels")
    card = form("c")
    enter(box(card.form, "kernels"), "sobel_x, 0 1 0; 1 -4 1; 0 1 0")
    layer = images.lanes()[0].graph.layer("c")
    assert layer.kernels == ("sobel_x", tuple(map(tuple, LAPLACE)))
    assert box(card.form, "kernels").text() == "sobel_x, 0 1 0; 1 -4 1; 0 1 0"
    enter(box(card.form, "kernels"), "1 2; 3 4")
    assert "expected 3 rows of 3 numbers, got 2 + 2 numbers" in card.trouble.text()
    images.set_node_field(0, "c", "init", "zeros")
    assert not card.form.rows["kernels"].editor.isVisible()


def test_a_stride_and_connections_are_switched_on(form, images):
    """What they begin with can be replaced by what is meant, and off is None again."""

    def press(card, name):
        switch = card.form.rows[name].editor.widgets()[0]
        QTest.mouseClick(switch, Qt.MouseButton.LeftButton, NONE, QPoint(8, switch.height() // 2))

    card = form("p")
    press(card, "stride")
    assert images.lanes()[0].graph.layer("p").stride == 1
    press(card, "stride")
    assert images.lanes()[0].graph.layer("p").stride is None
    card = form("c2")
    press(card, "connections")
    assert "connections have 1 rows, expected one for each of 3 filters" in card.trouble.text()
    enter(card.form.rows["connections"].editor.widgets()[1], "0; 1; 0 1")
    assert images.lanes()[0].graph.layer("c2").connections == ((0,), (1,), (0, 1))
    assert not card.trouble.text()
    assert images.structure(0).parameter_count("c2") == 4 * 9 + 3

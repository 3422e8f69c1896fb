"""Random drawing, undone and redone, reaches the same bytes as before, and every file between opens again."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import ProjectError
from engine.project import project_from
from netviz.document.document import Document
from netviz.document.drawing import Drawing
from netviz.document.layered import boxes
from netviz.document.wiring import shapes
from tests.netviz.document.drawings import three

KINDS = st.sampled_from(["input", "dense", "tanh", "relu", "softmax", "add", "concat"])
NUMBER = st.integers(0, 30)  # of a node or wire, counted round
SOME = st.lists(NUMBER, min_size=1, max_size=4)
LANE = st.integers(0, 3)
GESTURE = st.sampled_from([None, 1, 2])
PLACE = st.tuples(st.sampled_from([-160.0, -0.0, 0.0, 160.0, 333.3]), st.sampled_from([0.0, 100.0]))
PORT = st.sampled_from([None, None, 0, 1, 5])
EDITS = st.one_of(
    st.tuples(st.just("connect"), LANE, NUMBER, NUMBER, PORT),
    st.tuples(st.just("disconnect"), LANE, NUMBER),
    st.tuples(st.just("reconnect"), LANE, NUMBER, NUMBER),
    st.tuples(st.just("add_node"), LANE, KINDS, PLACE),
    st.tuples(st.just("insert_on_wire"), LANE, KINDS, NUMBER),
    st.tuples(st.just("put_on_wire"), LANE, NUMBER, NUMBER),
    st.tuples(st.just("pull_out"), LANE, NUMBER, st.none() | PLACE),
    st.tuples(st.sampled_from(["remove", "cut", "duplicate", "copy_paste"]), LANE, SOME),
    st.tuples(st.just("rename_node"), LANE, NUMBER, st.sampled_from(["h1", "code", "h7", "out", "for"])),
    st.tuples(st.just("set_fields"), LANE, SOME, st.integers(0, 4), GESTURE),
    st.tuples(st.just("replace_kinds"), LANE, SOME, KINDS),
    st.tuples(st.just("repeat"), LANE, SOME, st.integers(2, 3)),
    st.tuples(st.just("move_nodes"), LANE, st.dictionaries(NUMBER, PLACE, min_size=1, max_size=3), GESTURE),
    st.tuples(st.just("align"), LANE, SOME, st.sampled_from(["left", "middle", "distribute"])),
    st.tuples(st.just("auto_layout"), LANE),
    st.tuples(st.just("new_lane"), LANE),
    st.tuples(st.just("remove_lane"), LANE),
    st.tuples(st.just("rename_lane"), LANE, st.sampled_from(["A", "B", "deep", "new"])),
    st.tuples(st.sampled_from(["undo", "redo"])),
)


def do(drawn, document, name, lane, *rest):
    """The edit, with numbers turned into nodes and wires that are there."""
    lane %= len(document.lanes())
    graph = document.lanes()[lane].graph
    ids = [n.id for n in graph.nodes] or ["x"]
    pairs = [(e.source, e.target) for e in graph.edges] or [("x", "x")]

    def node(number):
        return ids[number % len(ids)]

    def wire(number):
        return pairs[number % len(pairs)]

    def some(numbers):
        return [node(n) for n in numbers]

    made = {
        "connect": lambda a, b, port: drawn.connect(lane, node(a), node(b), port),
        "disconnect": lambda w: drawn.disconnect(lane, *wire(w)),
        "reconnect": lambda w, a: drawn.reconnect(lane, wire(w), (wire(w)[0], node(a))),
        "add_node": lambda kind, place: drawn.add_node(lane, kind, place),
        "insert_on_wire": lambda kind, w: drawn.insert_on_wire(lane, kind, *wire(w)),
        "put_on_wire": lambda a, w: drawn.put_on_wire(lane, node(a), *wire(w)),
        "pull_out": lambda a, place: drawn.pull_out(lane, node(a), place),
        "remove": lambda some_: drawn.remove(lane, some(some_)),
        "cut": lambda some_: drawn.cut(lane, some(some_)),
        "duplicate": lambda some_: drawn.duplicate(lane, some(some_)),
        "copy_paste": lambda some_: drawn.paste(0, drawn.copy(lane, some(some_))),
        "rename_node": lambda a, name: drawn.rename_node(lane, node(a), name),
        "set_fields": lambda some_, units, gesture: drawn.set_fields(lane, some(some_), "units", units, gesture),
        "replace_kinds": lambda some_, kind: drawn.replace_kinds(lane, some(some_), kind),
        "repeat": lambda some_, times: drawn.repeat(lane, some(some_), times),
        "move_nodes": lambda at, gesture: drawn.move_nodes(lane, {node(n): p for n, p in at.items()}, gesture),
        "align": lambda some_, how: drawn.align(lane, some(some_), how),
        "auto_layout": lambda: drawn.auto_layout(lane),
        "new_lane": lambda: drawn.new_lane(lane),
        "remove_lane": lambda: drawn.remove_lane(lane),
        "rename_lane": lambda name: drawn.rename_lane(lane, name),
    }
    made[name](*rest)


@settings(max_examples=200, deadline=None)
@given(st.lists(EDITS, max_size=25))
def test_undo_and_redo_reach_the_same_bytes_as_before(steps):
    """A list of files, one for each place on the stack, is kept by hand beside the document."""
    document = Document(three())
    drawn, stack = Drawing(document), document.stack
    files = [document.project.to_bytes()]
    for name, *arguments in steps:
        index, old = stack.index(), document.project.to_bytes()
        if name in ("undo", "redo"):
            getattr(stack, name)()
        else:
            try:
                do(drawn, document, name, *arguments)
            except ProjectError:
                assert document.project.to_bytes() == old
                assert stack.index() == index
            now = document.project.to_bytes()
            if stack.index() > index:
                assert now != old, "a step that changes nothing"
                files[index + 1 :] = [now]
            elif stack.index() < index:  # merged to nothing
                files[index:] = []
            elif now != old:  # merged into the last one
                files[index:] = [now]
        assert document.project.to_bytes() == files[stack.index()]
        sound(document)
    for move, possible in ((stack.undo, stack.canUndo), (stack.redo, stack.canRedo)):
        while possible():
            move()
            assert document.project.to_bytes() == files[stack.index()]


def sound(document):
    """What every drawing is, finished or not."""
    project = document.project
    again = project_from(project.to_json(), project.folder)
    assert again.to_bytes() == project.to_bytes()
    assert again.problems() == document.problems()
    for index, lane in enumerate(document.lanes()):
        ids = {n.id for n in lane.graph.nodes}
        assert len(ids) == len(lane.graph.nodes)
        assert {end for e in lane.graph.edges for end in (e.source, e.target)} <= ids
        assert set(lane.layout) <= ids
        assert not [p for p in document.lane_problems(index) if "circle" in p.message]
        if structure := document.structure(index):
            assert shapes(lane.graph, document.data_shape()).outputs == structure.shapes


@settings(max_examples=100, deadline=None)
@given(st.lists(EDITS.filter(lambda e: e[0] not in ("undo", "redo")), max_size=12), EDITS)
def test_what_an_edit_does_not_touch_stays_where_it_was_seen(steps, last):
    document = Document(three())
    drawn = Drawing(document)
    for step in (*steps, ("connect", 0, 0, 1, None)):
        attempt(drawn, document, step)
    stays = ("connect", "disconnect", "reconnect", "add_node", "put_on_wire", "pull_out", "remove", "cut", "duplicate")
    if last[0] not in stays:
        return
    lane = last[1] % len(document.lanes())
    before, seen = boxes(document.lanes()[lane].graph), drawn.places(lane)
    attempt(drawn, document, last)
    graph, now = document.lanes()[lane].graph, drawn.places(lane)
    if set(boxes(graph)) - set(before) and last[0] in ("connect", "reconnect", "put_on_wire"):
        return  # an activation that was set free makes room for itself
    for node in set(before) & set(boxes(graph)):
        if not (last[0] == "pull_out" and now[node] == last[3]):
            assert now[node] == seen[node]


def attempt(drawn, document, step):
    with suppress(ProjectError):
        do(drawn, document, *step)

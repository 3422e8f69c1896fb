"""Long lines of Python broken the way formatters do, so that nobody's formatter changes an exported file."""

WIDTH = 88
STEP = 4


def fitted(line: str, indent: int = 0) -> list[str]:
    """`line` behind `indent` spaces, broken at its last bracket, then at commas, or at its plus or times signs."""
    if indent + len(line) <= WIDTH:
        return [" " * indent + line]
    start, stop = _last_bracket(line)
    if start < 0:
        return _sum(line, indent)
    head, body, tail = line[: start + 1], line[start + 1 : stop], line[stop:]
    inner = indent + STEP
    target, equals, value = line.partition(" = ")
    if equals and indent + len(head) > WIDTH:  # in brackets of its own the value stands further left
        return [" " * indent + f"{target} = (", *fitted(value, inner), " " * indent + ")"]
    called = start > 0 and (line[start - 1].isalnum() or line[start - 1] == "_")
    if called and inner + len(body) <= WIDTH:
        return [" " * indent + head, " " * inner + body, " " * indent + tail]
    parts = _split(body, ", ")
    comma = "," if len(parts) > 1 else ""  # a lone argument that is too long gets none
    broken = [piece for part in parts for piece in fitted(part + comma, inner)]
    return [" " * indent + head, *broken, " " * indent + tail]


def _sum(line: str, indent: int) -> list[str]:
    head, _, body = line.rpartition(" = ") if " = " in line else line.partition("return ")
    head = f"{head} = (" if " = " in line else "return ("
    inner = indent + STEP
    sign = "+" if " + " in body else "*"
    first, *others = [body] if inner + len(body) <= WIDTH else body.split(f" {sign} ")
    return [
        " " * indent + head,
        " " * inner + first,
        *(" " * inner + f"{sign} {other}" for other in others),
        " " * indent + ")",
    ]


def _last_bracket(line: str) -> tuple[int, int]:
    """Where the last outermost pair of brackets opens and closes; (-1, -1) where there is none."""
    depth, start, found = 0, -1, (-1, -1)
    for place, letter in enumerate(line):
        if letter in "([":
            start = place if depth == 0 else start
            depth += 1
        elif letter in ")]":
            depth -= 1
            found = (start, place) if depth == 0 else found
    return found


def _split(body: str, separator: str) -> list[str]:
    """`body` cut at the separators that stand in no bracket."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(body):
        depth += (letter in "([") - (letter in ")]")
        if depth == 0 and body.startswith(separator, place):
            parts.append(body[start:place])
            start = place + len(separator)
    return [*parts, body[start:]]

"""Names in exported files: whatever a project is called, what comes out is a plain identifier."""

import builtins
import keyword
import re
import unicodedata
from collections.abc import Collection

from engine.project import OWN, Project

LONGEST = 50
# Names that a reader of Python takes for something else: builtins, and letters that look like digits.
MISLEADING = frozenset(dir(builtins)) | set(keyword.kwlist) | {"l", "I", "O"}


def class_name(project: Project, taken: Collection[str] = ()) -> str:
    """`VanishingGradientTanh` for the network `tanh` of "Vanishing gradient": ASCII letters and digits alone."""
    said = project.name if project.variant == OWN else f"{project.name} {project.variant}"
    plain = unicodedata.normalize("NFKD", said).encode("ascii", "ignore").decode()
    words = re.findall(r"[A-Za-z0-9]+", plain)
    name = "".join(word[0].upper() + word[1:] for word in words)[:LONGEST]
    if not name or name[0].isdigit():
        name = f"Net{name}"
    return name if name not in MISLEADING and name not in taken else f"{name}Net"


def variables(ids: Collection[str], taken: Collection[str]) -> dict[str, str]:
    """A variable for each node: its id, with an underscore behind where that means something else already."""
    used, names = {*taken}, {}
    for node in ids:
        # Two underscores in front would be mangled inside a class, and __debug__ cannot be assigned at all.
        name = node.lstrip("_") if node.startswith("__") else node
        name = name if name and not name[0].isdigit() else f"h{name}"
        while name in used or name in MISLEADING or (name != node and name in ids):
            name += "_"
        used.add(name)
        names[node] = name
    return names

"""What probes of one look have in common is computed once: weights do not move between them."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from engine.trainer import Trainer

Found = TypeVar("Found")
_looks: "WeakKeyDictionary[Trainer, dict[Hashable, Any]]" = WeakKeyDictionary()


@contextmanager
def one_look(trainer: Trainer) -> Iterator[None]:
    """Inside, the trainer stands still, and `shared` finds each thing once; afterwards nothing of it is left."""
    _looks[trainer] = {}
    try:
        yield
    finally:
        del _looks[trainer]


def shared(trainer: Trainer, key: Hashable, find: Callable[[], Found]) -> Found:
    """What `find` finds, in a look only once for `key`; without a look each time anew.

    If it holds a plan, that must be one that no other key's finding runs through.
    """
    known = _looks.get(trainer)
    if known is None:
        return find()
    if key not in known:
        known[key] = find()
    found: Found = known[key]
    return found

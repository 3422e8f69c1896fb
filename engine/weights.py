"""Weights files: safetensors with PyTorch's names and layouts."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save_file

from engine.backend import Array
from engine.errors import Problem, ProjectError
from engine.files import atomic_file

FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}  # as safetensors calls them; BF16 besides
COUNTS = {
    f"{letter}{bits}": f"{word}{bits}" for letter, word in (("I", "int"), ("U", "uint")) for bits in (8, 16, 32, 64)
}


def save_weights(path: Path, parameters: Mapping[str, Array]) -> None:
    """Writes {"h1.weight": array, …}, whole or not at all."""
    # The writer takes the memory as it lies, so it must be C-ordered.
    arrays = {name: np.asarray(array, order="C") for name, array in parameters.items()}
    with atomic_file(path) as file:
        try:
            save_file(arrays, file.name)
        except SafetensorError as error:
            raise _of_system(error) from None


def _of_system(error: SafetensorError) -> OSError:
    """What the system has said, which the format's writer tells in words alone."""
    found = re.search(r"os error (\d+)", str(error))
    return OSError(str(error)) if found is None else OSError(int(found[1]), os.strerror(int(found[1])))


def load_weights(path: Path) -> dict[str, Array]:
    """The arrays of a weights file by name; a ProjectError says what is wrong with it."""
    try:
        tensors = deserialize(path.read_bytes())  # type: ignore[no-untyped-call]
    except OSError as error:
        raise ProjectError(Problem("weights", f"{path.name}: cannot be read: {error.strerror or error}")) from None
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ProjectError(Problem("weights", f"{path.name}: is not a safetensors file ({error})")) from None
    arrays = {}
    for name, tensor in tensors:
        kind, shape, data = tensor["dtype"], tuple(tensor["shape"]), tensor["data"]
        told = COUNTS.get(kind, kind)
        if kind in FLOATS:
            arrays[name] = np.frombuffer(data, FLOATS[kind]).reshape(shape)
        elif kind == "BF16":  # the upper half of a float32
            arrays[name] = (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4").reshape(shape)
        elif kind in COUNTS and not shape:
            arrays[name] = np.frombuffer(data, told).reshape(shape)
        else:
            raise ProjectError(Problem("weights", f"{path.name}: {name} is of {told}, expected floats"))
    return arrays

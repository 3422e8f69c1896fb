"""Weights files: safetensors with PyTorch's names and layouts."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from engine.backend import Array
from engine.errors import Problem, ProjectError
from engine.files import write_atomically


def save_weights(path: Path, parameters: Mapping[str, Array]) -> None:
    """Writes {"h1.weight": array, …}, whole or not at all."""
    # The writer takes the memory as it lies, so it must be C-ordered.
    write_atomically(path, save({name: np.asarray(array, order="C") for name, array in parameters.items()}))


def load_weights(path: Path) -> dict[str, Array]:
    """The arrays of a weights file by name; a ProjectError says what is wrong with it."""
    try:
        arrays = load(path.read_bytes())
    except OSError as error:
        raise ProjectError(Problem("weights", f"{path.name}: cannot be read: {error.strerror or error}")) from None
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ProjectError(Problem("weights", f"{path.name}: is not a safetensors file ({error})")) from None
    for name, array in arrays.items():
        counter = array.ndim == 0 and np.issubdtype(array.dtype, np.integer)
        if not (counter or np.issubdtype(array.dtype, np.floating)):
            raise ProjectError(Problem("weights", f"{path.name}: {name} is of {array.dtype}, expected floats"))
    return arrays

"""Weights files: safetensors with PyTorch's names and layouts."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import numpy as np
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save

from engine.backend import Array
from engine.errors import Problem, ProjectError
from engine.files import atomic_file

FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}  # as safetensors calls them; BF16 besides
COUNTS = {
    f"{letter}{bits}": f"{word}{bits}" for letter, word in (("I", "int"), ("U", "uint")) for bits in (8, 16, 32, 64)
}
# In the order in which the format's own writer lays arrays out, so that each lies at a multiple of its numbers' size.
KINDS = {"<i8": "I64", "<f8": "F64", "<f4": "F32", "<f2": "F16"}


def save_weights(path: Path, parameters: Mapping[str, Array]) -> None:
    """Writes {"h1.weight": array, …}, whole or not at all; array by array, for they may be large."""
    with atomic_file(path) as file:
        for part in written(parameters):
            file.write(part)


def written(parameters: Mapping[str, Array]) -> Iterator[bytes | memoryview]:
    """What a weights file consists of: the header and its length, then every array as it lies in memory.

    Byte for byte what the format's own writer makes, which first makes two copies of all arrays.
    """
    arrays = {name: np.asarray(array, order="C") for name, array in parameters.items()}
    if any(array.dtype.str not in KINDS for array in arrays.values()):
        yield save(arrays)
        return
    kinds, header, start = list(KINDS), dict[str, object](), 0
    names = sorted(arrays, key=lambda name: (kinds.index(arrays[name].dtype.str), name))
    for name in names:
        array = arrays[name]
        place = [start, start := start + array.nbytes]
        header[name] = {"dtype": KINDS[array.dtype.str], "shape": array.shape, "data_offsets": place}
    told = msgspec.json.encode(header)
    told += b" " * (-len(told) % 8)
    yield len(told).to_bytes(8, "little") + told
    for name in names:
        yield arrays[name].reshape(-1).view(np.uint8).data


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

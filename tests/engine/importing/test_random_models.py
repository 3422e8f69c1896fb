"""Whatever is built of the operators that netviz knows is refused, or gives what onnxruntime gives."""

import numpy as np
import onnxruntime
import pytest

from engine.errors import ProjectError
from engine.inference import network_with
from tests.engine.importing.models import read
from tests.engine.importing.random_models import Drawn

SEEDS, PART = 600, 100


def imported(seed: int) -> bool:
    """Whether the model of this seed was imported, and then held to onnxruntime."""
    drawn = Drawn(seed)
    try:
        found = read(drawn.model)
    except ProjectError:
        return False
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    content = drawn.model.SerializeToString()
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    expected = session.run(None, {"x": drawn.x})[0]
    told = next((note.rpartition(" ")[2] for note in found.notes if "the examples come first" in note), "N")
    expected = np.moveaxis(expected, told.split("×").index("N"), 0)
    net = network_with(found.project, found.weights)
    x = drawn.x.swapaxes(0, 1) if any("steps come first" in note for note in found.notes) else drawn.x
    y = net.predict(x.reshape(len(x), *net.input_shape))
    np.testing.assert_allclose(
        y, expected.reshape(y.shape), rtol=1e-3, atol=1e-4, err_msg=f"seed {seed}: {drawn.kinds}"
    )
    return True


@pytest.mark.parametrize("start", range(0, SEEDS, PART))
def test_models_drawn_at_random_are_right_or_refused(start: int) -> None:
    count = sum(imported(seed) for seed in range(start, start + PART))
    assert PART / 4 < count < PART

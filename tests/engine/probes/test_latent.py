"""A code's plane and what is decoded from it, against layers written out in plain NumPy and a singular value sum."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.backend import Backend
from engine.probes.example import Part
from engine.probes.latent import PAIRS, Decoded, Latent, LatentAnswer, codes
from engine.project import project_from
from engine.trainer import Trainer
from tests.engine.cases import project, project_json
from tests.strict_array import strict

DIGITS = {"kind": "digits", "reconstruct": True, "preprocess": "standardize"}


def layers(code: int = 2, after: str | None = "tanh", last: str | None = None) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [
        {"id": "e", "kind": "dense", "units": 12},
        {"id": "a_e", "kind": "tanh"},
        {"id": "code", "kind": "dense", "units": code},
        {"id": "d", "kind": "dense", "units": 9},
        {"id": "a_d", "kind": "tanh"},
        {"id": "out", "kind": "dense", "units": 64},
    ]
    if after:
        made.insert(3, {"id": "a_code", "kind": after})
    return [*made, {"id": "drawn", "kind": last}] if last else made


def trained(made: list[dict[str, Any]], loss: str = "mse", steps: int = 20, **data: object) -> Trainer:
    trainer = Trainer(project(made, loss, DIGITS | data), dtype="float64")
    if steps:
        trainer.run(steps)
    return trainer


def affine(trainer: Trainer, node: str, rows: np.ndarray) -> np.ndarray:
    weights = trainer.network.parameters()
    return np.einsum("oi,ni->no", weights[f"{node}.weight"], rows) + weights[f"{node}.bias"]


def prepared(trainer: Trainer, x: np.ndarray) -> np.ndarray:
    train = trainer.data.x
    spread = train.std(axis=0)
    return (x - train.mean(axis=0)) / np.where(spread == 0, 1, spread)


def encode(trainer: Trainer, x: np.ndarray, after=np.tanh) -> np.ndarray:
    return after(affine(trainer, "code", np.tanh(affine(trainer, "e", prepared(trainer, x)))))


def decode(trainer: Trainer, code: np.ndarray) -> np.ndarray:
    return affine(trainer, "out", np.tanh(affine(trainer, "d", code)))


def test_the_plane_of_two_units_is_their_own_and_the_decoder_runs_on_it() -> None:
    trainer = trained(layers())
    answer = Latent().measure(trainer)
    data = trainer.data
    assert (answer.reason, answer.node, answer.units, answer.exact) == ("", "a_code", 2, True)
    code, held = encode(trainer, data.x[:400]), encode(trainer, data.x_val[:150])
    np.testing.assert_allclose(answer.points, code, atol=1e-6)
    np.testing.assert_allclose(answer.points_val, held, atol=1e-6)
    np.testing.assert_array_equal(answer.y, data.labels.y[:400])
    np.testing.assert_array_equal(answer.y_val, data.labels.y_val[:150])
    assert (answer.classes, answer.counts, answer.shape) == (10, (1348, 449), (64,))
    np.testing.assert_allclose(answer.shares, code.var(axis=0) / code.var(axis=0).sum(), rtol=1e-6)
    left, right, low, high = answer.bounds
    assert (code > [left, low]).all()
    assert (code < [right, high]).all()
    side = answer.pictures.shape[0]
    assert answer.pictures.shape == (side, side, 64)
    for row in range(side):
        for column in range(side):
            place = [left + (column + 0.5) / side * (right - left), low + (row + 0.5) / side * (high - low)]
            expected = decode(trainer, np.array([place]))[0]
            np.testing.assert_allclose(answer.pictures[row, column], expected, atol=2e-6)


def test_reconstructions_stand_beside_their_originals_with_their_error() -> None:
    trainer = trained(layers())
    answer, data = Latent().measure(trainer), trainer.data
    assert answer.part is Part.VALIDATION
    firsts = [int(np.flatnonzero(data.labels.y_val[:150] == digit)[0]) for digit in range(10)]
    assert list(answer.indices) == firsts
    x = data.x_val[firsts]
    rebuilt = decode(trainer, encode(trainer, x))
    np.testing.assert_allclose(answer.originals, x / 16, atol=1e-6)
    np.testing.assert_allclose(answer.rebuilt, rebuilt, atol=2e-6)
    np.testing.assert_allclose(answer.errors, ((rebuilt - x / 16) ** 2).mean(axis=1), rtol=1e-6)
    assert (answer.low, answer.high) == (0, 1)
    for found, part in ((answer.error, data.x[:400]), (answer.error_val, data.x_val[:150])):
        assert found == pytest.approx(((decode(trainer, encode(trainer, part)) - part / 16) ** 2).mean(), rel=1e-9)


@pytest.mark.parametrize("units", [2, 5])
def test_the_best_affine_code_is_what_singular_values_say(units: int) -> None:
    trainer = trained(layers(units), steps=0)
    for answer in (Latent().measure(trainer), Latent().measure(trainer)):  # the second time from what is kept
        y = trainer.data.x[:400] / 16
        sizes = np.linalg.svd(y - y.mean(axis=0), compute_uv=False)
        assert answer.linear == pytest.approx((sizes[units:] ** 2).sum() / y.size, rel=1e-9)


def test_of_more_units_the_plane_of_the_principal_axes_is_decoded() -> None:
    trainer = trained(layers(5, after=None))
    answer = Latent().measure(trainer)
    assert (answer.node, answer.units, answer.exact) == ("code", 5, False)
    code = encode(trainer, trainer.data.x[:400], after=lambda z: z)
    mean = code.mean(axis=0)
    _, sizes, axes = np.linalg.svd(code - mean, full_matrices=False)
    axes = axes[:2] * np.sign(axes[np.arange(2), np.abs(axes[:2]).argmax(axis=1)])[:, None]
    np.testing.assert_allclose(answer.points, (code - mean) @ axes.T, atol=1e-5)
    np.testing.assert_allclose(answer.shares, sizes[:2] ** 2 / (sizes**2).sum(), rtol=1e-6)
    at = (0.3, -0.7)
    told = Decoded("code", at).measure(trainer)
    np.testing.assert_allclose(told.values, decode(trainer, (mean + np.array(at) @ axes)[None])[0], atol=1e-5)
    trainer.run(5)  # the place stays where it was shown, and the decoder is of now
    told = Decoded("code", at).measure(trainer)
    np.testing.assert_allclose(told.values, decode(trainer, (mean + np.array(at) @ axes)[None])[0], atol=1e-5)
    alone = trained(layers(5, after=None))  # nobody has told a plane
    given = Decoded("code", at).measure(alone)
    np.testing.assert_allclose(given.values, Decoded("code", at).measure(alone).values)
    assert np.isfinite(given.values).all()


def test_a_place_is_decoded_as_the_layer_that_is_named_takes_it() -> None:
    trainer = trained(layers())
    at = (0.25, -0.5)
    for node, code in (("", at), ("a_code", at), ("gone", at), ("code", tuple(np.tanh(at)))):
        told = Decoded(node, at).measure(trainer)
        assert told.node == (node if node == "code" else "a_code")
        assert told.at == at
        np.testing.assert_allclose(told.values, decode(trainer, np.array([code]))[0], atol=2e-6)
    trainer.run(5)  # the decoder is always of now
    np.testing.assert_allclose(Decoded("", at).measure(trainer).values, decode(trainer, np.array([at]))[0], atol=2e-6)


@pytest.mark.parametrize("last", [None, "sigmoid"])
def test_logits_are_shown_as_the_loss_takes_them(last: str | None) -> None:
    trainer = trained(layers(last=last), "binary_cross_entropy")
    told = Decoded("", (0.5, 0.5)).measure(trainer)
    expected = 1 / (1 + np.exp(-decode(trainer, np.array([[0.5, 0.5]]))[0]))
    np.testing.assert_allclose(told.values, expected, atol=1e-6)
    answer = Latent().measure(trainer)
    code = encode(trainer, trainer.data.x[:400])
    rebuilt = 1 / (1 + np.exp(-decode(trainer, code)))
    assert answer.error == pytest.approx(((rebuilt - trainer.data.x[:400] / 16) ** 2).mean(), rel=1e-9)


def test_codes_are_the_vectors_that_everything_passes_through() -> None:
    assert codes(trained(layers(), steps=0)) == ("e", "a_e", "code", "a_code", "d", "a_d")
    nodes = layers()
    nodes[4]["units"] = 12
    nodes.insert(-1, {"id": "sum", "kind": "add"})
    made = project_json(nodes, "mse", DIGITS)
    made["graph"]["edges"].append(["a_e", "sum"])  # past the code
    skipping = Trainer(project_from(made, Path()), dtype="float64")
    assert codes(skipping) == ("e", "a_e", "sum")
    assert Latent("code").measure(skipping).node == "sum"  # of twelve units all three: the last


def test_what_is_no_autoencoder_gets_a_reason() -> None:
    plain = Trainer(project([{"id": "h", "kind": "dense", "units": 2}, {"id": "out", "kind": "dense", "units": 10}],
                            "cross_entropy", {"kind": "digits"}))  # fmt: skip
    assert "autoencoders" in Latent().measure(plain).reason
    assert Decoded("h").measure(plain).node == ""
    single = trained([{"id": "h", "kind": "dense", "units": 1}, {"id": "out", "kind": "dense", "units": 64}], steps=0)
    assert "two units" in Latent().measure(single).reason


def test_numbers_that_are_none_are_passed_over() -> None:
    trainer = trained(layers())
    weights = trainer.network.parameters()
    weights["code.bias"][:] = np.nan
    trainer.network.load_parameters(weights)
    answer = Latent().measure(trainer)
    assert answer.bounds == (-1, 1, -1, 1)
    assert np.isnan(answer.points).all()
    assert np.isnan(answer.error)
    assert np.isfinite(answer.pictures).all()  # the decoder is sound


def test_less_detail_looks_at_fewer_and_targets_without_classes_are_numbers() -> None:
    trainer = trained(layers(), steps=0)
    few = Latent().measure(trainer, 0.25)
    assert len(few.points) == 100
    assert few.pictures.shape[0] < Latent().measure(trainer).pictures.shape[0]
    points = Trainer(project([{"id": "h", "kind": "dense", "units": 2}, {"id": "out", "kind": "dense", "units": 3}],
                             "mse", {"kind": "noise", "shape": [3], "samples": 40, "targets": 3}))  # fmt: skip
    answer = Latent().measure(points)
    assert answer.classes is None
    assert answer.indices == tuple(range(min(PAIRS, len(points.data.x_val))))


def test_looking_changes_nothing() -> None:
    made, other = trained(layers(), steps=3), trained(layers(), steps=3)
    Latent().measure(made)
    Decoded("", (1.0, 2.0)).measure(made)
    assert made.run(5) == other.run(5)
    assert made.snapshot().values.tobytes() == other.snapshot().values.tobytes()


def test_on_a_device_the_same() -> None:
    for code in (2, 4):
        made = project(layers(code), "mse", DIGITS)
        there, here = Trainer(made, backend=Backend(strict, "strict", "float64")), Trainer(made, dtype="float64")
        theirs, mine = (Latent().measure(trainer) for trainer in (there, here))
        assert isinstance(theirs, LatentAnswer)
        np.testing.assert_allclose(theirs.points, mine.points, atol=1e-6)
        np.testing.assert_allclose(theirs.pictures, mine.pictures, atol=1e-5)
        assert theirs.error == pytest.approx(mine.error)


def test_a_tied_decoder_is_decoded_too() -> None:
    nodes = [{"id": "code", "kind": "dense", "units": 2}, {"id": "out", "kind": "tied", "to": "code", "units": 64}]
    trainer = trained(nodes)
    told = Decoded("", (0.5, -2.0)).measure(trainer)
    weights = trainer.network.parameters()
    expected = np.array([0.5, -2.0]) @ weights["code.weight"] + weights["out.bias"]
    np.testing.assert_allclose(told.values, expected, atol=1e-6)

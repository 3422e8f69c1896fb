"""Preprocessing against its formulas; fitted on the training part alone, and carried by the weights."""

from pathlib import Path

import numpy as np
import pytest

from engine.backend import open_backend
from engine.data import preprocess as module
from engine.data.files import Npz
from engine.data.preprocess import MOST_FEATURES, Preprocessor, fitted
from engine.data.toy import Noise, Xor
from engine.errors import ProjectError
from engine.inference import load_for_use, network_with
from engine.network import Network
from engine.probes.boundary import Boundary, grid
from engine.project import Project, load_project, project_from, save_project
from engine.trainer import Trainer
from engine.weights import load_weights, save_weights
from tests.engine.cases import project, project_json

RNG = np.random.default_rng(4)
MIXED = RNG.normal(size=(200, 4)) @ RNG.normal(size=(4, 4)) * [1, 10, 0.1, 3] + [5, -3, 10, 0]
KINDS = ("center", "standardize", "pca", "whiten")
LAYERS: list[dict[str, object]] = [
    {"id": "h1", "kind": "dense", "units": 5},
    {"id": "a1", "kind": "tanh"},
    {"id": "out", "kind": "dense", "units": 3},
]


def applied(kind, x, to=None):
    made = Preprocessor(kind, x.shape[1:])
    made.fit(x)
    return made(x if to is None else to)


def on_file(folder: Path, kind: str, **arrays) -> Project:
    """A project on an .npz file of x (N, 4) far from the origin, and three classes."""
    arrays = {"x": MIXED, "y": np.arange(200) % 3, **arrays}
    np.savez(folder / "d.npz", **arrays)
    made = project_from(project_json(LAYERS, "cross_entropy", {"kind": "npz", "path": "d.npz"}), folder)
    return project_from({**made.to_json(), "data": {**made.data.to_json(), "preprocess": kind}}, folder)


# The numbers


def test_center_and_standardize():
    np.testing.assert_allclose(applied("center", MIXED), MIXED - MIXED.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(
        applied("standardize", MIXED), (MIXED - MIXED.mean(axis=0)) / MIXED.std(axis=0), rtol=1e-9, atol=1e-12
    )


def test_pca_is_the_rotation_of_the_singular_vectors():
    numbers, moved = fitted("pca", MIXED), MIXED - MIXED.mean(axis=0)
    _, singular, axes = np.linalg.svd(moved, full_matrices=False)
    matrix = numbers["matrix"]
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(np.abs(matrix), np.abs(axes), atol=1e-9)
    assert all(row[np.abs(row).argmax()] > 0 for row in matrix)
    turned = applied("pca", MIXED)
    np.testing.assert_allclose(np.cov(turned.T, bias=True), np.diag(singular**2 / 200), atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), np.linalg.norm(moved, axis=1))


def test_whitened_data_have_the_identity_as_covariance():
    white = applied("whiten", MIXED)
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(np.cov(white.T, bias=True), np.eye(4), atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [0.1, -1e9, 0.0])
def test_what_is_the_same_in_all_examples_becomes_nothing(kind, value):
    """0.1 three hundred times has a mean that is not 0.1, and so a deviation that is not 0."""
    x = np.column_stack([np.full(300, value), RNG.normal(size=300)])
    assert np.full(300, 0.1).std() > 0
    seen = applied(kind, x)
    flat = np.abs(seen).max(axis=0).argmin()
    assert np.abs(seen[:, flat]).max() <= 1e-15
    assert np.isfinite(seen).all()
    assert np.ptp(seen[:, 1 - flat]) > 1


def test_a_direction_that_no_example_takes_is_not_blown_up():
    """Three features on a line and three on a plane: what is left over is rounding."""
    x = RNG.normal(size=(100, 2)) @ RNG.normal(size=(2, 5)) + 7
    white = applied("whiten", x)
    np.testing.assert_allclose(np.cov(white.T, bias=True), np.diag([1, 1, 0, 0, 0]), atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_keep_their_shape(kind):
    x = RNG.normal(size=(50, 2, 3, 4)) + np.arange(24).reshape(2, 3, 4)
    seen = applied(kind, x)
    assert seen.shape == x.shape
    if kind in ("pca", "whiten"):  # pictures are vectors then
        np.testing.assert_allclose(seen.reshape(50, 24), applied(kind, x.reshape(50, 24)), atol=1e-9)
        return
    for channel in (0, 1):  # else a channel is a feature
        mine = x[:, channel]
        expected = (mine - mine.mean()) / (mine.std() if kind == "standardize" else 1)
        np.testing.assert_allclose(seen[:, channel], expected, atol=1e-9)


def test_sequences_have_a_number_for_each_feature_whatever_the_step():
    x = RNG.normal(size=(50, 7, 3)) * [1, 10, 100] + np.arange(7)[:, None]
    np.testing.assert_allclose(applied("standardize", x), (x - x.mean(axis=(0, 1))) / x.std(axis=(0, 1)), atol=1e-9)
    made = Preprocessor("standardize", (7, 3))
    made.fit(x)
    assert {name: array.shape for name, array in made.state().items()} == {
        "preprocess.mean": (1, 3),
        "preprocess.scale": (1, 3),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_many_examples_are_looked_at_in_pieces(kind, monkeypatch):
    whole = fitted(kind, MIXED)
    monkeypatch.setattr(module, "CHUNK", 13 * 4)
    for name, array in fitted(kind, MIXED).items():
        np.testing.assert_allclose(array, whole[name], rtol=1e-9, atol=1e-12)


def test_none_changes_and_holds_nothing():
    nothing = Preprocessor("none", (4,))
    assert nothing(MIXED) is MIXED
    assert nothing.ready
    assert nothing.state() == fitted("none", MIXED) == {}


def test_too_many_features_for_their_axes_are_refused_unread():
    wide = {"kind": "noise", "shape": [MOST_FEATURES + 1], "classes": 3}
    for kind in ("pca", "whiten"):
        made = project_from(project_json(LAYERS, "cross_entropy", {**wide, "preprocess": kind}), Path())
        (problem,) = made.problems()
        assert str(problem) == f"data.preprocess: {kind} takes up to 4096 numbers an example, got 4097"
    assert not project_from(project_json(LAYERS, "cross_entropy", {**wide, "preprocess": "center"}), Path()).problems()


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_that_overflow_are_refused(kind):
    with pytest.raises(ProjectError, match=rf"^data\.preprocess: {kind}: .* too large"):
        fitted(kind, np.array([[1e308, 1], [1.7e308, 2], [-1.7e308, 0], [1e308, 0]]) * [1, 1])
    with pytest.raises(ProjectError, match="too large"):
        fitted(kind, MIXED * 1e50, "float32")


def test_the_choice_is_written_and_read_back():
    assert Noise().to_json() == {"kind": "noise"}
    for kind in KINDS:
        source = Noise().replace("preprocess", kind)
        assert source.to_json() == {"kind": "noise", "preprocess": kind}
    with pytest.raises(ProjectError, match=r"preprocess: unknown value 'robust', allowed: none, center, standardize"):
        Xor().replace("preprocess", "robust")


# Which examples


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_training_part_is_fitted(tmp_path, kind):
    def numbers(**arrays):
        return Trainer(on_file(tmp_path, kind, **arrays)).network.preprocess.state()

    plain = numbers(x=MIXED, x_val=MIXED, y_val=np.arange(200) % 3)
    moved = numbers(x=MIXED, x_val=MIXED * 7 + 1000, y_val=np.arange(200) % 3)
    control = numbers(x=MIXED * 7 + 1000, x_val=MIXED, y_val=np.arange(200) % 3)
    assert all(np.array_equal(plain[name], moved[name]) for name in plain)
    assert not np.allclose(plain["preprocess.mean"], control["preprocess.mean"])


# On its way through network and training


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_takes_raw_examples(tmp_path, kind, dtype):
    """It says of raw examples what a network without preprocessing says of prepared ones, with the same weights."""
    trainer = Trainer(on_file(tmp_path, kind), dtype=dtype)
    bare = Network(on_file(tmp_path, "none"), open_backend("cpu", dtype))
    bare.load_parameters(trainer.network.parameters())
    x, y = MIXED[:9], np.arange(9) % 3
    seen = applied(kind, trainer.data.x, x)
    close = {"rtol": 1e-4, "atol": 1e-4} if dtype == "float32" else {"rtol": 1e-9, "atol": 1e-12}
    np.testing.assert_allclose(trainer.training_rows[:, :-1], applied(kind, trainer.data.x), **close)
    np.testing.assert_allclose(trainer.network.predict(x), bare.predict(seen), **close)
    (loss, gradients), (other, others) = (
        net.loss_and_gradients(given, y) for net, given in ((trainer.network, x), (bare, seen))
    )
    assert loss == pytest.approx(other, rel=1e-5)
    assert gradients.keys() == others.keys()
    for name in gradients:
        np.testing.assert_allclose(gradients[name], others[name], **close)


@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_opened_without_data_it_says_the_same_to_the_last_bit(tmp_path, kind):
    made = on_file(tmp_path, kind)
    parts = made.to_json()
    parts["graph"]["nodes"][0]["shape"] = [4]
    save_project(project_from(parts, tmp_path), tmp_path / "p.netviz")
    trainer = Trainer(load_project(tmp_path / "p.netviz"))
    trainer.run(20)
    expected = trainer.network.predict(MIXED)
    save_weights(tmp_path / "w.safetensors", trainer.network.state())
    save_weights(tmp_path / "bare.safetensors", trainer.network.parameters())
    with_data = network_with(load_for_use(tmp_path / "p.netviz"), load_weights(tmp_path / "bare.safetensors"))
    np.testing.assert_array_equal(with_data.predict(MIXED), expected)
    (tmp_path / "d.npz").unlink()
    opened = load_for_use(tmp_path / "p.netviz")
    weights = load_weights(tmp_path / "w.safetensors")
    assert {name for name in weights if name.startswith("preprocess.")} == set(trainer.network.preprocess.shapes)
    network = network_with(opened, weights)
    np.testing.assert_array_equal(network.predict(MIXED), expected)
    with pytest.raises(ValueError, match=r"^preprocess\.mean: is missing, expected shape \(4,\)$"):
        network_with(opened, load_weights(tmp_path / "bare.safetensors"))


def test_numbers_that_are_not_known_or_do_not_fit(tmp_path):
    network = Network(on_file(tmp_path, "standardize"), open_backend())
    with pytest.raises(ValueError, match=r"preprocess\.mean, preprocess\.scale: not known"):
        network.predict(MIXED)
    parameters = network.parameters()
    mean, scale = {"preprocess.mean": np.zeros(4)}, {"preprocess.scale": np.ones(4)}
    with pytest.raises(ValueError, match=r"preprocess\.scale: is missing"):
        network.load_parameters({**parameters, **mean})
    with pytest.raises(ValueError, match=r"preprocess\.scale: expected shape \(4,\), got \(5,\)"):
        network.load_parameters({**parameters, **mean, "preprocess.scale": np.ones(5)})
    with pytest.raises(ValueError, match=r"preprocess\.matrix: is unknown, .*preprocess\.mean, preprocess\.scale$"):
        network.load_parameters({**parameters, **mean, **scale, "preprocess.matrix": np.eye(4)})
    assert not network.preprocess.ready
    network.load_parameters({**parameters, **mean, **scale})
    network.predict(MIXED)
    network.load_parameters(parameters)  # its own stay
    bare = Network(on_file(tmp_path, "none"), open_backend())
    with pytest.raises(ValueError, match=r"preprocess\.mean: is unknown"):
        bare.load_parameters({**parameters, **mean})


def test_training_goes_on_with_the_numbers_of_a_file(tmp_path):
    made = on_file(tmp_path, "standardize", x=MIXED)
    trainer, other = Trainer(made), Trainer(made)
    own = trainer.network.preprocess.state()
    foreign = {"preprocess.mean": np.arange(4.0), "preprocess.scale": np.full(4, 8.0)}
    trainer.run(3)
    assert trainer.snapshot().preprocess is None
    trainer.network.load_parameters({**trainer.network.parameters(), **foreign})
    np.testing.assert_allclose(trainer.training_rows[:, :-1], (trainer.data.x - np.arange(4)) / 8, rtol=1e-6)
    trainer.run(3)
    state = trainer.snapshot()
    losses = [trainer.step().loss for _ in range(5)]
    other.restore(state)
    assert [other.step().loss for _ in range(5)] == losses
    np.testing.assert_array_equal(other.network.preprocess.state()["preprocess.scale"], np.full(4, 8.0))
    other.reset()
    assert all(np.array_equal(own[name], array) for name, array in other.network.preprocess.state().items())
    fresh = Trainer(made)
    assert [other.step().loss for _ in range(5)] == [fresh.step().loss for _ in range(5)]


def test_numbers_that_the_data_cannot_follow_change_nothing(tmp_path):
    """Other numbers need the raw examples once more; where those are gone, the network stays as it is."""
    trainer = Trainer(on_file(tmp_path, "center"))
    before, rows = trainer.network.state(), trainer.training_rows.copy()
    (tmp_path / "d.npz").unlink()
    with pytest.raises(ProjectError, match="no such file"):
        trainer.network.load_parameters({name: array + 1 for name, array in before.items()})
    after = trainer.network.state()
    assert all(np.array_equal(after[name], array) for name, array in before.items())
    np.testing.assert_array_equal(trainer.training_rows, rows)
    trainer.network.load_parameters({**before, "out.bias": np.ones(3)})  # the same numbers need none


def test_the_plane_stays_in_raw_coordinates():
    data = {"kind": "xor", "samples": 100, "preprocess": "whiten"}
    trainer = Trainer(project([{"id": "out", "kind": "dense", "units": 1}], "binary_cross_entropy", data))
    answer = Boundary(size=20).measure(trainer)
    x = np.concatenate([trainer.data.x, trainer.data.x_val])
    left, right, low, high = answer.bounds
    assert left < x[:, 0].min() < x[:, 0].max() < right
    assert low < x[:, 1].min() < x[:, 1].max() < high
    assert right - left == pytest.approx(1.1 * np.ptp(x, axis=0).max())
    z = trainer.network.predict(grid(answer.bounds, 20))[:, 0]
    np.testing.assert_allclose(answer.values.ravel(), 1 / (1 + np.exp(-z)), rtol=1e-5)


def test_a_file_of_whole_numbers_is_prepared_as_numbers(tmp_path):
    x = RNG.integers(0, 256, (100, 4)).astype(np.uint8)
    np.savez(tmp_path / "u.npz", x=x, y=np.arange(100) % 3)
    data = Npz(path="u.npz", validation=0.0).load(tmp_path)
    assert applied("center", data.x).min() < 0
    np.testing.assert_allclose(applied("center", data.x), x - x.mean(axis=0))


def test_numbers_that_are_none_do_not_become_others() -> None:
    """A trainer loads its data anew when they do."""
    processor = Preprocessor("none", (3,))
    processor.changed = lambda: pytest.fail("nothing has changed")
    assert processor.take({}) == []

"""Kernels set by hand: what they make of pictures and signals, what turning them round changes, what they leave out."""

import numpy as np
import pytest

from engine.probes.follow import Follow
from engine.probes.maps import Maps
from tests.netviz.experiments.runs import SEEDS, Array, begun, scores, trained

TABLES = {
    "edges": (
        [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
        [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
        [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
        [[0, 0, 0], [0, 0, 1], [0, 0, 0]],
    ),
    "blur": (
        [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
        np.full((3, 3), 1 / 9),
        np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16,
        [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    ),
}
TABLES["edges, turned round"] = TABLES["edges"]


def convolution(picture: Array, kernel: Array) -> Array:
    """Σ k[p, q] x[i − p, j − q] with zeros around, as polynomials are multiplied; of all of it the middle."""
    high, wide = picture.shape
    full = np.zeros((high + 2, wide + 2))
    for (p, q), weight in np.ndenumerate(np.asarray(kernel, np.float64)):
        full[p : p + high, q : q + wide] += weight * picture
    return full[1:-1, 1:-1]


def maps(variant: str, index: int = 0) -> tuple[Array, Array]:
    answer = Maps(index=index).measure(begun("kernels", variant, 0))
    return np.asarray(answer.x[0], np.float64), np.asarray(answer.layers[0].values)


@pytest.mark.parametrize("index", [0, 3, 17])
@pytest.mark.parametrize("variant", TABLES)
def test_the_maps_are_the_filtered_picture(variant: str, index: int) -> None:
    """A network's sums are the convolution with the kernel turned round; turned once more, with the kernel itself."""
    picture, told = maps(variant, index)
    for kernel, found in zip(TABLES[variant], told, strict=True):
        table = np.asarray(kernel, np.float64)
        turned = table if variant.endswith("turned round") else table[::-1, ::-1]
        np.testing.assert_allclose(found, convolution(picture, turned), atol=1e-4)


def test_the_flip_changes_the_sign_of_slopes_and_the_way_of_a_shift() -> None:
    picture, plain = maps("edges")
    _, turned = maps("edges, turned round")
    for slope in (0, 1):
        np.testing.assert_allclose(plain[slope], -turned[slope], atol=1e-4)
        assert np.abs(plain[slope]).max() > 10
    np.testing.assert_allclose(plain[2], turned[2], atol=1e-4)  # the control: it is the same turned round
    np.testing.assert_array_equal(plain[3][:, :-1], picture[:, 1:].astype(np.float32))  # to the left
    np.testing.assert_array_equal(turned[3][:, 1:], picture[:, :-1].astype(np.float32))  # to the right


def test_edges_are_nothing_where_all_is_alike_and_a_blur_is_smoother() -> None:
    """Sharpening is the control: rougher than the picture."""

    def roughness(m: Array) -> float:
        return float(np.square(np.diff(m, axis=0)).sum() + np.square(np.diff(m, axis=1)).sum())

    rough = np.mean([[roughness(found) for found in maps("blur", index)[1]] for index in range(10)], axis=0)
    same, box, gaussian, sharper = rough
    assert box < gaussian < 0.6 * same
    assert sharper > 2 * same
    trainer = begun("kernels", "edges", 0)
    flat = np.full((1, 8, 8), 9.0)
    inside = np.asarray(Maps(flat.astype("<f8").tobytes()).measure(trainer).layers[0].values)[:, 1:-1, 1:-1]
    np.testing.assert_allclose(inside[:3], 0, atol=1e-5)
    np.testing.assert_allclose(inside[3], 9)


def test_one_sum_is_written_out() -> None:
    trainer = begun("kernels", "edges", 0)
    x = np.asarray(trainer.data.x[0, 0], np.float64)
    (section, *_) = Follow(node="k", unit=3 * 8 + 4).measure(trainer).sections
    assert len(section.lines) == 9
    assert section.value == pytest.approx((x[2:5, 3:6] * TABLES["edges"][0]).sum())
    assert sum(line.value for line in section.lines) == pytest.approx(section.value)
    assert section.note.endswith("a cross-correlation, as networks have it.")
    (turned, *_) = Follow(node="k", unit=3 * 8 + 4).measure(begun("kernels", "edges, turned round", 0)).sections
    assert turned.note.endswith("a convolution.")
    assert turned.value == pytest.approx((x[2:5, 3:6] * np.asarray(TABLES["edges"][0])[::-1, ::-1]).sum())


@pytest.mark.parametrize("name", ["kernels", "kernels-signal"])
def test_kernels_stay_as_they_were_set_and_the_layer_behind_them_learns(name: str) -> None:
    before, after = (made.network.state() for made in (begun(name, "edges", 0), trained(name, "edges", 0)))
    np.testing.assert_array_equal(before["k.weight"], after["k.weight"])
    assert np.abs(before["out.weight"] - after["out.weight"]).max() > 0.1


@pytest.mark.parametrize("seed", SEEDS)
def test_edges_tell_a_rise_from_a_fall_and_a_blur_cannot(seed: int) -> None:
    """Turned round one kernel is the other, and tells as much. What is smoothed has the same maximum in all of them."""
    for variant in ("edges", "edges, turned round"):
        assert min(score.accuracy for score in scores("kernels-signal", variant, seed)) > 0.98
    assert max(score.accuracy for score in scores("kernels-signal", "blur", seed)) < 0.5


def test_a_rise_is_found_where_it_is() -> None:
    """Along the signal the first kernel's map is x[i + 1] − x[i − 1], greatest at the rise; turned round, least."""
    for variant, sign in (("edges", 1.0), ("edges, turned round", -1.0)):
        trainer = begun("kernels-signal", variant, 0)
        for index in np.flatnonzero(trainer.data.y == 0)[:10].tolist():
            answer = Maps(index=index).measure(trainer)
            x = np.asarray(trainer.data.x[index, :, 0])
            np.testing.assert_allclose(answer.layers[0].values[0, 0], sign * (x[2:] - x[:-2]), atol=1e-6)
            edge = int(np.flatnonzero(x > 0.5)[0])
            found = int((sign * np.asarray(answer.layers[0].values[0, 0])).argmax()) + 1
            assert abs(found - edge) <= 1

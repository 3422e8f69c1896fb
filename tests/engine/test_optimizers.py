"""Optimizers beside PyTorch's own, decay and limits of weights: which numbers they touch, and which they leave."""

import numpy as np
import pytest

import engine
from engine.backend import bound, open_backend
from engine.catalogue import OPTIMIZERS
from engine.optimizers import Adam, NAdam
from engine.spec import build
from engine.trainer import Trainer
from tests.engine.cases import DTYPES, project
from tests.engine.optimizer_cases import OPTIMIZER_CASES
from tests.engine.test_trainer import DATA, LAYERS, made

each_case = pytest.mark.parametrize("name", OPTIMIZER_CASES)
each_dtype = pytest.mark.parametrize("dtype", DTYPES)
STEPS = 20


def on_a_vector(optimizer, start, gradients):
    """The optimizer's own calls on one vector, every gradient a step; weights decay, all of them."""
    backend = open_backend("cpu", "float64")
    p, g = backend.from_host(start), backend.zeros(start.size)
    state = tuple(backend.zeros(start.size) for _ in optimizer.slots)
    scratch = tuple(backend.zeros(start.size) for _ in range(optimizer.scratch))
    scalars = tuple(backend.scalar(0.0) for _ in optimizer.scalars(1.0, 1))
    calls = bound(optimizer.calls(backend, p, g, state, scalars, scratch))
    for step, gradient in enumerate(gradients, 1):
        for scalar, number in zip(scalars, optimizer.scalars(optimizer.lr, step), strict=True):
            scalar[...] = number
        g[...] = gradient
        if optimizer.decay:
            p *= scalars[-1]
        for call in calls:
            call()
    return p


def drawn(count=50, steps=STEPS):
    """Gradients over six decades, with a parameter that never has one and one that has one at times."""
    rng = np.random.default_rng(4)
    gradients = rng.standard_normal((steps, count)) * 10.0 ** rng.uniform(-5, 1, count)
    gradients[:, 0] = 0
    gradients[::3, 1] = 0
    return rng.standard_normal(count), gradients


def trainer_by(name, dtype, changed, **settings):
    """A trainer of the case's optimizer with some of its fields changed."""
    optimizer = {**OPTIMIZER_CASES[name].declared, **changed}
    return Trainer(project(LAYERS, "cross_entropy", DATA, optimizer=optimizer, **settings), dtype=dtype)


def test_every_optimizer_has_a_case():
    searching = {kind for kind, cls in OPTIMIZERS.items() if cls.searches}
    assert {case.declared["kind"] for case in OPTIMIZER_CASES.values()} == set(OPTIMIZERS) - searching


@each_case
def test_twenty_steps_are_the_textbook_s(name):
    case, (start, gradients) = OPTIMIZER_CASES[name], drawn()
    got = on_a_vector(build(OPTIMIZERS, case.declared, "optimizer"), start, gradients)
    p, state = start, {}
    for step, gradient in enumerate(gradients, 1):
        p = case.update(p, gradient, state, step, case.declared["lr"], np.ones_like(p))
    np.testing.assert_allclose(got - start, p - start, rtol=1e-9, atol=1e-13)


@each_case
def test_twenty_steps_are_pytorch_s(name):
    # Committed vectors hold the same where PyTorch is not installed.
    torch = pytest.importorskip("torch")
    optimizer = build(OPTIMIZERS, OPTIMIZER_CASES[name].declared, "optimizer")
    start, gradients = drawn()
    p = torch.nn.Parameter(torch.from_numpy(start.copy()))
    names = {"torch": torch, "groups": [{"params": [p], "weight_decay": optimizer.decay}]}
    exec("\n".join(optimizer.torch_class()), names)
    theirs = eval(optimizer.torch("groups" if optimizer.decay else "[p]"), {**names, "p": p})
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # NAdam keeps its product of μ in the default type
    try:
        for gradient in gradients:
            p.grad = torch.from_numpy(gradient.copy())
            theirs.step()
    finally:
        torch.set_default_dtype(before)
    got = on_a_vector(optimizer, start, gradients)
    np.testing.assert_allclose(got - start, p.detach().numpy() - start, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("psi", [0.0, 0.004, 1.0])
@pytest.mark.parametrize("beta1", [0.0, 0.9, 0.9999])
def test_the_products_of_nadam_are_the_same_from_any_step_on(beta1, psi):
    optimizer, product = NAdam(beta1=beta1, momentum_decay=psi), 1.0
    rates = {}
    for step in range(1, 2100):
        mu, after = (beta1 * (1 - 0.5 * 0.96 ** (t * psi)) for t in (step, step + 1))
        product *= mu
        root = np.sqrt((1 - 0.999**step) / (1 - 0.999))
        rates[step] = (
            (1 - mu) / (1 - product) * root,
            after * (1 - beta1) / (1 - product * after) / ((1 - mu) / (1 - product)),
        )
    for step in (2099, 1, 1025, 1023, 1024, 2048):  # in any order: a restored run begins in the middle
        rate, _, share = optimizer.scalars(1.0, step)
        np.testing.assert_allclose((rate, share), rates[step], rtol=1e-12)


@pytest.mark.parametrize("beta1", [0.0, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("beta2", [0.0, 0.9, 0.99999])
def test_the_scalars_of_adam_are_those_of_its_formula_however_far(beta1, beta2):
    """To the last bit, though powers too small to count are not computed."""
    adam, rates = Adam(lr=0.01, beta1=beta1, beta2=beta2), np.full(500, 0.01)
    for first in (1, 30, 350, 5000, 4_000_000):
        t = np.arange(first, first + 500, dtype=np.float64)
        root = np.sqrt((1 - beta2**t) / (1 - beta2))
        expected = np.stack([rates * ((1 - beta1) / (1 - beta1**t)) * root, adam.eps * root], axis=1)
        assert np.array_equal(adam.scalar_rows(rates, first), expected)


@pytest.mark.parametrize("name", ["adamw", "lion decay"])
@each_dtype
def test_weights_decay_and_biases_do_not(name, dtype):
    decayed, plain = (trainer_by(name, dtype, {"weight_decay": decay}) for decay in (0.5, 0.0))
    start = {name: np.full(a.shape, 2.0) for name, a in plain.network.parameters().items()}
    for trainer in (decayed, plain):
        trainer.network.load_parameters(start)
        trainer.update()
    off = {
        name: plain.network.parameters()[name] - array for name, array in decayed.network.parameters().items()
    }  # one step at a rate of 0.01 takes 0.5 % of 2 off
    for name, array in off.items():
        np.testing.assert_allclose(array, 0.01 if name.endswith("weight") else 0.0, atol=1e-6)


@each_dtype
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_no_unit_s_weights_are_longer_than_max_norm(optimizer, dtype):
    limit, lr = 0.55, {"lr": 0.3}
    free = trainer_by(optimizer, dtype, lr)
    bounded = trainer_by(optimizer, dtype, lr, regularization={"max_norm": limit})
    rng = np.random.default_rng(3)
    start = {name: rng.uniform(-0.4, 0.4, a.shape) for name, a in free.network.parameters().items()}
    cut = kept = 0
    for trainer in (free, bounded):
        trainer.network.load_parameters(start)
        trainer.update()
    after = bounded.network.parameters()
    for name, array in free.network.parameters().items():
        expected = array.astype(np.float64)
        if name.endswith("weight"):
            lengths = np.sqrt((expected**2).sum(axis=1))
            cut, kept = cut + (lengths > limit).sum(), kept + (lengths < limit).sum()
            expected = expected * np.minimum(1, limit / lengths)[:, None]
        np.testing.assert_allclose(after[name], expected, rtol=1e-5 if dtype == "float32" else 1e-12)
    assert cut > 1  # some are cut
    assert kept > 1  # and some are short enough
    bounded.run(20)
    longest = max(
        np.sqrt((array**2).sum(axis=1)).max()
        for name, array in bounded.network.parameters().items()
        if name.endswith("weight")
    )
    assert longest <= limit * (1 + 1e-6)


def test_frozen_weights_may_be_longer():
    layers = [{**LAYERS[0], "trainable": False}, *LAYERS[1:]]
    trainer = Trainer(made("adamw", layers=layers, regularization={"max_norm": 0.1}))
    before = trainer.network.parameters()
    trainer.run(3)
    after = trainer.network.parameters()
    assert np.array_equal(before["h1.weight"], after["h1.weight"])
    assert np.sqrt((after["h1.weight"] ** 2).sum(axis=1)).min() > 0.1
    assert np.sqrt((after["h2.weight"] ** 2).sum(axis=1)).max() <= 0.1 * (1 + 1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"clip_value": 0}, r"training\.clip_value: expected float >= 1e-30, got 0"),
        ({"regularization": {"max_norm": -1.0}}, r"training\.regularization\.max_norm: expected float >= 1e-30"),
    ],
)
def test_limits_that_are_none_are_refused(settings, message):
    with pytest.raises(engine.ProjectError, match=message):
        made("sgd", **settings)


def test_a_gradient_that_is_no_number_is_not_clipped_to_one():
    trainer = Trainer(made("sgd", clip_value=0.1))
    trainer.parameters.grads.fill(np.nan)
    with np.errstate(all="ignore"):
        for call in trainer._update_calls:
            call()
    assert np.isnan(trainer.parameters.values).all()


@pytest.mark.parametrize("settings", [{"regularization": {"max_norm": 0.1}}, {}], ids=["max norm", "decay"])
def test_what_scales_a_norm_neither_decays_nor_is_limited(settings):
    layers = [LAYERS[0], {"id": "norm", "kind": "batch_norm"}, *LAYERS[1:]]
    optimizer = {"kind": "adamw", "lr": 1e-9, "weight_decay": 1e3} if not settings else {"kind": "sgd", "lr": 1e-9}
    trainer = Trainer(project(layers, "cross_entropy", DATA, optimizer=optimizer, **settings), dtype="float64")
    before = trainer.network.parameters()
    trainer.run(1000 if not settings else 1)
    after = trainer.network.parameters()
    np.testing.assert_allclose(after["norm.weight"], before["norm.weight"], rtol=1e-5)
    assert np.abs(after["h1.weight"] / before["h1.weight"] - 1).min() > 5e-4

"""Training step by step: deterministic, and restorable to any state it has been in."""

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import chain, islice
from math import isfinite
from operator import index
from weakref import WeakKeyDictionary

import numpy as np
from msgspec.structs import replace

from engine.ahead import Laid, Step, laid_out, run
from engine.backend import Array, Backend, Call, bound, open_backend
from engine.compiled import NONE, Compiled
from engine.course import Course
from engine.data.source import Dataset
from engine.divergence import DivergenceError, origin
from engine.first import first_weights
from engine.kernels.choice import kernels_for
from engine.lsuv import draw_weights
from engine.memory import must_fit, needs_of_training
from engine.metrics import Score
from engine.network import Network
from engine.optimizers import Searching
from engine.parts import Parts
from engine.plan import Plan
from engine.project import Project
from engine.regularizers import constraint_calls
from engine.searched import SearchedUpdate
from engine.snapshot import Snapshot as Snapshot
from engine.snapshot import StepRecord as StepRecord
from engine.spec import convert
from engine.statistics import Statistics
from engine.subnormal import Flushed
from engine.training import Settings
from engine.unread import MOST, Unread
from engine.update import update_calls
from engine.zeros import KeptZeros


class Trainer:
    """Trains one network. `seed` overrides the project's; raises ProjectError or DeviceError."""

    def __init__(
        self,
        project: Project,
        device: str = "cpu",
        dtype: str = "float32",
        seed: int | None = None,
        backend: Backend | None = None,
    ) -> None:
        """`backend`, where it is given, stands for device and dtype."""
        self.project, self.backend = project, backend or open_backend(device, dtype, kernels_for(device))
        wanted = project.training.batch_size
        must_fit(needs_of_training(project, self.backend.dtype, wanted if isinstance(wanted, int) else 0), self.backend)
        self.network = Network(project, self.backend)
        training, network = project.training, self.network
        self._first = first_weights(project, network)
        self.seed = training.seed if seed is None else convert({"seed": index(seed)}, Settings, "training").seed
        self._parts = Parts(project, network, self.seed)
        self._train, self.sample, self.reach = self._parts.train, self._parts.sample, self._parts.reach
        network.preprocess.changed = self._prepare_anew
        self.parameters = network.parameters_
        self.optimizer = training.optimizer
        self._slots = self.backend.vectors(len(self.optimizer.slots), self.parameters.trained)
        self._scalars = self.backend.zeros(len(self.optimizer.scalars(1.0, 1)))
        self._zeros = KeptZeros(self.backend, self.parameters, training.keep_zeros)
        network.loaded = self._zeros.look
        state = self._slots, self._scalars, self._zeros
        self._update_calls = update_calls(self.backend, self.parameters, training, *state)
        self._plans: dict[int, Laid] = {}
        self._ahead: Iterator[Step] = iter(())  # who takes a step from it and does not do that forgets the others
        self._observed = 0  # the step after the last one that was looked at
        self._statistics: WeakKeyDictionary[Plan, Statistics] = WeakKeyDictionary()
        self._compiled = Compiled(self.backend, self._calls_for, self._scalars)
        self._moment = network.moment
        self.lr = self.optimizer.lr  # before the schedule's share
        self.batch_size = self._count(training.batch_size)
        self._begin()

    def _begin(self) -> None:
        self.step_number = self.epoch = self.position = 0
        draw_weights(self.network, self.seed, self._train.rows)
        self.network.load_fitting(self._first)  # and looks which are zero
        training = self.project.training
        self.course = Course(training.schedule, training.early_stopping, self.backend)
        self.epoch_scores: tuple[Score, Score | None] | None = None  # of the epoch that has just ended, if wanted
        self._seek()

    @cached_property
    def data(self) -> Dataset:
        """The raw examples, loaded anew when they are asked for."""
        return self._parts.load()

    def _prepare_anew(self) -> None:
        self._parts.prepare_anew(self.seed)
        self._train = self._parts.train
        self._forget_plans()
        self._seek()

    def _forget_plans(self) -> None:
        self._plans.clear()
        self._compiled.forget()

    def _count(self, batch_size: int | str) -> int:
        return self._train.count if isinstance(batch_size, str) else min(batch_size, self._train.count)

    @property
    def examples(self) -> int:
        """How many examples an epoch has."""
        return self._train.count

    @property
    def training_rows(self) -> Array:
        """The training examples on the device as the first layer sees them, (N, features + 1), ending in a constant 1.

        Of data that are too large to be kept there, the first ones.
        """
        return self._train.rows

    def first_rows(self, count: int, validation: bool = False) -> tuple[Array, Array, int]:
        """The first rows of a part with their targets (n, units), as far as they are kept, and how many it has."""
        return self._parts.first_rows(count, validation)

    @property
    def rate(self) -> float:
        """The learning rate of the next update."""
        return float(self.lr if self.course.schedule is None else self._rates(1)[0])

    @property
    def stopped(self) -> bool:
        """Whether early stopping has ended the training; it can go on all the same."""
        return self.course.stopped

    @property
    def steps_per_epoch(self) -> int:
        return -(-self._train.count // self.batch_size)

    # Stepping

    def update(self) -> float:
        """One update at full speed; returns its loss. Raises DivergenceError, and then nothing was changed."""
        return self._updates_in_turn(1)[0]

    def updates(self, most: int) -> Array:
        """Up to `most` updates (at least one), and their losses: in one call or told at once where that can be.

        Raises DivergenceError before an update whose loss is no number, and then nothing was changed.
        """
        losses = self._unread_updates(most) if self.backend.kernels == "cuda" else self._compiled_updates(most)
        return losses if len(losses) else np.array(self._updates_in_turn(most))

    def _updates_in_turn(self, most: int) -> list[float]:
        """As far as they are laid out, until one cannot be done: if it is the first, that is raised."""
        if self.course.watches:  # how the next epoch goes is known only when this one has ended
            most = min(most, self._train.left(self.position, self.batch_size))
        losses, broken = list[float](), None
        try:
            broken = run(self._next_steps(most), self._moment, losses)
            if broken is not None:
                self._ahead = iter(())
        except BaseException as error:
            self._ahead = iter(())
            if not (losses and isinstance(error, MemoryError)):
                raise
        finally:
            self._advance(len(losses))
        if broken is not None and not losses:
            raise self._diverged(*broken)
        return losses

    def _next_steps(self, most: int, alone: bool = False) -> Iterator[Step]:
        """Up to `most` steps (at least one), laid out: where none are, one `alone` or as many as there is room for."""
        if (step := next(self._ahead, None)) is None:
            self._look_ahead(alone)
            step = next(self._ahead)
        return chain((step,), islice(self._ahead, max(1, most) - 1))

    def _unread_updates(self, most: int) -> Array:
        """Of one epoch, without a look at one; none where each has to be looked at."""
        most = min(most, self._train.left(self.position, self.batch_size) if self.course.watches else MOST)
        if most == 1 or isinstance(self.optimizer, Searching):
            return NONE
        steps, behind = list(self._next_steps(most)), self._ahead
        self._ahead = iter(())
        losses = self._unread.losses(steps)
        if len(losses) < len(steps):  # those before it once more, each with a look
            return np.array([self.update() for _ in range(max(1, len(losses)))])
        self._ahead = behind
        self._advance(len(losses))
        return np.array(losses)

    def _compiled_updates(self, most: int) -> Array:
        """In one compiled call; none where that cannot be."""
        if self.backend.kernels != "numba":
            return NONE
        at, pause = (self.epoch, self.position, self.batch_size), self.course.watches
        losses = self._compiled.losses(most, self._train, at, pause, self._changing_scalars)
        if len(losses):
            self._ahead = iter(())
            self._advance(len(losses))
        return losses

    @cached_property
    def _unread(self) -> Unread:
        return Unread(
            self.backend, self._calls_for, (self.parameters.values, *self._slots), self._scalars, self._moment
        )

    def step(self, layers: bool = False) -> StepRecord:
        """One update; with `layers`, every layer's statistics too. Raises DivergenceError."""
        with np.errstate(all="ignore"):
            if layers:
                return self._observed_update()
            at, rate = (self.step_number, self.epoch), self.rate
            return StepRecord(*at, self.update(), rate)

    def run(self, steps: int) -> StepRecord:
        """`steps` updates (at least one) at full speed, past `epochs` if asked; the last one's record."""
        if steps < 1:
            raise ValueError(f"steps: expected at least 1, got {steps}")
        with np.errstate(all="ignore"):
            left = steps - 1
            while left:
                left -= len(self.updates(left))
        return self.step()

    def _observed_update(self) -> StepRecord:
        ((plan, moves, *_),) = self._next_steps(1, alone=self._observed != self.step_number)
        for room, given in moves:
            room[...] = given
        with Flushed():
            plan.run_forward()
            loss = float(plan.loss.item())
            if not isfinite(loss):
                self._ahead = iter(())
                raise self._diverged(plan, loss)
            plan.run_backward()
        if plan not in self._statistics:
            self._statistics[plan] = Statistics(plan)
        statistics = self._statistics[plan].look()
        at, rate, accuracy = (self.step_number, self.epoch), self.rate, self._accuracy(plan)
        with Flushed():
            for call in self._after(plan):
                call()
        self._statistics[plan].add_updates(statistics)
        self._advance(1)
        self._observed = self.step_number
        return StepRecord(*at, loss, rate, accuracy, statistics)

    def _diverged(self, plan: Plan, loss: float) -> DivergenceError:
        return DivergenceError(self.step_number, loss, *origin(plan.structure, self.parameters, plan, self.step_number))

    def _accuracy(self, plan: Plan) -> float | None:
        xp = self.backend.xp
        hits = self.network.loss.hits(xp, plan.logits.value, plan.targets, self.network.classes)
        if hits is None:
            return None
        return int(xp.asarray(xp.count_nonzero(hits)).item()) / hits.size

    def _advance(self, steps: int) -> None:
        """So many updates have been done."""
        self.step_number += steps
        self._moment.step = self.step_number
        self.position = self._train.reach(self.position, self.batch_size, steps)
        if self.position >= self._train.count:
            epochs, self.position = divmod(self.position, self._train.count)
            self.epoch += epochs
            if self.course.watches:
                self._end_epoch()

    def _end_epoch(self) -> None:
        """Tells the course how the epoch went; the training loss counts where nothing is kept for validation."""
        train, validation = self.epoch_scores = self.evaluate()
        rate = self.rate
        self.course.observe(self.epoch - 1, self.step_number - 1, (validation or train).loss, self.parameters.values)
        if self.rate != rate or self.course.stopped:
            self._seek()

    def _look_ahead(self, alone: bool) -> None:
        """Lays the next steps out, each with its plan; a batch of all examples stays in its plan."""
        train = self._train
        blocks = list(train.window(self.epoch, self.position, self.batch_size, self.course.watches, alone))
        stays = blocks[0][0].shape[2] == train.count and train.stays(self.epoch)
        self._ahead = laid_out(blocks, stays, self._calls_for, self._scalars, self._changing_scalars)

    def _calls_for(self, size: int) -> Laid:
        """The plan for batches of `size`, its calls before the loss is known and those after, bound once."""
        if size not in self._plans:
            net, given = self.network, (self.parameters, self.backend, size)
            plan = Plan(net.structure, *given, net.loss, classes=net.classes, moment=net.moment)
            after = self.backend.lowered(plan.backward_calls + self._after(plan))
            self._plans[size] = plan, plan.forward_calls, after
        return self._plans[size]

    @property
    def _changing_scalars(self) -> Callable[[int], Array] | None:
        """`_scalars_for`, unless they stay as they are."""
        return self._scalars_for if self.optimizer.every_step or self.course.schedule is not None else None

    def _scalars_for(self, steps: int) -> Array:
        """A row of the optimizer's scalars for each of the next `steps`."""
        return self.backend.from_host(self.optimizer.scalar_rows(self._rates(steps), self.step_number + 1))

    def _rates(self, steps: int) -> Array:
        """The learning rates of the next `steps` by the schedule, as far as it is known now."""
        if self.course.schedule is None:
            return np.full(steps, self.lr)
        done, n = self.epoch * self.steps_per_epoch + self.position // self.batch_size, self.steps_per_epoch
        return np.array([self.lr * self.course.factor(i // n + i % n / n) for i in range(done, done + steps)])

    def _seek(self) -> None:
        """Forgets what was laid out: position, batch size or rate have changed."""
        self._ahead = iter(())
        self._moment.seed, self._moment.step = self.seed, self.step_number
        self._scalars[...] = self._scalars_for(1)[0]

    def _after(self, plan: Plan) -> list[Call]:
        """What follows the way back of `plan`: what layers write down, and the update."""
        if not isinstance(self.optimizer, Searching):
            return plan.state_calls + self._update_calls
        training, backend = self.project.training, self.backend
        update = SearchedUpdate(self.optimizer, plan, training.regularization, self._slots, self._scalars, self._zeros)
        return [*plan.state_calls, update, *bound(constraint_calls(backend, self.parameters, training))]

    # Changing the run

    def set_learning_rate(self, lr: float) -> None:
        self.lr = self.optimizer.replace("lr", lr).lr
        self._seek()

    def set_batch_size(self, batch_size: int | str) -> None:
        """From the next step on; the epoch goes on where it stands."""
        self.batch_size = self._count(convert({"batch_size": batch_size}, Settings, "training").batch_size)
        self._forget_plans()
        self._seek()

    def reset(self, seed: int | None = None) -> None:
        """Back to step 0 and to the initial weights of `seed`, or of the same seed."""
        self.seed = self._train.seed = self.seed if seed is None else seed
        self._train.forget()
        self.network.preprocess.take(self._parts.fitted)
        for slot in self._slots:
            slot.fill(0)
        self._begin()

    def snapshot(self) -> Snapshot:
        """The state, exact; `restore` takes it into any trainer of the same project, device and dtype."""
        host = self.backend.to_host
        return replace(
            self.sight(),
            slots=tuple(host(slot) for slot in self._slots),
            course=self.course.state(),
            free=self._zeros.state(),
        )

    def sight(self) -> Snapshot:
        """Of the state what probes see, for `show`: no optimizer's memory."""
        return Snapshot(
            self.step_number,
            self.epoch,
            self.position,
            self.seed,
            self.lr,
            self.batch_size,
            self.backend.to_host(self.parameters.values),
            (),
            preprocess=None if self._parts.is_fitted else self.network.preprocess.state(),
        )

    def restore(self, state: Snapshot) -> None:
        """Goes on from `state`: stepping on repeats the same bits. ValueError if it is of another network."""
        state.must_fit(self.parameters.values, len(self._slots), self.parameters.trained)
        self._train.forget()
        for slot, kept in zip(self._slots, state.slots, strict=True):
            slot[...] = self.backend.from_host(kept)
        self.course.restore(state.course)
        self._zeros.restore(state.free)
        self._forget_plans()
        self._take_place(state)

    def show(self, state: Snapshot) -> None:
        """Is to be looked at as the trainer was that `sight` told of; raises as `restore` does, and must not train."""
        state.must_fit(self.parameters.values, 0, self.parameters.trained)
        self._take_place(state)

    def _take_place(self, state: Snapshot) -> None:
        self.step_number, self.epoch, self.position = state.step, state.epoch, state.position
        self.lr, self.batch_size = state.lr, state.batch_size
        self.seed = self._train.seed = state.seed
        self.network.preprocess.take(state.preprocess or self._parts.fitted)
        self.parameters.values[...] = self.backend.from_host(state.values)
        self._seek()

    # Looking

    def evaluate(self) -> tuple[Score, Score | None]:
        """Training and validation scores with the present weights; None without a validation part."""
        return self._parts.scores()

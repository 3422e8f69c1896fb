"""The part of an exported training that follows its course: the schedule's rate, and early stopping.

Where one of them watches the validation loss, the exported `train` takes `x_val` and `y_val`, too.
"""

from engine.course import EarlyStopping
from engine.schedules import Plateau, Schedule
from engine.training import Training

STEP = " " * 4


def watches(training: Training) -> bool:
    """Whether the validation loss has a say."""
    return training.early_stopping is not None or isinstance(training.schedule, Plateau)


def rate_function(schedule: Schedule) -> list[str]:
    """The schedule as a function of the time in epochs; of a plateau, its warm-up alone."""
    lines = [
        "def rate(t: float) -> float:",
        '    """The learning rate after t epochs, as a share of the optimizer\'s."""',
        *(STEP + line for line in (["share = 1.0"] if isinstance(schedule, Plateau) else schedule.torch())),
    ]
    if schedule.warmup:
        start = schedule.warmup_from
        lines += [
            f"    if t < {schedule.warmup}:",
            f"        share *= {start} + (1 - {start}) * t / {schedule.warmup}",
        ]
    return [*lines, "    return share"]


def beginning(training: Training) -> list[str]:
    """What `train` remembers from epoch to epoch."""
    lines = []
    if isinstance(training.schedule, Plateau):
        lines.append("share, best, since = 1.0, math.inf, 0")
    if training.early_stopping is not None:
        lines.append("lowest, waited, kept = math.inf, 0, copy.deepcopy(model.state_dict())")
    return lines


def before_step(training: Training) -> list[str]:
    """Sets the rate of the step."""
    if training.schedule is None:
        return []
    share = " * share" if isinstance(training.schedule, Plateau) else ""
    return [
        "for group in optimizer.param_groups:",
        f'    group["lr"] = {training.optimizer.lr} * rate(epoch + step / len(batches)){share}',
    ]


def after_epoch(training: Training, output: str) -> list[str]:
    """Looks at the validation loss; `output` is what the loss takes of `x_val`."""
    if not watches(training):
        return []
    lines = [
        "model.eval()",
        "with torch.no_grad():",
        f"    held = criterion({output}, y_val).item()",
        "model.train()",
    ]
    if isinstance(training.schedule, Plateau):
        lines += _plateau(training.schedule)
    if training.early_stopping is not None:
        lines += _stopping(training.early_stopping)
    return lines


def _plateau(schedule: Plateau) -> list[str]:
    return [
        f"if held < best * (1 - {schedule.threshold}):",
        "    best, since = held, 0",
        f"elif since + 1 > {schedule.patience}:",
        f"    share, since = max({schedule.lowest}, share * {schedule.gamma}), 0",
        "else:",
        "    since += 1",
    ]


def _stopping(stopping: EarlyStopping) -> list[str]:
    margin = f" - {stopping.min_delta}" if stopping.min_delta else ""
    return [
        f"if held < lowest{margin}:",
        "    lowest, waited, kept = held, 0, copy.deepcopy(model.state_dict())",
        "else:",
        "    waited += 1",
        f"if waited == {stopping.patience}:",
        "    model.load_state_dict(kept)",
        "    break",
    ]

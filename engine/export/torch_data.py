"""What an exported training does to its examples: the augmentation as functions, the curriculum as a sampler."""

from engine.data.augmentation import Augmentation
from engine.data.curriculum import Curriculum
from engine.data.preprocess import Kind
from engine.training import Training

SAMPLER = "EasyFirst"
ALL_IN_ORDER = "torch.arange(len(x))"
GRID = 'nn.functional.grid_sample(x, grid, padding_mode="border", align_corners=True)'


def parts(training: Training, preprocess: Kind) -> list[list[str]]:
    """The functions and classes that `train` needs for it."""
    found = []
    if (how := training.augmentation) is not None:
        found += [_moved(how)] if how.moves else []
        found.append(_augmented(how, preprocess))
    if (curriculum := training.curriculum) is not None:
        found += [_easiest_first()] if curriculum.by == "centroid" else []
        found.append(_sampler(curriculum, training.shuffle))
    return found


def before_step(training: Training, preprocess: Kind) -> list[str]:
    """Changes the inputs of a step."""
    if training.augmentation is None:
        return []
    return [f"inputs = augmented({_arguments(training.augmentation, preprocess, 'inputs')})"]


def sampler(training: Training, preprocess: Kind) -> str:
    """How DataLoader is to choose examples; empty without a curriculum, which finds no order for itself."""
    curriculum = training.curriculum
    if curriculum is None:
        return ""
    prepared = "x" if preprocess == "none" else "model.preprocess(x)"
    order = f"easiest_first({prepared}, y)" if curriculum.by == "centroid" else ALL_IN_ORDER
    return f"{SAMPLER}({order})"


def _scaled(how: Augmentation, preprocess: Kind) -> bool:
    """Whether the noise, which is behind the preprocessing, is another one in front of it."""
    return bool(how.noise) and preprocess in ("standardize", "whiten")


def _arguments(how: Augmentation, preprocess: Kind, x: str) -> str:
    return f"{x}, model.preprocess" if _scaled(how, preprocess) else x


def _draws(how: Augmentation) -> dict[str, str]:
    """What says how each picture is moved, and how it is drawn, for `one_each`."""
    whole = f"torch.randint(-{how.shift}, {how.shift + 1}, one_each)"
    found = {"down": whole, "across": whole} if how.shift else {}
    if how.rotate:
        found["angle"] = f"math.radians({how.rotate}) * (2 * torch.rand(one_each) - 1)"
    if how.flip:
        found["side"] = "1 - 2 * torch.randint(2, one_each)"
    return found


def _moved(how: Augmentation) -> list[str]:
    """grid_sample takes places between pixels as this program does: by the four around them."""
    ways = [*(["mirrored where side is -1"] if how.flip else []), *(["turned"] if how.rotate else [])]
    ways += ["shifted"] if how.shift else []
    row, column = "v", "u"
    if how.rotate:
        row, column = "angle.cos() * v - angle.sin() * u", "angle.sin() * v + angle.cos() * u"
    if how.flip:
        column = f"({column}) * side" if how.rotate else f"{column} * side"
    return [
        "def moved(",
        *(f"    {name}: torch.Tensor," for name in ("x", *_draws(how))),
        ") -> torch.Tensor:",
        f'    """Pictures (N, C, H, W) {", then ".join(ways)}.',
        "",
        "    The edge is repeated outwards; what says how is (N, 1, 1).",
        '    """',
        "    middle = (x.shape[2] - 1) / 2, (x.shape[3] - 1) / 2",
        f"    v = torch.arange(x.shape[2])[:, None] - middle[0]{' - down' if how.shift else ''}",
        f"    u = torch.arange(x.shape[3]) - middle[1]{' - across' if how.shift else ''}",
        "    # Where each pixel comes from, counted from the middle.",
        *([f"    row = {row}", f"    column = {column}"] if how.rotate else []),
        *([] if how.rotate else [f"    row, column = torch.broadcast_tensors({row}, {column})"]),
        "    # The outermost pixels are at -1 and 1; a single one is anywhere.",
        "    grid = column / (middle[1] or 1), row / (middle[0] or 1)",
        "    grid = torch.stack(grid, dim=3).to(x.dtype)",
        f"    return {GRID}",
    ]


def _augmented(how: Augmentation, preprocess: Kind) -> list[str]:
    scaled = _scaled(how, preprocess)
    lines = [
        f"def augmented(x: torch.Tensor{', preprocess: Preprocess' if scaled else ''}) -> torch.Tensor:",
        '    """The examples, each changed in a way of its own."""',
    ]
    if how.moves:
        draws = _draws(how)
        lines += ["    one_each = len(x), 1, 1", *(f"    {name} = {law}" for name, law in draws.items())]
        lines.append(f"    {'x =' if how.noise else 'return'} moved({', '.join(('x', *draws))})")
    if not how.noise:
        return lines
    noise = f"{how.noise} * torch.randn_like(x)"
    if not scaled:
        return [*lines, f"    return x + {noise}"]
    lines.append("    # The noise is meant behind the preprocessing.")
    if preprocess == "standardize":
        return [*lines, f"    return x + {noise} * preprocess.scale"]
    return [
        *lines,
        f"    noise = {noise}.flatten(1)",
        "    noise = torch.linalg.solve(preprocess.matrix, noise.T).T",
        "    return x + noise.reshape(x.shape)",
    ]


def _easiest_first() -> list[str]:
    return [
        "def easiest_first(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:",
        '    """Which examples are near their own class\'s mean, and far from every other."""',
        "    x, y, classes = x.flatten(1).double(), y.flatten(), y.unique()",
        "    means = torch.stack([x[y == c].mean(dim=0) for c in classes])",
        "    distances, own = torch.cdist(x, means), y[:, None] == classes",
        "    nearest_other = distances.masked_fill(own, math.inf).amin(dim=1)",
        "    hardness = distances[own] / nearest_other.clamp(min=sys.float_info.min)",
        "    return hardness.argsort(stable=True)",
    ]


def _sampler(curriculum: Curriculum, shuffle: bool) -> list[str]:
    start, epochs = curriculum.start, curriculum.epochs
    rounds = "rounds = range(math.ceil(count / len(shown)))"
    if shuffle:
        picked = "picked = [shown[torch.randperm(len(shown))] for _ in rounds]"
    else:
        picked = "picked = [shown.sort().values for _ in rounds]"
    return [
        f"class {SAMPLER}(Sampler):",
        f'    """The easiest examples only, then more of them, until epoch {epochs} shows all.',
        "",
        "    An epoch is as long as ever: what is easy comes more than once in it.",
        '    """',
        "",
        "    def __init__(self, order: torch.Tensor) -> None:",
        "        self.order, self.epoch = order, 0",
        "",
        "    def __len__(self) -> int:",
        "        return len(self.order)",
        "",
        "    def __iter__(self):",
        "        shown, count = self.order, len(self.order)",
        f"        if self.epoch < {epochs}:",
        f"            share = {start} + (1 - {start}) * self.epoch / {epochs}",
        "            shown = shown[: math.ceil(share * count)]",
        f"        {rounds}",
        f"        {picked}",
        "        self.epoch += 1",
        "        return iter(torch.cat(picked)[:count].tolist())",
    ]

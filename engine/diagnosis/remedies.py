"""What may cure each fault, likeliest first, as edits of the project that was trained."""

from collections.abc import Callable, Sequence

from engine.diagnosis.edits import AnyEdit, InsertAfter, Remedy, ReplaceKind, SetData, SetNode, SetTraining
from engine.diagnosis.facts import followers, passed
from engine.diagnosis.record import Record
from engine.diagnosis.symptoms.pace import USUAL
from engine.graph import Structure
from engine.layers.base import Activation, Layer
from engine.layers.dense import Dense
from engine.layers.norms import Norm
from engine.project import Project

FITTING = {  # first weights for what follows a layer; glorot_uniform for all else
    **dict.fromkeys(("relu", "leaky_relu", "prelu", "elu", "gelu", "silu", "softplus"), "he_normal"),
    "selu": "lecun_normal",
}
GATES = ("sigmoid", "tanh", "scaled_tanh", "softsign")
FIRST_STRIDE = 0.05  # of their weights, that layers move in the first step of a sound run
LEAST_FACTOR = 1e-4  # a stride of thousands says that something burst, not how much lower the rate should be
SLOWEST_RATE, FASTEST_RATE = 1e-8, 1e4


class Ward:
    """A project with its structure and record, and the edits that remedies are made of."""

    def __init__(self, project: Project, structure: Structure, record: Record) -> None:
        self.project, self.structure, self.record = project, structure, record
        self.layers = structure.layers
        self.dense = tuple(rung.node for rung in record.facts.rungs)
        self.hidden = tuple(rung.node for rung in record.facts.rungs if rung.hidden)

    def _behind(self, node: str) -> Layer | None:
        return passed(self.structure, node)

    def fresh_weights(self, nodes: Sequence[str]) -> tuple[Remedy, ...]:
        """Weights drawn as their activation wants them."""
        edits: list[AnyEdit] = []
        for node in nodes:
            layer = self.layers.get(node)
            if layer is None or not hasattr(layer, "init"):
                continue
            behind = self._behind(node)
            wanted = FITTING.get(behind.kind() if behind is not None else "", "glorot_uniform")
            gain = getattr(layer, "init_gain", 1.0)
            if layer.init != wanted or gain != 1.0:
                edits.append(SetNode(node, "init", wanted))
                edits += [SetNode(node, "init_gain", 1.0)] if gain != 1.0 else []
        kinds = sorted({str(edit.value) for edit in edits if isinstance(edit, SetNode) and edit.field == "init"})
        names = [kind[0].upper() + kind[1:].replace("_", " ") for kind in kinds]  # of people, mostly
        title = f"Draw first weights by {' and '.join(names)}" if kinds else "Draw first weights without a gain"
        return (Remedy(title, tuple(edits)),) if edits else ()

    def every_weight(self) -> tuple[Remedy, ...]:
        return self.fresh_weights([rung.node for rung in self.record.facts.rungs if rung.trains])

    def normed(self) -> tuple[Remedy, ...]:
        """A batch norm behind every hidden dense layer that has none."""
        edits = tuple(
            InsertAfter(node, self._free(f"{node}_norm"), "batch_norm")
            for node in self.hidden
            if not isinstance(self._behind(node), Norm) and len(self.structure.shapes[node]) == 1
        )
        return (Remedy("Insert batch norm behind every hidden layer", edits),) if edits else ()

    def rectified(self, nodes: Sequence[str] | None = None) -> tuple[Remedy, ...]:
        """ReLU in place of sigmoids and the like, with the weights it wants."""
        gates = [n for n in nodes or self.structure.drawn if self.layers[n].kind() in GATES]
        gates = [n for n in gates if n != self.structure.output]
        if not gates:
            return ()
        edits: list[AnyEdit] = [ReplaceKind(node, "relu") for node in gates]
        sources = [node for node in self.hidden if any(self._reaches(node, gate) for gate in gates)]
        edits += [SetNode(node, "init", "he_normal") for node in sources if hasattr(self.layers[node], "init")]
        return (Remedy("ReLU and He's first weights", tuple(edits)),)

    def _reaches(self, node: str, gate: str) -> bool:
        """Whether `gate` is the next activation behind the dense layer `node`."""
        while gate != node and self.structure.inputs[gate]:
            gate = self.structure.inputs[gate][0]
            if gate in self.hidden:
                break
        return gate == node

    def leaky(self, nodes: Sequence[str]) -> tuple[Remedy, ...]:
        edits = tuple(ReplaceKind(n, "leaky_relu") for n in nodes if self.layers[n].kind() == "relu")
        return (Remedy("Leaky ReLU, which cannot die", edits),) if edits else ()

    def biases(self) -> tuple[Remedy, ...]:
        edits = tuple(
            SetNode(rung.node, "bias_init", 0.0)
            for rung in self.record.facts.rungs
            if getattr(self.layers[rung.node], "bias_init", 0.0) < 0
        )
        return (Remedy("Start biases at 0", edits),) if edits else ()

    def rate(self, factor: float) -> tuple[Remedy, ...]:
        """The learning rate times `factor`, to one digit."""
        wanted = self.record.rate * factor
        wanted = float(f"{min(max(wanted, SLOWEST_RATE), FASTEST_RATE):.1g}")
        return (Remedy(f"Learning rate {wanted:g}", (SetTraining("optimizer.lr", wanted),)),)

    def slower(self) -> tuple[Remedy, ...]:
        """The rate at which the first step would have been one of a sound run, and a tenth of it, because plain
        gradients may grow later; nothing where no step was long."""
        first, longest = self.record.first_stride, max(self.record.longest.values(), default=0.0)
        stride = first if first > FIRST_STRIDE else longest
        if stride <= 2 * FIRST_STRIDE:
            return ()
        factor = min(0.1, max(LEAST_FACTOR, FIRST_STRIDE / stride))
        return self.rate(factor) + self.rate(factor / 10)

    def faster(self) -> tuple[Remedy, ...]:
        """The rate at which the mean step would have been a usual one, at least ten times higher."""
        mean = max(self.record.moved.values(), default=0.0) / max(1, self.record.step)
        return self.rate(max(10.0, USUAL / mean)) if mean > 0 else self.rate(10)

    def clipped(self) -> tuple[Remedy, ...]:
        return (Remedy("Clip the gradient's norm at 1", (SetTraining("clip_norm", 1.0),)),)

    def scaled_inputs(self) -> tuple[Remedy, ...]:
        if "preprocess" in type(self.project.data).__struct_fields__:
            return (Remedy("Standardize the inputs", (SetData("preprocess", "standardize"),)),)
        edits = tuple(
            InsertAfter(node, self._free(f"{node}_norm"), "batch_norm", {"trainable": False})
            for node in self.structure.inputs_of_x
            if len(self.structure.shapes[node]) == 1
        )
        return (Remedy("Standardize the inputs by a batch norm", edits),) if edits else ()

    def adam(self) -> tuple[Remedy, ...]:
        if self.project.training.optimizer.kind() != "sgd":
            return ()
        return (Remedy("Adam, which scales each weight's step", (SetTraining("optimizer", {"kind": "adam"}),)),)

    def more_layers(self) -> tuple[Remedy, ...]:
        """A hidden layer where there is none; twice the units where there are."""
        dense = [node for node in self.hidden if isinstance(self.layers[node], Dense)]
        plain = [node for node in dense if isinstance(self._behind(node), Dense)]
        if plain:
            edits: tuple[AnyEdit, ...] = tuple(InsertAfter(n, self._free(f"{n}_tanh"), "tanh") for n in plain)
            return (Remedy("An activation behind each hidden layer: linear ones add nothing", edits),)
        if dense:
            return (Remedy("Twice the hidden units", tuple(SetNode(n, "units", 2 * self._units(n)) for n in dense)),)
        inputs = [n for n in self.structure.inputs_of_x if len(self.structure.shapes[n]) == 1]
        if len(inputs) != 1:
            return ()
        node, layer, act = inputs[0], self._free("hidden"), self._free("hidden_tanh")
        pair = (InsertAfter(node, layer, "dense", {"units": 16}), InsertAfter(layer, act, "tanh"))
        return (Remedy("A hidden layer of 16 units", pair),)

    def _units(self, node: str) -> int:
        layer = self.layers[node]
        return layer.units if isinstance(layer, Dense) else 0

    def unpenalized(self) -> tuple[Remedy, ...]:
        penalty = self.project.training.regularization
        if not (penalty.l1 or penalty.l2):
            return ()
        edits = (SetTraining("regularization.l1", 0.0), SetTraining("regularization.l2", 0.0))
        return (Remedy("No penalty on the weights", edits),)

    def held_back(self) -> tuple[Remedy, ...]:
        """Against over-fitting: stop in time, forget units, pull weights to 0."""
        found = []
        if self.project.training.early_stopping is None:
            found.append(
                Remedy("Stop early, with the best weights", (SetTraining("early_stopping", {"patience": 10}),))
            )
        if not any(layer.kind() == "dropout" for layer in self.layers.values()):
            places = [place for node in self.hidden if (place := self._heard(node)) is not None]
            edits = tuple(InsertAfter(place, self._free(f"{place}_drop"), "dropout", {"rate": 0.5}) for place in places)
            found += [Remedy("Dropout of one half behind every hidden layer", edits)] if edits else []
        l2 = max(0.01, 10 * self.project.training.regularization.l2)
        found.append(Remedy(f"L2 penalty of {l2:g}", (SetTraining("regularization.l2", l2),)))
        return tuple(found)

    def _heard(self, node: str) -> str | None:
        """The node behind whose output dropout of the layer `node` belongs: its activation, or itself."""
        behind = followers(self.structure, node)
        if len(behind) != 1:
            return None
        follower = behind[0]
        return follower if isinstance(self.layers[follower], Activation) else node

    def _free(self, name: str) -> str:
        number, found = 2, name
        while found in self.layers:
            found, number = f"{name}{number}", number + 1
        return found


def remedies(name: str, nodes: Sequence[str], ward: Ward) -> tuple[Remedy, ...]:
    """What may cure the symptom `name` at `nodes`."""
    return REMEDIES[name](ward, nodes)


REMEDIES: dict[str, Callable[[Ward, Sequence[str]], tuple[Remedy, ...]]] = {
    "unscaled": lambda w, nodes: w.scaled_inputs(),
    "alike": lambda w, nodes: w.every_weight(),
    "weights_small": lambda w, nodes: w.fresh_weights(nodes) + w.normed(),
    "weights_large": lambda w, nodes: w.every_weight() + w.normed(),
    "exploding": lambda w, nodes: w.every_weight() + w.clipped() + w.slower() + w.normed(),
    "rate_high": lambda w, nodes: w.slower() + w.clipped(),
    "saturated": lambda w, nodes: w.every_weight() + w.normed() + w.rectified(nodes) + w.slower(),
    "dead": lambda w, nodes: w.biases() + w.leaky(nodes) + w.slower() + w.normed(),
    "no_gradient": lambda w, nodes: w.biases() + w.fresh_weights(w.dense) + w.leaky(w.structure.drawn) + w.normed(),
    "withering": lambda w, nodes: w.unpenalized(),
    "vanishing": lambda w, nodes: w.rectified() + w.normed() + w.every_weight(),
    "rate_low": lambda w, nodes: w.faster() + w.adam(),
    "loss_still": lambda w, nodes: w.unpenalized() + w.more_layers() + w.rate(10) + w.adam(),
    "overfitting": lambda w, nodes: w.held_back(),
    "nan": lambda w, nodes: w.slower() + w.clipped() + w.normed(),
}

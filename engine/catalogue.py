"""Everything that a project file can name: one table for each sort of declaration."""

from engine import losses, optimizers
from engine.data.csv_file import Csv
from engine.data.digits import Digits
from engine.data.files import Npz
from engine.data.functions import Curve, Parity, Sine, Surface
from engine.data.idx import Idx
from engine.data.images import Images
from engine.data.points import PointsByHand
from engine.data.sequences import Adding, CopyMemory
from engine.data.shipped import BreastCancer, Iris, Wine
from engine.data.signals import Edges
from engine.data.source import DataSource
from engine.data.text import Text
from engine.data.toy import Blobs, Checkerboard, Circles, Moons, Noise, Spiral, Xor
from engine.layers.activations import Relu, ScaledTanh, Sigmoid, Softsign, Tanh
from engine.layers.base import Layer
from engine.layers.bias import Bias
from engine.layers.convolution import Conv1d, Conv2d
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.embedding import Embedding
from engine.layers.expressions import Exp, Log, Square
from engine.layers.input import Input
from engine.layers.join import Add, Concat, Multiply
from engine.layers.learned import Constant, Maxout, PRelu
from engine.layers.norms import BatchNorm, GroupNorm, InstanceNorm, LayerNorm
from engine.layers.pooling import AvgPool2d, GlobalAvgPool2d, MaxPool2d, Subsampling
from engine.layers.rectifiers import Elu, Gelu, LeakyRelu, Selu, Silu, Softplus
from engine.layers.recurrent.gru import Gru
from engine.layers.recurrent.lstm import Lstm
from engine.layers.recurrent.rnn import Rnn
from engine.layers.shapes import Flatten, Reshape
from engine.layers.softmax import LogSoftmax, Softmax
from engine.layers.tied import Tied
from engine.losses import Loss
from engine.optimizers import Optimizer
from engine.schedules import Constant as ConstantRate
from engine.schedules import Cosine, Cyclic, Exponential, Plateau, Schedule, Step

LAYERS: dict[str, type[Layer]] = {
    c.kind(): c
    for c in (
        *(Input, Dense, Tied, Bias, Dropout, BatchNorm, LayerNorm, GroupNorm, InstanceNorm),
        *(Relu, LeakyRelu, PRelu, Elu, Selu, Gelu, Silu, Softplus, Softsign, Sigmoid, Tanh, ScaledTanh),
        *(Softmax, LogSoftmax, Maxout),
        *(Add, Multiply, Concat),
        *(Conv2d, MaxPool2d, AvgPool2d, Subsampling, GlobalAvgPool2d),
        *(Conv1d,),
        *(Flatten, Reshape),
        *(Rnn, Lstm, Gru, Embedding),
        *(Square, Exp, Log, Constant),
    )
}
LOSSES: dict[str, type[Loss]] = {c.kind(): c for c in losses.KINDS}
OPTIMIZERS: dict[str, type[Optimizer]] = {c.kind(): c for c in optimizers.KINDS}
DATASETS: dict[str, type[DataSource]] = {
    c.kind(): c
    for c in (
        *(Xor, Circles, Moons, Spiral, Blobs, Checkerboard, PointsByHand),
        *(Sine, Curve, Surface, Parity),
        *(CopyMemory, Adding, Edges),
        *(Iris, Wine, BreastCancer, Digits),
        *(Noise, Npz, Csv, Idx, Images, Text),
    )
}
SCHEDULES: dict[str, type[Schedule]] = {c.kind(): c for c in (ConstantRate, Exponential, Step, Cosine, Cyclic, Plateau)}

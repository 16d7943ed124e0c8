"""ScratchCNN: a convolutional network trained from nothing."""

from numbers import Integral, Real

from skmedimg._sklearn import Interval, StrOptions
from skmedimg.networks._blocks import ACTIVATIONS
from skmedimg.networks._convnet import PARTS, POOLS, Block, convnet
from skmedimg.neural._base import TRAINING_CONSTRAINTS
from skmedimg.neural._classifier import NeuralClassifier
from skmedimg.neural._parts import check_choices, check_parts


class ScratchCNN(NeuralClassifier):
    """A convolutional network trained from nothing: blocks of convolutions, then dense layers."""

    _parameter_constraints = {
        "filters": ["array-like"],
        "kernel_size": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "convs_per_block": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "padding": [StrOptions({"same", "valid"}), tuple, list],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "norm": [StrOptions({"group", "batch"}), None],
        "block_order": [str],
        "pool": [StrOptions(set(POOLS)), tuple, list],
        "block_dropout": [Interval(Real, 0, 1, closed="left"), tuple, list],
        "global_pool": ["boolean"],
        "dense_units": ["array-like"],
        "dropout": [Interval(Real, 0, 1, closed="left"), tuple, list],
        "output": [StrOptions({"auto", "softmax"})],
        **TRAINING_CONSTRAINTS,
    }

    def __init__(
        self,
        filters=(32, 64, 128),
        *,
        kernel_size=3,
        convs_per_block=1,
        padding="same",
        activation="relu",
        norm="group",
        block_order="conv-norm-act-pool",
        pool="max",
        block_dropout=0.0,
        global_pool=False,
        dense_units=(128,),
        dropout=0.5,
        output="auto",
        max_epochs=30,
        batch_size=32,
        learning_rate=1e-3,
        optimizer="adam",
        weight_decay=0.0,
        schedule="cosine",
        gradient_clip=None,
        class_weight=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        augment=None,
        image_shape=None,
        callbacks=None,
        device="auto",
        precision="auto",
        reuse_memory=True,
        random_state=None,
        warm_start=False,
        verbose=0,
    ):
        self.filters = filters
        self.kernel_size = kernel_size
        self.convs_per_block = convs_per_block
        self.padding = padding
        self.activation = activation
        self.norm = norm
        self.block_order = block_order
        self.pool = pool
        self.block_dropout = block_dropout
        self.global_pool = global_pool
        self.dense_units = dense_units
        self.dropout = dropout
        self.output = output
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.gradient_clip = gradient_clip
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.augment = augment
        self.image_shape = image_shape
        self.callbacks = callbacks
        self.device = device
        self.precision = precision
        self.reuse_memory = reuse_memory
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose

    def _build_module(self):
        dense = check_parts("dense_units", self.dense_units, Integral, 1)
        return convnet(
            self.image_shape_,
            self._n_outputs(),
            self._blocks(),
            activation=self.activation,
            norm=self.norm,
            block_order=self._order(),
            global_pool=self.global_pool,
            dense_units=dense,
            dropout=check_parts("dropout", self.dropout, Real, 0, below=1, n_parts=len(dense)),
        )

    def _blocks(self):
        filters = check_parts("filters", self.filters, Integral, 1)
        n = len(filters)
        columns = (
            filters,
            check_parts("kernel_size", self.kernel_size, Integral, 1, n_parts=n),
            check_parts("convs_per_block", self.convs_per_block, Integral, 1, n_parts=n),
            check_choices("padding", self.padding, {"same", "valid"}, n),
            check_choices("pool", self.pool, set(POOLS), n),
            check_parts("block_dropout", self.block_dropout, Real, 0, below=1, n_parts=n),
        )
        return [Block(*row) for row in zip(*columns, strict=True)]

    def _order(self):
        order = tuple(self.block_order.split("-"))
        if sorted(order) != sorted(PARTS) or order.index("conv") > order.index("pool"):
            raise ValueError(
                f"block_order needs {', '.join(PARTS)} once each, joined by '-' and conv before "
                f"pool, as in 'conv-norm-act-pool', but is {self.block_order!r}."
            )
        return order

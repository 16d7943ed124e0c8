"""ScratchCNN: a convolutional network trained from nothing."""

from numbers import Integral, Real

from skmedimg._sklearn import Interval, StrOptions
from skmedimg.networks._blocks import ACTIVATIONS, STARTING_WEIGHTS
from skmedimg.networks._convnet import PARTS, POOLS, Block, convnet
from skmedimg.networks._outputs import OUTPUTS
from skmedimg.neural._network_classifier import NeuralClassifier
from skmedimg.neural._per_layer import check_choices, check_parts
from skmedimg.neural._training_constraints import TRAINING_CONSTRAINTS


class ScratchCNN(NeuralClassifier):
    """A convolutional network trained from nothing: blocks of convolutions, then dense layers.

    Each block convolves, normalises, activates and halves the image by pooling (a side of one
    pixel stays). Most parameters of a block take one value for all blocks, or a tuple with one
    per block.

    Parameters
    ----------
    filters : tuple of int, default=(32, 64, 128)
        Channels of each block; its length is the number of blocks.
    kernel_size : int or tuple of int, default=3
        Side of the convolutions' kernels.
    convs_per_block : int or tuple of int, default=1
        Convolutions before each pooling.
    padding : {"same", "valid"} or tuple of str, default="same"
        Whether convolutions keep the size or lose a margin.
    activation : str, default="relu"
        "relu", "leaky-relu" (slope 0.3), "elu", "gelu", "silu", "tanh", "sigmoid" or "identity".
    norm : {"group", "batch"} or None, default="group"
        Normalisation of each convolution; "group" does not depend on the other images.
    block_order : str, default="conv-norm-act-pool"
        Order within a block; what stands before "pool" is repeated with every convolution.
    pool : {"max", "avg"} or tuple of str, default="max"
        What pooling keeps of 2x2 pixels.
    block_dropout : float or tuple of float, default=0.0
        Share of values silenced after each block in training.
    global_pool : bool, default=False
        Average each channel before the dense layers, instead of flattening.
    dense_units : tuple of int, default=(128,)
        Units of each dense layer between the blocks and the output; may be empty.
    dropout : float or tuple of float, default=0.5
        Share of units silenced after the dense layers in training, or one share per layer.
    output : {"auto", "softmax", "relu", "softmax-1"}, default="auto"
        "auto" tells two classes apart by one logit; "softmax" has one logit per class always.
        "relu" and "softmax-1" (over one unit) show published mistakes, and warn.
    starting_weights : {"torch", "glorot"}, default="torch"
        How weights are drawn: as torch does, or as Keras does (Glorot's uniform, biases of zero).
    max_epochs : int, default=30
        Passes over the training images.
    batch_size : int or "auto", default=32
        Images per step; "auto" is the default, taken in pieces where memory runs out.
    learning_rate : float, default=1e-3
        Step size, the highest one where the schedule changes it.
    optimizer : str or callable, default="adam"
        "adam", "adamw", "sgd" (Nesterov momentum 0.9), "rmsprop" (as Keras has it), or what
        makes a torch optimizer of parameter groups, `lr` and `weight_decay`.
    weight_decay : float, default=0.0
        L2 penalty; with "adamw" decoupled from the gradient.
    schedule : str, default="cosine"
        Course of the learning rate: "constant", "cosine" (down to zero), "onecycle" (up and
        down), "plateau" (times 0.3 after 4 epochs without a lower loss).
    gradient_clip : float or None, default=None
        Largest norm of a step's gradient.
    class_weight : dict, "balanced" or None, default=None
        Weight of each label; "balanced" makes every class count the same.
    early_stopping : bool, default=False
        Hold back images, stop when their loss no longer falls and keep the best epoch. False
        trains on every image given.
    validation_fraction : float, default=0.1
        Share of images that early stopping holds back, stratified and whole patients at a time.
    n_iter_no_change : int, default=10
        Epochs without a lower validation loss after which early stopping stops.
    augment : Augmenter or None, default=None
        Changes training images anew in every epoch, never those that are held back.
    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, channels) of one image where X holds rows or paths,
        with at most one -1; None reads rows as square images.
    callbacks : list or None, default=None
        skorch callbacks.
    device : str, default="auto"
        "auto" takes CUDA, then MPS, then the CPU; worker processes each take a GPU of their own.
    precision : str, default="auto"
        "float32", "bfloat16", "float16", "float64", or "auto": the fastest of equal quality here.
    reuse_memory : bool, default=True
        Keep freed memory for the next step of a fit on the CPU: up to twice as fast, for up to
        half as much memory again.
    random_state : int, RandomState instance or None, default=None
        An int makes `fit` repeatable to the bit on the same device.
    warm_start : bool, default=False
        Let `fit` continue from the weights of the fit before.
    verbose : bool or int, default=0
        Show a progress bar with the running loss and score.

    Attributes
    ----------
    classes_ : ndarray (n_classes,)
        Labels, sorted.
    image_shape_ : tuple of int
        (height, width, channels) of one image.
    n_features_in_ : int
        Values of one image; not set for paths.
    n_iter_ : int
        Epochs trained.
    history_ : list of dict
        Loss, score and learning rate of each epoch; `pandas.DataFrame(history_)` is a table.
    best_epoch_ : int
        Index in `history_` of the epoch kept, with early stopping only.
    interrupted_ : bool
        Whether the last fit was cut short; it is usable all the same.
    net_ : skorch.NeuralNet
        The trained net; `net_.module_` is the torch module.

    See Also
    --------
    ShallowMLP : A dense network, on rows.
    TransferClassifier : A network that has seen other images before.

    Examples
    --------
    >>> from skmedimg import ScratchCNN
    >>> from skmedimg.datasets import make_lesions
    >>> data = make_lesions(200, size=32, noise=0.1, random_state=0)
    >>> model = ScratchCNN((8, 16), max_epochs=8, random_state=0)
    >>> model = model.fit(data.images[:150], data.target[:150])
    >>> model.score(data.images[150:], data.target[150:]) > 0.8
    True
    """

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
        "output": [StrOptions(set(OUTPUTS))],
        "starting_weights": [StrOptions(set(STARTING_WEIGHTS))],
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
        starting_weights="torch",
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
        self.starting_weights = starting_weights
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
        network = convnet(
            self.image_shape_,
            self._n_outputs(),
            self._blocks(),
            activation=self.activation,
            norm=self.norm,
            block_order=self._order(),
            global_pool=self.global_pool,
            dense_units=dense,
            dropout=check_parts("dropout", self.dropout, Real, 0, below=1, n_parts=len(dense)),
            output=self.output,
        )
        return STARTING_WEIGHTS[self.starting_weights](network)

    def _blocks(self):
        filters = check_parts("filters", self.filters, Integral, 1)
        if not filters:
            raise ValueError("filters needs at least one block, but is empty; see ShallowMLP.")
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
        if sorted(order) != sorted(PARTS) or order[0] != "conv":
            raise ValueError(
                f"block_order needs {', '.join(PARTS)} once each, conv first, joined by '-' as in "
                f"'conv-norm-act-pool', but is {self.block_order!r}."
            )
        return order

"""ShallowMLP: a small dense network on rows, the partner of hand-made features."""

import math
from numbers import Integral, Real

from skmedimg._sklearn import Interval, StrOptions
from skmedimg.images._validate import check_rows
from skmedimg.networks._blocks import ACTIVATIONS, STARTING_WEIGHTS
from skmedimg.networks._mlp_network import mlp
from skmedimg.networks._outputs import OUTPUTS
from skmedimg.neural._network_classifier import NeuralClassifier
from skmedimg.neural._per_layer import check_parts
from skmedimg.neural._training_constraints import TRAINING_CONSTRAINTS


class ShallowMLP(NeuralClassifier):
    """A small dense network on rows: HOG and other features, or the pixels themselves.

    Parameters
    ----------
    hidden_units : tuple of int, default=(100,)
        Units of each hidden layer; () is logistic regression.
    activation : str, default="relu"
        "relu", "leaky-relu" (slope 0.3), "elu", "gelu", "silu", "tanh", "sigmoid" or "identity".
    dropout : float or tuple of float, default=0.0
        Share of units silenced after the hidden layers in training, or one share per layer.
    norm : {"batch", "layer"} or None, default=None
        Normalisation of each hidden layer before its activation.
    output : {"auto", "softmax", "relu", "softmax-1"}, default="auto"
        "auto" tells two classes apart by one logit; "softmax" has one logit per class always.
        "relu" and "softmax-1" (over one unit) show published mistakes, and warn.
    starting_weights : {"torch", "glorot"}, default="torch"
        How weights are drawn: as torch does, or as Keras does (Glorot's uniform, biases of zero).
    max_epochs : int, default=50
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
        (height, width, channels) of one image, or (n_features,) of rows.
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
    ScratchCNN : A convolutional network, on images.
    skmedimg.features.HOG : Features that go well with this network.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmedimg import ShallowMLP
    >>> X, y = load_digits(return_X_y=True)
    >>> model = ShallowMLP(max_epochs=10, random_state=0).fit(X[:1000], y[:1000])
    >>> model.score(X[1000:], y[1000:]) > 0.9
    True
    """

    _takes_rows = True

    _parameter_constraints = {
        "hidden_units": ["array-like"],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "dropout": [Interval(Real, 0, 1, closed="left"), tuple, list],
        "norm": [StrOptions({"batch", "layer"}), None],
        "output": [StrOptions(set(OUTPUTS))],
        "starting_weights": [StrOptions(set(STARTING_WEIGHTS))],
        **TRAINING_CONSTRAINTS,
    }

    def __init__(
        self,
        hidden_units=(100,),
        *,
        activation="relu",
        dropout=0.0,
        norm=None,
        output="auto",
        starting_weights="torch",
        max_epochs=50,
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
        self.hidden_units = hidden_units
        self.activation = activation
        self.dropout = dropout
        self.norm = norm
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

    def _check_X(self, X, *, reset):
        return check_rows(self, X, reset=reset, image_shape=self.image_shape)

    def _build_module(self):
        units = check_parts("hidden_units", self.hidden_units, Integral, 1)
        network = mlp(
            math.prod(self.image_shape_),
            units,
            self._n_outputs(),
            activation=self.activation,
            dropout=check_parts("dropout", self.dropout, Real, 0, below=1, n_parts=len(units)),
            norm=self.norm,
            output=self.output,
        )
        return STARTING_WEIGHTS[self.starting_weights](network)

"""ShallowMLP: a small dense network on rows, the partner of hand-made features."""

import math
from numbers import Integral, Real

from skmedimg._sklearn import Interval, StrOptions
from skmedimg.images._check import check_rows
from skmedimg.networks._blocks import ACTIVATIONS
from skmedimg.networks._mlp import mlp
from skmedimg.neural._base import TRAINING_CONSTRAINTS
from skmedimg.neural._classifier import NeuralClassifier
from skmedimg.neural._parts import check_parts


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
    output : {"auto", "softmax"}, default="auto"
        "auto" tells two classes apart by one logit; "softmax" has one logit per class always.
    max_epochs : int, default=50
        Passes over the training images.
    """

    _takes_rows = True

    _parameter_constraints = {
        "hidden_units": ["array-like"],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "dropout": [Interval(Real, 0, 1, closed="left"), tuple, list],
        "norm": [StrOptions({"batch", "layer"}), None],
        "output": [StrOptions({"auto", "softmax"})],
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
        return mlp(
            math.prod(self.image_shape_),
            units,
            self._n_outputs(),
            activation=self.activation,
            dropout=check_parts("dropout", self.dropout, Real, 0, below=1, n_parts=len(units)),
            norm=self.norm,
        )

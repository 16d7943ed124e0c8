"""NetworkClassifier: a torch network of your own as a classifier, and the base of ours."""

import math

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import compute_class_weight
from torch import nn

from skmedimg._sklearn import StrOptions, fit_context, with_callbacks
from skmedimg.images._validate import check_images, check_labels, check_rows
from skmedimg.networks._outputs import class_loss, hits, probabilities
from skmedimg.neural._base import NetworkEstimator
from skmedimg.neural._learned_nothing import warn_if_one_class
from skmedimg.neural._training_constraints import (
    CLASSIFIER_CONSTRAINTS,
    IMAGE_CONSTRAINTS,
    TRAINING_CONSTRAINTS,
    check_class_weight,
)


class NetworkClassifier(ClassifierMixin, NetworkEstimator):
    """A classifier made of a torch network of your own.

    It has the interface, the training and the guarantees of the other networks; `ShallowMLP`,
    `ScratchCNN` and `TransferClassifier` are subclasses that build their own network.

    Parameters
    ----------
    module : torch.nn.Module, class, callable or None, default=None
        The network, from images (n, channels, height, width) to logits (n, n_outputs). A class or
        function is called as ``module(image_shape, n_outputs)`` in every fit, with `image_shape`
        (height, width, channels). An instance is copied, and every fit starts from the weights
        that it has. None is for subclasses that override `build_module`.
    output : {"auto", "softmax"}, default="softmax"
        "auto" is one logit for two classes, else one per class; "softmax" always one per class.
    loss : "cross_entropy", "focal", torch.nn.Module or callable, default="cross_entropy"
        The focal loss (gamma 2) counts images less that are classified well. A module or function
        of your own is called with logits (n, n_classes) and class numbers (n,), and returns one
        loss per image or, without weights, their mean.
    label_smoothing : float, default=0.0
        Share of each label that is spread evenly over all classes, in cross-entropy.
    max_epochs : int or None, default=None
        Passes over the training images. None is 30 (50 in ShallowMLP, 20 in TransferClassifier
        and in segmenters), and on few images as many as make 400 steps.
    batch_size : int or "auto", default=32
        Images per step. "auto" is 32, and a batch that does not fit into memory is split into
        micro-batches whose gradients are accumulated.
    learning_rate : float, default=1e-3
        Learning rate, the largest one where the schedule changes it.
    optimizer : str or callable, default="adam"
        "adam", "adamw", "sgd" (Nesterov momentum 0.9), "rmsprop" (Keras's), or a callable that
        returns a torch optimizer for parameter groups, `lr` and `weight_decay`.
    weight_decay : float, default=0.0
        L2 penalty; with "adamw" decoupled from the gradient.
    schedule : str or callable, default="cosine"
        Learning-rate schedule: "constant", "cosine" (down to zero), "onecycle" (up and
        down), "plateau" (times 0.3 after 4 epochs without a lower loss), or a callable that
        returns a torch `LRScheduler` for (optimizer, n_steps), which steps after every batch.
    gradient_clip : float or None, default=None
        Largest norm of the gradient of a step; None does not clip.
    accumulate : int, default=1
        Batches whose gradients are added up for one step, as of a batch so many times as large.
    ema_decay : float or None, default=None
        Decay of a moving average of the weights, such as 0.999, which takes their place in
        validation and prediction. None keeps the weights of the last step.
    class_weight : dict, "balanced" or None, default=None
        Weight of each label; "balanced" makes every class count the same.
    early_stopping : bool, default=False
        Hold back validation images, stop when their loss no longer falls and keep the best epoch.
        False trains on all images.
    validation_fraction : float, default=0.1
        Share of images for validation with early stopping, stratified, all images of a patient
        on one side.
    n_iter_no_change : int, default=10
        Epochs without a lower validation loss after which early stopping stops.
    augment : Augmenter, callable or None, default=None
        Augments training images anew in every epoch, and no validation images. A function of your
        own, such as torchvision's v2 transforms, maps a batch of tensors (n, channels, height,
        width) to another; in a segmenter it maps images and masks (n, height, width) to both.
    mixup : float, default=0.0
        Alpha of mixup: each training image and its label are mixed with another of the batch, at a
        share from a Beta distribution, such as 0.2. 0 mixes nothing.
    predict_augment : str, tuple of str or None, default=None
        "flip-horizontal", "flip-vertical", "shift" (by a 32nd of the side), or several: predictions
        are the mean over the image and its flips and shifts, which takes up to 20 times as long.
        Masks are mapped back.
    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, channels) of one image where X holds rows or paths,
        with at most one -1; None reads rows as square images. (n_features,) or (-1,) hands rows
        to the module as they are.
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
        An int makes `fit` repeatable bit for bit on the same device.
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
    NetworkSegmenter : The same for masks.
    ScratchCNN : A convolutional network whose layers are parameters.

    Notes
    -----
    A subclass may override `build_module`, `parameter_groups` and `build_loss`. Layers of dropout
    are replaced by ones with a generator of their own, so that `random_state` decides what they
    draw; `torch.nn.functional.dropout` draws from torch's global generator instead.

    Examples
    --------
    >>> from torch import nn
    >>> from skmedimg.datasets import make_lesions
    >>> from skmedimg.neural import NetworkClassifier
    >>> def network(image_shape, n_outputs):
    ...     return nn.Sequential(
    ...         nn.Conv2d(image_shape[2], 8, 3), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten(),
    ...         nn.LazyLinear(n_outputs),
    ...     )
    >>> data = make_lesions(100, size=32, noise=0.1, random_state=0)
    >>> model = NetworkClassifier(network, max_epochs=5, random_state=0)
    >>> model.fit(data.images, data.target).predict_proba(data.images[:3]).shape
    (3, 2)
    """

    _parameter_constraints = {
        "module": [nn.Module, callable, None],
        "output": [StrOptions({"auto", "softmax"})],
        **CLASSIFIER_CONSTRAINTS,
        **IMAGE_CONSTRAINTS,
        **TRAINING_CONSTRAINTS,
    }

    def __init__(
        self,
        module=None,
        *,
        output="softmax",
        loss="cross_entropy",
        label_smoothing=0.0,
        max_epochs=None,
        batch_size=32,
        learning_rate=1e-3,
        optimizer="adam",
        weight_decay=0.0,
        schedule="cosine",
        gradient_clip=None,
        accumulate=1,
        ema_decay=None,
        class_weight=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        augment=None,
        mixup=0.0,
        predict_augment=None,
        image_shape=None,
        callbacks=None,
        device="auto",
        precision="auto",
        reuse_memory=True,
        random_state=None,
        warm_start=False,
        verbose=0,
    ):
        self.module = module
        self.output = output
        self.loss = loss
        self.label_smoothing = label_smoothing
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.gradient_clip = gradient_clip
        self.accumulate = accumulate
        self.ema_decay = ema_decay
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.augment = augment
        self.mixup = mixup
        self.predict_augment = predict_augment
        self.image_shape = image_shape
        self.callbacks = callbacks
        self.device = device
        self.precision = precision
        self.reuse_memory = reuse_memory
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose

    @with_callbacks
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train one more epoch, on these images.

        Parameters
        ----------
        X : any kind of X of the data contract
            Images or rows.
        y : array-like (n,)
            Class labels.
        classes : array-like (n_classes,) or None, default=None
            All labels there will ever be; needed in the first call.
        sample_weight : array-like (n,) or None, default=None
            Weight of each sample. None: all count the same.

        Returns
        -------
        self : estimator
        """
        fresh = not hasattr(self, "net_")
        if fresh and classes is None:
            # The output layer is built in the first call, so all classes have to be known by then.
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if not (fresh or classes is None or np.array_equal(np.unique(classes), self.classes_)):
            raise ValueError(
                f"classes={np.unique(classes).tolist()} is not what it was on the first call, "
                f"{self.classes_.tolist()}: name all labels there, or fit anew."
            )
        return self._fit(X, y, sample_weight, None, 1, fresh, classes=classes)

    def decision_function(self, X):
        """Return the logits: above zero, or the largest, is the class predicted.

        Parameters
        ----------
        X : any kind of X of the data contract
            Samples.

        Returns
        -------
        scores : ndarray (n,) for two classes, else (n, n_classes)
        """
        logits = self._outputs(X).astype(np.float64)
        if len(self.classes_) > 2:
            return logits
        # The difference of two logits is the log odds, as is the logit of one unit.
        return logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]

    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : any kind of X of the data contract
            Samples.

        Returns
        -------
        probabilities : ndarray (n, n_classes) of float64
            Column k belongs to `classes_[k]`; rows sum to 1.
        """
        # In float64, so that rows sum to 1 as exactly as scikit-learn's checks expect.
        return self._outputs(X, finish=lambda logits: probabilities(logits.double()))

    def predict_log_proba(self, X):
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : any kind of X of the data contract
            Samples.

        Returns
        -------
        log_probabilities : ndarray (n, n_classes)
        """
        # A probability of 0 has the logarithm -inf, and no warning, as in scikit-learn.
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X):
        """Return the most probable label of each image.

        Parameters
        ----------
        X : any kind of X of the data contract
            Samples.

        Returns
        -------
        labels : ndarray (n,)
        """
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def build_loss(self):
        if self.label_smoothing and self.loss != "cross_entropy":
            raise ValueError(
                f"label_smoothing={self.label_smoothing} is for loss='cross_entropy', but loss is "
                f"{self.loss!r}: set it to 0."
            )
        if callable(self.loss):
            return self.loss
        smoothing = self.label_smoothing
        return class_loss(self._n_outputs(), loss=self.loss, label_smoothing=smoothing)

    @property
    def _takes_rows(self):
        return self.image_shape is not None and len(self.image_shape) == 1

    def _check_X(self, X, *, reset):
        if not self._takes_rows:
            return check_images(self, X, reset=reset, image_shape=self.image_shape)
        rows = check_rows(self, X, reset=reset)
        if reset and self.image_shape[0] not in (-1, math.prod(self.image_shape_)):
            raise ValueError(
                f"image_shape={tuple(self.image_shape)} asks for rows of {self.image_shape[0]} "
                f"values, but one sample of X has shape {self.image_shape_}."
            )
        return rows

    def _outputs_advice(self):
        if len(self.classes_) > 2 or callable(self.loss):
            return super()._outputs_advice()
        other = {"auto": "softmax", "softmax": "auto"}[self.output]
        return (
            f"For two classes output={self.output!r} needs {self._n_outputs()} logit(s); "
            f"output={other!r} needs {3 - self._n_outputs()}."
        )

    def _check_targets(self, y, images):
        return check_labels(self, y, images)

    def _start_targets(self, y, classes):
        self.classes_ = np.unique(y if classes is None else classes)
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes in the data, but the "
                f"data contains only one class: {self.classes_.tolist()[0]!r}; samples whose "
                "sample_weight is 0 do not count"
            )

    def _encode_targets(self, y):
        # LabelEncoder would raise too, but without the estimator and the way out.
        unseen = np.setdiff1d(y, self.classes_)
        if len(unseen):
            raise ValueError(
                f"y holds {unseen.tolist()}, but {type(self).__name__} was fitted on the classes "
                f"{self.classes_.tolist()}: name all labels as `classes` in the first partial_fit, "
                "or fit anew with warm_start=False."
            )
        encoder = LabelEncoder()
        encoder.classes_ = self.classes_
        return encoder.transform(y)

    def _balance(self, encoded, weights):
        if self.class_weight is None:
            return weights
        if self.class_weight == "balanced":
            # scikit-learn's "balanced" ignores sample weights; these are balanced totals of them
            totals = np.bincount(encoded, weights, len(self.classes_))
            # Dividing by inf gives a class that is missing in this call the factor 0.
            factors = weights.sum() / (len(totals) * np.where(totals > 0, totals, np.inf))
        else:
            check_class_weight(self.class_weight, self.classes_)
            factors = compute_class_weight(
                self.class_weight, classes=self.classes_, y=self.classes_[encoded]
            )
        return weights * factors[encoded]

    def _n_outputs(self):
        """Return the number of output units: one logit for two classes, unless output="softmax".

        A loss of the user gets one logit per class.
        """
        one = self.output != "softmax" and not callable(self.loss)
        return 1 if one and len(self.classes_) == 2 else len(self.classes_)

    def _check_learned(self, training):
        warn_if_one_class(self, training)

    def _batch_score(self):
        return hits

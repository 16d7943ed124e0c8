"""Histograms of oriented gradients, equal to scikit-image's, of whole stacks at once."""

from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skmedimg._sklearn import check_feature_names_in, fit_context, validate_params
from skmedimg.features._chunks import as_images
from skmedimg.features._hog_bars import draw_bars
from skmedimg.features._hog_layout import (
    CONSTRAINTS,
    Settings,
    check_shape,
    checked_settings,
    feature_names,
)
from skmedimg.images._validate import check_images


@validate_params(CONSTRAINTS, prefer_skip_nested_validation=True)
def hog(
    images,
    *,
    orientations=9,
    pixels_per_cell=(8, 8),
    cells_per_block=(3, 3),
    block_norm="L2-Hys",
    transform_sqrt=False,
    channels="max-gradient",
    device="auto",
    batch_size=None,
):
    """Describe images by histograms of the directions in which their brightness changes.

    The numbers are those of :func:`skimage.feature.hog`, image by image, to 1e-6; they are
    computed for whole stacks, on the CPU or a GPU. Pixels are taken as they are stored: bytes,
    and whole numbers at most 255 apart, take the fastest way.

    Parameters
    ----------
    images : array-like (n, height, width) or (n, height, width, channels), or LazyImages
        Of any boolean, integer or floating dtype.
    orientations : int, default=9
        Directions told apart, over 180 degrees.
    pixels_per_cell : tuple of int (rows, columns), default=(8, 8)
        Size of the cells in which directions are counted. Pixels to the right and at the bottom
        that fill no cell are left out.
    cells_per_block : tuple of int (rows, columns), default=(3, 3)
        Size of the blocks, at every position, in which cells are normalised together.
    block_norm : {"L1", "L1-sqrt", "L2", "L2-Hys"}, default="L2-Hys"
        Normalisation; "L2-Hys" is "L2", values cut at 0.2, and "L2" again.
    transform_sqrt : bool, default=False
        Take the square root of the pixels first; they must not be negative.
    channels : {"max-gradient", "gray"}, default="max-gradient"
        What becomes of colours. "max-gradient": each pixel counts the channel whose gradient is
        largest. "gray": RGB is turned to grey first.
    device : str, default="auto"
        "auto", "cpu", "cuda", "cuda:1", ... "auto" takes a CUDA GPU where there is one.
    batch_size : int or None, default=None
        Images worked on at a time; None takes what the processor's cache or the GPU likes.

    Returns
    -------
    features : ndarray (n, n_features) of float32
        Block by block, cell by cell, orientation by orientation.

    See Also
    --------
    HOG : The same as a transformer.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.features import hog
    >>> images = np.tile(np.arange(32, dtype=np.uint8), (5, 32, 1))
    >>> features = hog(images, orientations=4, cells_per_block=(1, 1))
    >>> features.shape
    (5, 64)
    >>> features[0, :4].round(2)  # brightness grows to the right: all in the first orientation
    array([1., 0., 0., 0.], dtype=float32)
    """
    settings = checked_settings(
        orientations, pixels_per_cell, cells_per_block, block_norm, transform_sqrt, channels
    )
    images = as_images(images)
    check_shape(images.shape, settings)
    return _describe(images, settings, device, batch_size)


class HOG(TransformerMixin, BaseEstimator):
    """Describe images by histograms of the directions in which their brightness changes.

    The numbers are those of :func:`skimage.feature.hog` to 1e-6, computed for whole stacks at
    once. Pixels are taken as they are stored.

    Parameters
    ----------
    orientations : int, default=9
        Directions told apart, over 180 degrees.
    pixels_per_cell : tuple of int (rows, columns), default=(8, 8)
        Size of the cells in which directions are counted. Pixels to the right and at the bottom
        that fill no cell are left out.
    cells_per_block : tuple of int (rows, columns), default=(3, 3)
        Size of the blocks, at every position, in which cells are normalised together.
    block_norm : {"L1", "L1-sqrt", "L2", "L2-Hys"}, default="L2-Hys"
        Normalisation; "L2-Hys" is "L2", values cut at 0.2, and "L2" again.
    transform_sqrt : bool, default=False
        Take the square root of the pixels first; they must not be negative.
    channels : {"max-gradient", "gray"}, default="max-gradient"
        What becomes of colours. "max-gradient": each pixel counts the channel whose gradient is
        largest. "gray": RGB is turned to grey first.
    image_shape : tuple of int or None, default=None
        (height, width[, channels]) of images that come as rows, with at most one -1, or that
        paths are decoded to. None takes rows for square images, grey or RGB.
    device : str, default="auto"
        "auto", "cpu", "cuda", "cuda:1", ... "auto" takes a CUDA GPU where there is one.
    batch_size : int or None, default=None
        Images worked on at a time; None takes what the processor's cache or the GPU likes.

    Attributes
    ----------
    image_shape_ : tuple of int
        (height, width, channels) of the images seen in `fit`.
    n_features_in_ : int
        height * width * channels; not set when fitted on paths.
    feature_names_in_ : ndarray (n_features_in_,) of str objects
        Only when fitted on a DataFrame with string column names.

    See Also
    --------
    hog : The same as a function.
    LBP, Haralick, IntensityHistogram : Descriptors of texture and brightness.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from skmedimg import HOG
    >>> X, y = load_digits(return_X_y=True)  # rows of 64 values: images of 8 x 8
    >>> hog = HOG(pixels_per_cell=(2, 2), cells_per_block=(2, 2))
    >>> model = make_pipeline(hog, LogisticRegression(max_iter=300))
    >>> bool(cross_val_score(model, X, y, cv=3, error_score="raise").mean() > 0.9)
    True
    """

    _parameter_constraints = {**CONSTRAINTS, "image_shape": ["array-like", None]}

    learns_from_rows = False  # `compare` may run it once for all folds

    def __init__(
        self,
        orientations=9,
        pixels_per_cell=(8, 8),
        cells_per_block=(3, 3),
        block_norm="L2-Hys",
        transform_sqrt=False,
        channels="max-gradient",
        image_shape=None,
        device="auto",
        batch_size=None,
    ):
        self.orientations = orientations
        self.pixels_per_cell = pixels_per_cell
        self.cells_per_block = cells_per_block
        self.block_norm = block_norm
        self.transform_sqrt = transform_sqrt
        self.channels = channels
        self.image_shape = image_shape
        self.device = device
        self.batch_size = batch_size

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Note the shape of the images; nothing else is learned.

        Parameters
        ----------
        X : rows (n, n_features), images (n, height, width[, channels]), paths or LazyImages
        y : object, default=None
            Ignored.

        Returns
        -------
        self : HOG
        """
        images = check_images(self, X, reset=True, image_shape=self.image_shape)
        check_shape(images.shape, self._settings())
        return self

    def transform(self, X):
        """Describe each image.

        Parameters
        ----------
        X : rows (n, n_features), images (n, height, width[, channels]), paths or LazyImages

        Returns
        -------
        features : ndarray (n, n_features_out) of float32
        """
        check_is_fitted(self)
        images = check_images(self, X, reset=False, image_shape=self.image_shape)
        return _describe(images, self._settings(), self.device, self.batch_size)

    def visualize(self, X):
        """Draw the cells of each image: a bar per orientation, as bright as it is frequent.

        Bars lie along the edges, across the direction in which brightness changes; they show
        the cells before blocks are normalised.

        Parameters
        ----------
        X : rows (n, n_features), images (n, height, width[, channels]), paths or LazyImages

        Returns
        -------
        pictures : ndarray (n, height, width) of float32
        """
        check_is_fitted(self)
        images = check_images(self, X, reset=False, image_shape=self.image_shape)
        from skmedimg.features import _hog_torch

        cells = _hog_torch.cells(images, self._settings(), self.device, self.batch_size)
        return draw_bars(cells, images.shape[1:3], self.pixels_per_cell)

    def get_feature_names_out(self, input_features=None):
        """Name the features by block, cell in the block, and orientation.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Only checked against the names seen in `fit`.

        Returns
        -------
        names : ndarray (n_features_out,) of str objects
            ``hog_r{row}_c{column}_br{row}_bc{column}_o{orientation}``; without ``_br`` and
            ``_bc`` where a block is one cell.
        """
        check_is_fitted(self)
        check_feature_names_in(self, input_features, generate_names=False)
        return feature_names(*self.image_shape_[:2], self._settings())

    def _settings(self):
        return checked_settings(*(getattr(self, name) for name in Settings._fields))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # float32, whatever comes
        return tags


def _describe(images, settings, device, batch_size):
    from skmedimg.features import _hog_torch  # torch is imported when there is work for it

    return _hog_torch.describe(images, settings, device, batch_size)

"""Histograms of oriented gradients (HOG) of whole stacks, with scikit-image's numbers."""

from collections import namedtuple
from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmedimg._sklearn import Interval, StrOptions, validate_params
from skmedimg.features._chunks import check_stack
from skmedimg.features._descriptor import ImageDescriptor, pair_of
from skmedimg.images._validate import check_images

_CONSTRAINTS = {
    "orientations": [Interval(Integral, 1, None, closed="left")],
    "pixels_per_cell": ["array-like", Integral],
    "cells_per_block": ["array-like", Integral],
    "block_norm": [StrOptions({"L1", "L1-sqrt", "L2", "L2-Hys"})],
    "transform_sqrt": ["boolean"],
    "channels": [StrOptions({"max-gradient", "gray"})],
    "device": [str],
    "batch_size": [Interval(Integral, 1, None, closed="left"), None],
}

# The parameters that determine the features; device and batch size do not.
_Settings = namedtuple(
    "_Settings",
    "orientations pixels_per_cell cells_per_block block_norm transform_sqrt channels",
)


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
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
    """Describe images by histograms of oriented gradients (HOG), one row of features per image.

    The features [1]_ are those of :func:`skimage.feature.hog`, image by image, to 1e-6; they are
    computed for whole stacks, on the CPU or a GPU. Pixels are taken as they are stored: bytes,
    and whole numbers at most 255 apart, take the fastest way.

    Parameters
    ----------
    images : array-like (n, height, width) or (n, height, width, channels), or LazyImages
        Of any boolean, integer or floating dtype.
    orientations : int, default=9
        Number of bins for the direction of a gradient, over 180 degrees.
    pixels_per_cell : int or tuple of int (rows, columns), default=(8, 8)
        Size of the cells, in pixels, that have a histogram each; an integer means square cells.
        Pixels to the right and at the bottom that fill no cell are left out.
    cells_per_block : int or tuple of int (rows, columns), default=(3, 3)
        Size of the blocks, in cells, that are normalized together; there is one at every position.
    block_norm : {"L1", "L1-sqrt", "L2", "L2-Hys"}, default="L2-Hys"
        Normalization; "L2-Hys" is "L2", values clipped at 0.2, and "L2" again.
    transform_sqrt : bool, default=False
        Whether the square root of the pixels is taken first; they must not be negative.
    channels : {"max-gradient", "gray"}, default="max-gradient"
        "max-gradient": each pixel counts the channel whose gradient is largest. "gray": RGB is
        converted to gray first.
    device : str, default="auto"
        "auto", "cpu", "cuda", "cuda:1", ... "auto" takes a CUDA GPU where there is one.
    batch_size : int or None, default=None
        Images per pass; None takes as many as fit the processor's cache or fill the GPU.

    Returns
    -------
    features : ndarray (n, n_features) of float32
        Block by block, cell by cell, orientation by orientation.

    See Also
    --------
    HOG : The same as a transformer.

    References
    ----------
    .. [1] N. Dalal, B. Triggs. "Histograms of Oriented Gradients for Human Detection". CVPR 2005,
           886-893. https://doi.org/10.1109/CVPR.2005.177

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.features import hog
    >>> images = np.tile(np.arange(32, dtype=np.uint8), (5, 32, 1))
    >>> features = hog(images, orientations=4, cells_per_block=1)
    >>> features.shape
    (5, 64)
    >>> features[0, :4].round(2)  # brightness grows to the right: all in the first orientation
    array([1., 0., 0., 0.], dtype=float32)
    """
    settings = _checked_settings(
        orientations, pixels_per_cell, cells_per_block, block_norm, transform_sqrt, channels
    )
    images = check_stack(images)
    _check_shape(images.shape, settings)
    from skmedimg.features._hog_cells import describe  # imports torch: only when it is used

    return describe(images, settings, device, batch_size)


class HOG(ImageDescriptor):
    """Describe images by histograms of oriented gradients (HOG), one row of features per image.

    The features [1]_ are those of :func:`skimage.feature.hog` to 1e-6, computed for whole stacks
    at once, on the CPU or a GPU. Pixels are taken as they are stored. Names of features are
    ``hog_r{row}_c{column}_br{row}_bc{column}_o{orientation}``: the position of the block, the cell
    in it and the orientation; without ``_br`` and ``_bc`` where a block is one cell.

    Parameters
    ----------
    orientations : int, default=9
        Number of bins for the direction of a gradient, over 180 degrees.
    pixels_per_cell : int or tuple of int (rows, columns), default=(8, 8)
        Size of the cells, in pixels, that have a histogram each; an integer means square cells.
        Pixels to the right and at the bottom that fill no cell are left out.
    cells_per_block : int or tuple of int (rows, columns), default=(3, 3)
        Size of the blocks, in cells, that are normalized together; there is one at every position.
    block_norm : {"L1", "L1-sqrt", "L2", "L2-Hys"}, default="L2-Hys"
        Normalization; "L2-Hys" is "L2", values clipped at 0.2, and "L2" again.
    transform_sqrt : bool, default=False
        Whether the square root of the pixels is taken first; they must not be negative.
    channels : {"max-gradient", "gray"}, default="max-gradient"
        "max-gradient": each pixel counts the channel whose gradient is largest. "gray": RGB is
        converted to gray first.
    image_shape : tuple of int or None, default=None
        (height, width[, channels]) of images that come as rows, with at most one -1, or that
        paths are decoded to. None takes rows for square images, gray or RGB.
    device : str, default="auto"
        "auto", "cpu", "cuda", "cuda:1", ... "auto" takes a CUDA GPU where there is one.
    batch_size : int or None, default=None
        Images per pass; None takes as many as fit the processor's cache or fill the GPU.

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

    References
    ----------
    .. [1] N. Dalal, B. Triggs. "Histograms of Oriented Gradients for Human Detection". CVPR 2005,
           886-893. https://doi.org/10.1109/CVPR.2005.177

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from skmedimg import HOG
    >>> X, y = load_digits(return_X_y=True)  # rows of 64 values: images of 8 x 8
    >>> hog = HOG(pixels_per_cell=2, cells_per_block=2)
    >>> model = make_pipeline(hog, LogisticRegression(max_iter=300))
    >>> bool(cross_val_score(model, X, y, cv=3, error_score="raise").mean() > 0.9)
    True
    """

    _parameter_constraints = {**_CONSTRAINTS, "image_shape": ["array-like", None]}

    learns_from_rows = False  # `compare` may run it once for all folds

    def __init__(
        self,
        orientations=9,
        *,
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

    def visualize(self, X):
        """Return pictures of the HOG cells of the images X, with a bar per orientation.

        A bar is as bright as its orientation is frequent, and lies along the edges, across the
        gradients. Bars show the cells before blocks are normalized.

        Parameters
        ----------
        X : rows (n, n_features), images (n, height, width[, channels]), paths or LazyImages
            Images.

        Returns
        -------
        pictures : ndarray (n, height, width) of float32
        """
        check_is_fitted(self)
        images = check_images(self, X, reset=False, image_shape=self.image_shape)
        # Imported here because it imports torch, which takes longer than the rest of the package.
        from skmedimg.features._hog_cells import cells

        settings = self._settings()
        histograms = cells(images, settings, self.device, self.batch_size)
        return _draw_bars(histograms, images.shape[1:3], settings.pixels_per_cell)

    def _check(self, images):
        _check_shape(images.shape, self._settings())

    def _describe(self, images):
        from skmedimg.features._hog_cells import describe

        return describe(images, self._settings(), self.device, self.batch_size)

    def _names(self):
        return _feature_names(*self.image_shape_[:2], self._settings())

    def _settings(self):
        return _checked_settings(*(getattr(self, name) for name in _Settings._fields))


def _checked_settings(orientations, pixels_per_cell, cells_per_block, *others):
    """Return the parameters that determine the features, sizes as pairs (rows, columns)."""
    cell = pair_of("pixels_per_cell", pixels_per_cell)
    return _Settings(orientations, cell, pair_of("cells_per_block", cells_per_block), *others)


def _check_shape(shape, settings):
    """Refuse images that are too small for one block, or have the wrong number of channels."""
    height, width = shape[1:3]
    (rows, columns), (down, across) = settings.pixels_per_cell, settings.cells_per_block
    if height < rows * down or width < columns * across:
        raise ValueError(
            f"HOG needs images of at least {rows * down}x{columns * across} pixels for blocks of "
            f"{down}x{across} cells of {rows}x{columns} pixels, but they have {height}x{width}. "
            "Lower pixels_per_cell or cells_per_block, or enlarge the images with "
            f"ImageLoader(({rows * down}, {columns * across}))."
        )
    if settings.channels == "gray" and shape[3] not in (1, 3):
        raise ValueError(
            f"channels='gray' needs images of 1 or 3 channels, but they have {shape[3]}. "
            "Use channels='max-gradient', which takes any number."
        )


def _feature_names(height, width, settings):
    """Return the names of the features of images of this size, in their order."""
    (rows, columns), (down, across) = settings.pixels_per_cell, settings.cells_per_block
    cells = [f"_br{r}_bc{c}" for r in range(down) for c in range(across)]
    return [
        f"hog_r{r}_c{c}{cell if len(cells) > 1 else ''}_o{orientation}"
        for r in range(height // rows - down + 1)
        for c in range(width // columns - across + 1)
        for cell in cells
        for orientation in range(settings.orientations)
    ]


def _draw_bars(cells, shape, pixels_per_cell):
    """Return pictures (n, height, width) of cells (n, rows, columns, orientations) as bars."""
    from scipy.sparse import csr_array

    pixels, bars = _strokes(cells.shape[1:], shape[1], pixels_per_cell)
    # The bars are the same in every image, so a sparse matrix (pixels, bars) draws the whole stack;
    # bars that cross add up.
    ink = np.ones(len(pixels), cells.dtype)
    drawing = csr_array((ink, (pixels, bars)), shape=(shape[0] * shape[1], cells[0].size))
    return np.ascontiguousarray((drawing @ cells.reshape(len(cells), -1).T).T).reshape(-1, *shape)


def _strokes(grid, width, pixels_per_cell):
    """Return the pixels that bars are made of, and which bar each belongs to."""
    (rows, columns), centers = pixels_per_cell, []
    for row, column in np.ndindex(*grid[:2]):
        centers.append((row * rows + rows // 2, column * columns + columns // 2))
    # One pixel short of the edge of the cell, so that bars of neighboring cells do not touch.
    radius = min(pixels_per_cell) // 2 - 1
    # The middle of each bin; orientations are those of gradients, bars are drawn across them.
    angles = np.pi * (np.arange(grid[2]) + 0.5) / grid[2]
    tips = [(radius * np.cos(angle), radius * np.sin(angle)) for angle in angles]
    strokes = [_stroke(center, tip, width) for center in centers for tip in tips]
    return np.concatenate(strokes), np.repeat(np.arange(len(strokes)), [len(s) for s in strokes])


def _stroke(center, tip, width):
    from skimage.draw import line

    (row, column), (down, right) = center, tip
    # Rounded towards zero and drawn by `line` as in scikit-image, whose picture this equals.
    ends = int(row - down), int(column + right), int(row + down), int(column - right)
    rows, columns = line(*ends)
    return rows * width + columns

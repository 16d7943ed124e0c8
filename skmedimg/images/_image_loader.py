"""A transformer from paths to images of one size."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from skmedimg._sklearn import Interval, StrOptions, fit_context
from skmedimg.images._decode import (
    ALLOWED,
    DecodeOptions,
    check_options,
    decode_item,
    prepare,
)
from skmedimg.images._image_transformer import ImageTransformer
from skmedimg.images._lazy_images import LazyImages
from skmedimg.images._limits import MAX_PIXELS
from skmedimg.images._masks_like import holds_masks, masks_like
from skmedimg.images._n_jobs import N_JOBS
from skmedimg.images._paths import list_paths
from skmedimg.images._pictures import list_pictures
from skmedimg.images._validate import as_images, check_images


class ImageLoader(ImageTransformer, auto_wrap_output_keys=None):
    """Load images from paths, and convert them to one color and size.

    The first step of a pipeline that starts from files. Images in memory are resized in the same
    way, so that a fitted pipeline takes them as well: a stack, or a list of arrays of any size, of
    pictures of Pillow or of the bytes of files, as an image column of Hugging Face's datasets is.

    Parameters
    ----------
    size : tuple of int, int or None, default=None
        (height, width) of every image; an integer means a square. None keeps the size of the
        files, which must then all be alike.
    color : {"gray", "rgb", "keep"}, default="gray"
        "gray": one value per pixel. "rgb": three. "keep": as the files have it, all alike.
    aspect : {"stretch", "pad", "crop", "shorter"}, default="stretch"
        What happens to the proportions. "stretch": both sides are made to fit. "pad": the whole
        image, on black. "crop": the largest central part of the wanted proportions. "shorter":
        the shorter side becomes the smaller of `size`; the images must then all come out alike.
    interpolation : {"nearest", "box", "bilinear", "bicubic", "lanczos"}, default="bilinear"
        Filter of the resizing; it is antialiased, except "nearest".
    crop : {"none", "foreground"}, default="none"
        "foreground": crop each image to its largest bright part before it is resized, see
        :func:`skmedimg.images.crop_foreground`.
    draft : bool, default=False
        Let the JPEG decoder skip detail that the resizing would average away: faster, and a
        fraction of a gray level off on average.
    dtype : {"uint8", "uint16"} or None, default=None
        Depth that integer pixels are rescaled to. None keeps that of the files, all alike.
    window : tuple of float or None, default=None
        (center, width) of the DICOM values shown. None takes the window named in each file.
    max_pixels : int, default=100_000_000
        Files of larger images are refused before they are decoded.
    lazy : bool, default=False
        Whether `transform` returns :class:`LazyImages`, which decode batch by batch: for more
        images than fit in memory.
    image_shape : tuple of int or None, default=None
        (height, width[, channels]) of images that come as rows; None means square.
    n_jobs : int or None, default=None
        Threads that decode. None: one per usable core, and one in a worker process.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    output_shape_ : tuple of int
        (height, width, channels) of the images that `transform` returns.
    image_shape_ : tuple of int
        (height, width, channels) seen in `fit`; only when fitted on images in memory.
    n_features_in_ : int
        height * width * channels seen in `fit`; only when fitted on images in memory.

    See Also
    --------
    skmedimg.datasets.load_image_folder : Lists a folder; its ``on_error="skip-report"``
        leaves out files that cannot be read, with their labels.
    LazyImages : The output with ``lazy=True``.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from skmedimg import ImageLoader
    >>> folder = Path(tempfile.mkdtemp())
    >>> for k in range(3):
    ...     Image.new("L", (40, 30 + k), 10 * k).save(folder / f"{k}.png")
    >>> paths = sorted(folder.iterdir())
    >>> ImageLoader((16, 16)).fit_transform(paths).shape
    (3, 16, 16)
    >>> ImageLoader(16, color="rgb", lazy=True).fit_transform(paths)
    LazyImages(shape=(3, 16, 16, 3), dtype=uint8)
    """

    _parameter_constraints = {
        "size": ["array-like", Interval(Integral, 1, None, closed="left"), None],
        **{
            name: [StrOptions({*ALLOWED[name]})]
            for name in ("color", "aspect", "interpolation", "crop")
        },
        "draft": ["boolean"],
        "dtype": [StrOptions({"uint8", "uint16"}), None],
        "window": ["array-like", None],
        "max_pixels": [Interval(Real, 1, None, closed="left")],
        "lazy": ["boolean"],
        "image_shape": ["array-like", None],
        "n_jobs": N_JOBS,
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        size=None,
        *,
        color="gray",
        aspect="stretch",
        interpolation="bilinear",
        crop="none",
        draft=False,
        dtype=None,
        window=None,
        max_pixels=MAX_PIXELS,
        lazy=False,
        image_shape=None,
        n_jobs=None,
        verbose=0,
    ):
        self.size = size
        self.color = color
        self.aspect = aspect
        self.interpolation = interpolation
        self.crop = crop
        self.draft = draft
        self.dtype = dtype
        self.window = window
        self.max_pixels = max_pixels
        self.lazy = lazy
        self.image_shape = image_shape
        self.n_jobs = n_jobs
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Read the first image of X and remember the shape of the output.

        Parameters
        ----------
        X : sequence of paths (n,) or (n, 1), or images in memory
            Images.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : ImageLoader
        """
        paths = list_paths(X)
        pictures = list_pictures(X) if paths is None else None
        # One image is enough: all of them get the same shape.
        if paths is None and pictures is None:
            images = check_images(self, X, reset=True, image_shape=self.image_shape)
            self.output_shape_ = _three_sides(self._prepared(images[:1])[0].shape)
            return self
        # A loader that was fitted on images before must not compare these with their shape.
        for name in ("image_shape_", "n_features_in_"):
            vars(self).pop(name, None)
        if pictures is None:
            self.output_shape_ = _three_sides(self._lazy_images(paths).shape[1:])
        else:
            self.output_shape_ = _three_sides(self._decoded(pictures[:1]).shape[1:])
        return self

    def transform(self, X):
        """Return the images of X, loaded and resized.

        Parameters
        ----------
        X : sequence of paths (n,) or (n, 1), or images in memory
            Images.

        Returns
        -------
        images : ndarray or LazyImages, (n, height, width) or (n, height, width, 3)
        """
        check_is_fitted(self)
        # Fitted on paths and given images, or the reverse: the output has one shape all the same.
        paths = list_paths(X)
        pictures = list_pictures(X) if paths is None else None
        if pictures is not None:
            images = self._decoded(pictures)
        else:
            images = self._in_memory(X) if paths is None else self._lazy_images(paths)
        if _three_sides(images.shape[1:]) != self.output_shape_:
            raise ValueError(self._unlike_the_fitted(images.shape[1:]))
        if self.lazy or not isinstance(images, LazyImages):
            return images
        return images.load(verbose=self.verbose)

    def load_masks(self, X, masks):
        """Return masks, resized like the images of X but by nearest neighbors.

        A :class:`skmedimg.Pipeline` of a loader and a segmenter does it by itself.

        Parameters
        ----------
        X : sequence of paths (n,) or (n, 1), or images in memory
            What `transform` takes, lists of single images too.
        masks : mask paths (n,), array-like (n, height, width), or list of n masks
            Arrays or pictures of Pillow, each as large as its image, or of the loader's `size`.

        Returns
        -------
        masks : ndarray (n, height, width)
            Labels, as large as the images that `transform` returns.
        """
        paths = list_paths(X)
        if paths is not None:
            images = self._lazy_images(paths)
            return masks_like(masks, images, images._options, images.shape[1:3])
        pictures = list_pictures(X)
        if pictures is not None:
            size = self._decoded(pictures[:1]).shape[1:3]
            return masks_like(masks, pictures, self._options(), size)
        images = as_images(X, self.image_shape, owner="ImageLoader")
        if hasattr(images, "paths"):  # to their size first, like the images
            masks = images = masks_like(masks, images, images._options, images.shape[1:3])
        size = self._prepared(images[:1]).shape[1:3]
        return masks_like(masks, images, self._options(), size)

    def _lazy_images(self, paths):
        options = {name: getattr(self, name) for name in DecodeOptions._fields}
        return LazyImages(paths, **options, n_jobs=self.n_jobs)

    def _decoded(self, pictures):
        """Return single images, which may be encoded, as a stack."""
        options = self._options()
        decoded = [decode_item(item, options, f"Image {row}") for row, item in enumerate(pictures)]
        first = decoded[0]
        for row, image in enumerate(decoded):
            if image.shape != first.shape or image.dtype != first.dtype:
                raise ValueError(
                    f"Image {row} of X comes out as {image.shape} {image.dtype}, but the first as "
                    f'{first.shape} {first.dtype}: set size=(height, width), color="gray" or "rgb" '
                    'and dtype="uint8", which bring all to one shape.'
                )
        return np.stack(decoded)

    def _in_memory(self, X):
        """Return checked and resized images; a loader fitted on paths takes any one shape."""
        if hasattr(self, "image_shape_"):
            return self._prepared(check_images(self, X, reset=False))
        return self._prepared(as_images(X, self.image_shape, owner="ImageLoader"))

    def _options(self):
        return check_options(DecodeOptions(*(getattr(self, f) for f in DecodeOptions._fields)))

    def _prepared(self, images):
        options = self._options()
        return np.stack(
            [prepare(_plain(image), options, f"Image {row}") for row, image in enumerate(images)]
        )

    def _unlike_the_fitted(self, shape):
        fitted, got = ("x".join(map(str, sides)) for sides in (self.output_shape_, shape))
        return (
            f"ImageLoader was fitted on {fitted} images, but X gives {got}. Set "
            'size=(height, width) and color="gray" or "rgb", which give one shape.'
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        return tags


def _plain(image):
    """Return an image without the axis of a single channel."""
    return image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image


def _three_sides(shape):
    return tuple(shape) if len(shape) == 3 else (*shape, 1)


def follow_masks(estimator, X, y):
    """Return masks y resized by the ImageLoader that begins a pipeline of a segmenter.

    Targets of other estimators are returned as they are, and so are masks without two sides.
    """
    steps = getattr(estimator, "steps", None)
    if not steps or not isinstance(steps[0][1], ImageLoader) or not _segments(steps[-1][1]):
        return y
    return steps[0][1].load_masks(X, y) if holds_masks(y) else y


def _segments(step):
    return hasattr(step, "fit") and get_tags(step).estimator_type == "segmenter"

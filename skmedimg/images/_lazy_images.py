"""Stacks of images that stay in their files until they are needed."""

import math
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from sklearn.utils import assert_all_finite

from skmedimg._progress import with_progress
from skmedimg.images._decode import DecodeOptions, check_options, decode
from skmedimg.images._limits import MAX_PIXELS, ImageReadError
from skmedimg.images._n_jobs import check_n_jobs, thread_count
from skmedimg.images._refusals import refuse_odd_stacks

# Images of an array on disk that are read at once.
_READ_AT_ONCE = 64


class LazyImages:
    """A stack of images in files, which are decoded when they are indexed or loaded.

    It goes through `train_test_split`, `cross_val_score`, `GridSearchCV` and pipelines like an
    array: a slice, a mask or an array of indices gives a view, which reads nothing; one integer
    gives one decoded image. `numpy.asarray` raises, so that nothing decodes the whole stack by
    accident; `load` decodes it.

    Parameters
    ----------
    paths : sequence of str or os.PathLike, (n,)
        One file per image.
    size : tuple of int, int or None, default=None
        (height, width) of every image; an integer means a square. None keeps the size of the
        files, which must then all be alike.
    color : {"gray", "rgb", "keep"}, default="gray"
        "gray": one value per pixel. "rgb": three. "keep": as the files have it, all alike.
    aspect : {"stretch", "pad", "crop", "shorter"}, default="stretch"
        What happens to the proportions, see :func:`skmedimg.images.resize_image`.
    interpolation : {"nearest", "box", "bilinear", "bicubic", "lanczos"}, default="bilinear"
        Filter of the resizing; it is antialiased, except "nearest".
    crop : {"none", "foreground"}, default="none"
        "foreground": crop each image to its largest bright part before it is resized.
    draft : bool, default=False
        Let the JPEG decoder skip detail that the resizing would average away: faster, and a
        fraction of a gray level off on average.
    dtype : {"uint8", "uint16"} or None, default=None
        Depth that integer pixels are rescaled to. None keeps that of the files, all alike.
    window : tuple of float or None, default=None
        (center, width) of the DICOM values shown. None takes the window named in each file.
    max_pixels : int, default=100_000_000
        Files of larger images are refused before they are decoded.
    n_jobs : int or None, default=None
        Threads that decode. None: one per usable core, and one in a worker process.

    Attributes
    ----------
    shape : tuple of int
        (n, height, width) or (n, height, width, 3).
    dtype : numpy.dtype
        Of every image, found by reading the first.
    paths : ndarray (n,) of str objects
        The files; there is none with `from_array`.

    See Also
    --------
    ImageLoader : Load images from paths, and convert them to one color and size.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from skmedimg.images import LazyImages
    >>> folder = Path(tempfile.mkdtemp())
    >>> for k in range(5):
    ...     Image.new("L", (40, 30), 10 * k).save(folder / f"{k}.png")
    >>> images = LazyImages(sorted(folder.iterdir()), size=(16, 16))
    >>> images
    LazyImages(shape=(5, 16, 16), dtype=uint8)
    >>> images[1:4]
    LazyImages(shape=(3, 16, 16), dtype=uint8)
    >>> images[[0, 3]].load().max(axis=(1, 2))
    array([ 0, 30], dtype=uint8)
    """

    def __init__(
        self,
        paths,
        *,
        size=None,
        color="gray",
        aspect="stretch",
        interpolation="bilinear",
        crop="none",
        draft=False,
        dtype=None,
        window=None,
        max_pixels=MAX_PIXELS,
        n_jobs=None,
    ):
        self._items = _path_array(paths)
        self.n_jobs = check_n_jobs(n_jobs, "LazyImages")
        self._options = check_options(
            DecodeOptions(
                size, color, aspect, interpolation, crop, draft, dtype, window, max_pixels
            )
        )
        # One file is read now, so that shape and dtype are known like those of an array.
        first = decode(self._items[0], self._options)
        self._item_shape, self.dtype = first.shape, first.dtype

    @classmethod
    def from_array(cls, array):
        """Return the images of an array on disk, read when they are indexed or loaded.

        Estimators do it by themselves with such an X. In what takes rows of X, such as
        `cross_val_score`, it keeps a fold on the disk. A shuffled batch is read image by image,
        fastest from an array stored in chunks of one image.

        Parameters
        ----------
        array : array of h5py, zarr or dask, (n, height, width) or (n, height, width, channels)
            Anything with `shape` and `dtype` that gives slices of its first axis.

        Returns
        -------
        images : LazyImages
        """
        return _StoredImages(array)

    @property
    def paths(self):
        """The files."""
        return self._items

    @property
    def shape(self):
        """Number of images and shape of each."""
        return (len(self), *self._item_shape)

    @property
    def ndim(self):
        """Number of axes: 3 for gray, 4 for colored images."""
        return len(self.shape)

    @property
    def nbytes(self):
        """Bytes that the decoded stack would take."""
        return math.prod(self.shape) * self.dtype.itemsize

    def load(self, n_jobs=None, *, verbose=0):
        """Return all images, decoded.

        Parameters
        ----------
        n_jobs : int or None, default=None
            Threads that decode; None takes the stack's own.
        verbose : int, default=0
            1 shows a progress bar.

        Returns
        -------
        images : ndarray (n, height, width) or (n, height, width, 3)
        """
        check_n_jobs(n_jobs, "LazyImages.load")
        images = np.empty(self.shape, dtype=self.dtype)
        decoded = self._decoded(n_jobs)
        for row, image in enumerate(
            with_progress(decoded, len(self), "Loading", "image") if verbose else decoded
        ):
            images[row] = image
        return images

    def __len__(self):
        return len(self._items)

    def __getitem__(self, key):
        if isinstance(key, tuple):  # scikit-learn takes rows as X[rows, ...]
            key = _row_key(key)
        if isinstance(key, (int, np.integer)):
            return self._decode(self._items[key])
        # Without __init__, which would check the options and decode a file again.
        view = object.__new__(type(self))
        vars(view).update(vars(self), _items=_take(self._items, key))
        return view

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            f"{self!r} is not converted to an array without being asked: decoded it takes "
            f"{self.nbytes / 2**20:.1f} MiB. Call .load() to decode it."
        )

    def __repr__(self):
        return f"LazyImages(shape={self.shape}, dtype={self.dtype})"

    def _decoded(self, n_jobs):
        threads = min(thread_count(n_jobs or self.n_jobs), len(self))
        if threads < 2:
            yield from map(self._decode, self._items)
            return
        # Threads: decoders release Python's lock, and joblib's workers may not start processes.
        with ThreadPoolExecutor(threads) as pool:
            yield from pool.map(self._decode, self._items)

    def _with_channels(self):
        """Return a view whose images have an axis of channels, gray ones too."""
        view = self[:]
        # Color images have three sides already; the 1 falls off.
        view._item_shape = (*self._item_shape, 1)[:3]
        return view

    def _decode(self, path):
        image = decode(path, self._options)
        if image.ndim < len(self._item_shape):
            image = image[..., None]
        if image.shape != self._item_shape or image.dtype != self.dtype:
            raise ImageReadError(_unlike(path, image, self._item_shape, self.dtype))
        return image


class _StoredImages(LazyImages):
    """Images of an array on disk; its items are rows of the array, not paths."""

    def __init__(self, array):
        if len(array.shape) < 3 or np.dtype(array.dtype).kind not in "buif":
            raise ValueError(
                "array needs images of numbers, (n, height, width) or (n, height, width, "
                f"channels), but has shape {tuple(array.shape)} and dtype {array.dtype}."
            )
        refuse_odd_stacks(array)
        if not array.shape[0]:
            raise ValueError("array is empty; it needs at least one image.")
        self._array, self._items = array, np.arange(array.shape[0])
        self._item_shape, self.dtype = tuple(array.shape[1:]), np.dtype(array.dtype)
        self.n_jobs = None

    @property
    def paths(self):
        raise AttributeError("images of an array have no paths")

    def _decoded(self, n_jobs):
        # Slices only: what else an array on disk takes as an index is another in each library.
        breaks = np.flatnonzero(np.diff(self._items) != 1) + 1
        for run in np.split(self._items, breaks) if len(self) else ():
            for start in range(run[0], run[-1] + 1, _READ_AT_ONCE):
                yield from self._read(start, min(start + _READ_AT_ONCE, run[-1] + 1))

    def _decode(self, row):
        return self._read(row, row + 1)[0]

    def _read(self, start, stop):
        images = np.asarray(self._array[int(start) : int(stop)])
        assert_all_finite(images, input_name="X")
        return images.reshape(stop - start, *self._item_shape)

    def __getstate__(self):
        state = vars(self).copy()
        if hasattr(self._array, "file"):  # h5py's cannot be pickled: a worker opens it again
            state["_array"] = (self._array.file.filename, self._array.name)
        return state

    def __setstate__(self, state):
        vars(self).update(state)
        if isinstance(self._array, tuple):
            import h5py

            file, name = self._array
            self._array = h5py.File(file, "r")[name]


def lazy_if_stored(X):
    """Return images in an array on disk (of h5py, zarr or dask) as LazyImages, other X as it is."""
    is_stored = hasattr(X, "chunks") and len(getattr(X, "shape", ())) > 2
    return LazyImages.from_array(X) if is_stored else X


def with_channels(images):
    """Return a stack (n, height, width[, channels]) with its axis of channels, array or lazy."""
    if images.ndim == 4:
        return images
    return images._with_channels() if isinstance(images, LazyImages) else images[..., None]


def _path_array(paths):
    if isinstance(paths, (str, bytes, os.PathLike)):
        raise TypeError(f"paths needs a list of paths, but is one path: {paths!r}. Pass [path].")
    paths = [os.fsdecode(path) for path in paths]
    if not paths:
        raise ValueError("paths is empty; it needs the path of at least one image.")
    array = np.empty(len(paths), dtype=object)  # object: views share the strings
    array[:] = paths
    return array


def _row_key(key):
    """Return the rows of a key (rows, ...) that takes images whole."""
    rows, *rest = key
    if any(part is not Ellipsis and part != slice(None) for part in rest):
        raise IndexError(
            f"LazyImages can be indexed by images only, not within them: {key!r}. "
            "Call .load() first, or take one image and index that."
        )
    return rows


def _take(items, key):
    """Return the paths or rows at a slice, mask or list of indices."""
    if key is Ellipsis:
        return items
    if not isinstance(key, slice):
        key = np.asarray(key)
        # numpy makes an empty list an array of floats, which is not an index.
        key = key.astype(np.intp) if key.size == 0 and key.dtype != bool else key
        if key.ndim != 1 or key.dtype.kind not in "iub":
            raise IndexError(
                f"LazyImages needs an integer, a slice, a mask or a list of integers, not {key!r}."
            )
    return items[key]


def _unlike(path, image, shape, dtype):
    wanted, got = "x".join(map(str, shape)), "x".join(map(str, image.shape))
    way_out = 'Set size=(height, width) and color="gray" or "rgb".'
    if image.shape == shape:
        way_out = 'Set dtype="uint8" or dtype="uint16", which gives one depth.'
    return (
        f"{path!r} is {got} {image.dtype}, but the first image is {wanted} {dtype}; "
        f"a stack needs images of one shape and dtype. {way_out}"
    )

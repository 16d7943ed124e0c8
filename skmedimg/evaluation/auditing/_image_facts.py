"""Facts of each image for an audit: its digest, a thumbnail and how it was stored."""

import io
import os
from dataclasses import dataclass, field

import numpy as np
from joblib import Parallel, delayed
from PIL import Image, UnidentifiedImageError

from skmedimg.evaluation.auditing._hashes import digest
from skmedimg.images._lazy_images import lazy_if_stored
from skmedimg.images._paths import list_paths
from skmedimg.images._pixels import to_gray
from skmedimg.images._read_image import read_image
from skmedimg.images._shape import resolve_image_shape

SIDE = 32
_SMALLEST = 16
_DETAIL, _DETAILED = 64, 48  # side of the larger thumbnail, and least side of images that have one
_UNIFORM = 0.05  # of the range of an image: less is a uniform border
_BITS = {"1": 1, "I": 32, "F": 32}  # bits per channel of Pillow's modes; all others have 8


@dataclass(frozen=True)
class Facts:
    """Facts of n images, one entry per row.

    Attributes
    ----------
    digests : list (n,) of bytes or None
        Of the file, or of the pixels; None where the image could not be read.
    thumbnails : ndarray (n, 32, 32) of float32
        Gray, in [0, 1] for integer pixels.
    columns : dict of str to ndarray (n,)
        "height", "width", "channels", "bits", "mode", "format", "quality", "mean", "spread",
        "sharpness".
    paths : list (n,) of str or None
    errors : dict of int to str
        Rows that could not be read, and why.
    pixels : bool
        False where X holds features instead of images, or images smaller than 16 pixels, too
        small for a thumbnail.
    details : ndarray (n, 64, 64) of float16, or None
        Gray, from 0 to 1, without uniform borders; None where images have less than 48 pixels.
    """

    digests: list
    thumbnails: np.ndarray
    columns: dict
    paths: list = None
    errors: dict = field(default_factory=dict)
    pixels: bool = True
    details: np.ndarray = None

    def __len__(self):
        return len(self.digests)

    @property
    def readable(self):
        """ndarray (n,) of bool: the rows whose image could be read."""
        return np.array([each is not None for each in self.digests], dtype=bool)


def collect_facts(X, image_shape=None, n_jobs=None):
    """Read every image of X once, in n_jobs threads, and return the Facts an audit needs."""
    paths = getattr(X, "paths", None)
    paths = list_paths(X) if paths is None else [os.fspath(path) for path in paths]
    if paths is not None:
        read, items, pixels = _of_file, paths, True
    else:
        read, (items, pixels) = _of_array, _images_of(X, image_shape)
    # Threads: Pillow and the file system release the
    # GIL, and images need no copy to other processes.
    tasks = (delayed(read)(items[row]) for row in range(len(items)))
    records = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")(tasks)
    return _assemble(records, len(items), paths, pixels)


def join_facts(left, right):
    """Return the Facts of both sets, those of the left one first."""
    offset = len(left)
    both = left.paths is not None and right.paths is not None
    return Facts(
        digests=left.digests + right.digests,
        thumbnails=np.concatenate([left.thumbnails, right.thumbnails]),
        columns={
            name: np.concatenate([left.columns[name], right.columns[name]]) for name in left.columns
        },
        paths=left.paths + right.paths if both else None,
        errors=left.errors | {row + offset: why for row, why in right.errors.items()},
        pixels=left.pixels and right.pixels,
        details=_joined_details(left, right),
    )


def _joined_details(left, right):
    if left.details is None or right.details is None:
        return None
    return np.concatenate([left.details, right.details])


def _images_of(X, image_shape):
    """Return X as something whose items are images, and whether they are images at all."""
    X = lazy_if_stored(X)
    if hasattr(X, "load") and not hasattr(X, "to_numpy"):
        return X, True
    X = np.asarray(X)
    if X.ndim == 2:
        return _rows_as_images(X, image_shape)
    if X.ndim not in (3, 4):
        raise ValueError(
            "audit needs paths, a stack of images (n, height, width[, channels]) or rows of "
            f"pixels, but X has shape {X.shape}."
        )
    return X, True


def _rows_as_images(X, image_shape):
    """Return rows of pixels as images and True, or rows of features as they are and False."""
    try:
        return X.reshape(len(X), *resolve_image_shape(image_shape, X.shape[1])), True
    except ValueError:
        if image_shape is not None:
            raise
        return X[:, None, :], False  # rows of features: still worth comparing row by row


def _of_file(path):
    """Return the facts of a file as a dict, or its error."""
    try:
        with open(path, "rb") as file:
            content = file.read()
        # A JPEG decodes at a reduced size in a fraction of the time, and a thumbnail needs no more.
        pixels = read_image(path, color="gray", draft_size=(4 * SIDE, 4 * SIDE))
    except (OSError, ValueError) as error:
        return {"error": f"{type(error).__name__}: {error}"}
    # Later dicts win: size and mode of the file itself, not those of the reduced gray image.
    return _of_pixels(pixels) | _of_header(path, content) | {"digest": digest(content)}


def _of_header(path, content):
    """Return the facts in the header of a file whose format Pillow knows."""
    try:
        image = Image.open(io.BytesIO(content))
    except UnidentifiedImageError:
        return {"format": os.path.splitext(path)[1].lower()}
    return {
        "width": image.width,
        "height": image.height,
        "mode": image.mode,
        "channels": len(image.getbands()),
        "format": image.format,
        "quality": _quality(image),
        # Modes of 16 bits have names such as "I;16" and "I;16B".
        "bits": 16 if "16" in image.mode else _BITS.get(image.mode, 8),
    }


def _of_array(image):
    """Return the facts of an image in memory as a dict."""
    image = np.asarray(image)
    return _of_pixels(image) | {"digest": digest(image)}


def _of_pixels(image):
    """Return the facts of an array of pixels as a dict."""
    # Unsigned integers of 8 and 16 bits and booleans
    # are scaled to [0, 1]; other values are physical.
    whole = image.dtype.kind in "bu" and image.dtype.itemsize <= 2
    top = 1 if image.dtype.kind == "b" or not whole else np.iinfo(image.dtype).max
    gray = image
    if image.ndim == 3:
        gray = to_gray(image[..., : 3 if image.shape[2] >= 3 else 1])
    gray = gray.astype(np.float32, order="C")
    if top != 1:
        gray /= top
    facts = {
        "height": image.shape[0],
        "width": image.shape[1],
        "channels": image.shape[2] if image.ndim == 3 else 1,
        "mode": image.dtype.name,
        "format": "array",
        "quality": np.nan,
        "bits": 8 * image.dtype.itemsize,
    }
    return facts | _of_gray(gray)


def _of_gray(gray):
    """Return thumbnails, mean, range and sharpness of a gray image as a dict."""
    picture = Image.fromarray(gray)
    # BOX averages all pixels of a cell: no pixel is skipped, and noise cancels out.
    small = picture.resize((SIDE, SIDE), Image.Resampling.BOX)
    detail, spread = _detail_of(gray, picture)
    return {
        "thumbnail": np.asarray(small, dtype=np.float32),
        "detail": detail,
        "mean": float(gray.mean()),
        "spread": spread,
        "sharpness": _sharpness(gray, picture),
    }


def _sharpness(gray, picture):
    """Return the size of the finest detail against that of detail twice as large."""
    height, width = (side // 2 * 2 for side in gray.shape)
    if min(height, width) < 8:
        return 0.0
    # Pillow averages cells of four pixels in a tenth of numpy's time.
    halves = np.asarray(picture.reduce(2, box=(0, 0, width, height)))
    # Both are local, so that large bright structures hardly count. The contrast is for images that
    # are so blurred that rounding to whole gray levels is all their detail.
    return _finest(gray) / max(_finest(halves) + 0.1 * float(gray.std()), 1e-9)


def _finest(gray):
    fine = 4 * gray[1:-1, 1:-1]
    for part in (gray[2:, 1:-1], gray[:-2, 1:-1], gray[1:-1, 2:], gray[1:-1, :-2]):
        fine -= part
    return float(np.abs(fine, out=fine).mean())


def _detail_of(gray, picture):
    """Return a larger thumbnail of an image without its uniform border, and its range."""
    edges = [(gray.min(axis=axis), gray.max(axis=axis)) for axis in (1, 0)]
    low, high = float(edges[0][0].min()), float(edges[0][1].max())
    if not high > low:
        return np.zeros((_DETAIL, _DETAIL), dtype=np.float16), high - low
    # A frame around a copy must not count. JPEG leaves a little noise in it.
    rows, columns = (
        np.flatnonzero(most - least > _UNIFORM * (high - low)) for least, most in edges
    )
    box = None
    if 2 * len(rows) > gray.shape[0] and 2 * len(columns) > gray.shape[1]:
        box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    small = np.asarray(picture.resize((_DETAIL, _DETAIL), Image.Resampling.BOX, box))
    return ((small - low) / (high - low)).astype(np.float16), high - low


def _quality(image):
    """Return the JPEG quality (1 to 100) whose luminance table is nearest, or nan."""
    tables = getattr(image, "quantization", None)
    if not tables:
        return np.nan
    total = sum(tables[min(tables)])
    # The Independent JPEG Group's formula inverted: it scales the standard table
    # by 5000 / quality per cent below quality 50 and by 200 - 2 quality above.
    scale = 100 * total / 3688  # 3688: the sum of the standard's luminance table, quality 50
    return float(np.clip((200 - scale) / 2 if scale <= 100 else 5000 / scale, 1, 100).round())


def _assemble(records, count, paths, pixels):
    """Return the Facts of all images from one dict per image."""
    blank = {
        "digest": None,
        "height": 0,
        "width": 0,
        "channels": 0,
        "bits": 0,
        "mode": "",
        "format": "",
        "quality": np.nan,
        "mean": np.nan,
        "spread": np.nan,
        "sharpness": np.nan,
    }
    thumbnails = np.zeros((count, SIDE, SIDE), dtype=np.float32)
    details = np.zeros((count, _DETAIL, _DETAIL), dtype=np.float16)
    full, sides, errors = [], [], {}
    # One by one: the thumbnails of 200,000 images are 2.4 GB, and must not be there twice.
    for row, record in enumerate(records):
        if "error" in record:
            errors[row] = record.pop("error")
        else:
            thumbnails[row], details[row] = record.pop("thumbnail"), record.pop("detail")
            sides.append(min(record["height"], record["width"]))
        full.append(blank | record)
    # The median, so that a few icons among the images do not turn the comparison off.
    usual = np.median(sides or [0])
    return Facts(
        digests=[record["digest"] for record in full],
        thumbnails=thumbnails,
        columns={
            name: np.array([record[name] for record in full]) for name in blank if name != "digest"
        },
        paths=paths,
        errors=errors,
        pixels=pixels and bool(usual >= _SMALLEST),
        details=details if pixels and usual >= _DETAILED else None,
    )

"""Single images of any kind of X, as pictures for plots and HTML."""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from skmedimg.images._paths import list_paths
from skmedimg.images._read_image import read_image
from skmedimg.images._shape import resolve_image_shape


def image_at(X, row, image_shape=None):
    """Return the image in one row of X as an array.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.images._for_display import image_at
    >>> image_at(np.zeros((3, 64)), 1).shape
    (8, 8, 1)
    """
    if len(getattr(X, "shape", ())) >= 3:
        return np.asarray(X[int(row)])
    # A column of one row, since paths are recognized in columns.
    column = X.iloc[[row]] if hasattr(X, "iloc") else X[int(row) : int(row) + 1]
    paths = list_paths(column)
    if paths is not None:
        return read_image(paths[0])
    image = np.asarray(column)[0]
    if image.ndim == 1:
        return image.reshape(resolve_image_shape(image_shape, len(image)))
    return image


def image_names(X):
    """Return the folder and file name of each image in X, or None where X has no files.

    Examples
    --------
    >>> from skmedimg.images._for_display import image_names
    >>> image_names(["scans/ill/p1_2.png", "scans/well/p7_1.png"])
    ['ill/p1_2.png', 'well/p7_1.png']
    """
    paths = getattr(X, "paths", None)  # lazy images
    if paths is None and len(getattr(X, "shape", ())) < 3:
        paths = list_paths(X)
    return None if paths is None else ["/".join(Path(path).parts[-2:]) for path in paths]


def displayable(image, low=None, high=None):
    """Return an image as 8-bit gray or RGB, its own range stretched unless it is 8-bit already.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.images._for_display import displayable
    >>> displayable(np.array([[0.0, 0.5, 2.0]])).tolist()
    [[0, 64, 255]]
    """
    image = np.asarray(image)
    if image.ndim == 3:
        image = image[..., :3] if image.shape[2] >= 3 else image[..., 0]
    if image.dtype == np.uint8 and low is None:
        return image
    values = image.astype(np.float64)
    low = values.min() if low is None else low
    span = (values.max() if high is None else high) - low
    # A flat image has no span: it becomes black.
    return np.rint(np.clip((values - low) / (span or 1), 0, 1) * 255).astype(np.uint8)


def data_uri(picture, side=160, quality=80):
    """Return a picture as the text of a small JPEG that HTML can hold."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    if max(image.size) > side:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
    # Enlarged by a whole number and without smoothing, so that single pixels can be seen.
    elif max(image.size) <= side // 2:
        times = side // max(image.size)
        image = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    return file_uri(image, "jpeg", {"quality": quality, "optimize": True})


def file_uri(image, kind, options=None):
    """Return a Pillow picture as the text of a "jpeg" or "png" file that HTML can hold."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **(options or {}))
    return f"data:image/{kind};base64," + base64.b64encode(buffer.getvalue()).decode()

"""Read single slices of NIfTI files, by nibabel."""

import numpy as np

from skmedimg.images._limits import ImageReadError, check_frame, check_pixels


def read_nifti(path, frame, max_pixels):
    """Return one slice along the last axis of a NIfTI file, turned the way viewers show it.

    The first axis of the file runs from left to right, its second from bottom to top.

    Parameters
    ----------
    path : str
    frame : int or None
        Index of the slice; None where the file holds one.
    max_pixels : int

    Returns
    -------
    pixels : ndarray (height, width)
        In the stored dtype; float32 where the file rescales its values or stores float64.
    """
    try:
        import nibabel
    except ImportError as error:
        raise ImportError(
            f'Reading {path!r} needs nibabel: pip install "skmedimg[nifti]".'
        ) from error
    volume = nibabel.load(path)
    width, height, *depth = volume.shape
    if len(depth) > 1 and max(depth[1:]) > 1:
        raise ImageReadError(
            f"{path!r} holds a series of volumes of shape {volume.shape}; store one volume."
        )
    check_pixels(path, width, height, max_pixels)
    frame = check_frame(path, frame, depth[0] if depth else 1)
    whole = (slice(None), slice(None))
    pixels = np.asarray(volume.dataobj[(*whole, frame, *[0] * len(depth[1:])) if depth else whole])
    if pixels.dtype.kind not in "iuf":
        raise ImageReadError(f"{path!r} holds {pixels.dtype} values, which are not grey levels.")
    native = np.float32 if pixels.dtype.kind == "f" else pixels.dtype.newbyteorder("=")
    return np.rot90(pixels).astype(native)

"""The physical size of pixels, from the headers of DICOM and NIfTI files."""

import math
import os

from skmedimg.images._image_file import ImageFile
from skmedimg.images._limits import ImageReadError
from skmedimg.images._mask_files import stored_size
from skmedimg.images._read_image import is_dicom, is_nifti
from skmedimg.images._resize import check_size


def read_spacing(path, size=None):
    """Read the size of a pixel in millimeters, for `spacing` of distances and of `object_table`.

    Parameters
    ----------
    path : str or os.PathLike
        DICOM or NIfTI; other formats do not know it.
    size : tuple of int or None, default=None
        (height, width) to which the image was stretched; then that of the resized pixels.

    Returns
    -------
    spacing : tuple of float or None
        (between rows, between columns); None where the file does not say.

    See Also
    --------
    read_image : Read one image file into an array.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import nibabel
    >>> import numpy as np
    >>> from skmedimg.images import read_spacing
    >>> path = Path(tempfile.mkdtemp()) / "slice.nii"
    >>> nibabel.save(nibabel.Nifti1Image(np.zeros((20, 40, 1)), np.diag([2, 0.5, 1, 1])), path)
    >>> read_spacing(path), read_spacing(path, (20, 20))
    ((0.5, 2.0), (1.0, 2.0))
    """
    path, size = os.fsdecode(path), check_size(size)
    try:
        spacing = _stored_spacing(path)
    except (ImageReadError, ImportError, OSError):
        raise
    except Exception as error:  # decoders raise all kinds of errors on damaged files
        raise ImageReadError(f"The header of {path!r} cannot be read: {error}.") from error
    if spacing is None:
        return None
    if not all(math.isfinite(side) and side > 0 for side in spacing):
        raise ImageReadError(f"{path!r} says that its pixels measure {spacing} mm.")
    if size is not None:
        sides = stored_size(path)
        spacing = tuple(s * old / new for s, old, new in zip(spacing, sides, size, strict=True))
    return spacing


def _stored_spacing(path):
    with ImageFile(path) as file:
        head = file.read(132)
        file.seek(0)
        if is_dicom(path, head):
            from skmedimg.images._dicom import dicom_spacing

            return dicom_spacing(path, file)
    if is_nifti(path):
        from skmedimg.images._nifti import nifti_spacing

        return nifti_spacing(path)
    return None

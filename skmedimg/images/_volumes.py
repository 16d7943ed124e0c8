"""Read the images of files that hold several: slices of NIfTI volumes, frames of DICOM files."""

from contextlib import contextmanager

import numpy as np

from skmedimg.images._image_file import ImageFile
from skmedimg.images._limits import MAX_PIXELS, ImageReadError
from skmedimg.images._read_image import is_dicom, is_nifti

_SAMPLED = 16  # slices of a volume that its range of gray levels is taken from
_RANGE = (0.5, 99.5)  # percentiles: single bright voxels would leave the rest dark


@contextmanager
def open_images(path):
    """Open a file of several images; what is opened has a length and reads the image at an index.

    Files of one image, and of other formats, have length 1 and cannot be read here.
    """
    try:
        with ImageFile(path) as file:
            head = file.read(132)
            file.seek(0)
            if is_dicom(path, head):
                yield _Frames(path, file)
            else:
                yield _Slices(path) if is_nifti(path) else [None]
    except (ImageReadError, ImportError, OSError):
        raise
    except Exception as error:  # decoders raise all kinds of errors on damaged files
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageReadError(f"{path!r} cannot be decoded: {reason}.") from error


class _Frames:
    """The frames of a DICOM file, as they are meant to be shown."""

    def __init__(self, path, file):
        from skmedimg.images._dicom import dicom_dataset

        self._path, self._dataset = path, dicom_dataset(path, file)
        self._count = int(self._dataset.get("NumberOfFrames") or 1)

    def __len__(self):
        return self._count

    def read(self, index, window=None):
        """Return one frame, in `window` where one is given."""
        from skmedimg.images._dicom import dicom_frame

        return dicom_frame(self._path, self._dataset, index, window, MAX_PIXELS)

    def labels(self, index):
        """Return one frame as stored, for masks."""
        import pydicom

        return np.array(pydicom.pixels.pixel_array(self._dataset, index=index))


class _Slices:
    """The slices of a NIfTI volume along its last axis, in 16 bits."""

    def __init__(self, path):
        from skmedimg.images._nifti import open_volume

        self._path, self._volume, self._range = path, open_volume(path), None

    def __len__(self):
        shape = self._volume.shape
        return int(np.prod(shape[2:], dtype=np.int64)) if len(shape) > 2 else 1

    def read(self, index, window=None):
        """Return one slice stretched to `window` or to the range of the volume."""
        pixels = self.labels(index)
        if window is None and pixels.dtype == np.uint8:
            return pixels
        if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
            raise ImageReadError(f"{self._path!r} holds values that are NaN or infinite.")
        low, high = self._limits() if window is None else _ends(window)
        shares = (pixels.astype(np.float32) - low) / max(high - low, np.finfo(np.float32).tiny)
        return np.rint(np.clip(shares, 0, 1) * 65535).astype(np.uint16)

    def labels(self, index):
        """Return one slice as stored, for masks."""
        from skmedimg.images._nifti import nifti_slice

        return nifti_slice(self._path, self._volume, index, MAX_PIXELS)

    def _limits(self):
        """Return the same limits for all slices: of some across the volume, read in order."""
        if self._range is None:
            places = np.unique(np.linspace(0, len(self) - 1, min(_SAMPLED, len(self))).astype(int))
            values = np.concatenate([self.labels(int(k)).ravel() for k in places])
            self._range = [float(end) for end in np.nanpercentile(values, _RANGE)]
        return self._range


def _ends(window):
    center, width = window
    return center - width / 2, center + width / 2

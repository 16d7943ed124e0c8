"""Read single slices of NIfTI files with nibabel."""

import numpy as np

from skmedimg.images._limits import ImageReadError, check_frame, check_pixels

# Extensions hold some thousand bytes of text, and there are one or two.
LARGEST_EXTENSION = 2**24  # bytes, of one and of all together
_MAX_EXTENSIONS = 100

_MILLIMETERS = {"meter": 1000.0, "micron": 0.001}


def read_nifti(path, frame, max_pixels):
    """Return one slice along the last axis of a NIfTI file, turned the way viewers show it.

    The first axis of the file runs from left to right, its second from bottom to top.
    """
    return nifti_slice(path, _volume(path), frame, max_pixels)


def nifti_slice(path, volume, frame, max_pixels):
    """Return one slice of an open volume as `read_nifti` does."""
    width, height, *depth = volume.shape
    if len(depth) > 1 and max(depth[1:]) > 1:
        raise ImageReadError(
            f"{path!r} holds a series of volumes of shape {volume.shape}; store one volume."
        )
    # Scaled values become float64.
    scaled = (volume.dataobj.slope, volume.dataobj.inter) != (1, 0)
    pixel_bytes = 8 if scaled else volume.get_data_dtype().itemsize
    check_pixels(path, width, height, max_pixels, pixel_bytes)
    frame = check_frame(path, frame, depth[0] if depth else 1)
    # Indexing dataobj reads this slice alone; a fourth axis of length 1 takes index 0.
    whole = (slice(None), slice(None))
    pixels = np.asarray(volume.dataobj[(*whole, frame, *[0] * len(depth[1:])) if depth else whole])
    if pixels.dtype.kind not in "iuf":
        raise ImageReadError(f"{path!r} holds {pixels.dtype} values, which are not gray levels.")
    # nibabel returns scaled values as float64, and the file's byte order for others.
    native = np.float32 if pixels.dtype.kind == "f" else pixels.dtype.newbyteorder("=")
    # Arrays run from top to bottom and then left to right: a quarter turn counterclockwise.
    return np.rot90(pixels).astype(native)


def nifti_spacing(path):
    """Return the mm between rows and between columns of a NIfTI file, or None."""
    header = _volume(path).header
    unit = _MILLIMETERS.get(header.get_xyzt_units()[0], 1.0)
    across, up = header.get_zooms()[:2]  # the axes are turned, as in `read_nifti`
    # Differences of float32 and decimals of millimeters are noise.
    return round(float(up) * unit, 6), round(float(across) * unit, 6)


def open_volume(path):
    """Return the volume in a file for several slices in a row: packed, it is inflated once."""
    return _volume(path, keep_file_open=True)


def _volume(path, **options):
    """Return the volume in a file, of which only the header is read."""
    try:
        import nibabel
    except ImportError as error:
        raise ImportError(
            f'Reading {path!r} needs nibabel: pip install "skmedimg[nifti]".'
        ) from error
    _check_extensions(path, nibabel)
    return nibabel.load(path, mmap=False, **options)  # see ImageFile


def _check_extensions(path, nibabel):
    """Raise where a header has a huge extension: nibabel allocates all of it before it reads."""
    with nibabel.openers.ImageOpener(path) as file:
        raw = file.read(nibabel.Nifti2Header.template_dtype.itemsize)
        for kind in (nibabel.Nifti1Header, nibabel.Nifti2Header):
            size = kind.template_dtype.itemsize
            if kind.may_contain_header(raw[:size]):
                header = kind(raw[:size], check=False)
                if header["vox_offset"] > size + LARGEST_EXTENSION:
                    raise ImageReadError(
                        f"{path!r} announces {header['vox_offset']:.0f} bytes before its pixels; "
                        f"at most {LARGEST_EXTENSION} are read."
                    )
                file.seek(size)
                # Four bytes after the header say whether extensions follow.
                if file.read(4)[:1] not in (b"", b"\0"):
                    left = header["vox_offset"] - file.tell()
                    _walk_extensions(path, file, left, header.endianness)


def _walk_extensions(path, file, left, endianness):
    """Check the size of each extension in the `left` bytes before the pixels.

    nibabel reads extensions to the end of the file where `left` is below 0.
    """
    total = 0
    for _ in range(_MAX_EXTENSIONS):
        if 0 <= left < 16:
            return
        head = np.frombuffer(file.read(8), f"{endianness}i4")
        if len(head) < 2:
            return  # truncated, as nibabel will say
        total += int(head[0])
        if head[0] < 8 or total > LARGEST_EXTENSION:
            raise ImageReadError(
                f"{path!r} announces an extension of its header of {head[0]} bytes; "
                f"at most {LARGEST_EXTENSION} are read."
            )
        file.seek(int(head[0]) - 8, 1)
        left -= head[0]
    raise ImageReadError(
        f"{path!r} has more than {_MAX_EXTENSIONS} extensions of its header, as no scanner writes."
    )

"""Read DICOM files with pydicom: the gray values that a viewer shows, in 8 or 16 bits."""

import zlib

import numpy as np

from skmedimg.images._limits import MAX_PIXELS, ImageReadError, check_frame, check_pixels, max_bytes

_BLOCK = 2**18  # bytes

# The elements that can hold pixels, and those that decide how stored values are shown.
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_LOOKS = (
    *("RescaleSlope", "RescaleIntercept", "ModalityLUTSequence"),
    *("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence"),
)

SPACING_TAGS = [
    *("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
]


def read_dicom(path, file, frame, window, max_pixels):
    """Return the pixels of a DICOM file as they are meant to be shown, the brightest highest.

    Stored values are rescaled by slope and intercept, clipped to the window, and stretched to the
    whole range of 8 bits, or of 16 where more than 8 are stored. MONOCHROME1 is inverted.
    """
    return dicom_frame(path, dicom_dataset(path, file, max_pixels), frame, window, max_pixels)


def dicom_dataset(path, file, max_pixels=MAX_PIXELS, tags=None):
    """Return the dataset in a DICOM file; with `tags` those elements alone, and no pixels."""
    pydicom = _pydicom(path)
    _check_inflated(path, file, max_bytes(max_pixels))
    # force: old files lack the preamble
    return pydicom.dcmread(
        file, force=True, stop_before_pixels=tags is not None, specific_tags=tags
    )


def dicom_frame(path, dataset, frame, window, max_pixels):
    """Return one frame of a dataset as `read_dicom` does."""
    import pydicom

    if not any(keyword in dataset for keyword in _PIXELS):
        raise ImageReadError(f"{path!r} is DICOM without pixels, such as a report or a directory.")
    pixel_bytes = int(dataset.BitsAllocated) // 8 * int(dataset.SamplesPerPixel)
    check_pixels(path, int(dataset.Columns), int(dataset.Rows), max_pixels, pixel_bytes)
    frame = check_frame(path, frame, int(dataset.get("NumberOfFrames") or 1))
    # Decodes this frame alone, and converts YBR colors to RGB.
    stored = pydicom.pixels.pixel_array(dataset, index=frame)
    # Palettes have 16-bit entries; 8 bits are left, as for other colors.
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        return (pydicom.pixels.apply_color_lut(stored, dataset) >> 8).astype(np.uint8)
    if stored.ndim == 3:
        return np.array(stored)
    return _shown(stored, dataset, frame, window)


def dicom_spacing(path, file):
    """Return the mm between rows and between columns of a DICOM file, or None."""
    return spacing_of(dicom_dataset(path, file, tags=SPACING_TAGS))


def spacing_of(dataset):
    """Return the mm between rows and between columns that a dataset says, or None."""
    # Of several frames the first; PixelSpacing is measured in the patient, the others at the
    # detector and on the film.
    measures = [
        measure
        for name in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
        for groups in (dataset.get(name) or [])[:1]
        for measure in groups.get("PixelMeasuresSequence") or []
    ]
    for place in (*measures, dataset):
        for name in SPACING_TAGS[:3]:
            if place.get(name):
                return float(place.get(name)[0]), float(place.get(name)[1])
    return None


def _pydicom(path):
    try:
        import pydicom
    except ImportError as error:
        raise ImportError(
            f'Reading {path!r} needs pydicom: pip install "skmedimg[dicom]".'
        ) from error
    return pydicom


def _check_inflated(path, file, most):
    """Raise where a deflated file would inflate to more than `most` bytes; pydicom has no limit."""
    from pydicom.filereader import read_dataset, read_preamble
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    read_preamble(file, force=True)
    # Group 2 says how all other groups are stored.
    meta = read_dataset(file, False, True, stop_when=lambda tag, *_: tag.group != 2)
    if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        decoder, n_bytes = zlib.decompressobj(-zlib.MAX_WBITS), 0
        while not decoder.eof and n_bytes <= most:
            block = decoder.unconsumed_tail or file.read(_BLOCK)
            if not block:
                break  # truncated, as pydicom will say
            n_bytes += len(decoder.decompress(block, _BLOCK))
        if n_bytes > most:
            raise ImageReadError(
                f"{path!r} inflates to more than {most} bytes. Raise max_pixels if you trust it."
            )
    file.seek(0)


def _shown(stored, dataset, frame, window):
    """Return stored values as gray levels, through modality LUT, then window or VOI LUT."""
    settings = _settings(dataset, frame)
    values, limits = _rescaled(stored, dataset, settings)
    # A table of the file says more than its window; one that the user passes counts before both.
    if window is None and "VOILUTSequence" in settings:
        tables = settings["VOILUTSequence"]
        shares = _looked_up(values, tables, dataset) / _top(tables)
    else:
        shares = _windowed(values, limits, settings, window)
    depth = np.uint8 if dataset.get("BitsStored", 16) <= 8 else np.uint16
    levels = np.rint(shares * np.iinfo(depth).max).astype(depth)
    # ~ is the largest level minus the level. MONOCHROME1 stores white as 0.
    return ~levels if dataset.PhotometricInterpretation == "MONOCHROME1" else levels


def _settings(dataset, frame):
    """Return the elements that decide how a frame is shown, by keyword."""
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    own = (dataset.get("PerFrameFunctionalGroupsSequence") or [])[frame : frame + 1]
    # From general to special: the file, groups shared by all frames, and the frame's own, which
    # replace what came before.
    places = [dataset]
    for groups in (*shared, *own):
        for name in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
            places += groups.get(name) or []
    found = {name: place.get(name) for place in places for name in _LOOKS if name in place}
    # Elements may be present and empty.
    return {keyword: value for keyword, value in found.items() if value not in (None, "")}


def _rescaled(stored, dataset, settings):
    """Return values in the unit of the scanner (HU in CT), and the range their bits can hold."""
    if "ModalityLUTSequence" in settings:
        tables = settings["ModalityLUTSequence"]
        return _looked_up(stored, tables, dataset), (0, _top(tables))
    slope = float(settings.get("RescaleSlope", 1))
    intercept = float(settings.get("RescaleIntercept", 0))
    # Sorted, because a slope may be negative.
    ends = sorted(end * slope + intercept for end in _stored_range(stored, dataset))
    return stored.astype(np.float32) * np.float32(slope) + np.float32(intercept), ends


def _stored_range(stored, dataset):
    """Return the smallest and largest value that the stored bits can hold."""
    if stored.dtype.kind == "f":
        return float(stored.min()), float(stored.max())
    bits = int(dataset.BitsStored)
    signed = int(dataset.PixelRepresentation)
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)


def _looked_up(values, tables, dataset):
    """Return values mapped through the first look-up table (DICOM PS3.3, C.11.1.1)."""
    entries = tables[0].LUTData
    if isinstance(entries, bytes):
        entries = np.frombuffer(entries, "<u2" if dataset.original_encoding[1] else ">u2")
    # LUTDescriptor is (number of entries, first value mapped, bits); values outside the table get
    # its first or last entry.
    places = values.astype(np.int64) - tables[0].LUTDescriptor[1]
    return np.asarray(entries, np.float32)[np.clip(places, 0, len(entries) - 1)]


def _top(tables):
    """Return the largest value that entries of the first look-up table can have."""
    return 2 ** tables[0].LUTDescriptor[2] - 1


def _windowed(values, limits, settings, window):
    """Return the place of values in the window, from 0 to 1 (DICOM PS3.3, C.11.2.1.2 and 3)."""
    function = settings.get("VOILUTFunction", "LINEAR")
    if window is None:
        window = [_first(settings.get(name)) for name in ("WindowCenter", "WindowWidth")]
    # No window in the file: the whole range of the bits, and not of the values, so that slices of
    # one series keep their contrast to each other.
    if None in window:
        center, width, function = sum(limits) / 2, limits[1] - limits[0], "LINEAR_EXACT"
    else:
        center, width = map(float, window)
    if function == "SIGMOID":
        return 1 / (1 + np.exp(-4 * (values - center) / width))
    if function == "LINEAR":  # the standard: (x - (c - 0.5)) / (w - 1) + 0.5
        center, width = center - 0.5, width - 1
    # A window of width 1 is a threshold, not a division by zero.
    return np.clip((values - center) / max(width, 1e-6) + 0.5, 0, 1)


def _first(value):
    """Return the first of several windows, the one that viewers show first."""
    return value if value is None or np.ndim(value) == 0 else value[0]

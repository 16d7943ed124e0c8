"""List the images of a folder of DICOM files with what their headers say."""

import math
import os
from concurrent.futures import ThreadPoolExecutor
from numbers import Integral
from pathlib import Path

import numpy as np

from skmedimg._sklearn import Interval, StrOptions, validate_params
from skmedimg.datasets._bunch import bunch_of
from skmedimg.datasets._find_images import list_images
from skmedimg.datasets._image_folder import checked_root
from skmedimg.datasets._loading_report import LoadReport, first_few
from skmedimg.datasets._volume_slices import check_slices, chosen_images, cut_volumes
from skmedimg.images._dicom import SPACING_TAGS, dicom_dataset, spacing_of
from skmedimg.images._image_file import ImageFile
from skmedimg.images._limits import MAX_SECONDS, ImageReadError
from skmedimg.images._n_jobs import N_JOBS, thread_count

# All that is read: no name, no date, no free text, no private element.
_TAGS = [
    *("PatientID", "PatientSex", "PatientAge", "InstitutionName", "Modality", "BodyPartExamined"),
    *("ViewPosition", "Laterality", "ImageLaterality", "StudyInstanceUID", "SeriesInstanceUID"),
    *("InstanceNumber", "ImagePositionPatient", "ImageOrientationPatient", "ImageType"),
    *("SOPClassUID", "PresentationIntentType", "Rows", "Columns", "NumberOfFrames"),
    *SPACING_TAGS,
]
_SECONDARY_CAPTURES = "1.2.840.10008.5.1.4.1.1.7"  # of all kinds: screenshots, scanned films
_YEARS = {"Y": 1, "M": 12, "W": 365.25 / 7, "D": 365.25}  # units of an age, in a year


@validate_params(
    {
        "root": [str, os.PathLike],
        "labels_from": [StrOptions({"folder"}), callable, None],
        "images": [StrOptions({"all", "middle"}), Interval(Integral, 1, None, closed="left")],
        "slice_folder": [str, os.PathLike, None],
        "window": [tuple, list, None],
        "derived": ["boolean"],
        "on_error": [StrOptions({"raise", "skip-report"})],
        "n_jobs": N_JOBS,
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def load_dicom_folder(
    root,
    *,
    labels_from=None,
    images="all",
    slice_folder=None,
    window=None,
    derived=False,
    on_error="raise",
    n_jobs=None,
    verbose=0,
):
    """List the images of a folder of DICOM files with what their headers say.

    Headers alone are read; pixels stay in the files. Derived images and secondary captures, such
    as reformatted slices and screenshots, are left out and listed in the report, and so are
    reports and directories. Images come series by series, in the order of their places.

    .. warning::
       The result is not anonymous. Names, dates, descriptions and private elements are not read,
       but `groups` holds patient ids, `columns` the identifiers of studies and series and the
       institution, and the files themselves keep all they held; letters burnt into pixels
       too. De-identify files before they leave the hospital, and ask who may see the table.

    Parameters
    ----------
    root : str or os.PathLike
        Folder of DICOM files, in any subfolders and with any names.
    labels_from : {"folder"}, callable or None, default=None
        "folder": the first folder below `root` is the class. A callable gets the `pathlib.Path` of
        each image and returns its label. None: no labels; look them up by
        ``data.columns["study"]`` or ``data.groups``.
    images : {"all", "middle"} or int, default="all"
        Which images of a series become rows: all, the middle one, or one in so many.
    slice_folder : str, os.PathLike or None, default=None
        Folder beside `root`, to which frames of files that hold several are written as PNG files;
        `images` chooses among them too. None: such files are refused or skipped.
    window : (float, float) or None, default=None
        (center, width) of the values that these PNG files show; None takes the window of the file.
    derived : bool, default=False
        Whether derived images and secondary captures are kept. Radiographs that are processed for
        presentation are originals here.
    on_error : {"raise", "skip-report"}, default="raise"
        What happens to files whose header cannot be read or names no patient: an error, or they
        are left out and listed in ``report.skipped``.
    n_jobs : int or None, default=None
        Threads that read. None: one per usable core.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        `paths`, `target`, `target_names`, `groups` (the patient ids) and `report`, as
        :func:`load_image_folder` gives them, and `columns`, a DataFrame with a row per image:
        patient, sex, age (years), site (institution), modality, body_part, view, laterality,
        study, series, spacing_rows and spacing_columns (mm between rows, and between columns).

    See Also
    --------
    load_image_folder : Patients and labels from names of files and folders.

    Examples
    --------
    >>> from pathlib import Path
    >>> import pydicom
    >>> from skmedimg.datasets import load_dicom_folder
    >>> file = Path(pydicom.data.get_testdata_file("MR_small.dcm", download=False))
    >>> import tempfile, shutil
    >>> root = Path(tempfile.mkdtemp())
    >>> _ = shutil.copy(file, root / "IM000001")
    >>> data = load_dicom_folder(root, derived=True)
    >>> data.groups.tolist(), data.columns.loc[0, ["sex", "modality"]].tolist()
    (['4MR1'], ['F', 'MR'])
    """
    root = checked_root(root)
    report = LoadReport(root)
    if slice_folder is not None or window is not None:
        check_slices(images, slice_folder, root, window)
    files, _ = list_images(root, report, on_error=on_error)
    paths = [os.path.join(root, *file.split("/")) for file in files]
    headers = _headers(paths, report, on_error, n_jobs, verbose)
    headers = [each for each in headers if _is_kept(each, derived, report)]
    _refuse_none(headers, root, report)
    headers = [each for series in _by_series(headers) for each in _chosen(series, images)]
    columns = {
        "paths": [header["path"] for header in headers],
        "labels": _labels(headers, root, labels_from),
        "groups": [header["columns"]["patient"] for header in headers],
        "masks": None,
        "split": None,
    }
    frame = [header["columns"] for header in headers]
    columns, frame = _without_frames(
        columns, frame, headers, root, images, slice_folder, window, report, on_error
    )
    _warn_of_one_id_for_two(frame, report)
    import pandas as pd

    return bunch_of(
        columns,
        report,
        on_error=on_error,
        verify=False,
        n_jobs=n_jobs,
        verbose=verbose,
        frame=pd.DataFrame(frame),
    )


def _headers(paths, report, on_error, n_jobs, verbose):
    """Return what the header of each file says, as a dict; those that cannot be read are noted."""
    headers = []
    with ThreadPoolExecutor(thread_count(n_jobs)) as pool:
        read = pool.map(_read_header, paths)
        if verbose:
            from tqdm import tqdm

            read = tqdm(read, total=len(paths), desc="Reading headers", unit="file")
        for path, header in zip(paths, read, strict=True):
            if not isinstance(header, Exception):
                headers.append(header)
            elif on_error == "raise":
                raise header
            else:
                report.skipped.append((path, str(header).removeprefix(f"{path!r} ")))
    return headers


def _read_header(path):
    """Return the header of a file, or why it cannot be read."""
    try:
        with ImageFile(path, MAX_SECONDS) as file:
            if file.read(132)[128:] != b"DICM" and not path.lower().endswith((".dcm", ".dicom")):
                return {"path": path, "left_out": "not a DICOM file"}
            file.seek(0)
            return _header(path, dicom_dataset(path, file, tags=_TAGS))
    except (ImageReadError, OSError) as error:
        return error
    except ImportError:
        raise
    except Exception as error:  # pydicom raises all kinds of errors on damaged files
        return ImageReadError(f"The header of {path!r} cannot be read: {error}.")


def _header(path, dataset):
    """Return what is used of a dataset, and why it is left out, if it is."""
    spacing = spacing_of(dataset) or (None, None)
    laterality = _text(dataset, "ImageLaterality") or _text(dataset, "Laterality")
    return {
        "path": path,
        "left_out": None,
        "not_original": _not_original(dataset),
        "has_pixels": bool(dataset.get("Rows") and dataset.get("Columns")),
        "frames": int(dataset.get("NumberOfFrames") or 1),
        "place": _place(dataset),
        "number": int(dataset.get("InstanceNumber") or 0),
        "columns": {
            "patient": _text(dataset, "PatientID"),
            "sex": _text(dataset, "PatientSex"),
            "age": _years(_text(dataset, "PatientAge")),
            "site": _text(dataset, "InstitutionName"),
            "modality": _text(dataset, "Modality"),
            "body_part": _text(dataset, "BodyPartExamined"),
            "view": _text(dataset, "ViewPosition"),
            "laterality": laterality,
            "study": _text(dataset, "StudyInstanceUID"),
            "series": _text(dataset, "SeriesInstanceUID"),
            "spacing_rows": spacing[0],
            "spacing_columns": spacing[1],
        },
    }


def _text(dataset, name):
    """Return an element as text without spaces around, None where it is empty or missing."""
    value = dataset.get(name)
    return (str(value).strip() or None) if value is not None else None


def _years(text):
    """Return an age such as 045Y or 006M in years; None where it is not one."""
    # Some scanners leave the unit out.
    number, unit = (text[:-1], text[-1].upper()) if text and text[-1].isalpha() else (text, "Y")
    if not number or not number.isdigit() or unit not in _YEARS:
        return None
    return round(int(number) / _YEARS[unit], 2)


def _not_original(dataset):
    """Return why an image is not an original one, or None."""
    kind = [str(each).upper() for each in _several(dataset.get("ImageType"))]
    if str(dataset.get("SOPClassUID", "")).startswith(_SECONDARY_CAPTURES):
        return "a secondary capture"
    if kind[1:2] == ["SECONDARY"]:
        return "made of other images (secondary)"
    # Digital radiographs are derived from what the detector saw, and yet are the images themselves.
    if kind[:1] == ["DERIVED"] and not dataset.get("PresentationIntentType"):
        return "derived from another image"
    return None


def _several(value):
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _place(dataset):
    """Return how far a slice lies along the axis of its volume in mm, or None."""
    origin = dataset.get("ImagePositionPatient")
    axes = dataset.get("ImageOrientationPatient")
    if origin is None or axes is None or len(origin) != 3 or len(axes) != 6:
        return None
    place = float(np.dot(np.cross(axes[:3], axes[3:]), np.asarray(origin, dtype=float)))
    return place if math.isfinite(place) else None


def _is_kept(header, derived, report):
    """Return whether a file is used; note in the report why not."""
    why = header["left_out"]
    if why is None and not header["has_pixels"]:
        why = "DICOM without pixels, such as a report or a directory"
    if why is None and header["not_original"] and not derived:
        why = f"{header['not_original']}; derived=True keeps it"
    if why is not None:
        report.ignored.append((header["path"], why))
    return why is None


def _refuse_none(headers, root, report):
    if not headers:
        raise ValueError(f"{root!r} holds no DICOM images that are used.\n{report}")


def _by_series(headers):
    """Return the headers of each series in the order of their places; series as they were found."""
    series = {}
    for header in headers:
        # Files that name no series are none together.
        series.setdefault(header["columns"]["series"] or header["path"], []).append(header)
    for members in series.values():
        placed = all(header["place"] is not None for header in members)
        members.sort(
            key=lambda header: (
                header["place"] if placed else header["number"],
                header["number"],
                header["path"],
            )
        )
    return list(series.values())


def _chosen(series, images):
    # Of a file of several frames the frames are chosen, later on.
    if any(header["frames"] > 1 for header in series):
        return series
    return [series[index] for index in chosen_images(images, len(series))]


def _labels(headers, root, labels_from):
    if labels_from is None:
        return None
    if callable(labels_from):
        return [labels_from(Path(header["path"])) for header in headers]
    parts = [Path(os.path.relpath(header["path"], root)).parts for header in headers]
    return [part[0] if len(part) > 1 else None for part in parts]


def _without_frames(columns, frame, headers, root, images, folder, window, report, on_error):
    """Return columns and frame in which files of several frames are their images."""
    several = [header["path"] for header in headers if header["frames"] > 1]
    if not several:
        return columns, frame
    if folder is not None:
        columns["frame"] = frame
        columns, origin = cut_volumes(columns, root, images, folder, window, report, on_error)
        frame = [
            facts | {"frame": place["slice"]}
            for facts, place in zip(columns.pop("frame"), origin, strict=True)
        ]
        return columns, frame
    why = (
        "holds several images; slice_folder= names a folder to write them to, images= which of them"
    )
    if on_error == "raise":
        raise ValueError(f"{first_few(several)}: each {why}.")
    report.skipped += [(path, why) for path in several]
    keep = [header["frames"] == 1 for header in headers]
    kept = {
        name: None if column is None else [v for v, k in zip(column, keep, strict=True) if k]
        for name, column in columns.items()
    }
    return kept, [facts for facts, k in zip(frame, keep, strict=True) if k]


def _warn_of_one_id_for_two(frame, report):
    """Warn where one patient id has two sexes or two sites: ids of two clinics may be the same."""
    for name, what in (("sex", "sexes"), ("site", "sites")):
        seen = {}
        for facts in frame:
            if facts["patient"] is not None and facts[name] is not None:
                seen.setdefault(facts["patient"], set()).add(facts[name])
        odd = sorted(patient for patient, values in seen.items() if len(values) > 1)
        if odd:
            report.warn(
                f"{len(odd)} patient ids have images of several {what}: {first_few(odd)}. Check "
                "that each is one patient."
            )

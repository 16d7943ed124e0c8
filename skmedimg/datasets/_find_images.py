"""Find the image files of a folder, and check whether they can be read."""

import os
from concurrent.futures import ThreadPoolExecutor

from skmedimg._progress import with_progress
from skmedimg.images._limits import MAX_PIXELS, MAX_SECONDS, ImageReadError
from skmedimg.images._n_jobs import thread_count
from skmedimg.images._read_image import read_pixels

# By name, so that a large folder is listed without opening each file; how a file is read is decided
# by its content.
IMAGE_SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".webp", ".gif"),
    *(".pgm", ".ppm", ".dcm", ".dicom", ".nii", ".nii.gz"),
)
# Created by macOS and Windows.
_LEFT_BY_SYSTEMS = {"__MACOSX", "Thumbs.db", "desktop.ini"}


def list_images(root, report, *, exclude=None, on_error="raise"):
    """Return the images and the folders below `root`, relative to it and sorted."""
    images, folders, home = [], [], os.path.realpath(root)
    # A folder of masks may lie inside that of the images.
    left_out = exclude and os.path.realpath(exclude)
    for place, below, files in os.walk(root):
        # In place: os.walk descends into the folders that are left in the list.
        below[:] = sorted(
            name
            for name in below
            if os.path.realpath(os.path.join(place, name)) != left_out
            and _is_followed(place, name, home, report, on_error)
        )
        folders += [_relative(root, place, name) for name in below]
        for name in sorted(files):
            if _is_image(place, name, home, report, on_error):
                images.append(_relative(root, place, name))
    # Sorted as text, because the order of os.walk differs between file systems.
    return sorted(images), sorted(folders)


def stem_of(name):
    """Return the name of a file without the ending of an image."""
    suffix = next((s for s in IMAGE_SUFFIXES if name.lower().endswith(s)), "")
    # Not os.path.splitext, which leaves .nii of .nii.gz.
    return name[: len(name) - len(suffix)]


def usable(paths, report, on_error, n_jobs=None, verbose=0):
    """Return for each path whether it can be read as an image; read each file once."""
    with ThreadPoolExecutor(thread_count(n_jobs)) as pool:
        faults = pool.map(_fault, paths)
        if verbose:
            faults = with_progress(faults, len(paths), "Checking", "image")
        return [
            _accept(path, fault, report, on_error)
            for path, fault in zip(paths, faults, strict=True)
        ]


def _is_followed(place, name, home, report, on_error):
    """Return whether a folder is searched; note in the report why not."""
    path = os.path.join(place, name)
    if _is_hidden(name):
        report.ignored.append((path, "hidden folder"))
        return False
    if not os.path.islink(path):
        return True
    # A link within the folder would list its files twice, under two classes perhaps.
    if not _leaves(path, home, report, on_error):
        report.ignored.append((path, "a link to a folder whose files are found there"))
    return False


def _is_image(place, name, home, report, on_error):
    """Return whether a file is listed as an image; note in the report why not."""
    path = os.path.join(place, name)
    if _is_hidden(name):
        report.ignored.append((path, "hidden file"))
        return False
    if os.path.islink(path) and _leaves(path, home, report, on_error):
        return False
    if name.lower().endswith(IMAGE_SUFFIXES) or _is_unnamed_dicom(path, name):
        return True
    report.ignored.append((path, "not an image file"))
    return False


def _is_hidden(name):
    return name.startswith(".") or name in _LEFT_BY_SYSTEMS


def _leaves(path, home, report, on_error):
    """Return whether a link leaves the folder: such files were not handed over with the data."""
    target = os.path.realpath(path)
    if os.path.commonpath([target, home]) == home:
        return False
    reason = f"a link that leaves the folder, to {target!r}"
    if on_error == "raise":
        raise ValueError(
            f"{path!r} is {reason}. Copy the file into the folder, or skip it with "
            'on_error="skip-report".'
        )
    report.skipped.append((path, reason))
    return True


def _is_unnamed_dicom(path, name):
    """Return whether a file without a suffix, or with a number for one, is DICOM."""
    suffix = os.path.splitext(name)[1][1:]
    if (suffix and not suffix.isdigit()) or not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(132)[128:] == b"DICM"


def _relative(root, place, name):
    return os.path.relpath(os.path.join(place, name), root).replace(os.sep, "/")


def _fault(path):
    """Return the error of reading a file, or the first of several, or None."""
    if isinstance(path, tuple):  # the masks of one image
        return next(filter(None, map(_fault, path)), None)
    try:
        # With draft_size JPEGs are decoded at an eighth of their size: truncated ones still fail.
        read_pixels(path, "gray", None, None, MAX_PIXELS, (1, 1), MAX_SECONDS)
    except (ImageReadError, OSError) as error:
        return error
    return None


def _accept(path, fault, report, on_error):
    if fault is None:
        return True
    if on_error == "raise":
        raise fault
    report.skipped.append((path, str(fault).removeprefix(f"{path!r} ")))
    return False

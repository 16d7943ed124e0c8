"""Rules of an audit that name single images: blurred, badly exposed, unlike all others."""

import numpy as np

from skmedimg.evaluation._text import counted
from skmedimg.evaluation.auditing._audit_data import Finding

_FEWEST = 20  # images that say what is usual
_FAR = 6  # robust deviations from the median


def blurred(data):
    """Yield a note where images are far less sharp than the others."""
    sharpness = np.nan_to_num(data.facts.columns["sharpness"])
    usable = data.facts.readable & (sharpness > 0)
    if usable.sum() < _FEWEST:
        return
    logs = np.log(np.where(usable, sharpness, 1))
    far = _deviations(logs, usable)
    rows = np.flatnonzero(usable & (far < -_FAR) & (logs < np.median(logs[usable]) - np.log(1.5)))
    if len(rows):
        yield Finding(
            "blurred",
            "note",
            f"{counted(rows, 'image', ('is', 'are'))} much less sharp than the others",
            "They are blurred, or were enlarged from small ones. Look at them.",
            rows,
            value=len(rows),
        )


def exposure(data):
    """Yield a note where images are far darker or brighter than the others."""
    columns, usable = data.facts.columns, data.facts.readable
    if usable.sum() < _FEWEST:
        return
    means = np.nan_to_num(columns["mean"])
    far = np.abs(_deviations(means, usable)) > _FAR
    distance = np.abs(means - np.median(means[usable]))
    rows = np.flatnonzero(usable & far & (distance > 0.15 * np.median(columns["spread"][usable])))
    if len(rows):
        yield Finding(
            "exposure",
            "note",
            f"{counted(rows, 'image', ('is', 'are'))} much darker or brighter than the others",
            "They are over- or underexposed, inverted or nearly empty. Look at them.",
            rows,
            value=len(rows),
        )


def odd_images(data):
    """Yield a note where images look like none of the others, in a set that looks alike."""
    usable = data.facts.readable
    if usable.sum() < _FEWEST:
        return
    thumbnails = data.facts.thumbnails.reshape(len(usable), -1)
    typical = np.median(thumbnails[usable], axis=0)
    alike = _correlation(thumbnails, typical)
    rows = np.flatnonzero(usable & (_deviations(alike, usable) < -_FAR) & (alike < 0.3))
    if len(rows) and np.median(alike[usable]) > 0.5:
        yield Finding(
            "odd-images",
            "note",
            f"{counted(rows, 'image', ('looks', 'look'))} unlike all others",
            "They may show another organ, view or orientation, or no patient. Look at them.",
            rows,
            value=len(rows),
        )


def _deviations(values, usable):
    """Return how far values are from the median, in deviations that outliers do not change."""
    middle = np.median(values[usable])
    spread = 1.4826 * np.median(np.abs(values[usable] - middle))
    return (values - middle) / max(spread, 1e-9)


def _correlation(rows, other):
    rows = rows - rows.mean(axis=1, keepdims=True)
    other = other - other.mean()
    norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(other)
    return rows @ other / np.maximum(norms, 1e-9)

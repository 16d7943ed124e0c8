"""How a set differs from the development data: numbers, classes and facts of the images."""

from dataclasses import dataclass

import numpy as np

# column of the audit's facts -> how it is called
_FACTS = {
    "height": "height, pixels",
    "width": "width, pixels",
    "channels": "channels",
    "bits": "bits per channel",
    "quality": "JPEG quality",
    "mean": "mean brightness",
    "spread": "brightest minus darkest pixel",
}


@dataclass(frozen=True)
class ShiftRow:
    """One fact of the development data and of an external set.

    Attributes
    ----------
    name : str
    kind : {"count", "share", "mean"}
    development, external : float
        The number, the share, or the mean over images; nan where unknown.
    development_sd, external_sd : float
        Standard deviation over images, of a mean.
    difference : float
        External minus development in standard deviations; nan of counts.
    """

    name: str
    kind: str
    development: float
    external: float
    development_sd: float = np.nan
    external_sd: float = np.nan
    difference: float = np.nan


def set_shift(development, external):
    """Return ShiftRows of two sets, each (y, classes, groups, facts); facts may be None."""
    rows = [ShiftRow("images", "count", len(development[0]), len(external[0]))]
    n_patients = [_n_patients(each[2]) for each in (development, external)]
    if np.isfinite(n_patients).any():
        rows.append(ShiftRow("patients", "count", *n_patients))
    classes = development[1]
    for label in () if classes is None else classes:
        shares = [float(np.mean(each[0] == label)) for each in (development, external)]
        rows.append(_share(f"class {label}", *shares))
    facts = [each[3] for each in (development, external)]
    return (*rows, *(() if None in facts else _fact_rows(*facts)))


def standardized_difference(first, second, first_variance, second_variance):
    """Return second minus first by the root of their mean variance [1]_.

    Two constants that differ are infinitely many standard deviations apart.

    References
    ----------
    .. [1] Austin, "Balance diagnostics for comparing the distribution of baseline covariates
       between treatment groups in propensity-score matched samples", Statistics in Medicine 28
       (2009), doi:10.1002/sim.3697

    Examples
    --------
    >>> from skmedimg.evaluation.external._set_shift import standardized_difference
    >>> standardized_difference(10.0, 12.0, 4.0, 4.0)
    1.0
    """
    spread = np.sqrt((first_variance + second_variance) / 2)
    if spread > 0:
        return float((second - first) / spread)
    return 0.0 if first == second else float(np.copysign(np.inf, second - first))


def _n_patients(groups):
    return np.nan if groups is None else len(np.unique(groups))


def _share(name, first, second):
    """Return the ShiftRow of two shares."""
    variances = first * (1 - first), second * (1 - second)
    difference = standardized_difference(first, second, *variances)
    return ShiftRow(name, "share", first, second, difference=difference)


def _fact_rows(*facts):
    """Yield a ShiftRow for each fact of the images that both sets have."""
    for column, name in _FACTS.items():
        if column in ("mean", "spread") and not all(each.pixels for each in facts):
            continue
        yield from _mean(name, *(each.columns[column][each.readable] for each in facts))
        if column == "mean":
            yield from _mean("contrast", *map(_contrast, facts))
    for column, words in (("mode", "color mode"), ("format", "format")):
        values = [each.columns[column][each.readable] for each in facts]
        for value in np.unique(np.concatenate(values)):
            shares = [float(np.mean(each == value)) for each in values]
            if shares != [1.0, 1.0]:
                yield _share(f"{words} {value}", *shares)


def _contrast(facts):
    """Return the standard deviation of the pixels of each thumbnail."""
    return facts.thumbnails[facts.readable].std(axis=(1, 2))


def _mean(name, first, second):
    """Yield the ShiftRow of two means, unless a set lacks the fact or both have one value."""
    first, second = (np.asarray(each, dtype=float) for each in (first, second))
    first, second = first[np.isfinite(first)], second[np.isfinite(second)]
    if not len(first) or not len(second):
        return
    if np.ptp(np.concatenate([first, second])) == 0:
        return
    means, deviations = (
        [float(np.mean(each)) for each in (first, second)],
        [float(np.std(each, ddof=1)) if len(each) > 1 else 0.0 for each in (first, second)],
    )
    difference = standardized_difference(*means, *(d**2 for d in deviations))
    yield ShiftRow(name, "mean", *means, *deviations, difference)

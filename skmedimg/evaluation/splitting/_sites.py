"""Splits that leave out one hospital or scanner after the other."""

from dataclasses import replace

import numpy as np

from skmedimg.evaluation._text import counted
from skmedimg.images._validate import check_groups


def check_site(site, cv, repeats, y, groups):
    """Return the site of each sample as an array (n,); a patient of two sites raises."""
    try:
        site = check_groups(site, y)
    except (ValueError, TypeError) as error:
        raise type(error)(str(error).replace("groups", "site").replace("patient", "site")) from None
    if cv not in (5, None) or repeats not in (1, None):
        raise ValueError(
            "site leaves out one site after the other, once: leave cv and repeats out, or fold "
            "within sites by compare(groups=..., cv=...) without site."
        )
    sites = np.unique(site)
    if len(sites) < 2:
        raise ValueError(f"site needs at least 2 sites, but every sample is of {sites[0]!s}.")
    if groups is not None:
        _refuse_travelers(site, groups)
    return site


def site_splits(site, strata, task):
    """Return a list of (training rows, test rows), one per site in their sorted order."""
    splits = []
    for each in np.unique(site):
        train, test = np.flatnonzero(site != each), np.flatnonzero(site == each)
        if task == "classification" and len(np.unique(strata[train])) < 2:
            raise ValueError(
                f"Without the site {each!s} the samples are of one class, from which nothing can "
                "be learned: leave out the sites that hold a single class, or compare without site."
            )
        splits.append((train, test))
    return splits


def name_splits(splits, site):
    """Return Splits that are named after the site that each tests."""
    return tuple(replace(split, name=str(site[split.test[0]])) for split in splits)


def site_warnings(site, strata, classes):
    """Yield as text which sites say little, and why."""
    n_sites = len(np.unique(site))
    if n_sites < 3:
        yield (
            f"There are {counted(n_sites, 'site')}: how much scores differ between sites, and what "
            "a new one may have, needs 3 or more."
        )
    for each in np.unique(site) if classes is not None else ():
        labels = np.unique(strata[site == each])
        if len(labels) == 1 < len(classes):
            yield (
                f"The site {each!s} has {classes[labels[0]]!s} alone: scores that need every class "
                "are missing there, and it is not among the sites that are pooled."
            )


def looks_like_sites(cv, groups):
    """Tell whether `groups` of a leave-one-group-out may be hospitals rather than patients."""
    if type(cv).__name__ != "LeaveOneGroupOut" or groups is None:
        return False
    n_groups = len(np.unique(groups))
    return n_groups <= 20 and len(groups) >= 10 * n_groups


def _refuse_travelers(site, groups):
    """Raise where a patient has images of two sites."""
    pairs = np.unique(np.array([site.astype(str), groups.astype(str)]), axis=1)
    patients, counts = np.unique(pairs[1], return_counts=True)
    both = patients[counts > 1]
    if len(both):
        where = pairs[0][pairs[1] == both[0]]
        raise ValueError(
            f"{counted(both, 'patient', ('has', 'have'))} images of several sites (such as "
            f"{both[0]!s}: {', '.join(where)}): a model would be tested on patients it was trained "
            "on. If two sites number their patients alike, put the site into groups; else leave "
            "these patients out."
        )

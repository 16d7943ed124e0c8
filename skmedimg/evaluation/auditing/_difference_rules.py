"""Rules of an audit: a place in the images that tells the classes, and sites that can be told."""

import numpy as np

from skmedimg.evaluation.auditing._audit_data import Finding
from skmedimg.evaluation.auditing._place_probe import probe_places
from skmedimg.evaluation.auditing._probes import probe_sites

_UNEVEN = 0.15  # difference of a class's share between sites that makes the site a shortcut


def places(data):
    """Yield the places in the images that tell a class from the rest, such as markers."""
    for place in probe_places(data.facts, data.y, data.leakage_group, data.random_state):
        if place.auc >= 0.65:
            yield Finding(
                "differing-place",
                "warning" if place.auc >= 0.9 else "note",
                f"One place in the images tells {place.label!s} from the rest (AUC "
                f"{place.auc:.2f}, {place.down:.0%} from the top, {place.right:.0%} from the left)",
                "It may be anatomy or disease, or a marker, text or frame that one class has: look "
                "there, and check that models do not (skmedimg.inspection).",
                value=float(place.auc),
            )


def sites_apart(data):
    """Yield a finding where the images tell from which site they are."""
    found = probe_sites(data.facts, data.site, data.leakage_group, data.random_state)
    if found is None or found.auc < 0.65 or found.p_value >= 1e-3:
        return
    share, words = _uneven_classes(data)
    risk = (
        f"{words}: a model may learn the site instead of the disease, and its score within these "
        "sites rewards that."
        if share >= _UNEVEN
        else "The classes are about equally frequent in all sites, so that this is no shortcut to "
        "the class; but a model may fail at a site that it has not seen."
    )
    yield Finding(
        "sites-apart",
        "warning" if share >= _UNEVEN else "note",
        f"A cheap model tells the sites apart by the images (AUC {found.auc:.2f} for "
        f"{found.label!s})",
        f"{risk} Leave out one site after the other: compare(site=...).",
        value=float(found.auc),
    )


def _uneven_classes(data):
    """Return by how much the share of a class differs between sites at most, and in words."""
    most, words = 0.0, ""
    for label in () if data.y is None else np.unique(data.y):
        shares = {
            each: np.mean(data.y[data.site == each] == label) for each in np.unique(data.site)
        }
        low, high = min(shares, key=shares.get), max(shares, key=shares.get)
        if shares[high] - shares[low] > most:
            most = shares[high] - shares[low]
            words = f"{label!s} is {shares[low]:.0%} of {low!s} and {shares[high]:.0%} of {high!s}"
    return most, words

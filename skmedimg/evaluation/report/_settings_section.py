"""Last sections of a report: how to get it again, and how to read it."""

import numpy as np


def settings_section(context):
    """Return settings, seeds and versions."""
    comparison = context.comparison
    return {
        "call": _call(comparison),
        "random_state": comparison.random_state,
        "digest": comparison.digest,
        "versions": comparison.versions,
        "estimators": comparison.estimators,
    }


def reading_section(context):
    """Return nothing: the words a reader needs are in the template alone."""
    return {}


def _call(comparison):
    """Return the Python code that gives a comparison again."""
    models = ",\n".join(
        f"    {name!r}: {' '.join(text.split())}"
        for name, text in comparison.estimators.items()
        if name != comparison.baseline
    )
    folds = len({split.fold for split in comparison.splits})
    repeats = len({split.repeat for split in comparison.splits})
    options = ["groups=groups"] * (comparison.groups is not None) + [f"cv={folds}"]
    options.append(f"repeats={repeats}")
    if comparison.pos_label is not None:
        options.append(f"pos_label={np.asarray(comparison.pos_label).item()!r}")
    options.append(f"random_state={comparison.random_state}")
    return (
        f"from skmedimg import compare\n\nresult = compare({{\n{models},\n}}, X, y, "
        f"{', '.join(options)})"
    )

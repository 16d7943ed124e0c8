"""Last sections of a report: how to get it again, and how to read it."""

import numpy as np

from skmedimg.evaluation.report._html import section, table, tag
from skmedimg.evaluation.report._report_context import paragraph

_WORDS = (
    ("95 % interval", "What means of other samples of the same kind would be compatible with these "
     "data. A narrow interval on the wrong data is still wrong."),
    ("Baseline", "Answers without looking at the image. A model that does not beat it has learned "
     "nothing that the score can see."),
    ("Balanced accuracy", "Mean of the recall of each class: 0.5 is guessing between two classes, "
     "however unequal they are."),
    ("Sensitivity, specificity", "Share of the ill called ill, and of the healthy called healthy, "
     "at the threshold 0.5 unless it was moved."),
    ("ROC AUC", "Chance that an ill case scores above a healthy one; does not depend on a "
     "threshold, nor on how rare the illness is."),
    ("Average precision", "Area under precision against recall; compare it with the share of the "
     "positive class, which is what guessing reaches."),
    ("Brier, log loss, ECE", "How far the probabilities themselves may be believed; lower is "
     "better."),
    ("No conclusion", "The data do not decide. It does not mean that two models are equally good: "
     "more patients may decide it."),
    ("Out of fold", "Every prediction shown was made by a model that did not see that image, nor "
     "any other of its patient where patients are known."),
)  # fmt: skip


def settings_section(source):
    """Return settings, seeds and versions.

    Parameters
    ----------
    source : Source

    Returns
    -------
    section : Fragment
    """
    comparison = source.comparison
    rows = [[name, tag("code", text)] for name, text in comparison.estimators.items()]
    versions = ", ".join(f"{name} {version}" for name, version in comparison.versions.items())
    return section(
        "How to get this again",
        paragraph("The same call on the same data gives the same numbers on the same machine:"),
        tag("pre", _call(comparison)),
        tag(
            "dl", tag("dt", "Seed"), tag("dd", comparison.random_state),
            tag("dt", "Fingerprint of the data"), tag("dd", tag("code", comparison.digest)),
            tag("dt", "Versions"), tag("dd", versions),
        ),
        table(["Model", "Settings"], rows, numbers=set()),
        anchor="settings",
    )  # fmt: skip


def reading_section(source):
    """Return the words a reader needs.

    Parameters
    ----------
    source : Source

    Returns
    -------
    section : Fragment
    """
    pairs = [part for word, meaning in _WORDS for part in (tag("dt", word), tag("dd", meaning))]
    return section("How to read this report", tag("dl", *pairs), anchor="reading")


def _call(comparison):
    models = ",\n".join(
        f"    {name!r}: {' '.join(text.split())}"
        for name, text in comparison.estimators.items() if name != comparison.baseline
    )  # fmt: skip
    folds = len({split.fold for split in comparison.splits})
    repeats = len({split.repeat for split in comparison.splits})
    options = ["groups=groups"] * (comparison.groups is not None) + [f"cv={folds}"]
    options += [f"repeats={repeats}"] * (repeats > 1)
    if comparison.pos_label is not None:
        options.append(f"pos_label={np.asarray(comparison.pos_label).item()!r}")
    options.append(f"random_state={comparison.random_state}")
    return (
        f"from skmedimg import compare\n\nresult = compare({{\n{models},\n}}, X, y, "
        f"{', '.join(options)})"
    )

"""Which of two classes is the positive one: asked for, or guessed with a warning."""

import re

import numpy as np

from skmedimg._warnings import warn_user

# Studies look for the disease: a class with one of these names is the negative one.
_HEALTHY = re.compile(
    r"(?:^|[^a-z0-9])(?:normal|normals|benign|no|non|not|none|negative|neg|healthy|health|control"
    r"|controls|ctrl|ctl|hc|cn|absent|absence|without|unaffected|uninfected|unremarkable|free"
    r"|intact|sain|false|0"
    # clear cell carcinoma and well differentiated tumors are findings
    r"|clear(?![^a-z]*cell)|well(?![^a-z]*diff))(?:$|[^a-z0-9])"
)
_NEGATIONS = ("without", "non", "not", "no", "un")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def positive_label(classes, pos_label=None):
    """Return the positive one of two classes (sorted); None where there are more.

    Without `pos_label` it is guessed: 1 of 0/1, -1/1 and False/True in silence, as everywhere in
    scikit-learn; otherwise with a warning, and never a class named like normal, benign, no,
    negative, healthy or control, or as the negation of the other (noncancer, NotFractured).

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.scores._positive_label import positive_label
    >>> positive_label(np.array([0, 1]))
    1
    >>> positive_label(np.array(["NORMAL", "PNEUMONIA"]), pos_label="PNEUMONIA")
    'PNEUMONIA'
    """
    if pos_label is not None:
        return _known(classes, pos_label)
    if len(classes) != 2:
        return None
    return _plain(classes[1]) if _is_flag(classes) else _guess(classes)


def positive_column(classes, pos_label):
    """Return the position of the positive class among the sorted classes; None without one."""
    return None if pos_label is None else classes.tolist().index(pos_label)


def column_per_class(columns, seen, classes, missing=0.0):
    """Return columns (n, n_seen, ...) with one per class; those not `seen` hold `missing`."""
    if len(seen) == len(classes):
        return columns
    spread = np.full((len(columns), len(classes), *columns.shape[2:]), missing, columns.dtype)
    spread[:, np.searchsorted(classes, seen)] = columns
    return spread


def code_labels(labels, classes):
    """Return the position of every label (n_samples,) among the sorted classes."""
    codes = np.minimum(np.searchsorted(classes, labels), len(classes) - 1)
    if not np.array_equal(classes[codes], labels):
        unknown = _plain(labels[classes[codes] != labels][0])
        raise ValueError(f"Label {unknown!r} is not among the classes {classes.tolist()}.")
    return codes


def _known(classes, pos_label):
    """Return the class that equals `pos_label`."""
    if len(classes) != 2:
        raise ValueError(
            f"pos_label={pos_label!r} needs two classes, but y has {len(classes)}: leave it out."
        )
    plain = [_plain(label) for label in classes]
    found = [label for label in plain if label == pos_label]
    if not found:
        raise ValueError(f"pos_label={pos_label!r} is none of the classes {plain}.")
    return found[0]


def _is_flag(classes):
    return classes.dtype.kind in "biuf" and classes[1] == 1 and classes[0] in (0, -1)


def _guess(classes):
    low, high = (_plain(label) for label in classes)
    swap = _is_negative(high, low) and not _is_negative(low, high)
    positive, negative = (low, high) if swap else (high, low)
    warn_user(
        f"pos_label was not given: {positive!r} is taken as the positive class and {negative!r} "
        "as the negative one. Pass pos_label= to choose and to silence this.",
    )
    return positive


def _plain(label):
    """Return a label as Python's own type, which prints without numpy's name."""
    return label.item() if isinstance(label, np.generic) else label


def _is_negative(label, other):
    """Tell whether one of two classes is named as the negative one."""
    if _negates(label, other):
        return not _is_healthy(other)  # unhealthy, not normal
    if _negates(other, label):
        return _is_healthy(label)
    return _is_healthy(label)


def _negates(label, other):
    """Tell whether a name is (without|non|not|no|un) + the other, case and signs left out."""
    words = [word.lower() for word in _WORD.findall(str(label))]
    wanted = "".join(_WORD.findall(str(other))).lower()
    return any(
        "".join([*words[:place], word.removeprefix(negation), *words[place + 1 :]]) == wanted
        for place, word in enumerate(words)
        for negation in _NEGATIONS
        if word.startswith(negation)
    )


def _is_healthy(label):
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(label))  # NoFinding is "No Finding"
    return bool(_HEALTHY.search(words.lower()))

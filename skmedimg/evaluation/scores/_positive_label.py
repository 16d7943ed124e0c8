"""Which of two classes is the positive one: asked for, or guessed with a warning."""

import re

import numpy as np

from skmedimg._warnings import warn_user

# Studies look for the disease: a class with one of these names is the negative one.
_HEALTHY = re.compile(
    r"(?:^|[^a-z0-9])(?:normal|benign|no|non|not|none|negative|neg|healthy|health|control|controls"
    r"|absent|absence|without|unaffected|sain|false|0)(?:$|[^a-z0-9])"
)


def positive_label(classes, pos_label=None):
    """Return the positive one of two classes (sorted); None where there are more.

    Without `pos_label` it is guessed: 1 of 0/1, -1/1 and False/True in silence, as everywhere in
    scikit-learn; otherwise with a warning, and never a class named like normal, benign, no,
    negative, healthy or control.

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
    swap = _is_healthy(high) and not _is_healthy(low)
    positive, negative = (low, high) if swap else (high, low)
    warn_user(
        f"pos_label was not given: {positive!r} is taken as the positive class and {negative!r} "
        "as the negative one. Pass pos_label= to choose and to silence this.",
    )
    return positive


def _plain(label):
    """Return a label as Python's own type, which prints without numpy's name."""
    return label.item() if isinstance(label, np.generic) else label


def _is_healthy(label):
    return bool(_HEALTHY.search(str(label).lower()))

"""A data set: scikit-learn's Bunch whose repr fits on a screen."""

import numpy as np
from sklearn.utils import Bunch

_WIDTH = 120


class DataSet(Bunch):
    """What a loader returns: arrays of one length by name, as keys and as attributes.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.datasets._data_set import DataSet
    >>> DataSet(paths=np.array(["a/1.png", "b/2.png"], dtype=object), groups=None)
    DataSet with
      paths         (2,) of object, the first 'a/1.png'
      groups        None
    """

    def __repr__(self):
        return "\n".join(["DataSet with", *(_line(name, self[name]) for name in self)])


def _line(name, value):
    """Return a line that says what a part of a data set is."""
    if isinstance(value, np.ndarray):
        what = f"{value.shape} of {value.dtype}"
        if value.ndim == 1 and len(value) and value.dtype.kind in "OU":
            what += f", the first {str(value[0])!r}"
    elif hasattr(value, "columns"):
        what = f"{value.shape} table of {', '.join(map(str, value.columns))}"
    else:
        what = " ".join(str(value).split())  # the report of a loader has several lines
    line = f"  {name:13} {what}"
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 4]} ..."

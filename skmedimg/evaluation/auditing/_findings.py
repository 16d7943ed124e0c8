"""What an audit finds, and the case that its rules look at."""

from dataclasses import dataclass, field

import numpy as np

from skmedimg.evaluation.auditing._image_facts import Facts

SEVERITIES = ("error", "warning", "note")
_NO_ROWS = np.empty(0, dtype=np.intp)


@dataclass(frozen=True)
class Finding:
    """One thing an audit found.

    Attributes
    ----------
    kind : str
        Short name, for filtering.
    severity : {"error", "warning", "note"}
        An error makes a score meaningless; a warning may; a note is good to know.
    title : str
        What was found, with the number.
    advice : str
        Why it matters and what to do.
    rows : ndarray (n_rows,) of int
        The rows concerned; rows of a separate test set are counted on from those of X.
    clusters : tuple of ndarray of int
        The same rows where they belong together.
    value : float or None
        The number behind the title.
    """

    kind: str
    severity: str
    title: str
    advice: str
    rows: np.ndarray = field(default_factory=_NO_ROWS.copy)
    clusters: tuple = ()
    value: float = None


@dataclass(frozen=True)
class Case:
    """All that the rules look at.

    Attributes
    ----------
    facts : Facts
    y : ndarray (n,) or None
    groups : ndarray (n,) or None
    tested : ndarray (n,) of bool or None
        The rows of the test set.
    identical, near : ndarray (n_pairs, 2) of int
    distances : ndarray (n_near_pairs,) of int
        Bits that differ between the hashes of a near pair.
    copies, units : ndarray (n,) of int
        Cluster of duplicates; the same merged with patients.
    random_state : int
    """

    facts: Facts
    y: np.ndarray
    groups: np.ndarray
    tested: np.ndarray
    identical: np.ndarray
    near: np.ndarray
    distances: np.ndarray
    copies: np.ndarray
    units: np.ndarray
    random_state: int = 0


def counted(things, noun, verb=None):
    """Return words such as "1 image", "3 images" or "3 images are".

    Parameters
    ----------
    things : int or sized
    noun : str
    verb : tuple of str or None, default=None
        For one thing and for several.

    Returns
    -------
    words : str

    Examples
    --------
    >>> from skmedimg.evaluation.auditing._findings import counted
    >>> counted(2, "picture", ("is", "are"))
    '2 pictures are'
    """
    n = int(things) if np.isscalar(things) else len(things)
    words = f"{n} {noun}" if n == 1 else f"{n} {noun}s"
    return words if verb is None else f"{words} {verb[0] if n == 1 else verb[1]}"

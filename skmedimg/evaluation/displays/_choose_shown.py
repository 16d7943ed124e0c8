"""Which images a display of masks shows: by their scores, their rows or their file names."""

from pathlib import Path

import numpy as np

from skmedimg._plotting import plain

SHOWS = ("worst", "median", "best")


def choose_shown(rows, names, scores, has_foreground, show):
    """Return the places in `rows` of the images to show, and what stands before each."""
    candidates = np.flatnonzero(has_foreground)
    if len(candidates) == 0:
        candidates = np.arange(len(scores))
    order = candidates[np.argsort(scores[candidates], kind="stable")]
    # The lower of two middle ones: a median has to be an image that exists.
    places = {"worst": order[0], "median": order[(len(order) - 1) // 2], "best": order[-1]}
    chosen, captions = [], []
    for item in [show] if isinstance(show, (str, int)) else show:
        place = int(places[item]) if item in places else _place_of(item, rows, names)
        name = f"row {rows[place]}" if names is None else plain(names[rows[place]], 30)
        chosen.append(place)
        captions.append(f"{item}\n{name}" if item in places else name)
    return chosen, captions


def _place_of(item, rows, names):
    """Return the place in `rows` of a row of X or of the file with a name."""
    if isinstance(item, str):
        found = [
            place
            for place, row in enumerate(rows)
            if names and item in (names[row], Path(names[row]).name)
        ]
    else:
        found = np.flatnonzero(rows == item).tolist()
    if len(found) > 1:
        some = ", ".join(names[rows[place]] for place in found[:3])
        raise ValueError(f"show={item!r} names {len(found)} files, such as {some}.")
    if not found:
        raise ValueError(
            f"show={item!r} must be one of {SHOWS}, a row of X that was predicted, or the name of "
            "its file."
        )
    return found[0]

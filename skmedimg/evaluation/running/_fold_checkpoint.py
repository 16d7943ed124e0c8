"""Checkpoints: finished fits stay on the disk, and an interrupted comparison resumes from them."""

import json
import os
import zipfile
from pathlib import Path
from types import NoneType

import numpy as np

from skmedimg._files import whole_file
from skmedimg._warnings import warn_user
from skmedimg.evaluation._records import FoldPredictions, FoldResult
from skmedimg.evaluation.scores._positive_label import code_labels

_KEPT = ("scores", "fit_time", "score_time", "memory", "parameters", "history")
# What numpy, zipfile and json raise on a file that was cut short or is not from here.
_DAMAGED = (OSError, ValueError, TypeError, KeyError, IndexError, zipfile.BadZipFile)


class Checkpoint:
    """A folder of finished fits: plain numbers and JSON, no code, written whole or not at all.

    Parameters
    ----------
    folder : str, os.PathLike or None
        None keeps nothing.
    facts : dict
        What has to be the same for a finished fit to be used again.
    classes : ndarray of shape (n_classes,) or None

    Examples
    --------
    >>> import tempfile
    >>> from skmedimg.evaluation.running._fold_checkpoint import Checkpoint
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Checkpoint(folder, {"seed": 0}, None)
    ...     Checkpoint(folder, {"seed": 1}, None)
    Traceback (most recent call last):
    ValueError: checkpoint=... holds another comparison: its seed is 0, not 1. ...
    """

    def __init__(self, folder, facts, classes):
        if not isinstance(folder, (str, os.PathLike, NoneType)):
            raise TypeError(f"checkpoint needs the path of a folder, or None, but is {folder!r}.")
        self.folder = None if folder is None else Path(folder)
        self.classes = classes
        self._has_failed = False
        if self.folder is not None:
            # Through JSON, so that tuples and lists compare equal to what a file gives back.
            self._open(json.loads(json.dumps(facts)))

    def read(self, name, key, split):
        """Return the FoldResult of a finished fit, with the scores of scorers alone, or None."""
        path = self._path(key, split)
        if path is None or not path.exists():
            return None
        try:
            # allow_pickle=False: a checkpoint may come from someone else, and a pickle runs code.
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
                return self._unpack(name, split, dict(arrays))
        except _DAMAGED as error:
            warn_user(f"{path} is damaged ({error}); its fit is done again.")
            return None

    def write(self, key, result):
        """Keep a FoldResult; a failed fit is not kept, so that it is tried again."""
        path = self._path(key, result.split)
        if path is not None and result.predictions is not None:
            try:
                with whole_file(path) as file:
                    np.savez(file, **self._pack(result))
            except OSError as error:  # a full disk must not end a run of hours
                if not self._has_failed:  # one warning in a comparison is enough
                    warn_user(
                        f"{str(path)!r} could not be written ({error}); the comparison goes on, "
                        "and only fits that were written need not be done again."
                    )
                self._has_failed = True

    def _open(self, facts):
        self.folder.mkdir(parents=True, exist_ok=True)
        # The first run records the facts, and every later one compares its own with them.
        path = self.folder / "comparison.json"
        if not path.exists():
            with whole_file(path) as file:
                file.write(json.dumps(facts, indent=1).encode())
        recorded = self._read_facts(path)
        for name, value in facts.items():
            self._check_fact(name, recorded.get(name), value)

    def _read_facts(self, path):
        try:
            recorded = json.loads(path.read_bytes())
        except ValueError:
            recorded = None
        if not isinstance(recorded, dict):
            raise ValueError(
                f"checkpoint={str(self.folder)!r} cannot be continued: its comparison.json is "
                "damaged. Restore that file, or give this comparison a folder of its own."
            )
        return recorded

    def _check_fact(self, name, recorded, value):
        """Raise where a fact differs from the recorded one; other versions are a warning."""
        if recorded == value:
            return
        if name != "versions" or not isinstance(recorded, dict):
            raise ValueError(
                f"checkpoint={str(self.folder)!r} holds another comparison: its {name} is "
                f"{recorded}, not {value}. Give this one a folder of its own."
            )
        # A run lists the libraries it had loaded. One that a single run loaded has not changed.
        if any(value.get(library, version) != version for library, version in recorded.items()):
            warn_user(
                f"checkpoint={str(self.folder)!r} was begun with other versions ({recorded}): the "
                "rest may not equal an uninterrupted run.",
            )

    def _path(self, key, split):
        if self.folder is None:
            return None
        return self.folder / f"{key}-{split.repeat:03d}-{split.fold:03d}.npz"

    def _pack(self, result):
        """Return a FoldResult as arrays, labels as positions of the classes."""
        given = result.predictions
        facts = {name: getattr(result, name) for name in _KEPT}
        # Labels may be any Python object; their positions are integers that need no pickle.
        facts["probabilistic"] = given.probabilistic
        coded = given.predicted
        if self.classes is not None:
            coded = code_labels(coded, self.classes)
        arrays = {"predicted": coded, "facts": np.array(json.dumps(facts))}
        if given.decision_scores is not None:
            arrays["decision_scores"] = given.decision_scores
        return arrays

    def _unpack(self, name, split, arrays):
        facts = json.loads(str(arrays["facts"]))
        coded, decision_scores = arrays["predicted"], arrays.get("decision_scores")
        # A whole file may still belong to another split, if it was copied by hand.
        if any(
            len(each) != len(split.test) for each in (coded, decision_scores) if each is not None
        ):
            raise ValueError(f"its predictions are not those of {len(split.test)} rows")
        predictions = FoldPredictions(
            coded if self.classes is None else self.classes[coded],
            decision_scores,
            facts["probabilistic"],
        )
        return FoldResult(name, split, predictions, **{key: facts[key] for key in _KEPT})

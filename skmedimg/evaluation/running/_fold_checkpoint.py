"""Checkpoints: finished fits stay on the disk, and an interrupted comparison goes on from there."""

import json
import zipfile
from pathlib import Path

import numpy as np

from skmedimg._files import whole_file
from skmedimg._warnings import warn_user
from skmedimg.evaluation._records import Answer
from skmedimg.evaluation.running._fit_one import Cell
from skmedimg.evaluation.scores._positive_label import code_labels


class Checkpoint:
    """A folder of finished cells: plain numbers and JSON, no code, written whole or not at all.

    Parameters
    ----------
    folder : str, os.PathLike or None
        None keeps nothing.
    facts : dict
        What has to be the same for a cell to be used again.
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
        self.folder = None if folder is None else Path(folder)
        self.classes = classes
        if self.folder is not None:
            self._open(json.loads(json.dumps(facts)))

    def read(self, key, split):
        """Return a finished cell, or None.

        Parameters
        ----------
        key : str
        split : Split

        Returns
        -------
        cell : Cell or None
        """
        path = self._path(key, split)
        if path is None or not path.exists():
            return None
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
                return self._unpack(dict(arrays))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            warn_user(f"{path} is damaged ({error}); its fit is done again.")
            return None

    def write(self, key, split, cell):
        """Keep a finished cell; a failed one is not kept, so that it is tried again.

        Parameters
        ----------
        key : str
        split : Split
        cell : Cell
        """
        path = self._path(key, split)
        if path is not None and cell.answer is not None:
            with whole_file(path) as file:
                np.savez(file, **self._pack(cell))

    def _open(self, facts):
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "comparison.json"
        if not path.exists():
            with whole_file(path) as file:
                file.write(json.dumps(facts, indent=1).encode())
        there = self._facts_in(path)
        for name, value in facts.items():
            self._compare(name, there.get(name), value)

    def _facts_in(self, path):
        try:
            there = json.loads(path.read_bytes())
        except ValueError:
            there = None
        if not isinstance(there, dict):
            raise ValueError(
                f"checkpoint={str(self.folder)!r} cannot be continued: its comparison.json is "
                "damaged. Restore that file, or give this comparison a folder of its own."
            )
        return there

    def _compare(self, name, there, value):
        if there == value:
            return
        if name == "versions" and isinstance(there, dict):
            # A run lists what it had loaded; what only one of the two had is no other version.
            if all(value.get(library, version) == version for library, version in there.items()):
                return
            warn_user(
                f"checkpoint={str(self.folder)!r} was begun with other versions ({there}): the "
                "rest may not equal an uninterrupted run.",
            )
            return
        raise ValueError(
            f"checkpoint={str(self.folder)!r} holds another comparison: its {name} is {there}, not "
            f"{value}. Give this one a folder of its own."
        )

    def _path(self, key, split):
        if self.folder is None:
            return None
        return self.folder / f"{key}-{split.repeat:03d}-{split.fold:03d}.npz"

    def _pack(self, cell):
        predicted, ranking, probabilistic = cell.answer
        facts = cell._replace(answer=None)._asdict() | {"probabilistic": probabilistic}
        coded = predicted if self.classes is None else code_labels(predicted, self.classes)
        arrays = {"predicted": coded, "facts": np.array(json.dumps(facts))}
        return arrays if ranking is None else arrays | {"ranking": ranking}

    def _unpack(self, arrays):
        facts = json.loads(str(arrays["facts"]))
        coded = arrays["predicted"]
        predicted = coded if self.classes is None else self.classes[coded]
        answer = Answer(predicted, arrays.get("ranking"), facts.pop("probabilistic"))
        return Cell(**facts | {"answer": answer})

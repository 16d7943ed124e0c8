"""Back from what JSON can hold to estimators: only what is known by name is made."""

from datetime import datetime

import numpy as np
from scipy import sparse
from sklearn.utils import Bunch

from skmedimg.saving._classes import class_of, value_of
from skmedimg.saving._encode_model import BITS
from skmedimg.saving._local_paths import in_dict, without_written
from skmedimg.saving._trees import unpack_tree
from skmedimg.saving._trusted import missing, trusted_by_name

_SPARSE = {
    "csc_array": sparse.csc_array,
    "csc_matrix": sparse.csc_matrix,
    "csr_array": sparse.csr_array,
    "csr_matrix": sparse.csr_matrix,
}


def decode(value, arrays, trusted=()):
    """Return the value that was encoded, and which parameters were reset.

    Parameters
    ----------
    value : object
        What `encode` returned.
    arrays : dict of str to ndarray
    trusted : sequence of class or function, default=()
        Of the user; others are refused.

    Returns
    -------
    decoded : object
    reset : list of (object, str)
        Owner and name of each parameter that named a file or folder to write to.
    """
    decoder = _Decoder(arrays, trusted_by_name(trusted))
    return decoder.read(value), decoder.reset


class _Decoder:
    def __init__(self, arrays, trusted):
        self.arrays = arrays
        self.trusted = trusted
        self.reset = []

    def read(self, value):
        """Return what a value stands for; what is no dict stands for itself."""
        if not isinstance(value, dict):
            return value
        if "class" in value:
            return self._object(value["class"], value["state"])
        [(kind, content)] = value.items()
        # The prefix leaves a file no choice but the readers below.
        read = getattr(self, f"read_{kind.replace('-', '_')}", None)
        if read is None:
            raise ValueError(f"the file holds {kind!r}, which this version does not know.")
        return read(content)

    def _object(self, name, state):
        kind = class_of(name)
        # Without __init__: an estimator is its state, and a constructor may do anything.
        made = object.__new__(kind)
        state = {key: self.read(item) for key, item in state.items()}
        for key, item in state.items():
            state[key] = self._checked(made, key, item, without_written(key, item))
        # Before anything is set: networks allocate memory by what the state says.
        if hasattr(kind, "_check_state"):
            made._check_state(state)
        getattr(made, "__setstate__", vars(made).update)(state)
        return made

    def read_float(self, text):
        return float(text)

    def read_list(self, items):
        return [self.read(item) for item in items]

    def read_tuple(self, items):
        return tuple(self.read_list(items))

    def read_set(self, items):
        return {*self.read_list(items)}

    def read_slice(self, items):
        return slice(*self.read_list(items))

    def read_named(self, name):
        return value_of(name)

    def read_trusted(self, name):
        """Return a class or function that the caller has passed; none is imported."""
        if name not in self.trusted:
            raise missing(name)
        return self.trusted[name]

    def read_sparse(self, entry):
        name, shape, *items = entry
        return _SPARSE[name](tuple(self.read_list(items)), shape=tuple(shape))

    def read_dict(self, pairs):
        made = {}
        for key, item in pairs:
            key, item = self.read(key), self.read(item)
            made[key] = self._checked(made, key, item, in_dict(without_written, key, item))
        return made

    def _checked(self, owner, name, value, allowed):
        """Return what is allowed, and note where that is not the value."""
        if allowed is not value:
            self.reset.append((owner, name))
        return allowed

    def read_bunch(self, pairs):
        return Bunch(**self.read_dict(pairs))

    def read_tree(self, pairs):
        return unpack_tree(self.read_dict(pairs))

    def read_dtype(self, name):
        return np.dtype(name)

    def read_datetime(self, text):
        return datetime.fromisoformat(text)

    def read_array(self, entry):
        """Return an array in the order it lay in memory."""
        if "objects" in entry:
            # Filled afterwards, because np.array would make an axis of lists of one length.
            flat = np.empty(len(entry["objects"]), dtype=object)
            flat[:] = self.read_list(entry["objects"])
            return flat.reshape(entry["shape"])
        flat = self.arrays[entry["name"]]
        if "dtype" in entry:
            # Bits of a file read as objects would be addresses in memory.
            flat = flat.view(_without_objects(entry["dtype"]))
        return flat.reshape(entry["shape"], order=entry["order"])

    def read_scalar(self, entry):
        return self.read_array(entry)[()]

    def read_masked(self, pair):
        data, mask = map(self.read, pair)
        return np.ma.MaskedArray(data, mask)

    def read_random_state(self, state):
        made = np.random.RandomState(0)
        made.set_state(self.read(state))
        return made

    def read_device(self, name):
        import torch

        return torch.device(name)

    def read_store(self, settings):
        from skmedimg.transfer import FeatureStore

        directory, memory, disk = map(self.read, settings)
        if directory is not None:
            return directory  # never a store that writes there
        return FeatureStore(memory=memory, disk=disk)

    def read_trial_state(self, name):
        from optuna.trial import TrialState

        return TrialState[name]

    def read_study(self, entry):
        """Return a study in memory, whose trials are those that were saved."""
        from optuna import create_study
        from optuna.study import StudyDirection

        directions = [StudyDirection[name] for name in entry["directions"]]
        study = create_study(study_name=entry["name"], directions=directions)
        study.add_trials(self.read_list(entry["trials"]))
        return study


def _without_objects(name):
    dtype = np.dtype(name)
    if dtype.kind not in BITS:
        raise ValueError(f"the file holds an array of dtype {name!r}.")
    return dtype

"""Keeps the state of a fit on disk: a killed fit, called again, goes on bit-for-bit identically."""

import os
import tempfile
import time
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch

from skmedimg import __version__
from skmedimg._files import whole_file
from skmedimg._provenance import without_addresses
from skmedimg._training.serialize import fill_history, plain_history
from skmedimg._warnings import warn_user
from skmedimg.images._keys import content_hash, image_keys

_FILE = "training.pt"
_FORMAT = 3
_SHARE = 0.05  # of the time, at most, is spent on writing; a killed fit may lose some epochs
_DIGEST = "xxh3:"

# Parameters that do not change what is learned, or whose meaning here is compared instead.
_IGNORED = {"cache", "callbacks", "device", "precision", "reuse_memory", "verbose", "warm_start"}


class FitCheckpoint:
    """A folder with the state of one fit, written whole after an epoch or not at all."""

    def __init__(self, folder):
        if not isinstance(folder, (str, os.PathLike)):
            raise TypeError(f"checkpoint needs the path of a folder, or None, but is {folder!r}.")
        self.folder = Path(folder)
        self.path = self.folder / _FILE
        self._next_write, self._has_failed = 0.0, False
        self._prepare_folder()
        self._loaded = self._load()

    @property
    def seed(self):
        """The seed of the fit in the folder, or None."""
        return None if self._loaded is None else self._loaded["seed"]

    def check(self, facts, seed):
        """Refuse to go on with another fit than the one in the folder."""
        if self._loaded is None:
            versions = _versions()
            self._header = {"format": _FORMAT, "facts": facts, "seed": seed, "versions": versions}
            return
        # The file keeps the versions that the fit began with.
        self._header = {name: value for name, value in self._loaded.items() if name != "state"}
        differences = _differences(self._loaded["facts"], facts)
        if differences:
            raise ValueError(
                f"checkpoint={str(self.folder)!r} holds another fit: {'; '.join(differences)}. "
                f"Give this fit a folder of its own, or delete {_FILE} there to start anew."
            )
        if self._loaded["versions"] != _versions():
            warn_user(
                f"checkpoint={str(self.folder)!r} was written with {self._loaded['versions']}, and "
                f"this is {_versions()}: the result may not be bit-for-bit identical to that of "
                "an uninterrupted fit."
            )

    def resume(self, fit):
        """Restore a FitState; return the number of epochs done, and whether the fit is over."""
        if self._loaded is None:
            return 0, False
        state, self._loaded = self._loaded["state"], None  # its memory is needed for training
        if fit.net.callbacks_:
            warn_user(
                "callbacks start anew in a fit that goes on from a checkpoint: one that remembers "
                "epochs, as EarlyStopping does, may act otherwise than in an uninterrupted fit."
            )
        n_before = len(fit.net.history)
        _restore(fit, state)
        return len(fit.net.history) - n_before, state["over"]

    def save(self, fit, over):
        """Write a FitState after an epoch: the last one always, others as time allows."""
        began = time.perf_counter()  # the time of day may be set back
        if began < self._next_write and not over:
            return
        content = {**self._header, "state": _state(fit, over)}
        content["digest"] = _digest(*_leaves(content))
        try:
            with whole_file(self.path) as file:
                torch.save(content, file)
        except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
            if not self._has_failed:  # one warning in a fit is enough
                warn_user(
                    f"The checkpoint {str(self.path)!r} could not be written ({error}); the fit "
                    "goes on, and tries again."
                )
            self._has_failed = True
        now = time.perf_counter()
        self._next_write = now + (now - began) / _SHARE

    def _prepare_folder(self):
        """Make the folder and write to it, before any work could be lost."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for part in self.folder.glob(f"{_FILE}.*.part"):  # of a writer that was killed
                part.unlink(missing_ok=True)
            tempfile.TemporaryFile(dir=self.folder).close()
        except OSError as error:
            raise ValueError(
                f"checkpoint={str(self.folder)!r} is not a folder that can be written to: {error}. "
                "Name another one."
            ) from error

    def _load(self):
        """Return the content of the file, or None where there is none that can be trusted."""
        if not self.path.exists():
            return None
        reason = None
        try:
            content = torch.load(self.path, map_location="cpu", weights_only=True)
        except UnpicklingError:
            reason = "it holds more than numbers, and nothing else is read"
        except Exception as error:  # torch raises half a dozen kinds for a damaged file
            reason = str(error).partition("\n")[0]
        else:
            if not isinstance(content, dict) or content.get("format") != _FORMAT:
                reason = f"it is not of format {_FORMAT}"
            elif content.pop("digest", None) != _digest(*_leaves(content)):
                reason = "its digest does not fit"  # torch itself verifies no checksums
        if reason is None:
            return content
        warn_user(f"{str(self.path)!r} cannot be read ({reason}): the fit starts anew.")
        return None


def fit_facts(estimator, images, encoded, weights, groups, held_out=None):
    """Return what has to be equal for a fit to go on from a checkpoint, as a dict of texts.

    The net is about to be trained. Of data a digest is kept, of files their bytes count; `held_out`
    holds images, encoded targets and weights of a validation set.
    """
    net = estimator.net_
    parameters = {
        name: _described(value)
        for name, value in sorted(estimator.get_params(deep=True).items())
        if name not in _IGNORED and not (name == "random_state" and not isinstance(value, int))
    }
    group_numbers = None if groups is None else np.unique(groups, return_inverse=True)[1]
    return {
        "estimator": type(estimator).__name__,
        **parameters,
        "device": net.plan.device.type,
        "precision": _described(net.plan.precision),
        "X": _digest(b"".join(image_keys(images))),
        "y": _digest(encoded, np.array(estimator.classes_.tolist(), dtype=str)),
        "sample_weight": _digest(weights),
        "groups": _digest(group_numbers),
        "X_val": _digest(None if held_out is None else b"".join(image_keys(held_out[0]))),
        "y_val": _digest(None if held_out is None else held_out[1]),
        "initial weights": _digest(*net.module_.state_dict().values()),
    }


def _state(fit, over):
    net, best, average = fit.net, fit.best, fit.net.weight_average_
    changing = _changing_names(net)
    return {
        "weights": {name: net.module_.state_dict()[name] for name in changing},
        "optimizer": net.optimizer_.state_dict(),
        "schedulers": [None if it is None else it.state_dict() for it in _schedulers(net)],
        "generators": [generator.get_state() for generator in fit.generators],
        "history": plain_history(net),
        "average": None if average is None else average.weights,
        "best": None if best is None else best.state(changing),
        "over": over,
    }


def _restore(fit, state):
    net = fit.net
    net.module_.load_state_dict(state["weights"], strict=False)
    net.optimizer_.load_state_dict(state["optimizer"])
    for scheduler, content in zip(_schedulers(net), state["schedulers"], strict=True):
        if scheduler is not None:
            scheduler.load_state_dict(content)
    for generator, content in zip(fit.generators, state["generators"], strict=True):
        generator.set_state(content)
    net.history.clear()
    fill_history(net, state["history"])
    if net.weight_average_ is not None:
        net.weight_average_.load(net, state["average"])
    if fit.best is not None:
        fit.best.load_state(state["best"], net)


def _changing_names(net):
    """Name the tensors that training changes: trained weights and all running statistics."""
    # Frozen weights can be 500 MB of a VGG; a fit that goes on has loaded them already.
    trained = {id(weights) for weights in net.trainable_params_}
    module = net.module_
    frozen = {name for name, weights in module.named_parameters() if id(weights) not in trained}
    return [name for name in module.state_dict() if name not in frozen]


def _schedulers(net):
    """Return what counts steps beside the optimizer: the schedule and the scaler of float16."""
    return net.lr_scheduler_, net.plateau_scheduler_, net.scaler_


def _differences(there, here):
    """Describe the facts that differ; of a digest no more than that it does."""
    return [
        f"{name} differs"
        if fact.startswith(_DIGEST)
        else f"{name} was {_shortened(there.get(name))}, now it is {_shortened(fact)}"
        for name, fact in here.items()
        if there.get(name) != fact
    ]


def _shortened(text):
    return text if text is None or len(text) < 80 else f"{text[:77]}..."


def _described(value):
    """Return a parameter as text that is equal in every process."""
    if isinstance(value, np.generic):
        value = value.item()
    if hasattr(value, "get_params"):  # its own parameters follow by their nested names
        return type(value).__name__
    return without_addresses(repr(value))


def _leaves(content):
    """Yield what nested dicts and lists hold: tensors, and everything else as text."""
    if isinstance(content, dict):
        content = [part for item in content.items() for part in item]
    if isinstance(content, (list, tuple)):
        for part in content:
            yield from _leaves(part)
    else:
        yield content if isinstance(content, torch.Tensor) else repr(content).encode()


def _digest(*contents):
    """Return a digest of bytes, arrays and tensors, with the dtypes and shapes of these."""
    parts = []
    for content in contents:
        if isinstance(content, (np.ndarray, torch.Tensor)):
            dtype = getattr(content.dtype, "str", content.dtype)
            parts.append(f"{dtype} {tuple(content.shape)}".encode())
        parts.append(b"" if content is None else content)
    return f"{_DIGEST}{content_hash(*parts).hexdigest()}"


def _versions():
    return f"skmedimg {__version__} and torch {torch.__version__}"

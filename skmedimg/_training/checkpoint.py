"""The state of a fit on the disk: a killed fit, called again, goes on to the very same bits."""

import tempfile
import time
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
import xxhash

from skmedimg import __version__
from skmedimg._files import whole_file
from skmedimg._provenance import without_addresses
from skmedimg._training.serialize import fill_history, plain_history
from skmedimg._warnings import warn_user
from skmedimg.images._keys import image_keys

_FILE = "training.pt"
_FORMAT = 1
_SHARE = 0.05  # of the time, at most, is spent on writing; a fit may lose some epochs in return
_DIGEST = "xxh3:"

# Parameters that do not change what is learned, or that are compared as what they mean here.
_IDLE = {"cache", "callbacks", "device", "precision", "reuse_memory", "verbose", "warm_start"}


class FitCheckpoint:
    """A folder that holds the state of one fit, written whole after an epoch or not at all.

    Parameters
    ----------
    folder : str or os.PathLike
        Made where it is missing.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.path = self.folder / _FILE
        self._next, self._refused = 0.0, False
        self._make_room()
        self._kept = self._read()

    @property
    def seed(self):
        """The seed of the fit that is kept here, or None."""
        return None if self._kept is None else self._kept["seed"]

    def begin(self, facts, seed):
        """Refuse to go on with another fit than the one that is kept.

        Parameters
        ----------
        facts : dict of str to str
            What `fit_facts` says of this fit.
        seed : int
        """
        if self._kept is None:
            self._facts = {"format": _FORMAT, "facts": facts, "seed": seed, "versions": _versions()}
            return
        self._facts = {name: self._kept[name] for name in ("format", "facts", "seed", "versions")}
        differing = _differences(self._kept["facts"], facts)
        if differing:
            raise ValueError(
                f"checkpoint={str(self.folder)!r} holds another fit: {'; '.join(differing)}. Give "
                f"this fit a folder of its own, or delete {_FILE} there to start anew."
            )
        if self._kept["versions"] != _versions():
            warn_user(
                f"checkpoint={str(self.folder)!r} was written with {self._kept['versions']}, and "
                f"this is {_versions()}: the rest may not equal an uninterrupted fit to the bit.",
            )

    def resume(self, course):
        """Put a fit where it was when it was written last.

        Parameters
        ----------
        course : Course

        Returns
        -------
        done : int
            Epochs that need not be run again.
        over : bool
            Whether none is left.
        """
        if self._kept is None:
            return 0, False
        state, self._kept = self._kept["state"], None
        if course.net.callbacks_:
            warn_user(
                "callbacks start anew in a fit that goes on from a checkpoint: one that remembers "
                "epochs, as EarlyStopping does, may act otherwise than in an uninterrupted fit.",
            )
        before = len(course.net.history)
        _restore(course, state)
        return len(course.net.history) - before, state["over"]

    def keep(self, course, over):
        """Write down an epoch that has ended; the last one always, others as time allows.

        Parameters
        ----------
        course : Course
        over : bool
            Whether it was the last.
        """
        began = time.perf_counter()  # a clock that nobody sets
        if began < self._next and not over:
            return
        content = {**self._facts, "state": _state(course, over)}
        content["digest"] = _digest(*_leaves(content))
        try:
            with whole_file(self.path) as file:
                torch.save(content, file)
        except (OSError, RuntimeError) as error:  # torch tells of a full disk by a RuntimeError
            self._mention(error)
        now = time.perf_counter()
        self._next = now + (now - began) / _SHARE

    def _mention(self, error):
        """Warn, once in a fit, that the disk refuses."""
        if not self._refused:
            warn_user(
                f"The checkpoint {str(self.path)!r} could not be written ({error}); the fit goes "
                "on, and tries again.",
            )
        self._refused = True

    def _make_room(self):
        """Make the folder and try it, before any work is at stake."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for part in self.folder.glob(f"{_FILE}.*.part"):  # of a writer that was killed
                part.unlink(missing_ok=True)
            tempfile.TemporaryFile(dir=self.folder).close()
        except OSError as error:
            raise ValueError(
                f"checkpoint={str(self.folder)!r} is no folder that can be written to: {error}. "
                "Name another one."
            ) from error

    def _read(self):
        if not self.path.exists():
            return None
        try:
            sealed = torch.load(self.path, map_location="cpu", weights_only=True)
        except UnpicklingError:
            return self._give_up("it holds more than numbers, and nothing else is read")
        except Exception as error:  # torch raises half a dozen kinds for a damaged file
            return self._give_up(str(error).partition("\n")[0])
        if not isinstance(sealed, dict) or sealed.get("format") != _FORMAT:
            return self._give_up(f"it is not of format {_FORMAT}")
        if sealed.pop("digest", None) != _digest(*_leaves(sealed)):
            return self._give_up("its digest does not fit")  # torch checks no checksums
        return sealed

    def _give_up(self, reason):
        warn_user(f"{str(self.path)!r} cannot be read ({reason}): the fit starts anew.")


def fit_facts(estimator, images, encoded, weights, groups):
    """Return what has to be the same for a fit to go on from a checkpoint.

    Parameters
    ----------
    estimator : NetworkEstimator
        With a net that is about to be trained.
    images : ndarray (n, ...) or LazyImages
        As they are stored; of files the bytes count.
    encoded : ndarray (n, ...)
    weights : ndarray (n,)
    groups : ndarray (n,) or None

    Returns
    -------
    facts : dict of str to str
        Of data a digest, of parameters what they say.
    """
    net = estimator.net_
    parameters = {
        name: _in_words(value)
        for name, value in sorted(estimator.get_params(deep=True).items())
        if name not in _IDLE and not (name == "random_state" and not isinstance(value, int))
    }
    patients = None if groups is None else np.unique(groups, return_inverse=True)[1]
    return {
        "estimator": type(estimator).__name__,
        **parameters,
        "device": net.plan.device.type,
        "precision": _in_words(net.plan.precision),
        "X": _digest(b"".join(image_keys(images))),
        "y": _digest(encoded, np.array(estimator.classes_.tolist(), dtype=str)),
        "sample_weight": _digest(weights),
        "groups": _digest(patients),
        "the weights at the start": _digest(*net.module_.state_dict().values()),
    }


def _state(course, over):
    net, best = course.net, course.best
    moved = _moved(net)
    return {
        "weights": {name: net.module_.state_dict()[name] for name in moved},
        "optimizer": net.optimizer_.state_dict(),
        "followers": [None if it is None else it.state_dict() for it in _followers(net)],
        "generators": [generator.get_state() for generator in course.generators],
        "history": plain_history(net),
        "best": None if best is None else best.state(moved),
        "over": over,
    }


def _restore(course, state):
    net = course.net
    net.module_.load_state_dict(state["weights"], strict=False)
    net.optimizer_.load_state_dict(state["optimizer"])
    for follower, content in zip(_followers(net), state["followers"], strict=True):
        if follower is not None:
            follower.load_state_dict(content)
    for generator, content in zip(course.generators, state["generators"], strict=True):
        generator.set_state(content)
    net.history.clear()
    fill_history(net, state["history"])
    if course.best is not None:
        course.best.load_state(state["best"], net)


def _moved(net):
    """Name what training moves: trained weights and running statistics; frozen weights stay."""
    trained = {id(weights) for weights in net.trained_}
    module = net.module_
    frozen = {name for name, weights in module.named_parameters() if id(weights) not in trained}
    return [name for name in module.state_dict() if name not in frozen]


def _followers(net):
    """Return what walks along with the steps: the schedule's parts and the scaler of float16."""
    return net.stepper_, net.plateau_, net.scaler_


def _differences(there, here):
    """Say what two fits do not have in common; of data there is no more to say than that."""
    differing = [name for name in here if there.get(name) != here[name]]
    return [
        f"{name} differs" if here[name].startswith(_DIGEST) else
        f"{name} was {_shortened(there.get(name))}, now it is {_shortened(here[name])}"
        for name in differing
    ]  # fmt: skip


def _shortened(text):
    return text if text is None or len(text) < 80 else f"{text[:77]}..."


def _in_words(value):
    """Write a parameter down without addresses in memory; nested ones stand for themselves."""
    if isinstance(value, np.generic):
        value = value.item()
    if hasattr(value, "get_params"):
        return type(value).__name__
    return without_addresses(repr(value))


def _leaves(content):
    """List what nested dicts and lists hold: tensors, and everything else in words."""
    if isinstance(content, dict):
        content = [part for item in content.items() for part in item]
    if isinstance(content, (list, tuple)):
        for part in content:
            yield from _leaves(part)
    else:
        yield content if isinstance(content, torch.Tensor) else repr(content).encode()


def _digest(*contents):
    digest = xxhash.xxh3_128()
    for content in contents:
        if isinstance(content, torch.Tensor):
            content = content.detach().cpu().reshape(-1).view(torch.uint8).numpy()
        if isinstance(content, np.ndarray):
            digest.update(f"{content.dtype.str} {content.shape}".encode())
            content = np.ascontiguousarray(content)
        digest.update(b"" if content is None else content)
    return f"{_DIGEST}{digest.hexdigest()}"


def _versions():
    return f"skmedimg {__version__} and torch {torch.__version__}"

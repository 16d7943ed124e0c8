"""Save fitted models to one file and load them again, without running anything that is in it."""

import json
import os

import safetensors.numpy
import sklearn
from sklearn.base import BaseEstimator

from skmedimg import __version__
from skmedimg._files import utf8
from skmedimg._warnings import warn_user
from skmedimg.saving._archive import read_archive, write_archive
from skmedimg.saving._check_loaded import check_model
from skmedimg.saving._decode_model import decode
from skmedimg.saving._encode_model import encode
from skmedimg.saving._local_paths import settings_line
from skmedimg.saving._model_card import card_of, check_card, make_card
from skmedimg.saving._trusted import trusted_by_name

_ARRAYS = "arrays.safetensors"
_CARD, _CARD_TEXT = "card.json", "card.md"


def save(model, path, *, X=None, y=None, groups=None, metrics=None, notes=""):
    """Save a fitted model to one file: settings as JSON, arrays as safetensors, no code.

    The file is a zip that opens anywhere, and carries a model card. Estimators of this package and
    most of scikit-learn's are saved by their names and arrays. Those whose compiled code would
    follow a file's numbers unchecked (gradient boosting, HDBSCAN, Birch) are refused. Functions and
    classes of your own that a network was given (`module`, `loss`, `augment` ...) are saved by
    name, for ``load(path, trusted=[...])``. What else would need code (lambdas, callbacks,
    instances of your own) is refused before anything is written. An interrupted call leaves what
    was there before.

    Parameters
    ----------
    model : estimator or pipeline
        The fitted model.
    path : str or os.PathLike
        File to write.
    X : any kind of X of the data contract, default=None
        What the model was fitted on, for the card: it is digested, not saved.
    y : array-like (n,) or masks, default=None
        Labels or masks that the model was fitted on, for the model card.
    groups : array-like (n,) or None, default=None
        Patients.
    metrics : dict of str to float, default=None
        Scores for the card, such as those of a `Comparison`.
    notes : str, default=""
        Markdown for the card: what the model is for, and what it is not for.

    Returns
    -------
    path : str
        Where it was saved.

    See Also
    --------
    load : Reads it.
    read_card : Reads the card alone.
    to_onnx : Writes the model for a runtime without Python.

    Notes
    -----
    Places on this machine are not saved: a pipeline's `memory` and the `storage` of a search come
    back as None, and a `cache` that is a directory as "auto". Of absolute paths in `weights` the
    file name alone is saved. A loaded model predicts without them; to `fit` it again from that
    file, set the path first: ``model.set_params(weights=...)``.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skmedimg import Pipeline, ShallowMLP
    >>> from skmedimg.datasets import make_lesions
    >>> from skmedimg.saving import load, save
    >>> data = make_lesions(40, size=16, random_state=0)
    >>> model = Pipeline([ShallowMLP((4,), max_epochs=2, random_state=0)])
    >>> model = model.fit(data.images, data.target)
    >>> path = save(model, Path(tempfile.mkdtemp()) / "lesions.skmed")
    >>> bool((load(path).predict_proba(data.images) == model.predict_proba(data.images)).all())
    True
    """
    path = checked_path(path)
    if isinstance(model, type) or not hasattr(model, "get_params"):
        kind = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        raise TypeError(f"model needs an estimator, such as a fitted ShallowMLP, but is {kind}.")
    check_card(X, y, groups, metrics, notes)
    arrays = {}
    manifest = {
        "skmedimg": __version__,
        "sklearn": sklearn.__version__,
        "model": encode(model, arrays, "model"),
    }
    card = make_card(model, X, y, groups, metrics, notes)
    members = {
        _CARD: [json.dumps(card.to_dict(), indent=1).encode()],
        _CARD_TEXT: [utf8(card.to_markdown())],
        _ARRAYS: [safetensors.numpy.save(arrays)],
    }
    write_archive(path, manifest, members)
    return path


def load(path, *, trusted=()):
    """Load a model that `save` wrote.

    Only classes known by name are made, of plain values and arrays. A file from a stranger can
    hold a bad model, but it cannot run anything. Its digest finds damage; it is no signature, so
    fetch models from where you trust. A parameter of the file that names a place to write to
    (`cache`, `memory`, `storage`) is reset, with a warning. Where the device of the training is
    missing, the model is loaded on the best one there is, with a warning.

    Parameters
    ----------
    path : str or os.PathLike
        File that :func:`save` wrote.
    trusted : sequence of class or function, default=()
        The classes and functions of your own that the model was made with: `module` of a
        `NetworkClassifier`, `loss`, `augment` and the like. A file holds their names alone, and
        none is imported by its name.

    Returns
    -------
    model : estimator or pipeline

    See Also
    --------
    save : Writes it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmedimg.saving import load, save
    >>> path = Path(tempfile.mkdtemp()) / "model.skmed"
    >>> load(save(LogisticRegression(C=2), path))
    LogisticRegression(C=2)
    """
    path = os.fspath(path)
    trusted_by_name(trusted)  # a wrong list is not the fault of the file
    manifest, members = read_archive(path)
    _warn_of_versions(path, manifest)
    try:
        arrays = safetensors.numpy.load(members[_ARRAYS])
        model, reset = decode(manifest["model"], arrays, trusted)
        check_model(model)
        notice = _reset_notice(path, model, reset)
    except Exception as error:  # a file that was not written by `save` may hold anything
        raise ValueError(f"{path!r} cannot be loaded: {error}") from error
    if reset:
        warn_user(notice)
    return model


def read_card(path):
    """Read the model card of a saved model, without loading the model.

    Parameters
    ----------
    path : str or os.PathLike
        File that :func:`save` wrote.

    Returns
    -------
    card : ModelCard
        Prints itself as Markdown.

    See Also
    --------
    save : Save a fitted model to one file: settings as JSON, arrays as safetensors, no code.
    load : Load a model that `save` wrote.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from skmedimg.saving import read_card, save
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = RidgeClassifier().fit(X, y)
    >>> path = Path(tempfile.mkdtemp()) / "ridge.skmed"
    >>> card = read_card(save(model, path, X=X, y=y, metrics={"balanced accuracy": 0.94}))
    >>> card.metrics, card.data["rows"]
    ({'balanced accuracy': 0.94}, 569)
    """
    path = os.fspath(path)
    _, members = read_archive(path, only=_CARD)
    try:
        return card_of(json.loads(members[_CARD]))
    except Exception as error:  # a file that was not written by `save` may hold anything
        raise ValueError(f"{path!r} has no model card that can be read: {error}") from error


def checked_path(path):
    """Refuse a place that cannot be written to, before anything is computed.

    Parameters
    ----------
    path : str or os.PathLike

    Returns
    -------
    path : str
    """
    path = os.fspath(path)
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"path={path!r} cannot be written: there is no folder {folder!r}.")
    return path


def _reset_notice(path, model, reset):
    """Return the warning that names parameters which were reset, as (owner, name)."""
    names = {
        f"{type(owner).__name__}.{name}" if isinstance(owner, BaseEstimator) else repr(name)
        for owner, name in reset
    }
    line = settings_line(model, reset)
    return (
        f"{path!r} names files or folders to write to. They are not used, and these parameters "
        f"were reset: {', '.join(sorted(names))}.{line and f' To set them again: {line}'}"
    )


def _warn_of_versions(path, manifest):
    for name, here in (("skmedimg", __version__), ("sklearn", sklearn.__version__)):
        there = str(manifest.get(name))
        if there.split(".")[:2] != here.split(".")[:2]:
            warn_user(
                f"{path!r} was saved with {name} {there} and is loaded with {here}: compare its "
                "predictions before you rely on them.",
            )

"""What a saved model says of itself: the model card, for programs and for people."""

import math
from dataclasses import asdict, dataclass, field, fields
from numbers import Integral, Real

import numpy as np

from skmedimg._provenance import describe, file_digests, fingerprint, versions
from skmedimg._sklearn import final_estimator, num_samples
from skmedimg.saving._local_paths import as_saved


@dataclass(frozen=True)
class ModelCard:
    """What is known of a saved model without loading it; `print` shows it as Markdown.

    Attributes
    ----------
    model : str
        Class of the final estimator, inside pipelines, searches and wrappers.
    recipe : str
        The unfitted model as Python would make it: what differs from the defaults.
    classes : list
        Labels, in the order of the columns of `predict_proba`; empty where there are none.
    data : dict
        "digest" (the one `compare` computes of the same data), "rows", "per class" and
        "patients" of what the model was fitted on; empty where it was not given.
    metrics : dict
        Scores by name, as they were given.
    training : dict
        Of each network in the model: "epochs", "interrupted", and the last "loss" and "score".
    weights : dict
        Of each network that started from published weights: "file", "sha256" and "license".
    versions : dict of str to str
        Versions of Python, of this package and of the libraries it ran on.
    notes : str
        What :func:`save` was given as `notes`.
    files : list of str
        The first 16 hexadecimal digits of the SHA-256 of each file that the model was fitted on;
        empty where it was fitted on arrays. They tell whether a file is one of them, and no more.

    See Also
    --------
    read_card : Reads it from a file.

    Examples
    --------
    >>> from skmedimg.saving import ModelCard
    >>> print(ModelCard("LogisticRegression", metrics={"AUC": 0.91}))
    # LogisticRegression
    <BLANKLINE>
    ## Metrics
    <BLANKLINE>
    Given by whoever saved the model; this file does not prove them.
    <BLANKLINE>
    - AUC: 0.91
    <BLANKLINE>
    """

    model: str
    recipe: str = ""
    classes: list = field(default_factory=list)
    data: dict = field(default_factory=dict)
    metrics: dict = field(default_factory=dict)
    training: dict = field(default_factory=dict)
    weights: dict = field(default_factory=dict)
    versions: dict = field(default_factory=dict)
    notes: str = ""
    files: list = field(default_factory=list)

    def to_dict(self):
        """Return the card as what JSON can hold.

        Returns
        -------
        card : dict
        """
        return asdict(self)

    def to_markdown(self):
        """Return the card as a page of Markdown.

        Returns
        -------
        text : str
        """
        parts = [f"# {self.model}", self.notes, _code(self.recipe)]
        parts += [_section("Classes", "", dict(enumerate(self.classes)))]
        parts += [_section("Data", "What the model was fitted on.", self.data)]
        parts += [_section("Metrics", _UNPROVEN, self.metrics)]
        parts += [_section("Training", "", self.training)]
        parts += [_section("Weights", "What the training started from.", self.weights)]
        parts += [_section("Versions", "", self.versions)]
        return "\n\n".join(part for part in parts if part) + "\n"

    def __str__(self):
        return self.to_markdown()

    def _repr_markdown_(self):
        return self.to_markdown()


_UNPROVEN = "Given by whoever saved the model; this file does not prove them."


def make_card(model, X, y, groups, metrics, notes):
    """Describe a model.

    Parameters
    ----------
    model : estimator or pipeline
    X, y, groups : data the model was fitted on, or None
    metrics : dict or None
    notes : str

    Returns
    -------
    card : ModelCard
    """
    return ModelCard(
        model=type(final_estimator(model)).__name__,
        recipe=describe(as_saved(model)),
        classes=_plain(getattr(model, "classes_", [])),
        data=_data(X, y, groups),
        metrics=_plain(metrics or {}),
        training=_training(model),
        weights=_weights(model),
        versions=versions(),
        notes=notes,
        files=file_digests(X),
    )


def card_of(content):
    """Return the card that a file holds; what it does not hold is left empty.

    Parameters
    ----------
    content : dict
        What `to_dict` returned.

    Returns
    -------
    card : ModelCard
    """
    return ModelCard(**{each.name: content[each.name] for each in fields(ModelCard)})


def check_card(X, y, groups, metrics, notes):
    """Raise where a parameter of `save` cannot stand in a model card as it is given."""
    for name, values in (("y", y), ("groups", groups)):
        if values is not None and X is None:
            raise ValueError(f"{name} describes what the model was fitted on: pass X= too.")
        if values is not None and num_samples(values) != num_samples(X):
            raise ValueError(
                f"{name} needs one entry per row of X, but has {num_samples(values)} for "
                f"{num_samples(X)} rows."
            )
    if metrics is not None and not isinstance(metrics, dict):
        raise TypeError(f"metrics needs a dict of names and numbers, but is {metrics!r}.")
    _check_numbers(metrics or {})
    if not isinstance(notes, str):
        raise TypeError(f"notes needs text, a str, but is {notes!r}.")


def _check_numbers(metrics):
    for name, value in metrics.items():
        if isinstance(value, dict):  # of one metric: its mean and its interval, say
            _check_numbers(value)
        elif value is not None and not isinstance(value, Real):
            raise TypeError(f"metrics needs a number for {name!r}, but has {value!r}.")


def _data(X, y, groups):
    if X is None:
        return {}
    y = None if y is None else np.asarray(y)
    data = {"digest": fingerprint(X, y, groups), "rows": len(X)}
    if y is not None and y.ndim == 1:
        labels, counts = np.unique(y.astype(str), return_counts=True)
        data["per class"] = dict(zip(labels.tolist(), counts.tolist(), strict=True))
    if groups is not None:
        data["patients"] = len(np.unique(groups))
    return data


def _training(model):
    """Describe the training of each network, by where it stands in the model."""
    return {name: _epochs(step) for name, step in _steps(model) if getattr(step, "history_", None)}


def _weights(model):
    """Return the facts of the published weights of each network, likewise."""
    return {
        name: _plain(step.weights_)
        for name, step in _steps(model)
        if getattr(step, "weights_", None)
    }


def _steps(model):
    return getattr(model, "steps", None) or [(type(model).__name__, model)]


def _epochs(net):
    last = net.history_[-1]
    shown = ("train_loss", "train_score", "valid_loss", "valid_score")
    kept = {name: last[name] for name in shown if name in last}
    return _plain({"epochs": net.n_iter_, "interrupted": net.interrupted_, **kept})


def _plain(value):
    """Return numbers, text, and dicts and lists of them; anything else in its own words."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(item) for item in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else None
    return value if value is None else str(value)


def _code(text):
    return f"```python\n{text}\n```" if text else ""


def _section(title, remark, entries):
    if not entries:
        return ""
    lines = [f"- {name}: {_say(value)}" for name, value in entries.items()]
    return "\n\n".join(part for part in (f"## {title}", remark, "\n".join(lines)) if part)


def _say(value):
    if isinstance(value, dict):
        return ", ".join(f"{name} {_say(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_say, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)

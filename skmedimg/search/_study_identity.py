"""Which study a search continues: its name, and a digest of what its scores depend on."""

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution

from skmedimg._files import utf8
from skmedimg._provenance import estimator_key, fingerprint, sha256, split_bytes
from skmedimg.search._candidates import describe_choice, list_choices


def check_study_name(study, storage, models):
    """Refuse to name a stored study automatically where a space holds functions."""
    if study is not None or storage is None:
        return
    for name, (_, space) in models.items():
        if (where := _function_in(space)) is not None:
            of = f" of {name!r}" if name else ""
            raise ValueError(
                f"study=None needs a name, because the space{of} {where}: what a function computes "
                "cannot be compared, so a stored study of it is found again by its name alone. "
                "Write OptunaSearch(..., storage=..., study='my-study'), and give another name "
                "when the function changes."
            )


def study_digest(run, groups):
    """Return the SHA-256 of data, weights, folds, estimators, spaces and metrics, in hexadecimal.

    A function in a space counts with its name at most: a digest of its code would change with
    Python's version, and would still miss the files and modules that the function uses.
    """
    y = None if run.y is None else np.asarray(run.y)
    weights = (run.metadata or {}).get("sample_weight")
    weights = [] if weights is None else [np.asarray(weights, dtype=float).tobytes()]
    # Scores of other folds or data would be ranked beside new ones as if they were comparable.
    splits = [split_bytes(train, test) for train, test in run.splits]
    models = [
        utf8(f"{estimator_key(name, estimator)} {_describe_space(space)} {run.objectives}")
        for name, (estimator, space) in run.models.items()
    ]
    return sha256([fingerprint(run.X, y, groups).encode(), *weights, *splits, *models])


def check_same_study(study, digest):
    """Record the digest of a search in its study; refuse a study that was made with another one."""
    if study.user_attrs.get("digest", digest) != digest:
        raise ValueError(
            f"The study {study.study_name!r} was made with other data, folds, estimators or "
            "spaces: its scores cannot be compared with new ones. Give study= another name."
        )
    # A study that has none was made outside of OptunaSearch, and is taken over.
    study.set_user_attr("digest", digest)


def _function_in(space):
    """Return where a space holds a function, as the end of a sentence, or None."""
    if callable(space):
        return "is a function"
    for name, kind in space.items():
        choices = list_choices(kind) if _is_list(kind) else []
        if any(callable(choice) and not isinstance(choice, type) for choice in choices):
            return f"lets {name!r} choose between functions"
    return None


def _describe_space(space):
    """Return a space as text, the same in every process."""
    if callable(space):
        return "a function"
    return repr(
        {
            name: [describe_choice(choice) for choice in list_choices(kind)]
            if _is_list(kind)
            else kind
            for name, kind in space.items()
        }
    )


def _is_list(kind):
    return isinstance(kind, CategoricalDistribution) or not isinstance(kind, BaseDistribution)

"""Steps that learn nothing from a training set are run once, for all folds."""

import copy
import time

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags

from skmedimg._sklearn import num_samples, take_rows
from skmedimg.evaluation.running._fit_folds import seed_estimator

# A step may say that it looks at rows one by one and yet center all of them: a few rows alone tell.
_ROWS_TRIED = 9


def share_steps(estimators, X):
    """Return {name: (rest of the pipeline, what it is given, seconds)} after its shared steps ran.

    A leading step of a pipeline is shared, and runs once for all, when it says that it needs no
    fitting (scikit-learn's tag `requires_fit`, or `learns_from_rows = False` on its class), does
    the same in `fit_transform` as in `transform`, is not a sampler, and gives the first rows
    the same values alone as among all.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import Normalizer, StandardScaler
    >>> from skmedimg.evaluation.running._shared_steps import share_steps
    >>> model = make_pipeline(Normalizer(), StandardScaler(), LogisticRegression())
    >>> rest, X, _ = share_steps({"model": model}, np.array([[3.0, 4.0], [1.0, 0.0]]))["model"]
    >>> X
    array([[0.6, 0.8],
           [1. , 0. ]])
    >>> [name for name, _ in rest.steps]
    ['standardscaler', 'logisticregression']
    """
    known, prepared = {}, {}
    for name, estimator in estimators.items():
        begin = time.perf_counter()
        prepared[name] = (*_prepare(estimator, X, known), time.perf_counter() - begin)
    return prepared


def whole_model(estimator, rest, X):
    """Return the fitted pipeline of an estimator whose shared steps ran before `rest` was fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import Normalizer
    >>> from skmedimg.evaluation.running._shared_steps import share_steps, whole_model
    >>> X = np.array([[3.0, 4.0], [1.0, 0.0]])
    >>> model = make_pipeline(Normalizer(), LogisticRegression())
    >>> rest, shared, _ = share_steps({"model": model}, X)["model"]
    >>> whole = whole_model(model, rest.fit(shared, [0, 1]), X)
    >>> bool((whole.predict_proba(X) == rest.predict_proba(shared)).all())
    True
    """
    n_shared = len(getattr(estimator, "steps", ())) - len(getattr(rest, "steps", ()))
    if not n_shared:
        return rest
    few = take_rows(X, np.arange(min(_ROWS_TRIED, num_samples(X))))
    steps = []
    for name, step in estimator.steps[:n_shared]:
        step = seed_estimator(step, 0)
        few = step.fit_transform(few)
        steps.append((name, step))
    whole = copy.copy(rest)
    whole.steps = [*steps, *rest.steps]
    return whole


def stateless_steps(estimator):
    """Return the leading steps of a pipeline that learn nothing; [] for any other estimator."""
    found = []
    # Without the last step: it is the estimator, which learns.
    for _, step in getattr(estimator, "steps", [])[:-1]:
        if not _learns_nothing(step):
            break
        found.append(step)
    return found


def _prepare(estimator, X, known):
    """Return what is left of a pipeline and what it is given; `known` holds outputs by steps."""
    written = ""
    for used, step in enumerate(stateless_steps(estimator)):
        # The key grows step by step: two pipelines share as long as all steps up to here are equal.
        written += repr(step.get_params()) + type(step).__qualname__
        if written not in known:
            known[written] = _transform(step, X)
        if known[written] is None:
            return estimator[used:], X
        X = known[written]
    used = len(stateless_steps(estimator))
    return (estimator[used:] if used else estimator), X


def _learns_nothing(step):
    """Return whether a step says that its output for a row depends on that row alone."""
    if isinstance(step, (str, FunctionTransformer)) or not hasattr(step, "transform"):
        return False  # a function may look at all rows at once
    # Tags of scikit-learn cannot say "fitted, but not
    # from the rows", hence the attribute of the class.
    learns = get_tags(step).requires_fit and getattr(step, "learns_from_rows", True)
    if hasattr(step, "fit_resample") or learns:
        return False
    # A fit_transform of its own (as in augmentation)
    # may treat training rows otherwise than test rows.
    return type(step).fit_transform is TransformerMixin.fit_transform


def _transform(step, X):
    """Return all rows transformed, or None where the first ones alone come out otherwise."""
    step = seed_estimator(step, 0)  # a copy: the user's own stays unfitted
    transformed = step.fit_transform(X)
    if num_samples(transformed) != num_samples(X):
        return None
    few = np.arange(min(_ROWS_TRIED, num_samples(X)))
    alone, among = step.fit_transform(take_rows(X, few)), take_rows(transformed, few)
    return transformed if _equal(alone, among) else None


def _equal(alone, among):
    """Return whether two outputs of a step are equal: lazy images by path, arrays by value."""
    if hasattr(alone, "paths"):
        return list(alone.paths) == list(among.paths)
    # Not exactly equal: the last bit of a float32 sum depends on the number of rows in a batch.
    return np.allclose(_values(alone), _values(among), rtol=1e-5, atol=1e-6)


def _values(array):
    return array.toarray() if hasattr(array, "toarray") else np.asarray(array)

"""`fit_together`: small networks that are fitted at the same time train as one stack."""

import contextlib
import warnings
from numbers import Integral

import joblib

from skmedimg._sklearn import Interval, validate_params
from skmedimg._training.concurrent_fits import open_rendezvous


@contextlib.contextmanager
@validate_params(
    {"fits": [Interval(Integral, 2, None, closed="left")]}, prefer_skip_nested_validation=True
)
def fit_together(fits=10):
    """Train small networks that are fitted at the same time as one stack of networks.

    Inside, joblib runs so many fits in threads: of a search, of `compare`, of `cross_val_score`.
    Networks of one shape train batch by batch beside each other, each on its own samples, at its
    own learning rate and from its own initial weights. The results equal those of separate fits
    up to rounding. It pays where launching a step from Python takes longer than computing it:
    small multilayer perceptrons on rows, such as features of a frozen backbone.

    `ShallowMLP` without dropout and normalization takes part, trained by "adam" or "adamw". Every
    other estimator is fitted in its thread, as joblib does it.

    Parameters
    ----------
    fits : int, default=10
        Number of fits that train at once; more than ten seldom gain on a CPU.

    See Also
    --------
    skmedimg.search.OptunaSearch
        Search estimators and their parameters together, in one optuna study.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skmedimg import ShallowMLP
    >>> from skmedimg.neural import fit_together
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"learning_rate": [1e-3, 1e-2, 1e-1]}
    >>> search = GridSearchCV(ShallowMLP(random_state=0), grid, cv=5)
    >>> with fit_together():
    ...     _ = search.fit(X, y)
    >>> bool(search.best_score_ > 0.9)
    True
    """
    # Searches of scikit-learn set warning filters in threads, which restore each other's.
    with (
        open_rendezvous(fits),
        warnings.catch_warnings(),
        joblib.parallel_config("threading", n_jobs=fits),
    ):
        yield

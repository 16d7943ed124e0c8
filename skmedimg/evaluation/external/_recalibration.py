"""Recalibrate the probabilities of a model on the patients of another hospital."""

import numpy as np
from scipy.special import expit, logit

from skmedimg.evaluation.scores._calibration_line import calibration_line
from skmedimg.evaluation.splitting._folds import choose_splitter, split_rows

_MOST_FOLDS = 5


def recalibrate(positive, chance, groups=None, seed=0):
    """Return recalibrated probabilities, each from a line that was fitted on other patients.

    Logistic recalibration [1]_: intercept and slope of the outcomes on the predicted log odds. They
    are fitted in up to five folds of the external set, stratified and by patient, and applied to
    the fold left out. All are nan where a fold has no finite line, as of classes that the model
    separates, or where a class has a single patient.

    Parameters
    ----------
    positive : ndarray of bool of shape (n_samples,)
    chance : ndarray of shape (n_samples,)
        Predicted probability of the positive class.
    groups : ndarray of shape (n_samples,) or None, default=None
    seed : int, default=0

    Returns
    -------
    chance : ndarray of shape (n_samples,)

    References
    ----------
    .. [1] Cox, "Two further applications of a model for binary regression", Biometrika 45 (1958),
       doi:10.1093/biomet/45.3-4.562

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.external._recalibration import recalibrate
    >>> rng = np.random.RandomState(0)
    >>> true_risk = rng.uniform(0.05, 0.95, 2000)
    >>> positive = rng.uniform(size=2000) < true_risk
    >>> halved_odds = true_risk / (2 - true_risk)
    >>> error = np.abs(recalibrate(positive, halved_odds) - true_risk).mean()
    >>> bool(error < 0.02 < np.abs(halved_odds - true_risk).mean())
    True
    """
    found = np.full(len(positive), np.nan)
    patients = np.arange(len(positive)) if groups is None else groups
    n_folds = min(_MOST_FOLDS, *(len(np.unique(patients[positive == each])) for each in (0, 1)))
    if n_folds < 2:
        return found
    splitter = choose_splitter(
        n_folds, stratified=True, grouped=groups is not None, random_state=seed
    )
    odds = logit(np.clip(chance, np.finfo(float).eps, 1 - np.finfo(float).eps))
    for train, test in split_rows(splitter, positive.astype(int), groups):
        line = calibration_line(positive[train], chance[train], np.ones((1, len(train))))
        intercept, slope = (float(each[0]) for each in line)
        found[test] = expit(intercept + slope * odds[test])
    return found if np.isfinite(found).all() else np.full(len(found), np.nan)

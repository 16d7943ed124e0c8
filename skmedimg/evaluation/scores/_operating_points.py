"""Sensitivity at a given specificity, and the reverse: metrics and scorers."""

from numbers import Real

import numpy as np
from sklearn.metrics import make_scorer, roc_curve
from sklearn.utils import column_or_1d


def specificity_at_sensitivity(y_true, y_score, *, sensitivity=0.95, pos_label=1):
    """Return the best specificity among the thresholds that reach a sensitivity.

    The threshold is chosen on the rows it is measured on, so this says how well the scores rank.
    For a threshold chosen beforehand, measure the specificity of `ThresholdAt`.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels.
    y_score : array-like of shape (n_samples,)
        Higher is more positive.
    sensitivity : float, default=0.95
        Smallest sensitivity of the thresholds considered.
    pos_label : label, default=1
        Positive class.

    Returns
    -------
    specificity : float

    See Also
    --------
    sensitivity_at_specificity
        Return the best sensitivity among the thresholds that reach a specificity.
    specificity_at_sensitivity_scorer : Return a scorer for `compare` and scikit-learn's searches.

    Examples
    --------
    >>> from skmedimg.evaluation import specificity_at_sensitivity
    >>> round(specificity_at_sensitivity([0, 0, 0, 1, 1], [0.1, 0.2, 0.7, 0.6, 0.9]), 3)
    0.667
    """
    false_positives, found = _curve(y_true, y_score, pos_label, "sensitivity", sensitivity)
    return float(1 - false_positives[found >= sensitivity - 1e-12].min())


def sensitivity_at_specificity(y_true, y_score, *, specificity=0.95, pos_label=1):
    """Return the best sensitivity among the thresholds that reach a specificity.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels.
    y_score : array-like of shape (n_samples,)
        Higher is more positive.
    specificity : float, default=0.95
        Smallest specificity of the thresholds considered.
    pos_label : label, default=1
        Positive class.

    Returns
    -------
    sensitivity : float

    See Also
    --------
    specificity_at_sensitivity
        Return the best specificity among the thresholds that reach a sensitivity.
    sensitivity_at_specificity_scorer : Return a scorer for `compare` and scikit-learn's searches.

    Examples
    --------
    >>> from skmedimg.evaluation import sensitivity_at_specificity
    >>> sensitivity_at_specificity([0, 0, 0, 1, 1], [0.1, 0.2, 0.7, 0.6, 0.9])
    0.5
    """
    false_positives, found = _curve(y_true, y_score, pos_label, "specificity", specificity)
    return float(found[1 - false_positives >= specificity - 1e-12].max())


def point_at_sensitivity(positive, y_score, sensitivity):
    """Return (threshold, sensitivity, specificity): the highest threshold that reaches a share.

    Above a sensitivity of 1, which no threshold reaches, the specificity is 0.
    """
    false_positives, found, thresholds = roc_curve(positive, y_score, drop_intermediate=False)
    if sensitivity > 1:
        return -np.inf, 1.0, 0.0
    place = np.argmax(found >= sensitivity - 1e-12)  # both rise: the first is the most specific
    return float(thresholds[place]), float(found[place]), float(1 - false_positives[place])


def specificity_at_sensitivity_scorer(sensitivity=0.95, pos_label=None):
    """Return a scorer for `compare` and scikit-learn's searches.

    Parameters
    ----------
    sensitivity : float, default=0.95
        Smallest sensitivity of the thresholds considered.
    pos_label : label, default=None
        None takes the positive class of `compare`, elsewhere 1.

    Returns
    -------
    scorer : callable
        `scorer(estimator, X, y)` returns the specificity.

    See Also
    --------
    specificity_at_sensitivity
        Return the best specificity among the thresholds that reach a sensitivity.
    ThresholdAt
        A binary classifier whose threshold meets a constraint, such as a sensitivity of 95
        %.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmedimg.evaluation import specificity_at_sensitivity_scorer
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> scorer = specificity_at_sensitivity_scorer(0.95, pos_label=0)
    >>> print(f"{scorer(GaussianNB().fit(X, y), X, y):.2f}")
    0.94
    """
    return _scorer(specificity_at_sensitivity, pos_label, sensitivity=sensitivity)


def sensitivity_at_specificity_scorer(specificity=0.95, pos_label=None):
    """Return a scorer for `compare` and scikit-learn's searches.

    Parameters
    ----------
    specificity : float, default=0.95
        Smallest specificity of the thresholds considered.
    pos_label : label, default=None
        None takes the positive class of `compare`, elsewhere 1.

    Returns
    -------
    scorer : callable
        `scorer(estimator, X, y)` returns the sensitivity.

    See Also
    --------
    sensitivity_at_specificity
        Return the best sensitivity among the thresholds that reach a specificity.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmedimg.evaluation import sensitivity_at_specificity_scorer
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> scorer = sensitivity_at_specificity_scorer(0.95, pos_label=0)
    >>> print(f"{scorer(GaussianNB().fit(X, y), X, y):.2f}")
    0.92
    """
    return _scorer(sensitivity_at_specificity, pos_label, specificity=specificity)


def _curve(y_true, y_score, pos_label, name, share):
    """Return false and true positive rates, threshold by threshold."""
    _check_share(name, share)
    y_true = column_or_1d(y_true)
    classes = np.unique(y_true).tolist()
    if len(classes) != 2 or pos_label not in classes:
        raise ValueError(
            f"y_true needs two classes, pos_label={pos_label!r} one of them, but holds {classes}."
        )
    # Every threshold: of ties on one line, scikit-learn leaves out those in the middle.
    return roc_curve(y_true == pos_label, y_score, drop_intermediate=False)[:2]


def _check_share(name, share):
    if not isinstance(share, Real) or not 0 < share <= 1:
        raise ValueError(f"{name} needs a value above 0, up to 1, but is {share!r}.")


def _scorer(metric, pos_label, **constraint):
    for name, share in constraint.items():
        _check_share(name, share)
    response = ("predict_proba", "decision_function")
    if pos_label is not None:
        constraint["pos_label"] = pos_label
    return make_scorer(metric, response_method=response, **constraint)

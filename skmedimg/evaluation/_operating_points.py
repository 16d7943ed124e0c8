"""What one share is worth while the other is held: measures and scorers."""

from sklearn.metrics import make_scorer, roc_curve


def specificity_at_sensitivity(y_true, y_score, *, sensitivity=0.95, pos_label=1):
    """Return the best specificity among the thresholds that reach a sensitivity.

    The threshold is chosen on these very rows, so this says how well the scores rank; what a
    threshold chosen beforehand keeps is told by the specificity of `ThresholdAt`.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
    y_score : array-like of shape (n_samples,)
        Higher is more positive.
    sensitivity : float, default=0.95
    pos_label : label, default=1

    Returns
    -------
    specificity : float

    Examples
    --------
    >>> from skmedimg.evaluation import specificity_at_sensitivity
    >>> round(specificity_at_sensitivity([0, 0, 0, 1, 1], [0.1, 0.2, 0.7, 0.6, 0.9]), 3)
    0.667
    """
    false_alarms, found, _ = roc_curve(y_true, y_score, pos_label=pos_label)
    return float(1 - false_alarms[found >= sensitivity - 1e-12].min())


def sensitivity_at_specificity(y_true, y_score, *, specificity=0.95, pos_label=1):
    """Return the best sensitivity among the thresholds that reach a specificity.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
    y_score : array-like of shape (n_samples,)
        Higher is more positive.
    specificity : float, default=0.95
    pos_label : label, default=1

    Returns
    -------
    sensitivity : float

    Examples
    --------
    >>> from skmedimg.evaluation import sensitivity_at_specificity
    >>> sensitivity_at_specificity([0, 0, 0, 1, 1], [0.1, 0.2, 0.7, 0.6, 0.9])
    0.5
    """
    false_alarms, found, _ = roc_curve(y_true, y_score, pos_label=pos_label)
    return float(found[1 - false_alarms >= specificity - 1e-12].max())


def specificity_at_sensitivity_scorer(sensitivity=0.95, pos_label=1):
    """Return a scorer for `compare` and scikit-learn's searches.

    Parameters
    ----------
    sensitivity : float, default=0.95
    pos_label : label, default=1

    Returns
    -------
    scorer : callable
        `scorer(estimator, X, y)` returns the specificity.

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


def sensitivity_at_specificity_scorer(specificity=0.95, pos_label=1):
    """Return a scorer for `compare` and scikit-learn's searches.

    Parameters
    ----------
    specificity : float, default=0.95
    pos_label : label, default=1

    Returns
    -------
    scorer : callable
        `scorer(estimator, X, y)` returns the sensitivity.

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


def _scorer(measure, pos_label, **promise):
    response = ("predict_proba", "decision_function")
    return make_scorer(measure, response_method=response, pos_label=pos_label, **promise)

"""Probabilities of one population corrected to the prevalence of another."""

from numbers import Real

import numpy as np
from sklearn.utils import check_array, column_or_1d

from skmedimg.evaluation.clinical._two_classes import check_share


def adjust_prevalence(probabilities, prevalence, train_prevalence):
    """Correct probabilities to the prevalence of the patients they are used for.

    A model learns how frequent a class is among the images it was trained on. Where the images of
    a class look the same elsewhere and only its frequency differs (label shift), Bayes' theorem
    multiplies the odds of each class by the ratio of its frequencies [1]_. Sensitivity and
    specificity at a moved threshold, and ROC AUC, stay as they are.

    Parameters
    ----------
    probabilities : array-like of shape (n_samples,) or (n_samples, n_classes)
        Of the positive class, or of every class.
    prevalence : float, or array-like of shape (n_classes,)
        Share of the positive class, or of every class, among the patients predicted.
    train_prevalence : float, or array-like of shape (n_classes,)
        The same of the training set; with `class_weight="balanced"` it is equal for all classes.

    Returns
    -------
    adjusted : ndarray, of the shape of `probabilities`

    References
    ----------
    .. [1] Saerens, Latinne, Decaestecker, "Adjusting the outputs of a classifier to new a priori
       probabilities: a simple procedure", Neural Computation 14 (2002),
       doi:10.1162/089976602753284446

    Examples
    --------
    >>> from skmedimg.evaluation import adjust_prevalence
    >>> adjust_prevalence([0.5, 0.9], prevalence=0.02, train_prevalence=0.75).round(3)
    array([0.007, 0.058])
    """
    if np.ndim(probabilities) == 1:
        given = column_or_1d(probabilities, dtype=float)
        odds = [_odds("prevalence", prevalence), _odds("train_prevalence", train_prevalence)]
        ratios = np.array([1.0, odds[0] / odds[1]])
        columns = np.column_stack([1 - given, given])
    else:
        given = columns = check_array(probabilities, dtype=float, input_name="probabilities")
        n_classes = columns.shape[1]
        shares = _shares("prevalence", prevalence, n_classes)
        ratios = shares / _shares("train_prevalence", train_prevalence, n_classes)
    outside = ~((given >= 0) & (given <= 1))
    if outside.any():
        raise ValueError(
            f"probabilities needs values from 0 to 1, but holds {given[outside][0]:g}."
        )
    joint = columns * ratios
    adjusted = joint / joint.sum(1, keepdims=True)
    return adjusted[:, 1] if given.ndim == 1 else adjusted


def _odds(name, share):
    """Return the odds of a share between 0 and 1."""
    check_share(name, share)
    return share / (1 - share)


def _shares(name, shares, n_classes):
    """Return one positive share per class, or raise ValueError."""
    found = np.asarray(shares, dtype=float)
    whole = found.shape == (n_classes,) and (found > 0).all() and abs(found.sum() - 1) < 1e-6
    if isinstance(shares, Real) or not whole:
        raise ValueError(
            f"{name} needs {n_classes} shares above 0 that add up to 1, one per column of "
            f"probabilities, but is {shares!r}."
        )
    return found

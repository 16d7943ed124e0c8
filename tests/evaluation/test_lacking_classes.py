"""Folds that lack a class: their scores are missing, or computed from the counts of all folds."""

import numpy as np
import pytest
from sklearn.metrics import (
    balanced_accuracy_score,
    cohen_kappa_score,
    f1_score,
    matthews_corrcoef,
    recall_score,
)
from sklearn.model_selection import KFold, LeaveOneGroupOut, LeaveOneOut
from sklearn.tree import DecisionTreeClassifier

from skmedimg import compare
from tests.evaluation._estimators import FromColumn

QUIET = {"repeats": 1, "random_state": 0, "verbose": 0, "audit": False}
COUNTED = {
    "balanced_accuracy": balanced_accuracy_score,
    "f1": f1_score,
    "sensitivity": recall_score,
    "specificity": lambda y, p: recall_score(y, p, pos_label=0),
    "cohen_kappa": cohen_kappa_score,
    "mcc": matthews_corrcoef,
}
RANKING = ("roc_auc", "average_precision")


def study(n_positive, n=60):
    y = (np.arange(n) < n_positive).astype(int)
    chance = np.random.default_rng(0).normal(0.35, 0.2, n) + 0.3 * y
    return np.clip(chance, 0, 1)[:, None], y


@pytest.mark.parametrize("n_positive", [6, 30, 54])
@pytest.mark.parametrize("by_patient", [False, True])
def test_where_every_fold_lacks_a_class_counts_are_pooled(n_positive, by_patient):
    X, y = study(n_positive)
    patients = np.arange(60) // 3 if by_patient else None
    cv = LeaveOneGroupOut() if by_patient else LeaveOneOut()
    found = compare({"a": FromColumn()}, X, y, cv=cv, groups=patients, **QUIET)
    predicted = (X[:, 0] > 0.5).astype(int)
    for name, oracle in COUNTED.items():
        interval = found.interval("a", name)
        assert interval.mean == pytest.approx(oracle(y, predicted)), name
        assert interval.low < interval.mean <= interval.high, name
        assert np.isnan(found.values("a", name)).all()
    unit = "patients" if by_patient else "samples"
    assert found.interval("a").method == f"t interval over {unit}, for the models as fitted"
    for name in RANKING:
        assert np.isnan(found.interval("a", name).mean)
        assert "every test fold lacks a class" in found.interval("a", name).method
        [conclusion] = found.tests(metric=name).conclusions
        assert "every test fold lacks a class" in conclusion.text
        assert not conclusion.decided
    assert found.interval("majority class", "balanced_accuracy").mean == pytest.approx(0.5)
    assert any("counts of all folds" in warning.text for warning in found.warnings)


def test_a_fold_without_positives_has_no_score_that_needs_them():
    X, y = study(4)
    more = {"cv": [(np.setdiff1d(np.arange(60), t), t) for t in two_lacking()]}
    found = compare({"a": FromColumn()}, X, y, **more, **QUIET)
    for name in (*COUNTED, *RANKING):
        missing = np.isnan(found.values("a", name))
        assert missing.tolist() == [False, False, False, True], name
    assert np.isfinite(found.values("a", "accuracy")).all()
    assert np.isfinite(found.values("a", "log_loss")).all()
    assert found.interval("majority class").mean == 0.5
    [warning] = [each for each in found.warnings if "lack a class" in each.text]
    assert "1 of 4 test folds lack a class" in warning.text
    assert "are missing there" in warning.text


def two_lacking():
    """Return four test sets, of which only the last holds no positive (rows 0 to 3)."""
    return [np.r_[0, 10:20], np.r_[1, 20:30], np.r_[2:4, 30:40], np.r_[4:10, 40:60]]


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("cv", [3, 5, KFold(4, shuffle=True, random_state=0), LeaveOneOut()])
def test_the_baseline_has_a_balanced_accuracy_of_one_in_k(n_classes, cv):
    draws = np.random.default_rng(1)
    y = np.append(np.repeat(np.arange(n_classes), 5), np.zeros(13, dtype=int))
    X = draws.random((len(y), n_classes))
    found = compare(
        {"a": FromColumn() if n_classes == 2 else DecisionTreeClassifier(max_depth=2)},
        X,
        y,
        cv=cv,
        **QUIET,
    )
    assert found.interval("majority class", "balanced_accuracy").mean == pytest.approx(
        1 / n_classes
    )

"""The influence of rows is the derivative of each score by the weights of its rows."""

import numpy as np
import pytest

from skmedimg.evaluation.scores._coded_predictions import LabelPredictions
from skmedimg.evaluation.scores._influence import fold_influences
from skmedimg.evaluation.scores._score_table import LABEL_SCORES, score


def make_fold(n_samples, n_classes, seed, weights=None):
    draws = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(n_classes), draws.integers(n_classes, size=n_samples)])
    scores = draws.random((len(truth), n_classes)).round(2) + 0.01  # with ties
    scores[np.arange(len(truth)), truth] += 0.3
    scores /= scores.sum(1, keepdims=True)
    weights = np.ones((1, len(truth))) if weights is None else weights
    positive = 1 if n_classes == 2 else None
    return LabelPredictions(truth, scores.argmax(1), scores, True, n_classes, positive, weights)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("metric", LABEL_SCORES)
def test_influence_is_the_derivative_by_the_weights(metric, n_classes):
    fold = make_fold(60, n_classes, 0)
    step = 1e-5 * np.eye(len(fold.truth))
    if np.isnan(score(fold, metric)[0]):
        pytest.skip("a score of two classes")
    up, down = (score(make_fold(60, n_classes, 0, 1 + s), metric) for s in (step, -step))
    found = fold_influences([fold], metric)
    np.testing.assert_allclose(found, (up - down) / 2e-5, atol=1e-7)
    assert found.any() or (metric, n_classes) == ("top_3_accuracy", 2)


@pytest.mark.parametrize("metric", LABEL_SCORES)
def test_influences_over_folds_add_up_to_nothing(metric):
    folds = [make_fold(n, 2, seed) for seed, n in enumerate([30, 20, 50])]
    assert abs(fold_influences(folds, metric).sum()) < 1e-9


def test_mean_of_folds_weighs_rows_by_the_size_of_their_fold():
    folds = [make_fold(n, 2, seed) for seed, n in enumerate([30, 20])]
    right = [(fold.predicted == fold.truth).astype(float) for fold in folds]
    mean = np.mean([each.mean() for each in right])
    expected = np.concatenate([(each - mean) / (2 * len(each)) for each in right])
    np.testing.assert_allclose(fold_influences(folds, "accuracy"), expected, atol=1e-9)


def test_a_fold_with_one_positive_still_shows_how_positives_vary():
    # Within each fold the only positive cannot vary; its recall differs from fold to fold.
    folds = []
    for hit in (1, 1, 0, 1):
        truth, predicted = np.array([0, 0, 0, 1]), np.array([0, 1, 0, hit])
        scores = np.stack([1 - predicted, predicted], 1).astype(float)
        folds.append(LabelPredictions(truth, predicted, scores, True, 2, 1, np.ones((1, 4))))
    for metric in ("balanced_accuracy", "sensitivity", "roc_auc", "average_precision"):
        of_positives = fold_influences(folds, metric)[3::4]
        assert of_positives.std() > 0.01
    np.testing.assert_allclose(
        fold_influences(folds, "sensitivity")[3::4], (np.array([1, 1, 0, 1]) - 0.75) / 4, atol=1e-9
    )

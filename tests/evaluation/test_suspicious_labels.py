"""Labels that predictions contradict: the ranking of cleanlab, planted errors, names, display."""

import numpy as np
import pytest
from PIL import Image
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from skmedimg import audit, compare
from skmedimg.evaluation import Audit
from skmedimg.evaluation.auditing._label_rules import mean_probabilities

# cleanlab 2.9.0 on the mean of `chances`: get_normalized_margin_for_each_label, sorted, and the
# off-diagonals of compute_confident_joint(calibrate=False).
CLEANLAB = [28, 51, 17, 40, 3, 50, 42, 27, 22, 31, 57, 26, 35, 54, 21, 36, 6, 7, 18, 12]
CONFIDENT = [28, 51, 3, 50]


def chances():
    random, true = np.random.RandomState(0), np.arange(60) % 3
    both = []
    for weight in (0.5, 0.8):
        drawn = weight * random.dirichlet([1] * 3, 60) + (1 - weight) * np.eye(3)[true]
        counts = np.round(100 * drawn).astype(int) + 1
        both.append(counts / counts.sum(1, keepdims=True))
    flipped = [3, 17, 28, 40, 51]
    y = true.copy()
    y[flipped] = (y[flipped] + 1) % 3
    return both, y


class Columns(ClassifierMixin, BaseEstimator):
    """Probabilities are the first 3 pixels, or the next 3."""

    def __init__(self, start=0):
        self.start = start

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return X[:, self.start : self.start + 3]

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(1)]


def compared(models, X, y, **options):
    options = {"cv": 3, "repeats": 1, "random_state": 0, "verbose": 0, "audit": False} | options
    return compare(models, X, y, **options)


def test_the_ranking_and_the_suspicious_are_those_of_cleanlab():
    (one, two), y = chances()
    result = compared({"one": Columns(0), "two": Columns(3)}, np.hstack([one, two]), y)
    images = np.random.RandomState(1).randint(0, 255, (60, 16, 16)).astype(np.uint8)
    found = audit(images, y, predictions=result, probes=False)
    frame = found.suspicious_labels()
    assert frame.index[:20].tolist() == CLEANLAB
    assert frame.index[frame["suspicious"]].tolist() == CONFIDENT
    [finding] = found.of(kind="suspicious-labels")
    assert finding.rows.tolist() == CONFIDENT
    assert "4 labels are contradicted by the predictions of 2 models" in finding.title


def test_planted_errors_come_first_and_have_names(tmp_path):
    digits = load_digits()
    rows = np.flatnonzero(digits.target < 4)[:300]
    images = (digits.images[rows] * 15).astype(np.uint8).repeat(2, 1).repeat(2, 2)
    y = digits.target[rows].copy()
    wrong = np.random.RandomState(0).choice(300, 15, replace=False)  # 5 %
    y[wrong] = (y[wrong] + 1) % 4
    models = {"bayes": GaussianNB(var_smoothing=1e-2), "neighbors": KNeighborsClassifier(9)}
    result = compared(models, images.reshape(300, -1).astype(float), y)
    paths = [tmp_path / f"{k:03}.png" for k in range(300)]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    found = audit(paths, y, predictions=result, probes=False)
    frame = found.suspicious_labels()
    assert np.isin(wrong, frame.index[:15]).mean() >= 0.9
    assert np.isin(wrong, frame.index[frame["suspicious"]]).mean() >= 0.9
    assert frame["name"].iloc[0] == f"{frame.index[0]:03}.png"
    display = found.plot("suspicious-labels", limit=2)
    assert [len(line) for line in display.names] == [5, 5]
    first = frame.iloc[0]
    expected = f"{first['name']} ({first['label']}, predicted {first['predicted']})"
    assert display.names[0][0] == expected
    assert Audit.from_dict(found.to_dict()).of(kind="suspicious")


def test_models_without_probabilities_and_the_baseline_do_not_vote():
    (one, _), y = chances()
    result = compared({"one": Columns(), "hard": Hard()}, one, y)
    assert mean_probabilities(result, y)["models"] == ("one",)
    np.testing.assert_allclose(mean_probabilities(result, y)["probabilities"], one)
    with pytest.raises(ValueError, match="needs a model with probabilities"):
        mean_probabilities(compared({"hard": Hard()}, one, y), y)


class Hard(ClassifierMixin, BaseEstimator):
    """Predicts without any score."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[X.argmax(1)]

"""compare on published splits of train, validation and test."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from skmedimg import Pipeline, ShallowMLP, compare
from skmedimg.evaluation import Comparison, TrainingCurvesDisplay


def published_split():
    rows = np.arange(120)
    return rows[:60], rows[60:80], rows[80:]


@pytest.fixture(scope="module")
def published():
    rows = np.random.default_rng(0).normal(size=(120, 10))
    y = (rows[:, 0] + rows[:, 1] > 0).astype(int)
    models = {
        "network": ShallowMLP((4,), max_epochs=3, random_state=0),
        "scaled": Pipeline([StandardScaler(), ShallowMLP((4,), max_epochs=3, random_state=0)]),
        "linear": LogisticRegression(),
    }
    cv = [published_split()]
    return compare(models, rows, y, cv=cv, random_state=0, verbose=0), models, rows, y


@pytest.mark.parametrize("name", ["network", "scaled"])
def test_networks_watch_the_validation_rows(name, published):
    result, models, rows, y = published
    train, validation, test = published_split()
    alone = clone(models[name]).fit(
        rows[train], y[train], X_val=rows[validation], y_val=y[validation]
    )
    [found] = result.fold_results[name]
    np.testing.assert_allclose(
        found.predictions.decision_scores, alone.predict_proba(rows[test]), rtol=1e-5
    )
    last = alone.history_ if name == "network" else alone[-1].history_
    assert last[-1]["valid_loss"] == pytest.approx(found.history[-1]["valid_loss"], rel=1e-5)


def test_the_curves_of_training_and_validation_are_drawn(published, closed_figures):
    shown = TrainingCurvesDisplay.from_comparison(published[0], "network")
    labels = [text.get_text() for text in shown.axes_[0].get_legend().get_texts()]
    assert any("training" in text for text in labels)
    assert any("validation" in text for text in labels)
    assert shown.best_epochs() == [3]


def test_nothing_else_sees_the_validation_rows(published):
    result, models, rows, y = published
    train, _, test = published_split()
    alone = clone(models["linear"]).fit(rows[train], y[train])
    [found] = result.fold_results["linear"]
    np.testing.assert_allclose(found.predictions.decision_scores, alone.predict_proba(rows[test]))


def test_validation_rows_survive_json(published, tmp_path):
    result = published[0]
    result.to_json(tmp_path / "r.json")
    [split] = Comparison.from_json(tmp_path / "r.json").splits
    np.testing.assert_array_equal(split.validation, published_split()[1])


@pytest.mark.parametrize(
    ("moved", "match"),
    [(5, "validation and in train"), (100, "validation and in test")],
)
def test_rows_in_validation_and_elsewhere_are_refused(moved, match, published):
    train, validation, test = published_split()
    cv = [(train, np.append(validation, moved), test)]
    with pytest.raises(ValueError, match=match):
        compare(LogisticRegression(), published[2], published[3], cv=cv, verbose=0)


def test_patients_in_validation_and_elsewhere_are_refused(published):
    groups = np.arange(120)
    groups[60] = 3
    with pytest.raises(ValueError, match="validation beside train.*patient"):
        compare(
            LogisticRegression(),
            published[2],
            published[3],
            groups=groups,
            cv=[published_split()],
            verbose=0,
        )

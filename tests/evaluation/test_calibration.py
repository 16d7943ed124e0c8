"""Calibration scores against closed forms and statsmodels."""

import numpy as np
import pytest
import statsmodels.api as sm

from skmedimg import compare
from skmedimg.evaluation.scores._coded_predictions import LabelPredictions
from skmedimg.evaluation.scores._score_table import score
from tests.evaluation._estimators import Echo, FromColumn

QUIET = {"repeats": 1, "random_state": 0, "verbose": 0, "audit": False}
LINES = ["calibration_intercept", "calibration_slope", "observed_expected"]


def predictions(truth, chance, weights, positive=1):
    columns = np.column_stack([1 - chance, chance])[:, :: 1 if positive else -1]
    truth = truth if positive else 1 - truth
    return LabelPredictions(truth, columns.argmax(1), columns, True, 2, positive, weights)


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize(("shift", "error"), [(0, 0), (0.1, 0.095), (0.2, 0.18)])
def test_a_shift_of_the_prevalence_is_an_error_of_its_size(shift, error, positive):
    # risks uniform in 0 to 1, the true one higher by the shift, but 1 at most: .9 of the rows are
    # off by .1 and the last bin by .05 on average; of .2: .8 by .2, then .15 and .05
    chance = (np.arange(10_000) + 0.5) / 10_000
    risk = np.minimum(chance + shift, 1)
    truth, weights = np.repeat([1, 0], 10_000), np.append(risk, 1 - risk)[None]
    found = predictions(truth, np.tile(chance, 2), weights, positive)
    assert score(found, "ece")[0] == pytest.approx(error, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_intercept_slope_and_ratio_are_those_of_statsmodels(seed):
    draws = np.random.default_rng(seed)
    chance = draws.beta(1, 3, 300)
    truth = (draws.random(300) < chance**0.7).astype(int)
    weights = np.stack([np.ones(300), draws.integers(0, 4, 300)])
    odds = np.log(chance / (1 - chance))
    for place, each in enumerate(weights):
        family = {"family": sm.families.Binomial(), "freq_weights": each}
        large = sm.GLM(truth, np.ones((300, 1)), offset=odds, **family).fit()
        line = sm.GLM(truth, sm.add_constant(odds), **family).fit()
        ratio = np.average(truth, weights=each) / np.average(chance, weights=each)
        wanted = [large.params[0], line.params[1], ratio]
        for positive in (0, 1):
            coded = predictions(truth, chance, weights, positive)
            assert [score(coded, name)[place] for name in LINES] == pytest.approx(wanted, rel=1e-6)


def test_perfectly_separated_outcomes_have_no_slope():
    truth, chance = np.repeat([0, 1], 10), np.linspace(0.1, 0.9, 20)
    assert np.isnan(score(predictions(truth, chance, np.ones((1, 20))), "calibration_slope"))


def test_calibration_scores_are_asked_for_and_sort_by_their_target():
    draws = np.random.default_rng(0)
    chance = draws.uniform(0.05, 0.95, 400)
    y = (draws.random(400) < chance).astype(int)
    odds = chance / (1 - chance)
    X = np.column_stack([odds**3 / (1 + odds**3), chance])
    models = {"extreme": FromColumn(0), "right": FromColumn(1)}
    found = compare(models, X, y, cv=3, scoring=[*LINES, "ece"], groups=np.arange(400), **QUIET)
    assert found.ranked("calibration_slope")[0] == "right"
    slopes = {name: found.interval(name, "calibration_slope") for name in models}
    assert slopes["right"].low < 1 < slopes["right"].high
    assert slopes["extreme"].high < 0.5
    [conclusion] = found.tests("right", "calibration_slope").conclusions[:1]
    assert not conclusion.decided
    assert "should be 1" in conclusion.text
    names = {metric.name for metric in compare(models, X, y, cv=3, **QUIET).metrics}
    assert "ece" in names
    assert not names & set(LINES)


def test_calibration_lines_of_more_classes_are_refused():
    y = np.arange(30) % 3
    with pytest.raises(ValueError, match="calibration_slope.* needs two classes"):
        compare({"a": Echo()}, y[:, None], y, scoring="calibration_slope", **QUIET)

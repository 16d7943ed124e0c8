"""Predictive values, operating points, net benefit, cost and calibration against closed forms."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from sklearn.calibration import calibration_curve
from sklearn.metrics import class_likelihood_ratios, log_loss, precision_score, recall_score
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.naive_bayes import GaussianNB

from skmedimg.datasets import make_lesions
from skmedimg.evaluation import (
    NetBenefitDisplay,
    adjust_prevalence,
    compare,
    specificity_at_sensitivity,
)
from skmedimg.evaluation.clinical._calibration_table import calibration_bins
from skmedimg.evaluation.clinical._natural_frequencies import natural_frequencies
from tests.evaluation._estimators import Brighter, Echo, FromColumn, LabelsFromColumn

QUIET = {"random_state": 0, "verbose": 0, "audit": False}
RATES = ["sensitivity", "specificity"]


def compared(y, columns, groups=None, models=None, **options):
    """Return the Comparison of models on one test set; two rows in front of it are trained on."""
    n = len(y)
    X = np.vstack([np.zeros((2, np.atleast_2d(columns.T).shape[0])), columns.reshape(n, -1)])
    rows = {"cv": [([0, 1], np.arange(2, n + 2))], "groups": None}
    if groups is not None:
        rows["groups"] = np.append([-2, -1], groups)
    options = {"scoring": RATES, "baseline": False} | QUIET | rows | options
    return compare(models or {"model": FromColumn()}, X, np.append([0, 1], y), **options)


def of_counts(tp, fn, fp, tn):
    """Return labels and probabilities with these counts at a threshold of one half."""
    y = np.repeat([1, 1, 0, 0], [tp, fn, fp, tn])
    return y, np.repeat([0.9, 0.2, 0.7, 0.1], [tp, fn, fp, tn])


def test_predictive_values_and_ratios_are_those_of_the_two_by_two_table():
    y, p = of_counts(90, 10, 30, 170)
    [sampled, rare] = compared(y, p).at(prevalence=0.02).records
    assert sampled.prevalence == pytest.approx(1 / 3)
    assert sampled.ppv.mean == pytest.approx(90 / 120)
    assert sampled.ppv.mean == pytest.approx(precision_score(y, p > 0.5))
    assert sampled.npv.mean == pytest.approx(170 / 180)
    ratios = class_likelihood_ratios(y, p > 0.5)
    assert (rare.lr_positive.mean, rare.lr_negative.mean) == pytest.approx(ratios)
    assert rare.ppv.mean == pytest.approx(0.9 * 0.02 / (0.9 * 0.02 + 0.15 * 0.98))
    assert rare.npv.mean == pytest.approx(0.85 * 0.98 / (0.85 * 0.98 + 0.1 * 0.02))
    assert rare.lr_positive == sampled.lr_positive


def test_intervals_of_likelihood_ratios_are_those_of_simel():
    y, p = of_counts(900, 100, 300, 1700)
    [record] = compared(y, p).at().records
    errors = np.sqrt([0.1 / 900 + 0.85 / 300, 0.9 / 100 + 0.15 / 1700])
    for found, error in zip((record.lr_positive, record.lr_negative), errors, strict=True):
        limits = found.mean * np.exp([-1.96 * error, 1.96 * error])
        assert [found.low, found.high] == pytest.approx(limits, rel=2e-3)
    odds = record.prevalence / (1 - record.prevalence)
    assert record.ppv.low == pytest.approx(1 - 1 / (1 + odds * record.lr_positive.low))
    assert record.npv.low == pytest.approx(1 / (1 + odds * record.lr_negative.high))


def test_images_of_the_same_patients_do_not_narrow_intervals():
    y, p = of_counts(90, 10, 30, 170)
    [one] = compared(y, p, np.arange(300)).at().records
    [three] = compared(y.repeat(3), p.repeat(3), np.arange(300).repeat(3)).at().records
    for key in ("sensitivity", "ppv", "npv", "lr_positive", "lr_negative"):
        few, many = getattr(one, key), getattr(three, key)
        assert [many.mean, many.low, many.high] == pytest.approx([few.mean, few.low, few.high])


def test_over_folds_sensitivity_is_that_of_the_summary_and_ppv_is_the_precision():
    draws = np.random.default_rng(0)
    y = np.tile([0, 0, 0, 1, 1], 40)
    p = np.clip(0.3 + 0.3 * y + draws.normal(0, 0.2, 200), 0.01, 0.99)
    for repeats in (1, 3):
        result = compare({"model": FromColumn()}, p[:, None], y, repeats=repeats, **QUIET)
        [record] = result.at().records
        assert record.sensitivity == result.interval("model", "sensitivity")
        assert record.specificity == result.interval("model", "specificity")
        assert record.ppv.mean == pytest.approx(precision_score(y, p > 0.5))
        assert record.ppv.low < record.ppv.mean < record.ppv.high


def test_a_threshold_moves_predictions():
    y, p = of_counts(90, 10, 30, 170)
    [record] = compared(y, p).at(threshold=0.15).records
    assert record.sensitivity.mean == recall_score(y, p >= 0.15) == 1
    assert record.specificity.mean == pytest.approx(170 / 200)
    assert "from a probability of 0.15 on" in repr(compared(y, p).at(threshold=0.15))


def test_rates_of_zero_and_one_have_ratios_without_end():
    y, p = of_counts(50, 0, 0, 50)
    [perfect] = compared(y, p).at(prevalence=0.1).records[1:]
    assert np.isinf(perfect.lr_positive.mean)
    assert np.isinf(perfect.lr_positive.high)
    # 2.5 % of both errors: the limits of 50 of 50 at 97.5 %
    low = stats.binomtest(50, 50).proportion_ci(0.975).low
    assert perfect.lr_positive.low == pytest.approx(low / (1 - low))
    assert (perfect.ppv.mean, perfect.ppv.high) == (1, 1)
    assert perfect.lr_negative.mean == 0
    assert perfect.npv.low < 1
    [blind] = compared(y, 1 - p).at().records
    assert (blind.ppv.mean, blind.npv.mean) == (0, 0)
    assert 0 < blind.ppv.high < 0.2
    [constant] = compared(y, np.zeros(100)).at().records
    assert constant.sensitivity.high == pytest.approx(stats.binomtest(0, 50).proportion_ci().high)
    assert np.isnan(constant.ppv.mean)


def test_models_without_probabilities_are_named_in_the_table():
    y, p = of_counts(90, 10, 30, 170)
    models = {"soft": FromColumn(), "hard": LabelsFromColumn()}
    result = compared(y, p, models=models)
    assert len(result.at().to_frame()) == 2
    for frame in (
        result.at(threshold=0.3).to_frame(),
        result.specificity_at(),
    ):
        hard = frame.loc["hard"]
        assert set(np.atleast_1d(hard.warnings)) == {"no predict_proba"}
        assert frame.loc["soft"].notna().to_numpy().any()
    assert result.calibration().index.tolist() == ["soft"]
    assert result.calibration().attrs["warnings"] == ["hard: no predict_proba"]
    assert set(result.net_benefit(0.3).strategy) == {"soft", "treat all", "treat none"}
    for call in (result.specificity_at, result.net_benefit, result.calibration):
        with pytest.raises(ValueError, match="'hard' has none.* CalibratedClassifierCV"):
            call(name="hard")


def test_specificity_is_that_of_the_highest_threshold_that_reaches_the_sensitivity():
    draws = np.random.default_rng(1)
    y = np.repeat([0, 1], [120, 80])
    p = draws.beta(2 + 2 * y, 3).round(2)
    frame = compared(y, p).specificity_at([0.8, 0.9, 0.95])
    for share in (0.8, 0.9, 0.95):
        row = frame.loc[("model", share)]
        assert row.specificity == pytest.approx(specificity_at_sensitivity(y, p, sensitivity=share))
        assert row.reached == recall_score(y, p >= row.threshold) >= share
        assert row.low < row.specificity < row.high


def test_ties_on_one_line_are_thresholds_too():
    # two blocks of ties with as many positives per negative: a straight piece of the ROC curve
    y, p = np.tile([1, 0], 4), np.repeat([0.9, 0.6], 4)
    assert specificity_at_sensitivity(y, p, sensitivity=0.5) == 0.5


def test_the_interval_of_the_specificity_holds_the_uncertainty_of_the_threshold():
    draws, shift, n = np.random.default_rng(0), 1.6, 3000
    y = np.repeat([1, 0], n)
    p = stats.norm.cdf(draws.normal(size=2 * n) + shift * y - shift / 2)
    row = compared(y, p).specificity_at(0.9).iloc[0]
    place = stats.norm.ppf(0.1) + shift
    density = stats.norm.pdf(place) / stats.norm.pdf(place - shift)
    specificity = stats.norm.cdf(place)
    error = np.sqrt((specificity * (1 - specificity) + density**2 * 0.9 * 0.1) / n)
    assert row.low < specificity < row.high
    assert row.high - row.low == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_too_few_positives_do_not_show_a_high_sensitivity():
    y, p = of_counts(40, 0, 10, 50)
    row = compared(y, p).specificity_at(0.99).iloc[0]
    assert row.low == 0
    assert row.warnings == ("40 positive samples cannot show a sensitivity of 99%, which takes 299")


def test_treating_all_is_worth_nothing_at_the_prevalence_and_a_perfect_model_is_worth_it():
    y, _ = of_counts(50, 0, 0, 150)
    curves = compared(y, y.astype(float)).net_benefit().set_index("strategy")
    everybody = curves.loc["treat all"].set_index("threshold").net_benefit
    assert everybody[0.25] == pytest.approx(0, abs=1e-12)
    assert everybody[0.1] == pytest.approx(0.25 - 0.75 * 0.1 / 0.9)
    assert curves.loc["model"].net_benefit.to_numpy() == pytest.approx(np.full(99, 0.25))
    assert (curves.loc["treat none"].net_benefit == 0).all()


def test_net_benefit_and_its_interval_are_those_by_hand():
    y, p = of_counts(90, 10, 30, 170)
    row = compared(y, p).net_benefit(0.4).iloc[0]
    assert row.net_benefit == pytest.approx(90 / 300 - 30 / 300 * 0.4 / 0.6)
    values = np.repeat([1, 0, -0.4 / 0.6, 0], [90, 10, 30, 170])
    assert row.high - row.low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(300), rel=0.02)
    images = compared(y.repeat(2), p.repeat(2), np.arange(300).repeat(2)).net_benefit(0.4).iloc[0]
    assert images.high - images.low == pytest.approx(row.high - row.low, rel=1e-6)


def test_the_expected_cost_is_the_mean_of_the_matrix():
    y, p = of_counts(90, 10, 30, 170)
    result = compared(y, p, scoring="accuracy")
    frame = result.expected_cost([[0, 1], [5, 0]])
    assert frame.cost.item() == pytest.approx((30 * 1 + 10 * 5) / 300)
    assert frame.low.item() < frame.cost.item() < frame.high.item()
    wrong = result.expected_cost(1 - np.eye(2)).cost.item()
    assert wrong == pytest.approx(1 - result.interval("model").mean)
    y = np.arange(60) % 3
    given = np.where(np.arange(60) < 12, 2, y)
    many = compare({"echo": Echo()}, given[:, None], y, repeats=2, **QUIET)
    cost = np.array([[0, 1, 2], [3, 0, 4], [5, 6, 0]])
    assert many.expected_cost(cost, "echo").cost.item() == pytest.approx(cost[y, given].mean())
    assert many.expected_cost(cost).index[-1] == many.baseline


@pytest.mark.parametrize("per_patient", [1, 3])
def test_calibration_lines_and_their_errors_are_those_of_statsmodels(per_patient):
    draws = np.random.default_rng(0)
    groups = np.arange(200).repeat(per_patient)
    p = draws.beta(2, 3, 200)[groups]
    y = (draws.random(200)[groups] < p**1.3).astype(int)
    row = compared(y, p, groups).calibration().iloc[0]
    odds, family = np.log(p / (1 - p)), {"family": sm.families.Binomial()}
    robust = {"cov_type": "cluster", "cov_kwds": {"groups": groups}}
    line = sm.GLM(y, sm.add_constant(odds), **family).fit(**robust)
    large = sm.GLM(y, np.ones(len(y)), offset=odds, **family).fit(**robust)
    for key, fit in (("calibration_slope", line), ("calibration_intercept", large)):
        assert row[key] == pytest.approx(fit.params[-1], rel=1e-6)
        width = row[f"{key} high"] - row[f"{key} low"]
        assert width == pytest.approx(2 * 1.96 * fit.bse[-1], rel=0.02)
    assert row["observed_expected"] == pytest.approx(y.mean() / p.mean())


def test_bins_of_the_calibration_curve_have_counts_and_exact_limits():
    draws = np.random.default_rng(0)
    p = draws.random(300)
    y = (draws.random(300) < p).astype(int)
    bins = calibration_bins(compared(y, p), "model")
    shares, means = calibration_curve(y, p, n_bins=10, strategy="quantile")
    assert bins.probability.to_numpy() == pytest.approx(means)
    assert bins.observed.to_numpy() == pytest.approx(shares)
    assert bins.images.sum() == bins.patients.sum() == 300
    for each in bins.itertuples():
        exact = stats.binomtest(round(each.observed * each.images), each.images).proportion_ci()
        assert (each.low, each.high) == pytest.approx((exact.low, exact.high))
    twice = calibration_bins(compared(y.repeat(2), p.repeat(2), np.arange(300).repeat(2)), "model")
    assert twice.images.sum() == 2 * twice.patients.sum()
    assert (twice.high - twice.low).mean() == pytest.approx((bins.high - bins.low).mean(), rel=0.05)


def test_label_shift_by_the_true_odds_is_bayes_theorem_on_gaussians():
    x = np.linspace(-3, 5, 50)
    ill, well = stats.norm.pdf(x, 1.5), stats.norm.pdf(x)
    before, after = (share * ill / (share * ill + (1 - share) * well) for share in (0.75, 0.02))
    assert adjust_prevalence(before, 0.02, 0.75) == pytest.approx(after)
    columns = adjust_prevalence(np.column_stack([1 - before, before]), [0.98, 0.02], [0.25, 0.75])
    assert columns[:, 1] == pytest.approx(after)
    assert adjust_prevalence(after, 0.75, 0.02) == pytest.approx(before)


def test_label_shift_lowers_the_log_loss_where_the_prevalence_is_another():
    draws = np.random.default_rng(0)
    y = (draws.random(2000) < 0.1).astype(int)
    x = draws.normal(1.5 * y)
    learned = 1 / (1 + np.exp(-(1.5 * x - 1.5**2 / 2)))  # the posterior at a prevalence of one half
    assert log_loss(y, adjust_prevalence(learned, 0.1, 0.5)) < log_loss(y, learned)


def test_counts_of_patients_are_told_in_the_names_of_the_classes():
    names = np.array(["healthy", "pneumonia"])
    y, p = of_counts(8, 2, 3, 7)
    X = np.append([0, 0], p)[:, None]
    options = {"cv": [([0, 1], np.arange(2, 22))], "pos_label": "pneumonia", "baseline": False}

    class Named(FromColumn):
        def predict(self, X):
            return self.classes_[super().predict(X)]

    labels = names[np.append([0, 1], y)]
    result = compare({"model": Named()}, X, labels, **options, **QUIET)
    said = "model finds 8 of 10 samples labeled pneumonia and takes 3 of 10 labeled healthy for "
    assert natural_frequencies(result) == f"{said}pneumonia."
    assert natural_frequencies(result) in repr(result)
    assert "10 images labeled pneumonia" in natural_frequencies(result, noun="image")
    # two images per patient, the second one never found: means of .55 or .45 decide
    X = np.concatenate([[[0], [0]], p[:, None], np.full((20, 1), 0.2)])
    labels = names[np.concatenate([[0, 1], y, y])]
    groups = np.concatenate([[-2, -1], np.arange(20), np.arange(20)])
    options["cv"] = [([0, 1], np.arange(2, 42))]
    result = compare({"model": Named()}, X, labels, groups=groups, **options, **QUIET)
    assert natural_frequencies(result) == (
        "model finds 8 of 10 patients labeled pneumonia and takes 0 of 10 labeled healthy for "
        "pneumonia (images of a patient averaged)."
    )
    # a patient with images of both classes: images are counted
    groups[[2, -1]] = 99
    result = compare({"model": Named()}, X, labels, groups=groups, **options, **QUIET)
    assert "of 20 samples labeled pneumonia" in natural_frequencies(result)


class FailsWhereTold(FromColumn):
    """Fail in training sets that lack the row with a marker."""

    def fit(self, X, y):
        if not (X[:, 1] > 0).any():
            raise RuntimeError("no marker")
        return super().fit(X, y)


def test_failed_fits_are_stated_and_never_counted():
    y, p = of_counts(9, 1, 2, 18)
    X = np.column_stack([p, np.arange(30) == 0])
    models = {"fails": FailsWhereTold(), "works": FromColumn()}
    result = compare(models, X, y, cv=3, repeats=2, error_score=0, **QUIET)
    for frame in (
        result.at().to_frame(),
        result.specificity_at(0.7),
        result.expected_cost([[0, 1], [1, 0]]),
        result.calibration(),
    ):
        assert frame.loc[["fails"]].warnings.str.startswith("failed on 2 of 6 splits").all()
        assert (frame.loc[["works"]].warnings == "").all()
    assert natural_frequencies(result, "fails") == ""
    assert "mean of 2 repeats" in natural_frequencies(result, "works")


def test_folds_and_test_sets_of_one_class(tmp_path):
    y, p = of_counts(9, 3, 3, 9)
    result = compare(
        {"model": FromColumn()}, p[:, None], y, cv=LeaveOneGroupOut(), groups=np.arange(24), **QUIET
    )
    [record] = result.at().records
    assert record.ppv.mean == pytest.approx(9 / 12)
    assert record.lr_positive.low < record.lr_positive.mean == pytest.approx(3)
    assert result.specificity_at(0.8).specificity.item() == pytest.approx(0.75)
    ill = compared(np.ones(8, dtype=int), np.linspace(0.1, 0.8, 8))
    [record] = ill.at().records
    assert record.prevalence == 1
    assert np.isnan(record.ppv.mean)
    assert ill.specificity_at(0.5).specificity.isna().all()
    assert natural_frequencies(ill) == ""
    page = tmp_path / "report.html"
    ill.to_html(page)
    assert "What it means in the clinic" in page.read_text("utf-8")


def test_what_is_not_about_two_classes_is_refused():
    y = np.arange(30) % 3
    three = compare({"echo": Echo()}, y[:, None], y, repeats=1, **QUIET)
    lesions = make_lesions(12, size=16, random_state=0)
    masks = compare({"b": Brighter()}, lesions.images, lesions.masks, cv=2, repeats=1, **QUIET)
    for result, words in ((three, "two classes, but there are 3"), (masks, "is of masks")):
        for call in (result.at, result.specificity_at, result.net_benefit, result.calibration):
            with pytest.raises(ValueError, match=words):
                call()
        assert natural_frequencies(result) == ""
        assert repr(result).splitlines()[1].split()[0] not in ("sensitivity", "specificity")
    with pytest.raises(ValueError, match="is of masks"):
        masks.expected_cost([[0, 1], [1, 0]])


def test_tables_of_two_classes_start_with_what_clinicians_ask_for():
    y, p = of_counts(30, 10, 10, 30)
    result = compare({"model": FromColumn()}, p[:, None], y, repeats=1, **QUIET)
    head = repr(result).splitlines()[2]
    assert head.split()[:4] == ["sensitivity", "specificity", "ROC", "AUC"]
    assert "balanced accuracy" in head
    assert "Sorted by balanced accuracy." in repr(result)
    assert result.metric().name == "balanced_accuracy"
    html = result._repr_html_()
    assert html.index("Sensitivity") < html.index("ROC AUC") < html.index("Balanced accuracy")
    assert "labeled 1" in html
    assert "PPV" in result.at(0.02)._repr_html_()


@pytest.mark.usefixtures("closed_figures")
def test_decision_curves_are_drawn_with_their_bands():
    y, p = of_counts(30, 10, 10, 30)
    display = NetBenefitDisplay.from_comparison(compared(y, p), thresholds=[0.1, 0.5, 0.9])
    labels = [line.get_label() for line in display.ax_.lines]
    assert labels == ["model", "treat all", "treat none"]
    assert len(display.ax_.collections) == 1
    assert display.ax_.get_ylim()[1] > display.prevalence == 0.5
    drawn = compared(y, p).plot("net benefit")
    assert len(drawn.curves.threshold.unique()) == 99


def test_repeats_widen_intervals_of_pooled_rows_by_training():
    draws = np.random.default_rng(0)
    y = np.arange(80) % 2
    X = draws.normal(size=(80, 10)) + 0.5 * y[:, None]
    result = compare({"bayes": GaussianNB()}, X, y, cv=4, repeats=4, **QUIET)
    row = result.net_benefit(0.5).iloc[0]
    values = [
        np.where(p >= 0.5, np.where(y == 1, 1.0, -1.0), 0.0)
        for p in (result.probabilities("bayes", repeat)[:, 1] for repeat in range(4))
    ]
    assert row.net_benefit == pytest.approx(np.mean(values))
    alone = 2 * stats.t.ppf(0.975, 79) * np.mean(values, axis=0).std(ddof=1) / np.sqrt(80)
    assert row.high - row.low > alone

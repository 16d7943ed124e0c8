"""Learning curves by patients: nested subsets, scikit-learn's scores, and the law through them."""

import numpy as np
import pytest
from joblib import parallel_config
from scipy.optimize import curve_fit
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import learning_curve as sklearn_learning_curve
from sklearn.naive_bayes import GaussianNB

from skmedimg.datasets import make_lesions
from skmedimg.evaluation import compare, learning_curve
from skmedimg.evaluation.statistics._intervals import corrected_interval
from skmedimg.evaluation.statistics._inverse_power_law import InversePowerLaw
from tests.evaluation._estimators import Brighter, Counted, CountedBayes

SIZES = np.array([20, 35, 60, 100, 180])
SPLITS = np.array([-0.03, -0.01, 0.0, 0.015, 0.025])  # a mean of 0


def fitted(law, test_to_train=0.0, sizes=SIZES, noise=0.0, **settings):
    scores = law(sizes)[:, None] + SPLITS + noise
    return InversePowerLaw(**{"low": 0.0, "high": 1.0} | settings).fit(sizes, scores, test_to_train)


@pytest.fixture(scope="module")
def patients():
    """80 patients of 1 to 3 images, a quarter of them ill: (X, y, groups)."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(80), rng.integers(1, 4, 80))
    y = (groups % 4 == 0).astype(int)
    return rng.standard_normal((len(y), 12)) + 0.6 * y[:, None], y, groups


@pytest.fixture(scope="module")
def curve(patients):
    X, y, groups = patients
    models = {"bayes": GaussianNB(), "lda": LinearDiscriminantAnalysis()}
    scoring = ["roc_auc", "log_loss", "calibration_slope"]
    return learning_curve(
        models, X, y, groups=groups, cv=4, repeats=2, scoring=scoring, random_state=0, verbose=0
    )


def test_subsets_are_nested_whole_patients_of_every_class(curve, patients):
    _, y, groups = patients
    assert curve.train_sizes[0] == int(0.15 * curve.train_sizes[-1])
    tests = [[split.test.tolist() for split in each.splits] for each in curve.comparisons]
    assert all(each == tests[0] for each in tests)
    for number, _ in enumerate(tests[0]):
        smaller = set()
        for size, comparison in zip(curve.train_sizes, curve.comparisons, strict=True):
            split = comparison.splits[number]
            drawn = np.unique(groups[split.train])
            assert len(drawn) == size
            assert not set(drawn) & set(groups[split.test])
            assert len(split.train) == np.isin(groups, drawn).sum()
            ill = np.sum(drawn % 4 == 0)
            assert abs(ill - size / 4) <= 1.5
            assert smaller <= set(drawn)
            smaller = set(drawn)


def test_the_repeats_of_the_folds_are_kept(curve, patients):
    X, y, groups = patients
    whole = compare(
        GaussianNB(), X, y, groups=groups, cv=4, repeats=2, random_state=0, verbose=0, audit=False
    )
    for ours, theirs in zip(curve.comparisons[0].splits, whole.splits, strict=True):
        assert (ours.repeat, ours.fold) == (theirs.repeat, theirs.fold)
        np.testing.assert_array_equal(ours.test, theirs.test)


@pytest.mark.filterwarnings("ignore:No inverse power law")
def test_scores_are_those_of_scikit_learn_on_the_same_subsets(patients):
    X, y, _ = patients
    curve = learning_curve(
        {"lda": LinearDiscriminantAnalysis()},
        X,
        y,
        train_sizes=[20, 40, 60, 90],
        cv=3,
        repeats=1,
        scoring="roc_auc",
        random_state=0,
        verbose=0,
    )
    pairs = []
    for of_sizes in zip(*(each.splits for each in curve.comparisons), strict=True):
        # scikit-learn takes the first rows of a training set: the smallest subset, then the rest.
        added = [
            np.setdiff1d(b.train, a.train) for a, b in zip(of_sizes, of_sizes[1:], strict=False)
        ]
        pairs.append((np.concatenate([of_sizes[0].train, *added]), of_sizes[0].test))
    sizes, _, expected = sklearn_learning_curve(
        LinearDiscriminantAnalysis(),
        X,
        y,
        train_sizes=[20, 40, 60, 90],
        cv=pairs,
        scoring="roc_auc",
    )
    np.testing.assert_array_equal(curve.train_sizes, sizes)
    np.testing.assert_allclose(curve.test_scores("lda"), expected)


def test_the_same_seed_gives_the_same_curve_side_by_side_or_not(curve, patients):
    X, y, groups = patients
    with parallel_config("threading"):
        again = learning_curve(
            {"bayes": GaussianNB()},
            X,
            y,
            groups=groups,
            cv=4,
            repeats=2,
            scoring="roc_auc",
            random_state=0,
            verbose=0,
            n_jobs=2,
        )
    np.testing.assert_array_equal(again.test_scores("bayes"), curve.test_scores("bayes"))
    other = learning_curve(
        {"bayes": GaussianNB()},
        X,
        y,
        groups=groups,
        cv=4,
        repeats=2,
        scoring="roc_auc",
        random_state=1,
        verbose=0,
    )
    assert not np.array_equal(other.test_scores("bayes"), curve.test_scores("bayes"))


def test_tables_hold_the_scores_and_intervals_of_the_comparisons(curve):
    frame = curve.to_frame()
    chosen = frame[(frame.estimator == "lda") & (frame.metric == "log_loss")]
    for size, comparison in zip(curve.train_sizes, curve.comparisons, strict=True):
        values = chosen[chosen.train_size == size].value
        np.testing.assert_array_equal(values, comparison.values("lda", "log_loss"))
        expected = comparison.interval("lda", "log_loss")
        row = curve.summary("log_loss").loc[("lda", size)]
        assert tuple(row) == (expected.mean, expected.low, expected.high)


def test_it_prints_its_means_and_predictions(curve):
    score, low, high = curve.predict(2 * curve.train_sizes[-1]).loc["lda"]
    text = repr(curve)
    assert f"{score:.3f} [{low:.3f}, {high:.3f}]" in text
    assert "patients" in text
    assert f"{curve.test_scores('lda')[0].mean():.3f}" in text


def test_predictions_are_for_numbers_of_patients_not_far_beyond(curve):
    largest = int(curve.train_sizes[-1])
    with pytest.raises(ValueError, match=f"n={10 * largest + 1} .* {10 * largest}"):
        curve.predict(10 * largest + 1)
    for n in (0, [largest], "many", np.nan):
        with pytest.raises(ValueError, match="n=.* needs a number of patients"):
            curve.predict(n)
    with pytest.warns(UserWarning, match="more than 3 times"):
        curve.predict(3 * largest + 1)
    with pytest.raises(ValueError, match="confidence=2"):
        curve.predict(largest, confidence=2)


def test_a_metric_without_a_better_side_has_no_law(curve):
    assert "neither a higher nor a lower" in curve.law("lda", "calibration_slope").reason_
    with pytest.warns(UserWarning, match="No inverse power law was fitted to"):
        assert curve.predict(50, "calibration_slope").isna().all(axis=None)


@pytest.mark.parametrize(
    ("train_sizes", "match"),
    [
        ([0.0, 1.0], "above 0"),
        ([0.5, 1.5], "above 0"),
        ([5, 1000], "whole numbers from 1 to"),
        ([2, 40], "lack a class"),
        ([], "needs a list"),
        (0.5, "needs a list"),
        (["all"], "needs a list"),
        ([True, False], "needs a list"),
    ],
)
def test_train_sizes_that_cannot_be_drawn_are_refused(patients, train_sizes, match):
    X, y, groups = patients
    with pytest.raises(ValueError, match=f"train_sizes=.*{match}"):
        learning_curve(
            GaussianNB(), X, y, groups=groups, train_sizes=train_sizes, cv=3, repeats=1, verbose=0
        )


@pytest.mark.filterwarnings("ignore:No inverse power law")
def test_validation_sets_stay_beside_every_size(patients):
    X, y, groups = patients
    parts = [np.flatnonzero(np.isin(groups // 4 % 4, part)) for part in ([0, 1], [2], [3])]
    curve = learning_curve(
        GaussianNB(),
        X,
        y,
        groups=groups,
        cv=[tuple(parts)],
        scoring="roc_auc",
        random_state=0,
        verbose=0,
    )
    for comparison in curve.comparisons:
        np.testing.assert_array_equal(comparison.splits[0].validation, parts[1])
        np.testing.assert_array_equal(comparison.splits[0].test, parts[2])


def test_segmenters_have_learning_curves():
    data = make_lesions(40, size=16, patients=20, random_state=0)
    with pytest.warns(UserWarning, match="3 training set sizes are too few"):
        curve = learning_curve(
            Brighter(),
            data.images / 255,
            data.masks,
            groups=data.groups,
            cv=2,
            repeats=1,
            train_sizes=[5, 7, 10],
            random_state=0,
            verbose=0,
        )
    assert curve.metric().name == "dice"
    assert curve.test_scores("Brighter").shape == (3, 2)


@pytest.mark.filterwarnings("ignore:No inverse power law")
def test_a_checkpoint_keeps_the_fits_of_every_size(patients, tmp_path):
    X, y, groups = patients
    call = {"groups": groups, "cv": 3, "repeats": 1, "scoring": "roc_auc", "verbose": 0}
    call |= {"random_state": 0, "checkpoint": tmp_path / "curve"}
    first = learning_curve(CountedBayes(), X, y, **call)
    before = Counted.fits
    again = learning_curve(CountedBayes(), X, y, **call)
    assert Counted.fits == before
    np.testing.assert_array_equal(
        again.test_scores("CountedBayes"), first.test_scores("CountedBayes")
    )


@pytest.mark.parametrize(
    ("a", "b", "c"), [(0.9, 1.2, 0.7), (0.97, 0.5, 0.3), (0.85, 6.0, 1.3), (1.0, 0.9, 0.4)]
)
def test_a_law_without_noise_is_recovered(a, b, c):
    law = fitted(lambda n: a - b * n**-c)
    np.testing.assert_allclose([law.a_, law.b_, law.c_], [a, b, c], rtol=1e-5)
    np.testing.assert_allclose(law.predict([700])[0], a - b * 700**-c)


def test_errors_fall_by_the_mirrored_law():
    law = fitted(lambda n: 0.2 + 3 * n**-0.8, higher_is_better=False, low=0.0, high=None)
    np.testing.assert_allclose([law.a_, law.b_, law.c_], [0.2, 3, 0.8], rtol=1e-5)
    score, low, high = (each[0] for each in law.predict([500]))
    assert score == pytest.approx(0.2 + 3 * 500**-0.8)
    assert low < score < high


def test_the_fit_is_scipys_weighted_least_squares():
    noise = 0.01 * np.array([[1.0], [-1], [0.5], [1], [-0.5]])
    law = fitted(lambda n: 0.8 - 2 * n**-0.9, noise=noise)
    expected, _ = curve_fit(
        lambda n, a, b, c: a - b * n**-c,
        SIZES,
        0.8 - 2 * SIZES**-0.9 + noise[:, 0],
        p0=(0.8, 2, 0.9),
        sigma=np.arange(1, 6) ** -0.5,  # the k-th of the sizes weighs k
    )
    np.testing.assert_allclose([law.a_, law.b_, law.c_], expected, rtol=1e-4)


def test_the_limit_of_a_score_stays_in_its_range():
    law = fitted(lambda n: 1.1 - 1.5 * n**-0.4)
    expected, _ = curve_fit(
        lambda n, b, c: 1 - b * n**-c,
        SIZES,
        1.1 - 1.5 * SIZES**-0.4,
        p0=(1.5, 0.4),
        sigma=np.arange(1, 6) ** -0.5,
    )
    np.testing.assert_allclose([law.a_, law.b_, law.c_], [1.0, *expected], rtol=1e-4)
    assert fitted(lambda n: 1.1 - 1.5 * n**-0.4, high=None).a_ == pytest.approx(1.1)
    assert (np.array(law.predict([10_000])) <= 1).all()


def test_the_band_of_curves_that_differ_by_a_constant_is_the_corrected_interval():
    law = fitted(lambda n: 0.8 - 2 * n**-0.9, 0.25, high=None, low=None)
    score, low, high = law.predict([360])
    expected = corrected_interval(0.8 - 2 * 360**-0.9 + SPLITS, 0.25)
    np.testing.assert_allclose([score[0], low[0], high[0]], expected, atol=0.006)
    assert expected[2] - expected[1] > 0.06


def test_one_split_has_a_law_without_limits():
    law = InversePowerLaw().fit(SIZES, (0.8 - 2 * SIZES**-0.9)[:, None])
    score, low, high = law.predict([360])
    assert score == pytest.approx(0.8 - 2 * 360**-0.9)
    assert np.isnan([low, high]).all()


@pytest.mark.parametrize(
    ("law", "reason"),
    [
        (lambda n: np.full(len(n), 0.8), "do not clearly get better"),
        (lambda n: 0.8 - 1e-4 * n, "do not clearly get better"),
        (lambda n: 0.5 + 0.05 * np.log(n), "logarithm"),
        (lambda n: np.where(n < 30, 0.6, 0.8), "only the smallest"),
    ],
)
def test_scores_that_determine_no_law_say_so(law, reason):
    found = fitted(law, noise=0.001 * np.diag([1.0, -1, 1, -1, 1]), high=None)
    assert reason in found.reason_
    assert np.isnan([found.a_, found.b_, found.c_, *np.ravel(found.predict([500]))]).all()


def test_three_sizes_and_failed_splits_determine_no_law():
    few = fitted(lambda n: 0.9 - n**-0.7, sizes=SIZES[:3])
    assert "3 training set sizes" in few.reason_
    scores = np.tile((0.9 - SIZES**-0.7)[:, None], 2)
    scores[0, 0] = scores[1, 1] = np.nan
    assert "no split" in InversePowerLaw().fit(SIZES, scores).reason_
    scores[1, 1] = 0.9 - SIZES[1] ** -0.7  # one split of two is whole again
    assert InversePowerLaw().fit(SIZES, scores).a_ == pytest.approx(0.9)


def test_a_flat_curve_warns_instead_of_predicting(patients):
    X, y, groups = patients
    noise = np.random.default_rng(1).standard_normal(X.shape)
    with pytest.warns(UserWarning, match="No inverse power law was fitted to GaussianNB"):
        curve = learning_curve(
            GaussianNB(),
            noise,
            y,
            groups=groups,
            cv=3,
            repeats=1,
            scoring="roc_auc",
            random_state=0,
            verbose=0,
        )
    assert np.isnan(curve.law("GaussianNB").a_)
    assert "do not clearly get better" in repr(curve)

"""Scores of subgroups, by hand and by other libraries, and the gaps that are and are not shown."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk
from sklearn.linear_model import LogisticRegression
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from skmedimg import compare
from skmedimg.evaluation.subgroups._group_scores import gap_limits
from skmedimg.evaluation.subgroups._levels import split_levels
from skmedimg.evaluation.subgroups._subgroups import holm
from tests.evaluation._estimators import FromColumn, MasksFromX

pytestmark = pytest.mark.usefixtures("closed_figures")
QUIET = {"verbose": 0, "audit": False, "random_state": 0}


def study(n_patients=120, images=2, planted=0.0, seed=0):
    """Return X (a probability), y, patients and columns; a plant makes one group guess."""
    draws = np.random.default_rng(seed)
    patient = np.repeat(np.arange(n_patients), images)
    y = draws.integers(0, 2, n_patients)[patient]
    sex, age = draws.choice(["f", "m"], n_patients)[patient], draws.integers(20, 90, n_patients)
    age = age[patient].astype(float)
    age[patient == 3] = np.nan
    signal = np.where(sex == "m", 1 - planted, 1) * 1.5 * (2 * y - 1)
    noise = draws.normal(size=n_patients)[patient] + draws.normal(size=len(y))
    probability = 1 / (1 + np.exp(-(signal + noise)))
    return probability[:, None], y, patient, pd.DataFrame({"sex": sex, "age": age})


def compared(X, y, patients, columns, **options):
    options = {"cv": 4, "repeats": 1, **QUIET} | options
    return compare({"model": FromColumn()}, X, y, groups=patients, columns=columns, **options)


@pytest.fixture(scope="module")
def result():
    return compared(*study())


@pytest.mark.parametrize(
    ("metric", "oracle"),
    [
        ("accuracy", lambda y, p: sk.accuracy_score(y, p > 0.5)),
        ("balanced_accuracy", lambda y, p: sk.balanced_accuracy_score(y, p > 0.5)),
        ("sensitivity", lambda y, p: sk.recall_score(y, p > 0.5)),
        ("specificity", lambda y, p: sk.recall_score(y, p > 0.5, pos_label=0)),
        ("f1", lambda y, p: sk.f1_score(y, p > 0.5)),
        ("brier", lambda y, p: sk.brier_score_loss(y, p)),
        ("log_loss", lambda y, p: sk.log_loss(y, p)),
    ],
)
def test_scores_of_groups_are_those_of_scikit_learn_on_their_rows(result, metric, oracle):
    X, y, _, columns = study()
    for each in result.by("sex", metric=metric).records:
        rows = (columns.sex == each.group).to_numpy()
        assert each.score == pytest.approx(oracle(y[rows], X[rows, 0]))
        assert (each.images, each.positives) == (rows.sum(), y[rows].sum())
        assert each.low < each.score < each.high


def test_ranking_scores_of_groups_are_weighted_means_of_their_folds(result):
    X, y, _, columns = study()
    for metric, oracle in (("roc_auc", sk.roc_auc_score), ("average_precision", None)):
        oracle = oracle or sk.average_precision_score
        for each in result.by("sex", metric=metric).records:
            folds = [s.test[columns.sex[s.test] == each.group] for s in result.splits]
            values = [oracle(y[rows], X[rows, 0]) for rows in folds]
            positives = [y[rows].sum() for rows in folds]
            pairs = [n * (len(rows) - n) for n, rows in zip(positives, folds, strict=True)]
            weights = pairs if metric == "roc_auc" else positives
            assert each.score == pytest.approx(np.average(values, weights=weights))


# fairlearn 0.15: by_group and difference() of MetricFrame(metrics=..., y_true=y,
# y_pred=(X[:, 0] > 0.5).astype(int), sensitive_features=columns.sex) of study().
FAIRLEARN = {
    "accuracy": (0.7909090909090909, 0.8384615384615385, 0.047552447552447585),
    "balanced_accuracy": (0.7906746031746033, 0.8403996101364523, 0.049725006961849005),
    "sensitivity": (0.8035714285714286, 0.8289473684210527, 0.025375939849624052),
    "specificity": (0.7777777777777778, 0.8518518518518519, 0.07407407407407407),
    "f1": (0.7964601769911505, 0.8571428571428571, 0.060682680151706636),
}


@pytest.mark.parametrize("metric", list(FAIRLEARN))
def test_scores_and_gaps_of_groups_are_those_of_fairlearn(result, metric):
    found = result.by("sex", metric=metric).to_frame().set_index("group")
    of_women, of_men, difference = FAIRLEARN[metric]
    assert found.score["f"] == pytest.approx(of_women)
    assert found.score["m"] == pytest.approx(of_men)
    assert abs(found.gap["f"]) == pytest.approx(difference)


def test_the_interval_of_a_group_of_single_images_is_that_of_its_mean():
    X, y, _, columns = study(images=1)
    found = compared(X, y, None, columns, cv=[(np.arange(10), np.arange(10, 120))])
    for each in found.by("sex", metric="brier").records:
        rows = np.arange(10, 120)[(columns.sex == each.group).to_numpy()[10:]]
        values = 2 * (X[rows, 0] - y[rows]) ** 2 / 2
        error = values.std(ddof=1) / np.sqrt(len(values))
        assert (each.high - each.low) / 2 / error == pytest.approx(2, rel=0.1)


def test_limits_of_a_gap_are_newcombes():
    low, high = proportion_confint([56, 48], [70, 80], method="wilson")
    found = gap_limits(56 / 70, (low[0], high[0]), 48 / 80, (low[1], high[1]))
    expected = confint_proportions_2indep(56, 70, 48, 80, compare="diff", method="newcomb")
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(found, (0.0524, 0.3339), atol=5e-5)  # table II of the paper


def test_adjusted_p_values_are_holms():
    p_values = np.random.default_rng(0).random(20) ** 3
    np.testing.assert_allclose(holm(p_values), multipletests(p_values, method="holm")[1])
    assert len(holm([])) == 0


def test_a_planted_gap_is_found_and_its_direction():
    found = compared(*study(planted=1.0)).by("sex", "age")
    assert found.worst.title == "sex m"
    women, men, *_ = found.records
    assert men.p_adjusted < 0.01
    assert men.gap == pytest.approx(-women.gap)
    assert (men.p_value, men.p_adjusted) == (women.p_value, women.p_adjusted)
    assert found.n_tests == 1 + 4  # the two sexes are one test
    assert "sex m" in found.conclusion
    assert "5 gaps" in found.conclusion


def test_without_a_gap_the_conclusion_says_what_would_have_been_found(result):
    found = result.by("sex")
    assert "do not show a gap" in found.conclusion
    assert f"{found.worst.detectable:.2f} would be found with 80 % power" in found.conclusion
    assert found.worst.p_adjusted > 0.05


def test_limits_and_p_values_of_a_gap_agree(result):
    found = result.by("sex", "age", metric="accuracy").records
    for each in (each for each in found if each.tested):
        assert (each.p_value < 0.05) == (each.gap_low > 0 or each.gap_high < 0)
    at_p = result.by("sex", metric="accuracy", confidence=1 - found[0].p_value).records[0]
    assert min(abs(at_p.gap_low), abs(at_p.gap_high)) == pytest.approx(0, abs=1e-6)


def test_missing_values_are_a_row_of_their_own_and_small_groups_are_not_tested(result):
    *ages, missing = result.by("age").records
    assert (missing.group, missing.patients, missing.images) == ("missing", 1, 2)
    assert missing.note == "fewer than 10 patients"
    assert np.isnan(missing.p_value)
    assert sum(each.patients for each in ages) == 119
    small = result.by("age", bins={"age": [22]}).records[0]
    assert not small.tested
    assert np.isfinite(small.score) or small.positives in (0, small.images)


def test_a_group_of_one_class_says_so():
    X, y, patients, columns = study()
    columns["clinic"] = np.where((y == 1) & (patients % 2 == 0), "late", "early")
    found = compared(X, y, patients, columns).by("clinic").records
    assert [each.note for each in found] == ["one class only", "one class only"]


def test_a_perfect_group_has_the_exact_limit_of_its_patients():
    X, y, patients, columns = study()
    women = (columns.sex == "f").to_numpy()
    X = np.where(women[:, None], y[:, None] * 0.8 + 0.1, X)
    found = compared(X, y, patients, columns).by("sex", metric="accuracy").records[0]
    n = min(len(set(patients[women & (y == label)])) for label in (0, 1))
    assert (found.score, found.high) == (1, 1)
    assert found.low == pytest.approx(0.025 ** (1 / n))
    assert found.p_value < 0.05


def test_numbers_are_cut_where_asked_and_at_their_quartiles():
    values = pd.Series([20, 30, 40, 50, 60, 70, 80, None], name="age", dtype=float)
    assert [label for label, _ in split_levels(values, [40, 65])] == [
        "< 40",
        "40 to < 65",
        "≥ 65",
        "missing",
    ]
    halves = split_levels(values, 2)
    assert [label for label, _ in halves] == ["< 50", "≥ 50", "missing"]
    assert len(split_levels(values)) == 5
    assert [label for label, _ in split_levels(pd.Series([0, 1, 1], name="sex"))] == ["0", "1"]
    assert [label for label, _ in split_levels(pd.Series([np.nan, np.nan]))] == ["missing"]


def test_patients_of_two_groups_are_counted_in_both_and_make_their_scores_vary_together():
    X, y, patients, columns = study()
    columns["view"] = ["front", "side"] * 120
    found = compared(X, y, patients, columns).by("view", metric="accuracy")
    front, side = found.records
    assert front.patients == side.patients == 120
    other = study(seed=1)
    columns["view"] = np.where(other[2] % 2, "front", "side")
    apart = compared(X, y, patients, columns).by("view", metric="accuracy").records[0]
    assert front.gap_high - front.gap_low < apart.gap_high - apart.gap_low


def test_masks_have_subgroups_too():
    truth = np.zeros((40, 8, 8), dtype=int)
    truth[:, 2:6, 2:6] = 1
    predicted = truth.copy()
    predicted[::2, 2:4] = 0
    columns = {"scanner": ["old", "new"] * 20}
    result = compare(
        {"copy": MasksFromX()},
        np.stack([predicted, truth], 1),
        truth,
        columns=columns,
        cv=4,
        repeats=1,
        **QUIET,
    )
    new, old = result.by("scanner").records
    assert new.score == 1
    assert old.score == pytest.approx(2 * 8 / (8 + 16))
    assert new.positives is None


def test_repeats_widen_intervals_by_what_training_changes():
    X, y, patients, columns = study()
    draws = np.random.default_rng(0)
    features = np.column_stack([X, draws.normal(size=(len(X), 20))])
    result = compare(
        {"model": LogisticRegression(C=10)},
        features,
        y,
        groups=patients,
        columns=columns,
        cv=4,
        repeats=3,
        **QUIET,
    )
    found = result.by("sex").records[0]
    assert found.low < found.score < found.high
    assert result.by_patient().by("sex").records[0].images == found.patients


def test_failed_fits_are_left_out(result):
    folds = result.fold_results["model"]
    failed = replace(
        folds[0], predictions=None, failure="no", scores=dict.fromkeys(folds[0].scores, np.nan)
    )
    partial = replace(result, fold_results=result.fold_results | {"model": (failed, *folds[1:])})
    assert np.isfinite(partial.by("sex").records[0].score)


def test_tables_and_drawings_show_every_subgroup(result):
    found = result.by("sex", "age", bins={"age": [40, 65]})
    frame = found.to_frame()
    assert frame.group.tolist()[1:] == ["f", "m", "< 40", "40 to < 65", "≥ 65", "missing"]
    assert frame.score[0] == result.interval("model").mean
    assert "age ≥ 65" in repr(found)
    assert "age ≥ 65" in found._repr_html_()
    assert len(found.plot().ax_.get_yticklabels()) == 7


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda r: r.by(), "at least one column"),
        (lambda r: r.by("weight"), "'weight' is not a patient column"),
        (lambda r: r.by("sex", bins={"sex": 2}), "holds text"),
        (lambda r: r.by("sex", bins={"age": 2}), "not among by"),
        (lambda r: r.by("age", bins={"age": [60, 40]}), "rising edges"),
        (lambda r: r.by("age", bins={"age": 1}), "from 2 to 12"),
        (lambda r: r.by("sex", min_patients=1), "min_patients=1"),
        (lambda r: r.by("sex", name="tree"), "'tree'"),
        (lambda r: replace(r, columns=None).by("sex"), "pass columns= to compare"),
        (lambda r: r.table_one(median=["weight"]), "'weight'"),
    ],
)
def test_what_cannot_be_answered_is_refused(result, call, words):
    with pytest.raises(ValueError, match=words):
        call(result)


def test_free_text_is_refused_with_the_limit(result):
    notes = pd.DataFrame({"notes": [f"note {n}" for n in range(240)]})
    with pytest.raises(ValueError, match="240 different texts.*limit of 12"):
        replace(result, columns=notes).by("notes")


def test_table_one_counts_patients_by_class_with_gaps_in_rows_of_their_own(result):
    _, y, patients, columns = study()
    table = result.table_one(median=["age"])
    first = columns.groupby(patients).first().assign(y=pd.Series(y).groupby(patients).first())
    assert table.loc[("images", "n")].tolist() == ["240", f"{(y == 0).sum()}", f"{(y == 1).sum()}"]
    assert table.loc[("patients", "n"), "all"] == "120"
    women = first[first.sex == "f"]
    assert table.loc[("sex", "f"), "all"] == f"{len(women)} ({len(women) / 1.2:.1f} %)"
    ill = first[first.y == 1]
    assert table.loc[("age", "median [IQR]"), "1"] == (
        f"{ill.age.median():.1f} [{ill.age.quantile(0.25):.1f}, {ill.age.quantile(0.75):.1f}]"
    )
    assert table.loc[("age", "missing"), "all"] == "1 (0.8 %)"
    mean = result.table_one().loc[("age", "mean (SD)"), "all"]
    assert mean == f"{first.age.mean():.1f} ({first.age.std():.1f})"
    assert ("sex", "missing") not in table.index


def test_table_one_has_external_sets_beside_the_development_data():
    X, y, patients, columns = study(40)
    result = compared(X, y, patients, columns, external={"Cairo": (X[:20], y[:20], patients[:20])})
    table = result.table_one()
    assert table.columns.get_level_values(0).unique().tolist() == ["development", "Cairo"]
    assert table.loc[("patients", "n"), ("Cairo", "all")] == "10"
    assert table.loc[("images", "n"), ("development", "1")] == f"{y.sum()}"
    assert table.loc[("sex", "f"), ("Cairo", "all")] == "–"
    assert result.exclusions().step.tolist()[-1] == "external set Cairo"
    frame = result.checklist("CLAIM").to_frame().set_index("number")
    assert frame.status["33"] == "answered"
    assert "On Cairo (20 images), model had a balanced accuracy of" in result.results_text()

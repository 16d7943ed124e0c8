"""External sets: fitted on all of the development data, and compared with it."""

import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, recall_score, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.svm import LinearSVC

from skmedimg import HOG, Pipeline, compare
from skmedimg.datasets import make_lesions
from skmedimg.evaluation import Comparison, evaluate
from skmedimg.evaluation._records import Interval
from skmedimg.evaluation.external._recalibration import recalibrate
from skmedimg.evaluation.external._score_drop import score_drop
from skmedimg.evaluation.external._set_shift import standardized_difference
from skmedimg.saving import save
from tests.evaluation._estimators import Brighter, CountedBayes, FromColumn

HOG_MODEL = Pipeline([HOG(pixels_per_cell=8, cells_per_block=1), LogisticRegression()])
QUIET = {"random_state": 0, "verbose": 0}
LABELS = np.array(["healthy", "ill"])


def lesions(n, seed, dark=False):
    """Return images, labels as text and patients; those of the dark scanner have less contrast."""
    data = make_lesions(n, size=24, patients=n // 2, noise=0.1, random_state=seed)
    images = (data.images * 0.6).astype(np.uint8) if dark else data.images
    return images, LABELS[data.target], data.groups


@pytest.fixture(scope="module")
def result():
    X, y, groups = lesions(80, 0)
    return compare(
        {"HOG": HOG_MODEL, "SVM": Pipeline([HOG(pixels_per_cell=8), LinearSVC()])},
        X,
        y,
        groups=groups,
        external={"Cairo": lesions(60, 1, dark=True)},
        cv=3,
        repeats=2,
        pos_label="ill",
        **QUIET,
    )


def test_a_model_is_fitted_on_all_development_data(result):
    X, y, _ = lesions(80, 0)
    X2, y2, _ = lesions(60, 1, dark=True)
    model = clone(HOG_MODEL).fit(X, y)
    found = result.external["Cairo"]
    probabilities = model.predict_proba(X2)
    np.testing.assert_allclose(found.probabilities("HOG"), probabilities, rtol=1e-5)
    assert (found.predictions("HOG") == model.predict(X2)).all()
    scores = {name: found.interval("HOG", name).mean for name in ("roc_auc", "balanced_accuracy")}
    assert scores["roc_auc"] == pytest.approx(roc_auc_score(y2 == "ill", probabilities[:, 1]))
    assert scores["balanced_accuracy"] == pytest.approx(
        balanced_accuracy_score(y2, model.predict(X2))
    )
    np.testing.assert_allclose(found.interval("majority class", "accuracy").mean, 0.5)


def test_other_scores_do_not_change(result):
    X, y, groups = lesions(80, 0)
    alone = compare(
        {"HOG": HOG_MODEL}, X, y, groups=groups, cv=3, repeats=2, pos_label="ill", **QUIET
    )
    assert (alone.values("HOG", "roc_auc") == result.values("HOG", "roc_auc")).all()


def test_the_interval_is_over_the_patients_of_the_set():
    rng = np.random.RandomState(0)
    chance, y = rng.uniform(size=60), rng.randint(2, size=60)
    model = FromColumn().fit(chance[:, None], y)
    found = evaluate(model, chance[:, None], y, scoring="sensitivity")
    n, share = y.sum(), recall_score(y, chance > 0.5)
    # the t interval of a mean, on the logit scale
    error = np.sqrt(share * (1 - share) / (n - 1)) / (share * (1 - share))
    reach = stats.t.ppf(0.975, n - 1) * error
    limits = 1 / (1 + np.exp(-np.log(share / (1 - share)) - np.array([-reach, reach])))
    interval = found.interval("FromColumn")
    np.testing.assert_allclose((interval.low, interval.high), limits)
    rows = np.repeat(np.arange(60), 2)  # a second image of each patient says nothing more
    again = evaluate(model, chance[rows, None], y[rows], groups=rows, scoring="sensitivity")
    assert again.interval("FromColumn").high == pytest.approx(interval.high)


def test_a_drop_is_newcombes_difference_of_proportions():
    # Newcombe 1998, table II, (a): 56/70 and 48/80; also statsmodels' confint_proportions_2indep.
    wilson = [stats.binomtest(k, n).proportion_ci(method="wilson") for k, n in ((56, 70), (48, 80))]
    internal, external = (
        Interval(share, each.low, each.high, "")
        for share, each in zip((0.8, 0.6), wilson, strict=True)
    )
    drop = score_drop(internal, external)
    np.testing.assert_allclose((drop.mean, drop.low, drop.high), (0.2, 0.0524315, 0.3338727), 1e-5)


def test_drops_are_internal_minus_external(result):
    drops = result.drops("roc_auc")
    row = drops.loc["Cairo", "HOG"]
    assert row["internal"] == result.interval("HOG", "roc_auc").mean
    assert row["external high"] == result.external["Cairo"].interval("HOG", "roc_auc").high
    assert row["drop"] == pytest.approx(row["internal"] - row["external"])
    assert row["drop low"] < row["drop"] < row["drop high"]
    assert "Cairo (60 samples), HOG: balanced accuracy" in str(result)


def test_the_shift_table_has_counts_shares_and_image_facts(result):
    table = result.external["Cairo"].shift_table()
    X, X2 = lesions(80, 0)[0] / 255, lesions(60, 1, dark=True)[0] / 255
    means, means2 = X.mean((1, 2)), X2.mean((1, 2))
    assert table.loc["patients", ["development", "external"]].tolist() == [40, 30]
    assert table.loc["class ill", "difference"] == 0
    row = table.loc["mean brightness"]
    assert row["external"] == pytest.approx(means2.mean(), abs=1e-4)
    spread = np.sqrt((means.var(ddof=1) + means2.var(ddof=1)) / 2)
    assert row["difference"] == pytest.approx((means2.mean() - means.mean()) / spread, abs=0.01)
    assert table.loc["contrast", "difference"] < -1


def test_a_standardized_difference_of_shares_by_hand():
    # Austin 2009: (0.3 - 0.5) / sqrt((0.5 * 0.5 + 0.3 * 0.7) / 2)
    assert standardized_difference(0.5, 0.3, 0.25, 0.21) == pytest.approx(-0.2 / np.sqrt(0.23))
    assert standardized_difference(1, 2, 0, 0) == np.inf


def test_recalibration_is_an_unpenalized_logistic_regression_of_other_folds():
    rng = np.random.RandomState(0)
    risk, groups = rng.uniform(0.1, 0.9, 300), np.arange(300) // 3
    positive = rng.uniform(size=300) < risk
    odds = 3 * np.log(risk / (1 - risk)) + 1
    expected = np.empty(300)
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    for train, test in folds.split(odds, positive, groups):
        line = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
        line.fit(odds[train, None], positive[train])
        expected[test] = line.predict_proba(odds[test, None])[:, 1]
    found = recalibrate(positive, 1 / (1 + np.exp(-odds)), groups)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    separated = recalibrate(positive, np.where(positive, 0.9, 0.1), groups)
    assert np.isnan(separated).all()


def test_recalibrated_scores(result):
    found = result.external["Cairo"]
    line = found.calibration()
    assert line.index.tolist() == ["HOG"]  # a linear SVM has no probabilities
    assert line["calibration_slope low"].item() < line["calibration_slope"].item()
    again = found.recalibrate()
    assert again.interval("HOG", "log_loss").mean != found.interval("HOG", "log_loss").mean
    chance = again.probabilities("HOG")
    np.testing.assert_allclose(chance.sum(1), 1)
    assert (again.predictions("HOG") == LABELS[(chance[:, 1] > 0.5).astype(int)]).all()


def test_json_keeps_external_sets_and_no_models(result, tmp_path):
    result.to_json(tmp_path / "result.json")
    again = Comparison.from_json(tmp_path / "result.json")
    assert again.drops().equals(result.drops())
    assert again.external["Cairo"].shift_table().equals(result.external["Cairo"].shift_table())
    assert str(again) == str(result)
    assert again.models is None
    result.external["Cairo"].to_json(tmp_path / "cairo.json")
    cairo = Comparison.from_json(tmp_path / "cairo.json")
    assert str(cairo) == str(result.external["Cairo"])
    with pytest.raises(ValueError, match=r"compare\(\.\.\., keep_models=True\)"):
        again.validate("Oslo", *lesions(60, 1))


def test_validate_returns_another_comparison(result):
    more = result.validate("Oslo", *lesions(60, 1))
    assert list(more.external) == ["Cairo", "Oslo"]
    assert list(result.external) == ["Cairo"]
    assert more.drops().loc["Oslo", "HOG"]["external"] == more.external["Oslo"].interval("HOG").mean


def test_patients_of_external_sets(result):
    patients = result.by_patient()
    assert len(patients.external["Cairo"].y) == 30
    assert patients.models is None


def test_an_external_set_of_one_class_has_the_scores_that_exist(result):
    X, y, _ = lesions(60, 1)
    found = result.validate("Ward", X[y == "ill"], y[y == "ill"]).external["Ward"]
    assert 0 <= found.interval("HOG", "accuracy").mean <= 1
    assert np.isnan(found.interval("HOG", "roc_auc").mean)
    assert any("has no image of 'healthy'" in str(warning) for warning in found.warnings)


def test_a_final_fit_that_fails_is_missing():
    class Fails(CountedBayes):
        def fit(self, X, y):
            if len(X) == 80:
                raise RuntimeError("too many")
            return super().fit(X, y)

    X, y, _ = lesions(80, 0)
    rows = X.reshape(80, -1)
    found = compare(
        {"fails": Fails()},
        rows,
        y,
        external={"Cairo": (rows[:40], y[:40])},
        error_score=0.0,
        repeats=1,
        pos_label="ill",
        **QUIET,
    )
    (missing,) = found.external["Cairo"].fold_results["fails"]
    assert missing.failure == "RuntimeError: too many"
    assert np.isnan(found.drops().loc["Cairo", "fails"]["drop"])


def test_masks_of_another_place():
    data = make_lesions(30, size=16, noise=0.0, random_state=0)
    masks = (data.masks > 0).astype(np.uint8)
    found = compare(
        {"bright": Brighter()},
        data.images,
        masks,
        cv=2,
        repeats=1,
        external={"Cairo": (data.images[:10], masks[:10])},
        **QUIET,
    )
    threshold = Brighter().fit(data.images, masks).predict(data.images[:10])
    assert (found.external["Cairo"].predictions("bright") == threshold).all()


def test_a_saved_model_is_evaluated_like_the_fitted_one(tmp_path):
    X, y, groups = lesions(80, 0)
    model = clone(HOG_MODEL).fit(X, y)
    save(model, tmp_path / "hog.skmed", X=X, y=y)
    X2, y2, groups2 = lesions(60, 1)
    found = evaluate(
        {"file": tmp_path / "hog.skmed", "model": model}, X2, y2, groups=groups2, pos_label="ill"
    )
    assert (found.probabilities("file") == found.probabilities("model")).all()
    assert list(evaluate(tmp_path / "hog.skmed", X2, y2, pos_label="ill").names) == ["hog"]
    assert found.tests().conclusions


@pytest.mark.slow
def test_reports_have_external_sets_and_sites(result, tmp_path):
    result.to_html(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert '<section id="external">' in page
    assert "What differs most" in page
    assert "contrast (-" in page
    assert '<section id="sites">' not in page
    result.external["Cairo"].to_html(tmp_path / "cairo.html")
    page = (tmp_path / "cairo.html").read_text("utf-8")
    assert "Evaluation of 2 classifiers on Cairo" in page
    assert "train/test splits" not in page
    X, y, groups = lesions(80, 0)
    by_site = compare(
        {"HOG": HOG_MODEL}, X, y, site=groups % 3, scoring="accuracy", pos_label="ill", **QUIET
    )
    by_site.to_html(tmp_path / "sites.html")
    page = (tmp_path / "sites.html").read_text("utf-8")
    assert "At a new site like these" in page


def test_subgroups_of_an_external_set_are_scored_by_its_patient_columns(tmp_path):
    X, y, groups = lesions(80, 0)
    X2, y2, groups2 = lesions(60, 1)
    sex = np.array(["f", "m"])[groups2 % 2]
    found = compare(
        {"HOG": HOG_MODEL},
        X,
        y,
        groups=groups,
        cv=2,
        repeats=1,
        pos_label="ill",
        audit=False,
        external={"Cairo": (X2, y2, groups2, {"sex": sex})},
        scoring="accuracy",
        keep_models=True,
        **QUIET,
    )
    found.to_json(tmp_path / "r.json")
    for result in (found, Comparison.from_json(tmp_path / "r.json")):
        cairo = result.external["Cairo"]
        scores = cairo.by("sex").to_frame().set_index("group").score
        right = cairo.predictions("HOG") == y2
        assert scores["f"] == pytest.approx(right[sex == "f"].mean())
        assert scores["m"] == pytest.approx(right[sex == "m"].mean())
        n_women = len(np.unique(groups2[sex == "f"]))
        assert f"{n_women} (" in cairo.table_one().to_string()
        assert "Cairo" in result.table_one().columns.get_level_values(0)
    again = found.validate("Giza", X2, y2, groups2, columns={"sex": sex}).external["Giza"]
    assert again.by("sex").to_frame().equals(found.external["Cairo"].by("sex").to_frame())
    with pytest.raises(ValueError, match=r"external\['Giza'\]: columns has 2 rows"):
        found.validate("Giza", X2, y2, groups2, columns={"sex": ["f", "m"]})


def test_a_loaders_data_set_is_an_external_set():
    X, y, groups = lesions(80, 0)
    other = make_lesions(40, size=24, patients=20, random_state=1)
    other.target = LABELS[other.target]
    other.columns = {"scanner": ["a", "b"] * 20}
    found = compare(
        {"HOG": HOG_MODEL},
        X,
        y,
        groups=groups,
        cv=2,
        repeats=1,
        pos_label="ill",
        audit=False,
        external={"Cairo": other},
        **QUIET,
    )
    assert len(np.unique(found.external["Cairo"].groups)) == 20
    assert found.external["Cairo"].columns["scanner"].tolist() == ["a", "b"] * 20

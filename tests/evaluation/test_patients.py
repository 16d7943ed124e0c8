"""One answer per patient: by hand, in row order, and through a comparison."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

from skmedimg import PatientAggregator, ThresholdAt, compare
from skmedimg.evaluation import aggregate_patients
from tests.evaluation._estimators import MasksFromX

IMAGES = np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8], [0.6, 0.4]])
PATIENTS = np.array(["bob", "ann", "bob", "cid"])


@pytest.mark.parametrize(
    ("how", "risks"),
    [
        ("mean", [0.5, (0.1 + 0.8) / 2, 0.4]),
        ("max", [0.5, 0.8, 0.4]),
        ("noisy-or", [0.5, 1 - 0.9 * 0.2, 0.4]),
    ],
)
def test_probabilities_of_patients_are_as_worked_by_hand(how, risks):
    patients, aggregated = aggregate_patients(IMAGES, PATIENTS, how)
    assert patients.tolist() == ["ann", "bob", "cid"]
    np.testing.assert_allclose(aggregated[:, 1], risks)
    np.testing.assert_allclose(aggregated.sum(1), 1)


@pytest.mark.parametrize("how", ["max", "noisy-or"])
def test_the_positive_class_may_be_the_first(how):
    _, forth = aggregate_patients(IMAGES, PATIENTS, how)
    _, back = aggregate_patients(IMAGES[:, ::-1], PATIENTS, how, positive=0)
    np.testing.assert_allclose(back[:, ::-1], forth)


def test_more_classes_take_each_ones_highest_and_have_no_noisy_or():
    images = np.array([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6]])
    _, aggregated = aggregate_patients(images, ["ann", "ann"], "max")
    np.testing.assert_allclose(aggregated, np.array([[0.5, 0.3, 0.6]]) / 1.4)
    with pytest.raises(ValueError, match="needs two classes, but there are 3"):
        aggregate_patients(images, ["ann", "ann"], "noisy-or")


@pytest.mark.parametrize(("groups", "how"), [(PATIENTS[:2], "mean"), (PATIENTS, "median")])
def test_wrong_patients_and_unknown_ways_raise(groups, how):
    with pytest.raises(ValueError, match="groups|how="):
        aggregate_patients(IMAGES, groups, how)


@pytest.fixture(scope="module")
def study():
    """Images of patients: rows, labels, patients."""
    draws = np.random.RandomState(0)
    patients = np.repeat(np.arange(60), 4)
    y = patients % 2
    X = 0.7 * y[:, None] + draws.normal(size=(240, 3)) + 0.4 * draws.normal(size=(60, 3))[patients]
    order = draws.permutation(240)
    return X[order], y[order], patients[order]


def test_rows_keep_their_order_and_get_their_patients_answer(study):
    X, y, patients = study
    model = PatientAggregator(LogisticRegression(), how="mean").fit(X, y)
    rows = model.predict_proba(X, groups=patients)
    images = LogisticRegression().fit(X, y).predict_proba(X)
    for patient in (3, 50):
        wanted = images[patients == patient].mean(0)
        np.testing.assert_allclose(rows[patients == patient], np.tile(wanted, (4, 1)))
    found = model.predict_patients(X, patients)
    np.testing.assert_array_equal(found.patients, np.arange(60))
    np.testing.assert_allclose(found.probabilities[patients], rows)
    np.testing.assert_array_equal(found.predicted[patients], model.predict(X, groups=patients))


def test_without_patients_it_is_the_estimator(study):
    X, y, _ = study
    model = PatientAggregator(LogisticRegression(), how="noisy-or").fit(X, y)
    plain = LogisticRegression().fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))
    assert model.score(X, y) == plain.score(X, y)


def test_a_threshold_can_be_aggregated(study):
    X, y, patients = study
    model = PatientAggregator(ThresholdAt(LogisticRegression(), sensitivity=0.9), how="max")
    model.fit(X, y, groups=patients)
    assert model.estimator_.sensitivity_ >= 0.9


# Through a comparison ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def images(study):
    X, y, patients = study
    models = {"logistic": LogisticRegression(), "bayes": GaussianNB(), "svc": LinearSVC()}
    return compare(models, X, y, groups=patients, random_state=0, verbose=0, repeats=1)


def test_a_comparison_by_patient_scores_patients(images, study):
    X, y, patients = study
    found = images.by_patient("mean")
    assert found.y.tolist() == [patient % 2 for patient in range(60)]
    number, split = 2, images.splits[2]
    fitted = LogisticRegression().fit(X[split.train], y[split.train])
    model = PatientAggregator(fitted).fit(X[split.train], y[split.train])
    wanted = model.predict_patients(X[split.test], patients[split.test])
    np.testing.assert_array_equal(found.splits[number].test, wanted.patients)
    np.testing.assert_allclose(
        found.fold_results["logistic"][number].predictions.decision_scores, wanted.probabilities
    )
    assert found.values("logistic", "roc_auc")[number] == pytest.approx(
        roc_auc_score(wanted.patients % 2, wanted.probabilities[:, 1])
    )
    assert found.values("logistic", "accuracy")[number] == pytest.approx(
        np.mean(wanted.predicted == wanted.patients % 2)
    )


def test_several_images_tell_more_than_one(images):
    by_image, by_patient = (
        found.interval("logistic", "roc_auc").mean for found in (images, images.by_patient())
    )
    assert by_patient > by_image


def test_patients_stay_patients(images):
    found = images.by_patient("max")
    np.testing.assert_array_equal(found.groups, np.unique(images.groups))
    for metric in ("balanced_accuracy", "roc_auc", "log_loss"):
        methods = {one.interval("bayes", metric).method for one in (images, found)}
        assert len(methods) == 1
    np.testing.assert_array_equal(found.by_patient().y, found.y)
    with_groups, without = (one.tests("bayes") for one in (found, replace(found, groups=None)))
    assert with_groups.to_frame().equals(without.to_frame())
    assert "One row per patient" in found.warnings[0].text
    assert {record.test for record in found.tests("bayes").records} >= {"DeLong's test"}
    assert found.predictions("svc").shape == (60,)
    assert len(found.summary()) == 4


def test_segmenters_have_the_means_of_their_patients():
    masks = np.zeros((12, 4, 4), dtype=int)
    masks[:, 1:3, 1:3] = 1
    found = masks.copy()
    found[::3, 1, 1] = 0  # one of four pixels
    patients = np.repeat(np.arange(4), 3)
    more = {"groups": patients, "cv": 2, "repeats": 2, "random_state": 0, "verbose": 0}
    result = compare({"a": MasksFromX(0)}, found[:, None], masks, baseline=False, **more)
    frame = result.to_frame("patients")
    assert frame["images"].tolist() == [3] * 4
    assert sorted(frame["patient"]) == [0, 1, 2, 3]
    assert frame["dice"].to_numpy() == pytest.approx((2 + 6 / 7) / 3)
    assert frame["dice"].mean() == pytest.approx(result.interval("a", "dice").mean)


def test_a_threshold_decides_for_its_patients(study):
    X, y, patients = study
    models = {"held": ThresholdAt(LogisticRegression(), sensitivity=0.95)}
    cv = StratifiedGroupKFold(3)
    found = compare(models, X, y, groups=patients, cv=cv, random_state=0, verbose=0, repeats=1)
    by_max = found.by_patient("max")
    for number, split in enumerate(found.splits):
        images = found.fold_results["held"][number].predictions.predicted
        fold, owner = by_max.fold_results["held"][number], patients[split.test]
        wanted = [images[owner == patient].max() for patient in fold.split.test]
        assert fold.predictions.predicted.tolist() == wanted


def test_a_patient_of_both_classes_is_positive_and_counted(study):
    X, y, patients = study
    y = y.copy()
    y[patients == 0] = [0, 0, 1, 0]
    found = compare(
        {"bayes": GaussianNB()}, X, y, groups=patients, cv=3, random_state=0, verbose=0, repeats=1
    ).by_patient()
    assert found.y[0] == 1
    assert any("1 patient has images of both classes" in warning.text for warning in found.warnings)


def test_a_patient_of_several_of_many_classes_raises(study):
    X, _, patients = study
    y = np.arange(len(X)) % 3
    found = compare(
        {"bayes": GaussianNB()}, X, y, groups=patients, cv=3, random_state=0, verbose=0, repeats=1
    )
    with pytest.raises(ValueError, match="images of several classes"):
        found.by_patient()
    with pytest.raises(ValueError, match="needs one of mean, max, noisy-or"):
        found.by_patient("median")

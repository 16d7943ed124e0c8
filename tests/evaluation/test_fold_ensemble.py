"""FoldEnsemble: the mean of the folds' models, beside scikit-learn's cross_val_predict."""

import numpy as np
import onnxruntime
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    RepeatedStratifiedKFold,
    StratifiedKFold,
    cross_val_predict,
)
from sklearn.naive_bayes import GaussianNB

from skmedimg import HOG, FoldEnsemble, Pipeline, ScratchCNN, ShallowMLP, UNetSegmenter, compare
from skmedimg.datasets import make_lesions
from skmedimg.saving import load, save, to_onnx

X, Y = load_breast_cancer(return_X_y=True)
LESIONS = make_lesions(36, size=16, noise=0.1, patients=12, random_state=0)


def test_it_is_the_mean_of_models_without_their_fold():
    cv = StratifiedKFold(4)
    model = FoldEnsemble(GaussianNB(), cv=cv).fit(X, Y)
    members = [GaussianNB().fit(X[train], Y[train]) for train, _ in cv.split(X, Y)]
    expected = np.mean([member.predict_proba(X) for member in members], axis=0)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X), expected.argmax(1))
    assert model.score(X, Y) == np.mean(expected.argmax(1) == Y)


def test_out_of_fold_predictions_are_those_of_cross_val_predict():
    cv = StratifiedKFold(4, shuffle=True, random_state=1)
    model = FoldEnsemble(GaussianNB(), cv=cv).fit(X, Y)
    expected = cross_val_predict(GaussianNB(), X, Y, cv=cv, method="predict_proba")
    np.testing.assert_array_equal(model.oof_probabilities_, expected)
    np.testing.assert_array_equal(
        model.oof_predictions_, cross_val_predict(GaussianNB(), X, Y, cv=cv)
    )


def test_patients_stay_together():
    groups = np.arange(len(Y)) // 5
    model = FoldEnsemble(GaussianNB(), random_state=0).fit(X, Y, groups=groups)
    expected = cross_val_predict(
        GaussianNB(), X, Y, groups=groups, cv=GroupKFold(5), method="predict_proba"
    )
    assert model.oof_probabilities_.shape == expected.shape
    with pytest.raises(ValueError, match="on both sides"):
        FoldEnsemble(GaussianNB(), cv=KFold(5)).fit(X, Y, groups=groups)


def test_an_int_decides_the_folds():
    one, two, other = (
        FoldEnsemble(GaussianNB(), random_state=seed).fit(X, Y).oof_probabilities_
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


def test_a_class_that_a_fold_lacks_gets_nothing_from_it():
    y = np.arange(30) % 2
    y[:3] = 2
    folds = [(np.arange(3, 30), np.arange(3)), (np.arange(20), np.arange(20, 30))]
    folds += [(np.r_[:3, 20:30], np.arange(3, 20))]
    model = FoldEnsemble(GaussianNB(), cv=folds).fit(X[:30], y)
    assert model.classes_.tolist() == [0, 1, 2]
    assert (model.oof_probabilities_[:3, 2] == 0).all()
    np.testing.assert_allclose(model.predict_proba(X[:30]).sum(1), 1)


def test_masks_are_averaged_and_scored():
    unet = UNetSegmenter((4,), max_epochs=2, learning_rate=0.01, random_state=0)
    model = FoldEnsemble(unet, cv=KFold(2)).fit(LESIONS.images, LESIONS.masks)
    halves = np.arange(18), np.arange(18, 36)
    members = [clone(unet).fit(LESIONS.images[rows], LESIONS.masks[rows]) for rows in halves[::-1]]
    expected = np.mean([member.predict_proba(LESIONS.images) for member in members], axis=0)
    np.testing.assert_allclose(model.predict_proba(LESIONS.images), expected, rtol=1e-5)
    masks = model.predict(LESIONS.images)
    np.testing.assert_array_equal(masks, (expected[:, 1] > 0.5) * LESIONS.masks.max())
    held_out = [m.predict(LESIONS.images[rows]) for m, rows in zip(members, halves, strict=True)]
    np.testing.assert_array_equal(model.oof_predictions_, np.concatenate(held_out))
    # The scores of a single member are those of the segmenter itself.
    model.estimators_ = members[:1]
    assert model.score(LESIONS.images, LESIONS.masks) == pytest.approx(
        members[0].score(LESIONS.images, LESIONS.masks)
    )


def test_one_file_holds_all_models(tmp_path):
    model = FoldEnsemble(ShallowMLP((4,), max_epochs=2, random_state=0), cv=3, random_state=0)
    model.fit(X[:60], Y[:60])
    loaded = load(save(model, tmp_path / "folds.skmed"))
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(loaded.oof_probabilities_, model.oof_probabilities_)


@pytest.mark.parametrize(
    "inner",
    [
        ScratchCNN((4,), dense_units=(), max_epochs=2, random_state=0),
        Pipeline([HOG(pixels_per_cell=4), ShallowMLP((4,), max_epochs=2, random_state=0)]),
    ],
)
def test_one_graph_holds_all_models(inner, tmp_path):
    model = FoldEnsemble(inner, cv=2, random_state=0).fit(LESIONS.images, LESIONS.target)
    session = onnxruntime.InferenceSession(to_onnx(model, tmp_path / "folds.onnx"))
    [given] = session.get_inputs()
    images = LESIONS.images[..., None].astype("float32" if "float" in given.type else "uint8")
    [found] = session.run(None, {given.name: images})
    np.testing.assert_allclose(found, model.predict_proba(LESIONS.images), atol=1e-5)


def test_compare_says_what_it_gains():
    models = {"one": GaussianNB(), "folds": FoldEnsemble(GaussianNB(), cv=3)}
    result = compare(models, X, Y, cv=3, repeats=1, random_state=0, pos_label=0, verbose=0)
    assert set(result.names) >= {"one", "folds"}
    assert len(result.tests(reference="one").conclusions) > 0


@pytest.mark.parametrize(
    ("model", "error", "match"),
    [
        (FoldEnsemble(Ridge()), ValueError, "predict_proba"),
        (FoldEnsemble(GaussianNB(), cv=1), ValueError, "cv"),
        (
            FoldEnsemble(GaussianNB(), cv=RepeatedStratifiedKFold(n_splits=3, random_state=0)),
            ValueError,
            "exactly once",
        ),
    ],
)
def test_wrong_parameters_are_refused(model, error, match):
    with pytest.raises(error, match=match):
        model.fit(X, Y)

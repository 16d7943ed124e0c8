"""`fit(X, y, X_val=, y_val=)`: a validation set of one's own, by itself and through pipelines."""

import numpy as np
import pytest
import sklearn
from imblearn.over_sampling import RandomOverSampler
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import EpochScoring, LRScheduler
from torch.optim.lr_scheduler import StepLR

from skmedimg import (
    HOG,
    Pipeline,
    Resample,
    ScratchCNN,
    ShallowMLP,
    TransferClassifier,
    UNetSegmenter,
)
from skmedimg.datasets import make_lesions

LESIONS = make_lesions(80, size=16, noise=0.1, patients=20, random_state=0)
X, Y, GROUPS, MASKS = LESIONS.images, LESIONS.target, LESIONS.groups, LESIONS.masks
ROWS = X.reshape(len(X), -1) / 255.0
TRAIN, VAL = np.flatnonzero(GROUPS < 14), np.flatnonzero(GROUPS >= 14)
GIVEN = {"X_val": ROWS[VAL], "y_val": Y[VAL]}


def mlp(**parameters):
    return ShallowMLP((8,), **{"max_epochs": 6, "random_state": 0, **parameters})


def test_it_is_scored_after_every_epoch_and_changes_nothing_else():
    watched = mlp().fit(ROWS[TRAIN], Y[TRAIN], **GIVEN)
    alone = mlp().fit(ROWS[TRAIN], Y[TRAIN])
    assert not hasattr(watched, "best_epoch_")
    np.testing.assert_array_equal(watched.predict_proba(ROWS), alone.predict_proba(ROWS))
    # Of the last epoch the weights are still there: its loss can be computed again.
    expected = sklearn.metrics.log_loss(Y[VAL], watched.predict_proba(ROWS[VAL]))
    assert watched.history_[-1]["valid_loss"] == pytest.approx(expected, rel=1e-5)
    assert watched.history_[-1]["valid_score"] == pytest.approx(watched.score(ROWS[VAL], Y[VAL]))


def test_early_stopping_watches_it_as_it_watches_the_inner_split():
    model = mlp(early_stopping=True, validation_fraction=0.2, max_epochs=15, learning_rate=0.1)
    inner = model.fit(ROWS, Y)
    splitter = StratifiedShuffleSplit(1, test_size=0.2, random_state=inner._seed)
    [(training, validation)] = [map(np.sort, rows) for rows in splitter.split(ROWS, Y)]
    expected = inner.history_
    again = model.fit(ROWS[training], Y[training], X_val=ROWS[validation], y_val=Y[validation])
    assert again.history_ == expected


def test_a_plateau_is_that_of_its_loss():
    options = {"schedule": "plateau", "max_epochs": 12, "learning_rate": 1e-2}
    wrong = mlp(**options).fit(ROWS[TRAIN], Y[TRAIN], X_val=ROWS[TRAIN], y_val=1 - Y[TRAIN])
    right = mlp(**options).fit(ROWS[TRAIN], Y[TRAIN], X_val=ROWS[TRAIN], y_val=Y[TRAIN])
    rates = [[record["learning_rate"] for record in model.history_] for model in (wrong, right)]
    assert rates[0][-1] < 1e-2 == rates[1][-1]


def test_networks_of_images_and_masks_take_one():
    cnn = ScratchCNN((4,), dense_units=(), max_epochs=2, random_state=0)
    cnn.fit(X[TRAIN], Y[TRAIN], X_val=X[VAL], y_val=Y[VAL])
    assert all("valid_loss" in record for record in cnn.history_)
    frozen = TransferClassifier("squeezenet1_1", weights=None, max_epochs=2, random_state=0)
    large = make_lesions(20, size=32, random_state=0)
    frozen.fit(
        large.images[:12], large.target[:12], X_val=large.images[12:], y_val=large.target[12:]
    )
    assert all("valid_loss" in record for record in frozen.history_)
    unet = UNetSegmenter((4,), threshold="tune", max_epochs=2, random_state=0)
    unet.fit(X[TRAIN], MASKS[TRAIN], X_val=X[VAL], y_val=MASKS[VAL])
    assert 0 < unet.threshold_ < 1
    assert unet.history_[-1]["valid_score"] == pytest.approx(
        unet.set_params(threshold=0.5)
        .fit(X[TRAIN], MASKS[TRAIN], X_val=X[VAL], y_val=MASKS[VAL])
        .score(X[VAL], MASKS[VAL])
    )


def test_class_weights_count_in_its_loss():
    weight = {0: 3.0, 1: 1.0}
    model = mlp(class_weight=weight).fit(ROWS[TRAIN], Y[TRAIN], **GIVEN)
    weights = np.where(Y[VAL] == 0, 3.0, 1.0)
    expected = sklearn.metrics.log_loss(
        Y[VAL], model.predict_proba(ROWS[VAL]), sample_weight=weights
    )
    assert model.history_[-1]["valid_loss"] == pytest.approx(expected, rel=1e-5)


# Through pipelines ----------------------------------------------------------------------------


def by_hand():
    steps = HOG(pixels_per_cell=4), StandardScaler()
    rows, held_out = X[TRAIN], X[VAL]
    for step in steps:
        rows = step.fit_transform(rows)
        held_out = step.transform(held_out)
    return mlp().fit(rows, Y[TRAIN], X_val=held_out, y_val=Y[VAL]).history_


def test_our_pipeline_transforms_it_like_X():
    model = Pipeline([HOG(pixels_per_cell=4), StandardScaler(), mlp()])
    model.fit(X[TRAIN], Y[TRAIN], X_val=X[VAL], y_val=Y[VAL])
    assert model[-1].history_ == by_hand()


@pytest.mark.parametrize("make", [make_pipeline, lambda *steps, **o: Pipeline([*steps], **o)])
def test_a_routed_pipeline_transforms_it_where_told(make):
    with sklearn.config_context(enable_metadata_routing=True):
        last = mlp().set_fit_request(X_val=True, y_val=True)
        model = make(HOG(pixels_per_cell=4), StandardScaler(), last, transform_input=["X_val"])
        model.fit(X[TRAIN], Y[TRAIN], X_val=X[VAL], y_val=Y[VAL])
    assert model[-1].history_ == by_hand()


def test_samplers_leave_it_as_it_is():
    model = Pipeline([Resample(RandomOverSampler(random_state=0)), mlp()])
    model.fit(ROWS[TRAIN], Y[TRAIN], groups=GROUPS[TRAIN], groups_val=GROUPS[VAL], **GIVEN)
    expected = sklearn.metrics.log_loss(Y[VAL], model.predict_proba(ROWS[VAL]))
    assert model[-1].history_[-1]["valid_loss"] == pytest.approx(expected, rel=1e-5)


def test_transform_input_without_routing_is_refused():
    with pytest.raises(ValueError, match="metadata routing"):
        Pipeline([HOG(), mlp()], transform_input=["X_val"]).fit(X, Y)


# Refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"y_val": None}, "y_val is None"),
        ({"X_val": None}, "X_val is None"),
        ({"X_val": ROWS[VAL, :50]}, "X_val does not fit X.*50"),
        ({"y_val": Y[VAL][:-1]}, "y_val does not fit X_val"),
        ({"y_val": Y[VAL] + 1}, r"y_val holds \[2\]"),
        ({"y_val": Y[VAL].astype(float) / 3}, "y_val"),
        ({"X_val": np.full((len(VAL), 256), np.nan)}, "X_val.*NaN"),
        ({"groups": GROUPS[TRAIN]}, "without groups_val"),
        ({"groups_val": GROUPS[VAL]}, "without groups:"),
        ({"groups": GROUPS[TRAIN], "groups_val": GROUPS[VAL][:-1]}, "groups_val does not fit"),
        ({"groups": GROUPS[TRAIN], "groups_val": [13, *GROUPS[VAL][1:]]}, "share 1 patient.*13"),
    ],
)
def test_one_that_does_not_fit_is_refused(changed, match):
    model = mlp()
    with pytest.raises(ValueError, match=match):
        model.fit(ROWS[TRAIN], Y[TRAIN], **{**GIVEN, **changed})
    assert not hasattr(model, "net_")


def test_masks_of_other_labels_are_refused():
    masks = MASKS.astype(int)
    three = np.where(masks[VAL] > 0, 2, 0)
    three[0, 0, 0] = 1
    with pytest.raises(ValueError, match="y_val holds other labels"):
        UNetSegmenter((4,), max_epochs=1).fit(
            X[TRAIN], masks[TRAIN] * 2 + (masks[TRAIN] == 0) * 3, X_val=X[VAL], y_val=three
        )


def test_a_checkpoint_of_another_validation_set_is_refused(tmp_path):
    mlp().fit(ROWS[TRAIN], Y[TRAIN], checkpoint=tmp_path, **GIVEN)
    with pytest.raises(ValueError, match="y_val differs"):
        mlp().fit(ROWS[TRAIN], Y[TRAIN], checkpoint=tmp_path, X_val=ROWS[VAL], y_val=1 - Y[VAL])
    with pytest.raises(ValueError, match="X_val differs"):
        mlp().fit(ROWS[TRAIN], Y[TRAIN], checkpoint=tmp_path)


# skorch's callbacks ---------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["auto", "softmax"])
def test_skorchs_scoring_sees_probabilities_of_the_validation_set(output):
    names = {"roc_auc": "auc", "neg_log_loss": "log_loss", "balanced_accuracy": "balanced"}
    scores = [EpochScoring(scorer, name=name) for scorer, name in names.items()]
    model = mlp(output=output, callbacks=scores).fit(ROWS[TRAIN], Y[TRAIN], **GIVEN)
    found, p = model.history_[-1], model.predict_proba(ROWS[VAL])
    assert found["auc"] == pytest.approx(sklearn.metrics.roc_auc_score(Y[VAL], p[:, 1]))
    assert found["log_loss"] == pytest.approx(-found["valid_loss"], rel=1e-5)
    expected = sklearn.metrics.balanced_accuracy_score(Y[VAL], p.argmax(1))
    assert found["balanced"] == pytest.approx(expected)


def test_skorchs_scheduler_sets_the_rates_of_a_constant_schedule():
    halving = LRScheduler(policy=StepLR, step_size=1, gamma=0.5)
    model = mlp(schedule="constant", max_epochs=3, callbacks=[halving]).fit(ROWS, Y)
    rates = [record["learning_rate"] for record in model.history_]
    np.testing.assert_allclose(rates, [1e-3, 5e-4, 2.5e-4])

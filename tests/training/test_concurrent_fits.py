"""Fits that train beside each other learn what each learns alone."""

import sys
import threading

import joblib
import numpy as np
import pytest
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

from skmedimg import ScratchCNN, ShallowMLP, compare
from skmedimg._training.stacked_mlp import Stack
from skmedimg.neural import fit_together

X, Y = load_digits(return_X_y=True)
X, Y = X[:203] / 16, Y[:203]


@pytest.fixture
def stacks(monkeypatch):
    """Note how many networks each stack held."""
    sizes, make = [], Stack.__init__

    def note(self, pairs):
        sizes.append(len(pairs))
        make(self, pairs)

    monkeypatch.setattr(Stack, "__init__", note)
    return sizes


def mlp(**settings):
    """Double precision: what differs beyond its rounding is a mistake."""
    usual = {"hidden_units": (7,), "max_epochs": 3, "precision": "float64", "random_state": 0}
    return ShallowMLP(**usual | settings)


def fitted(models, rows, y=Y):
    fit = delayed(lambda model, rows: model.fit(X[rows], y[rows]))
    return Parallel(n_jobs=None)(fit(*pair) for pair in zip(models, rows, strict=True))


def everything(models):
    return [np.arange(len(X))] * len(models)


def assert_alike(found, expected, atol=1e-9):
    for ours, theirs in zip(found, expected, strict=True):
        assert len(ours.history_) == len(theirs.history_)
        for now, then in zip(ours.history_, theirs.history_, strict=True):
            assert now.keys() == then.keys()
            for name in ("train_loss", "train_score", "learning_rate", "valid_loss"):
                assert now.get(name) == pytest.approx(then.get(name), abs=atol), name
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=atol)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"optimizer": "adamw", "schedule": "constant"},
        {"schedule": "onecycle", "hidden_units": ()},
        {"hidden_units": (9, 5), "activation": "tanh"},
        {"class_weight": "balanced", "batch_size": 33},
        {"early_stopping": True, "max_epochs": 12, "n_iter_no_change": 2, "learning_rate": 0.05},
        {"batch_size": "auto", "weight_init": "glorot"},
    ],
    ids=str,
)
def test_each_learns_what_it_learns_alone(settings, stacks):
    def models():
        pairs = [(1e-3, 0.0), (1e-2, 0.1), (3e-2, 1e-3), (2e-3, 0.0)]
        shared = {"learning_rate": 0.0} | settings
        return [
            mlp(**settings | {"learning_rate": shared["learning_rate"] + rate},
                weight_decay=decay, random_state=seed)
            for seed, (rate, decay) in enumerate(pairs)
        ]  # fmt: skip

    rows = [np.setdiff1d(np.arange(len(X)), np.arange(fold, len(X), 4)) for fold in range(4)]
    with fit_together(4):
        found = fitted(models(), rows)
    assert stacks[0] == 4
    assert_alike(found, fitted(models(), rows))


def test_two_classes_are_one_logit_here_too(stacks):
    models = [mlp(random_state=seed) for seed in range(3)]
    with fit_together(3):
        found = fitted(models, everything(models), Y % 2)
    assert stacks == [3]
    alone = fitted([mlp(random_state=seed) for seed in range(3)], everything(models), Y % 2)
    assert_alike(found, alone)


def test_one_may_leave_and_the_others_go_on(stacks):
    models = [mlp(max_epochs=epochs, schedule="constant") for epochs in (1, 4, 2)]
    with fit_together(3):
        found = fitted(models, everything(models))
    assert stacks == [3, 2, 1]
    alone = [mlp(max_epochs=epochs, schedule="constant") for epochs in (1, 4, 2)]
    assert_alike(found, fitted(alone, everything(alone)))


def test_a_fit_goes_on_alone_from_where_it_came_together(stacks):
    models = [mlp(schedule="constant", warm_start=True, random_state=seed) for seed in range(2)]
    with fit_together(2):
        fitted(models, everything(models))
    assert stacks == [2]
    found = fitted(models, everything(models))
    alone = [mlp(schedule="constant", warm_start=True, random_state=seed) for seed in range(2)]
    fitted(alone, everything(alone))
    assert_alike(found, fitted(alone, everything(alone)))


def test_other_shapes_find_each_other_and_strangers_train_alone(stacks):
    def models():
        strangers = [
            mlp(dropout=0.5), mlp(norm="batch"), mlp(optimizer="rmsprop"), mlp(gradient_clip=1.0),
            mlp(schedule="plateau"),
            ScratchCNN((2,), image_shape=(8, 8), max_epochs=1, random_state=0),
        ]  # fmt: skip
        return [*strangers, *[mlp(hidden_units=(k,)) for k in (3, 4, 3, 4)]]

    with fit_together(10):
        found = fitted(models(), everything(models()))
    assert sorted(stacks) == [2, 2]
    alone = fitted(models(), everything(models()))
    assert_alike(found, alone)
    for ours, theirs in zip(found[:6], alone[:6], strict=True):
        np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))


def test_one_that_diverges_does_not_take_the_others_with_it():
    def try_fit(model):
        try:
            return model.fit(X, Y)
        except ValueError as error:
            return error

    rates = (1e-3, 1e200, 1e-2)
    with fit_together(3):
        found = Parallel()(delayed(try_fit)(mlp(learning_rate=rate)) for rate in rates)
    assert "loss became" in str(found[1])
    assert "learning_rate is too high (1e+200)" in str(found[1])
    good = [found[0], found[2]]
    models = [mlp(learning_rate=rate) for rate in rates[::2]]
    assert_alike(good, fitted(models, everything(models)))


def test_what_goes_wrong_in_a_stack_reaches_everybody(monkeypatch):
    def fail(self):
        raise RuntimeError("no more")

    def try_fit(model):
        with pytest.raises(RuntimeError, match="no more"):
            model.fit(X, Y)
        return True

    monkeypatch.setattr(Stack, "train_epoch", fail)
    with fit_together(3):
        assert Parallel()(delayed(try_fit)(mlp()) for _ in range(3)) == [True] * 3


@pytest.mark.parametrize("place", ["before the first epoch", "in an epoch"])
def test_nobody_waits_for_a_fit_that_was_interrupted(place, monkeypatch):
    interrupted, wait = [], threading.Condition.wait

    def interrupt_one(self, timeout=None):
        ours = sys._getframe(1).f_globals["__name__"].startswith("skmedimg.")
        # Only before the first epoch a fit does not wait for ever.
        if ours and not interrupted and (timeout is None) == (place == "in an epoch"):
            interrupted.append(threading.current_thread())
            raise KeyboardInterrupt
        return wait(self, timeout)

    def try_fit(model):
        try:
            return model.fit(X, Y)
        except KeyboardInterrupt:
            return None

    monkeypatch.setattr(threading.Condition, "wait", interrupt_one)
    models = [mlp(random_state=seed) for seed in range(3)]
    with fit_together(3):
        found = Parallel()(delayed(try_fit)(model) for model in models)
    assert len(interrupted) == 1
    whole = [model for model in found if model is not None and not model.interrupted_]
    assert len(whole) == 2
    assert_alike(whole, [clone(model).fit(X, Y) for model in whole])


def test_a_search_finds_the_same_and_nothing_is_left_behind(stacks):
    grid = {"learning_rate": [1e-3, 1e-2, 1e-1]}
    with fit_together(5):
        found = GridSearchCV(mlp(), grid, cv=5, error_score="raise").fit(X, Y)
    assert sum(stacks) >= 10
    assert joblib.effective_n_jobs(None) == 1
    held = len(stacks)
    alone = GridSearchCV(mlp(), grid, cv=5, error_score="raise").fit(X, Y)
    assert len(stacks) == held
    np.testing.assert_array_equal(
        found.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )


def test_a_comparison_takes_part(stacks):
    models = {"slow": mlp(learning_rate=1e-3), "fast": mlp(learning_rate=1e-2)}
    with fit_together(5):
        found = compare(models, X, Y, random_state=0, audit=False, verbose=0, repeats=1)
    assert max(stacks) > 1
    alone = compare(models, X, Y, random_state=0, audit=False, verbose=0, repeats=1)
    for name in found.names:
        assert found.values(name, "accuracy") == pytest.approx(alone.values(name, "accuracy"))


@pytest.mark.parametrize("fits", [1, 0, 2.5, "all", None])
def test_one_fit_cannot_be_together(fits):
    with pytest.raises(ValueError, match="'fits' parameter of fit_together"), fit_together(fits):
        pass

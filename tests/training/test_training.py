"""Training does what was asked: the steps of a plain torch loop, and everything around them."""

import copy

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedGroupKFold, StratifiedShuffleSplit
from sklearn.utils import compute_class_weight
from skorch.callbacks import Callback, EarlyStopping, EpochScoring, GradientNormClipping
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR

from skmedimg import ScratchCNN, ShallowMLP
from skmedimg.networks import RMSprop
from skmedimg.neural import lr_find
from skmedimg.neural._lr_find import _suggest

X, Y = load_digits(return_X_y=True)
X, Y = X[:400], Y[:400]


def weights_of(model):
    return np.concatenate(
        [w.detach().cpu().numpy().ravel() for w in model.net_.module_.parameters()]
    )


def plain_loop(model, X, y, epochs, make_optimizer, make_schedule=None):
    """Train the same network by hand, from the same seed; return its learning rates too."""
    with torch.random.fork_rng():
        torch.manual_seed(model._seed)
        network = nn.Sequential(nn.Linear(64, 20), nn.ReLU(), nn.Linear(20, 10))
    optimizer = make_optimizer(network.parameters())
    schedule = make_schedule(optimizer) if make_schedule else None
    order = torch.Generator().manual_seed(model._seed)
    X, y = torch.from_numpy(X).float(), torch.from_numpy(y)
    rates = []
    for _ in range(epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        for rows in torch.randperm(len(X), generator=order).split(50):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(X[rows]), y[rows]).backward()
            optimizer.step()
            if schedule is not None:
                schedule.step()
    return np.concatenate([w.detach().cpu().numpy().ravel() for w in network.parameters()]), rates


STEPS = 3 * 8
OPTIMIZERS = [
    ("adam", lambda p: torch.optim.Adam(p, 1e-3, weight_decay=0.01, fused=True)),
    ("adamw", lambda p: torch.optim.AdamW(p, 1e-3, weight_decay=0.01, fused=True)),
    ("sgd", lambda p: torch.optim.SGD(p, 1e-3, 0.9, weight_decay=0.01, nesterov=True, fused=True)),
    ("rmsprop", lambda p: RMSprop(p, 1e-3, weight_decay=0.01)),
]
# What Keras 3.15.1's RMSprop(0.01) makes of weights 1, -2, 0.5 and 0 whose gradients are 1e-4, 0.3,
# -2e-4 and 1e-6 times the number of the step.
KERAS = [
    [0.9968534111976624, -2.0316226482391357, 0.5062017440795898, -3.162275970680639e-05],
    [0.9906783103942871, -2.0601940155029297, 0.5177680253982544, -9.486815542913973e-05],
    [0.9817699790000916, -2.0861003398895264, 0.5330753326416016, -0.00018973584519699216],
    [0.9705926775932312, -2.109975576400757, 0.5504389405250549, -0.0003162251668982208],
]
SCHEDULES = [
    ("constant", None),
    ("cosine", lambda optimizer: CosineAnnealingLR(optimizer, STEPS)),
    ("onecycle", lambda optimizer: OneCycleLR(optimizer, 1e-3, STEPS, cycle_momentum=False)),
]


@pytest.mark.usefixtures("processor")
@pytest.mark.parametrize(("name", "make"), OPTIMIZERS)
def test_a_fit_takes_the_steps_of_a_plain_loop_bit_for_bit(name, make):
    model = ShallowMLP(
        (20,), optimizer=name, weight_decay=0.01, batch_size=50, max_epochs=3,
        schedule="constant", standardize=False, random_state=0,
    ).fit(X, Y)  # fmt: skip
    np.testing.assert_array_equal(weights_of(model), plain_loop(model, X, Y, 3, make)[0])


def test_rmsprop_takes_the_steps_of_keras():
    weights = torch.tensor([1.0, -2.0, 0.5, 0.0], requires_grad=True)
    optimizer = RMSprop([weights], lr=0.01)
    for number, expected in enumerate(KERAS, 1):
        weights.grad = torch.tensor([1e-4, 0.3, -2e-4, 1e-6]) * number
        optimizer.step()
        np.testing.assert_allclose(weights.detach(), expected, rtol=3e-7)


@pytest.mark.usefixtures("processor")
@pytest.mark.parametrize(("name", "make"), SCHEDULES)
def test_schedules_are_those_of_torch(name, make):
    model = ShallowMLP(
        (20,),
        batch_size=50,
        max_epochs=3,
        schedule=name,
        standardize=False,
        weight_decay=0.0,
        random_state=0,
    ).fit(X, Y)
    weights, rates = plain_loop(
        model, X, Y, 3, lambda p: torch.optim.Adam(p, 1e-3, fused=True), make
    )
    np.testing.assert_array_equal(weights_of(model), weights)
    assert [epoch["learning_rate"] for epoch in model.history_] == rates


def test_plateau_lowers_the_rate_when_the_loss_no_longer_falls():
    model = ShallowMLP((), learning_rate=50.0, schedule="plateau", max_epochs=30, random_state=0)
    rates = pd.DataFrame(model.fit(X, Y).history_)["learning_rate"]
    assert rates.iloc[-1] < rates.iloc[0]
    assert rates.is_monotonic_decreasing


def test_any_torch_optimizer_may_be_passed():
    model = ShallowMLP((), optimizer=torch.optim.NAdam, max_epochs=2, random_state=0).fit(X, Y)
    assert isinstance(model.net_.optimizer_, torch.optim.NAdam)


def test_class_weights_are_sample_weights_of_the_classes():
    balanced = compute_class_weight("balanced", classes=np.arange(10), y=Y)
    exact = {"max_epochs": 3, "precision": "float64", "random_state": 0}
    by_class = ShallowMLP((8,), class_weight="balanced", **exact).fit(X, Y)
    by_sample = ShallowMLP((8,), **exact).fit(X, Y, sample_weight=balanced[Y])
    by_dict = ShallowMLP((8,), class_weight=dict(enumerate(balanced)), **exact).fit(X, Y)
    np.testing.assert_allclose(weights_of(by_class), weights_of(by_sample), rtol=1e-9)
    np.testing.assert_allclose(weights_of(by_class), weights_of(by_dict), rtol=1e-9)


def test_a_last_batch_of_one_joins_the_one_before_so_that_batch_norm_lives():
    model = ShallowMLP((8,), norm="batch", batch_size=32, max_epochs=1).fit(X[:65], Y[:65])
    assert model.net_.history[-1, "train_batch_count"] == 2


@pytest.mark.parametrize("n_classes", [2, 10])
def test_early_stopping_keeps_the_best_epoch_and_stops_after_patience(n_classes):
    y = Y % n_classes
    model = ShallowMLP(
        (200,),
        learning_rate=0.05,
        schedule="constant",
        early_stopping=True,
        validation_fraction=0.3,
        n_iter_no_change=3,
        max_epochs=60,
        random_state=0,
    ).fit(X, y)
    losses = [epoch["valid_loss"] for epoch in model.history_]
    assert model.best_epoch_ == np.argmin(losses)
    assert model.n_iter_ == len(losses) == model.best_epoch_ + 4
    splitter = StratifiedShuffleSplit(1, test_size=0.3, random_state=model._seed)
    [(_, watched)] = splitter.split(X, y)
    assert log_loss(y[watched], model.predict_proba(X[watched])) == pytest.approx(
        min(losses), rel=1e-4
    )
    assert model.history_[model.best_epoch_]["valid_score"] == pytest.approx(
        model.score(X[watched], y[watched])
    )


def test_no_image_is_held_back_unless_asked_for():
    model = ShallowMLP((), max_epochs=1).fit(X, Y)
    assert "valid_loss" not in model.history_[0]


def test_the_inner_split_is_stratified_and_never_through_a_patient():
    groups = np.repeat(np.arange(80), 5)
    labels = np.repeat(np.arange(80) % 4 == 0, 5).astype(int)
    settings = {"early_stopping": True, "validation_fraction": 0.2, "max_epochs": 3}
    model = ShallowMLP((8,), **settings, random_state=0).fit(X, labels, groups=groups)
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=model._seed)
    losses = [
        log_loss(labels[watched], model.predict_proba(X[watched]))
        for _, watched in folds.split(X, labels, groups)
    ]
    recorded = min(epoch["valid_loss"] for epoch in model.history_)
    assert np.isclose(losses, recorded, rtol=1e-4).sum() == 1  # one of the folds was held back


def test_too_few_images_to_hold_back_are_explained():
    with pytest.raises(ValueError, match="early_stopping cannot hold back"):
        ShallowMLP(early_stopping=True).fit(X[:10], [0] * 9 + [1])


def test_a_loss_of_nan_stops_with_epoch_batch_and_reason():
    with pytest.raises(ValueError, match=r"epoch 1, batch \d+ of .*learning_rate is too high"):
        ShallowMLP(optimizer="sgd", learning_rate=1e30, random_state=0).fit(X * 1e6, Y)


def test_gradients_are_clipped_to_the_norm_asked_for():
    seen = []

    class Watch(Callback):
        def on_grad_computed(self, net, named_parameters, **_):
            norms = [w.grad.norm() for _, w in named_parameters]
            seen.append(float(torch.stack(norms).norm()))

    ShallowMLP((8,), gradient_clip=0.01, callbacks=[Watch()], max_epochs=1).fit(X, Y)
    assert max(seen) <= 0.01 * (1 + 1e-5)
    assert len(seen) == 13


def test_skorch_callbacks_are_welcome_and_change_nothing_by_listening():
    scoring = EpochScoring("accuracy", lower_is_better=False, name="accuracy", on_train=True)
    plain = ShallowMLP((8,), max_epochs=3, random_state=0).fit(X, Y)
    heard = ShallowMLP((8,), max_epochs=3, random_state=0, callbacks=[scoring]).fit(X, Y)
    np.testing.assert_array_equal(weights_of(plain), weights_of(heard))
    assert [e["accuracy"] for e in heard.history_] == pytest.approx(
        [e["train_score"] for e in heard.history_], abs=1e-6
    )


def test_skorch_callbacks_see_the_validation_images_and_may_stop_the_fit():
    stop = EarlyStopping("valid_loss", patience=1, threshold=1e9)
    model = ShallowMLP((8,), early_stopping=True, callbacks=[("stop", stop)], random_state=0)
    assert model.fit(X, Y).n_iter_ == 2
    assert not model.interrupted_


def test_skorchs_own_clipping_gives_ours():
    ours = ShallowMLP((8,), gradient_clip=0.1, max_epochs=2, random_state=0).fit(X, Y)
    clip = GradientNormClipping(0.1)
    theirs = ShallowMLP((8,), callbacks=[clip], max_epochs=2, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(weights_of(ours), weights_of(theirs))


def test_an_interrupted_fit_is_usable_and_says_so():
    class Interrupt(Callback):
        def on_epoch_begin(self, net, **_):
            if len(net.history) == 2:
                raise KeyboardInterrupt

    model = ShallowMLP((8,), max_epochs=9, callbacks=[Interrupt()], random_state=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert model.interrupted_
    assert model.n_iter_ == 1  # the second epoch had only begun
    assert model.predict(X).shape == Y.shape


def test_warm_start_and_partial_fit_continue_where_training_stopped():
    steady = {"schedule": "constant", "random_state": 0}
    warm = ShallowMLP((8,), max_epochs=2, warm_start=True, **steady).fit(X, Y)
    once = copy.deepcopy(warm)
    warm.fit(X, Y)
    once.partial_fit(X, Y)
    assert (warm.n_iter_, once.n_iter_) == (4, 3)
    assert warm.history_[3]["train_loss"] < warm.history_[1]["train_loss"]
    first = ShallowMLP((8,), **steady).partial_fit(X[:50], Y[:50], classes=np.arange(10))
    assert first.predict_proba(X).shape == (400, 10)


def test_partial_fit_asks_for_the_classes_first():
    with pytest.raises(ValueError, match="classes must be passed"):
        ShallowMLP().partial_fit(X, Y)


def test_labels_that_come_later_are_answered_with_those_of_the_first_call():
    model = ShallowMLP((4,), random_state=0).partial_fit(X, Y > 4, classes=[False, True])
    with pytest.raises(ValueError, match=r"\[0, 1, 2\] is not what it was .* \[False, True\]"):
        model.partial_fit(X, Y > 4, classes=[0, 1, 2])
    model = ShallowMLP((4,), max_epochs=1, warm_start=True).fit(X[Y < 3], Y[Y < 3])
    with pytest.raises(ValueError, match=r"y holds \[3, 4\], .* \[0, 1, 2\]: name all labels"):
        model.fit(X[Y < 5], Y[Y < 5])


def test_the_progress_bar_shows_loss_and_score(capsys):
    ShallowMLP((8,), max_epochs=2, verbose=1).fit(X, Y)
    shown = capsys.readouterr().err
    assert "ShallowMLP" in shown
    assert "loss=" in shown
    assert "score=" in shown


def test_history_is_a_table():
    frame = pd.DataFrame(ShallowMLP((8,), max_epochs=4).fit(X, Y).history_)
    assert list(frame["epoch"]) == [1, 2, 3, 4]
    assert {"train_loss", "train_score", "learning_rate"} <= set(frame)


def test_lr_find_tries_rising_rates_and_leaves_the_estimator_alone():
    model = ScratchCNN((4,), random_state=0)
    found = lr_find(model, X.reshape(-1, 8, 8), Y, steps=40)
    assert not hasattr(model, "net_")
    assert np.all(np.diff(found.learning_rates) > 0)
    assert len(found.losses) == len(found.learning_rates) <= 40
    assert found.learning_rates[0] < found.suggestion < found.learning_rates[-1]
    lowest = found.learning_rates[np.argmin(found.smoothed)]
    assert found.suggestion < lowest
    axes = found.plot()
    assert axes.get_xscale() == "log"
    assert "learning rate" in axes.get_xlabel().lower()


@pytest.mark.parametrize(("steepest", "lowest", "expected"), [(1e-3, 1.0, 1e-3), (1e-1, 0.3, 0.03)])
def test_the_suggestion_is_where_a_known_curve_falls_most_but_far_from_where_it_rises(
    steepest, lowest, expected
):
    rates = np.geomspace(1e-6, 10, 200)
    # A logistic fall has its steepest point in the middle; behind the lowest loss it rises.
    losses = 2 - np.tanh(np.log(rates / steepest)) + 9 * np.maximum(0, np.log(rates / lowest))
    found = _suggest(rates, losses)
    # Smoothing over two steps of 8 % moves the lowest point.
    np.testing.assert_allclose(found.suggestion, expected, rtol=0.25)
    assert f"{found.suggestion:.1e}" in repr(found)
    axes = found.plot()
    [marked] = [line for line in axes.lines if "suggestion" in line.get_label()]
    assert list(marked.get_xdata()) == [found.suggestion] * 2
    plt.close(axes.figure)


def test_lr_find_checks_parameters_as_fit_does():
    with pytest.raises(ValueError, match="'activation' parameter of ShallowMLP"):
        lr_find(ShallowMLP(activation="sine"), X, Y)


def test_the_suggested_rate_learns():
    model = ShallowMLP((50,), max_epochs=10, random_state=0)
    rate = lr_find(model, X, Y).suggestion
    assert model.set_params(learning_rate=rate).fit(X, Y).score(X, Y) > 0.95

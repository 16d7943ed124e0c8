"""The options of the training recipe, each beside torch, torchvision or a closed form."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn
from torch.nn import functional
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, ReduceLROnPlateau

from skmedimg import ScratchCNN, ShallowMLP, UNetSegmenter
from skmedimg.datasets import make_lesions

LESIONS = make_lesions(40, size=16, noise=0.1, n_classes=3, random_state=0)
IMAGES, LABELS, MASKS = LESIONS.images, LESIONS.target, LESIONS.masks
ROWS = IMAGES.reshape(40, -1) / 255.0
TWO = LABELS > 0


def mlp(**parameters):
    return ShallowMLP((8,), **{"max_epochs": 3, "random_state": 0, **parameters})


def cnn(**parameters):
    options = {"dense_units": (), "max_epochs": 2, "random_state": 0}
    return ScratchCNN((4,), **{**options, **parameters})


def unet(**parameters):
    return UNetSegmenter((4,), **{"max_epochs": 2, "random_state": 0, **parameters})


def logits_of(model, X):
    """Return the logits (n, n_outputs) of a fitted network on rows, as a tensor."""
    with torch.no_grad():
        module = model.net_.module_.cpu().eval()
        return model.net_.infer(torch.tensor(X, dtype=torch.float32)) if module else None


def stops_after(n_epochs):
    """Return a skorch callback that breaks a fit off, as a killed process would."""
    from skorch.callbacks import Callback

    class Stop(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) > n_epochs:
                raise RuntimeError("killed")

    return Stop()


def assert_resumes(model, X, y, folder):
    """Assert that a fit that was broken off goes on bit-for-bit identically."""
    expected = clone(model).fit(X, y)
    with pytest.raises(RuntimeError, match="killed"):
        clone(model).set_params(callbacks=[stops_after(1)]).fit(X, y, checkpoint=folder)
    resumed = clone(model).fit(X, y, checkpoint=folder)
    assert resumed.history_ == expected.history_
    np.testing.assert_array_equal(resumed.predict_proba(X), expected.predict_proba(X))


# Losses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["auto", "softmax"])
@pytest.mark.parametrize("y", [TWO.astype(int), LABELS], ids=["two", "three"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_label_smoothing_is_torchs(output, y, smoothing):
    model = mlp(label_smoothing=smoothing, output=output)
    model.fit(ROWS, y, X_val=ROWS, y_val=y)
    log_odds = model.decision_function(ROWS)
    if log_odds.ndim == 1:
        log_odds = np.column_stack([np.zeros(40), log_odds])
    oracle = nn.CrossEntropyLoss(label_smoothing=smoothing)
    expected = oracle(torch.tensor(log_odds), torch.tensor(y)).item()
    assert model.history_[-1]["valid_loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("y", [TWO.astype(int), LABELS], ids=["two", "three"])
def test_the_focal_loss_is_its_formula(y):
    model = mlp(loss="focal").fit(ROWS, y, X_val=ROWS, y_val=y)
    p = model.predict_proba(ROWS)[np.arange(40), y]
    expected = np.mean(-((1 - p) ** 2) * np.log(p))
    assert model.history_[-1]["valid_loss"] == pytest.approx(expected, rel=1e-4)


def per_image(logits, labels):
    return functional.cross_entropy(logits, labels, reduction="none")


@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss, nn.CrossEntropyLoss(), per_image])
@pytest.mark.parametrize("y", [TWO, LABELS], ids=["two", "three"])
def test_a_loss_of_the_user_trains_as_ours(loss, y):
    ours = mlp(output="softmax").fit(ROWS, y)
    own = mlp(loss=loss).fit(ROWS, y)
    np.testing.assert_allclose(own.predict_proba(ROWS), ours.predict_proba(ROWS), rtol=1e-5)


def test_a_loss_of_the_user_takes_weights_if_it_has_one_value_per_image():
    weights = np.linspace(0.5, 2, 40)
    options = {"class_weight": "balanced", "output": "softmax"}
    ours = mlp(**options).fit(ROWS, LABELS, sample_weight=weights)
    own = mlp(**options, loss=per_image).fit(ROWS, LABELS, sample_weight=weights)
    np.testing.assert_allclose(own.predict_proba(ROWS), ours.predict_proba(ROWS), rtol=1e-5)
    with pytest.raises(ValueError, match="one loss per image"):
        mlp(loss=nn.CrossEntropyLoss()).fit(ROWS, LABELS, sample_weight=weights)


def test_a_loss_of_the_user_segments():
    y = (MASKS > 0).astype(int)
    ours = unet(loss="ce").fit(IMAGES, y)
    for loss in (nn.CrossEntropyLoss(), nn.CrossEntropyLoss(reduction="none")):
        own = unet(loss=loss).fit(IMAGES, y)
        np.testing.assert_allclose(
            own.predict_proba(IMAGES), ours.predict_proba(IMAGES), rtol=1e-4, atol=1e-6
        )
    with pytest.raises(ValueError, match="class_weight='balanced'"):
        unet(loss=per_image, class_weight="balanced").fit(IMAGES, y)


def test_a_module_of_the_user_is_copied():
    loss = nn.CrossEntropyLoss(weight=torch.ones(3))
    mlp(loss=loss, precision="float64").fit(ROWS, LABELS)
    assert loss.weight.dtype == torch.float32


@pytest.mark.parametrize(
    ("loss", "match"),
    [
        (lambda logits: logits.sum(), "cannot be called"),
        (lambda logits, labels: 0.5, "float"),
        (lambda logits, labels: logits, r"returned \(2, 3\)|one loss per image"),
        (lambda logits, labels: (logits.detach() ** 2).mean(), "no gradient"),
        (nn.BCEWithLogitsLoss(), "cannot be called"),
        (nn.CrossEntropyLoss(weight=torch.ones(7)), "cannot be called"),
    ],
)
def test_a_loss_that_does_not_fit_is_refused_before_training(loss, match):
    model = mlp(loss=loss)
    if match.startswith("returned"):
        model.set_params(loss=lambda logits, labels: logits.T)
    with pytest.raises(ValueError, match=match):
        model.fit(ROWS, LABELS)
    assert not hasattr(model, "net_")


def test_label_smoothing_of_another_loss_is_refused():
    with pytest.raises(ValueError, match="label_smoothing"):
        mlp(loss="focal", label_smoothing=0.1).fit(ROWS, LABELS)


# Schedules and activations --------------------------------------------------------------------


def cosine(optimizer, n_steps):
    return CosineAnnealingLR(optimizer, n_steps)


def halving(optimizer, n_steps):
    return LambdaLR(optimizer, lambda step: 0.5 ** (4 * step / n_steps))


def test_a_schedule_of_the_user_steps_as_ours():
    ours, own = mlp().fit(ROWS, LABELS), mlp(schedule=cosine).fit(ROWS, LABELS)
    assert own.history_ == ours.history_
    np.testing.assert_array_equal(own.predict_proba(ROWS), ours.predict_proba(ROWS))


def test_a_schedule_of_the_user_sees_the_number_of_steps():
    model = mlp(schedule=halving, max_epochs=4, batch_size=10).fit(ROWS, LABELS)
    rates = [record["learning_rate"] for record in model.history_]
    np.testing.assert_allclose(rates, 1e-3 * 0.5 ** np.arange(4), rtol=1e-6)


def test_a_fit_with_a_schedule_of_the_user_resumes(tmp_path):
    assert_resumes(mlp(schedule=halving, loss=per_image), ROWS, LABELS, tmp_path)


@pytest.mark.parametrize(
    ("schedule", "match"),
    [
        (lambda optimizer: None, r"\(optimizer, n_steps\)"),
        (lambda optimizer, n_steps: None, "returned a NoneType"),
        (lambda optimizer, n_steps: ReduceLROnPlateau(optimizer), "ReduceLROnPlateau"),
    ],
)
def test_a_schedule_that_does_not_fit_is_refused(schedule, match):
    with pytest.raises(TypeError, match=match):
        mlp(schedule=schedule).fit(ROWS, LABELS)


@pytest.mark.parametrize("make", [mlp, cnn, unet])
def test_an_activation_may_be_a_class(make):
    y = MASKS if make is unet else LABELS
    named, own = (make(activation=a).fit(IMAGES, y) for a in ("relu", nn.ReLU))
    np.testing.assert_allclose(
        own.predict_proba(IMAGES), named.predict_proba(IMAGES), rtol=1e-4, atol=1e-6
    )
    other = make(activation=nn.Mish).fit(IMAGES, y)
    assert any(isinstance(layer, nn.Mish) for layer in other.net_.module_.modules())


def test_an_activation_that_is_none_is_refused():
    with pytest.raises(TypeError, match="returned a int"):
        mlp(activation=lambda: 3).fit(ROWS, LABELS)

"""The options of the training recipe, each beside torch, torchvision or a closed form."""

import copy

import numpy as np
import onnxruntime
import pytest
import torch
from scipy import stats
from sklearn.base import clone
from skorch.callbacks import Callback
from torch import nn
from torch.nn import functional
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, ReduceLROnPlateau
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torchvision.transforms import v2

from skmedimg import ScratchCNN, ShallowMLP, TransferClassifier, UNetSegmenter
from skmedimg._training.mixup import mix
from skmedimg.datasets import make_lesions
from skmedimg.neural import NetworkClassifier, NetworkSegmenter

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
    # Batch normalization is of each batch, whole or accumulated.
    options = {"norm": None, "max_epochs": 2, "random_state": 0}
    return UNetSegmenter((4,), **{**options, **parameters})


def stops_after(n_epochs):
    """Return a skorch callback that breaks a fit off, as a killed process would."""

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


@pytest.mark.parametrize("loss", ["bce", "ce"])
@pytest.mark.parametrize("y", [(MASKS > 0).astype(int), MASKS], ids=["two", "three"])
def test_label_smoothing_of_masks_is_torchs(loss, y):
    model = unet(loss=loss, label_smoothing=0.2, precision="float32")
    model.fit(IMAGES, y, X_val=IMAGES, y_val=y)
    log_p = torch.tensor(np.log(model.predict_proba(IMAGES)))
    expected = nn.CrossEntropyLoss(label_smoothing=0.2)(log_p, torch.tensor(y).long()).item()
    assert model.history_[-1]["valid_loss"] == pytest.approx(expected, rel=1e-5)
    plain = unet(loss=loss, precision="float32").fit(IMAGES, y)
    assert model.history_[0]["train_loss"] != plain.history_[0]["train_loss"]


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
        (lambda logits, labels: logits.T, r"one loss per image.*returned \(3,\)"),
        (lambda logits, labels: (logits.detach() ** 2).mean(), "no gradient"),
        (nn.BCEWithLogitsLoss(), "cannot be called"),
        (nn.CrossEntropyLoss(weight=torch.ones(7)), "cannot be called"),
    ],
)
def test_a_loss_that_does_not_fit_is_refused_before_training(loss, match):
    model = mlp(loss=loss)
    with pytest.raises(ValueError, match=match):
        model.fit(ROWS, LABELS)
    assert not hasattr(model, "net_")


def test_label_smoothing_of_another_loss_is_refused():
    with pytest.raises(ValueError, match="label_smoothing"):
        mlp(loss="focal", label_smoothing=0.1).fit(ROWS, LABELS)
    with pytest.raises(ValueError, match="'dice_ce'"):
        unet(loss="dice", label_smoothing=0.1).fit(IMAGES, MASKS)


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


# Augmentation ---------------------------------------------------------------------------------


def mirrored(images):
    return images.flip(3)


def test_a_function_augments_training_images_and_nothing_else():
    turned = np.ascontiguousarray(IMAGES[:, :, ::-1])
    own = cnn(augment=mirrored).fit(IMAGES, LABELS, X_val=IMAGES, y_val=LABELS)
    expected = cnn().fit(turned, LABELS, X_val=IMAGES, y_val=LABELS)
    np.testing.assert_array_equal(own.predict_proba(IMAGES), expected.predict_proba(IMAGES))
    assert own.history_ == expected.history_


def test_torchvisions_transforms_are_repeatable_and_leave_its_generator():
    transform = v2.Compose([v2.RandomHorizontalFlip(), v2.RandomRotation(20)])
    state = torch.get_rng_state()
    one, two = (cnn(augment=transform).fit(IMAGES, LABELS).history_ for _ in range(2))
    other = cnn(augment=transform, random_state=1).fit(IMAGES, LABELS).history_
    assert one == two != other
    assert (torch.get_rng_state() == state).all()


@pytest.mark.parametrize("patch_size", [None, 8])
def test_torchvision_moves_masks_with_their_images(patch_size):
    seen = []

    def watched(images, masks):
        images, masks = v2.RandomHorizontalFlip(p=1.0)(images, masks)
        seen.append((images.as_subclass(torch.Tensor), masks.as_subclass(torch.Tensor)))
        return images, masks

    bright = (MASKS > 0).astype(np.uint8) * 255  # each mask is its image
    unet(augment=watched, patch_size=patch_size).fit(bright, MASKS > 0)
    for images, masks in seen[1:]:  # the first are zeros, on which it is tried
        torch.testing.assert_close(images[:, 0], masks.to(images.dtype))
        assert images.shape[-1] == (patch_size or 16)


def test_a_fit_with_an_augmentation_of_the_user_resumes(tmp_path):
    transform = v2.Compose([v2.RandomRotation(20)])
    assert_resumes(cnn(augment=transform, max_epochs=3), IMAGES, LABELS, tmp_path)


@pytest.mark.parametrize(
    ("augment", "match"),
    [
        (lambda images, masks: images, "cannot be called"),
        (lambda images: images[:, :, :8], r"returned torch.float32 \(2, 1, 8, 16\)"),
        (lambda images: images.double(), "float64"),
        (lambda images: None, "returned None"),
    ],
)
def test_an_augmentation_that_does_not_fit_is_refused_before_training(augment, match):
    with pytest.raises(ValueError, match=match):
        cnn(augment=augment).fit(IMAGES, LABELS)


def test_a_bare_transform_that_scikit_learn_cannot_clone_is_refused():
    with pytest.raises(TypeError, match="v2.Compose"):
        cnn(augment=v2.RandomRotation(20)).fit(IMAGES, LABELS)


def test_an_augmentation_of_masks_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"return \(images, masks\)"):
        unet(augment=lambda images, masks: images).fit(IMAGES, MASKS)
    with pytest.raises(ValueError, match="masks of shape"):
        unet(augment=lambda images, masks: (images, masks / 2)).fit(IMAGES, MASKS)


# Mixup ----------------------------------------------------------------------------------------


def test_mixup_is_torchvisions():
    draws = torch.Generator().manual_seed(0)
    images = torch.rand(6, 1, 4, 4, generator=draws)
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    mixed, targets = mix(images, {"y": labels}, 0.5, draws)
    share = targets["share"][0].item()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "_sample_dirichlet", lambda *_: torch.tensor([share, 1 - share]))
        expected, soft = v2.MixUp(alpha=0.5, num_classes=3)(images, labels)
    torch.testing.assert_close(mixed, expected)
    logits = torch.randn(6, 3, generator=draws)
    model = mlp(mixup=0.5, output="softmax").fit(ROWS, LABELS)
    found = model.net_.get_loss(logits, targets)
    torch.testing.assert_close(found, functional.cross_entropy(logits, soft))


def test_shares_of_mixup_have_the_beta_distribution():
    draws = torch.Generator().manual_seed(0)
    images, targets = torch.zeros(2, 1), {"y": torch.tensor([0, 1])}
    shares = [mix(images, targets, 0.4, draws)[1]["share"][0].item() for _ in range(2000)]
    assert stats.kstest(shares, stats.beta(0.4, 0.4).cdf).pvalue > 0.01


def test_weights_are_mixed_with_their_labels():
    model = mlp(mixup=0.5, output="softmax").fit(ROWS, LABELS)
    targets = {"y": torch.tensor([0, 1]), "w": torch.tensor([3.0, 1.0])}
    _, mixed = mix(torch.zeros(2, 1), targets, 1.0, torch.Generator().manual_seed(1))
    logits, share = torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 1.0]]), mixed["share"][0]
    losses = -logits.log_softmax(1)
    one = share * 3 * losses[0, 0] + (1 - share) * 1 * losses[0, 1]
    two = share * 1 * losses[1, 1] + (1 - share) * 3 * losses[1, 0]
    torch.testing.assert_close(model.net_.get_loss(logits, mixed), (one + two) / 2)


@pytest.mark.parametrize("make", [mlp, cnn])
def test_mixup_changes_the_training_and_is_repeatable(make, tmp_path):
    one, two = (make(mixup=0.4).fit(IMAGES, LABELS).history_ for _ in range(2))
    assert one == two != make().fit(IMAGES, LABELS).history_
    assert_resumes(make(mixup=0.4), IMAGES, LABELS, tmp_path)


# Averages of weights --------------------------------------------------------------------------


def test_the_average_of_the_weights_is_torchs():
    model = mlp(ema_decay=0.8, max_epochs=4, batch_size=10, norm="batch")
    oracle = None

    class Oracle(Callback):
        def on_batch_end(self, net, batch, training, **kwargs):
            nonlocal oracle
            if not training:
                return
            if oracle is None:
                average = get_ema_multi_avg_fn(0.8)
                oracle = AveragedModel(copy.deepcopy(net.module_), multi_avg_fn=average)
            oracle.update_parameters(net.module_)

    model.set_params(callbacks=[Oracle()]).fit(ROWS, LABELS)
    found, expected = model.net_.module_.state_dict(), oracle.module.state_dict()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-6, atol=1e-7)


def test_validation_and_early_stopping_see_the_average():
    options = {"early_stopping": True, "max_epochs": 6, "ema_decay": 0.9}
    model = mlp(**options).fit(ROWS, LABELS, X_val=ROWS, y_val=LABELS)
    p = model.predict_proba(ROWS)[np.arange(40), LABELS]
    loss = model.history_[model.best_epoch_]["valid_loss"]
    assert loss == pytest.approx(-np.log(p).mean(), rel=1e-5)


def test_training_goes_on_from_its_own_weights():
    averaged = mlp(ema_decay=0.9).fit(ROWS, LABELS)
    plain = mlp().fit(ROWS, LABELS)
    assert [r["train_loss"] for r in averaged.history_] == [r["train_loss"] for r in plain.history_]
    assert (averaged.predict_proba(ROWS) != plain.predict_proba(ROWS)).any()


def test_a_fit_with_an_average_resumes(tmp_path):
    assert_resumes(mlp(ema_decay=0.9), ROWS, LABELS, tmp_path)


# Accumulated gradients ------------------------------------------------------------------------


@pytest.mark.parametrize("make", [mlp, unet])
def test_accumulated_batches_are_one_large_batch(make):
    y, X = (MASKS, IMAGES.astype(float)) if make is unet else (LABELS, ROWS)
    options = {"precision": "float64", "optimizer": "sgd", "learning_rate": 0.1}
    large = make(batch_size=20, **options).fit(X, y)
    small = make(batch_size=5, accumulate=4, **options).fit(X, y)
    np.testing.assert_allclose(small.predict_proba(X), large.predict_proba(X), rtol=1e-9)
    losses = [[record["train_loss"] for record in model.history_] for model in (small, large)]
    np.testing.assert_allclose(*losses, rtol=1e-9)


def test_no_more_images_than_a_batch_are_run_at_once():
    sizes = []

    class Watched(nn.Linear):
        def forward(self, values):
            sizes.append(len(values))
            return super().forward(values)

    def module(image_shape, n_outputs):
        return Watched(image_shape[0], n_outputs)

    model = NetworkClassifier(
        module, image_shape=(-1,), batch_size=6, accumulate=3, max_epochs=1, random_state=0
    )
    model.fit(ROWS, LABELS)
    trained = sizes[1:]  # the first are those on which it is tried
    assert max(trained) <= 6
    assert model.net_.optimizer_.state_dict()["state"][0]["step"] == 3  # 40 images by 18


# Averaged predictions -------------------------------------------------------------------------


def shifted(X, down, right):
    """Return images moved by one pixel, their edge repeated, by numpy."""
    padded = np.pad(X, ((0, 0), (1, 1), (1, 1)), mode="edge")
    return padded[:, 1 - down : 17 - down, 1 - right : 17 - right]


FLIPS = {
    "flip-horizontal": [(), (2,)],
    "flip-vertical": [(), (1,)],
    ("flip-horizontal", "flip-vertical"): [(), (2,), (1,), (1, 2)],
}


@pytest.mark.parametrize("names", FLIPS)
def test_predictions_of_flips_are_averaged(names):
    model = cnn().fit(IMAGES, LABELS)
    views = [model.predict_proba(np.ascontiguousarray(np.flip(IMAGES, a))) for a in FLIPS[names]]
    model.set_params(predict_augment=names)
    found = model.predict_proba(IMAGES)
    np.testing.assert_allclose(found, np.mean(views, axis=0), rtol=1e-5)
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-12)
    np.testing.assert_array_equal(model.predict(IMAGES), found.argmax(1))


def test_predictions_of_shifts_are_averaged():
    model = cnn().fit(IMAGES, TWO)
    moves = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]
    expected = np.mean([model.predict_proba(shifted(IMAGES, *move)) for move in moves], axis=0)
    model.set_params(predict_augment=["shift"])
    np.testing.assert_allclose(model.predict_proba(IMAGES), expected, rtol=1e-5)
    log_odds = np.log(expected[:, 1] / expected[:, 0])
    np.testing.assert_allclose(model.decision_function(IMAGES), log_odds, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("tile", [None, 16])
def test_masks_are_mapped_back_before_they_are_averaged(tile):
    model = unet(tile=tile).fit(IMAGES, MASKS)
    views = []
    for axes in FLIPS["flip-horizontal", "flip-vertical"]:
        found = model.predict_proba(np.ascontiguousarray(np.flip(IMAGES, axes)))
        views.append(np.flip(found, [axis + 1 for axis in axes]))
    model.set_params(predict_augment=("flip-horizontal", "flip-vertical"))
    found = model.predict_proba(IMAGES)
    np.testing.assert_allclose(found, np.mean(views, axis=0), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(model.predict(IMAGES), model.classes_[found.argmax(1)])


def test_shifted_masks_are_mapped_back():
    def copy_of_the_image(image_shape, n_outputs):
        """Return a network whose logit is the pixel itself, whatever is learned."""
        layer = nn.Conv2d(1, 1, 1, bias=False)
        nn.init.ones_(layer.weight)
        return layer

    model = NetworkSegmenter(copy_of_the_image, max_epochs=1, learning_rate=1e-12, random_state=0)
    smooth = np.linspace(-2, 2, 16) * np.ones((4, 16, 1))
    model.fit(smooth, smooth > 0)
    expected = model.predict_proba(smooth)[:, :, :, 1:-1]
    model.set_params(predict_augment="shift")
    found = model.predict_proba(smooth)[:, :, :, 1:-1]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_frozen_features_do_not_stand_in_for_views():
    data = make_lesions(10, size=32, random_state=0)
    model = TransferClassifier("squeezenet1_1", weights=None, max_epochs=1, random_state=0)
    model.fit(data.images, data.target)
    mirrored = np.ascontiguousarray(data.images[:, :, ::-1])
    expected = (model.predict_proba(data.images) + model.predict_proba(mirrored)) / 2
    model.set_params(predict_augment="flip-horizontal")
    np.testing.assert_allclose(model.predict_proba(data.images), expected, rtol=1e-4)


@pytest.mark.parametrize("make", [cnn, unet])
def test_onnx_averages_over_views_too(make, tmp_path):
    y = MASKS if make is unet else LABELS
    model = make(predict_augment=("flip-horizontal", "shift")).fit(IMAGES, y)
    session = onnxruntime.InferenceSession(model.to_onnx(tmp_path / "views.onnx"))
    [found] = session.run(None, {"images": IMAGES[..., None]})
    np.testing.assert_allclose(found, model.predict_proba(IMAGES), atol=1e-5)


@pytest.mark.parametrize("wrong", ["mirror", ("flip-horizontal", "turn"), 3])
def test_unknown_views_are_refused_before_training(wrong):
    model = cnn(predict_augment=wrong)
    with pytest.raises(ValueError, match="predict_augment"):
        model.fit(IMAGES, LABELS)
    assert not hasattr(model, "net_")


def test_views_of_rows_are_refused():
    model = NetworkClassifier(
        lambda shape, n: nn.Linear(shape[0], n), image_shape=(-1,), predict_augment="shift"
    )
    with pytest.raises(ValueError, match="needs images"):
        model.fit(ROWS, LABELS)

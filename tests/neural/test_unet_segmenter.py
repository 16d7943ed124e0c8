"""UNetSegmenter: a segmenter for scikit-learn that learns, tiles, tunes and repeats itself."""

import copy
import pickle

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    KFold,
    ShuffleSplit,
    cross_val_score,
)
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator
from skorch.callbacks import Callback
from torch.nn import functional

from skmedimg import Augmenter, CleanMasks, Pipeline, UNetSegmenter, metrics
from skmedimg.datasets import make_lesions
from skmedimg.metrics import as_scorer, dice
from skmedimg.networks import UNet, UNetEncoder
from skmedimg.neural._tiles import windows

EXPECTED_TO_FAIL = {
    "check_sample_weight_equivalence_on_dense_data": "mini-batches and float32 are not exact"
}
# Settings under which a small network learns lesions within a second.
LEARNS = {"max_epochs": 15, "batch_size": 8, "learning_rate": 0.02, "loss": "dice_ce"}


@pytest.fixture(scope="module")
def lesions():
    return make_lesions(90, size=32, noise=0.1, random_state=0)


@pytest.fixture(scope="module")
def trained(lesions):
    """A small network that has learned something, on the first 60 images."""
    return small((8, 16), **LEARNS).fit(lesions.images[:60], lesions.masks[:60])


@pytest.fixture
def few(lesions):
    """Twelve images with lesions."""
    ill = np.flatnonzero(lesions.target)[:12]
    return lesions.images[ill], lesions.masks[ill]


def small(filters=(4, 8), **parameters):
    defaults = {"norm": None, "learning_rate": 1e-3, "schedule": "cosine"}
    defaults |= {"max_epochs": 1, "random_state": 0, "device": "cpu", "precision": "float32"}
    return UNetSegmenter(filters, **(defaults | parameters))


def rows_of(model):
    """The same model for scikit-learn's checks, whose rows are images one pixel high."""
    return model.set_params(image_shape=(1, -1))


def failures(model, expected=None):
    state = np.random.get_state()  # some checks draw from the global generator
    found = check_estimator(model, expected_failed_checks=expected, on_fail=None, on_skip=None)
    np.random.set_state(state)
    bad = {check["check_name"] for check in found if check["status"] in ("failed", "xfail")}
    return bad, sum(check["status"] == "passed" for check in found)


class FirstWeights(Callback):
    """Keep a copy of the weights that training starts from."""

    def on_train_begin(self, net, **kwargs):
        self.weights = copy.deepcopy(net.module_.state_dict())


def test_three_steps_are_those_of_a_plain_torch_loop(few, torch_generator_put_back):
    X, y = few
    first = FirstWeights()
    settings = {"optimizer": "sgd", "schedule": "constant", "learning_rate": 0.1, "batch_size": 12}
    settings["standardize"] = False
    model = small((2, 4), max_epochs=3, precision="float64", callbacks=[first], **settings)
    model.fit(X, y > 0)
    net = UNet(UNetEncoder(1, (2, 4)), 1, (2, 4)).double()
    net.load_state_dict(first.weights)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    images = torch.as_tensor(X[:, None] / 255.0)
    for _ in range(3):
        optimizer.zero_grad()
        truth = torch.as_tensor(y > 0)[:, None].double()
        functional.binary_cross_entropy_with_logits(net(images), truth).backward()
        optimizer.step()
    with torch.no_grad():
        expected = net(images).sigmoid().numpy()[:, 0]
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], expected, rtol=1e-9)


def test_without_norm_it_is_the_published_network_on_colors():
    X = np.zeros((2, 16, 16, 3), dtype=np.uint8)
    model = UNetSegmenter(norm=None, max_epochs=1, random_state=0).fit(
        X, X[..., 0] + [[[0]], [[1]]]
    )
    assert sum(p.numel() for p in model.net_.module_.parameters()) == 466_529


def test_common_checks_pass_without_exception_in_float64():
    model = rows_of(small((2, 4), max_epochs=2, batch_size=1000, precision="float64"))
    assert failures(model) == (set(), 48)


def test_common_checks_of_the_default_fail_where_mini_batches_must():
    model = rows_of(UNetSegmenter((2, 4), max_epochs=1, device="cpu"))
    bad, passed = failures(model, EXPECTED_TO_FAIL)
    assert bad == set(EXPECTED_TO_FAIL)
    assert passed >= 47


def test_to_scikit_learn_it_is_a_segmenter():
    tags = get_tags(UNetSegmenter())
    assert tags.estimator_type == "segmenter"
    assert tags.classifier_tags is None


def test_it_finds_lesions_on_images_it_has_not_seen(trained, lesions):
    X, y = lesions.images[60:], lesions.masks[60:]
    assert trained.score(X, y) > 0.75
    ill = y.any(axis=(1, 2))
    assert trained.score(X[ill], y[ill]) > 0.5


def test_score_is_the_mean_dice_of_images(trained, lesions):
    X, y = lesions.images[60:], lesions.masks[60:]
    weights = np.arange(30.0)
    expected = dice(y, trained.predict(X), labels=[1], sample_weight=weights)
    assert trained.score(X, y, sample_weight=weights) == expected
    assert trained.score(X, y * 255) == trained.score(X, y)


def test_probabilities_are_one_plane_per_class_and_decide_the_mask(trained, lesions):
    X = lesions.images[60:66]
    proba = trained.predict_proba(X)
    assert proba.shape == (6, 2, 32, 32)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(trained.predict(X), proba[:, 1] > 0.5)
    assert trained.predict(X).any()
    np.testing.assert_array_equal(trained.predict(X[::-1])[::-1], trained.predict(X))


def test_every_layout_of_images_and_masks_is_the_same_training(few, tmp_path):
    X, y = few
    expected = small().fit(X, y).predict_proba(X)
    for X_like, y_like in [
        (X.reshape(12, -1), y),
        (X[..., None], y.reshape(12, -1)),
        (X, y.astype(bool)),
        (X, list(y.astype(float))),
    ]:
        found = small().fit(X_like, y_like)
        np.testing.assert_array_equal(found.predict_proba(X_like), expected)
    files = {}
    for name, stack in {"image": X, "mask": y * 255}.items():
        files[name] = [tmp_path / f"{name}{row}.png" for row in range(12)]
        for path, array in zip(files[name], stack, strict=True):
            Image.fromarray(array).save(path)
    model = small(image_shape=(32, 32)).fit(files["image"], files["mask"])
    np.testing.assert_array_equal(model.predict_proba(files["image"]), expected)
    assert model.score(files["image"], files["mask"]) == model.score(X, y)


def test_predictions_have_the_layout_of_the_images_and_the_labels_of_the_masks(few):
    X, y = few
    model = small().fit(X.reshape(12, -1), y * 255)
    assert model.predict(X.reshape(12, -1)).shape == (12, 32 * 32)
    assert model.predict(X).shape == (12, 32, 32)
    assert model.classes_.tolist() == [0, 255]
    assert set(np.unique(model.predict(X))) <= {0, 255}
    assert small().fit(X, y > 0).predict(X).dtype == bool


def test_several_classes_are_told_apart():
    data = make_lesions(80, size=32, n_classes=3, noise=0.0, random_state=1)
    labels = np.array([0, 3, 7])[data.masks]
    settings = LEARNS | {"learning_rate": 0.005}
    model = small((8, 16, 32), norm="batch", **settings).fit(data.images, labels)
    assert model.classes_.tolist() == [0, 3, 7]
    assert model.predict_proba(data.images[:2]).shape == (2, 3, 32, 32)
    assert set(np.unique(model.predict(data.images))) == {0, 3, 7}
    assert model.score(data.images, labels) > 0.85


@pytest.mark.parametrize("loss", ["bce", "ce", "dice", "dice_ce", "focal", "tversky"])
def test_every_loss_falls(loss, few):
    X, y = few
    model = small(loss=loss, max_epochs=8, learning_rate=0.01, schedule="constant").fit(X, y)
    losses = [epoch["train_loss"] for epoch in model.history_]
    assert losses[-1] < losses[0]
    assert model.net_.module_.head.out_channels == (2 if loss == "ce" else 1)
    assert model.predict_proba(X).shape == (12, 2, 32, 32)


@pytest.mark.parametrize("up", ["transpose", "bilinear"])
@pytest.mark.parametrize("norm", ["batch", "group"])
def test_images_of_odd_sizes_are_segmented(up, norm):
    X = np.random.default_rng(0).integers(0, 256, (4, 13, 21, 3), dtype=np.uint8)
    model = small(up=up, norm=norm, convs_per_block=1).fit(X, X[..., 0] > 127)
    assert model.predict(X).shape == (4, 13, 21)


def test_an_int_makes_a_fit_repeatable_to_the_bit_and_pickles_keep_it(few):
    X, y = few
    augment = Augmenter(rotation=20, flip="horizontal")
    first, second = (
        small(augment=augment, batch_size=4, max_epochs=2, patch_size=24).fit(X, y)
        for _ in range(2)
    )
    expected = first.predict_proba(X)
    np.testing.assert_array_equal(second.predict_proba(X), expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(first)).predict_proba(X), expected)
    other = small(augment=augment, batch_size=4, max_epochs=2, patch_size=24, random_state=1)
    assert not np.array_equal(other.fit(X, y).predict_proba(X), expected)


def test_images_of_no_weight_count_as_absent(few):
    X, y = few
    y = y.copy()
    y[0] = 9
    weights = np.ones(12)
    weights[0] = 0
    model = small().fit(X, y, sample_weight=weights)
    assert model.classes_.tolist() == [0, 1]
    expected = small().fit(X[1:], y[1:]).predict_proba(X)
    np.testing.assert_array_equal(model.predict_proba(X), expected)


def test_balanced_classes_find_more_foreground(lesions):
    X, y = lesions.images[:60], lesions.masks[:60]
    plain = small(max_epochs=4, learning_rate=0.01).fit(X, y)
    even = small(max_epochs=4, learning_rate=0.01, class_weight="balanced").fit(X, y)
    assert even.predict(X).mean() > plain.predict(X).mean()
    weights = even.net_.criterion_.class_weight.numpy()
    np.testing.assert_allclose(weights[y].mean(), 1)
    np.testing.assert_allclose(weights[1] / weights[0], (y == 0).sum() / (y == 1).sum())


def test_class_weights_of_labels_the_masks_do_not_hold_raise(few):
    with pytest.raises(ValueError, match=r"class_weight names \[2\].*\[0, 1\]"):
        small(class_weight={1: 2.0, 2: 1.0}).fit(*few)


def test_masks_of_one_class_cannot_be_learned(few):
    with pytest.raises(ValueError, match="only one class: 0"):
        small().fit(few[0], np.zeros_like(few[1]))


@pytest.mark.parametrize("splitter", [KFold(3), GroupKFold(3)])
def test_cross_validation_and_searches_take_segmenters(few, splitter):
    X, y = few
    groups = np.arange(12) // 2 if isinstance(splitter, GroupKFold) else None
    scores = cross_val_score(small(), X, y, groups=groups, cv=splitter, error_score="raise")
    assert scores.shape == (3,)
    grid = {"filters": [(2,), (2, 4)], "postprocess__largest": [1, None]}
    model = small(postprocess=CleanMasks())
    for scoring in (None, as_scorer("hausdorff_distance"), as_scorer("iou")):
        search = GridSearchCV(model, grid, cv=splitter, scoring=scoring, error_score="raise")
        search.fit(X, y, groups=groups)
        assert search.predict(X).shape == y.shape


def test_halving_searches_and_pipelines_take_segmenters(few):
    X, y = few
    model = Pipeline([("segment", small())])
    halving = HalvingGridSearchCV(
        model, {"segment__filters": [(2,), (4,)]}, cv=KFold(2), error_score="raise",
        min_resources=6, random_state=0,
    )  # fmt: skip
    halving.fit(X, y)
    assert np.isfinite(halving.best_score_)
    assert model.fit(X, y).score(X, y) == model[-1].score(X, y)


def test_a_group_is_never_on_both_sides_of_early_stopping(few):
    X, y = few
    model = small(early_stopping=True, validation_fraction=0.3, max_epochs=3)
    model.fit(X, y, groups=np.arange(12) // 3)
    assert "valid_score" in model.history_[0]


def test_warm_start_continues(few):
    X, y = few
    model = small(warm_start=True).fit(X, y)
    assert model.fit(X, y).n_iter_ == 2
    with pytest.raises(ValueError, match=r"labels \[5\]"):
        model.fit(X, y * 5)


# Backbones -----------------------------------------------------------------------------------


def with_backbone(**parameters):
    settings = {"backbone": "squeezenet1_1", "weights": None, "norm": "batch"}
    return small((4, 8), **(settings | parameters))


def test_a_backbone_is_an_encoder_that_learns_and_repeats_itself(lesions):
    X, y = lesions.images[:40], lesions.masks[:40]
    settings = LEARNS | {"learning_rate": 0.005, "max_epochs": 4}
    first, second = (with_backbone(**settings).fit(X, y) for _ in range(2))
    losses = [epoch["train_loss"] for epoch in first.history_]
    assert losses[-1] < 0.9 * losses[0]
    expected = first.predict_proba(X[:4])
    np.testing.assert_array_equal(second.predict_proba(X[:4]), expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(first)).predict_proba(X[:4]), expected)


@pytest.mark.parametrize("name", ["efficientnet_lite0", "timm:resnet10t"])
def test_encoders_of_timm_and_of_pip_are_trained_and_keep_their_predictions(name, few):
    if name.startswith("timm:"):
        pytest.importorskip("timm")
    X, y = few
    model = with_backbone(backbone=name, max_epochs=1).fit(X, y)
    expected = model.predict_proba(X)
    assert np.isfinite(expected).all()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), expected)


@pytest.mark.usefixtures("torch_generator_put_back")
def test_a_network_that_is_no_encoder_is_refused_by_its_name(few):
    with pytest.raises(ValueError, match="^backbone Conv2d cannot be an encoder"):
        with_backbone(backbone=torch.nn.Conv2d(1, 4, 3)).fit(*few)


def test_the_frozen_part_of_a_backbone_stays_to_the_bit(few):
    X, y = few
    model = with_backbone(trainable_layers=2, max_epochs=1, warm_start=True).fit(X, y)
    before = {k: v.clone() for k, v in encoder_state(model).items()}
    after = encoder_state(model.fit(X, y))
    moved = {
        name.rsplit(".", 1)[0] for name in before if not torch.equal(before[name], after[name])
    }
    assert moved == {"features.12.expand1x1", "features.12.expand3x3"}


def encoder_state(model):
    return model.net_.module_.encoder.backbone.network.state_dict()


def test_a_backbone_takes_the_weights_of_a_file_and_of_another_estimator(few, tmp_path):
    X, y = few
    source = with_backbone(max_epochs=1).fit(X, y)
    torch.save(encoder_state(source), tmp_path / "weights.pth")
    for weights in (str(tmp_path / "weights.pth"), FrozenEstimator(source)):
        model = with_backbone(weights=weights, trainable_layers=0).fit(X, y)
        for name, values in encoder_state(source).items():
            torch.testing.assert_close(encoder_state(model)[name], values, rtol=0, atol=0)


# Tiles and patches ---------------------------------------------------------------------------


@pytest.mark.parametrize("length", [64, 68, 100, 132, 260])
@pytest.mark.parametrize("overlap", [0.0, 0.1, 0.25, 0.5, 0.8])
def test_windows_cover_a_side_and_their_weights_sum_to_one(length, overlap):
    starts, weights = windows(length, 64, overlap, multiple=4)
    assert starts[0] == 0
    assert starts[-1] == length - 64
    assert all(start % 4 == 0 for start in starts)
    total = np.zeros(length)
    for start, row in zip(starts, weights, strict=True):
        total[start : start + 64] += row
    np.testing.assert_allclose(total, 1, rtol=1e-6)
    shared = [a + 64 - b for a, b in zip(starts, starts[1:], strict=False)]
    assert min(shared, default=64) >= int(64 * overlap)


def reach(model, size=96):
    """Pixels on either side that the network looks at, measured by gradients."""
    images = torch.rand(1, 1, size, size, generator=torch.Generator().manual_seed(0))
    images.requires_grad_()
    with torch.enable_grad():
        logits = model.net_.module_(images)
        rows = []
        for middle in range(size // 2, size // 2 + model.net_.module_.multiple):
            (gradient,) = torch.autograd.grad(logits[0, 0, middle].sum(), images, retain_graph=True)
            seen = gradient.abs().sum((0, 1, 3)).nonzero()
            rows.append(max(middle - seen.min().item(), seen.max().item() - middle))
    return max(rows)


@pytest.mark.parametrize("up", ["transpose", "bilinear"])
@pytest.mark.parametrize("shape", [(96, 160), (101, 83)])
def test_tiled_equals_whole_where_the_receptive_field_allows(up, shape):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (2, *shape), dtype=np.uint8)
    model = small((2, 3), up=up, activation="elu").fit(X, X > 127)
    expected = model.predict_proba(X)
    for tile, overlap in ((64, 0.75), ((1000, 1000), 0.25)):
        model.set_params(tile=tile, tile_overlap=overlap)
        np.testing.assert_allclose(model.predict_proba(X), expected, atol=2e-6)
    assert reach(model) <= 64 * 0.75 / 4


def test_overlapping_tiles_have_smaller_seams(trained):
    X = make_lesions(2, size=96, noise=0.1, random_state=5).images
    whole = trained.set_params(tile=96).predict_proba(X)[:, 1]
    errors = {}
    for overlap in (0.0, 0.5):
        trained.set_params(tile=32, tile_overlap=overlap)
        errors[overlap] = np.abs(trained.predict_proba(X)[:, 1] - whole).max()
    trained.set_params(tile=None, tile_overlap=0.25)
    assert errors[0.5] < 0.7 * errors[0.0]


def test_images_of_other_sizes_are_refused_unless_tiles_or_patches_say_so(trained):
    X = make_lesions(2, size=48, random_state=0).images
    with pytest.raises(ValueError, match="fitted on 32x32x1 images"):
        trained.predict(X)
    trained.set_params(tile=32)
    try:
        assert trained.predict(X).shape == (2, 48, 48)
        with pytest.raises(ValueError, match="32x32x1 images and cannot take 48x48x3"):
            trained.predict(np.repeat(X[..., None], 3, axis=-1))
    finally:
        trained.set_params(tile=None)


def test_the_network_never_sees_more_than_a_row_of_tiles(few):
    model = small(tile=32).fit(*few)
    seen = []
    hook = model.net_.module_.register_forward_pre_hook(
        lambda module, inputs: seen.append(inputs[0].shape)
    )
    model.predict(np.zeros((1, 300, 500), dtype=np.uint8))
    hook.remove()
    assert {shape[2:] for shape in seen} == {(32, 32)}
    assert max(len(shape) and shape[0] for shape in seen) <= 32


class Kept(Augmenter):
    """Keeps the batches that a network augments."""

    batches = []

    def augment_batch(self, images, masks, generator):
        self.batches.append((images.clone(), masks.clone()))
        return super().augment_batch(images, masks, generator)


def patches_of(images, masks, size):
    """Return the patches, images and masks, that a network trains on in an epoch."""
    Kept.batches.clear()
    small((2,), patch_size=size, augment=Kept()).fit(images, masks)
    return map(torch.cat, zip(*Kept.batches, strict=True))


def test_patches_cut_image_and_mask_alike_and_favour_the_foreground():
    masks = np.zeros((400, 40, 52), dtype=np.uint8)
    masks[:, 5:8, 40:44] = 1
    images, cut = patches_of(masks * 0.5, masks, (16, 12))
    assert images.shape == (400, 1, 16, 12)
    torch.testing.assert_close(images[:, 0], cut * 0.5)
    # Half are centered on foreground, and chance alone shows it in less than a fifth of the others.
    assert 0.5 < cut.flatten(1).any(1).float().mean() < 0.65
    elsewhere = cut[:, 8 - 2 : 8 + 2].flatten(1).any(1)
    assert elsewhere.float().mean() > 0.4


def test_patches_reach_every_pixel_and_take_small_images_whole():
    places = np.tile(np.arange(64.0).reshape(8, 8), (400, 1, 1))
    masks = np.random.default_rng(0).integers(0, 2, places.shape)
    cut, _ = patches_of(places, masks, (4, 4))
    assert set(cut.unique().tolist()) == set(range(64))
    images, _ = patches_of(places[:2], masks[:2], (48, 4))
    assert images.shape == (2, 1, 8, 4)


def test_training_on_patches_learns_and_augments_them(lesions):
    X, y = lesions.images[:60], lesions.masks[:60]
    augment = Augmenter(flip="horizontal")
    settings = LEARNS | {"max_epochs": 30}
    model = small((8, 16), patch_size=16, augment=augment, **settings).fit(X, y)
    ill = lesions.masks[60:].any(axis=(1, 2))
    assert model.score(lesions.images[60:][ill], lesions.masks[60:][ill]) > 0.4


# Thresholds and post-processing --------------------------------------------------------------


@pytest.mark.parametrize("weights", [None, np.linspace(0.5, 3, 60)])
def test_the_tuned_threshold_has_the_best_dice_on_the_images_held_back(weights, lesions):
    X, y = lesions.images[:60], lesions.masks[:60]
    settings = LEARNS | {"early_stopping": True, "validation_fraction": 0.4, "max_epochs": 5}
    model = small(threshold="tune", **settings).fit(X, y, sample_weight=weights)
    [(_, held)] = ShuffleSplit(1, test_size=0.4, random_state=model._seed).split(X)
    foreground = model.predict_proba(X[held])[:, 1]
    weights = None if weights is None else weights[held]
    steps = np.arange(1, 100) / 100
    scores = [dice(y[held], foreground > step, labels=[1], average="image") for step in steps]
    means = np.average(scores, axis=1, weights=weights)
    best = steps[means > means.max() - 1e-9]
    assert model.threshold_ == best[np.abs(best - 0.5).argmin()]


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_tuned_threshold_is_better_on_unseen_images(early_stopping, lesions):
    X, y = lesions.images[:60], lesions.masks[:60]
    settings = LEARNS | {"loss": "bce", "norm": "batch", "class_weight": {1: 20.0}}
    settings |= {"early_stopping": early_stopping, "validation_fraction": 0.3, "max_epochs": 5}
    plain = small(**settings).fit(X, y)
    tuned = small(threshold="tune", **settings).fit(X, y)
    np.testing.assert_array_equal(tuned.predict_proba(X), plain.predict_proba(X))
    assert tuned.threshold_ > 0.5
    unseen = lesions.images[60:], lesions.masks[60:]
    assert tuned.score(*unseen) > plain.score(*unseen)


def test_tuning_judges_each_image_by_a_network_that_has_not_seen_it(few, monkeypatch):
    X, y = few
    pairs = []

    class Spy(UNetSegmenter):
        def fit(self, X, y, sample_weight=None, groups=None, checkpoint=None):
            self.seen_ = {image.tobytes() for image in X}
            return super().fit(X, y, sample_weight, groups, checkpoint)

        def _curves(self, images, masks):
            pairs.append((self.seen_, {image.tobytes() for image in images}))
            return super()._curves(images, masks)

    Spy((2,), max_epochs=1, random_state=0, threshold="tune").fit(X, y, groups=np.arange(12) // 4)
    assert len(pairs) == 3
    weights = np.ones(12)
    weights[0] = 0
    odd = np.where(np.arange(12)[:, None, None] == 0, 7, y)
    model = small((2,), threshold="tune").fit(X, odd, sample_weight=weights)
    assert 0 < model.threshold_ < 1
    assert all(not seen & judged and judged for seen, judged in pairs)
    assert set.union(*(judged for _, judged in pairs)) == {image.tobytes() for image in X}


def test_a_threshold_moves_the_mask(few):
    X, y = few
    for loss, outputs in (("bce", 1), ("ce", 2)):
        proba = small(loss=loss).fit(X, y).predict_proba(X)[:, 1]
        threshold = float(np.quantile(proba, 0.7))
        model = small(loss=loss, threshold=threshold).fit(X, y)
        assert model.net_.module_.head.out_channels == outputs
        np.testing.assert_allclose(model.predict(X).mean(), 0.3, atol=0.01)


def test_a_threshold_for_several_classes_raises(few):
    X, y = few
    y = y.copy()
    y[0, :4] = 2
    with pytest.raises(ValueError, match=r"threshold='tune' tells two classes apart.*\[0, 1, 2\]"):
        small(threshold="tune").fit(X, y)


def test_postprocessing_is_part_of_prediction_and_score(trained, lesions):
    X, y = lesions.images[60:], lesions.masks[60:]
    raw = trained.predict(X)
    try:
        trained.set_params(postprocess=CleanMasks(largest=1, fill_holes=True))
        cleaned = trained.predict(X)
        expected = CleanMasks(largest=1, fill_holes=True).transform(raw)
        np.testing.assert_array_equal(cleaned, expected)
        assert trained.score(X, y) == metrics.dice(y, cleaned, labels=[1])
        trained.set_params(postprocess=np.zeros_like)
        assert trained.predict(X).max() == 0
        trained.set_params(postprocess=lambda masks: masks[:, :5])
        with pytest.raises(ValueError, match=r"postprocess needs .* shape \(30, 32"):
            trained.predict(X)
    finally:
        trained.set_params(postprocess=None)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"filters": (0,)}, "filters needs whole numbers"),
        ({"tile": (32,)}, "tile"),
        ({"patch_size": (8, 0)}, "patch_size needs whole numbers"),
        ({"tile_overlap": 1.0}, "tile_overlap"),
        ({"threshold": 0.0}, "threshold"),
        ({"loss": "mse"}, "loss"),
        ({"postprocess": 3}, "postprocess"),
    ],
)
def test_bad_parameters_are_named(parameters, message, few):
    with pytest.raises(ValueError, match=message):
        small().set_params(**parameters).fit(*few).predict(few[0])

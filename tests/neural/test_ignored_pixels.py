"""Pixels of an ignored label count nowhere: as if they were cut off by hand."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from skmedimg import UNetSegmenter
from skmedimg.datasets import make_lesions
from skmedimg.images import load_masks, stratify_masks
from skmedimg.metrics import dice
from skmedimg.networks import MaskLoss, dice_score
from skmedimg.neural._mask_threshold import dice_curves
from skmedimg.neural._patch_sampling import PatchSampler

# Columns from here on are ignored; what is left of an image is a smaller image.
KEPT = 20


@pytest.fixture(scope="module")
def lesions():
    data = make_lesions(24, size=32, noise=0.1, random_state=0)
    masks = data.masks.astype(np.uint8)
    masks[:, :, KEPT:] = 255
    return data.images, masks


def fit(lesions, **parameters):
    settings = {"max_epochs": 2, "batch_size": 8, "random_state": 0, "device": "cpu"}
    return UNetSegmenter((4, 8), **(settings | parameters)).fit(*lesions)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("loss", ["bce", "ce", "dice", "dice_ce", "focal", "tversky"])
def test_losses_and_scores_are_those_of_the_images_without_the_pixels(loss, n_classes):
    generator = torch.Generator().manual_seed(0)
    channels = 1 if loss != "ce" and n_classes == 2 else n_classes
    logits = torch.randn(3, channels, 6, 8, generator=generator, dtype=torch.double)
    labels = torch.randint(n_classes, (3, 6, 8), generator=generator)
    smoothing = 0.1 if loss in ("bce", "ce", "dice_ce") else 0.0
    weights = torch.linspace(0.5, 1.5, n_classes, dtype=torch.double)
    kept = logits[..., :5], labels[..., :5]
    expected = MaskLoss(loss, weights, smoothing)(*kept)
    labels[..., 5:] = 255
    found = MaskLoss(loss, weights, smoothing, ignore_index=255)(logits, labels)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(dice_score(logits, labels, ignore_index=255), dice_score(*kept))


def test_an_image_without_a_pixel_that_counts_moves_nothing():
    logits = torch.ones(1, 1, 4, 4, requires_grad=True)
    labels = torch.full((1, 4, 4), 255)
    for loss in ("bce", "dice_ce", "focal"):
        MaskLoss(loss, ignore_index=255)(logits, labels).sum().backward()
    assert logits.grad.abs().max() == 0


def test_a_fit_is_that_of_a_loss_that_cuts_the_pixels_off(lesions):
    seen = set()

    def cut(logits, labels):
        seen.update(labels[..., KEPT:].unique().tolist())
        logits, labels = logits[..., :KEPT], labels[..., :KEPT]
        return functional.cross_entropy(logits, labels, reduction="none").flatten(1).mean(1)

    options = {"ignore_label": 255, "precision": "float64"}
    plain, own = (fit(lesions, loss=loss, **options) for loss in ("ce", cut))
    assert plain.classes_.tolist() == [0, 1]
    X = lesions[0]
    np.testing.assert_allclose(plain.predict_proba(X), own.predict_proba(X), rtol=1e-9)
    # What torch's own cross-entropy leaves out; 0 and 1 are of the trial before the fit.
    assert seen == {0, 1, -100}


def test_scores_thresholds_weights_and_history_are_those_without_the_pixels(lesions):
    X, y = lesions
    model = fit(lesions, ignore_label=255, class_weight="balanced", batch_size=24, max_epochs=4)
    kept = y[:, :, :KEPT]
    assert model.score(X, y) == dice(kept, model.predict(X)[:, :, :KEPT], labels=[1])
    weights = model.net_.criterion_.class_weight.numpy()
    np.testing.assert_allclose(weights[1] / weights[0], (kept == 0).sum() / (kept == 1).sum())
    proba = model.predict_proba(X)[:, 1]
    found, expected = dice_curves(proba, y, 255), dice_curves(proba[:, :, :KEPT], kept)
    np.testing.assert_array_equal(found, expected)
    tuned = fit(lesions, ignore_label=255, threshold="tune", max_epochs=1)
    assert 0 < tuned.threshold_ < 1


def test_a_validation_set_may_have_ignored_pixels(lesions):
    X, y = lesions
    model = UNetSegmenter((4, 8), max_epochs=1, ignore_label=255, random_state=0, device="cpu")
    model.fit(X[:16], y[:16], X_val=X[16:], y_val=y[16:])
    expected = dice(y[16:, :, :KEPT], model.predict(X[16:])[:, :, :KEPT], labels=[1])
    assert model.history_[-1]["valid_score"] == pytest.approx(expected)


def test_patches_are_centred_on_foreground_that_counts():
    mask = torch.zeros(64, 1, 32, 32, dtype=torch.uint8)
    mask[..., :4, :4], mask[..., 16:, 16:] = 1, 255
    sampler = PatchSampler((8, 8), None, foreground=1.0, ignored=255)
    images, masks = sampler.augment_batch(
        mask.float(), mask[:, 0], torch.Generator().manual_seed(0)
    )
    assert ((masks == 1).flatten(1).sum(1) > 0).all()
    assert not (masks == 255).any()


@pytest.mark.parametrize("label", [255, 7, -1])
def test_labels_of_any_value_may_be_ignored(label, lesions):
    X, y = lesions
    expected = fit(lesions, ignore_label=255, patch_size=16)
    masks = np.where(y == 255, label, y.astype(int))
    model = fit((X, masks), ignore_label=label, patch_size=16)
    assert model.classes_.tolist() == [0, 1]
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    several = np.where((masks == 1) & (np.arange(32) % 2 == 0), 5, masks)
    assert fit((X, several), ignore_label=label).classes_.tolist() == [0, 1, 5]


def test_labels_that_are_not_ignored_are_refused_with_the_way_out(lesions):
    with pytest.raises(ValueError, match=r"holds \[0, 1, 255\].*ignore_label=255"):
        fit(lesions)
    with pytest.raises(ValueError, match=r"holds \[-1, 0, 1\].*ignore_label=-1"):
        fit((lesions[0], np.where(lesions[1] == 255, -1, lesions[1].astype(int))))
    with pytest.raises(ValueError, match="only one class beside ignore_label=1: 0"):
        fit((lesions[0], lesions[1] % 255), ignore_label=1)


def test_pixels_outside_of_a_region_are_read_as_ignored(lesions, tmp_path):
    truth = lesions[1][:3] % 255
    region = np.zeros((32, 32), dtype=np.uint8)
    region[:, :KEPT] = 255
    files = []
    for row, mask in enumerate(truth):
        files.append(tmp_path / f"{row}.png")
        Image.fromarray(mask * 255).save(files[-1])
    Image.fromarray(region).save(tmp_path / "region.png")
    masks = load_masks(files, regions=[tmp_path / "region.png"] * 3, ignore_label=7)
    np.testing.assert_array_equal(masks, np.where(region > 0, truth * 255, 7))
    small = load_masks(files, (16, 16), regions=[tmp_path / "region.png"] * 3)
    assert set(np.unique(small[:, :, KEPT // 2 :])) == {255}
    assert set(np.unique(small[:, :, : KEPT // 2])) == {0, 1}
    with pytest.raises(ValueError, match=r"ignore_label=0 is a label of '.*0\.png' within"):
        load_masks(files, regions=[tmp_path / "region.png"] * 3, ignore_label=0)
    with pytest.raises(ValueError, match="2 regions for 3 masks"):
        load_masks(files, regions=[tmp_path / "region.png"] * 2)


def test_stratifying_counts_no_ignored_pixels(lesions):
    y = lesions[1]
    found = stratify_masks(y, ignore_label=255)
    np.testing.assert_array_equal(found, stratify_masks(y[:, :, :KEPT]))
    assert not np.array_equal(found, stratify_masks(y))

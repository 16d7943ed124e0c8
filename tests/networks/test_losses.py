"""Losses of masks agree with torch, torchvision and closed forms, image by image."""

import math

import pytest
import torch
from torch.nn import functional
from torchvision.ops import sigmoid_focal_loss

from skmedimg.metrics import dice
from skmedimg.networks import (
    MaskLoss,
    dice_loss,
    dice_score,
    focal_loss,
    pixel_cross_entropy,
    tversky_loss,
)

LOSSES = ("bce", "ce", "dice", "dice_ce", "focal", "tversky")


@pytest.fixture
def binary():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(5, 1, 7, 6, generator=generator, dtype=torch.float64)
    return logits, torch.randint(0, 2, (5, 7, 6), generator=generator)


@pytest.fixture
def multiclass():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(5, 4, 7, 6, generator=generator, dtype=torch.float64)
    return logits, torch.randint(0, 4, (5, 7, 6), generator=generator)


def per_image(losses):
    return losses.flatten(1).mean(1)


def test_binary_cross_entropy_is_torchs(binary):
    logits, labels = binary
    expected = functional.binary_cross_entropy_with_logits(
        logits[:, 0], labels.double(), reduction="none"
    )
    torch.testing.assert_close(MaskLoss("bce")(logits, labels), per_image(expected))


def test_cross_entropy_is_torchs_with_class_weights(multiclass):
    logits, labels = multiclass
    weight = torch.tensor([0.5, 1.0, 2.0, 0.0], dtype=torch.float64)
    expected = functional.cross_entropy(logits, labels, weight=weight, reduction="none")
    torch.testing.assert_close(pixel_cross_entropy(logits, labels, weight), per_image(expected))


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0, 3.5])
def test_focal_loss_is_torchvisions(binary, gamma):
    logits, labels = binary
    truth = labels[:, None].double()
    expected = sigmoid_focal_loss(logits, truth, alpha=-1, gamma=gamma)
    torch.testing.assert_close(focal_loss(logits, labels, gamma=gamma), per_image(expected))
    expected = sigmoid_focal_loss(logits, truth, alpha=0.25, gamma=gamma)
    weight = torch.tensor([0.75, 0.25], dtype=torch.float64)
    torch.testing.assert_close(focal_loss(logits, labels, weight, gamma), per_image(expected))


def test_focal_loss_of_two_softmax_logits_is_that_of_their_difference(binary):
    logits, labels = binary
    pair = torch.cat([torch.zeros_like(logits), logits], 1)
    torch.testing.assert_close(focal_loss(pair, labels), focal_loss(logits, labels))


def test_dice_loss_is_one_minus_dice_of_certain_masks():
    generator = torch.Generator().manual_seed(1)
    true, pred = torch.randint(0, 3, (2, 4, 20, 20), generator=generator)
    logits = 1e3 * functional.one_hot(pred, 3).movedim(-1, 1).double()
    expected = torch.as_tensor(1 - dice(true.numpy(), pred.numpy(), average="image"))
    torch.testing.assert_close(dice_loss(logits, true), expected, atol=5e-3, rtol=0)
    exact = tversky_loss(logits, true, alpha=0.5, beta=0.5, smooth=0.0)
    torch.testing.assert_close(exact, expected)


def test_tversky_loss_in_closed_form():
    # p = 1/2 on four pixels, two of them true: TP = 1, FP = 1, FN = 1
    labels = torch.tensor([[[1, 1], [0, 0]]])
    logits = torch.zeros(1, 1, 2, 2)
    assert tversky_loss(logits, labels, smooth=0.0).item() == pytest.approx(1 - 1 / 2)
    assert tversky_loss(logits, labels, alpha=2, beta=1, smooth=1).item() == pytest.approx(
        1 - 2 / 5
    )


def test_tversky_counts_a_miss_more_than_a_false_alarm():
    labels = torch.tensor([[[1, 1, 0, 0]]])
    certain = 50.0
    miss = tversky_loss(torch.tensor([[[[certain, -certain, -certain, -certain]]]]), labels)
    alarm = tversky_loss(torch.tensor([[[[certain, certain, certain, -certain]]]]), labels)
    assert miss > alarm


def test_an_image_without_foreground_has_a_finite_loss_that_falls_as_it_empties():
    labels = torch.zeros(1, 4, 4, dtype=torch.int64)
    full, empty = torch.full((2, 1, 1, 4, 4), 4.0) * torch.tensor([1.0, -1.0]).view(2, 1, 1, 1, 1)
    for name in LOSSES:
        if name != "ce":
            assert MaskLoss(name)(empty, labels) < MaskLoss(name)(full, labels) < math.inf


@pytest.mark.parametrize("name", LOSSES)
def test_each_image_has_a_loss_of_its_own(name, multiclass):
    logits, labels = multiclass
    weight = torch.tensor([1.0, 2.0, 0.5, 1.0])
    loss = MaskLoss(name, weight)
    together = loss(logits, labels)
    assert together.shape == (5,)
    alone = torch.cat([loss(logits[i : i + 1], labels[i : i + 1]) for i in range(5)])
    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_right(name, multiclass):
    logits, labels = multiclass
    logits = logits[:2, :, :3, :3].clone().requires_grad_()
    loss = MaskLoss(name)
    assert torch.autograd.gradcheck(lambda values: loss(values, labels[:2, :3, :3]), logits)


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_dice_score_is_the_metric(kind, request):
    logits, labels = request.getfixturevalue(kind)
    labels[0] = 0
    pred = logits.argmax(1) if kind == "multiclass" else (logits[:, 0] > 0).long()
    classes = range(1, logits.shape[1] if kind == "multiclass" else 2)
    expected = dice(labels.numpy(), pred.numpy(), labels=list(classes), average="image")
    torch.testing.assert_close(dice_score(logits, labels), torch.as_tensor(expected).float())


def test_class_weights_travel_with_the_loss_but_are_no_parameters():
    loss = MaskLoss("dice", torch.tensor([1.0, 2.0]))
    assert list(loss.parameters()) == []
    assert "class_weight" in loss.state_dict()

"""Parameter tables count what Keras and torch count; explanations point where they must."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler, StandardScaler
from sklearn.svm import LinearSVC
from torch import nn

from skmedimg import HOG, ImageLoader, Pipeline, ScratchCNN, ShallowMLP, TransferClassifier
from skmedimg.datasets import make_lesions
from skmedimg.inspection import (
    ExplanationDisplay,
    grad_cam,
    hog_map,
    occlusion,
    parameter_table,
)

# Report 001's CNN: layer by layer the outputs and parameters that Keras printed for it.
KERAS_CNN = [
    ("Conv2d", (128, 128, 32), 896, 0), ("LeakyReLU", (128, 128, 32), 0, 0),
    ("MaxPool2d", (64, 64, 32), 0, 0), ("BatchNorm2d", (64, 64, 32), 64, 64),
    ("Conv2d", (64, 64, 64), 18496, 0), ("LeakyReLU", (64, 64, 64), 0, 0),
    ("MaxPool2d", (32, 32, 64), 0, 0), ("BatchNorm2d", (32, 32, 64), 128, 128),
    ("Conv2d", (32, 32, 128), 73856, 0), ("LeakyReLU", (32, 32, 128), 0, 0),
    ("MaxPool2d", (16, 16, 128), 0, 0), ("BatchNorm2d", (16, 16, 128), 256, 256),
    ("Conv2d", (16, 16, 256), 295168, 0), ("LeakyReLU", (16, 16, 256), 0, 0),
    ("MaxPool2d", (8, 8, 256), 0, 0), ("BatchNorm2d", (8, 8, 256), 512, 512),
    ("Flatten", (16384,), 0, 0), ("Linear", (128,), 2097280, 0), ("LeakyReLU", (128,), 0, 0),
    ("Dropout", (128,), 0, 0), ("Linear", (64,), 8256, 0), ("LeakyReLU", (64,), 0, 0),
    ("Linear", (1,), 65, 0),
]  # fmt: skip


@pytest.fixture(scope="module")
def lesions():
    return make_lesions(160, size=32, noise=0.0, random_state=0)


@pytest.fixture(scope="module")
def cnn(lesions):
    model = ScratchCNN(
        (8, 16), global_pool=True, dense_units=(), learning_rate=5e-3, max_epochs=40,
        convs_per_block=1, norm="group", schedule="cosine", weight_decay=0.0, random_state=0,
    )  # fmt: skip
    return model.fit(lesions.images, lesions.target)


def keras_cnn():
    layers, channels = [], 3
    for filters in (32, 64, 128, 256):
        layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.LeakyReLU(), nn.MaxPool2d(2)]
        layers += [nn.BatchNorm2d(filters)]
        channels = filters
    layers += [nn.Flatten(), nn.Linear(16384, 128), nn.LeakyReLU(), nn.Dropout()]
    return nn.Sequential(*layers, nn.Linear(128, 64), nn.LeakyReLU(), nn.Linear(64, 1))


def test_the_table_has_the_rows_and_sums_that_keras_printed(torch_generator_put_back):
    table = parameter_table(keras_cnn(), (128, 128, 3))
    rows = [(row.kind, row.output_shape, row.parameters, row.running) for row in table.rows]
    assert rows == KERAS_CNN
    assert table.trainable == table.parameters == 2494977
    assert table.parameters + table.running == 2495937
    assert "with running statistics" in repr(table)
    assert "2,495,937   (as Keras counts)" in repr(table)
    assert "(9.52 MB)" in repr(table)


def test_the_table_of_vgg11_adds_up_to_what_torchvision_says(torch_generator_put_back):
    torchvision = pytest.importorskip("torchvision")
    net = torchvision.models.vgg11(weights=None).requires_grad_(False)
    net.classifier[-1] = nn.Linear(4096, 2)
    table = parameter_table(net, (64, 64, 3))
    assert table.parameters == sum(p.numel() for p in net.parameters())
    assert table.trainable == 4096 * 2 + 2
    assert net.training


def test_shared_weights_are_counted_once_and_unused_layers_are_shown(torch_generator_put_back):
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.again, self.idle = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 9)
            self.again.weight = self.first.weight

        def forward(self, x):
            return self.again(self.first(x))

    table = parameter_table(Odd(), (4,))
    assert [row.name for row in table.rows] == ["first", "again", "idle"]
    assert [row.parameters for row in table.rows] == [20, 4, 45]
    assert table.rows[2].output_shape is None


def test_looking_leaves_modes_and_statistics_as_they_were(torch_generator_put_back):
    net = keras_cnn().train()
    net[3].eval()
    before = net[3].running_mean.clone(), net[7].running_mean.clone()
    parameter_table(net, (128, 128, 3))
    grad_cam(net, np.zeros((2, 128, 128, 3)))
    assert net.training
    assert not net[3].training
    assert torch.equal(net[3].running_mean, before[0])
    assert torch.equal(net[7].running_mean, before[1])
    assert all(p.grad is None for p in net.parameters())


def test_the_tables_of_estimators_and_pipelines_are_those_of_their_networks(cnn, lesions):
    count = sum(p.numel() for p in cnn.net_.module_.parameters())
    assert parameter_table(cnn).parameters == count
    assert list(parameter_table(cnn).to_frame()["parameters"])[0] == 8 * 9 + 8
    mlp = make_pipeline(PCA(10, random_state=0), ShallowMLP((5,), max_epochs=1, random_state=0))
    mlp.fit(lesions.images.reshape(160, -1), lesions.target)
    assert parameter_table(mlp).parameters == 10 * 5 + 5 + 5 + 1


def test_models_of_scikit_learn_are_listed_too():
    X, y = np.random.default_rng(0).normal(size=(60, 6)), np.arange(60) % 3
    mlp = MLPClassifier((7,), max_iter=1000, tol=1, random_state=0).fit(X, y)
    assert parameter_table(mlp).parameters == 6 * 7 + 7 + 7 * 3 + 3
    assert parameter_table(LogisticRegression().fit(X, y)).parameters == 6 * 3 + 3
    with pytest.raises(TypeError, match="GaussianNB has no layers"):
        parameter_table(GaussianNB().fit(X, y))


def test_layer_names_are_escaped_in_html(torch_generator_put_back):
    network = nn.Sequential()
    network.add_module("<b>&", nn.Linear(4, 2))
    page = parameter_table(network, (4,))._repr_html_()
    assert "&lt;b&gt;&amp;" in page
    assert "<b>" not in page


class KnownCam(nn.Module):
    """Two maps, the image and its square, averaged: the answer can be written down."""

    def __init__(self, weights):
        super().__init__()
        self.maps = nn.Conv2d(1, 2, 1, bias=False)
        self.maps.weight.data = torch.tensor([1.0, 2.0])[:, None, None, None]
        self.weights = nn.Parameter(torch.tensor(weights))

    def forward(self, x):
        maps = self.maps(x)
        pooled = torch.stack([maps[:, 0].mean((1, 2)), (maps[:, 1] ** 2).mean((1, 2))], dim=1)
        return pooled @ self.weights.T


def test_grad_cam_is_the_one_worked_out_by_hand(torch_generator_put_back):
    net = KnownCam([[1.0, 0.0], [0.5, -0.1]])
    image = np.array([[[0.0, 1.0], [2.0, 4.0]]])
    pixels = image[0]
    first = pixels / 4  # d mean / d map is 1/4 everywhere
    second = (0.5 * pixels / 4) + (-0.1 * 2 * (2 * pixels) / 4).mean() * 2 * pixels
    for target, expected in ((0, first), (1, second)):
        expected = np.maximum(expected, 0)
        expected = expected / (expected.max() or 1)
        np.testing.assert_allclose(grad_cam(net, image, target=target)[0], expected, atol=1e-6)


def test_grad_cam_of_one_logit_turns_round_for_the_other_class(torch_generator_put_back):
    net = nn.Sequential(nn.Conv2d(1, 1, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    net[0].weight.data[:], net[0].bias.data[:] = 1, 0
    image = np.random.default_rng(0).random((1, 6, 6))
    one = grad_cam(net, image, target=1)
    np.testing.assert_allclose(one[0], image[0] / image.max(), rtol=1e-5)
    assert not grad_cam(net, image, target=0).any()


@pytest.mark.usefixtures("processor")
def test_grad_cam_sees_through_frozen_parts():
    data = make_lesions(16, size=40, random_state=0)
    frozen = TransferClassifier("squeezenet1_1", weights=None, max_epochs=1, random_state=0)
    frozen.fit(data.images, data.target)
    module = frozen.net_.module_
    pixels = torch.as_tensor(data.images[:4, None] / np.float32(255))
    with torch.no_grad():  # one linear unit on averaged features: the map is their weighted sum
        coarse = (
            module.head[-1].weight[0, :, None, None] * module.backbone.forward_frozen(pixels)
        ).sum(1)
    for target, sign in ((0, -1), (1, 1)):
        expected = torch.nn.functional.interpolate(
            (sign * coarse).clamp_min(0)[:, None], size=(40, 40), mode="bilinear"
        )[:, 0].numpy()
        largest = expected.max(axis=(1, 2), keepdims=True)
        expected = expected / np.where(largest > 0, largest, 1)
        maps = grad_cam(frozen, data.images[:4], target=target)
        np.testing.assert_allclose(maps, expected, atol=1e-4)
    table = parameter_table(frozen)
    assert table.trainable == 513
    assert table.parameters == 722496 + 513
    assert all(not part.weight.requires_grad for part in frozen.net_.module_.backbone.modules()
               if isinstance(part, nn.Conv2d))  # fmt: skip


def test_grad_cam_takes_a_layer_by_name_and_refuses_what_gives_no_map(cnn, lesions):
    images = lesions.images[:4]
    early = grad_cam(cnn, images, layer="0.0.0")
    assert early.shape == (4, 32, 32)
    assert not np.array_equal(early, grad_cam(cnn, images))
    with pytest.raises(ValueError, match="is not a layer"):
        grad_cam(cnn, images, layer="nowhere")
    mlp = ShallowMLP((4,), max_epochs=1, random_state=0).fit(lesions.images, lesions.target)
    with pytest.raises(TypeError, match=r"needs a convolution.*occlusion"):
        grad_cam(mlp, images)
    with pytest.raises(TypeError, match="is not a network"):
        grad_cam(GaussianNB().fit(np.eye(2), [0, 1]), np.eye(2))
    with pytest.raises(ValueError, match=r"target='x' is not one of the classes"):
        grad_cam(cnn, images, target="x")


def test_grad_cam_does_not_depend_on_the_batch_size(cnn, lesions):
    images = lesions.images[:7]
    whole, parts = grad_cam(cnn, images), grad_cam(cnn, images, batch_size=3)
    np.testing.assert_allclose(whole, parts, atol=1e-5)


def test_grad_cam_lights_up_the_lesions(cnn, lesions):
    assert cnn.score(lesions.images, lesions.target) > 0.8
    sick = lesions.target == 1
    maps = grad_cam(cnn, lesions.images[sick], target=1)
    masks = lesions.masks[sick] > 0
    inside = np.array([m[k].mean() for m, k in zip(maps, masks, strict=True)])
    outside = np.array([m[~k].mean() for m, k in zip(maps, masks, strict=True)])
    assert np.mean(inside > outside) > 0.95
    assert inside.mean() > 10 * outside.mean()


def test_a_linear_hog_map_adds_up_to_the_decision(lesions):
    hog = HOG(pixels_per_cell=(5, 5), cells_per_block=(2, 3))
    images, y = lesions.images, lesions.target + 2 * (np.arange(160) % 2)
    model = Pipeline([hog, StandardScaler(with_mean=False), LogisticRegression(max_iter=2000)])
    model.fit(images, y)
    decision = model.decision_function(images[:9])
    for column, label in enumerate(model.classes_):
        maps = hog_map(model, images[:9], target=label)
        assert maps.shape == (9, 32, 32)
        assert not maps[:, 30:].any()  # no cell reaches there
        expected = decision[:, column] - model[-1].intercept_[column]
        np.testing.assert_allclose(maps.sum(axis=(1, 2)), expected, rtol=1e-4, atol=1e-4)


def test_a_hog_map_needs_neither_intercepts_nor_scales(lesions):
    images, y = lesions.images, lesions.target + 2 * (np.arange(160) % 2)
    scaler = RobustScaler(with_centering=False, with_scaling=False)
    model = Pipeline([HOG(), scaler, LinearSVC(fit_intercept=False, random_state=0)])
    decision = model.fit(images, y).decision_function(images[:3])
    maps = hog_map(model, images[:3], target=2)
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), decision[:, 2], rtol=1e-4, atol=1e-4)


def test_a_linear_network_on_hog_has_the_map_of_its_weights(lesions):
    hog = HOG(pixels_per_cell=(8, 8), cells_per_block=(1, 1))
    model = Pipeline([hog, ShallowMLP((), max_epochs=2, random_state=0)])
    model.fit(lesions.images, lesions.target)
    rows = hog.fit(lesions.images).transform(lesions.images[:4])
    logits = model[-1].decision_function(rows)
    [bias] = model[-1].decision_function(np.zeros_like(rows[:1]))
    maps = hog_map(model, lesions.images[:4], target=1)
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), logits - bias, rtol=1e-3, atol=1e-4)
    shown = ExplanationDisplay.from_estimator(model, lesions.images[:2], plot=False)
    assert shown.method == "hog"
    np.testing.assert_array_equal(shown.pictures[0], lesions.images[0])


def test_hog_maps_refuse_what_they_cannot_go_back_through(lesions, cnn):
    with pytest.raises(TypeError, match="needs a pipeline with a HOG step"):
        hog_map(cnn, lesions.images[:2])
    model = Pipeline([HOG(), PCA(3, random_state=0), LogisticRegression()])
    model.fit(lesions.images, lesions.target)
    with pytest.raises(TypeError, match=r"cannot go back through PCA.*occlusion"):
        hog_map(model, lesions.images[:2])


def test_explanations_are_of_the_images_that_the_model_sees(cnn, lesions, tmp_path):
    paths = [tmp_path / f"{row}.png" for row in range(3)]
    for path, image in zip(paths, lesions.images, strict=False):
        Image.fromarray(image).resize((70, 50)).save(path)
    model = Pipeline([ImageLoader((32, 32)), cnn])
    model.steps[0][1].fit(paths)
    shown = ExplanationDisplay.from_estimator(model, paths, plot=False)
    assert [picture.shape for picture in shown.pictures] == [(32, 32)] * 3
    assert occlusion(model, paths, patch=16).shape == (3, 32, 32)


class LooksAtOnePixel:
    classes_ = np.array(["dark", "light"])

    def predict_proba(self, X):
        light = np.asarray(X).reshape(len(X), -1)[:, 8 * 2 + 5]
        return np.column_stack([1 - light, light])


@pytest.mark.parametrize("rows", [False, True])
def test_occlusion_finds_the_only_pixel_that_counts(rows):
    images = np.zeros((1, 8, 8))
    images[0, 2, 5] = 1
    X = images.reshape(1, -1) if rows else images
    [found] = occlusion(LooksAtOnePixel(), X, patch=1, stride=1, fill=0.0)
    expected = np.zeros((8, 8))
    expected[2, 5] = 1
    np.testing.assert_array_equal(found, expected)
    [against] = occlusion(LooksAtOnePixel(), X, patch=1, fill=0.0, target="dark")
    np.testing.assert_array_equal(against, -expected)


@pytest.mark.parametrize("fill", ["foo", np.nan, -1, 256])
def test_occlusion_refuses_what_no_pixel_can_be_filled_with(fill):
    with pytest.raises(ValueError, match="fill"):
        occlusion(LooksAtOnePixel(), np.zeros((1, 8, 8), np.uint8), fill=fill)


@pytest.mark.parametrize("batch_size", [0, -1])
def test_grad_cam_refuses_batches_of_no_image(torch_generator_put_back, batch_size):
    with pytest.raises(ValueError, match="batch_size"):
        grad_cam(KnownCam([1.0, 1.0]), np.zeros((1, 4, 4)), batch_size=batch_size)


class Meets(nn.Module):
    """Passes a stack on once two threads have come as far."""

    barrier = threading.Barrier(2)

    def forward(self, x):
        self.barrier.wait(timeout=60)
        return x


def test_two_threads_explain_one_model_as_one_thread_does(torch_generator_put_back):
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(2), nn.Flatten(), nn.LazyLinear(2)
    )
    images = np.random.default_rng(0).random((2, 8, 8)).astype(np.float32)
    net(torch.zeros(1, 1, 8, 8))  # fixes the shape of the last layer
    alone = [grad_cam(net, image[None], target=1) for image in images]
    net.insert(0, Meets())  # neither runs a layer before both have set their hooks,
    net.append(Meets())  # and neither removes them before both are through
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda image: grad_cam(net, image[None], target=1), images))
    np.testing.assert_array_equal(together, alone)


def test_a_prediction_during_an_explanation_is_that_of_the_model(torch_generator_put_back):
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))
    image = torch.rand(1, 1, 8, 8)
    net(image)
    net.insert(1, nn.Dropout()).train()
    seen = []

    def look(layer, inputs):
        seen.append((net.training, net[0].training, len(net[0]._forward_hooks)))

    net[0].register_forward_pre_hook(look)
    grad_cam(net, image.numpy()[:, 0])
    assert seen == [(True, True, 0)] * 2


def test_occlusion_averages_over_the_patches_that_cover_a_pixel():
    images = np.zeros((1, 8, 8))
    images[0, 2, 5] = 1
    [found] = occlusion(LooksAtOnePixel(), images, patch=3, stride=2, fill=0.0)
    starts = [0, 2, 4, 5]
    total, times = np.zeros((8, 8)), np.zeros((8, 8))
    for top in starts:
        for left in starts:
            covered = np.s_[top : top + 3, left : left + 3]
            times[covered] += 1
            total[covered] += top <= 2 < top + 3 and left <= 5 < left + 3
    np.testing.assert_allclose(found, total / times)


def test_occlusion_refuses_patches_that_do_not_fit():
    with pytest.raises(ValueError, match="patch .* 1 to 8, .*got 9"):
        occlusion(LooksAtOnePixel(), np.zeros((1, 8, 8)), patch=9)
    with pytest.raises(ValueError, match="stride .* patch=2, got 3"):
        occlusion(LooksAtOnePixel(), np.zeros((1, 8, 8)), patch=2, stride=3)


def test_the_display_chooses_the_method_that_fits(cnn, lesions):
    shown = ExplanationDisplay.from_estimator(cnn, lesions.images[:3], lesions.target[:3])
    assert shown.method == "grad-cam"
    assert shown.axes_.shape == (2, 3)
    assert [overlay.shape for overlay in shown.overlays()] == [(32, 32, 3)] * 3
    plain = GaussianNB().fit(lesions.images.reshape(160, -1), lesions.target)
    other = ExplanationDisplay.from_estimator(plain, lesions.images[:2].reshape(2, -1), plot=False)
    assert other.method == "occlusion"
    with pytest.raises(ValueError, match="method='magic'"):
        ExplanationDisplay.from_estimator(cnn, lesions.images[:1], method="magic")


def test_overlays_leave_pictures_alone_where_the_map_is_zero():
    picture = np.arange(16, dtype=np.uint8).reshape(4, 4)
    display = ExplanationDisplay([picture], [np.zeros((4, 4))], [""], "grad-cam")
    np.testing.assert_array_equal(display.overlays()[0], np.repeat(picture[..., None], 3, axis=2))


def test_titles_of_neighbors_do_not_run_into_each_other(closed_figures):
    gray = np.zeros((8, 8), np.uint8)
    caption = "true: PNEUMONIA, predicted: PNEUMONIA (100 %)"
    display = ExplanationDisplay([gray] * 2, [gray] * 2, [caption] * 2, "occlusion").plot()
    display.figure_.canvas.draw()
    first, second = (ax.title.get_window_extent() for ax in display.axes_[0])
    assert first.x1 < second.x0

"""An exported graph answers as the model does: onnxruntime, which none of us wrote, is asked."""

import json
import warnings

import numpy as np
import onnx
import onnxruntime
import pytest
import skimage.feature
import torch
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_selection import VarianceThreshold
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from torch import nn
from torchvision import models

from skmedimg import (
    HOG,
    LBP,
    BackboneFeatures,
    ImageLoader,
    Pipeline,
    ScratchCNN,
    ShallowMLP,
    ThresholdAt,
    TransferClassifier,
    UNetSegmenter,
)
from skmedimg.datasets import make_lesions
from skmedimg.networks import BACKBONES, steps_of
from skmedimg.saving import to_onnx

QUICK = {"max_epochs": 2, "random_state": 0, "precision": "float32"}
DRAWN = {"weights": None, "cache": None, "random_state": 0, "precision": "float32"}


def run(path, X):
    session = onnxruntime.InferenceSession(path)
    [taken], [given] = session.get_inputs(), session.get_outputs()
    assert taken.name == ("rows" if X.ndim == 2 else "images")
    assert given.name in ("probabilities", "features")
    found = session.run(None, {taken.name: X})[0]
    one = session.run(None, {taken.name: X[:1]})[0]  # the number of rows is open
    np.testing.assert_allclose(one, found[:1], rtol=1e-4, atol=1e-5)
    return found


def assert_answers_alike(model, path, X, given=None):
    found = run(path, X if given is None else given)
    expected = model.predict_proba(X) if hasattr(model, "predict_proba") else model.transform(X)
    assert found.dtype == np.float32
    assert np.ptp(expected) > 1e-3  # a model that says always the same would prove nothing
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def as_color(images):
    return np.stack([images, images[:, ::-1], 255 - images], axis=3)


NETS = {
    "mlp": lambda: ShallowMLP((5,), norm="batch", dropout=0.3, **QUICK),
    "mlp softmax": lambda: ShallowMLP((5,), output="softmax", activation="elu", **QUICK),
    "cnn": lambda: ScratchCNN((4, 8), **QUICK),
    "cnn other parts": lambda: ScratchCNN(
        (4, 8), norm="batch", activation="leaky-relu", pool="avg", padding="valid",
        global_pool=True, block_dropout=0.2, convs_per_block=2, **QUICK,
    ),
    "frozen": lambda: TransferClassifier("squeezenet1_1", max_epochs=2, **DRAWN),
    "cut": lambda: TransferClassifier(
        "mobilenet_v2", width=0.35, trainable_layers=2, head_units=(4,), max_epochs=1, **DRAWN
    ),
    "all trained": lambda: TransferClassifier(
        "squeezenet1_1", trainable_layers="all", pooling="max", max_epochs=1, **DRAWN
    ),
    "gray summed": lambda: TransferClassifier(
        "squeezenet1_1", gray="sum", pooling="flatten", max_epochs=2, **DRAWN
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NETS)
def test_a_network_answers_alike_on_stored_bytes(name, lesions, tmp_path):
    model = NETS[name]().fit(lesions.images, lesions.target)
    path = model.to_onnx(tmp_path / "m.onnx")
    assert_answers_alike(model, path, lesions.images[..., None])


class FirstToken(nn.Module):
    def forward(self, tokens):
        return tokens[:, 0]


def transformer(name):
    """Return a small network built as a backbone of the table is, with weights that are alive."""
    torch.manual_seed(0)
    if name == "vit_b_16":
        network = models.VisionTransformer(48, 16, 2, 2, 8, 16)
    else:
        network = models.SwinTransformer([4, 4], 8, [1, 2], [1, 2], [3, 3])
    for parameter in network.parameters():
        nn.init.normal_(parameter, 0, 0.3)
    row = BACKBONES[name]
    network.set_submodule(row.head, nn.Identity())
    steps = nn.Sequential(*steps_of(network, row.stages))
    steps.mean, steps.std = row.mean, row.std
    if name == "vit_b_16":
        steps.append(FirstToken())
        # two parameters that belong to none of the steps
        steps.class_token, steps.positions = network.class_token, network.encoder.pos_embedding
    return steps


@pytest.mark.slow
@pytest.mark.usefixtures("torch_generator_put_back")
@pytest.mark.parametrize("shape", [(48, 48, 3), (32, 70, 3), (16, 16, 1)])
@pytest.mark.parametrize("name", ["vit_b_16", "swin_t"])
@pytest.mark.parametrize("depth", [0, "all"])
def test_transformers_answer_alike_on_images_of_any_size(name, shape, depth, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (3, *shape), dtype=np.uint8)
    model = TransferClassifier(
        transformer(name), trainable_layers=depth, device="cpu", max_epochs=1, **DRAWN
    ).fit(images, ["a", "b", "c"])
    expected = model.predict_proba(images)
    assert np.ptp(expected, axis=0).max() > 1e-3
    found = run(model.to_onnx(tmp_path / "m.onnx"), images)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)
    larger = torch.zeros(1, 3, 64, 64)
    assert model.net_.module_(larger).shape == (1, 3)  # only the copy keeps to one size


def test_a_transformer_of_timm_answers_alike_on_images_of_another_size(tmp_path):
    pytest.importorskip("timm")
    images = np.random.default_rng(0).integers(0, 256, (4, 48, 56, 3), dtype=np.uint8)
    model = TransferClassifier("timm:test_vit", device="cpu", max_epochs=1, **DRAWN)
    model.fit(images, ["a", "b", "a", "b"])
    found = run(model.to_onnx(tmp_path / "m.onnx"), images)
    np.testing.assert_allclose(found, model.predict_proba(images), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["cnn", "frozen"])
def test_color_and_more_than_two_classes(name, lesions, tmp_path):
    images, labels = as_color(lesions.images), np.array(["c", "a", "b"])[np.arange(24) % 3]
    model = NETS[name]().fit(images, labels)
    path = model.to_onnx(tmp_path / "m.onnx")
    assert_answers_alike(model, path, images)
    facts = {each.key: each.value for each in onnx.load(path).metadata_props}
    assert json.loads(facts["classes"]) == ["a", "b", "c"]
    assert facts["recipe"] == repr(model)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint16, np.int16, np.int64, np.float64, "f2"])
def test_pixels_of_every_dtype_are_scaled_as_in_python(dtype, lesions, tmp_path):
    images = (lesions.images // 2).astype(dtype)
    model = ScratchCNN((4,), **QUICK).fit(images, lesions.target)
    path = model.to_onnx(tmp_path / "m.onnx")
    kind = {np.uint16: np.int32, np.int64: np.float32, np.float64: np.float32, "f2": np.float32}
    given = images[..., None].astype(kind.get(dtype, dtype))
    assert_answers_alike(model, path, images[..., None], given)


def test_a_network_on_rows_takes_rows(lesions, tmp_path):
    rows = lesions.images.reshape(24, -1) / 255
    model = ShallowMLP((5,), **QUICK).fit(rows, lesions.target)
    path = model.to_onnx(tmp_path / "m.onnx")
    assert_answers_alike(model, path, rows, rows.astype(np.float32))


@pytest.mark.parametrize("settings", [
    {}, {"up": "bilinear", "loss": "ce", "norm": "group"},
    {"backbone": "squeezenet1_1", "weights": None},
])  # fmt: skip
def test_a_segmenter_answers_alike(settings, tmp_path):
    data = make_lesions(12, size=38, random_state=0)  # a size that the network pads
    model = UNetSegmenter((4, 8), threshold=0.3, **settings, **QUICK).fit(data.images, data.masks)
    path = model.to_onnx(tmp_path / "m.onnx")
    assert_answers_alike(model, path, data.images[..., None])
    facts = {each.key: each.value for each in onnx.load(path).metadata_props}
    assert float(facts["threshold"]) == 0.3


STEPS = {
    "a net": lambda: Pipeline([ImageLoader((32, 32)), ScratchCNN((4,), **QUICK)]),
    "features": lambda: Pipeline(
        [BackboneFeatures("squeezenet1_1", **DRAWN), StandardScaler(), LogisticRegression()]
    ),
    "an mlp on features": lambda: Pipeline(
        [BackboneFeatures("squeezenet1_1", **DRAWN), MinMaxScaler(), ShallowMLP((4,), **QUICK)]
    ),
    "features alone": lambda: Pipeline([BackboneFeatures("squeezenet1_1", **DRAWN)]),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_pipeline_on_images_answers_alike(name, lesions, tmp_path):
    model = STEPS[name]().fit(lesions.images, lesions.target)
    path = to_onnx(model, tmp_path / "m.onnx")
    assert_answers_alike(model, path, lesions.images, lesions.images[..., None])


HOGS = [
    {}, {"orientations": 8, "block_norm": "L1-sqrt", "transform_sqrt": True},
    {"orientations": 12, "block_norm": "L2", "pixels_per_cell": (5, 7)},
    {"cells_per_block": (1, 2), "block_norm": "L1"},
]  # fmt: skip


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("settings", HOGS, ids=str)
def test_oriented_gradients_are_those_of_scikit_image(settings, color, lesions, tmp_path):
    images = (as_color(lesions.images) if color else lesions.images).astype(np.float32)
    if "transform_sqrt" in settings:  # roots of bytes meet bounds to the last bit, on either side
        images += np.random.default_rng(0).random(images.shape, dtype=np.float32)
    path = to_onnx(HOG(**settings).fit(images), tmp_path / "m.onnx")
    names = {"pixels_per_cell": (8, 8), "cells_per_block": (3, 3), "block_norm": "L2-Hys"}
    expected = [
        skimage.feature.hog(image, **names | settings, channel_axis=-1 if color else None)
        for image in images.astype(float)
    ]
    np.testing.assert_allclose(run(path, images.reshape(24, 32, 32, -1)), expected, atol=2e-5)


def test_oriented_gradients_of_color_made_gray_are_refused(lesions, tmp_path):
    model = HOG(channels="gray").fit(as_color(lesions.images))
    with pytest.raises(TypeError, match="with channels='gray': bytes and floats turn gray diff"):
        to_onnx(model, tmp_path / "m.onnx")


@pytest.mark.parametrize("last", [LogisticRegression(), ShallowMLP((4,), **QUICK)])
def test_a_pipeline_of_oriented_gradients_answers_alike(last, lesions, tmp_path):
    model = Pipeline([ImageLoader((32, 32)), HOG(), last]).fit(lesions.images, lesions.target)
    path = to_onnx(model, tmp_path / "m.onnx")
    given = lesions.images[..., None].astype(np.float32)
    assert_answers_alike(model, path, lesions.images, given)


ON_ROWS = {
    "scaled": lambda: make_pipeline(
        VarianceThreshold(1e-9), StandardScaler(), MaxAbsScaler(), RobustScaler(), MinMaxScaler(),
        LogisticRegression(),
    ),
    "unscaled": lambda: make_pipeline(
        StandardScaler(with_mean=False), RobustScaler(with_scaling=False), LogisticRegression()
    ),
    "whitened": lambda: make_pipeline(PCA(3, whiten=True), LinearDiscriminantAnalysis()),
    "one step": lambda: LogisticRegression(),
    "a cnn of scaled rows": lambda: make_pipeline(StandardScaler(), ScratchCNN((4,), **QUICK)),
}  # fmt: skip


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", ON_ROWS)
def test_a_pipeline_on_rows_answers_alike(name, n_classes, tmp_path):
    X = np.random.default_rng(0).normal(1, 2, size=(60, 64))
    model = ON_ROWS[name]().fit(X, np.arange(60) % n_classes)
    path = to_onnx(model, tmp_path / "m.onnx")
    assert_answers_alike(model, path, X, X.astype(np.float32))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (lambda: Pipeline([LBP(), LogisticRegression()]), "step LBP cannot be written as ONNX"),
        (lambda: make_pipeline(StandardScaler(), GaussianNB()), "step GaussianNB cannot be"),
        (lambda: ThresholdAt(GaussianNB()), "step ThresholdAt cannot be written"),
    ],
)
def test_a_step_that_is_no_arithmetic_is_named(model, words, lesions, tmp_path):
    X = lesions.images if "LBP" in words else lesions.images.reshape(24, -1)
    with pytest.raises(TypeError, match=words):
        to_onnx(model().fit(X, lesions.target), tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_export_leaves_nothing(lesions, tmp_path, monkeypatch):
    model = ScratchCNN((4,), **QUICK).fit(lesions.images, lesions.target)

    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.to_onnx(tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_an_export_says_nothing_and_leaves_the_network_as_it_was(lesions, tmp_path, capfd):
    model = ScratchCNN((4,), norm="batch", **QUICK).fit(lesions.images, lesions.target)
    expected = model.predict_proba(lesions.images)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model.to_onnx(tmp_path / "m.onnx")
    assert said == []
    assert capfd.readouterr() == ("", "")
    np.testing.assert_array_equal(model.predict_proba(lesions.images), expected)


def test_an_operation_that_onnx_lacks_is_named(tmp_path):
    class Odd(nn.Module):
        def forward(self, images):
            return torch.special.airy_ai(images)

    model = BackboneFeatures(Odd(), cache=None, device="cpu").fit(np.zeros((2, 8, 8), np.uint8))
    with pytest.raises(ValueError, match="lacks an operation that it uses.*airy_ai"):
        to_onnx(model, tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_without_onnx_the_error_says_how_to_install_it(lesions, tmp_path, monkeypatch):
    model = ScratchCNN((4,), **QUICK).fit(lesions.images, lesions.target)
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(ImportError, match=r'pip install "skmedimg\[onnx\]"'):
        model.to_onnx(tmp_path / "m.onnx")

"""NetworkClassifier and NetworkSegmenter: torch networks of the user, and the public hooks."""

import copy
import pickle
from functools import partial

import numpy as np
import onnxruntime
import pytest
import torch
from sklearn.base import clone
from sklearn.utils.estimator_checks import estimator_checks_generator
from torch import nn
from torch.nn import functional

from skmedimg import ScratchCNN, UNetSegmenter
from skmedimg.datasets import make_lesions
from skmedimg.neural import NetworkClassifier, NetworkSegmenter

LESIONS = make_lesions(40, size=16, noise=0.1, random_state=0)
IMAGES, LABELS, MASKS = LESIONS.images, LESIONS.target, LESIONS.masks


def small_cnn(image_shape, n_outputs):
    size = (image_shape[0] // 4) * (image_shape[1] // 4)
    return nn.Sequential(
        nn.Conv2d(image_shape[2], 4, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(4),
        nn.Dropout(0.2),
        nn.Flatten(),
        nn.Linear(4 * size, n_outputs),
    )


def small_mlp(image_shape, n_outputs):
    return nn.Sequential(nn.Linear(image_shape[0], 20), nn.ReLU(), nn.Linear(20, n_outputs))


def pixelwise(image_shape, n_outputs):
    return nn.Sequential(
        nn.Conv2d(image_shape[2], 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, n_outputs, 1)
    )


def instance(image_shape, n_outputs, make=None):
    """Return a network with weights, without drawing from torch's generator."""
    with torch.random.fork_rng():
        return (make or small_cnn)(image_shape, n_outputs)


class SmallNetwork(nn.Module):
    def __init__(self, image_shape, n_outputs):
        super().__init__()
        self.head = nn.LazyLinear(n_outputs)

    def forward(self, images):
        return self.head(functional.avg_pool2d(images, 4).flatten(1))


def classifier(module=small_cnn, **parameters):
    return NetworkClassifier(module, **{"max_epochs": 2, "random_state": 0, **parameters})


def segmenter(module=pixelwise, **parameters):
    return NetworkSegmenter(module, **{"max_epochs": 2, "random_state": 0, **parameters})


# The same training ----------------------------------------------------------------------------


def trained_by_hand(module, images, labels, epochs, lr):
    module = copy.deepcopy(module).double()
    optimizer = torch.optim.SGD(module.parameters(), lr=lr, momentum=0.9, nesterov=True)
    images = torch.tensor(images, dtype=torch.float64)[:, None]
    for _ in range(epochs):
        optimizer.zero_grad()
        nn.CrossEntropyLoss()(module(images), torch.tensor(labels)).backward()
        optimizer.step()
    return module(images).softmax(1).detach().numpy()


@pytest.mark.filterwarnings("ignore:NetworkClassifier gets float64 pixels up to 255:UserWarning")
def test_a_network_is_trained_as_by_a_loop_written_by_hand():
    with torch.random.fork_rng():
        module = nn.Sequential(nn.Flatten(), nn.Linear(256, 8), nn.Tanh(), nn.Linear(8, 2))
    model = NetworkClassifier(
        module,
        max_epochs=5,
        batch_size=40,
        optimizer="sgd",
        learning_rate=0.1,
        schedule="constant",
        precision="float64",
    )
    found = model.fit(IMAGES.astype(float), LABELS).predict_proba(IMAGES.astype(float))
    expected = trained_by_hand(module, IMAGES.astype(float), LABELS, 5, 0.1)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def shared_parameters(ours, model):
    names = set(model.get_params()) - {"module"}
    return {name: value for name, value in ours.get_params().items() if name in names}


def test_our_own_estimators_are_classifiers_with_a_network_that_they_build():
    ours = ScratchCNN((4,), dense_units=(), standardize=False, max_epochs=2, random_state=0)
    shared = {
        name: ours.get_params()[name] for name in classifier().get_params() if name != "module"
    }
    same = NetworkClassifier(ours.build_module, **shared)
    fitted = [model.fit(IMAGES, LABELS).predict_proba(IMAGES) for model in (ours, same)]
    assert isinstance(ours, NetworkClassifier)
    np.testing.assert_array_equal(*fitted)


def test_our_own_segmenter_is_a_segmenter_with_a_network_that_it_builds():
    ours = UNetSegmenter((4, 8), standardize=False, max_epochs=2, random_state=0)
    shared = {
        name: ours.get_params()[name] for name in segmenter().get_params() if name != "module"
    }
    same = NetworkSegmenter(ours.build_module, **shared)
    fitted = [model.fit(IMAGES, MASKS).predict_proba(IMAGES) for model in (ours, same)]
    np.testing.assert_array_equal(*fitted)


# What a module may be -------------------------------------------------------------------------


@pytest.mark.parametrize("module", [small_cnn, SmallNetwork, small_cnn((16, 16, 1), 2)])
def test_a_function_a_class_and_an_instance_are_modules(module):
    model = classifier(module)
    found = model.fit(IMAGES, LABELS).predict_proba(IMAGES)
    assert found.shape == (40, 2)
    again = clone(model).fit(IMAGES, LABELS).predict_proba(IMAGES)
    np.testing.assert_array_equal(found, again)
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(found, copied.predict_proba(IMAGES))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_an_instance_of_another_dtype_is_trained_in_that_of_the_fit(dtype):
    module = instance((16, 16, 1), 2).to(dtype)
    model = classifier(module, precision="float32").fit(IMAGES, LABELS)
    assert model.net_.module_[0].weight.dtype == torch.float32
    assert module[0].weight.dtype == dtype


def test_an_instance_keeps_its_weights_and_every_fit_starts_from_them():
    module = instance((16, 16, 1), 2)
    before = copy.deepcopy(module.state_dict())
    model = classifier(module, learning_rate=1e-12).fit(IMAGES, LABELS)
    started = model.net_.module_.state_dict()
    for name, value in before.items():
        torch.testing.assert_close(module.state_dict()[name], value, rtol=0, atol=0)
        torch.testing.assert_close(started[name].cpu(), value, rtol=0, atol=1e-6)


def test_the_seed_decides_weights_and_dropout_and_torch_s_generator_stays():
    state = torch.get_rng_state()
    one, two, other = (
        classifier(random_state=seed).fit(IMAGES, LABELS).predict_proba(IMAGES)
        for seed in (0, 0, 1)
    )
    assert (torch.get_rng_state() == state).all()
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


@pytest.mark.parametrize("kind", [nn.Dropout1d, nn.Dropout2d, nn.Dropout3d])
def test_dropout_of_channels_stays_dropout_of_channels(kind):
    sides = (5,) * int(kind.__name__[-2])

    class Holding(nn.Sequential):
        """Holds a dropout layer beside those that it runs."""

        def __init__(self, image_shape, n_outputs):
            super().__init__(nn.Flatten(), nn.Linear(16 * 16, n_outputs))
            self.spare = kind(0.5)

        def forward(self, x):
            return self[1](self[0](x))

    model = classifier(Holding).fit(IMAGES, LABELS)
    layer = model.net_.module_.spare.train()
    assert type(layer) is not kind  # one that draws from the fit's own generator
    layer.generator = torch.Generator().manual_seed(0)
    found = layer(torch.ones(50, 20, *sides))
    kept = found.flatten(2)
    assert ((kept == 0).all(2) | (kept == 2).all(2)).all()
    assert 0.4 < (kept[..., 0] == 0).float().mean() < 0.6


def test_two_classes_may_have_one_logit():
    model = classifier(output="auto").fit(IMAGES, LABELS)
    assert model.net_.module_[-1].out_features == 1
    assert model.decision_function(IMAGES).shape == (40,)


@pytest.mark.parametrize("shape", [(-1,), (64,)])
def test_a_module_may_take_rows(shape):
    rows = np.random.default_rng(0).normal(size=(40, 64))
    model = classifier(small_mlp, image_shape=shape).fit(rows, LABELS)
    assert model.image_shape_ == (64,)
    assert model.predict(rows).shape == (40,)
    images = classifier(small_mlp, image_shape=(-1,)).fit(IMAGES, LABELS)
    assert images.net_.module_[0].in_features == 256


def test_rows_of_another_length_than_asked_for_are_refused():
    with pytest.raises(ValueError, match="image_shape"):
        classifier(small_mlp, image_shape=(30,)).fit(np.zeros((40, 64)), LABELS)


def test_a_segmenter_takes_windows_without_an_attribute_multiple():
    model = segmenter(tile=8).fit(IMAGES, MASKS)
    assert model.predict(IMAGES[:2]).shape == (2, 16, 16)


def test_onnx_holds_a_module_of_the_user(tmp_path):
    model = classifier().fit(IMAGES, LABELS)
    session = onnxruntime.InferenceSession(model.to_onnx(tmp_path / "own.onnx"))
    [found] = session.run(None, {"images": IMAGES[..., None]})
    np.testing.assert_allclose(found, model.predict_proba(IMAGES), atol=1e-5)


# Hooks ----------------------------------------------------------------------------------------


class Hooked(NetworkClassifier):
    def build_module(self, image_shape, n_outputs):
        return small_cnn(image_shape, n_outputs)

    def parameter_groups(self, module):
        return [{"params": module[-1].parameters(), "lr": 0.5}, {"params": module[0].parameters()}]

    def build_loss(self):
        return nn.CrossEntropyLoss(label_smoothing=0.5, reduction="none")


def test_a_subclass_overrides_the_hooks():
    model = Hooked(max_epochs=1, schedule="constant", random_state=0).fit(IMAGES, LABELS)
    assert [group["lr"] for group in model.net_.optimizer_.param_groups] == [0.5, 1e-3]
    assert model.net_.criterion_.given.label_smoothing == 0.5


# Refusals -------------------------------------------------------------------------------------


def without_arguments():
    return nn.Linear(1, 1)


@pytest.mark.parametrize(
    ("module", "error", "match"),
    [
        (None, ValueError, "module="),
        (without_arguments, TypeError, r"\(image_shape, n_outputs\)"),
        (lambda image_shape, n_outputs: "network", TypeError, "returned a str"),
        (small_cnn((16, 16, 1), 3), ValueError, r"\(2, 2\).*returned \(2, 3\)"),
        (small_cnn((16, 16, 1), 1), ValueError, "output='auto' needs 1"),
        (small_cnn((16, 16, 3), 2), ValueError, r"cannot take inputs of shape \(2, 1, 16, 16\)"),
        (nn.Flatten(), ValueError, r"returned \(2, 256\)"),
        (nn.Sequential(nn.AvgPool2d(16), nn.Flatten(), nn.Upsample()), ValueError, "cannot take"),
        (nn.Linear(16, 2).requires_grad_(False), ValueError, "module"),
    ],
)
def test_a_module_that_does_not_fit_is_refused_before_training(module, error, match):
    with pytest.raises(error, match=match):
        classifier(module).fit(IMAGES, LABELS)


def test_frozen_modules_are_refused():
    module = instance((16, 16, 1), 2).requires_grad_(False)
    with pytest.raises(ValueError, match="no weights that can be trained"):
        classifier(module).fit(IMAGES, LABELS)


def test_a_segmenter_s_module_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"\(2, 1, 16, 16\).*loss=\"ce\".* two"):
        segmenter(instance((16, 16, 1), 2, pixelwise)).fit(IMAGES, MASKS)
    with pytest.raises(ValueError, match=r"returned \(2, 1, 14, 14\)"):
        segmenter(instance(1, 3, partial(nn.Conv2d, 1))).fit(IMAGES, MASKS)


# scikit-learn's checks ------------------------------------------------------------------------

EXACT = {"precision": "float64", "batch_size": 10_000, "learning_rate": 1e-2, "random_state": 0}
CHECKED = NetworkClassifier(small_mlp, image_shape=(-1,), max_epochs=60, **EXACT)


@pytest.mark.usefixtures("numpy_generator_put_back")
# parametrize_with_checks would name the tests after the function's address, which differs between
# the processes that share the tests.
@pytest.mark.parametrize(
    ("estimator", "check"),
    estimator_checks_generator(CHECKED),
    ids=lambda each: type(each).__name__,
)
def test_a_small_module_passes_every_check(estimator, check):
    check(estimator)


def test_scikit_learn_has_at_least_62_checks_for_it():
    assert len(list(estimator_checks_generator(CHECKED))) >= 62

"""What every network estimator keeps, beyond scikit-learn's own checks."""

import io
import pickle

import joblib
import numpy as np
import pytest
import torch
from joblib import Parallel, delayed, parallel_config
from PIL import Image
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score

from skmedimg import ScratchCNN, ShallowMLP
from skmedimg.images import LazyImages

IMAGES, LABELS = load_digits(return_X_y=True)
IMAGES = (IMAGES[:300].reshape(-1, 8, 8) * 15).astype(np.uint8)
LABELS = LABELS[:300]
QUICK = {"max_epochs": 3, "random_state": 0}
ESTIMATORS = [
    ShallowMLP((16,), dropout=0.2, **QUICK),
    ScratchCNN((4, 8), dense_units=(16,), **QUICK),
    ScratchCNN((4,), norm="batch", precision="bfloat16", image_shape=(8, 8), **QUICK),
]


@pytest.fixture(params=ESTIMATORS, ids=["mlp", "cnn", "cnn-bfloat16"])
def estimator(request):
    return clone(request.param)


@pytest.fixture
def paths(tmp_path):
    names = [str(tmp_path / f"{row}.png") for row in range(len(IMAGES))]
    for name, image in zip(names, IMAGES, strict=True):
        Image.fromarray(image).save(name)
    return names


@pytest.mark.parametrize(
    "change", [np.ascontiguousarray, lambda a: a[..., None], np.asfortranarray]
)
def test_stacks_with_and_without_channels_and_rows_are_the_same_images(estimator, change):
    rows = clone(estimator).set_params(image_shape=(8, 8)).fit(IMAGES.reshape(-1, 64), LABELS)
    stacks = estimator.fit(change(IMAGES), LABELS)
    np.testing.assert_array_equal(
        rows.predict_proba(IMAGES.reshape(-1, 64)), stacks.predict_proba(change(IMAGES))
    )


def test_paths_and_lazy_stacks_give_what_their_pixels_give(estimator, paths):
    estimator.set_params(image_shape=(8, 8))
    pixels = clone(estimator).fit(IMAGES, LABELS).predict_proba(IMAGES)
    lazy = LazyImages(paths)
    np.testing.assert_array_equal(estimator.fit(lazy, LABELS).predict_proba(lazy), pixels)
    from_paths = clone(estimator).fit(paths, LABELS)
    np.testing.assert_array_equal(from_paths.predict_proba(np.array(paths)[:, None]), pixels)
    np.testing.assert_array_equal(from_paths.predict_proba(IMAGES), pixels)


@pytest.mark.usefixtures("processor")
@pytest.mark.parametrize("rows", [slice(None, None, -1), [5], range(0, 300, 7), np.arange(299)])
def test_row_i_of_a_prediction_belongs_to_row_i_whatever_is_asked(estimator, rows):
    estimator.fit(IMAGES, LABELS)
    rows = rows if isinstance(rows, slice) else np.asarray(rows)
    everything = estimator.predict_proba(IMAGES)
    np.testing.assert_array_equal(estimator.predict_proba(IMAGES[rows]), everything[rows])


def test_probabilities_decisions_and_labels_agree(estimator):
    names = np.array(["benign", "malignant", "normal"], dtype=object)[LABELS % 3]
    estimator.fit(IMAGES, names)
    probabilities = estimator.predict_proba(IMAGES)
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(1), 1)
    np.testing.assert_allclose(np.exp(estimator.predict_log_proba(IMAGES)), probabilities)
    best = estimator.classes_[probabilities.argmax(1)]
    np.testing.assert_array_equal(estimator.predict(IMAGES), best)
    np.testing.assert_array_equal(
        estimator.classes_[estimator.decision_function(IMAGES).argmax(1)], best
    )
    assert estimator.score(IMAGES, names) == np.mean(best == names)


@pytest.mark.usefixtures("processor")
@pytest.mark.parametrize("output", ["auto", "softmax"])
def test_two_classes_have_one_decision_whatever_the_output_layer(estimator, output):
    estimator.set_params(output=output).fit(IMAGES, LABELS > 4)
    decisions = estimator.decision_function(IMAGES)
    assert decisions.shape == (300,)
    np.testing.assert_allclose(
        estimator.predict_proba(IMAGES)[:, 1], 1 / (1 + np.exp(-decisions)), rtol=1e-6
    )
    n_outputs = estimator.net_.module_(estimator_input(estimator)).shape[1]
    assert n_outputs == (1 if output == "auto" else 2)


def estimator_input(estimator):
    images = torch.from_numpy(IMAGES[:16] / np.float32(255))
    return images.flatten(1) if isinstance(estimator, ShallowMLP) else images[:, None]


def test_a_fit_is_repeatable_to_the_bit_and_so_is_its_pickle(estimator):
    once, again = (clone(estimator).fit(IMAGES, LABELS) for _ in range(2))
    assert pickle.dumps(once) == pickle.dumps(again)
    other = clone(estimator).set_params(random_state=1).fit(IMAGES, LABELS)
    assert not np.array_equal(other.predict_proba(IMAGES), once.predict_proba(IMAGES))


def test_without_a_seed_two_fits_differ(estimator):
    fits = [clone(estimator).set_params(random_state=None).fit(IMAGES, LABELS) for _ in range(2)]
    assert not np.array_equal(fits[0].predict_proba(IMAGES), fits[1].predict_proba(IMAGES))


@pytest.mark.slow
@pytest.mark.usefixtures("filters_put_back")
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_every_joblib_backend_gives_the_bits_of_a_plain_loop(estimator, backend):
    plain = cross_val_score(estimator, IMAGES, LABELS, cv=4, error_score="raise")
    # Workers of loky are those that the session has; other settings would start new ones.
    with parallel_config(n_jobs=2) if backend == "loky" else parallel_config(backend, n_jobs=2):
        side_by_side = cross_val_score(estimator, IMAGES, LABELS, cv=4, error_score="raise")
    np.testing.assert_array_equal(plain, side_by_side)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.usefixtures("filters_put_back")
def test_a_dask_cluster_gives_the_bits_of_a_plain_loop():
    distributed = pytest.importorskip("distributed")
    folds = {"X": IMAGES, "y": LABELS, "cv": 4, "error_score": "raise"}
    plain = [cross_val_score(estimator, **folds) for estimator in ESTIMATORS]
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
        parallel_config(backend="dask"),
    ):
        spread = [cross_val_score(estimator, n_jobs=2, **folds) for estimator in ESTIMATORS]
    np.testing.assert_array_equal(spread, plain)


@pytest.mark.slow
def test_threads_training_at_once_give_the_bits_of_a_plain_loop(estimator):
    seeds = range(4)
    train = lambda seed: (  # noqa: E731 - joblib wants a callable
        clone(estimator).set_params(random_state=seed).fit(IMAGES, LABELS).predict_proba(IMAGES)
    )
    side_by_side = Parallel(n_jobs=4, backend="threading")(delayed(train)(seed) for seed in seeds)
    np.testing.assert_array_equal(side_by_side, [train(seed) for seed in seeds])


@pytest.mark.parametrize("dumps", ["pickle", "joblib", "skops"])
def test_a_saved_model_predicts_and_continues_to_the_bit(estimator, dumps):
    estimator.set_params(warm_start=True).fit(IMAGES, LABELS)
    back = round_trip(estimator, dumps)
    np.testing.assert_array_equal(back.predict_proba(IMAGES), estimator.predict_proba(IMAGES))
    assert back.history_ == estimator.history_
    np.testing.assert_array_equal(
        back.fit(IMAGES, LABELS).predict_proba(IMAGES),
        estimator.fit(IMAGES, LABELS).predict_proba(IMAGES),
    )


def round_trip(estimator, dumps):
    if dumps == "pickle":
        return pickle.loads(pickle.dumps(estimator))
    if dumps == "joblib":
        file = io.BytesIO()
        joblib.dump(estimator, file)
        file.seek(0)
        return joblib.load(file)
    sio = pytest.importorskip("skops.io")
    packed = sio.dumps(estimator)
    trusted = sio.get_untrusted_types(data=packed)
    kind = type(estimator)
    assert trusted == [f"{kind.__module__}.{kind.__name__}"]
    return sio.loads(packed, trusted=trusted)


def test_a_pickle_holds_little_more_than_the_weights_and_the_optimizer(estimator):
    estimator.fit(IMAGES, LABELS)
    weights = sum(w.nbytes for w in estimator.net_.module_.parameters())
    assert len(pickle.dumps(estimator)) < 3 * weights + 15_000


def test_a_model_from_a_device_that_is_gone_says_so(estimator):
    estimator.fit(IMAGES, LABELS)
    state = pickle.dumps(estimator.set_params(device="cuda"))
    if torch.cuda.is_available():
        pytest.skip("a GPU is here")
    with pytest.warns(UserWarning, match="device='cuda' is not available.*loaded on cpu"):
        back = pickle.loads(state)
    np.testing.assert_array_equal(back.predict(IMAGES), estimator.predict(IMAGES))


def test_parameters_and_data_are_left_as_they_were(estimator):
    before, pixels = estimator.get_params(), IMAGES.copy()
    estimator.fit(IMAGES, LABELS).predict(IMAGES)
    assert estimator.get_params() == before
    np.testing.assert_array_equal(IMAGES, pixels)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float64"])
def test_every_precision_learns(precision):
    model = ScratchCNN((16,), precision=precision, max_epochs=15, random_state=0)
    assert model.fit(IMAGES, LABELS).score(IMAGES, LABELS) > 0.9


def test_images_with_many_channels_are_taken_with_a_warning():
    images = np.random.default_rng(0).random((20, 6, 5, 7))
    with pytest.warns(UserWarning, match="with 7 channels each. Volumes are passed slice by"):
        model = ScratchCNN((4,), max_epochs=1).fit(images, [0, 1] * 10)
    assert model.image_shape_ == (6, 5, 7)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_probabilities_of_the_cpu(estimator):
    estimator.set_params(precision="float32")
    on_cpu = clone(estimator).set_params(device="cpu").fit(IMAGES, LABELS)
    moved = pickle.loads(pickle.dumps(on_cpu.set_params(device="cuda")))
    np.testing.assert_allclose(moved.predict_proba(IMAGES), on_cpu.predict_proba(IMAGES), atol=1e-4)

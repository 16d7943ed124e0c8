"""InputGuard: distances of scikit-learn's neighbors, images that are unlike, patients."""

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skmedimg import HOG
from skmedimg.evaluation import InputGuard
from skmedimg.saving import load, save

RANDOM = np.random.RandomState(0)
ROWS = RANDOM.normal(size=(80, 6)) * [1, 2, 3, 1, 2, 3] + 5
PLAIN = FunctionTransformer()
# shuffled: each writer has many digits in a row
DIGITS = RANDOM.permutation(load_digits().images.astype(np.uint8))
NOISE = RANDOM.randint(0, 17, (100, 8, 8)).astype(np.uint8)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_distances_are_those_of_nearest_neighbors(metric):
    guard = InputGuard(PLAIN, n_neighbors=3, metric=metric).fit(ROWS[:60])
    scaler = StandardScaler().fit(ROWS[:60]) if metric == "euclidean" else PLAIN
    known, new = scaler.transform(ROWS[:60]), scaler.transform(ROWS[60:])
    neighbors = NearestNeighbors(n_neighbors=3, metric=metric).fit(known)
    np.testing.assert_allclose(guard.distances(ROWS[60:]), neighbors.kneighbors(new)[0].mean(1))
    # without a query a row is no neighbor of itself
    left_out = neighbors.kneighbors()[0].mean(1)
    np.testing.assert_allclose(guard.training_distances_, left_out)
    assert guard.threshold_ == pytest.approx(np.quantile(left_out, 0.99))


def test_noise_is_told_from_digits_as_local_outlier_factor_tells_it():
    guard = InputGuard().fit(DIGITS[:600])
    images = np.concatenate([DIGITS[600:900], NOISE])
    truth = np.repeat([0, 1], [300, 100])
    assert roc_auc_score(truth, guard.distances(images)) > 0.999
    factor = LocalOutlierFactor(novelty=True).fit(DIGITS[:600].reshape(600, -1))
    outlying = -factor.score_samples(images.reshape(400, -1))
    assert roc_auc_score(truth, outlying) > 0.999
    assert guard.flag(NOISE).all()
    assert guard.flag(DIGITS[600:900]).mean() < 0.05


def test_images_of_one_patient_do_not_vouch_for_each_other():
    # Two almost equal images per patient: beside its twin no image looks unusual.
    twins = np.repeat(ROWS[:40], 2, axis=0)
    guard = InputGuard(PLAIN, n_neighbors=1).fit(twins, groups=np.arange(80) // 2)
    alone = InputGuard(PLAIN, n_neighbors=1).fit(ROWS[:40])
    np.testing.assert_allclose(guard.training_distances_[::2], alone.training_distances_)
    # the root of a rounded difference of squares
    assert InputGuard(PLAIN, n_neighbors=1).fit(twins).threshold_ == pytest.approx(0, abs=1e-6)


def test_what_is_bright_where_all_training_images_are_black_is_flagged():
    images = np.zeros((40, 16, 16), dtype=np.uint8)
    images[:, 4:12, 4:12] = RANDOM.randint(80, 200, (40, 8, 8))
    odd = images[:1].copy()
    odd[0, 0:3, 13:16] = 255
    guard = InputGuard().fit(images)
    assert guard.flag(odd).all()
    assert not guard.flag(images).all()


def test_it_reads_files_takes_features_and_is_saved(tmp_path):
    images = RANDOM.randint(0, 255, (12, 20, 24)).astype(np.uint8)
    paths = [tmp_path / f"{k}.png" for k in range(12)]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    of_files, of_arrays = InputGuard().fit(paths), InputGuard().fit(images)
    np.testing.assert_allclose(of_files.distances(paths), of_arrays.distances(images))
    again = load(save(of_files, tmp_path / "m.guard.skmed"))
    np.testing.assert_array_equal(again.distances(paths), of_files.distances(paths))
    assert again.threshold_ == of_files.threshold_
    assert InputGuard(HOG(pixels_per_cell=8, cells_per_block=1)).fit(images).threshold_ > 0

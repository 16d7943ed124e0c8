"""compare takes what a loader returned: images, labels by name, groups and the folders' split."""

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from skmedimg import (
    ImageLoader,
    IntensityHistogram,
    Pipeline,
    UNetSegmenter,
    compare,
    load_image_folder,
)
from skmedimg.datasets import make_lesions
from skmedimg.evaluation._from_bunch import take_apart

QUIET = {"repeats": 1, "random_state": 0, "verbose": 0, "audit": False}


@pytest.fixture
def folder(tmp_path):
    random = np.random.RandomState(0)
    for k in range(24):
        part = ("train", "train", "test")[k % 3]
        path = tmp_path / part / ("ill", "well")[k // 12] / f"p{k // 6} {k}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.randint(0, 256, (8, 8)).astype(np.uint8)).save(path)
    return tmp_path


def test_a_data_set_is_compared_as_its_parts(folder):
    data = load_image_folder(folder)
    model = Pipeline([ImageLoader((8, 8)), IntensityHistogram(4), LogisticRegression()])
    result = compare(model, data, pos_label="ill", **QUIET)
    train, test = (np.flatnonzero(data.split == part) for part in ("train", "test"))
    parts = compare(model, data.paths, data.target, cv=[(train, test)], pos_label="ill", **QUIET)
    assert result.digest == parts.digest
    assert result.classes.tolist() == ["ill", "well"]
    np.testing.assert_array_equal(result.splits[0].test, test)


def test_groups_are_those_of_the_data_set_unless_given(folder):
    data = load_image_folder(folder, group_pattern=r"p\d")
    model = Pipeline([ImageLoader((8, 8)), IntensityHistogram(4), LogisticRegression()])
    for groups, count in ((None, 4), (np.arange(24), 24)):
        result = compare(model, data, groups=groups, cv=2, pos_label="ill", **QUIET)
        assert len(set(result.groups)) == count


def test_numbered_labels_of_scikit_learn_get_their_names():
    iris = load_iris()
    result = compare(GaussianNB(), iris, cv=2, **QUIET)
    assert result.y.tolist() == iris.target_names[iris.target].tolist()
    assert len(result.splits) == 2


def test_segmenters_are_given_the_masks():
    data = make_lesions(6, size=16, random_state=0)
    assert take_apart({"unet": UNetSegmenter()}, data).y is data.masks
    assert take_apart({"bayes": GaussianNB()}, data).y[0] in ("healthy", "mass")


def test_labels_are_asked_for_where_there_are_none(folder):
    with pytest.raises(ValueError, match="needs y=, the labels or masks"):
        compare(GaussianNB(), np.zeros((8, 3)))
    data = load_image_folder(folder, labels_from=None)
    with pytest.raises(ValueError, match="no labels, target: pass y="):
        compare(GaussianNB(), data)

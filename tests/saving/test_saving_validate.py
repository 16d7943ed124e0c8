"""A file whose numbers would lead compiled code out of its arrays is refused when it is loaded.

A hostile file is made by saving a hostile model: its digest fits.
"""

import numpy as np
import pytest
from sklearn.cluster import MiniBatchKMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import Lasso, LogisticRegression, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import SVC, OneClassSVM
from sklearn.tree import DecisionTreeClassifier

from skmedimg import ShallowMLP
from skmedimg.saving import load, save

ROWS = np.random.RandomState(0).normal(size=(40, 4))
LABELS = np.arange(40) % 2
GRAM = ROWS @ ROWS.T


@pytest.fixture(autouse=True)
def numpy_generator():
    """scikit-learn draws from it where an estimator has no random_state."""
    state = np.random.get_state()
    yield
    np.random.set_state(state)


def refused(model, path, match):
    """Save a hostile model; loading it is an error that names what is wrong."""
    with pytest.raises(ValueError, match=rf"cannot be loaded: .*{match}"):
        load(save(model, path))


def svm(rows=ROWS, **settings):
    return SVC(**settings).fit(rows, LABELS)


def with_state(model, **changes):
    vars(model).update(changes)
    return model


def with_nodes(**changes):
    """Return a decision tree of depth 2 or more, with single values of its nodes changed."""
    model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(ROWS, LABELS)
    state = model.tree_.__getstate__()
    nodes = state["nodes"].copy()
    for column, (row, value) in changes.items():
        nodes[column][row] = value
    model.tree_.__setstate__({**state, "nodes": nodes})
    return model


# Trees ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [0, -1, 1, 4, 2**40])
def test_a_tree_of_another_depth_than_its_nodes_is_refused(depth, tmp_path):
    model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(ROWS, LABELS)
    assert model.tree_.max_depth == 3
    model.tree_.__setstate__({**model.tree_.__getstate__(), "max_depth": depth})
    refused(model, tmp_path / "m", "depth")


@pytest.mark.parametrize(
    "change",
    [
        {"left_child": (0, 2)},  # of two parents
        {"right_child": (0, 1)},
        {"right_child": (0, 10**9)},
        {"left_child": (1, 0)},  # a circle
        {"left_child": (2, -1)},
        {"feature": (0, 4)},
        {"feature": (1, -1)},
    ],
    ids=str,
)
def test_a_tree_whose_nodes_form_no_tree_is_refused(change, tmp_path):
    refused(with_nodes(**change), tmp_path / "m", "nodes that point where there is nothing")


def test_a_tree_that_reads_more_features_than_x_is_checked_for_is_refused(tmp_path):
    for model in (DecisionTreeClassifier(), RandomForestClassifier(2)):
        hostile = with_state(model.fit(ROWS, LABELS), n_features_in_=1)
        refused(hostile, tmp_path / "m", "as many features as its estimator")
        del hostile.n_features_in_  # then scikit-learn checks nothing
        refused(hostile, tmp_path / "m", "n_features_in_ is None")


# Support vector machines ---------------------------------------------------------------------


@pytest.mark.parametrize("first", [-2147483608, -1000000, -1, 0])
def test_support_vectors_that_are_counted_wrongly_are_refused(first, tmp_path):
    model = svm()
    total = len(model.support_)
    model._n_support = np.array([first, total - first], np.int64).astype(np.int32)
    if first < 0:
        refused(model, tmp_path / "m", "_n_support")
    else:
        np.testing.assert_array_equal(load(save(model, tmp_path / "m"))._n_support, [0, total])


@pytest.mark.parametrize("name", ["dual_coef_", "_dual_coef_"])
def test_coefficients_that_are_cut_off_are_refused(name, tmp_path):
    model = svm()
    refused(with_state(model, **{name: getattr(model, name)[:, :2]}), tmp_path / "m", name)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"support_vectors_": np.zeros((2, 4))}, "support_vectors_"),
        ({"support_": np.arange(2, dtype="i4")}, "_n_support"),
        ({"_n_support": np.array([1], "i4")}, "_n_support"),
        ({"_intercept_": np.zeros(0)}, "_intercept_"),
        ({"intercept_": np.zeros((1, 1))}, "intercept_"),
        ({"_probA": np.zeros(7)}, "_probA"),
        ({"_effective_probability": 7}, "_probA"),
        ({"_sparse": True}, "support_vectors_ is not a CSR matrix"),
        ({"_sparse": 0}, "_sparse"),
        ({"_impl": "one_class"}, "_impl"),
        ({"n_features_in_": 9}, "support_vectors_"),
        ({"shape_fit_": (3, 4)}, "support_ points beyond"),
        ({"classes_": np.arange(1000)}, "_n_support"),
    ],
    ids=lambda value: str([*value]) if isinstance(value, dict) else "",
)
def test_a_support_vector_machine_whose_parts_do_not_fit_is_refused(changes, match, tmp_path):
    refused(with_state(svm(), **changes), tmp_path / "m", match)


def test_a_precomputed_kernel_reads_columns_that_were_fitted(tmp_path):
    model = svm(GRAM, kernel="precomputed")
    np.testing.assert_array_equal(
        load(save(model, tmp_path / "m")).predict(GRAM), model.predict(GRAM)
    )
    refused(with_state(model, support_=model.support_ + 2**30), tmp_path / "m", "support_")


def test_a_one_class_machine_counts_all_its_vectors(tmp_path):
    model = OneClassSVM().fit(ROWS)
    load(save(model, tmp_path / "m"))
    hostile = with_state(model, _n_support=model._n_support + 1)
    refused(hostile, tmp_path / "m", "_n_support")


# Random states -------------------------------------------------------------------------------


@pytest.mark.parametrize("position", [2**31 - 10, -(2**31), -1, 625])
def test_a_random_state_that_stands_beyond_its_numbers_is_refused(position, tmp_path):
    random = np.random.RandomState(0)
    name, key, *rest = random.get_state()
    random.set_state((name, key, position, *rest[1:]))
    for model in (ShallowMLP(random_state=random), LogisticRegression(random_state=random)):
        refused(model, tmp_path / "m", "RandomState")


# Others --------------------------------------------------------------------------------------


def neighbors(**changes):
    return with_state(KNeighborsClassifier(algorithm="brute").fit(ROWS, LABELS), **changes)


def one_hot(**changes):
    return with_state(OneHotEncoder(**changes.pop("settings", {})).fit(np.eye(3)), **changes)


def sgd(**changes):
    return with_state(SGDClassifier(average=True).fit(ROWS, LABELS), **changes)


def k_means(**changes):
    return with_state(MiniBatchKMeans(3, n_init=1, random_state=0).fit(ROWS), **changes)


OTHERS = {
    "labels": (lambda: neighbors(_y=np.full(40, 2**40)), "_y"),
    "fitted rows": (lambda: neighbors(_fit_X=ROWS[:, :1]), "_fit_X"),
    "norms": (lambda: neighbors(metric_params={"Y_norm_squared": np.zeros(1)}), "metric_params"),
    "columns": (lambda: one_hot(_n_features_outs=[1, 1, 1]), "_n_features_outs"),
    "dropped": (
        lambda: one_hot(settings={"drop": "first"}, _drop_idx_after_grouping=np.array([-5] * 3)),
        "_drop_idx",
    ),
    "weights": (lambda: sgd(coef_=np.zeros((0, 4))), "coef_"),
    "average": (lambda: sgd(_average_coef=np.zeros(1)), "_average_coef"),
    "warm start": (lambda: with_state(Lasso().fit(ROWS, LABELS), warm_start=True), "warm_start"),
    "centers": (lambda: k_means(cluster_centers_=np.zeros((3, 1))), "cluster_centers_"),
    "threads": (lambda: k_means(_n_threads=2**31 - 1), "_n_threads"),
    "counts": (lambda: k_means(_counts=np.zeros(1)), "_counts"),
    "parameter": (lambda: FeatureHasher(n_features=0), "n_features"),
    "processes": (lambda: neighbors(n_jobs=10**6), "n_jobs"),
    "leaves": (lambda: DecisionTreeClassifier(max_leaf_nodes=2**31 - 1), "max_leaf_nodes"),
    "method": (lambda: with_state(svm(), predict=1), "predict"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_what_compiled_code_would_follow_out_of_its_arrays_is_refused(name, tmp_path):
    make, match = OTHERS[name]
    refused(make(), tmp_path / "m", match)


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("indices", -1, 2**30),
        ("indices", 0, -1),
        ("indptr", 1, -1),
        ("indptr", 1, 2**31 - 1),
        ("indptr", 0, 2),
    ],
)
def test_a_sparse_array_that_points_beyond_its_shape_is_refused(name, place, value, tmp_path):
    model = LogisticRegression().fit(ROWS, LABELS).sparsify()
    assert model.coef_.shape == (1, 4)
    getattr(model.coef_, name)[place] = value
    refused(model, tmp_path / "m", f"({name}|index pointer)")

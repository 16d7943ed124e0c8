"""What must hold of a loaded model: compiled code follows numbers of it without a check.

scikit-learn, libsvm and scipy read and write arrays at positions and in lengths that other
attributes of the estimator give. `fit` makes these agree; a file may say anything. Each function
below states for one family of estimators what its compiled code relies on, and raises ValueError
where that does not hold. Estimators that only use numpy need no check, for numpy has its own.
"""

import numpy as np
from scipy import sparse

from skmedimg.saving._derived import add_derived

_LIBRARIES = ("sklearn.", "imblearn.", "skmedimg.")
_MOST_THREADS = 1024
_MOST_LEAVES = 1 << 24


def check_model(model):
    """Refuse a loaded model that would lead compiled code out of its arrays; else complete it."""
    for part in _parts(model):
        if sparse.issparse(part):
            _check_sparse(part)
        elif isinstance(part, np.random.RandomState):
            check_random_state(part)
        elif type(part).__module__.startswith("sklearn.") and hasattr(part, "get_params"):
            _check_estimator(part)
            add_derived(part)


def _parts(model):
    """Yield every value that a model is made of, the model first."""
    waiting, seen = [model], set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        if isinstance(part, dict):
            waiting += [*part, *part.values()]
        elif isinstance(part, (list, tuple, set)):
            waiting += part
        elif isinstance(part, np.ndarray):
            waiting += part.ravel().tolist() if part.dtype.kind == "O" else []
        elif f"{type(part).__module__}.".startswith(_LIBRARIES) and hasattr(part, "__dict__"):
            waiting += vars(part).values()


def check_random_state(random):
    """The Mersenne Twister reads its 624 numbers at `pos` (one more means: draw new ones)."""
    position = random.get_state(legacy=True)[2]
    _require(0 <= position <= 624, f"a RandomState stands at pos={position} of 624 numbers.")


def _check_sparse(matrix):
    """Products walk through `indptr` and write at `indices`, both as they are.

    scipy's own full check looks at nothing where the last of `indptr` is not positive.
    """
    _require(matrix.format in ("csr", "csc"), f"a sparse {matrix.format} array is not loaded.")
    _require(len(matrix.shape) == 2, "a sparse array needs two axes.")
    rows, columns = matrix.shape if matrix.format == "csr" else matrix.shape[::-1]
    ends, places = matrix.indptr.astype(np.int64), matrix.indices
    rising = ends.shape == (rows + 1,) and ends[0] == 0 and (np.diff(ends) >= 0).all()
    _require(
        rising and places.shape == matrix.data.shape == (ends[-1],),
        "indptr of a sparse array does not count its values.",
    )
    inside = (places >= 0) & (places < columns)
    _require(inside.all(), "indices of a sparse array point beyond its shape.")


def _check_estimator(estimator):
    """Parameters are those `fit` accepts, and attributes hide no method or constant of the class.

    `fit` validates parameters, `predict` and `transform` hand some to compiled code as they are
    (`n_features=0` of FeatureHasher is a division by zero).
    """
    kind, state = type(estimator), vars(estimator)
    name, parameters = kind.__name__, kind._get_param_names()
    for key in state:
        _require(key in parameters or not hasattr(kind, key), f"{name} has no attribute {key!r}.")
    if hasattr(kind, "_parameter_constraints"):
        estimator._validate_params()
    # so many threads or processes are started
    jobs = state.get("n_jobs")
    _require(jobs is None or abs(jobs) <= _MOST_THREADS, f"{name} has n_jobs={jobs!r}.")
    # a tree takes memory for twice as many nodes; where that fails, its next predict is a crash
    leaves = state.get("max_leaf_nodes") or 0
    _require(leaves <= _MOST_LEAVES, f"{name} has max_leaf_nodes={leaves!r}.")
    # coordinate descent believes that a Gram matrix is as wide as X
    precompute = state.get("precompute", False)
    _require(isinstance(precompute, (bool, str)), f"{name} has an array as precompute.")
    if name in _CHECKS:
        _CHECKS[name](estimator, state)


def _check_svm(estimator, state):
    """libsvm: (n_classes - 1) x n_SV coefficients, n_SV x n_features vectors, a constant a pair.

    A regressor and a one-class machine count as two classes there. `_n_support` says where the
    vectors of a class begin; with a precomputed kernel `support_` are columns of X.
    """
    if "_n_support" not in state:
        return
    classifies = "classes_" in state
    n_classes = len(state["classes_"]) if classifies else 2
    pairs = n_classes * (n_classes - 1) // 2
    support = _array(state, "support_", (None,), "i4")
    n_fit, n_vectors = state["shape_fit_"][0], len(support)
    counts = _array(state, "_n_support", (n_classes,), "i4").astype(np.int64)
    _require(n_classes >= 2, "a support vector machine has less than two classes.")
    _require(type(n_fit) is int and n_fit >= 0, "shape_fit_ is not a shape.")
    _require(((support >= 0) & (support < n_fit)).all(), "support_ points beyond the fitted rows.")
    total = counts.sum() if classifies else counts[0]
    _require((counts >= 0).all() and total == n_vectors, "_n_support does not count support_.")
    is_sparse = state["_sparse"]
    _require(type(is_sparse) is bool, "_sparse is not a bool.")
    _require(isinstance(state["kernel"], str), "kernel is not a name.")
    precomputed = state["kernel"] == "precomputed"
    _require(not (precomputed and is_sparse), "a precomputed kernel is not sparse.")
    if not precomputed:
        read = _csr if is_sparse else _array
        read(state, "support_vectors_", (n_vectors, _width(state)), "f8")
    for name in ("dual_coef_", "_dual_coef_"):
        if not is_sparse:
            _array(state, name, (n_classes - 1, n_vectors), "f8")
            continue
        full = _csr(state, name, (n_classes - 1, n_vectors), "f8").data.size
        _require(full == (n_classes - 1) * n_vectors, f"{name} does not hold all its values.")
    for name in ("intercept_", "_intercept_"):
        _array(state, name, (pairs,), "f8")
    sizes = [_array(state, name, (None,), "f8").size for name in ("_probA", "_probB")]
    # copied whether they are there or not
    copied = state.get("_effective_probability", state["probability"])
    fits = sizes == [pairs, pairs] or (sizes == [0, 0] and not copied)
    _require(fits, "_probA and _probB do not fit the classes.")


def _check_tree(estimator, state):
    """A tree reads the columns of X up to its own number of features, which X is checked for."""
    if "tree_" in state:
        _require_width(state["tree_"], _width(state))


def _check_forest(estimator, state):
    """A forest checks X once and hands it to its trees unchecked."""
    for member in state.get("estimators_", []):
        _require_width(vars(member)["tree_"], _width(state))


def _check_isolation_forest(estimator, state):
    """It hands a tree the features drawn for it, or all of X if as many are drawn for each."""
    everything = state.get("_max_features") == _width(state) if "estimators_" in state else None
    columns = state.get("estimators_features_", [])
    for member, features in zip(state.get("estimators_", []), columns, strict=True):
        n_features = _width(state) if everything else len(features)
        _require_width(vars(member)["tree_"], n_features)


def _require_width(tree, width):
    same = type(tree).__name__ == "Tree" and tree.n_features == width
    _require(same, "a decision tree does not have as many features as its estimator.")


def _check_neighbors(estimator, state):
    """Distances are taken over the columns of X; labels are positions in an array of scores."""
    if "_fit_method" not in state:
        return
    fitted = state["_fit_X"]
    shape = state["n_samples_fit_"], _width(state)
    is_array = isinstance(fitted, np.ndarray) or sparse.issparse(fitted)
    _require(is_array and fitted.dtype.kind in "biuf", "_fit_X is not an array of numbers.")
    _require(fitted.shape == shape and shape[0] > 0, f"_fit_X does not have shape {shape}.")
    if state["_fit_method"] != "brute":
        _require(np.isfinite(fitted).all(), "_fit_X is not finite.")  # a tree sorts it
    for name in ("metric_params", "effective_metric_params_"):
        unknown = {*(state[name] or {})} - {"p", "w", "V", "VI"}
        _require(not unknown, f"{name} has {sorted(unknown)}.")
    if "classes_" in state and not state["outputs_2d_"]:
        labels = _array(state, "_y", (fitted.shape[0],), "i8")
        n_classes = len(state["classes_"])
        _require(((labels >= 0) & (labels < n_classes)).all(), "_y holds labels without a class.")


def _check_k_means(estimator, state):
    """Centers have the columns of X and a weight each; `_n_threads` threads are started."""
    if "cluster_centers_" not in state:
        return
    centers = _array(state, "cluster_centers_", (None, _width(state)), "f4", "f8")
    threads = state["_n_threads"]
    _require(type(threads) is int and 0 < threads <= _MOST_THREADS, f"_n_threads is {threads!r}.")
    _require(len(centers) > 0, "cluster_centers_ is empty.")
    if "_counts" in state:
        _array(state, "_counts", (len(centers),), "f4", "f8")


def _check_sgd(estimator, state):
    """`partial_fit` goes on from a row of weights for each class, each as wide as X."""
    if state.get("coef_") is None:
        return
    coef = _array(state, "coef_", (None,) * np.ndim(state["coef_"]), "f4", "f8")
    shape = (_width(state),)
    if "classes_" in state:
        n_classes = len(state["classes_"])
        shape = (1 if n_classes == 2 else n_classes, *shape)
    _require(coef.shape == shape, f"coef_ has shape {coef.shape} instead of {shape}.")
    for name in ("_standard_coef", "_average_coef"):
        if state.get(name) is not None:
            values = _array(state, name, (None,) * np.ndim(state[name]), "f4", "f8")
            _require(values.size == coef.size, f"{name} does not have the size of coef_.")
            if len(shape) == 2 and shape[0] > 1:
                _require(values.shape == shape, f"{name} does not have the shape of coef_.")


def _check_coordinate_descent(estimator, state):
    """A warm start goes on from `coef_`, however wide the next X is."""
    if "coef_" in state:
        _require(state["warm_start"] is False, "warm_start must be False in a file.")


def _check_one_hot(estimator, state):
    """A category becomes a column, and the columns of a feature are counted in advance."""
    if "categories_" not in state:
        return
    outs, categories = state["_n_features_outs"], state["categories_"]
    _require(outs == estimator._compute_n_features_outs(), "_n_features_outs is wrong.")
    nothing = [None] * len(categories)
    drops = [state[name] for name in ("drop_idx_", "_drop_idx_after_grouping")]
    first, second = (nothing if drop is None else [*drop] for drop in drops)
    mappings = nothing
    if state["_infrequent_enabled"]:
        mappings = state["_default_to_infrequent_mappings"]
    for out, values, drop, mapping, twin in zip(
        outs, categories, second, mappings, first, strict=True
    ):
        size = out + (drop is not None)
        _require((drop is None) == (twin is None), "drop_idx_ is wrong.")
        _require(drop is None or 0 <= drop < size, "_drop_idx_after_grouping is wrong.")
        places = np.arange(len(values)) if mapping is None else np.asarray(mapping)
        _require(places.shape == (len(values),) and places.dtype.kind in "iu", "a mapping is wrong")
        _require(((places >= 0) & (places < size)).all(), "categories_ has no column for each.")


def _check_vocabulary(estimator, state):
    """A word becomes a column, of as many as there are words."""
    words = state.get("vocabulary_")
    if words is not None:
        places = sorted(words.values())
        _require(places == list(range(len(words))), "vocabulary_ does not number its words.")


def _check_multi_label(estimator, state):
    """A label becomes a column."""
    if state.get("_cached_dict") is not None:
        columns = dict(zip(state["classes_"], range(len(state["classes_"])), strict=True))
        _require(state["_cached_dict"] == columns, "_cached_dict does not number classes_.")


_CHECKED_CLASSES = {
    _check_svm: "SVC NuSVC SVR NuSVR OneClassSVM",
    _check_tree: (
        "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor"
    ),
    _check_forest: (
        "RandomForestClassifier RandomForestRegressor ExtraTreesClassifier ExtraTreesRegressor "
        "RandomTreesEmbedding"
    ),
    _check_neighbors: (
        "KNeighborsClassifier KNeighborsRegressor KNeighborsTransformer "
        "RadiusNeighborsClassifier RadiusNeighborsRegressor RadiusNeighborsTransformer "
        "NearestNeighbors LocalOutlierFactor"
    ),
    _check_k_means: "KMeans MiniBatchKMeans",
    _check_sgd: (
        "SGDClassifier SGDRegressor SGDOneClassSVM Perceptron PassiveAggressiveClassifier "
        "PassiveAggressiveRegressor"
    ),
    _check_coordinate_descent: "ElasticNet Lasso MultiTaskElasticNet MultiTaskLasso",
    _check_one_hot: "OneHotEncoder",
    _check_vocabulary: "CountVectorizer TfidfVectorizer DictVectorizer",
    _check_multi_label: "MultiLabelBinarizer",
    _check_isolation_forest: "IsolationForest",
}
_CHECKS = {name: check for check, names in _CHECKED_CLASSES.items() for name in names.split()}


def _array(state, name, shape, *dtypes):
    """Return an attribute that is an array of that shape, None for any length, and dtype."""
    array = state[name]
    _require(isinstance(array, np.ndarray), f"{name} is not an array.")
    _require(array.dtype in [np.dtype(dtype) for dtype in dtypes], f"{name} is {array.dtype}.")
    _require_shape(name, array, shape)
    return array


def _csr(state, name, shape, dtype):
    """Return an attribute that is a CSR matrix of that shape and dtype, of 32 bit indices."""
    matrix = state[name]
    _require(sparse.issparse(matrix) and matrix.format == "csr", f"{name} is not a CSR matrix.")
    _require(matrix.dtype == dtype and matrix.indices.dtype == np.int32, f"{name} has odd dtypes.")
    _check_sparse(matrix)
    _require_shape(name, matrix, shape)
    return matrix


def _require_shape(name, array, shape):
    fits = array.ndim == len(shape) and all(
        wanted in (None, length) for wanted, length in zip(shape, array.shape, strict=True)
    )
    _require(fits, f"{name} has shape {array.shape}; {shape} belongs there.")


def _width(state):
    """Return the number of features that X is checked for; without it nothing is checked."""
    width = state.get("n_features_in_")
    _require(type(width) is int and width >= 0, f"n_features_in_ is {width!r}.")
    return width


def _require(holds, message):
    if not holds:
        raise ValueError(message)

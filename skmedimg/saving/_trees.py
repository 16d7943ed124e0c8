"""Decision trees as arrays: scikit-learn follows their indices unchecked, so they are checked."""

import numpy as np

from skmedimg._sklearn import tree_class

FORESTS = ("RandomForestClassifier", "ExtraTreesClassifier")  # hand rows to trees unchecked
_LEAF = -1


def pack_tree(tree):
    """Return a tree as numbers and arrays, a column of nodes each.

    Parameters
    ----------
    tree : sklearn Tree

    Returns
    -------
    packed : dict of str to int or ndarray
    """
    _, (n_features, n_classes, n_outputs), state = tree.__reduce__()
    nodes = state["nodes"]
    return {
        "n_features": n_features, "n_classes": n_classes, "n_outputs": n_outputs,
        "max_depth": state["max_depth"], "values": state["values"],
        **{f"node/{name}": np.ascontiguousarray(nodes[name]) for name in nodes.dtype.names},
    }  # fmt: skip


def unpack_tree(packed):
    """Return the tree that was packed, if no node of it points where there is nothing.

    Parameters
    ----------
    packed : dict of str to int or ndarray

    Returns
    -------
    tree : sklearn Tree
    """
    columns = {name: np.asarray(packed[f"node/{name}"]) for name in _node_dtype().names}
    count = len(columns["left_child"])
    nodes = np.zeros(count, _node_dtype())
    for name, column in columns.items():
        nodes[name] = column
    _check_nodes(nodes, packed["n_features"])
    tree = tree_class()(packed["n_features"], packed["n_classes"], packed["n_outputs"])
    tree.__setstate__({
        "max_depth": packed["max_depth"], "node_count": count, "nodes": nodes,
        "values": packed["values"],
    })  # fmt: skip
    return tree


def check_width(estimator):
    """Refuse a tree or forest that would read beyond the features it asks for.

    Parameters
    ----------
    estimator : estimator
        Just loaded; what has no trees passes.
    """
    state = vars(estimator)
    members = [estimator] if "tree_" in state else []
    if type(estimator).__name__ in FORESTS:
        members = state.get("estimators_", [])
    wanted = state.get("n_features_in_")
    if any(vars(member)["tree_"].n_features != wanted for member in members):
        raise ValueError("a decision tree does not have as many features as its estimator.")


def _node_dtype():
    return tree_class()(1, np.array([1]), 1).__getstate__()["nodes"].dtype


def _check_nodes(nodes, n_features):
    """Children come after their parents, in the tree, and inner nodes read features there are."""
    rows = np.arange(len(nodes))
    left, right, feature = nodes["left_child"], nodes["right_child"], nodes["feature"]
    inner = left != _LEAF
    sound = (
        (left > rows) & (left < len(nodes)) & (right > rows) & (right < len(nodes))
        & (feature >= 0) & (feature < n_features)
    )  # fmt: skip
    if len(nodes) == 0 or not sound[inner].all():
        raise ValueError("a decision tree has nodes that point where there is nothing.")

"""Decision trees as arrays: scikit-learn follows their indices unchecked, so they are checked."""

import numpy as np

from skmedimg._sklearn import tree_class

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
        "n_features": n_features,
        "n_classes": n_classes,
        "n_outputs": n_outputs,
        "max_depth": state["max_depth"],
        "values": state["values"],
        **{f"node/{name}": np.ascontiguousarray(nodes[name]) for name in nodes.dtype.names},
    }


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
    # The dtype of this scikit-learn: compiled code reads the nodes by its own layout.
    nodes = np.zeros(count, _node_dtype())
    for name, column in columns.items():
        sound = column.dtype == nodes.dtype[name] and column.shape == (count,)
        _require(sound, f"another {name} than its nodes need")
        nodes[name] = column
    n_features, n_classes, n_outputs = map(packed.get, ("n_features", "n_classes", "n_outputs"))
    _require(type(n_features) is int and type(n_outputs) is int, "counts that are not integers")
    _require(n_classes.shape == (n_outputs,) and (n_classes > 0).all(), "no class for an output")
    shape = count, n_outputs, n_classes.max()
    _require(packed["values"].shape == shape, "values of another shape than its nodes'")
    _check_nodes(nodes, n_features)
    # decision_path allocates by this number and then follows the nodes.
    _require(packed["max_depth"] == _depth(nodes), "another depth than it says")
    tree = tree_class()(n_features, n_classes, n_outputs)
    state = {"max_depth": packed["max_depth"], "node_count": count, "nodes": nodes}
    tree.__setstate__({**state, "values": packed["values"]})
    return tree


def _node_dtype():
    return tree_class()(1, np.array([1]), 1).__getstate__()["nodes"].dtype


def _check_nodes(nodes, n_features):
    """Every node but the first is the child of one before it, and inner nodes read a feature."""
    rows = np.flatnonzero(nodes["left_child"] != _LEAF)
    inner = nodes[rows]
    left, right, feature = inner["left_child"], inner["right_child"], inner["feature"]
    # Each node but the first is a child exactly once, and comes
    # after its parent: then it is a tree, and walking down it ends.
    children = np.sort(np.concatenate([left, right]))
    is_tree = len(nodes) and np.array_equal(children, np.arange(1, len(nodes)))
    later = (left > rows) & (right > rows)
    reads = (feature >= 0) & (feature < n_features)
    _require(is_tree and (later & reads).all(), "nodes that point where there is nothing")


def _depth(nodes):
    """Return how many nodes lie below the first on the longest way down."""
    level, depth = nodes[:1], -1
    while len(level):
        inner = level[level["left_child"] != _LEAF]
        level = nodes[np.concatenate([inner["left_child"], inner["right_child"]])]
        depth += 1
    return depth


def _require(holds, what):
    if not holds:
        raise ValueError(f"a decision tree has {what}.")

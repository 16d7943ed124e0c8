"""The training history of a fitted estimator, for compare and for the displays."""

from numbers import Real

from skmedimg._sklearn import final_estimator


def training_history(estimator):
    """Return one record per epoch of a fitted estimator, or None where it kept none.

    Pipelines, searches and other wrappers are unwrapped. Records come from `history_`, or from
    the `loss_curve_` and `validation_scores_` of scikit-learn's networks.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier
    >>> from skmedimg.evaluation.running._history import training_history
    >>> mlp = MLPClassifier((4,), tol=1, random_state=0).fit(*load_iris(return_X_y=True))
    >>> len(training_history(mlp)) == mlp.n_iter_
    True
    """
    model = final_estimator(estimator)
    if hasattr(model, "history_"):
        return [_plain(record) for record in model.history_]
    losses = getattr(model, "loss_curve_", None)
    if losses is None:
        return None
    records = [{"epoch": i + 1, "train_loss": float(loss)} for i, loss in enumerate(losses)]
    # scikit-learn keeps scores of the validation set alone, and no loss of it.
    scores = getattr(model, "validation_scores_", None) or []  # None without early stopping
    for record, value in zip(records, scores, strict=False):
        record["valid_score"] = float(value)
    return records


def _plain(record):
    """Return the numbers of one epoch's record as int and float, which JSON can hold."""
    kept = {key: value for key, value in dict(record).items() if isinstance(value, Real)}
    return {key: value if isinstance(value, int) else float(value) for key, value in kept.items()}

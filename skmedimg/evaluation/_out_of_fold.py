"""Out-of-fold predictions: every tested row as a model predicted it that was not trained on it."""

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support


class OutOfFoldPredictions:
    """Predictions of a comparison in the row order of X, from its `splits` and `fold_results`."""

    def rows(self, repeat=0):
        """Return the rows of X that were tested in one repeat.

        Parameters
        ----------
        repeat : int, default=0
            Repeat of the folds, counted from 0.

        Returns
        -------
        rows : ndarray of shape (n_tested,)
            In rising order; every row of X unless `cv` left some untested.
        """
        tests = [split.test for split in self.splits if split.repeat == repeat]
        if not tests:
            last = self.splits[-1].repeat
            raise ValueError(f"repeat={repeat!r} was not run; repeats are numbered 0 to {last}.")
        return np.sort(np.concatenate(tests))

    def truth(self, repeat=0):
        """Return the labels or masks of `rows(repeat)`.

        Parameters
        ----------
        repeat : int, default=0
            Repeat of the folds, counted from 0.

        Returns
        -------
        truth : ndarray of shape (n_tested,) or (n_tested, height, width)
        """
        return self.y[self.rows(repeat)]

    def predictions(self, name=None, repeat=0):
        """Return out-of-fold predictions in the row order of X.

        Parameters
        ----------
        name : str, default=None
            An estimator; None gives all, by name.
        repeat : int, default=0
            Repeat of the folds, counted from 0.

        Returns
        -------
        predictions : ndarray of shape (n_tested,) or (n_tested, height, width), or dict of them
            Row i belongs to `rows(repeat)[i]`.
        """
        if name is None:
            return {each: self.predictions(each, repeat) for each in self.names}
        return self._gather(name, repeat, "predicted")

    def decision_scores(self, name, repeat=0):
        """Return out-of-fold probabilities or, where there are none, decision values.

        Parameters
        ----------
        name : str
            Name of the model in the comparison.
        repeat : int, default=0
            Repeat of the folds, counted from 0.

        Returns
        -------
        decision_scores : ndarray of shape (n_tested, n_classes)
            Row i belongs to `rows(repeat)[i]`, column k to `classes[k]`.
        """
        return self._gather(name, repeat, "decision_scores")

    def probabilities(self, name, repeat=0):
        """Return out-of-fold probabilities in the row order of X.

        Parameters
        ----------
        name : str
            Name of the model in the comparison.
        repeat : int, default=0
            Repeat of the folds, counted from 0.

        Returns
        -------
        probabilities : ndarray of shape (n_tested, n_classes)
            Row i belongs to `rows(repeat)[i]`, column k to `classes[k]`.
        """
        decision_scores = self.decision_scores(name, repeat)
        if not all(fold.has_probabilities for fold in self.fold_results[name]):
            raise ValueError(
                f"{name!r} has no predict_proba: use decision_scores({name!r}) for its decision "
                "values, or wrap it in CalibratedClassifierCV."
            )
        return decision_scores

    def confusion(self, name, repeat=0):
        """Count out-of-fold predictions by true class (rows) and predicted class (columns).

        Parameters
        ----------
        name : str
            Name of the model in the comparison.
        repeat : int, default=0
            Repeat of the folds, counted from 0.

        Returns
        -------
        counts : ndarray of shape (n_classes, n_classes)
            Both axes in the order of `classes`.
        """
        self._needs_classes("confusion")
        return confusion_matrix(
            self.truth(repeat), self.predictions(name, repeat), labels=self.classes
        )

    def report(self, name, repeat=0):
        """Tabulate precision, recall, F1 and support of every class.

        Parameters
        ----------
        name : str
            Name of the model in the comparison.
        repeat : int, default=0
            Repeat of the folds, counted from 0.

        Returns
        -------
        report : DataFrame of shape (n_classes, 4)
        """
        import pandas as pd

        self._needs_classes("report")
        given = (self.truth(repeat), self.predictions(name, repeat))
        columns = precision_recall_fscore_support(*given, labels=self.classes, zero_division=0.0)
        table = dict(zip(("precision", "recall", "f1", "support"), columns, strict=True))
        return pd.DataFrame(table, index=pd.Index(self.classes, name="class"))

    def _gather(self, name, repeat, part):
        """Return one part of the predictions of all splits of a repeat, in the order of rows."""
        self._check_name(name)
        self.rows(repeat)
        results = [each for each in self.fold_results[name] if each.split.repeat == repeat]
        failed = sum(each.failed for each in results)
        if failed:
            raise ValueError(
                f"{name!r} failed on {failed} of {len(results)} splits, so it has no prediction "
                "for every row: see `warnings`."
            )
        parts = [getattr(each.predictions, part) for each in results]
        if any(values is None for values in parts):
            raise ValueError(f"{name!r} gives no {part}: only its predictions are known.")
        # Fold after fold becomes the order of X: argsort inverts the order of the tested rows.
        return np.concatenate(parts)[np.argsort(np.concatenate([r.split.test for r in results]))]

    def _check_name(self, name):
        if name not in self.names:
            raise ValueError(f"{name!r} was not compared; there are: {', '.join(self.names)}.")

    def _needs_classes(self, what):
        if self.task != "classification":
            raise ValueError(f"{what} counts classes; this comparison is of {self.task}.")

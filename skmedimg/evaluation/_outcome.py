"""Outcome: the data of a comparison, and every answer put back into row order."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False, repr=False)
class Outcome:
    """Data that `Comparison` is made of; its attributes are documented there."""

    names: tuple
    task: str
    y: np.ndarray
    classes: np.ndarray
    splits: tuple
    metrics: tuple
    scores: tuple
    answers: dict
    fit_times: dict
    score_times: dict
    pos_label: object = None
    groups: np.ndarray = None
    shared_times: dict = field(default_factory=dict)
    memory: dict = field(default_factory=dict)
    parameters: dict = field(default_factory=dict)
    history: dict = field(default_factory=dict)
    estimators: dict = field(default_factory=dict)
    baseline: str = None
    random_state: int = 0
    versions: dict = field(default_factory=dict)
    digest: str = ""
    warnings: tuple = ()
    audit: object = None

    def __post_init__(self):
        for name in self.names:
            if len(self.answers[name]) != len(self.splits):
                raise ValueError(
                    f"{name!r} has {len(self.answers[name])} answers for {len(self.splits)} splits."
                )

    def rows(self, repeat=0):
        """Return the rows of X that were tested in one repeat.

        Parameters
        ----------
        repeat : int, default=0

        Returns
        -------
        rows : ndarray of shape (n_tested,)
            In rising order; every row of X unless `cv` left some untested.
        """
        return np.sort(np.concatenate([split.test for split in self._of_repeat(repeat)]))

    def truth(self, repeat=0):
        """Return the labels or masks of `rows(repeat)`.

        Parameters
        ----------
        repeat : int, default=0

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

        Returns
        -------
        predictions : ndarray of shape (n_tested,) or (n_tested, height, width), or dict of them
            Row i belongs to `rows(repeat)[i]`.
        """
        if name is None:
            return {each: self.predictions(each, repeat) for each in self.names}
        return self._gather(name, repeat, "predicted")

    def ranking(self, name, repeat=0):
        """Return out-of-fold probabilities or, where there are none, decision values.

        Parameters
        ----------
        name : str
        repeat : int, default=0

        Returns
        -------
        ranking : ndarray of shape (n_tested, n_classes)
            Row i belongs to `rows(repeat)[i]`, column k to `classes[k]`.
        """
        return self._gather(name, repeat, "ranking")

    def probabilities(self, name, repeat=0):
        """Return out-of-fold probabilities in the row order of X.

        Parameters
        ----------
        name : str
        repeat : int, default=0

        Returns
        -------
        probabilities : ndarray of shape (n_tested, n_classes)
            Row i belongs to `rows(repeat)[i]`, column k to `classes[k]`.
        """
        if not all(answer.probabilistic for answer in self._answers(name, repeat)):
            raise ValueError(
                f"{name!r} has no predict_proba: use ranking({name!r}) for its decision values, or "
                "wrap it in CalibratedClassifierCV."
            )
        return self.ranking(name, repeat)

    def values(self, name, metric):
        """Return one score per split.

        Parameters
        ----------
        name : str
        metric : str

        Returns
        -------
        values : ndarray of shape (n_splits,)
            In the order of `splits`.
        """
        self._check_name(name)
        self.metric(metric)
        return np.array(
            [
                record["value"]
                for record in self.scores
                if record["estimator"] == name and record["metric"] == metric
            ]
        )

    def metric(self, name=None):
        """Return one of `metrics`.

        Parameters
        ----------
        name : str, default=None
            None gives the first, by which the summary is sorted.

        Returns
        -------
        metric : Metric
        """
        if name is None:
            return self.metrics[0]
        found = [metric for metric in self.metrics if metric.name == name]
        if not found:
            known = ", ".join(metric.name for metric in self.metrics)
            raise ValueError(f"metric={name!r} was not computed; there are: {known}.")
        return found[0]

    def _check_name(self, name):
        if name not in self.names:
            raise ValueError(f"{name!r} was not compared; there are: {', '.join(self.names)}.")

    def _of_repeat(self, repeat):
        found = [split for split in self.splits if split.repeat == repeat]
        if not found:
            last = self.splits[-1].repeat
            raise ValueError(f"repeat={repeat!r} was not run; repeats are numbered 0 to {last}.")
        return found

    def _answers(self, name, repeat):
        self._check_name(name)
        pairs = zip(self.splits, self.answers[name], strict=True)
        answers = [answer for split, answer in pairs if split.repeat == repeat]
        if any(answer is None for answer in answers):
            raise ValueError(
                f"{name!r} failed on {sum(answer is None for answer in answers)} of "
                f"{len(answers)} splits, so it has no answer for every row: see `warnings`."
            )
        return answers

    def _gather(self, name, repeat, part):
        rows = np.concatenate([split.test for split in self._of_repeat(repeat)])
        parts = [getattr(answer, part) for answer in self._answers(name, repeat)]
        if any(values is None for values in parts):
            raise ValueError(f"{name!r} gives no {part}: only its predictions are known.")
        return np.concatenate(parts)[np.argsort(rows)]

"""The fits of a comparison: side by side, with one progress bar, each kept when it is done."""

import warnings
from collections import namedtuple

import numpy as np
from sklearn.utils.parallel import Parallel, delayed
from tqdm import tqdm

from skmedimg.evaluation.running._fit_one import run_cell
from skmedimg.evaluation.scores._score_table import score
from skmedimg.evaluation.statistics._intervals import weigh

Job = namedtuple("Job", "name estimator X y text key shared_time")
Job.__doc__ = """One estimator of a comparison.

name : str; estimator : BaseEstimator, what is left of it after shared steps; X, y : what it is
fitted on; text : str, how it is written; key : str, its files in a checkpoint; shared_time : float.
"""

Plan = namedtuple("Plan", "metrics scorers store seed n_jobs error_score verbose")
Plan.__doc__ = """How the fits are run.

metrics : tuple of Metric; scorers : dict of str to callable; store : Checkpoint; seed : int;
n_jobs : int or None; error_score : "raise" or float; verbose : int.
"""


def run_jobs(jobs, targets, splits, plan):
    """Fit every estimator on every split.

    Parameters
    ----------
    jobs : list of Job
    targets : Targets
    splits : tuple of Split
    plan : Plan

    Returns
    -------
    cells : dict of (str, int) to Cell
        By estimator and position of the split.
    """
    tasks = [(job, number) for number in range(len(splits)) for job in jobs]
    cells = {}
    with Progress(len(tasks), plan, targets, splits) as progress:
        for job, number in tasks:
            cell = plan.store.read(job.key, splits[number])
            if cell is not None:
                cells[job.name, number] = cell
                progress.tell(job.name, number, cell)
        left = [(job, number) for job, number in tasks if (job.name, number) not in cells]
        with warnings.catch_warnings():  # threads of scikit-learn leave filters in disorder
            for (job, number), cell in _in_parallel(left, targets, splits, plan):
                plan.store.write(job.key, splits[number], cell)
                cells[job.name, number] = cell
                progress.tell(job.name, number, cell)
    return cells


class Progress:
    """One bar over all fits, showing the running mean of the first score.

    Parameters
    ----------
    total : int
    plan : Plan
    targets : Targets
    splits : tuple of Split
    """

    def __init__(self, total, plan, targets, splits):
        self.plan, self.targets, self.splits = plan, targets, splits
        self.values = {}
        self.bar = tqdm(total=total, desc="Comparing", unit="fit", disable=not plan.verbose)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.bar.close()

    def tell(self, name, number, cell):
        """Note a finished fit.

        Parameters
        ----------
        name : str
        number : int
        cell : Cell
        """
        if not self.bar.disable:
            first = self.plan.metrics[0]
            split = self.splits[number]
            value = values_of(cell, self.targets, split, [first], self.plan.error_score)[first.name]
            self.values.setdefault(name, []).append(value)
            self.bar.set_postfix_str(f"{name}: {first.title} {np.mean(self.values[name]):.3f}")
        self.bar.update()


def values_of(cell, targets, split, metrics, error_score):
    """Return the scores of one cell.

    Parameters
    ----------
    cell : Cell
    targets : Targets
    split : Split
    metrics : sequence of Metric
    error_score : float
        For a fit that failed.

    Returns
    -------
    values : dict of str to float
    """
    if cell.answer is None:
        return {metric.name: float(error_score) for metric in metrics}
    answer = weigh(targets, targets.y[split.test], cell.answer, np.ones((1, len(split.test))))
    return {
        metric.name: cell.values[metric.name]
        if metric.name in cell.values
        else float(score(answer, metric.name)[0])
        for metric in metrics
    }


def seed_of(seed, split):
    """Return the seed of one split, the same for every estimator.

    Parameters
    ----------
    seed : int
    split : Split

    Returns
    -------
    seed : int
    """
    return int(np.random.SeedSequence([seed, split.repeat, split.fold]).generate_state(1)[0])


def _in_parallel(tasks, targets, splits, plan):
    """Yield ((job, number), cell) as they are done, or all at the end where a backend cannot."""
    calls = [delayed(_numbered)(i, *task, targets, splits, plan) for i, task in enumerate(tasks)]
    try:
        parallel = Parallel(n_jobs=plan.n_jobs, return_as="generator_unordered")
    except ValueError:  # some backends return nothing before everything is done
        parallel = Parallel(n_jobs=plan.n_jobs)
    for i, cell in parallel(calls):
        yield tasks[i], cell


def _numbered(i, job, number, targets, splits, plan):
    split = splits[number]
    return i, run_cell(
        job.estimator, job.X, job.y, split, classes=targets.classes, scorers=plan.scorers,
        groups=targets.groups, seed=seed_of(plan.seed, split), error_score=plan.error_score,
        shape=targets.y.shape[1:],
    )  # fmt: skip

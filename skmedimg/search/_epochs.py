"""Telling the study of every epoch, so that it may stop a hopeless fit."""


class EpochReporter:
    """A scikit-learn callback that scores every epoch of one network.

    It is set on the network itself rather than handed down from a Pipeline, so that it works in
    any Pipeline and no step complains that it takes no callbacks.

    Parameters
    ----------
    owners : list of Pipeline
        The pipelines around the network, outermost first.
    score : callable
        Takes an estimator and X.
    X : any kind of X
        Images to score, as the outermost pipeline takes them.
    report : callable
        Takes an epoch and a score; raises optuna.TrialPruned to stop the fit.
    """

    def __init__(self, owners, score, X, report):
        self.owners, self.score, self.X, self.report = owners, score, X, report
        self.epoch, self.inputs = 0, None

    def setup(self, estimator, context):
        """Do nothing, before the fit."""

    def teardown(self, estimator, context):
        """Let go of the images."""
        self.inputs = None

    def on_fit_task_begin(self, estimator, context):
        """Do nothing, before an epoch."""

    def on_fit_task_end(self, estimator, context):
        """Score the network as it is after an epoch.

        A copy, which scikit-learn offers as `fitted_estimator`, would build a net per epoch.
        """
        if context.task_name != "epoch":
            return
        if self.inputs is None:
            self.inputs = _transformed(self.owners, self.X)
        self.epoch += 1
        self.report(self.epoch, self.score(estimator, self.inputs))


def watch_epochs(model, score, X, report):
    """Have every epoch of a model reported, where it trains in epochs and takes callbacks.

    Parameters
    ----------
    model : estimator
        Not fitted yet; a Pipeline is watched at its last step.
    score, X, report
        As of EpochReporter.
    """
    owners, network = [], model
    while hasattr(network, "steps"):
        owners.append(network)
        network = network.steps[-1][1]
    if hasattr(network, "set_callbacks") and hasattr(network, "max_epochs"):
        kept = getattr(network, "_skl_callbacks", [])
        network.set_callbacks(*kept, EpochReporter(owners, score, X, report))


def _transformed(owners, X):
    """Pass images through the steps before the network; samplers act in fit alone."""
    for owner in owners:
        for _, step in owner.steps[:-1]:
            if hasattr(step, "transform") and not hasattr(step, "fit_resample"):
                X = step.transform(X)
    return X

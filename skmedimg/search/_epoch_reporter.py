"""Telling the study of every epoch, so that it may stop a hopeless fit."""

from skmedimg._sklearn import final_estimator, transform_before


class EpochReporter:
    """A scikit-learn callback that scores every epoch of one network.

    It is set on the network itself rather than handed down from a Pipeline, so that it works in
    any Pipeline and no step complains that it takes no callbacks.

    Parameters
    ----------
    model : estimator
        The network, or the pipeline around it; steps are looked up when the first epoch ends,
        for a pipeline puts fitted steps in place of those it was made of.
    score : callable
        Takes an estimator and X.
    X : any kind of X
        Images to score, as the model takes them.
    report : callable
        Takes an epoch and a score; raises optuna.TrialPruned to stop the fit.
    """

    def __init__(self, model, score, X, report):
        self.model, self.score, self.X, self.report = model, score, X, report
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
            self.inputs = transform_before(self.model, self.X)
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
    network = final_estimator(model)
    if hasattr(network, "set_callbacks") and hasattr(network, "max_epochs"):
        kept = getattr(network, "_skl_callbacks", [])
        network.set_callbacks(*kept, EpochReporter(model, score, X, report))

"""Reports the score of every epoch of a network, so that the study can stop the fit."""

from skmedimg._sklearn import final_estimator, transform_before


class EpochReporter:
    """A scikit-learn callback that calls `report(epoch, score)` after every epoch of one network.

    It is set on the network itself and not handed down from a Pipeline, so that it works in any
    Pipeline and no step complains that it takes no callbacks.
    """

    def __init__(self, model, score, X, report):
        self.model, self.score, self.X, self.report = model, score, X, report
        self.epoch, self.inputs = 0, None

    def setup(self, estimator, context):
        """Do nothing before the fit; the callback protocol needs the method."""

    def teardown(self, estimator, context):
        """Release the transformed images."""
        self.inputs = None

    def on_fit_task_begin(self, estimator, context):
        """Do nothing before an epoch; the callback protocol needs the method."""

    def on_fit_task_end(self, estimator, context):
        """Score the network as it is after an epoch, and report the score."""
        if context.task_name != "epoch":
            return
        if self.inputs is None:
            # The steps are looked up now: a Pipeline replaces its steps by fitted clones.
            self.inputs = transform_before(self.model, self.X)
        self.epoch += 1
        # Not context's `fitted_estimator`: that copy would build a new net every epoch.
        self.report(self.epoch, self.score(estimator, self.inputs))


def report_epochs(model, score, X, report):
    """Have `report` called after every epoch of an unfitted model, where its network allows it."""
    network = final_estimator(model)
    if hasattr(network, "set_callbacks") and hasattr(network, "max_epochs"):
        own = getattr(network, "_skl_callbacks", [])
        network.set_callbacks(*own, EpochReporter(model, score, X, report))

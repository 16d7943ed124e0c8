"""Who hears of each epoch: scikit-learn's callbacks, the progress bar and the estimator."""

from tqdm.auto import tqdm

from skmedimg._training.plan import Listener


class FitTasks(Listener):
    """The tasks of one fit: a root, and one per epoch, as scikit-learn's callbacks know them."""

    def __init__(self, estimator, epochs, X, y):
        self.estimator = estimator
        self.epochs = epochs
        self.told = {"estimator": estimator, "X": X, "y": y}
        self.bar = None

    def __enter__(self):
        self.root = self.estimator._init_callback_context(max_subtasks=self.epochs)
        self.root.call_on_fit_task_begin(**self.told)
        if self.estimator.verbose:
            name = type(self.estimator).__name__
            self.bar = tqdm(total=self.epochs, desc=name, unit="epoch")
        return self

    def __exit__(self, *error):
        if self.bar is not None:
            self.bar.close()
        if error[0] is None:
            self.root.call_on_fit_task_end(**self.told, reconstruction_attributes=self._now)

    def skip_epochs(self, epochs):
        """Let the bar begin where the checkpoint ended."""
        if self.bar is not None:
            self.bar.update(epochs)

    def begin_epoch(self, net):
        """Open the epoch's task and let the estimator change the net."""
        self.task = self.root.subcontext(task_name="epoch")
        self.task.call_on_fit_task_begin(**self.told)
        self.estimator._begin_epoch(net)

    def end_epoch(self, net):
        """Close the epoch's task; True, when a callback asks for it, ends the training."""
        if self.bar is not None:
            self.bar.set_postfix(_figures(net.history[-1]), refresh=False)
            self.bar.update()
        return self.task.call_on_fit_task_end(**self.told, reconstruction_attributes=self._now)

    def _now(self):
        """Return the attributes that make a copy of the estimator a fitted one, as of now."""
        self.estimator._note_epochs()
        return {name: getattr(self.estimator, name) for name in ("n_iter_", "history_")}


def _figures(record):
    shown = ("train_loss", "train_score", "valid_loss", "valid_score")
    return {name.replace("train_", ""): f"{record[name]:.3f}" for name in shown if name in record}

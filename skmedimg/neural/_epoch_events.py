"""What happens at each epoch: scikit-learn's callbacks, the progress bar, unfreezing."""

import sys

from tqdm import tqdm

from skmedimg._progress import is_live, report_epoch
from skmedimg._training.plan import EpochObserver

_BAR = "{desc} {n_fmt}/{total_fmt}|{bar:8}| {remaining}{postfix}"


class FitTasks(EpochObserver):
    """The callback tasks of one fit, as scikit-learn defines them: a root and one per epoch."""

    def __init__(self, estimator, epochs, X, y):
        self.estimator = estimator
        self.epochs = epochs
        self.task_facts = {"estimator": estimator, "X": X, "y": y}
        self.bar = None

    def __enter__(self):
        self.root = self.estimator._init_callback_context(max_subtasks=self.epochs)
        self.root.call_on_fit_task_begin(**self.task_facts)
        if self.estimator.verbose and is_live():
            self.bar = tqdm(
                total=self.epochs,
                desc=type(self.estimator).__name__,
                bar_format=_BAR,
                dynamic_ncols=True,
            )
        return self

    def __exit__(self, *error):
        if self.bar is not None:
            self.bar.close()
        elif self.estimator.verbose and error[0] is None:
            # where nothing can be written over, as in a log, one line says it all
            print(self._last_line(), file=sys.stderr, flush=True)
        # After an error there is no fitted estimator that callbacks could look at.
        if error[0] is None:
            self.root.call_on_fit_task_end(**self.task_facts, reconstruction_attributes=self._now)

    def skip_epochs(self, epochs):
        """Advance the progress bar by the epochs that a checkpoint holds."""
        if self.bar is not None:
            self.bar.update(epochs)

    def begin_epoch(self, net):
        """Start the epoch's task and let the estimator change the net."""
        self.task = self.root.subcontext(task_name="epoch")
        self.task.call_on_fit_task_begin(**self.task_facts)
        self.estimator._begin_epoch(net)

    def end_epoch(self, net):
        """End the epoch's task; return True if a callback asks to stop training."""
        if self.bar is not None:
            self.bar.set_postfix_str(_loss_and_score(net.history[-1]), refresh=False)
            self.bar.update()
        report_epoch(len(net.history), self.epochs)
        return self.task.call_on_fit_task_end(
            **self.task_facts, reconstruction_attributes=self._now
        )

    def _now(self):
        """Return the attributes that make a copy of the estimator fitted, at this epoch."""
        self.estimator._note_epochs()
        return {name: getattr(self.estimator, name) for name in ("n_iter_", "history_")}

    def _last_line(self):
        """Return the whole fit in one line."""
        done = self._now()
        name = type(self.estimator).__name__
        values = _loss_and_score(done["history_"][-1])
        return f"{name}: {done['n_iter_']}/{self.epochs} epochs, {values}"


def _loss_and_score(record):
    """Return the losses and scores of an epoch as text, short enough for a line of 80 letters."""
    words = []
    for name in ("loss", "score"):
        for part in ("train", "valid"):
            if f"{part}_{name}" in record:
                label = name if part == "train" else "valid"
                words.append(f"{label}={record[f'{part}_{name}']:.3f}")
    return " ".join(words)

"""scikit-learn's callback protocol: every epoch of ours is a task it hears of."""

import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from skmedimg import Pipeline, ScratchCNN, ShallowMLP

ROWS, Y = load_digits(return_X_y=True)
ROWS, Y = ROWS[:300], Y[:300]
QUICK = ShallowMLP((16,), max_epochs=5, random_state=0)

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn 1.8 has no callbacks")


class Tasks:
    """A callback that notes the tasks it hears of, and stops after `limit` epochs."""

    max_propagation_depth = None

    def __init__(self, limit=None):
        self.limit, self.ended = limit, []

    def setup(self, estimator, context):
        self.ended.append("setup")

    def teardown(self, estimator, context):
        self.ended.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name == "epoch":
            self.ended.append(fitted_estimator.predict(ROWS).shape)
            return self.ended.count((300,)) == self.limit
        self.ended.append(f"{type(estimator).__name__} {context.task_name}")


@pytest.mark.parametrize("model", [QUICK, ScratchCNN((4,), max_epochs=5, random_state=0)])
def test_a_callback_hears_of_every_epoch_and_gets_a_fitted_estimator(model):
    tasks = Tasks()
    clone(model).set_callbacks(tasks).fit(ROWS, Y)
    name = type(model).__name__
    assert tasks.ended == ["setup", *[(300,)] * 5, f"{name} fit", "teardown"]


def test_a_callback_may_stop_the_fit():
    model = clone(QUICK).set_callbacks(Tasks(limit=2)).fit(ROWS, Y)
    assert model.n_iter_ == 2
    assert model.predict(ROWS).shape == (300,)


def test_callbacks_pass_through_a_pipeline_and_a_search():
    tasks = Tasks()
    Pipeline([StandardScaler(), QUICK]).set_callbacks(tasks).fit(ROWS, Y)
    assert tasks.ended.count((300,)) == 5
    assert tasks.ended[-2:] == ["Pipeline fit", "teardown"]
    seen = Tasks()
    search = GridSearchCV(
        Pipeline([StandardScaler(), QUICK]), {"shallowmlp__max_epochs": [1, 2]}, cv=2
    )
    search.set_callbacks(seen).fit(ROWS, Y)
    assert seen.ended.count((300,)) >= 6


def test_scikit_learns_scoring_monitor_logs_every_epoch():
    monitor = callback.ScoringMonitor(scoring="accuracy")
    clone(QUICK).set_callbacks(monitor).fit(ROWS, Y)
    scores = monitor.get_logs().data_as_pandas["accuracy"]
    assert len(scores.dropna()) >= 5

"""OptunaSearch: approaches compete in one study that is pruned, resumed and shared."""

import os
import pickle
import signal
import subprocess
import sys
import time

import numpy as np
import optuna
import pytest
import sqlalchemy.engine
import sqlalchemy.event
from joblib import parallel_config
from optuna.distributions import FloatDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from scipy.stats import expon
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

import skmedimg
from skmedimg import Pipeline, ShallowMLP, compare
from skmedimg.search import OptunaSearch, default_space

X, Y = load_breast_cancer(return_X_y=True)
DIGITS, DIGITS_Y = load_digits(return_X_y=True)
BAYES = {"var_smoothing": FloatDistribution(1e-12, 1e-2, log=True)}
TREE = {"max_depth": [1, 2, 3]}
BOTH = {"bayes": GaussianNB(), "tree": DecisionTreeClassifier(random_state=0)}
SPACES = {"bayes": BAYES, "tree": TREE}
WITH_SPACES = [
    *("ShallowMLP", "ScratchCNN", "TransferClassifier", "UNetSegmenter"),
    *("HOG", "LBP", "Haralick", "IntensityHistogram"),
]
CHECKED = OptunaSearch(
    LogisticRegression(), {"C": FloatDistribution(0.1, 10)}, n_trials=2, cv=2, random_state=0
)


def search(**options):
    return OptunaSearch(BOTH, SPACES, **{"n_trials": 8, "cv": 3, "random_state": 0} | options)


@pytest.mark.usefixtures("numpy_generator_put_back")
@parametrize_with_checks([CHECKED])
def test_a_search_passes_every_check_of_scikit_learn(estimator, check):
    check(estimator)


def test_every_trial_scores_what_scikit_learn_scores():
    depths = [1, 2, 3, 4]
    tree = DecisionTreeClassifier(random_state=0)
    grid = GridSearchCV(tree, {"max_depth": depths}, cv=3).fit(X, Y)
    sampler = optuna.samplers.GridSampler({"max_depth": depths}, seed=0)
    ours = OptunaSearch(
        tree, {"max_depth": depths}, cv=3, n_trials=9, sampler=sampler,
        pruner=optuna.pruners.NopPruner(),
    ).fit(X, Y)  # fmt: skip
    theirs = dict(zip(depths, grid.cv_results_["mean_test_score"], strict=True))
    tried = [each["max_depth"] for each in ours.cv_results_["params"]]
    assert sorted(tried) == depths
    assert [theirs[depth] for depth in tried] == list(ours.cv_results_["mean_test_score"])
    assert (ours.best_score_, ours.best_params_) == (grid.best_score_, grid.best_params_)
    assert (ours.predict_proba(X) == grid.predict_proba(X)).all()
    assert ours.score(X, Y) == grid.score(X, Y)


def test_approaches_compete_and_keep_their_own_parameters():
    found = search(n_trials=12).fit(X, Y)
    names = found.cv_results_["estimator"]
    assert set(names) == {"bayes", "tree"}
    depths = found.cv_results_["param_max_depth"]
    assert list(depths.mask) == [name == "bayes" for name in names]
    assert isinstance(found.best_estimator_, type(BOTH[found.best_name_]))
    assert found.best_estimator_.get_params().items() >= found.best_params_.items()


def test_an_integer_random_state_repeats_the_search():
    first, again = search().fit(X, Y), search().fit(X, Y)
    assert first.cv_results_["params"] == again.cv_results_["params"]
    other = search(random_state=1).fit(X, Y)
    assert first.cv_results_["params"] != other.cv_results_["params"]


def test_a_space_may_be_a_function_of_the_trial():
    def space(trial):
        depth = trial.suggest_int("depth", 1, 3)
        return {"max_depth": depth, "min_samples_leaf": 2 * depth}

    found = OptunaSearch(BOTH["tree"], space, n_trials=3, cv=2, random_state=0).fit(X, Y)
    assert all(p["min_samples_leaf"] == 2 * p["max_depth"] for p in found.cv_results_["params"])
    assert found.best_estimator_.min_samples_leaf == 2 * found.best_estimator_.max_depth


def test_choices_may_be_tuples_and_estimators():
    model = make_pipeline(StandardScaler(), GaussianNB())
    steps = [StandardScaler(), "passthrough"]
    found = OptunaSearch(model, {"standardscaler": steps}, n_trials=4, cv=2, random_state=0)
    found.fit(X, Y)
    assert {str(p["standardscaler"]) for p in found.cv_results_["params"]} == set(map(str, steps))


def test_an_outer_cross_validation_stratifies():
    assert is_classifier(search())
    ordered = np.argsort(Y, kind="stable")  # unstratified folds would lack a class
    scores = cross_val_score(search(n_trials=2), X[ordered], Y[ordered], cv=3, error_score="raise")
    assert (scores > 0.8).all()


def test_groups_stay_together_and_reach_an_inner_search():
    seen = []

    class Spy(GaussianNB):
        def fit(self, X, y, groups=None):
            seen.append(set(groups))
            return super().fit(X, y)

    groups = np.arange(len(Y)) % 10
    found = OptunaSearch(Spy(), BAYES, n_trials=1, cv=5).fit(X, Y, groups=groups)
    assert [len(each) for each in seen] == [8] * 5 + [10]
    assert found.n_splits_ == 5
    by_hand = OptunaSearch(GaussianNB(), BAYES, n_trials=1, cv=GroupKFold(5))
    assert by_hand.fit(X, Y, groups=groups).n_splits_ == 5


def test_several_metrics_are_reported_and_the_named_one_decides():
    found = search(scoring=["accuracy", "roc_auc"], refit="roc_auc").fit(X, Y)
    assert found.best_score_ == np.nanmax(found.cv_results_["mean_test_roc_auc"])
    assert {"mean_test_accuracy", "split2_test_roc_auc"} <= set(found.cv_results_)
    assert found.score(X, Y) > 0.9


def test_several_metrics_without_a_deciding_one_are_several_objectives():
    found = search(scoring=["accuracy", "roc_auc"], refit=False).fit(X, Y)
    assert len(found.study_.directions) == 2
    assert found.study_.best_trials
    assert not hasattr(found, "best_index_")
    assert not hasattr(found, "predict")
    with pytest.raises(ValueError, match="name of the metric that decides"):
        search(scoring=["accuracy", "roc_auc"]).fit(X, Y)


class Fussy(ClassifierMixin, BaseEstimator):
    """Fails for some values, and for others scores little or much."""

    def __init__(self, value=0.0):
        self.value = value

    def fit(self, X, y):
        if self.value > 0.7:
            raise MemoryError("out of memory")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[(np.arange(len(X)) < self.value * len(X)).astype(int)]


def test_a_trial_that_fails_is_recorded_and_the_study_goes_on():
    fussy = OptunaSearch(Fussy(), {"value": [0.1, 0.9]}, n_trials=6, cv=2, random_state=0)
    with pytest.warns(FitFailedWarning, match="of 6 trials failed.*out of memory"):
        found = fussy.fit(X, Y)
    failed = np.array([p["value"] == 0.9 for p in found.cv_results_["params"]])
    assert failed.any()
    assert (found.cv_results_["state"][failed] == "fail").all()
    assert (found.cv_results_["error"][failed] == "MemoryError: out of memory").all()
    assert np.isnan(found.cv_results_["mean_test_score"][failed]).all()
    assert found.best_params_ == {"value": 0.1}


def test_a_study_whose_trials_all_fail_says_why():
    with pytest.raises(ValueError, match="2 failed, .* MemoryError: out of memory"):
        OptunaSearch(Fussy(), {"value": [0.9]}, n_trials=2, cv=2).fit(X, Y)


def test_a_parameter_that_the_estimator_lacks_is_an_error_at_once():
    with pytest.raises(ValueError, match="Invalid parameter 'depth'"):
        OptunaSearch(GaussianNB(), {"depth": [1, 2]}).fit(X, Y)


@pytest.mark.parametrize(
    ("estimators", "spaces", "message"),
    [
        (BOTH, {"bayes": BAYES}, "one space for each of"),
        (GaussianNB(), {"var_smoothing": 1e-9}, "A single value belongs into the estimator"),
        (
            GaussianNB(),
            {"var_smoothing": (1e-9, 1)},
            r"FloatDistribution\(1e-09, 1\).* \[1e-09, 1\]",
        ),
        (BOTH["tree"], {"max_depth": (1, 8)}, r"'max_depth' .*IntDistribution\(1, 8\)"),
        (GaussianNB(), {"var_smoothing": expon()}, "scipy's expon, .* loguniform"),
        (GaussianNB(), {"var_smoothing": "1e-9"}, "needs an optuna distribution or a list"),
        (GaussianNB(), {"var_smoothing": np.array([])}, "needs an optuna distribution or a list"),
        ({}, {}, "at least one estimator"),
        ({"a": GaussianNB(), "b": StandardScaler()}, {"a": {}, "b": {}}, "of one kind"),
    ],
)
def test_estimators_and_spaces_have_to_match(estimators, spaces, message):
    with pytest.raises((ValueError, TypeError), match=message):
        OptunaSearch(estimators, spaces).fit(X, Y)


def test_a_fold_that_does_badly_ends_its_trial():
    values = {"value": [0.6, 0.0]}
    pruner = optuna.pruners.ThresholdPruner(lower=0.3)
    found = OptunaSearch(Fussy(), values, n_trials=6, cv=3, pruner=pruner, random_state=0)
    results = found.fit(X, Y).cv_results_
    pruned = results["state"] == "pruned"
    assert pruned.any()
    assert np.isfinite(results["split0_test_score"][pruned]).all()
    assert np.isnan(results["split1_test_score"][pruned]).all()
    assert np.isnan(results["mean_test_score"][pruned]).all()


@pytest.mark.parametrize("chain", [Pipeline, lambda steps: make_pipeline(*steps)])
def test_an_epoch_that_does_badly_ends_its_trial_inside_a_pipeline(chain):
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.8 has no callbacks")
    net = ShallowMLP((32,), max_epochs=6, batch_size=8, random_state=0)
    pruner = optuna.pruners.ThresholdPruner(lower=0.5, n_warmup_steps=3)
    space = {"shallowmlp__learning_rate": [1e-6, 1e-2]}
    found = OptunaSearch(
        chain([StandardScaler(), net]), space, n_trials=4, cv=2, pruner=pruner, random_state=0
    ).fit(DIGITS[:300], DIGITS_Y[:300])
    rates = [p["shallowmlp__learning_rate"] for p in found.cv_results_["params"]]
    assert set(rates) == {1e-6, 1e-2}
    for rate, trial in zip(rates, found.study_.trials, strict=True):
        steps = sorted(trial.intermediate_values)
        whole = [1, 2, 3, 4, 5, 6, 999, *range(1001, 1007)]
        assert steps == ([1, 2, 3] if rate == 1e-6 else whole)
    assert found.best_params_ == {"shallowmlp__learning_rate": 1e-2}


def test_a_stored_study_goes_on_where_it_ended(tmp_path):
    storage = f"journal:{tmp_path}/study.log"
    search(storage=storage, n_trials=3).fit(X, Y)
    whole = search(storage=storage, n_trials=8).fit(X, Y)
    at_once = search(n_trials=8).fit(X, Y)
    assert whole.cv_results_["params"] == at_once.cv_results_["params"]
    assert whole.best_score_ == at_once.best_score_
    other = search(storage=storage, n_trials=2).fit(X[:300], Y[:300])
    assert len(other.study_.trials) == 2


def test_a_named_study_is_not_continued_on_other_data(tmp_path):
    named = search(storage=f"sqlite:///{tmp_path}/study.db", study="lungs", n_trials=2)
    named.fit(X, Y)
    with pytest.raises(ValueError, match="'lungs' was made with other data"):
        clone(named).fit(X[:300], Y[:300])


def test_a_study_of_ones_own_is_continued():
    study = optuna.create_study(direction="maximize")
    found = search(study=study, n_trials=2).fit(X, Y)
    assert found.study_ is study
    with pytest.raises(ValueError, match="direction='maximize'"):
        search(study=optuna.create_study()).fit(X, Y)


@pytest.mark.usefixtures("filters_put_back")
def test_two_workers_run_the_trials_of_one_budget():
    found = search(n_jobs=2, n_trials=6).fit(X, Y)
    assert len(found.cv_results_["params"]) == 6
    scores = dict.fromkeys(map(str, found.cv_results_["params"]))
    assert len(scores) > 1


WORKER = """
import os, sys, time
from sklearn.datasets import load_breast_cancer
from sklearn.tree import DecisionTreeClassifier
from skmedimg.search import OptunaSearch

storage, hangs = sys.argv[1:]

class Slow(DecisionTreeClassifier):
    fits = 0
    def fit(self, X, y):
        Slow.fits += 1
        if hangs != "no" and Slow.fits == 4:  # the second fold of the second trial
            open(hangs, "w").close()
            time.sleep(600)
        time.sleep(0.05)
        return super().fit(X, y)

X, y = load_breast_cancer(return_X_y=True)
space = {"max_depth": [1, 2, 3, 4], "min_samples_leaf": [1, 5, 9]}
found = OptunaSearch(Slow(), space, storage=storage, n_trials=12, cv=2, random_state=0).fit(X, y)
print(len(found.cv_results_["params"]), (found.cv_results_["state"] != "fail").all())
"""


@pytest.mark.slow
def test_a_process_killed_in_mid_trial_costs_its_trial_alone(tmp_path):
    script, storage, hung = tmp_path / "worker.py", f"journal:{tmp_path}/s.log", tmp_path / "hung"
    script.write_text(WORKER)
    command = [sys.executable, script, storage]
    victim = subprocess.Popen([*command, hung])
    others = []
    try:
        _wait_for(hung)
        before = {t.number: t.values for t in _trials(storage) if t.state.is_finished()}
        others = [subprocess.Popen([*command, "no"], stdout=subprocess.PIPE) for _ in range(2)]
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        assert [each.communicate(timeout=200)[0] for each in others] == [b"12 True\n"] * 2
    finally:
        for each in (victim, *others):
            each.kill()
            each.wait()
    after = {t.number: t for t in _trials(storage)}
    assert before
    assert all(after[number].values == values for number, values in before.items())
    lost = [t for t in after.values() if t.state.name == "FAIL" and len(t.user_attrs["folds"]) == 1]
    assert len(lost) == 1
    assert [t.params for t in after.values() if t.user_attrs.get("retry")] == [lost[0].params]


def _trials(storage):
    backend = JournalFileBackend(storage.removeprefix("journal:"))
    return optuna.load_study(study_name=None, storage=JournalStorage(backend)).trials


def _wait_for(path):
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} did not appear")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_trials_run_on_a_dask_cluster():
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    grid = GridSearchCV(BOTH["tree"], TREE, cv=3)
    alone = grid.fit(X, Y).cv_results_["mean_test_score"]
    unpruned = search(n_trials=4, pruner=optuna.pruners.NopPruner())
    one_by_one = clone(unpruned).fit(X, Y).cv_results_
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster):
        with parallel_config(backend="dask"):
            found = unpruned.fit(X, Y)
            shared = clone(grid).fit(X, Y).cv_results_["mean_test_score"]
    processes = {trial.user_attrs["owner"]["process"] for trial in found.study_.trials}
    assert len(found.study_.trials) == 4
    assert os.getpid() not in processes
    assert (shared == alone).all()
    assert found.cv_results_["params"] == one_by_one["params"]
    assert (found.cv_results_["mean_test_score"] == one_by_one["mean_test_score"]).all()


def test_a_search_is_compared_with_patients_kept_together():
    groups = np.arange(len(Y)) // 5
    models = {"search": search(n_trials=3), "bayes": GaussianNB()}
    result = compare(models, X, Y, groups=groups, cv=2, random_state=0, verbose=0, repeats=1)
    assert not any("inner folds that split patients" in each.text for each in result.warnings)
    assert set(result.names) >= {"search", "bayes"}


def test_a_fitted_search_survives_pickling():
    found = search(n_trials=2).fit(X, Y)
    again = pickle.loads(pickle.dumps(found))
    assert (again.predict(X) == found.predict(X)).all()
    assert len(again.study_.trials) == 2


@pytest.fixture
def figures_closed():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


@pytest.mark.usefixtures("figures_closed")
def test_a_study_is_drawn():
    import matplotlib.pyplot as plt

    found, style = search(n_trials=12).fit(X, Y), dict(plt.rcParams)
    results = found.cv_results_
    complete = results["state"] == "complete"
    assert 0 < complete.sum() < 12
    points = found.plot("history").collections[0].get_offsets()
    assert (points[:, 0] == results["trial"][complete]).all()
    assert (points[:, 1] == results["mean_test_score"][complete]).all()

    parameters = ["bayes__var_smoothing", "estimator", "tree__max_depth"]
    bars = found.plot("importances").get_yticklabels()
    assert sorted(bar.get_text() for bar in bars) == parameters
    assert [axes.get_xlabel() for axes in found.plot("slice")] == parameters

    folds = [np.isfinite([results[f"split{k}_test_score"][row] for k in range(3)]).sum()
             for row in range(12)]  # fmt: skip
    lines = found.plot("epochs").get_lines()  # the end of the last fold is not reported
    assert [len(line.get_xdata()) for line in lines] == np.minimum(folds, 2).tolist()

    axes = found.plot("parallel", name="tree")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["score", "max_depth"]
    assert dict(plt.rcParams) == style


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("pie", {}, "kind='pie' needs one of"),
        ("history", {"name": "forest"}, "name='forest' has no finished trial"),
        ("history", {"metric": "recall"}, r"metric='recall' needs one of .*\['score'\]"),
    ],
)
def test_a_plot_that_cannot_be_drawn_is_refused(kind, options, message):
    found = search(n_trials=1).fit(X, Y)
    with pytest.raises(ValueError, match=message):
        found.plot(kind, **options)


@pytest.mark.parametrize("name", WITH_SPACES)
def test_default_spaces_fit_their_estimators(name):
    estimator = getattr(skmedimg, name)()
    for key, kind in default_space(name).items():
        values = kind if isinstance(kind, list) else [kind.low, kind.high]
        for value in values:
            clone(estimator).set_params(**{key: value})._validate_params()


def test_a_pipeline_has_the_spaces_of_its_steps():
    space = default_space(Pipeline([StandardScaler(), ShallowMLP()]))
    assert set(space) == {f"shallowmlp__{name}" for name in default_space("ShallowMLP")}
    with pytest.raises(ValueError, match="has no default space"):
        default_space(GaussianNB())


def bayes_search(storage, n_trials):
    return OptunaSearch(
        GaussianNB(), BAYES, study="s", storage=storage, n_trials=n_trials, cv=2, random_state=0
    )


@pytest.mark.parametrize("torn", [b'{"op_code": 4, "worker', b"\0\0\0\n"])
def test_a_line_torn_by_a_full_disk_is_cut_off_and_the_study_goes_on(tmp_path, torn):
    journal = tmp_path / "study.log"
    bayes_search(f"journal:{journal}", 2).fit(X, Y)
    with journal.open("ab") as file:
        file.write(torn)
    with pytest.warns(UserWarning, match=r"last line of .*study\.log' .*half written"):
        found = bayes_search(f"journal:{journal}", 3).fit(X, Y)
    assert len(found.study_.trials) == 3
    assert torn not in journal.read_bytes()


def test_a_full_disk_ends_a_search_with_the_trials_it_has(tmp_path, monkeypatch):
    journal, append = f"journal:{tmp_path}/study.log", JournalFileBackend.append_logs

    def on_a_full_disk(backend, logs):
        if b'"values"' in (tmp_path / "study.log").read_bytes():  # of the first trial
            raise OSError(28, "No space left on device")
        append(backend, logs)

    with monkeypatch.context() as full:
        full.setattr(JournalFileBackend, "append_logs", on_a_full_disk)
        with pytest.warns(UserWarning, match="storage .* No space left .* call fit again"):
            found = bayes_search(journal, 3).fit(X, Y)
    assert len(found.cv_results_["params"]) == 1
    assert found.predict(X).shape == Y.shape
    assert len(bayes_search(journal, 3).fit(X, Y).cv_results_["params"]) == 3


def test_a_full_disk_under_a_database_ends_a_search_as_well(tmp_path):
    database = f"sqlite:///{tmp_path}/study.db"
    bayes_search(database, 1).fit(X, Y)

    def keep_small(connection, record):  # SQLite's own error of a full disk, at this size
        connection.execute("PRAGMA max_page_count = 1")  # no less than there is

    sqlalchemy.event.listen(sqlalchemy.engine.Engine, "connect", keep_small)
    try:
        with pytest.warns(UserWarning, match="storage .* disk is full.* call fit again"):
            found = bayes_search(database, 20).fit(X, Y)
    finally:
        sqlalchemy.event.remove(sqlalchemy.engine.Engine, "connect", keep_small)
    assert 1 <= len(found.cv_results_["params"]) < 20
    assert len(bayes_search(database, 20).fit(X, Y).cv_results_["params"]) == 20


def test_a_search_without_a_trial_tells_of_the_full_disk(tmp_path, monkeypatch):
    append = JournalFileBackend.append_logs

    def on_a_full_disk(backend, logs):
        if any(log.get("op_code") == 4 for log in logs):  # creates a trial
            raise OSError(28, "No space left on device")
        append(backend, logs)

    monkeypatch.setattr(JournalFileBackend, "append_logs", on_a_full_disk)
    with pytest.raises(OSError, match="No space left"):
        bayes_search(f"journal:{tmp_path}/study.log", 3).fit(X, Y)


def test_a_damaged_journal_is_named_with_the_way_out(tmp_path):
    journal = tmp_path / "study.log"
    bayes_search(f"journal:{journal}", 1).fit(X, Y)
    journal.write_bytes(b"{}\n" + journal.read_bytes())
    with pytest.raises(ValueError, match=r"study\.log' is damaged .* Begin another file"):
        bayes_search(f"journal:{journal}", 2).fit(X, Y)


RECORD = b'{"op_code":0,"worker_id":"a","study_name":"other","directions":[2]}\n'
NO_JOURNALS = {
    "csv": b"patient,age\n1,40\n2,50\n",
    "csv without an end": b"patient,age\n1,40",
    "one line": b"patient",
    "unfinished object": b'{"name": "study", "version": 1}',
    "binary": bytes(range(256)) * 20,
    "binary without a line": b"\x93NUMPY" + bytes(500),
    "NUL bytes": bytes(64) + b"\n",
    "other JSON lines": b'{"name": "a"}\n{"name": "b"}\n',
    "other JSON lines, torn": b'{"name": "a"}\n{"na',
    "JSON list": b'["op_code"]\n',
    "op_code of another kind": b'{"op_code": "push"}\n',
    "deep JSON": b"[" * 100_000 + b"\n",
    "blank first line": b"\n" + RECORD,
    "journal after a header": b"# a journal\n" + RECORD,
}


@pytest.mark.parametrize("content", NO_JOURNALS.values(), ids=NO_JOURNALS)
def test_a_file_that_is_no_journal_is_refused_and_left_as_it_is(tmp_path, content):
    file = tmp_path / "patients.csv"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"patients\.csv' .* is not an optuna journal"):
        bayes_search(f"journal:{file}", 1).fit(X, Y)
    assert file.read_bytes() == content
    assert list(tmp_path.iterdir()) == [file]


def test_an_empty_file_becomes_a_journal(tmp_path):
    file = tmp_path / "study.log"
    file.touch()
    assert len(bayes_search(f"journal:{file}", 1).fit(X, Y).study_.trials) == 1
    assert file.read_bytes().startswith(b'{"op_code"')


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: [*lines[:2], b"damaged\n", *lines[2:]],
        lambda lines: [*lines[:2], lines[2][:9], *lines[3:]],
        lambda lines: [*lines, b"damaged\n"],
        lambda lines: [*lines, b"damaged\n", b"torn"],
        lambda lines: [*lines, b"{}\n"],
    ],
    ids=["in the middle", "two in one", "at the end", "before a torn line", "no record"],
)
def test_only_a_last_line_without_an_end_is_cut_off_a_journal(tmp_path, damage):
    journal = tmp_path / "study.log"
    bayes_search(f"journal:{journal}", 1).fit(X, Y)
    journal.write_bytes(b"".join(damage(journal.read_bytes().splitlines(keepends=True))))
    before = journal.read_bytes()
    with pytest.raises(ValueError, match=r"study\.log' is damaged"):
        bayes_search(f"journal:{journal}", 2).fit(X, Y)
    assert journal.read_bytes() == before
    assert list(tmp_path.iterdir()) == [journal]


def test_a_journal_that_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(ValueError, match=f"storage='journal:{place}' needs a file"):
            bayes_search(f"journal:{place}", 1).fit(X, Y)


@pytest.mark.parametrize("content", NO_JOURNALS.values(), ids=NO_JOURNALS)
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path, content):
    file = tmp_path / "patients.csv"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"storage='sqlite:.*patients\.csv' cannot be opened as a"):
        bayes_search(f"sqlite:///{file}", 1).fit(X, Y)
    assert file.read_bytes() == content
    assert list(tmp_path.iterdir()) == [file]


def test_a_database_that_cannot_be_reached_is_named_without_its_password(tmp_path):
    with pytest.raises(ValueError, match=r"storage='sqlite://.*nowhere.*' cannot be opened as a"):
        bayes_search(f"sqlite:///{tmp_path}/nowhere/study.db", 1).fit(X, Y)
    with pytest.raises(ValueError, match=r"storage='nosuch://ann:\*\*\*@host/a' cannot be"):
        bayes_search("nosuch://ann:secret@host/a", 1).fit(X, Y)

"""Progress of fits: one line that moves where it can, plain lines anywhere else."""

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from skmedimg import ShallowMLP, _progress, compare

X = np.random.default_rng(0).normal(size=(24, 6))
Y = np.arange(24) % 2
OPTIONS = {"cv": 2, "repeats": 1, "random_state": 0, "audit": False, "pos_label": 1}


class Failing(LogisticRegression):
    def fit(self, X, y):
        raise ValueError("never\nconverges")


@pytest.fixture
def live(monkeypatch):
    monkeypatch.setattr(_progress, "is_live", lambda: True)
    monkeypatch.setattr("skmedimg.neural._epoch_events.is_live", lambda: True)
    monkeypatch.setattr(_progress, "_TICK", 0.01)


def test_a_log_gets_one_line_per_finished_fit(capsys):
    models = {"logistic": LogisticRegression(), "failing": Failing()}
    compare(models, X, Y, error_score=np.nan, **OPTIONS)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert "\r" not in err
    assert len(lines) == 6  # three models, the baseline among them, on two folds
    assert lines[0].startswith("1/6 logistic, fold 1: balanced accuracy 0.")
    assert lines[1] == "2/6 failing, fold 1: failed, ValueError: never converges"
    assert lines[5].startswith("6/6 majority class, fold 2")
    compare(models, X, Y, error_score=np.nan, verbose=0, **OPTIONS)
    assert capsys.readouterr().err == ""


def test_fits_on_all_samples_are_counted_too(capsys, live, monkeypatch):
    models = {"logistic": LogisticRegression(), "mlp": ShallowMLP((4,), max_epochs=40)}
    external = {"Cairo": (X, Y)}
    compare(models, X, Y, external=external, baseline=False, **OPTIONS)
    states = capsys.readouterr().err.split("\r")
    assert "2/2 fits 100%" in states[-1]
    assert "mlp, all samples: " in states[-1]
    monkeypatch.setattr(_progress, "is_live", lambda: False)
    compare(models, X, Y, external=external, baseline=False, **OPTIONS)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 6
    assert lines[4].startswith("1/2 logistic, all samples: 0.")


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_terminal_shows_model_fold_and_epoch_while_they_run(live, capsys, n_jobs):
    model = ShallowMLP((4,), max_epochs=150, random_state=0)
    with joblib.parallel_config("threading"):
        compare({"mlp": model}, X, Y, n_jobs=n_jobs, baseline=False, **OPTIONS)
    err = capsys.readouterr().err
    states = err.split("\r")
    assert any("mlp, fold 1, epoch" in state for state in states)
    assert any("/150" in state for state in states)
    assert "2/2 fits 100%" in err
    assert "mlp, fold" in states[-1]  # what came of the last fit stays


def test_a_network_alone_shows_its_epochs(live, capsys):
    ShallowMLP((4,), max_epochs=3, verbose=1, random_state=0).fit(X, Y)
    shown = capsys.readouterr().err
    assert "ShallowMLP 3/3" in shown
    assert "loss=" in shown


def test_an_epoch_is_written_where_it_is_read(tmp_path):
    file = tmp_path / "0"
    with _progress.epochs_go_to(file):
        assert file.read_text() == ""
        _progress.report_epoch(3, 30)
        assert file.read_text().split() == ["3", "30"]
    assert not file.exists()
    _progress.report_epoch(4, 30)  # nobody shows it
    with _progress.epochs_go_to(tmp_path / "gone" / "0"):  # as on another machine
        _progress.report_epoch(3, 30)

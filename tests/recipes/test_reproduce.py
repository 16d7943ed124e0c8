"""The script that reproduces the reports: its table, its changes, and going on where it stopped."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "reproduce_reports.py"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("reproduce_reports", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path):
    """Digits that are a bright row each, the tenth part of them for testing."""
    rng = np.random.default_rng(0)
    labels = np.arange(220) % 10
    images = rng.integers(0, 60, (220, 28, 28), dtype=np.uint8)
    images[np.arange(220), 2 * labels + 4] = 255
    np.savez(
        tmp_path / "mnist.npz", train_images=images[:200], train_labels=labels[:200],
        test_images=images[200:], test_labels=labels[200:],
    )  # fmt: skip
    return tmp_path


def line_of(folder, name):
    lines = (folder / "table.md").read_text("utf-8").splitlines()
    return next(line for line in lines if line.startswith(f"| {name} |"))


def test_a_run_is_scored_written_down_and_not_done_twice(script, folder, capsys):
    arguments = ["--data", str(folder), "--out", str(folder / "out"), "--only", "digits/mlp-3"]
    arguments += ["--epochs-scale", "0.2", "--seeds", "0", "1"]
    script.main(arguments)
    files = sorted((folder / "out").glob("*.json"))
    runs = [json.loads(file.read_text("utf-8")) for file in files]
    assert [run["seed"] for run in runs] == [0, 1]
    matrix = np.array(runs[0]["figures"]["matrix"])
    assert matrix.sum() == 20
    assert runs[0]["figures"]["accuracy"] == round(np.trace(matrix) / 20, 4)
    line = line_of(folder / "out", "digits/mlp-3")
    assert "| 0.7871 |" in line
    assert "2 of 10 epochs; 2 seeds" in line
    assert line_of(folder / "out", "brain/vgg16-frozen").count("not run") == 1

    printed = capsys.readouterr().out
    script.main(arguments)
    assert "digits/mlp-3" in printed
    assert capsys.readouterr().out == ""


def test_the_honest_protocol_gives_an_interval(script, folder):
    arguments = ["--data", str(folder), "--out", str(folder / "out"), "--only", "digits/hog7-mlp"]
    script.main([*arguments, "--seeds", "--honest", "--folds", "3", "--epochs-scale", "0.2"])
    run = json.loads(next((folder / "out").glob("*honest*.json")).read_text("utf-8"))
    mean, low, high = run["figures"]["accuracy"]
    assert low <= mean <= high


def test_data_that_are_not_there_are_said_to_be_absent(script, folder, capsys):
    script.main(["--data", str(folder), "--out", str(folder / "out"), "--only", "covid/unet"])
    assert "covid/unet: not run" in capsys.readouterr().out


def test_without_data_every_recipe_is_said_to_be_left_out(script, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SKMEDIMG_DATA", raising=False)
    script.main(["--only", "digits/mlp", "chest/cnn2", "brain/*", "covid/unet"])
    printed = capsys.readouterr().out.splitlines()
    assert [line.partition(": not run, ")[0] for line in printed] == [
        *("digits/mlp", "chest/cnn2", "brain/scratch-cnn", "brain/vgg16-frozen", "covid/unet")
    ]
    assert all("data" in line for line in printed)

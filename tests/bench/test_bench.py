"""The benchmark runner takes turns, judges goals, and writes what it saw."""

import json
import subprocess
import time

import pytest
import torch

from bench import Row, Timed
from bench.__main__ import all_rows, main, select, write
from bench._keras import keras_peer
from bench._machine import describe
from bench._opencv import load_opencv
from bench._page import page
from bench._runner import alternate, pinned_threads, run_row
from bench.growth import line


@pytest.fixture
def result():
    """Result of a row whose peer takes exactly four times as long as ours."""
    calls = {"ours": lambda: Timed(0.001), "slow": lambda: Timed(0.004), "gone": "not installed"}
    row = Row(
        name="demo",
        work="wait",
        make=lambda quick: calls,
        goals={"slow": 3, "gone": 2},
        limits={"ours": 0.0005},
        facts=lambda seconds: {"sum": sum(seconds.values())},
    )
    return run_row(row, quick=True) | describe()


def test_speedup_is_the_peers_time_over_ours(result):
    assert result["speedup"] == {
        "slow": {"median": 4.0, "low": 4.0, "high": 4.0, "goal": 3, "met": True}
    }


def test_a_missed_limit_is_said(result):
    assert result["limits"] == {"ours": {"limit": 0.0005, "met": False}}


def test_an_absent_peer_is_recorded_with_its_reason(result):
    assert result["absent"] == {"gone": "not installed"}


def test_facts_see_the_medians(result):
    assert result["facts"] == {"sum": pytest.approx(0.005)}


def test_a_result_says_where_it_comes_from(result):
    assert result["machine"]["processor"]
    assert result["versions"]["torch"] in torch.__version__


def test_variants_of_ours_are_not_peers():
    calls = {"ours": lambda: Timed(1), "ours, bfloat16": lambda: Timed(2)}
    assert run_row(Row("demo", "wait", lambda quick: calls))["speedup"] == {}


def test_contenders_take_turns_and_change_sides():
    turns = []
    calls = {"ours": lambda: turns.append("o") or Timed(1), "peer": lambda: turns.append("p")}
    alternate({name: slowly(call) for name, call in calls.items()}, repeats=4)
    assert "".join(turns)[4:] == "poop" * 2


def slowly(call):
    """Make a call last one whole sample, so that it is not repeated."""
    return lambda: [call(), time.sleep(0.02)]


def test_threads_are_pinned_and_put_back():
    torch.set_num_threads(2)
    try:
        with pinned_threads(1):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


def test_rows_are_chosen_by_their_name_or_their_modules():
    rows = {"hog": [Row("hog-28", "", None), Row("hog-128", "", None)], "mlp": [Row("fit", "", 0)]}
    assert [row.name for row in select(rows, ["hog-128", "mlp"])] == ["hog-128", "fit"]
    assert len(select(rows, [])) == 3
    with pytest.raises(SystemExit, match="called cnn.*: fit, hog"):
        select(rows, ["cnn"])


def test_row_names_are_unique_and_goals_name_no_variant_of_ours():
    rows = [row for group in all_rows().values() for row in group]
    assert len({row.name for row in rows}) == len(rows) > 0
    assert not [row.name for row in rows if any(name.startswith("ours") for name in row.goals)]


def test_the_command_line_writes_one_sorted_file_per_row(tmp_path, capsys, monkeypatch):
    row = Row("demo", "wait", lambda quick: {"ours": lambda: Timed(1), "peer": lambda: Timed(2)})
    monkeypatch.setattr("bench.__main__.all_rows", lambda: {"module": [row]})
    main(["module", "--quick", "--out", str(tmp_path), "--label", "here"])
    text = (tmp_path / "demo.here.json").read_text("utf-8")
    assert json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n" == text
    assert "x2 (2 to 2)" in capsys.readouterr().out


def test_the_page_shows_ratio_goal_and_reason(result, tmp_path):
    write(result, tmp_path)
    text = page(tmp_path)
    assert "| slow | 4 ms | 4x (4 to 4) | 3x | met |" in text
    assert "| ours | 1 ms |  | at most 500 us | **missed** |" in text
    assert "| gone | not run: not installed | | | |" in text


def test_the_page_says_why_a_goal_was_missed_and_is_silent_where_it_was_met(result, tmp_path):
    write(result, tmp_path)
    missed = page(tmp_path, reasons={"demo": "waiting takes time"})
    assert "1 of 2 goals are met." in missed
    assert "| [demo](#demo) | ours | at most 500 us | 1 ms | **missed** |" in missed
    assert "**Missed:** waiting takes time" in missed
    write(result | {"limits": {}}, tmp_path)
    assert "waiting" not in page(tmp_path, reasons={"demo": "waiting takes time"})


def test_the_same_row_of_two_machines_has_two_headings(result, tmp_path):
    write(result, tmp_path)
    write(result, tmp_path, label="h200")
    text = page(tmp_path)
    assert "## demo\n" in text
    assert "## demo-h200\n" in text
    assert "| [demo-h200](#demo-h200) | slow |" in text


def test_a_result_without_times_is_shown_with_its_facts_and_its_script(result, tmp_path):
    kept = {name: result[name] for name in ("machine", "versions", "date", "revision")}
    write({"name": "two-seeds", "facts": {"dice": 0.94}} | kept, tmp_path)
    text = page(tmp_path)
    assert "- dice: 0.94" in text
    assert "`python -m bench.two_seeds`" in text


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_its_rows_say_so():
    rows = all_rows()["gpu"]
    results = [run_row(row, quick=True) for row in rows]
    absent = {row["name"]: row["absent"] for row in results}
    assert absent == dict.fromkeys(absent, {"ours": "torch sees no CUDA GPU"})


def test_a_peer_that_cannot_be_installed_is_its_reason(tmp_path, monkeypatch):
    monkeypatch.setattr("bench._keras.READY", tmp_path / "ready")
    monkeypatch.setattr("bench._opencv.FOLDER", tmp_path / "opencv")
    failed = subprocess.CompletedProcess([], returncode=1)
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: failed)
    assert keras_peer("mlp_fit", quick=False, rows=1, epochs=1) == (
        "pip found no keras and tensorflow-cpu: no network?"
    )
    assert load_opencv(quick=False) == "pip found no opencv-python-headless<5: no network?"


def test_a_quick_run_installs_no_peer(tmp_path, monkeypatch):
    monkeypatch.setattr("bench._keras.READY", tmp_path / "ready")
    monkeypatch.setattr("bench._opencv.FOLDER", tmp_path / "opencv")
    monkeypatch.setattr(subprocess, "run", None)
    assert keras_peer("mlp_fit", quick=True, rows=1, epochs=1) == "a quick run installs no Keras"
    assert load_opencv(quick=True) == "a quick run installs no OpenCV"


def test_growth_tells_a_straight_line_from_a_bent_one():
    straight = line((1, 2, 4), {"ours, 1": 3.0, "ours, 2": 5.0, "ours, 4": 9.0})
    assert straight["met"]
    assert straight["seconds for one more"] == "2"
    assert not line((1, 2, 4), {"ours, 1": 1.0, "ours, 2": 4.0, "ours, 4": 16.0})["met"]


def test_a_page_without_results_says_so(tmp_path):
    assert "No results are recorded yet" in page(tmp_path)

"""The benchmark runner takes turns, judges goals, and writes what it saw."""

import json
import subprocess
import time

import numpy as np
import pytest
import torch
from skimage.feature import hog
from torchvision import models

from bench import Measured, Row
from bench import _machine as machine
from bench.__main__ import main, select, write
from bench._gpu_all import SECONDS, plan, run
from bench._hog_loop import loop, table
from bench._keras import keras_peer
from bench._machine import describe, doubts
from bench._page import RESULTS, page, shown
from bench._peers import load_peer
from bench._runner import all_rows, alternate, pinned_threads, run_row
from bench._torch_loop import Loop
from bench.growth import COSTS, exponent, exponent_of, straight_line
from bench.transfer import split

QUIET = {"processor": "demo", "cores": 2, "gpu": None, "system": "", "load": 1.2}


@pytest.fixture
def result():
    """Result of a row whose peer takes exactly four times as long as ours."""
    calls = {
        "ours": lambda: Measured(0.001),
        "slow": lambda: Measured(0.004),
        "gone": "not installed",
    }
    row = Row(
        name="demo",
        work="wait",
        make=lambda quick: calls,
        goals={"slow": 3, "gone": 2},
        limits={"ours": 0.0005},
        facts=lambda seconds: {"sum": sum(seconds.values())},
    )
    return run_row(row, quick=True) | describe() | {"machine": QUIET, "revision": "0e75d02"}


def test_speedup_is_the_peers_time_over_ours(result):
    assert result["ratios"] == {
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
    calls = {"ours": lambda: Measured(1), "ours, bfloat16": lambda: Measured(2)}
    assert run_row(Row("demo", "wait", lambda quick: calls))["ratios"] == {}


def test_contenders_take_turns_and_change_sides():
    turns = []
    calls = {"ours": lambda: turns.append("o") or Measured(1), "peer": lambda: turns.append("p")}
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
    row = Row(
        "demo", "wait", lambda quick: {"ours": lambda: Measured(1), "peer": lambda: Measured(2)}
    )
    monkeypatch.setattr("bench.__main__.all_rows", lambda: {"module": [row]})
    main(["module", "--quick", "--out", str(tmp_path), "--label", "here"])
    text = (tmp_path / "demo.here.json").read_text("utf-8")
    assert json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n" == text
    assert "x2 (2 to 2)" in capsys.readouterr().out


def test_the_page_shows_ratio_goal_and_reason(result, tmp_path):
    write(result, tmp_path)
    text = page(tmp_path, {})
    assert "| slow | 4 ms | 4x (4 to 4) | 3x | met |" in text
    assert "| ours | 1 ms |  | at most 500 us | **missed** |" in text
    assert "| gone | not run: not installed | | | |" in text


def test_the_page_says_why_a_goal_was_missed_and_is_silent_where_it_was_met(result, tmp_path):
    write(result, tmp_path)
    rows = {"demo": Row("demo", "wait", None, limits={"ours": 0.0005}, why="waiting takes time")}
    rows["demo"].goals = {"slow": 3}
    missed = page(tmp_path, rows)
    assert "1 of 2 goals are met." in missed
    assert "| [demo](#demo) | ours | at most 500 us | 1 ms | **missed** |" in missed
    assert "**Missed:** waiting takes time" in missed
    rows["demo"].limits = {}
    assert "waiting" not in page(tmp_path, rows)


def test_the_same_row_of_two_machines_has_two_headings(result, tmp_path):
    write(result, tmp_path)
    write(result, tmp_path, label="h200")
    text = page(tmp_path, {})
    assert "### demo\n" in text
    assert "### demo-h200\n" in text
    assert "| [demo-h200](#demo-h200) | slow |" in text


def test_a_result_without_times_is_shown_with_its_facts_and_its_script(result, tmp_path):
    kept = {name: result[name] for name in ("machine", "versions", "date", "revision")}
    write({"name": "two-seeds", "facts": {"dice": 0.94}} | kept, tmp_path)
    text = page(tmp_path, {})
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
    monkeypatch.setattr("bench._peers.PEERS", tmp_path)
    failed = subprocess.CompletedProcess([], returncode=1)
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: failed)
    assert keras_peer("mlp_fit", quick=False, rows=1, epochs=1) == (
        "pip found no keras and tensorflow-cpu: no network?"
    )
    assert load_peer("cv2", quick=False) == "pip found no opencv-python-headless<5: no network?"


def test_a_quick_run_installs_no_peer(tmp_path, monkeypatch):
    monkeypatch.setattr("bench._keras.READY", tmp_path / "ready")
    monkeypatch.setattr("bench._peers.PEERS", tmp_path)
    monkeypatch.setattr(subprocess, "run", None)
    assert keras_peer("mlp_fit", quick=True, rows=1, epochs=1) == "a quick run installs no Keras"
    assert load_peer("numba", quick=True) == "a quick run installs no numba"


# What may be quoted.


@pytest.mark.parametrize(
    ("load", "revision", "expected"),
    [
        (2.0, "0e75d02", []),
        (2.1, "0e75d02", ["load 2.1 on 2 cores"]),
        (None, "0e75d02+changes", ["sources that are no commit of main (0e75d02+changes)"]),
        (1.0, None, ["sources that are no commit of main (None)"]),
    ],
)
def test_a_busy_machine_and_changed_sources_are_doubts(load, revision, expected):
    assert doubts({"machine": QUIET | {"load": load}, "revision": revision}) == expected


def test_processes_of_the_row_itself_are_no_other_load():
    given = {"machine": QUIET | {"load": 2.9}, "revision": "0e75d02"}
    assert doubts(given | {"processes": 3}) == []
    assert doubts(given | {"processes": 1}) == ["load 2.9 on 2 cores"]


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with one commit on main, which `_machine` takes for ours."""

    def git(*words):
        names = ("-c", "user.name=a", "-c", "user.email=a@b.c")
        subprocess.run(["git", *names, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-b", "main")
    for folder in ("skmedimg", "bench/results"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "skmedimg" / "a.py").write_text("1")
    git("add", ".")
    git("commit", "-m", "first")
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    return tmp_path, git


def test_a_revision_says_whether_others_can_check_it_out(repository):
    folder, git = repository
    commit = machine.revision()
    assert len(commit) == 10
    (folder / "bench" / "results" / "mlp.json").write_text("{}")
    assert machine.revision() == commit
    (folder / "skmedimg" / "a.py").write_text("2")
    assert machine.revision() == f"{commit}+changes"
    git("switch", "-c", "other")
    git("commit", "-a", "-m", "second")
    assert machine.revision().endswith("+unmerged")


@pytest.fixture
def busy(monkeypatch):
    row = Row("demo", "wait", lambda quick: {"ours": lambda: Measured(1)})
    monkeypatch.setattr("bench.__main__.all_rows", lambda: {"module": [row]})
    monkeypatch.setattr("bench.__main__.wait_for_quiet", lambda: ["load 9 on 2 cores"])
    place = describe() | {"machine": QUIET | {"load": 9}, "revision": "0e75d02"}
    monkeypatch.setattr("bench.__main__.describe", lambda: place)


def test_results_of_a_busy_machine_are_refused(busy, tmp_path, capsys):
    with pytest.raises(SystemExit, match="--anyway writes.*\n.*demo: load 9 on 2 cores"):
        main(["--out", str(tmp_path)])
    assert not list(tmp_path.iterdir())


def test_they_are_written_where_that_is_asked_for_and_set_apart_on_the_page(busy, tmp_path):
    main(["--out", str(tmp_path), "--anyway"])
    tables, apart = page(tmp_path, {}).split("## Not to be quoted")
    assert "### demo" not in tables
    assert "**Not to be quoted:** load 9 on 2 cores." in apart


def test_a_load_that_fades_is_waited_for(monkeypatch):
    loads = iter([5.0, 3.0, 1.0])
    monkeypatch.setattr(machine, "machine", lambda: QUIET | {"load": next(loads)})
    monkeypatch.setattr(machine, "revision", lambda: "0e75d02")
    assert machine.wait_for_quiet(step=0) == []
    loads = iter([5.0, 5.0])
    assert machine.wait_for_quiet(seconds=-1) == ["load 5.0 on 2 cores"]


def test_each_machine_has_tables_of_its_own(result, tmp_path):
    write(result, tmp_path)
    write(result | {"machine": QUIET | {"gpu": "H200"}}, tmp_path, label="gpu")
    parts = page(tmp_path, {}).split("## On ")[1:]
    assert [part.split("\n")[0] for part in parts] == ["demo, 2 cores", "demo, 2 cores, H200"]
    assert ["demo-gpu" in part.split("## Where")[0] for part in parts] == [False, True]


def test_a_row_that_was_changed_is_to_be_measured_again(result, tmp_path):
    write(result, tmp_path)
    text = page(tmp_path, {"demo": Row("demo", "sleep", None), "other": Row("other", "", None)})
    assert "**Not to be quoted:** the row has been changed since." in text
    assert "## Not measured yet\n\n`demo`, `other`" in text


def test_committed_results_come_from_commits_of_the_history():
    if machine._git("rev-parse", "--is-shallow-repository") != "false":
        pytest.skip("the history is not here")
    found = {path.name: json.loads(path.read_text("utf-8")) for path in RESULTS.glob("*.json")}
    commits = {name: result["revision"].partition("+")[0] for name, result in found.items()}
    known = set(machine._git("rev-list", "--abbrev-commit", "--abbrev=10", "HEAD").split())
    assert {name: commit for name, commit in commits.items() if commit not in known} == {}


# Kinds of rows.


def test_memory_is_measured_once_per_sample_and_shown_in_its_unit(tmp_path):
    calls = []
    row = Row(
        "memory",
        "store",
        lambda quick: {"ours": lambda: calls.append(1) or Measured(812.4)},
        limits={"ours": 1000},
        repeats=1,
        unit="MiB",
    )
    result = run_row(row) | describe() | {"machine": QUIET, "revision": "0e75d02"}
    assert len(calls) == 1
    assert result["values"]["ours"] == {"median": 812.4, "low": 812.4, "high": 812.4}
    write(result, tmp_path)
    text = page(tmp_path, {"memory": row})
    assert "| | memory | ours takes less by |" in text
    assert "| ours | 812 MiB |  | at most 1,000 MiB | met |" in text
    assert shown(0.5, "MiB") == "0.5 MiB"


def test_growth_is_the_exponent_of_the_cost(monkeypatch):
    assert exponent([10, 20, 40], [5, 10, 20]) == pytest.approx(1)
    assert exponent([10, 20, 40], [5, 20, 80]) == pytest.approx(2)
    assert exponent([10, 20, 40], [105, 110, 120]) < 0.2  # most is what it takes at none
    seconds = iter([0, 7, 0, 3, 0, 5, 0, 9])
    monkeypatch.setattr(time, "process_time", lambda: next(seconds))
    measured = exponent_of(dict.fromkeys((1, 2, 4), lambda: None))()
    assert measured == pytest.approx(exponent([1, 2, 4], [3, 5, 9]))
    assert straight_line()["met"]
    assert straight_line()["seconds for one more"] == "2"
    COSTS.update({1: [1.0], 2: [4.0], 4: [16.0]})
    assert not straight_line()["met"]
    COSTS.clear()


# Peers.


@pytest.fixture
def own_generator():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.mark.usefixtures("own_generator")
def test_the_loop_by_hand_sees_every_row_in_every_epoch_and_learns():
    X = torch.eye(10)
    y = torch.arange(10) % 2
    seen = []

    def loss_of(outputs, targets):
        seen.append(len(targets))
        return torch.nn.functional.cross_entropy(outputs, targets)

    untrained = torch.nn.Linear(10, 2)
    before = torch.nn.functional.cross_entropy(untrained(X), y)
    trained = Loop(lambda: untrained, lambda: (X, y), loss_of, 4, epochs=50)()
    assert seen == [4, 4, 2] * 50
    assert torch.nn.functional.cross_entropy(trained(X), y) < 0.95 * before


@pytest.mark.usefixtures("own_generator")
def test_a_compiler_that_is_missing_is_the_reason(monkeypatch):
    def network():
        return torch.nn.Linear(2, 2)

    def load():
        return torch.zeros(4, 2), torch.zeros(4, dtype=torch.long)

    loop = Loop(network, load, torch.nn.CrossEntropyLoss(), 2)
    assert loop.compiled(quick=True) == "a quick run compiles nothing"
    monkeypatch.setattr(torch, "compile", lambda module: 1 / 0)
    assert loop.compiled(quick=False) == "torch.compile failed: division by zero"


@pytest.mark.usefixtures("own_generator")
@pytest.mark.parametrize(("cut", "expected"), [(False, 2), (True, 8)])
def test_what_is_frozen_and_what_is_trained_make_the_whole_network(cut, expected):
    network = models.mobilenet_v2(weights=None, width_mult=0.25)
    network.classifier = torch.nn.Linear(1280, 2)
    X = torch.rand(2, 3, 32, 32)
    whole = network.eval()(X)
    frozen, trained = split(network, "mobilenet_v2", cut)
    np.testing.assert_allclose(trained.eval()(frozen(X)).detach(), whole.detach(), rtol=1e-4)
    assert sum(parameter.requires_grad for parameter in trained.parameters()) == expected


def test_the_loop_that_numba_compiles_is_scikit_images_hog():
    images = np.random.default_rng(0).integers(0, 256, (2, 17, 20), dtype=np.uint8)
    found = loop(images, *table(9), 9, 4, 5, 2, 2)
    options = {"orientations": 9, "pixels_per_cell": (4, 5), "cells_per_block": (2, 2)}
    np.testing.assert_allclose(found, [hog(image, **options) for image in images], atol=1e-6)


# The plan of a machine with a GPU.


def test_the_plan_fits_into_eight_minutes_and_its_rows_exist(tmp_path):
    steps = plan(tmp_path, "h200")
    rows = {row.name for group in all_rows().values() for row in group}
    assert sum(step.seconds for step in steps) <= SECONDS < 480
    assert {step.name for step in steps} - {"tests"} <= rows
    assert {step.name for step in steps} > {"gpu-mlp", "gpu-cnn-bfloat16", "gpu-unet", "gpu-hog"}


def test_the_plan_goes_on_where_it_stopped_and_begins_nothing_too_late(tmp_path):
    now, ran = [0], []

    def execute(command, timeout, **options):
        ran.append(command[3])
        if "gpu-unet" in command:
            now[0] += timeout
            raise subprocess.TimeoutExpired(command, timeout)
        now[0] += timeout / 2
        return subprocess.CompletedProcess(command, "gpu-mlp" in command, "text", "")

    steps = plan(tmp_path, "h200")
    steps[1].file.write_text("{}")
    said = run(steps, SECONDS, lambda: now[0], execute)
    assert said["gpu-parity"] == "is there"
    assert said["gpu-unet"] == "stopped after 45 s in 45 s"
    assert said["gpu-mlp"] == "failed in 20 s"
    assert (tmp_path / "gpu-mlp.h200.failed").read_text() == "text"
    assert (tmp_path / "gpu-tests.h200.txt").read_text() == "text"
    assert len(ran) == len(steps) - 1
    assert "left out: 30 s are left" in run(steps, 30, lambda: 0, execute)["gpu-cnn-float32"]


def test_a_page_without_results_says_so(tmp_path):
    assert "No results are recorded yet" in page(tmp_path, {})

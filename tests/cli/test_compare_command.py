"""The command compare: models by name, failures, saved models, and how to get its numbers again."""

import re
import shlex

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression

import skmedimg
from skmedimg import ImageLoader, ThresholdAt
from skmedimg.cli import main
from skmedimg.datasets import make_lesions
from skmedimg.evaluation import Comparison
from skmedimg.networks import build_backbone
from skmedimg.saving import load, read_card

DONE, FAILED, DATA, INTERRUPTED = 0, 1, 3, 130
pytestmark = pytest.mark.filterwarnings("ignore")  # what few images warn of is not the point here


@pytest.fixture
def scans(tmp_path):
    """Thirty-six scans of eighteen patients in train/ and test/."""
    data = make_lesions(36, size=32, patients=18, noise=0.05, random_state=0)
    for row, image in enumerate(data.images):
        part = "test" if data.groups[row] % 3 == 0 else "train"
        label = ("healthy", "mass")[data.target[row]]
        path = tmp_path / "scans" / part / label / f"p{data.groups[row]:02d} {row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return tmp_path / "scans"


@pytest.fixture(autouse=True)
def reports(monkeypatch):
    """What reports are written from; drawing them takes longer than all fits of these tests."""
    written = []

    def write_report(comparison, path, **how):
        written.append(how | {"call": comparison.call})

    monkeypatch.setattr("skmedimg.evaluation.report._page.write_report", write_report)
    monkeypatch.setattr("skmedimg.cli._compare_command.audit_data", lambda *given, **how: False)
    return written


@pytest.fixture
def compared(monkeypatch):
    """The models that a command hands to compare, which then stops."""
    seen = []

    def compare(models, X, y, **options):
        seen.append(models)
        raise KeyboardInterrupt

    monkeypatch.setattr(skmedimg.evaluation, "compare", compare)
    return seen


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def arguments_of(scans, *more):
    folder = scans.parent
    return [
        *("compare", scans, "--groups", r"p\d+", "--models", "hog-linear", "--size", 32),
        *("--positive", "mass", "--out", folder / "r.html", "--json", folder / "r.json", *more),
    ]


@pytest.mark.parametrize("more", [(), ("--cv", 2, "--repeats", 1, "--sensitivity", 0.9)])
def test_the_command_and_the_python_of_a_report_give_its_numbers_again(
    scans, capsys, reports, more
):
    code, out, err = run(capsys, *arguments_of(scans, *more))
    assert code == DONE, err
    warned = [line for line in out.splitlines() if line.startswith("Warning: ")]
    assert len(warned) == len(set(warned)) > 0
    found = Comparison.from_json(scans.parent / "r.json")
    [how] = reports
    again = again_from(how)
    assert again.digest == found.digest
    for metric in found.metrics:
        for name in found.names:
            np.testing.assert_array_equal(
                again.values(name, metric.name), found.values(name, metric.name)
            )

    if more:  # the one command is enough
        return
    (scans.parent / "r.json").unlink()
    program, *typed = shlex.split(how["command"])
    assert program == "skmedimg"
    assert run(capsys, *typed)[0] == DONE
    again = Comparison.from_json(scans.parent / "r.json")
    assert again.to_frame().equals(found.to_frame())


@pytest.fixture
def table(scans):
    """The scans as a table with three hospitals, and patients with sex and age."""
    rows = ["file,finding,person,hospital,sex,age"]
    for path in sorted(scans.rglob("*.png")):
        person = int(path.name[1:3])
        facts = f"{'ABC'[person % 3]},{'fm'[person // 3 % 2]},{40 + person}"
        rows.append(f"{path.relative_to(scans)},{path.parent.name},{person},{facts}")
    (scans / "images.csv").write_text("\n".join(rows))
    return scans / "images.csv"


def again_from(how):
    """Return the comparison that the lines of a report make."""
    names = {}
    exec(compile(how["loading"] + how["call"], "report", "exec"), names)
    return names["result"]


def test_a_table_has_sites_columns_and_other_hospitals(scans, table, capsys, reports):
    columns = ("--path-column", "file", "--label-column", "finding", "--groups", "person")
    code, _, err = run(
        capsys,
        "compare",
        table,
        *columns,
        "--site",
        "hospital",
        "--columns",
        "sex, age",
        "--external",
        f"Cairo={table}",
        "--models",
        "hog-linear",
        "--size",
        32,
        "--positive",
        "mass",
        "--out",
        scans.parent / "r.html",
        "--json",
        scans.parent / "r.json",
    )
    assert code == DONE, err
    found = Comparison.from_json(scans.parent / "r.json")
    assert [split.name for split in found.splits] == ["A", "B", "C"]
    assert list(found.columns) == ["sex", "age"]
    assert len(found.external["Cairo"].y) == 36
    again = again_from(reports[0])
    assert again.to_frame().equals(found.to_frame())
    assert again.drops().equals(found.drops())


def test_sites_are_found_in_paths_and_folders_are_other_hospitals(scans, capsys, reports):
    more = ("--site", r"(?P<site>p.[0-4]|p)", "--external", f"Cairo={scans / 'train'}")
    code, _, err = run(capsys, *arguments_of(scans, *more))
    assert code == DONE, err
    found = Comparison.from_json(scans.parent / "r.json")
    assert {"p", "p03", "p14"} <= {split.name for split in found.splits}
    assert len(found.external["Cairo"].y) == 24
    assert again_from(reports[0]).to_frame().equals(found.to_frame())


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--site", "(", "--groups", r"p\d+"), "is no regular expression"),
        (("--site", "clinic"), "finds no site in 36 of 36 paths, such as 'test/"),
        (("--site", "p", "--cv", 3), "leave --cv and --repeats out"),
        (("--columns", "sex"), "--columns is for tables"),
        (("--external", "cairo/"), "needs NAME=FOLDER"),
        (("--external", "Cairo=nowhere"), "--external Cairo: there is no 'nowhere'"),
    ],
)
def test_what_cannot_be_read_ends_before_the_first_fit(scans, capsys, compared, more, words):
    code, out, err = run(capsys, *arguments_of(scans, *more))
    assert (code, out, compared) == (DATA, "", [])
    assert words in err.splitlines()[-1]


def test_a_column_that_a_table_lacks_is_named_with_its_option(table, capsys, compared):
    code, _, err = run(capsys, "compare", table, "--models", "hog-linear")
    assert code == DATA
    assert "'path' is not a column" in err
    assert "Name it by --path-column." in err


def test_a_model_that_fails_does_not_take_the_others_with_it(scans, capsys, monkeypatch, reports):
    def fit(self, X, y, **params):
        raise RuntimeError("no convergence at all")

    monkeypatch.setattr(LogisticRegression, "fit", fit)
    more = ("--models", "hog-linear,hog-mlp", "--epochs", 2)
    code, out, err = run(capsys, *arguments_of(scans, *more))
    assert code == FAILED
    assert re.search(r"^hog-mlp +[01]\.\d", out, re.M)
    assert "hog-linear failed on 1 of 1 split: RuntimeError: no convergence at all" in out
    assert "error: hog-linear failed on 1 of 1 splits" in err
    assert len(reports) == 1
    # where nothing is left to report the reason is the error
    code, out, err = run(capsys, *arguments_of(scans))
    assert (code, out) == (FAILED, "")
    assert "every fit of every model failed, the first with RuntimeError: no conv" in err
    code, _, err = run(capsys, *arguments_of(scans, "--traceback"))
    assert "Traceback" in err


def test_an_interruption_reports_the_models_that_were_finished(scans, capsys, monkeypatch, reports):
    def fit(self, X, y, **params):
        raise KeyboardInterrupt

    monkeypatch.setattr(skmedimg.ShallowMLP, "fit", fit)
    more = ("--models", "hog-linear,hog-mlp", "--save", scans.parent / "best.skmed")
    code, out, err = run(capsys, *arguments_of(scans, *more))
    assert code == INTERRUPTED
    assert re.search(r"^hog-linear +[01]\.\d", out, re.M)
    assert "interrupted after 1 of 1 splits, before hog-mlp, majority class" in " ".join(
        out.split()
    )
    assert "interrupted; report of what was finished: " in err
    assert len(reports) == 1
    assert Comparison.from_json(scans.parent / "r.json").names == ("hog-linear",)
    assert not (scans.parent / "best.skmed").exists()
    # where no model was finished there is nothing to report
    monkeypatch.setattr(LogisticRegression, "fit", fit)
    code, out, err = run(capsys, *arguments_of(scans))
    assert (code, out) == (INTERRUPTED, "")
    assert err.endswith("skmedimg: interrupted\n")
    assert len(reports) == 1


def test_a_report_is_written_though_the_fit_for_its_explanations_fails(
    scans, capsys, monkeypatch, reports
):
    fits = []

    def fit(self, X, y, **params):
        fits.append(len(X))
        if len(fits) > 1:
            raise RuntimeError("the disk is full")
        return original(self, X, y, **params)

    original = LogisticRegression.fit
    monkeypatch.setattr(LogisticRegression, "fit", fit)
    code, _, err = run(capsys, *arguments_of(scans))
    assert code == FAILED
    assert "report without explanations" in err
    assert err.endswith("skmedimg: error: the disk is full\n")
    assert [how["models"] for how in reports] == [None]


def test_predict_takes_folders_and_says_which_files_were_trained_on(scans, capsys, monkeypatch):
    model = scans.parent / "m.skmed"
    code, _, err = run(capsys, *arguments_of(scans, "--save", model, "--save-on", "train"))
    assert code == DONE, err
    assert "fitted on the 24 training images of the first split; expect" in err
    card = read_card(model)
    assert card.data["rows"] == len(card.files) == 24
    assert "roc_auc on the test images" in card.metrics
    assert "no cross-validation" in card.notes
    assert card.files[0] not in str(card)  # the card is for people

    (scans / "notes.txt").write_text("not an image")
    code, out, err = run(capsys, "predict", model, scans / "test")
    assert (code, len(out.splitlines()), err) == (DONE, 13, "")
    read, transform = [], ImageLoader.transform
    monkeypatch.setattr(
        ImageLoader, "transform", lambda self, X: [read.extend(X), transform(self, X)][1]
    )
    monkeypatch.setattr("skmedimg.cli._predict_command._BATCH", 5)
    assert run(capsys, "predict", model, scans / "test") == (code, out, err)
    files = [line.split(",")[0] for line in out.splitlines()[1:]]
    assert read == 2 * files  # once for labels and probabilities, once by the guard
    shares = [f"{row[0]:.4f}" for row in load(model).predict_proba(files)]
    assert [line.split(",")[2] for line in out.splitlines()[1:]] == shares
    code, out, err = run(capsys, "predict", model, scans)
    assert (code, len(out.splitlines())) == (DONE, 37)
    assert "24 of these files were trained on" in err
    code, out, err = run(capsys, "predict", model, sorted((scans / "train").rglob("*.png"))[0])
    assert "1 of these files was trained on" in err
    damaged = scans / "test" / "half.png"
    damaged.write_bytes(b"\x89PNG\r\n\x1a\n half a file")
    code, out, err = run(capsys, "predict", model, scans / "test")
    assert (code, len(out.splitlines())) == (DATA, 13)
    assert f"not predicted: {str(damaged)!r}: cannot be decoded" in err
    assert err.endswith("error: 1 of 13 files cannot be used\n")
    code, out, err = run(capsys, "predict", model, damaged)
    assert (code, out) == (DATA, "")
    assert "none of 1 files can be used" in err
    (scans / "empty").mkdir()
    code, out, err = run(capsys, "predict", model, scans / "empty")
    assert code == DATA
    assert "holds no images" in err


def test_a_model_fitted_on_all_images_is_said_to_be(scans, capsys):
    code, _, err = run(capsys, *arguments_of(scans, "--save", scans.parent / "m.skmed"))
    assert code == DONE, err
    assert re.search(
        r"fitted on train AND test, 36 images; expect balanced accuracy [01]\.\d\d \[", err
    )
    card = read_card(scans.parent / "m.skmed")
    assert "cross-validated" not in "".join(card.metrics)
    assert "those of the test sets too, and not tested" in card.notes


def test_models_go_by_recipes_and_timm_and_have_weights_of_files(
    scans, capsys, monkeypatch, compared, tmp_path
):
    file = tmp_path / "squeezenet.pth"
    with torch.random.fork_rng():
        torch.save(build_backbone("squeezenet1_1").network.state_dict(), file)
    names = "digits/hog4-mlp,brain/scratch-cnn,squeezenet1_1"
    code, _, err = run(
        capsys, *arguments_of(scans, "--models", names, "--weights", file, "--epochs", 3)
    )
    assert code == INTERRUPTED, err
    [models] = compared
    assert list(models) == names.split(",")
    assert [step for step, _ in models["digits/hog4-mlp"].steps] == ["loader", "hog", "model"]
    assert models["brain/scratch-cnn"][-1].max_epochs == 3
    assert models["squeezenet1_1"].weights == str(file)

    both = ("--models", "squeezenet1_1,resnet18", "--sensitivity", 0.95)
    code, _, err = run(capsys, *arguments_of(scans, *both, "--weights", file))
    assert code == DATA
    assert f"Write --weights squeezenet1_1={file}" in err
    code, _, err = run(
        capsys,
        *arguments_of(
            scans, *both, "--weights", f"squeezenet1_1={file}", "--weights", "resnet18=none"
        ),
    )
    assert code == INTERRUPTED, err
    for model in compared[1].values():
        assert isinstance(model, ThresholdAt)
        assert (model.sensitivity, model.pos_label) == (0.95, "mass")
    assert compared[1]["resnet18"].estimator.weights is None


def test_weights_are_read_before_the_first_fit(scans, capsys, compared, tmp_path):
    file = tmp_path / "half.pth"
    file.write_bytes(b"half a file")
    for given, words in ((file, "half.pth"), ("nowhere.pth", "nowhere.pth")):
        more = ("--models", "hog-linear,squeezenet1_1", "--weights", given)
        code, _, err = run(capsys, *arguments_of(scans, *more))
        assert (code, compared) == (DATA, [])
        assert words in err
    code, _, err = run(capsys, *arguments_of(scans, "--weights", file))
    assert "none of the models has pretrained weights" in err


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("svm", ["hog-linear"]),
        ("hog+mlp", ["hog-mlp"]),
        ("VGG", ["vgg16"]),
        ("resnet", ["resnet18"]),
        ("scratch-cnn", ["cnn", "brain/scratch-cnn"]),
        ("zzzzz", []),
    ],
)
def test_a_wrong_name_is_answered_with_a_few_right_ones(capsys, typed, meant):
    code, _, err = run(capsys, "compare", "somewhere", "--models", typed)
    assert code == DATA
    found = re.search(r"Similar names: (.*?)\.", err)
    names = found[1].split(", ") if found else []
    assert set(meant) <= set(names)
    assert len(names) <= 3
    assert bool(names) == bool(meant)


def test_recipes_are_listed_and_shown(capsys):
    code, out, _ = run(capsys, "recipes")
    assert code == DONE
    assert re.search(r"^brain/scratch-cnn +\w", out, re.M)
    code, out, _ = run(capsys, "recipes", "digits/hog4-mlp")
    assert (code, "- Reported: " in out) == (DONE, True)
    code, _, err = run(capsys, "recipes", "digits/hog5")
    assert code == DATA
    assert "digits/hog4-mlp" in err


@pytest.mark.parametrize("share", ["0", "95", "high"])
def test_a_sensitivity_is_a_share(capsys, share):
    with pytest.raises(SystemExit):
        main(["compare", "somewhere", "--sensitivity", share])
    assert "needs a share above 0 and up to 1" in capsys.readouterr().err

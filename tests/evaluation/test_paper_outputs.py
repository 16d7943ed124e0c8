"""Tables, predictions, checklists and paragraphs for a paper say what the comparison says."""

import csv
import re
import tomllib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupKFold
from sklearn.svm import LinearSVC

from skmedimg import compare
from skmedimg.datasets import make_lesions
from skmedimg.datasets._loading_report import LoadReport
from skmedimg.evaluation import evaluate, journal_figures
from skmedimg.evaluation.checklists import _checklist_record
from skmedimg.evaluation.checklists._answers import _QUESTIONS
from tests.evaluation._estimators import FromColumn, MasksFromX

GOLDEN = Path(__file__).parent / "golden"
FOLDER = Path(_checklist_record.__file__).parent
LISTS = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in FOLDER.glob("*.toml")}


class Named(FromColumn):
    """FromColumn of classes with names."""

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(1)]


def study():
    """Return a comparison whose predictions are written in X and whose folds are given."""
    draws = np.random.default_rng(0)
    patient = np.repeat(np.arange(60), 2)
    y = np.array(["healthy", "ill"])[np.repeat(draws.permutation(60) % 2, 2)]
    ill = (y == "ill")[:, None]
    X = draws.normal(ill * [0.5, 0.1] + [0.25, 0.45], 0.25).clip(0.01, 0.99)
    columns = pd.DataFrame({"sex": np.where(patient % 3, "f", "m"), "age": 30.0 + patient})
    columns.loc[patient == 5, "age"] = np.nan
    report = LoadReport("chest")
    report.n_images, report.n_groups = 122, 60
    report.skipped = [("a.png", "no mask"), ("b.png", "damaged: cut off"), ("c.png", "no mask")]
    folds = list(GroupKFold(4).split(X, y, patient))
    result = compare(
        {"good": Named(0), "weak|model": Named(1)},
        X,
        y,
        groups=patient,
        columns=columns,
        load_report=report,
        cv=folds,
        pos_label="ill",
        random_state=0,
        verbose=0,
        audit=False,
    )
    files = np.array([f"{'=' * (row == 0)}{row}.png" for row in range(120)], dtype=object)
    return replace(result, files=files, versions={"python": "3", "skmedimg": "1"})


@pytest.fixture(scope="module")
def result():
    return study()


def test_the_table_of_a_paper_has_the_numbers_of_the_summary(result):
    table, summary = result.paper_table(["accuracy", "roc_auc"], digits=3), result.summary()
    assert table.columns.tolist() == ["Accuracy", "ROC AUC"]
    found = re.fullmatch(r"(\S+) \((\S+)-(\S+)\)", table.loc["good", "Accuracy"]).groups()
    expected = summary.loc["good", ["accuracy", "accuracy low", "accuracy high"]]
    np.testing.assert_allclose([float(each) for each in found], expected.tolist(), atol=5e-4)
    assert len(result.paper_table().columns) == 5


def test_tables_are_written_for_markdown_and_latex(result):
    markdown = result.to_markdown("accuracy").split("\n")
    assert markdown[:2] == ["| Model | Accuracy |", "| --- | ---: |"]
    assert any(line.startswith(r"| weak\|model |") for line in markdown)
    latex = result.to_latex(["accuracy"], caption="100 % of images", label="tab:a")
    assert r"\caption{100 \% of images}" in latex
    assert r"weak\textbar{}model & " in latex
    assert re.search(r"good & 0\.\d\d \(0\.\d\d--\d\.\d\d\) \\\\", latex)


def test_predictions_are_tabled_with_files_patients_and_columns(result):
    table = result.predictions_table()
    assert len(table) == 120
    assert table.columns.tolist()[:6] == ["repeat", "fold", "row", "file", "patient", "truth"]
    np.testing.assert_array_equal(table["good"], result.predictions("good"))
    np.testing.assert_allclose(
        table[[f"good p({label})" for label in result.classes]], result.probabilities("good")
    )
    assert table.age.isna().sum() == 2
    for fold, rows in table.groupby("fold").row:
        np.testing.assert_array_equal(rows, np.sort(result.splits[fold].test))


def test_cells_of_csv_files_are_no_formulas(result, tmp_path):
    result.to_csv(tmp_path / "scores.csv")
    result.to_csv(tmp_path / "predictions.csv", "predictions")
    rows = list(csv.reader((tmp_path / "scores.csv").read_text("utf-8").splitlines()))
    assert rows[0][0] == "Model"
    assert rows[1][1] == result.paper_table().iloc[0, 0]
    cells = list(csv.DictReader((tmp_path / "predictions.csv").read_text("utf-8").splitlines()))
    assert [row["file"] for row in cells[:2]] == ["'=0.png", "1.png"]
    assert float(cells[0]["good p(ill)"]) == result.predictions_table()["good p(ill)"][0]


def test_failed_fits_and_decision_values_have_their_cells():
    X = np.random.default_rng(0).normal(size=(40, 2))
    result = compare(
        LinearSVC(),
        X,
        (X[:, 0] > 0).astype(int),
        cv=2,
        repeats=1,
        random_state=0,
        verbose=0,
    )
    assert "LinearSVC score(1)" in result.predictions_table()
    folds = result.fold_results["LinearSVC"]
    failed = replace(folds[0], predictions=None, scores=dict.fromkeys(folds[0].scores, np.nan))
    partial = replace(result, fold_results=result.fold_results | {"LinearSVC": (failed, folds[1])})
    assert partial.predictions_table()["LinearSVC"].isna().sum() == 20


def test_segmenters_have_their_scores_by_image():
    truth = np.zeros((12, 8, 8), dtype=int)
    truth[:, 2:6, 2:6] = 1
    result = compare(
        {"copy": MasksFromX()},
        np.stack([truth, truth], 1),
        truth,
        cv=3,
        repeats=1,
        random_state=0,
        verbose=0,
        audit=False,
    )
    assert (result.predictions_table()["copy dice"] == 1).all()
    assert "The Dice of copy was 1.000" in result.results_text()
    assert "segmentation model" in result.methods_text()
    assert len(result.checklist().to_frame()) > 100


def test_the_flow_counts_what_was_left_out_and_why(result):
    flow = result.exclusions().set_index("step")
    assert flow.images.to_dict() == {
        "image files found": 125,
        "left out: no mask": -2,
        "left out: damaged": -1,
        "loaded": 122,
        "left out between loading and comparison": -2,
        "compared on": 120,
        "of these ill": 60,
        "of these healthy": 60,
    }
    assert flow.patients["compared on"] == 60


@pytest.mark.parametrize("name", ["checklists.md", "paragraphs.txt"])
def test_checklists_and_paragraphs_are_as_they_were(result, name):
    """`python -m tests.evaluation.test_paper_outputs` writes the files anew."""
    assert texts(result)[name] == (GOLDEN / name).read_text("utf-8")


def texts(result):
    paragraphs = f"{result.methods_text()}\n\n{result.results_text()}\n"
    return {
        "checklists.md": result.checklist().to_markdown("report.html"),
        "paragraphs.txt": paragraphs,
    }


@pytest.mark.parametrize(
    ("name", "count", "top"), [("claim", 44, 44), ("tripod_ai", 52, 27), ("stard_ai", None, 30)]
)
def test_the_lists_have_the_items_of_the_publications(name, count, top):
    numbers = [item["number"] for item in LISTS[name]["item"]]
    whole = {int(found[0]) for each in numbers if (found := re.match(r"\d+", each))}
    assert whole == set(range(1, top + 1))
    assert count in (None, len(numbers))
    assert LISTS[name]["doi"].startswith("10.")


def test_every_question_of_the_lists_has_an_answer_and_every_answer_a_question():
    items = [item for content in LISTS.values() for item in content["item"]]
    assert {item["answer"] for item in items if "answer" in item} == set(_QUESTIONS)
    assert all(("answer" in item) != ("write" in item) for item in items)


class Ids(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found, self.links = set(), set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.found |= {attrs["id"]} if attrs.get("id") else set()
        if attrs.get("href", "").startswith("#"):
            self.links.add(attrs["href"][1:])


def lesion_study():
    lesions = make_lesions(60, size=16, patients=30, random_state=0)
    chance = np.clip(lesions.images.mean((1, 2)) / 255 * 2, 0.01, 0.99)
    return compare(
        {"bright": FromMean()},
        lesions.images,
        lesions.target,
        groups=lesions.groups,
        cv=3,
        repeats=1,
        random_state=0,
        verbose=0,
        columns={"brightness": chance.round(1)},
    )


def site_study():
    """Return a comparison that leaves out sites, with an external set."""
    draws = np.random.default_rng(0)
    y = np.arange(90) % 2
    X = np.clip(draws.normal(0.4 + 0.2 * y, 0.2), 0.01, 0.99)[:, None]
    return compare(
        {"one": FromColumn()},
        X,
        y,
        site=np.repeat(["a", "b", "c"], 30),
        random_state=0,
        verbose=0,
        external={"Cairo": (X[:30], y[:30])},
        audit=False,
    )


class FromMean(Named):
    def predict_proba(self, X):
        mean = np.asarray(X).mean((1, 2)) / 255
        return np.column_stack([1 - mean, mean])


@pytest.mark.slow
@pytest.mark.parametrize("make", [study, lesion_study, site_study])
def test_every_answered_item_links_to_a_section_of_the_report(make, tmp_path):
    result = replace(make(), columns=None) if make is lesion_study else make()
    result.to_html(tmp_path / "report.html")
    page = Ids((tmp_path / "report.html").read_text("utf-8"))
    frame = result.checklist().to_frame()
    answered = frame[frame.status == "answered"]
    assert answered.anchor.notna().all()
    assert set(answered.anchor) <= page.found
    assert page.links <= page.found
    assert frame[frame.status != "answered"].anchor.isna().all()


def test_the_report_shows_data_and_patients_before_conclusions(result, tmp_path):
    result.to_html(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    places = [
        page.index(f'<section id="{name}">')
        for name in ("scores", "data", "patients", "subgroups", "conclusions", "models", "paper")
    ]
    assert places == sorted(places)
    assert "45 to &lt; 60" in page
    assert "2 (no mask)" in page


def test_items_change_with_what_is_given(result):
    def status(comparison, number):
        frame = comparison.checklist("CLAIM").to_frame().set_index("number")
        return frame.status[number]

    bare = replace(result, columns=None, load_report=None, groups=None)
    for number in ("20", "35", "36"):
        assert status(result, number) == "answered"
        assert status(bare, number) == "not met"
    assert status(result, "33") == "not met"
    assert "answered" in repr(result.checklist())
    assert "<details>" in result.checklist("CLAIM")._repr_html_()


def test_a_fitted_model_on_another_set_is_said_to_be_evaluated_externally():
    draws = np.random.default_rng(0)
    X, y = draws.random((60, 1)), np.arange(60) % 2
    found = evaluate(FromColumn().fit(X, y), X, y, pos_label=1, name="Cairo")
    item = found.checklist("CLAIM").to_frame().set_index("number").loc["33"]
    assert (item.status, item.anchor) == ("answered", "scores")
    assert "Cairo" in item.answer
    assert "Models were fitted beforehand" in found.methods_text()


def test_journal_figures_are_put_back():
    import matplotlib

    before = matplotlib.rcParams["font.size"]
    with journal_figures(120):
        assert matplotlib.rcParams["font.size"] == 7
    assert matplotlib.rcParams["font.size"] == before


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda r: r.checklist("CONSORT"), "'CONSORT' must be one of CLAIM"),
        (lambda r: r.paper_table(digits=0), "digits=0"),
        (lambda r: r.paper_table(["dise"]), "'dise'"),
        (lambda r: r.to_csv("x.csv", "masks"), "what='masks'"),
        (lambda r: journal_figures("wide").__enter__(), "width='wide'"),
    ],
)
def test_what_cannot_be_written_is_refused(result, call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call(result)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for file, text in texts(study()).items():
        (GOLDEN / file).write_text(text, "utf-8")

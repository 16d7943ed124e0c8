"""The report says what the comparison says, in one file that is safe and needs nothing else."""

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from optuna.distributions import FloatDistribution
from PIL import Image
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from skmedimg import HOG, ImageLoader
from skmedimg.datasets import make_lesions
from skmedimg.evaluation import Comparison, ConfusionDisplay, audit, compare
from skmedimg.search import OptunaSearch
from tests.evaluation._estimators import Brighter

EVIL = np.array(['<img src=x onerror="alert(1)">', "</svg><script>alert('$x$')</script> & co"])
# What clinicians ask for first, then the primary metric, which sorts.
FIRST_COLUMNS = ["sensitivity", "specificity", "roc_auc", "balanced_accuracy"]
VOID = {"meta", "img", "br", "hr"}


def flat(images):
    return np.asarray(images).reshape(len(images), -1) / 255


def models():
    flatten = FunctionTransformer(flat, check_inverse=False)
    return {
        "<b>logistic</b>": make_pipeline(flatten, LogisticRegression()),
        "network": make_pipeline(flatten, MLPClassifier((6,), max_iter=30, tol=1, random_state=0)),
    }


def page_of(result, **options):
    """Return the text of a report."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        result.to_html(path, **options)
        return path.read_text("utf-8")


@pytest.fixture(scope="module")
def lesions():
    return make_lesions(120, size=24, patients=40, noise=0.1, random_state=0)


@pytest.fixture(scope="module")
def result(lesions):
    return compare(
        models(), lesions.images, EVIL[lesions.target], pos_label=EVIL[1], groups=lesions.groups,
        cv=3, random_state=0, verbose=0, audit="full", repeats=1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(result, lesions):
    train = result.splits[0].train
    fitted = models()["<b>logistic</b>"].fit(lesions.images[train], EVIL[lesions.target[train]])
    return page_of(result, models={"<b>logistic</b>": fitted})


class Page(HTMLParser):
    """Reads a page and keeps its elements; complains where they are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.words = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, name, attributes):
        self.elements.append((name, dict(attributes)))
        if name not in VOID:
            self.open.append(name)

    def handle_startendtag(self, name, attributes):
        self.elements.append((name, dict(attributes)))

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, words):
        if not self.open or self.open[-1] != "style":
            self.words.append(words)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.mark.slow
def test_every_element_is_closed_and_every_id_is_unique(page):
    ids = [attributes["id"] for _, attributes in Page(page).elements if "id" in attributes]
    assert len(ids) == len(set(ids)) > 10
    links = {a["href"] for name, a in Page(page).elements if name in ("a", "use")}
    assert {link[1:] for link in links} <= set(ids)


def test_nothing_is_loaded_and_nothing_is_run(page):
    elements = Page(page).elements
    assert {name for name, _ in elements}.isdisjoint({"script", "link", "iframe", "object", "base"})
    for name, attributes in elements:
        assert not any(key.startswith("on") for key in attributes), name
        assert "style" not in attributes or "url(" not in attributes["style"].replace("url(#", "")
        sources = [attributes[key] for key in ("src", "href") if key in attributes]
        assert all(source.startswith(("data:image/", "#")) for source in sources), sources
    assert sum("src" in attributes for _, attributes in elements) > 10
    assert "default-src 'none'" in page
    assert re.findall(r"https?://[^\"' ]+", page) == []
    assert "@import" not in page
    assert re.findall(r"url\((?!#)", page) == []


def test_labels_and_names_from_the_data_are_text(page):
    names = [name for name, _ in Page(page).elements]
    assert names.count("img") == page.count('src="data:image/jpeg;base64,/9j/')
    assert "onerror=&#34;alert" in page
    assert "<b>logistic</b>" not in page
    words = Page(page).text
    for label in EVIL:
        assert " ".join(label.split()) in words


def test_the_report_says_what_the_comparison_says(page, result):
    words = Page(page).text
    best = result.summary().index[0]
    interval = result.interval(best)
    assert f"{best} scores best: balanced accuracy {interval.mean:.3f}" in words
    for claim in map(str, result.tests().conclusions):
        assert " ".join(claim.split()) in words
    for finding in (*result.audit.errors, *result.audit.warnings):
        assert finding.title in words
        assert finding.advice in words
    for name in result.names:
        for metric in ("accuracy", "roc_auc", "log_loss"):
            assert f"{result.interval(name, metric).mean:.3f}" in words
    assert str(result.random_state) in words
    assert result.digest in words
    for library, version in result.versions.items():
        assert f"{library} {version}" in words


def test_every_drawing_and_picture_has_words_and_every_plot_has_numbers(page):
    elements = Page(page).elements
    assert all(attributes.get("alt") for name, attributes in elements if name == "img")
    drawings = [attributes for name, attributes in elements if name == "svg"]
    assert len(drawings) >= 6
    assert all(attributes["aria-label"] and attributes["role"] == "img" for attributes in drawings)
    assert page.count("The numbers behind this plot") >= 5


def test_drawings_take_the_colors_of_the_page(page):
    drawings = "".join(re.findall(r"<svg.*?</svg>", page, flags=re.S))
    assert "var(--ink)" in drawings
    assert "#000000" not in drawings
    assert "#0a0b0c" not in drawings
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert 'name="viewport"' in page


def test_the_best_is_called_better_only_than_those_it_is_tested_to_beat(result):
    words = Page(page_of(result)).text
    answer = words[words.index("scores best") : words.index("images")]
    best = result.summary().index[0]
    shown = {
        record.second
        for record in result.tests().records
        if record.decisive and record.first == best and record.p_adjusted < 0.05
    }
    for name in set(result.names) - {best, result.baseline}:
        better = re.search(rf"It is better than [^.]*{re.escape(name)}", answer)
        assert bool(better) == (name in shown)


@pytest.mark.slow
def test_the_same_comparison_gives_the_same_report_and_a_stored_one_too(result, tmp_path):
    assert page_of(result) == page_of(result)
    result.to_json(tmp_path / "result.json")
    stored = Comparison.from_json(tmp_path / "result.json")
    words = Page(page_of(stored)).text
    assert "Mistakes" not in words  # there are no images to show
    assert " ".join(result.tests().conclusions[0].text.split()) in words


@pytest.mark.slow
def test_five_models_fit_into_five_megabytes(lesions):
    images = np.repeat(np.repeat(lesions.images, 10, axis=1), 10, axis=2)
    rng = np.random.default_rng(0)
    noisy = images // 2 + rng.integers(0, 128, images.shape, dtype=np.uint8)
    small = FunctionTransformer(lambda X: flat(np.asarray(X)[:, ::10, ::10]), check_inverse=False)
    five = {
        f"forest {n}": make_pipeline(small, RandomForestClassifier(n, random_state=0))
        for n in (1, 2, 3, 4, 5)
    }
    result = compare(
        five,
        noisy,
        lesions.target,
        cv=3,
        random_state=0,
        verbose=0,
        share=False,
        audit=True,
        repeats=1,
    )
    assert len(page_of(result).encode()) < 5e6


def test_many_classes_have_curves_and_confusions():
    data = make_lesions(120, size=16, n_classes=4, noise=0.1, random_state=0)
    result = compare(
        {"forest": RandomForestClassifier(20, random_state=0)}, flat(data.images), data.target,
        cv=3, random_state=0, verbose=0, repeats=1,
    )  # fmt: skip
    words = Page(page_of(result, X=data.images)).text
    assert words.count("ROC curves for") == 4
    assert "Evaluation of forest" in words
    mistakes = np.flatnonzero(result.predictions("forest") != result.truth())
    assert len(mistakes) > 0
    named = {int(row) for row in re.findall(r"predicted: \S+ \(\d+ %\) row (\d+)", words)}
    assert named & set(mistakes.tolist())
    assert f"of {len(mistakes)})" in words


def test_segmenters_are_reported_with_outlines(lesions):
    masks = (lesions.masks > 0).astype(int)
    result = compare(
        {"level": Brighter()},
        lesions.images,
        masks,
        groups=lesions.groups,
        cv=3,
        random_state=0,
        verbose=0,
        repeats=1,
    )
    words = Page(page_of(result)).text
    assert "The worst outlines" in words
    assert "Dice 0." in words
    [(row, patient), *_] = re.findall(r"row (\d+), patient (\S+), Dice", words)
    assert str(lesions.groups[int(row)]) == patient


@pytest.mark.slow
def test_a_search_is_drawn_and_its_best_score_is_not_taken_for_a_result(lesions):
    flatten = FunctionTransformer(flat, check_inverse=False)
    models = {
        "<i>": make_pipeline(flatten, LogisticRegression()),
        "bayes": make_pipeline(flatten, GaussianNB()),
    }
    spaces = {
        "<i>": {"logisticregression__C": FloatDistribution(1e-4, 1)},
        "bayes": {"gaussiannb__var_smoothing": FloatDistribution(1e-9, 1)},
    }
    search = OptunaSearch(models, spaces, n_trials=6, cv=2, random_state=0)
    grid = GridSearchCV(models["bayes"], {"gaussiannb__var_smoothing": [1e-9, 1e-3]}, cv=2)
    searches = {"study": search, "grid": grid}
    compared = compare(
        searches, lesions.images, lesions.target, cv=2, random_state=0, verbose=0, repeats=1
    )
    rows = compared.splits[0].train
    for model in searches.values():
        model.fit(lesions.images[rows], lesions.target[rows])
    text = page_of(compared, models=searches)
    page = Page(text)
    assert "On the first training set 6 candidates were tried" in page.text
    assert f"scored {search.best_score_:.3f} in the folds of the search" in page.text
    honest = compared.interval("study").mean
    assert f"finds balanced accuracy {honest:.3f}, from a search of its own" in page.text
    drawn = [each["aria-label"] for name, each in page.elements if name == "svg"]
    assert "Every trial and the best so far." in drawn
    assert any(label.startswith("The trials of <i>") for label in drawn)
    assert not re.search("#0a0b0c|#0d0e0f", text)
    with pytest.raises(ValueError, match=r"models names \['other'\], which were not compared"):
        page_of(compared, models={"other": grid})


@pytest.mark.slow
def test_a_segmenter_is_reported_with_its_layers(lesions):
    from skmedimg import UNetSegmenter

    model = UNetSegmenter((2, 4), max_epochs=1, random_state=0)
    images, masks = lesions.images[:12], lesions.masks[:12]
    compared = compare({"net": model}, images, masks, cv=2, random_state=0, verbose=0, repeats=1)
    rows = compared.splits[0].train
    text = page_of(compared, X=images, models={"net": model.fit(images[rows], masks[rows])})
    assert "What they consist of" in text
    assert "ConvTranspose2d" in text


def test_a_report_without_audit_or_images_says_so(lesions):
    result = compare(
        {"logistic": LogisticRegression()}, flat(lesions.images), lesions.target,
        cv=2, random_state=0, verbose=0, audit=False, baseline=False, repeats=1,
    )  # fmt: skip
    assert "The data were not audited" in Page(page_of(result)).text


def test_what_the_audit_found_is_said_once(lesions):
    rows = np.r_[:120, :3]
    always = {"always": DummyClassifier(strategy="constant", constant=1)}
    warned = compare(
        always, lesions.images[rows], lesions.target[rows], cv=3, random_state=0, verbose=0
    )
    [copies] = warned.audit.of(kind="identical")
    [of_audit] = [each.text for each in warned.warnings if each.source == "audit"]
    [of_model] = {each.text for each in warned.warnings if each.name == "always"}
    assert of_audit == copies.title
    page = page_of(warned)
    assert Page(page).text.count(copies.title) == 1
    assert of_model in Page(page).text
    assert page.count('alt="Duplicates: ') == 3


def test_errors_in_the_data_are_in_the_first_sentences(result, lesions):
    images = np.concatenate([lesions.images, lesions.images[:3]])
    found = audit(images, np.r_[lesions.target, 1 - lesions.target[:3]], probes=False)
    words = Page(page_of(dataclasses.replace(result, audit=found))).text
    assert "One finding about the data may make all of these scores wrong" in words


def test_the_file_is_written_where_it_was_asked_for(result, tmp_path):
    result.to_html(tmp_path / "report.html", title="Mine & yours")
    text = (tmp_path / "report.html").read_text("utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "<title>Mine &amp; yours</title>" in text


@pytest.mark.parametrize(
    "shown",
    [lambda result: result, lambda result: result.tests(), lambda result: result.audit],
    ids=["Comparison", "PairwiseTests", "Audit"],
)
def test_notebooks_get_html_in_which_all_names_are_text(result, shown):
    fragment = shown(result)._repr_html_()
    names = {name for name, _ in Page(fragment).elements}
    assert names.isdisjoint({"script", "img", "svg", "b"})
    words = Page(fragment).text
    if shown(result) is result.audit:
        assert " ".join(EVIL[0].split()) in words
        assert all(finding.title in words for finding in result.audit.findings)
    else:
        assert "<b>logistic</b>" in words


def as_in_tables(mean, low, high):
    """Return a score as tables show it: limits that are printed alike are left out."""
    low, high = f"{low:.3f}", f"{high:.3f}"
    return f"{mean:.3f}" if low == high else f"{mean:.3f} {low} to {high}"


def test_notebooks_show_the_numbers_of_the_summary_and_the_tests(result):
    words = Page(result._repr_html_()).text
    for name in result.names:
        found = [result.interval(name, metric) for metric in FIRST_COLUMNS]
        cells = [as_in_tables(each.mean, each.low, each.high) for each in found]
        assert " ".join([name, *cells]) in words
    tests = result.tests()
    words = Page(tests._repr_html_()).text
    for conclusion in tests.conclusions:
        assert " ".join(conclusion.text.split()) in words
    for record in tests.records:
        assert f"{record.difference:+.3f} {record.low:+.3f} to {record.high:+.3f}" in words


def test_one_number_is_the_same_in_summary_report_plot_and_print(result, page):
    summary = result.summary()
    report, printed = Page(page).text, repr(result)
    drawn = [text.get_text() for text in result.plot().ax_.texts]
    by_name = dict(zip([row.name for row in result.plot().rows], drawn, strict=True))
    [forest] = [a["aria-label"] for name, a in Page(page).elements
                if name == "svg" and a["aria-label"].startswith("Forest plot")]  # fmt: skip
    costs = report[report.index("Medians over the folds") :]
    for name in result.names:
        mean, low, high, seconds = summary.loc[
            name,
            ["balanced_accuracy", "balanced_accuracy low", "balanced_accuracy high", "fit_time"],
        ]
        row = summary.loc[name]
        limits = [
            [row[metric], row[f"{metric} low"], row[f"{metric} high"]] for metric in FIRST_COLUMNS
        ]
        assert " ".join([name, *(as_in_tables(*each) for each in limits)]) in report
        assert f"{name} {mean:.3f} ({low:.3f} to {high:.3f})" in forest
        assert f"{mean:.3f} [{low:.3f}, {high:.3f}]" in printed
        assert by_name[name] == f"{mean:.3f}"
        assert f"{name} {seconds:.2f}" in costs


def test_a_report_of_one_test_set_names_files_and_speaks_of_no_folds(tmp_path, monkeypatch):
    # the words around the drawings are the point here
    monkeypatch.setattr("skmedimg.evaluation.report._report_context.draw_svg", lambda *given: "")
    data = make_lesions(40, size=16, noise=0.3, random_state=0)
    files = [tmp_path / f"scan {row}.png" for row in range(40)]
    for file, image in zip(files, data.images, strict=True):
        Image.fromarray(image).save(file)
    labels = np.array(["healthy", "ill"])[data.target]
    rows = np.arange(40)
    models = {
        f"tree {depth}": make_pipeline(
            ImageLoader((16, 16)),
            HOG(pixels_per_cell=(4, 4)),
            DecisionTreeClassifier(max_depth=depth),
        )
        for depth in range(1, 5)
    }
    result = compare(
        models,
        files,
        labels,
        cv=[(rows[:24], rows[24:])],
        pos_label="ill",
        random_state=0,
        verbose=0,
        audit=False,
    )
    words = Page(page_of(result, X=files)).text
    assert re.search(r"true: \w+, predicted: \w+ \(\d+ %\) \S*scan \d+\.png", words)
    assert not re.search(r"row \d", words)
    for text in ("over the test folds", "over folds", "over all folds", "train/test splits"):
        assert text not in words
    assert "Row minus column" in words  # four models: a matrix instead of ten boxes
    assert words.count("Good") == 0
    conclusion = result.tests().conclusions[0]
    assert f"{conclusion.difference:+.3f}" in words
    assert f"{-conclusion.difference:+.3f}" in words


@pytest.mark.parametrize("share", [0.0, 0.3, 0.45, 0.48, 0.5, 0.52, 0.55, 0.7, 1.0])
def test_numbers_in_a_confusion_matrix_have_contrast(share):
    display = ConfusionDisplay(np.array([[1]]), ["a"])
    display.shares = lambda: np.array([[share]])
    display.plot()
    [ink], [picture] = display.ax_.texts, display.ax_.images
    levels = [luminance(to_rgb(each)) for each in (ink.get_color(), picture.cmap(share)[:3])]
    assert (max(levels) + 0.05) / (min(levels) + 0.05) >= 4.5  # WCAG 2, level AA


def luminance(color):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

"""Report: one HTML file that says who wins, how sure that is, and how to get it again."""

import os

import numpy as np

from skmedimg import __version__
from skmedimg._files import utf8, whole_file
from skmedimg.evaluation._render import number, render
from skmedimg.evaluation.auditing._duplicates_together import SOURCE
from skmedimg.evaluation.clinical._natural_frequencies import natural_frequencies
from skmedimg.evaluation.report._clinical_section import clinical_section
from skmedimg.evaluation.report._data_section import data_section
from skmedimg.evaluation.report._external_sections import external_section, sites_section
from skmedimg.evaluation.report._model_sections import (
    explanations_section,
    layers_section,
    models_section,
)
from skmedimg.evaluation.report._paper_section import paper_section
from skmedimg.evaluation.report._patient_sections import patients_section, subgroups_section
from skmedimg.evaluation.report._report_context import ReportContext
from skmedimg.evaluation.report._robustness_section import robustness_section
from skmedimg.evaluation.report._score_sections import (
    conclusions_section,
    costs_section,
    scores_section,
)
from skmedimg.evaluation.report._search_section import searches_section
from skmedimg.evaluation.report._settings_section import reading_section, settings_section
from skmedimg.evaluation.robustness._robustness import check_robustness

# Anchor, title and data of each section, in the order of the page. The template of a section is
# called like its anchor. A section without data is left out.
_SECTIONS = (
    ("scores", "Scores", scores_section),
    ("clinical", "What it means in the clinic", clinical_section),
    ("data", "The data", data_section),
    ("patients", "The patients", patients_section),
    ("subgroups", "Subgroups of patients", subgroups_section),
    ("conclusions", "What may be concluded", conclusions_section),
    ("sites", "Site by site", sites_section),
    ("external", "Other hospitals", external_section),
    ("robustness", "Robustness", robustness_section),
    ("models", "Model by model", models_section),
    ("explanations", "What they look at", explanations_section),
    ("layers", "What they consist of", layers_section),
    ("searches", "What was searched", searches_section),
    ("costs", "What it costs", costs_section),
    ("paper", "For the paper", paper_section),
    ("settings", "How to get this again", settings_section),
    ("reading", "How to read this report", reading_section),
)


def write_report(
    comparison, path, *, X, models, image_shape, title, command, loading, robustness=None
):
    """Write a comparison as one HTML file, without script or network; return its path."""
    unknown = sorted(set(models or {}) - set(comparison.names))
    if unknown:
        raise ValueError(
            f"models names {unknown}, which were not compared; there are {list(comparison.names)}."
        )
    check_robustness(robustness, comparison)
    # The audit keeps the images it looked at.
    if X is None and comparison.audit is not None and comparison.audit.images:
        X = comparison.audit.images[0]
    context = ReportContext(comparison, X, models or {}, image_shape, command, loading, robustness)
    page = report_page(context, title)
    path = os.fspath(path)
    with whole_file(path) as file:
        file.write(utf8(page))
    return path


def report_page(context, title=None):
    """Return the report as text."""
    found = []
    for anchor, heading, section in _SECTIONS:
        # Later sections link to those before them.
        context.shown[anchor] = section(context)
        found.append((anchor, heading, context.shown[anchor]))
    return render(
        "report.html",
        {
            "title": title or _title(context),
            "result": _result(context),
            "tiles": list(_tiles(context)),
            "task": context.comparison.task,
            "sections": [
                {"anchor": anchor, "title": heading, "data": data}
                for anchor, heading, data in found
                if data is not None
            ],
            "version": __version__,
        },
    )


def _title(context):
    """Return the title of a report that was given none."""
    what = "segmenter" if context.comparison.task == "segmentation" else "classifier"
    names = context.estimators
    set_name = getattr(context.comparison, "set_name", None)
    if set_name is not None:
        who = names[0] if len(names) == 1 else f"{len(names)} {what}s"
        return f"Evaluation of {who} on {set_name}"
    return f"Comparison of {len(names)} {what}s" if len(names) > 1 else f"Evaluation of {names[0]}"


def _result(context):
    """Return the best estimator, its score, and which others it is shown to be better than."""
    comparison, best = context.comparison, context.comparison.best
    beaten, undecided, beats_baseline = [], [], None
    for conclusion in context.tests.conclusions:
        if best not in conclusion.pair:
            continue
        [other] = [name for name in conclusion.pair if name != best]
        shown = conclusion.winner == best
        # The baseline is no model to choose: whether it is beaten is a sentence of its own.
        if other == comparison.baseline:
            beats_baseline = shown
        else:
            (beaten if shown else undecided).append(other)
    return {
        "best": best,
        "several": len(context.estimators) > 1,
        "metric": comparison.metric().title,
        "interval": comparison.interval(best),
        "meaning": _meaning(comparison),
        "beaten": beaten,
        "undecided": undecided,
        "beats_baseline": beats_baseline,
        # A leak counts before every score.
        "first": [each.text for each in comparison.warnings if each.source == SOURCE],
        "frequencies": natural_frequencies(comparison, best, noun="image"),
        "errors": 0 if comparison.audit is None else len(comparison.audit.errors),
    }


def _meaning(comparison):
    """Return in a sentence what the first score is, where a reader may not know it; else None."""
    name = comparison.metric().name
    n_classes = 2 if comparison.classes is None else len(comparison.classes)
    if name == "roc_auc" and n_classes > 2:  # an average of several, which a sentence cannot hold
        return None
    guess = number(1 / n_classes, 2)
    return {
        "balanced_accuracy": "Balanced accuracy is the share of images of each class that are "
        f"recognized, averaged over the classes; guessing gives {guess}.",
        "roc_auc": "ROC AUC is the probability that the model ranks an image of the positive class "
        "above another one; guessing gives 0.5.",
        "dice": "Dice is twice the area that both masks share, divided by the sum of their areas.",
    }.get(name)


def _tiles(context):
    """Yield the numbers under the title: (value, what it counts)."""
    comparison = context.comparison
    yield f"{len(comparison.y):,}", "images"
    if comparison.groups is not None:
        yield f"{len(np.unique(comparison.groups)):,}", "patients"
    if comparison.classes is not None:
        yield len(comparison.classes), "classes"
    yield len(context.estimators), "models"
    if len(comparison.splits[0].train):
        several = len(comparison.splits) > 1
        yield len(comparison.splits), f"train/test split{'s' if several else ''}"
    if comparison.audit is not None:
        audit = comparison.audit
        yield f"{len(audit.errors)} / {len(audit.warnings)}", "errors / warnings about the data"

"""How a comparison answers the items of checklists: one function per question."""

import re
from dataclasses import dataclass, replace

import numpy as np

from skmedimg.evaluation._text import counted

ANSWERED, WRITE, NOT_MET = "answered", "you write this", "not met"


@dataclass(frozen=True)
class Answer:
    """The answer to one item.

    Attributes
    ----------
    status : {"answered", "you write this", "not met"}
    text : str
        The answer, what is needed, or the line that would meet the item.
    anchor : str or None
        Section of the report that shows it.
    """

    status: str
    text: str
    anchor: str = None


def answer(facts, name):
    """Return the Answer of StudyFacts to the question of a name in a checklist file."""
    found = _QUESTIONS[name](facts)
    # A section may be missing, such as that of the models where all of them failed somewhere.
    return (
        found
        if found.anchor is None or facts.has(found.anchor)
        else replace(found, anchor="scores")
    )


def _settings(text):
    return lambda facts: Answer(ANSWERED, text, "settings")


def _partitions(facts):
    return Answer(ANSWERED, f"{facts.splitting.capitalize()}, {facts.samples}.", "data")


def _disjoint(facts):
    if facts.n_patients is None:
        return Answer(NOT_MET, "Name the patient of each image: `compare(groups=patients)`.")
    return Answer(
        ANSWERED,
        "All images of a patient are on the same side of each split; others are refused.",
        "data",
    )


def _files_left_out(facts):
    report = facts.comparison.load_report
    if report is None:
        return Answer(NOT_MET, "Give the loader's report: `compare(load_report=data.report)`.")
    text = f"{counted(report.skipped, 'image')} of the files could not be used; the flow says why."
    return Answer(ANSWERED, text, "paper")


def _flow(facts):
    found = _files_left_out(facts)
    return found if found.status == NOT_MET else Answer(ANSWERED, "A table of the flow.", "paper")


def _missing_data(facts):
    columns = facts.comparison.columns
    if columns is None:
        text = "Images are complete. Say how gaps of clinical data were handled, if there are any."
        return Answer(WRITE, text)
    gaps = ", ".join(f"{name} {columns[name].isna().sum()}" for name in columns)
    text = f"Gaps of patient columns: {gaps}. They are a row of their own and no model sees them."
    return Answer(ANSWERED, text, "patients")


def _sample_size(facts):
    undecided = [each for each in facts.tests.conclusions if not each.decided]
    text = "State the size that was planned; `result.how_many(0.05)` says how many patients find a "
    text += "difference of 0.05."
    if undecided:
        text += " Differences that this study would have found are with each conclusion."
    return Answer(WRITE, text)


def _selection(facts):
    text = f"{counted(facts.models, 'model')} with all settings; searches ran inside the training "
    return Answer(ANSWERED, f"{text}sets. All are shown, sorted by the primary metric.", "scores")


def _ensembling(facts):
    if facts.mentions(
        "FoldEnsemble", "VotingClassifier", "BaggingClassifier", "StackingClassifier"
    ):
        return Answer(ANSWERED, "The settings name the ensembles.", "settings")
    return Answer(WRITE, "No model is an ensemble of others: say so.")


def _metrics(facts):
    names = ", ".join(metric.title for metric in facts.comparison.metrics[1:])
    primary = facts.comparison.metric().title
    return Answer(ANSWERED, f"Primary: {primary}. Also: {names or 'none'}.", "scores")


def _statistics(facts):
    method = facts.comparison.interval(facts.comparison.best).method
    text = f"Intervals: {method}. Tests of pairs, adjusted together for all pairs."
    return Answer(ANSWERED, text, "conclusions")


def _robustness(facts):
    if facts.has("robustness"):
        return Answer(ANSWERED, "Scores on perturbed images.", "robustness")
    line = "`result.to_html(path, robustness=result.robustness())`"
    return Answer(NOT_MET, f"Score changed images: `compare(keep_models=True)`, then {line}.")


def _explanations(facts):
    if facts.has("explanations"):
        return Answer(ANSWERED, "Maps of images that no model trained on.", "explanations")
    return Answer(NOT_MET, "Give fitted models to the report: `result.to_html(path, models=...)`.")


def _internal(facts):
    return Answer(ANSWERED, f"{facts.splitting.capitalize()}; test images only.", "scores")


def _external(facts):
    if facts.set_name is not None:
        text = f"This report is of {facts.set_name}, on which no model was trained."
        return Answer(ANSWERED, text, "scores")
    if not facts.comparison.external:
        line = '`compare(..., external={"Cairo": (X2, y2, patients2)})`'
        return Answer(NOT_MET, f"Score images of another hospital: {line}.")
    text = f"External sets: {', '.join(facts.comparison.external)}."
    return Answer(ANSWERED, text, "external")


def _characteristics(facts):
    if facts.comparison.columns is None:
        line = '`load_image_table(columns=["age", "sex"])`, `compare(columns=data.columns)`'
        return Answer(NOT_MET, f"Give age, sex and what else is known: {line}.")
    return Answer(ANSWERED, "Table 1, over all patients and by class.", "patients")


def _subgroups(facts):
    if not facts.can_subgroup:
        return Answer(
            NOT_MET, 'Score subgroups: `compare(columns=...)`, `result.by("sex", "age")`.'
        )
    names = ", ".join(facts.can_subgroup)
    text = f"Scores of subgroups by {names}, with gaps to the rest and Holm's correction."
    return Answer(ANSWERED, text, "subgroups")


def _performance(facts):
    return Answer(ANSWERED, "All metrics with 95 % intervals.", "scores")


def _subgroup_performance(facts):
    found = _subgroups(facts)
    if found.status == NOT_MET:
        return Answer(
            NOT_MET, f"All metrics have intervals, but subgroups are missing. {found.text}"
        )
    return found


def _cross_tabulation(facts):
    if facts.comparison.task != "classification":
        return _performance(facts)
    text = "Counts of true against predicted classes, out of fold, and metrics with intervals."
    return Answer(ANSWERED, text, "models")


def _failures(facts):
    if facts.has("mistakes"):
        return Answer(ANSWERED, "The most confident mistakes, as images.", "models")
    return Answer(NOT_MET, "Give the images to the report: `result.to_html(path, X=X)`.")


def _limitations(facts):
    if not facts.comparison.warnings:
        return Answer(WRITE, "The comparison has no warnings; write the limits of the data.")
    text = f"The comparison has {counted(facts.comparison.warnings, 'warning')} to discuss."
    return Answer(WRITE, text)


def _availability(facts):
    text = "The call, the seed, versions and a fingerprint of the data are in the report."
    return Answer(ANSWERED, text, "settings")


def _data_quality(facts):
    audit = facts.comparison.audit
    if audit is None:
        return Answer(NOT_MET, "Check the images: `compare(audit=True)`.")
    errors, warnings = counted(audit.errors, "error"), counted(audit.warnings, "warning")
    text = f"An audit of duplicates, leakage and image facts found {errors} and {warnings}."
    return Answer(ANSWERED, text, "data")


def _clusters(facts):
    if facts.sites:
        return Answer(ANSWERED, f"Sites left out in turn: {', '.join(facts.sites)}.", "sites")
    return Answer(NOT_MET, "Leave out one hospital after the other: `compare(site=hospital)`.")


def _measures(facts):
    names = {metric.name for metric in facts.comparison.metrics}
    parts = ["discrimination" if names & {"roc_auc", "average_precision"} else "agreement"]
    parts += ["calibration"] if names & {"log_loss", "brier", "ece"} else []
    text = f"Measures of {' and '.join(parts)}, with plots."
    if facts.has("usefulness"):
        return Answer(ANSWERED, f"{text} Usefulness by decision curves.", "clinical")
    return Answer(ANSWERED, f"{text} Usefulness is not among them: say so.", "scores")


def _updating(facts):
    if facts.mentions("CalibratedClassifierCV"):
        return Answer(ANSWERED, "Probabilities were calibrated in the training sets.", "settings")
    return Answer(WRITE, "No model was updated after the evaluation: say so.")


def _imbalance(facts):
    weighted = re.search(r"class_weight='?balanced|class_weight=\{", facts.text_of_estimators)
    resampled = facts.mentions("SMOTE", "RandomOverSampler", "RandomUnderSampler")
    how = (
        "Class weights or resampling are in the settings."
        if weighted or resampled
        else ("No model weighs classes.")
    )
    labels = facts.comparison.classes
    if labels is None:
        return Answer(WRITE, f"{how} Say how rare the outlined class is.")
    shares = ", ".join(f"{label} {np.mean(facts.comparison.y == label):.0%}" for label in labels)
    return Answer(ANSWERED, f"Shares of the classes: {shares}. {how}", "data")


def _thresholds(facts):
    if facts.comparison.task != "classification":
        return Answer(WRITE, "Models give masks: say at which probability a pixel counts.")
    if facts.mentions("ThresholdAt", "TunedThresholdClassifierCV", "FixedThresholdClassifier"):
        text = "Thresholds were chosen in the training sets, by the rule in the settings."
        return Answer(ANSWERED, text, "settings")
    return Answer(
        ANSWERED, "The most probable class is predicted; no threshold was moved.", "reading"
    )


def _blinding(facts):
    text = "Models saw the images and nothing of the reference standard of test patients."
    return Answer(ANSWERED, text, "data")


def _events(facts):
    if facts.comparison.task != "classification":
        return Answer(ANSWERED, f"{facts.samples.capitalize()}.", "data")
    return Answer(ANSWERED, "Images and patients of each class, and sizes of the splits.", "data")


_QUESTIONS = {
    "availability": _availability,
    "blinding": _blinding,
    "characteristics": _characteristics,
    "clusters": _clusters,
    "cross_tabulation": _cross_tabulation,
    "data_quality": _data_quality,
    "disjoint": _disjoint,
    "ensembling": _ensembling,
    "events": _events,
    "explanations": _explanations,
    "external": _external,
    "failures": _failures,
    "files_left_out": _files_left_out,
    "flow": _flow,
    "imbalance": _imbalance,
    "initialization": _settings("Weight initialization and seeds are among the settings."),
    "internal": _internal,
    "limitations": _limitations,
    "measures": _measures,
    "metrics": _metrics,
    "missing_data": _missing_data,
    "model_description": _settings("Every model is written out with its settings."),
    "partitions": _partitions,
    "performance": _performance,
    "preprocessing": _settings("Every step of each pipeline is written out with its settings."),
    "robustness": _robustness,
    "sample_size": _sample_size,
    "selection": _selection,
    "software": _settings("Versions of Python and of all packages."),
    "statistics": _statistics,
    "subgroup_performance": _subgroup_performance,
    "subgroups": _subgroups,
    "thresholds": _thresholds,
    "training": _settings("Augmentation, optimizer and all other settings of each model."),
    "updating": _updating,
}

"""The positive class: which of two names is the finding, and who is told."""

import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score
from sklearn.naive_bayes import GaussianNB

from skmedimg import ThresholdAt, compare
from skmedimg.evaluation import specificity_at_sensitivity, specificity_at_sensitivity_scorer
from tests.evaluation._estimators import FromColumn

# negative, positive: as published data sets, or folders of hospitals, name their classes
NAMES = """
NORMAL PNEUMONIA; uninfected parasitized; Uninfected Parasitized; CT_NonCOVID CT_COVID
NonDemented Demented; Non_Demented Mild_Demented; noncancer cancer; non-cancer cancer; well ill
unremarkable effusion; NotFractured Fractured; not_fractured fractured; nodisease disease
benign malignant; Benign Malignant; no yes; no_tumor tumor; notumor tumor; No_Tumor Tumor
HIV_negative HIV; negative positive; neg pos; normal abnormal; healthy sick; Healthy Cancer
healthy unhealthy; normal nonnormal; normal not_normal; healthy_control patient; control case
Controls Cases; control Parkinson; ctrl als; HC AD; CN AD; unaffected affected; false true
absent present; absence presence; clear opacity; clear_lungs nodules; without_stroke stroke
WithoutMask WithMask; withoutlesion lesion; NoDR DR; No_DR DR; NoFinding Finding; nofinding finding
non-COVID COVID; noncovid covid; NONCOVID COVID; nonpolyp polyp; uninvolved involved
unruptured ruptured; undisplaced displaced; nonmelanoma melanoma; not_melanoma melanoma
NonTB TB; non_tb tb; no_hemorrhage hemorrhage; nohemorrhage hemorrhage; Non-Referable Referable
none osteoarthritis; tumor_free tumor; intact broken; normals glaucoma; NonGlaucoma Glaucoma
sain malade; unremarkable zoster; Negative_for_Pneumonia Typical
"""
PAIRS = [pair.split() for line in NAMES.strip().split("\n") for pair in line.split("; ")]


def positive_of(names):
    """Return the positive class of a classifier that was not told."""
    y = np.repeat(sorted(names), 4)
    return ThresholdAt(GaussianNB(), cost=1.0, cv=2).fit(np.arange(8.0)[:, None], y).pos_label_


@pytest.mark.parametrize(("negative", "positive"), PAIRS)
def test_the_name_of_the_finding_is_the_positive_one(negative, positive):
    with pytest.warns(UserWarning, match=f"{positive!r} is taken as the positive"):
        assert positive_of([negative, positive]) == positive


def test_there_are_about_sixty_names():
    assert len({tuple(pair) for pair in PAIRS}) > 60


@pytest.mark.parametrize("names", [("clear_cell", "papillary"), ("poorly_diff", "well_diff")])
def test_findings_that_are_called_clear_or_well_are_no_negative_names(names):
    with pytest.warns(UserWarning, match=f"{names[1]!r} is taken as the positive"):
        assert positive_of(names) == names[1]


@pytest.mark.parametrize("labels", [(0, 1), ("ill", "well")])
def test_scorers_get_the_positive_class_of_the_comparison(labels):
    y = np.tile([0, 1], 40)
    X = (y + np.random.default_rng(0).normal(0, 1, 80))[:, None]
    y, ill = np.array(labels)[y], labels[0]
    scoring = {
        "precision": "precision",
        "recall": "recall",
        "macro": "precision_macro",
        "held": specificity_at_sensitivity_scorer(0.9),
        "other": specificity_at_sensitivity_scorer(0.9, pos_label=labels[1]),
    }
    more = {"pos_label": ill, "cv": 3, "baseline": False, "random_state": 0, "verbose": 0}
    found = compare({"a": GaussianNB()}, X, y, scoring=scoring, **more, repeats=1)
    for number, (split, fold) in enumerate(zip(found.splits, found.fold_results["a"], strict=True)):
        truth, predicted = y[split.test], fold.predictions.predicted
        wanted = {
            "precision": precision_score(truth, predicted, pos_label=ill),
            "recall": recall_score(truth, predicted, pos_label=ill),
            "macro": precision_score(truth, predicted, average="macro"),
        }
        chance = fold.predictions.decision_scores
        for name, column in (("held", 0), ("other", 1)):
            wanted[name] = specificity_at_sensitivity(
                truth, chance[:, column], sensitivity=0.9, pos_label=labels[column]
            )
        found_here = {name: found.values("a", name)[number] for name in wanted}
        assert found_here == pytest.approx(wanted)


def test_a_scorer_of_ones_own_is_left_alone():
    y = np.tile([0, 1], 20)
    more = {"cv": 2, "random_state": 0, "verbose": 0, "pos_label": 0}
    found = compare(
        {"a": FromColumn()}, y[:, None], y, scoring=lambda m, X, y: 7.0, **more, repeats=1
    )
    assert (found.values("a", "<lambda>") == 7).all()

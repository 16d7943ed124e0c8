"""Scores of masks in comparisons: the default ones, and all of skmedimg.metrics by name."""

from functools import partial

import numpy as np
import pytest

from skmedimg import compare, metrics
from skmedimg.datasets import make_lesions
from skmedimg.metrics import as_scorer, surface_dice
from tests.evaluation._estimators import Brighter, MasksFromX

QUIET = {"repeats": 1, "random_state": 0, "verbose": 0}


@pytest.fixture(scope="module")
def lesions():
    return make_lesions(24, size=24, patients=12, random_state=0)


def test_segmenters_get_a_score_of_outlines_unless_masks_are_rows(lesions):
    X, masks = lesions.images, lesions.masks
    found = compare({"brighter": Brighter()}, X, masks, groups=lesions.groups, cv=3, **QUIET)
    names = [metric.name for metric in found.metrics]
    assert names == ["dice", "iou", "pixel_precision", "pixel_recall", "surface_dice"]
    split = found.splits[1]
    predicted = found.predictions("brighter")[np.isin(found.rows(), split.test)]
    wanted = surface_dice(masks[split.test], predicted)
    assert found.values("brighter", "surface_dice")[1] == pytest.approx(wanted)
    interval = found.interval("brighter", "surface_dice")
    assert interval.low < interval.mean < interval.high <= 1
    rows = compare(
        {"rows": MasksFromX()}, masks.reshape(24, 1, -1), masks.reshape(24, -1), cv=3, **QUIET
    )
    assert [metric.name for metric in rows.metrics] == names[:4]


@pytest.mark.parametrize(
    "name", sorted({*metrics.__all__} - {"as_scorer", "sensitivity", "specificity"})
)
def test_metrics_of_masks_are_names_of_scoring(name, lesions):
    masks = lesions.masks
    near = np.roll(masks, 1, axis=1)
    model = {"model": MasksFromX()}
    found = compare(model, near[:, None], masks, cv=3, scoring=name, baseline=False, **QUIET)
    measure = partial(getattr(metrics, name), average="mean")
    expected = [measure(masks[split.test], near[split.test]) for split in found.splits]
    np.testing.assert_allclose(found.values("model", name), expected)
    [metric] = found.metrics
    assert metric.higher_is_better == (as_scorer(name)._sign == 1)


def test_tables_and_tests_measure_no_image_again(lesions, monkeypatch):
    masks = lesions.masks
    X = np.stack([np.roll(masks, 1, axis=1), np.roll(masks, 2, axis=1)], axis=1)
    models = {"near": MasksFromX(0), "far": MasksFromX(1)}
    found = compare(models, X, masks, groups=lesions.groups, cv=3, **QUIET)
    wanted = found.summary(), found.to_frame("patients")
    counted = []
    monkeypatch.setattr(metrics, "surface_dice", lambda *args, **options: counted.append(1))
    assert wanted[0].equals(found.summary())
    assert wanted[1].equals(found.to_frame("patients"))
    found.interval("near", "surface_dice")
    assert not counted

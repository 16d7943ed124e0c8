"""Duplicates stay on one side of every split, unasked where no patients are known."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from skmedimg import IntensityHistogram, Pipeline, audit, compare

MODEL = Pipeline([IntensityHistogram(4), LogisticRegression()])
QUIET = {"repeats": 1, "random_state": 0, "verbose": 0, "pos_label": 1}
RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.randint(0, 256, (30, 16, 16)).astype(np.uint8)
COPIED = IMAGES.copy()
COPIED[10:20] = COPIED[:10]
Y = np.r_[np.arange(20) % 2, np.arange(10) % 2]


def test_unasked_where_no_patients_are_known_and_folds_are_made():
    result = compare(MODEL, COPIED, Y, cv=3, **QUIET)
    for split in result.splits:
        train, test = ({*rows[rows < 20] % 10} for rows in (split.train, split.test))
        assert not train & test
    assert "10 images are duplicates of others" in result.warnings[0].text
    assert "20 groups of 30 images" in result.warnings[0].text
    assert compare(MODEL, IMAGES, Y, cv=3, **QUIET).groups is None
    assert compare(MODEL, COPIED, Y, cv=3, audit=False, **QUIET).groups is None


def test_auto_joins_the_patients_of_a_data_set_with_duplicates():
    data = {"images": COPIED, "target": Y, "groups": np.arange(30) // 2}
    plain = compare(MODEL, data, cv=3, **QUIET)
    assert len(set(plain.groups)) == 15
    assert "on both sides" in plain.warnings[0].text
    joined = compare(MODEL, data, groups="auto", cv=3, **QUIET)
    assert len(set(joined.groups)) == 10
    assert "15 patients became 10 groups" in joined.warnings[0].text


def test_duplicates_on_both_sides_are_an_error_in_the_first_sentence(tmp_path):
    split = [(np.arange(15), np.arange(15, 30))]
    result = compare(MODEL, COPIED, Y, cv=split, **QUIET)
    [error] = result.audit.of(kind="duplicates-both-sides")
    assert (error.severity, error.value) == ("error", 5)
    assert sorted(error.rows) == [*range(5, 10), *range(15, 20)]
    first = "Duplicates of 5 images are on both sides of a split (1 of 1 split)"
    assert result.warnings[0].text.startswith(first)
    result.to_html(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    lead = page.partition('<p class="lead">')[2]
    assert lead.startswith(f"<strong>{first}")


def test_an_audit_is_taken_as_it_is():
    found = audit(COPIED, Y, probes=False)
    assert compare(MODEL, COPIED, Y, cv=3, audit=found, **QUIET).audit is found
    with pytest.raises(ValueError, match="audit is of 30 images, but y has 20"):
        compare(MODEL, COPIED[:20], Y[:20], audit=found, **QUIET)


def test_auto_without_an_audit_and_other_words_are_refused():
    with pytest.raises(ValueError, match="groups='patient' needs one patient per row"):
        compare(MODEL, IMAGES, Y, groups="patient", **QUIET)
    with pytest.raises(ValueError, match='groups="auto" needs the audit'):
        compare(LogisticRegression(), IMAGES.reshape(30, -1), Y, groups="auto", **QUIET)

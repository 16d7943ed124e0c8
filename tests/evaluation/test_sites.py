"""Sites that are left out one after the other, and their random-effects summary."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.naive_bayes import GaussianNB

from skmedimg.datasets import make_lesions
from skmedimg.evaluation import Comparison, audit, compare
from skmedimg.evaluation.statistics._random_effects import random_effects
from tests.evaluation._estimators import FromColumn

EFFECTS = np.array([2.1, 1.4, 1.9, 0.8, 2.6])
VARIANCES = np.array([0.04, 0.09, 0.06, 0.12, 0.2])
HOSPITALS = np.array(["Cairo", "Lima", "Lyon", "Oslo"])


def written(n=160, seed=0):
    """Return rows whose first column is the probability, labels and sites."""
    rng = np.random.RandomState(seed)
    y = np.arange(n) % 2
    chance = expit(rng.normal(2 * y - 1, 1.5))
    return chance[:, None], y, HOSPITALS[np.arange(n) // 2 % 4]


def compared(**options):
    X, y, site = written()
    options = {"scoring": ["roc_auc", "accuracy"], "random_state": 0, "verbose": 0} | options
    return compare({"written": FromColumn()}, X, y, site=options.pop("site", site), **options)


def test_random_effects_are_those_of_statsmodels():
    # statsmodels 0.14, combine_effects(effects, variances, method_re="iterated", use_t=True)
    found = random_effects(EFFECTS, VARIANCES)
    assert found.tau2 == pytest.approx(0.33568188281854583, rel=1e-8)
    assert found.q == pytest.approx(15.725490196078454)
    assert found.q_p_value == pytest.approx(0.0034105266700034413)
    assert found.i2 == pytest.approx(0.7456359102244392)
    assert found.mean == pytest.approx(1.7491806916940411)
    assert (found.low, found.high) == pytest.approx((0.93397338, 2.564388))


def test_equal_variances_have_a_closed_form():
    # With equal variances v: tau2 = s2 - v, and the mean has the t interval of a sample.
    effects, v = np.array([1.0, 2.0, 4.0, 5.0]), 0.5
    found = random_effects(effects, np.full(4, v))
    s2 = effects.var(ddof=1)
    assert found.tau2 == pytest.approx(s2 - v)
    assert found.high - found.mean == pytest.approx(3.182446 * np.sqrt(s2 / 4), rel=1e-6)
    beyond = 4.302653 * np.sqrt(s2 - v + s2 / 4)
    assert found.new_high - found.mean == pytest.approx(beyond, rel=1e-6)


def test_sites_that_agree_have_no_variance_between():
    found = random_effects(np.array([1.0, 1.1, 0.9]), np.full(3, 0.5))
    assert (found.tau2, found.i2) == (0, 0)
    assert found.mean == pytest.approx(1)


def test_splits_are_named_after_the_site_that_is_left_out():
    result, site = compared(), written()[2]
    assert [split.name for split in result.splits] == HOSPITALS.tolist()
    assert all((site[split.test] == split.name).all() for split in result.splits)
    assert all((site[split.train] != split.name).all() for split in result.splits)
    assert "4 sites, each left out" in str(result)
    assert set(result.to_frame()["site"]) == set(HOSPITALS)
    assert (result.to_frame("predictions")["site"] == site).all()


def test_the_score_of_a_site_is_that_of_a_single_test_set():
    X, y, site = written()
    result = compared()
    scores = result.sites("written", "roc_auc")
    test = np.flatnonzero(site == "Lyon")
    alone = compare(
        {"written": FromColumn()},
        X,
        y,
        cv=[(np.flatnonzero(site != "Lyon"), test)],
        scoring=["roc_auc"],
        random_state=0,
        verbose=0,
    )
    lyon = scores.sites[2]
    assert (lyon.site, lyon.n_samples) == ("Lyon", 40)
    assert lyon.interval == alone.interval("written")
    effects = [logit(each.interval.mean) for each in scores.sites]
    pooled = random_effects(np.array(effects), np.array([s.variance for s in scores.sites]))
    assert scores.pooled.mean == pytest.approx(expit(pooled.mean))
    assert scores.pooled.new_low == pytest.approx(expit(pooled.new_low))
    assert scores.to_frame().loc["Lyon", "high"] == lyon.interval.high


def test_json_keeps_the_names(tmp_path):
    result = compared()
    result.to_json(tmp_path / "sites.json")
    again = Comparison.from_json(tmp_path / "sites.json")
    assert str(again.sites()) == str(result.sites())


def test_a_site_of_one_class_is_not_pooled():
    X, y, site = written()
    site = np.where((site == "Oslo") & (y == 0), "Lima", site)
    result = compared(site=site)
    assert any("Oslo has 1 alone" in str(warning) for warning in result.warnings)
    scores = result.sites(metric="roc_auc")
    assert scores.pooled.n_sites == 3
    assert "Not pooled: Oslo" in str(scores)
    assert np.isnan(scores.sites[3].interval.mean)


def test_two_sites_say_nothing_of_a_new_one():
    site = np.where(written()[2] < "Lyon", "A", "B")
    result = compared(site=site)
    assert any("needs 3 or more" in str(warning) for warning in result.warnings)
    scores = result.sites(metric="roc_auc")
    assert np.isnan(scores.pooled.new_low)
    assert "three sites" in str(scores)


def test_a_perfect_site_is_pooled_with_half_a_patient_wrong():
    _, y, site = written()
    chance = np.where(site == "Cairo", y, written()[0][:, 0])
    result = compare(
        {"written": FromColumn()},
        chance[:, None],
        y,
        site=site,
        scoring="roc_auc",
        random_state=0,
        verbose=0,
    )
    cairo = result.sites().sites[0]
    assert cairo.interval.mean == 1
    assert cairo.effect == pytest.approx(np.log(20.5 / 0.5))  # 20 patients in each class
    assert cairo.variance == pytest.approx(1 / 20.5 + 1 / 0.5)


def test_patients_of_sites():
    result = compared(groups=np.arange(160) // 2)
    assert result.by_patient().splits[0].name == "Cairo"
    assert result.sites().sites[0].n_patients == 20


def test_few_groups_left_out_one_by_one_may_be_hospitals():
    X, y, site = written()
    result = compare(
        GaussianNB(), X, y, groups=site, cv=LeaveOneGroupOut(), random_state=0, verbose=0
    )
    assert any("pass them as site=" in str(warning) for warning in result.warnings)


def test_the_audit_finds_that_a_model_tells_scanners_apart():
    data = make_lesions(80, size=16, random_state=0)
    site = np.array(["A", "B"])[np.arange(80) % 2]
    images = np.where((site == "B")[:, None, None], data.images // 2, data.images).astype(np.uint8)
    (found,) = audit(images, None, data.groups, site=site).of(kind="sites")
    assert found.severity == "note"
    assert "tells the sites apart" in found.title
    assert found.value > 0.95
    assert not audit(data.images, None, data.groups, site=site).of(kind="sites")


def test_a_site_that_tells_the_class_is_a_warning():
    data = make_lesions(80, size=16, random_state=0)
    site = np.array(["A", "B"])[data.target]
    images = np.where((site == "B")[:, None, None], data.images // 2, data.images).astype(np.uint8)
    (found,) = audit(images, data.target, data.groups, site=site).of(kind="sites")
    assert found.severity == "warning"
    assert "0 is 0% of B and 100% of A" in found.advice

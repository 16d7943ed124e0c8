"""Checks of an audit: markers anywhere, sharpness, single odd images, states, and false alarms."""

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from skmedimg import audit
from skmedimg.evaluation import Audit
from skmedimg.evaluation.auditing._place_probe import largest_difference
from skmedimg.evaluation.auditing._probes import follow_by_chance

RANDOM = np.random.RandomState(0)


def images_of(n, side=64, random=RANDOM):
    fields = random.normal(size=(n, side, side))
    smooth = gaussian_filter(fields, (0, 6, 6)) * 6 + gaussian_filter(fields, (0, 1, 1))
    return np.clip(128 + 35 * smooth, 0, 255).astype(np.uint8)


IMAGES = images_of(160)
Y = np.arange(160) % 2
GROUPS = np.arange(160)


@pytest.mark.parametrize("place", [(40, 40), (29, 29), (3, 50)])
def test_a_marker_at_any_place_is_found_and_its_place_said(place):
    images = IMAGES.copy()
    down, right = place
    images[Y == 1, down : down + 6, right : right + 6] = 255
    [finding] = audit(images, Y, GROUPS, mute=["shortcuts"]).of(kind="differing-place")
    assert finding.severity == "warning"
    said = [float(word.strip("(%")) for word in finding.title.split() if "%" in word]
    np.testing.assert_allclose(said, [100 * (k + 3) / 64 for k in place], atol=8)


def test_a_marker_on_half_of_a_class_is_a_note():
    images = IMAGES.copy()
    images[Y * (np.arange(160) % 4 == 1) == 1, 40:46, 40:46] = 255
    [finding] = audit(images, Y, GROUPS, mute=["shortcuts"]).of(kind="differing-place")
    assert finding.severity == "note"


def test_a_blurred_class_is_found_by_its_sharpness():
    images = IMAGES.copy()
    images[Y == 1] = gaussian_filter(images[Y == 1], (0, 0.8, 0.8))
    assert audit(images[:80], Y[:80], GROUPS[:80]).of(kind="shortcut-sharpness")


def test_the_largest_difference_has_a_calibrated_p_value():
    # Of 80 clean sets about one in ten has a p-value below .1; 16 or more have a chance of .005.
    random = np.random.RandomState(3)
    values = [random.normal(size=(60, 30)) for _ in range(80)]
    even = np.arange(60) % 2 == 0
    p_values = [largest_difference(each, even, k)[1] for k, each in enumerate(values)]
    assert 1 <= np.sum(np.array(p_values) <= 0.1) <= 15
    column, p_value = largest_difference(
        values[0] + 2 * np.outer(np.arange(60) % 2, np.arange(30) == 7), np.arange(60) % 2 == 0
    )
    assert (column, p_value) == (7, 0.002)


def test_the_order_of_images_has_a_calibrated_p_value():
    random, blocks, classes = np.random.RandomState(4), np.arange(60) // 4, np.arange(60) // 30
    p_values = [
        follow_by_chance(random.normal(size=(60, 8, 8)), blocks, classes, np.arange(60), k)
        for k in range(60)
    ]
    assert np.sum(np.array(p_values) <= 0.05) <= 9
    alike = random.normal(size=(15, 8, 8)).repeat(4, axis=0) + random.normal(size=(60, 8, 8))
    assert follow_by_chance(alike, blocks, classes, np.arange(60)) == 1 / 200


def test_single_blurred_dark_and_odd_images_are_named():
    base = gaussian_filter(np.random.RandomState(5).normal(size=(64, 64)), 10) * 2000
    images = np.clip(0.5 * IMAGES[:60] + base + 60, 0, 200).astype(np.uint8)
    images[3] = gaussian_filter(images[3], 4)
    images[7] = images[7] // 8 + 200
    images[11] = 255 - images[11][::-1, ::-1]
    found = audit(images, probes=False)
    rows = {finding.kind: finding.rows.tolist() for finding in found.notes}
    assert rows["blurred"] == [3]
    assert 7 in rows["exposure"]
    assert 11 in rows["odd-images"]


def test_every_check_has_a_state():
    found = audit(IMAGES, Y, probes=False, mute=["few-images", "imbalance"])
    states = {check.code: check.state for check in found.checks}
    assert states["patients-both-sides"] == "not applicable"
    assert states["identical"] == "passed"
    assert states["no-patients"] == "found"
    assert states["shortcuts"] == "skipped"
    assert states["imbalance"] == "muted"
    assert "23 checks: 1 found" in repr(found)
    assert not any(check.reason for check in found.checks if check.state in ("passed", "found"))
    again = Audit.from_dict(found.to_dict())
    assert again.checks == found.checks


def test_findings_are_muted_by_code_and_unknown_codes_refused():
    images = np.concatenate([IMAGES[:60], IMAGES[:5]])
    assert audit(images, probes=False).of(kind="identical")
    muted = audit(images, probes=False, mute=["identical"])
    assert not muted.of(kind="identical")
    assert len(set(muted.groups())) == 60  # what is not said is still kept together
    with pytest.raises(ValueError, match="mute names .'identicl'.; the codes are"):
        audit(images, mute=["identicl"])
    with pytest.raises(TypeError, match="needs a list of codes"):
        audit(images, mute="identical")


def test_clean_sets_raise_no_alarm():
    alarms = []
    for seed in range(8):
        random = np.random.RandomState(seed)
        images, y = images_of(60, 48, random), random.permutation(60) % 2
        found = audit(images, y, mute=["few-images", "shortcuts"])
        alarms += [finding.kind for finding in found.warnings]
    assert len(alarms) <= 1, alarms


def test_files_without_sharpness_are_read_as_ever(tmp_path):
    for k in range(3):
        Image.new("L", (20, 2), 40 * k).save(tmp_path / f"{k}.png")
    assert audit(sorted(map(str, tmp_path.glob("*.png"))), probes=False).checks

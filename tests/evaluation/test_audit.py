"""The audit finds copies, leaks and shortcuts, and is quiet about honest data."""

import hashlib
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from scipy.stats import mannwhitneyu

from skmedimg import audit
from skmedimg.datasets import make_lesions
from skmedimg.evaluation import Audit
from skmedimg.evaluation.auditing._probes import _p_value, permuted_accuracy


@pytest.fixture(scope="module")
def lesions():
    return make_lesions(160, size=48, patients=160, random_state=0)


@pytest.fixture
def folder(tmp_path, lesions):
    """Forty files, two of them copies of the first, one a JPEG of it."""
    paths = []
    for row, image in enumerate(lesions.images[:40]):
        paths.append(tmp_path / f"scan_{row}.png")
        Image.fromarray(image).save(paths[-1])
    for name in ("copy.png", "second copy.png"):
        paths.append(tmp_path / name)
        paths[-1].write_bytes(paths[0].read_bytes())
    paths.append(tmp_path / "again.jpg")
    picture = Image.fromarray(lesions.images[0]).resize((64, 64))
    ImageEnhance.Brightness(picture).enhance(0.8).save(paths[-1], quality=70)
    return paths, np.r_[lesions.target[:40], [lesions.target[0]] * 3]


def kinds(found, severity=None):
    return {finding.kind for finding in found.of(severity)}


def hash_written_out(picture):
    """Return the 64 bits of a picture of 32 x 32 by the formula of the cosine transform."""
    at = (2 * np.arange(32) + 1)[None] * np.arange(8)[:, None] * np.pi / 64
    cosines = np.cos(at) * np.where(np.arange(8) == 0, np.sqrt(1 / 32), np.sqrt(2 / 32))[:, None]
    low = (cosines @ picture @ cosines.T).ravel()
    return int("".join(str(int(value > np.median(low[1:]))) for value in low[1:]), 2)


def test_near_duplicates_are_those_of_comparing_all_with_all():
    networkx = pytest.importorskip("networkx")
    rng = np.random.default_rng(1)
    pictures = np.repeat(rng.random((200, 32, 32)), 3, axis=0) + 0.1 * rng.random((600, 32, 32))
    pictures = pictures.astype(np.float32)
    found = audit(pictures, max_hash_distance=6, min_correlation=0.9, probes=False)
    hashes = [hash_written_out(picture) for picture in pictures.astype(float)]
    alike = np.corrcoef(pictures.reshape(600, -1)) >= 0.9
    expected = [
        (i, j, bits)
        for i in range(600) for j in range(i + 1, 600)
        if (bits := (hashes[i] ^ hashes[j]).bit_count()) <= 6 and alike[i, j]
    ]  # fmt: skip
    assert len(expected) > 100
    pairs = zip(*found.data.near.T.tolist(), found.data.distances.tolist(), strict=True)
    assert sorted(pairs) == expected
    graph = networkx.Graph([(i, j) for i, j, _ in expected])
    graph.add_nodes_from(range(600))
    groups = found.groups()
    components = {frozenset(rows) for rows in networkx.connected_components(graph)}
    assert {frozenset(np.flatnonzero(groups == group)) for group in set(groups)} == components


def test_the_shortcut_p_value_is_that_of_mann_and_whitney():
    rng = np.random.default_rng(0)
    scores, positive = rng.normal(size=200), np.repeat([False, True], 100)
    scores[positive] += 0.4
    expected = mannwhitneyu(
        scores[positive], scores[~positive], alternative="greater", use_continuity=False
    )
    area = expected.statistic / 100**2
    assert _p_value(area, positive, np.arange(200)) == pytest.approx(expected.pvalue, rel=1e-6)


def test_identical_files_of_the_brain_images_are_all_found():
    root = os.environ.get("SKMEDIMG_DATA")
    if not root:
        pytest.skip("SKMEDIMG_DATA does not name the folder of real images")
    paths = sorted(path for path in Path(root, "brain_mri").glob("*/*"))
    contents = [hashlib.md5(path.read_bytes()).hexdigest() for path in paths]
    expected = {key for key in contents if contents.count(key) > 1}
    finding = audit(paths, [path.parent.name for path in paths], probes=False).of(kind="identical")
    assert finding[0].value == len(expected) == 22
    assert len(finding[0].rows) == sum(contents.count(key) for key in expected)


def test_copies_are_found_among_files(folder):
    paths, y = folder
    found = audit(paths, y)
    [identical] = found.of(kind="identical")
    [near] = found.of(kind="near")
    assert [rows.tolist() for rows in identical.clusters] == [[0, 40, 41]]
    assert near.rows.tolist() == [0, 42]
    assert len(set(found.groups()[[0, 40, 41, 42]])) == 1
    assert len(set(found.groups())) == 40


def test_different_scans_are_no_copies(lesions):
    found = audit(lesions.images, lesions.target, lesions.groups)
    assert not found.errors
    assert not found.of(kind="near")
    assert not found.of(kind="identical")
    assert not found.of(kind="shortcut")
    assert not found.of(kind="permuted")


def test_copies_with_two_labels_are_an_error(lesions):
    images = np.concatenate([lesions.images, lesions.images[:2]])
    y = np.r_[lesions.target, 1 - lesions.target[:1], lesions.target[1]]
    [finding] = audit(images, y, probes=False).errors
    assert finding.kind == "conflicting-labels"
    assert finding.rows.tolist() == [0, 160]


def test_patients_and_copies_on_both_sides_are_errors(lesions):
    images, y = lesions.images, lesions.target
    test = (images[99:130], y[99:130], np.arange(99, 130))
    found = audit(images[:100], y[:100], np.arange(100), test=test, probes=False)
    assert kinds(found, "error") == {"patients-both-sides", "duplicates-both-sides"}
    assert found.errors[0].rows.tolist() == [99, 100]
    assert [found.name(row) for row in found.errors[0].rows] == ["row 99", "test row 0"]
    assert len(found.groups()) == 100


def test_a_split_can_be_given_as_rows_or_as_a_mask(lesions):
    patients = np.arange(160) // 2
    rows = np.arange(100, 160)
    clean = audit(lesions.images, lesions.target, patients, test=rows, probes=False)
    leaky = audit(
        lesions.images, lesions.target, patients, test=np.arange(160) % 2 == 0, probes=False
    )
    assert not clean.errors
    assert leaky.of(kind="patients-both-sides")[0].value == 80
    with pytest.raises(ValueError, match="both sides need at least one"):
        audit(lesions.images, lesions.target, test=np.arange(160))


def test_a_picture_of_two_patients_merges_them(lesions):
    images = lesions.images.copy()
    images[10] = images[0]
    found = audit(images, lesions.target, np.arange(160) // 2, probes=False)
    assert found.of(kind="duplicates-of-two-patients")[0].rows.tolist() == [0, 10]
    assert len(set(found.groups()[[0, 1, 10, 11]])) == 1


def test_permuted_labels_score_above_chance_only_where_patients_are_split():
    data = make_lesions(200, size=48, patients=40, random_state=0)
    facts = audit(data.images, data.target, probes=False).data.facts
    plain, grouped = permuted_accuracy(facts.thumbnails, data.groups, data.target)
    assert plain.mean() > 0.65
    assert abs(grouped.mean() - 0.5) < 0.1
    single, chance = permuted_accuracy(facts.thumbnails, np.arange(200), data.target)
    np.testing.assert_array_equal(single, chance)


@pytest.mark.slow
def test_unknown_patients_in_file_order_are_suspected():
    data = make_lesions(200, size=48, patients=40, random_state=0)
    order = np.argsort(data.groups, kind="stable")
    suspected = audit(data.images[order], data.target[order])
    shuffled = np.random.default_rng(0).permutation(200)
    unseen = audit(data.images[shuffled], data.target[shuffled])
    assert suspected.of(kind="neighbors-alike")
    assert not unseen.of(kind="neighbors-alike")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shortcut", "severity"),
    [("image-size", "error"), ("aspect-ratio", "error"), ("jpeg-quality", "error"),
     ("border-strip", "warning"), ("mean-brightness", "warning"), ("color-mode", "error")],
)  # fmt: skip
def test_a_planted_shortcut_is_named(tmp_path, lesions, shortcut, severity):
    paths = []
    for row, (image, label) in enumerate(zip(lesions.images, lesions.target, strict=True)):
        paths.append(tmp_path / f"{np.random.default_rng(row).integers(1e9)}.jpg")
        _plant(Image.fromarray(image), shortcut, label, paths[-1])
    [finding] = audit(paths, lesions.target).of(kind=f"shortcut-{shortcut}")
    assert finding.severity == severity
    assert finding.value > 0.95


def _plant(picture, shortcut, label, path):
    size = {"image-size": (40 + 8 * label,) * 2, "aspect-ratio": (40 + 8 * label, 48)}
    picture = picture.resize(size.get(shortcut, (48, 48)))
    if shortcut == "border-strip" and label:
        picture.paste(90, (0, 0, 48, 3))
        picture.paste(0, (0, 20, 10, 48))
    if shortcut == "mean-brightness" and label:
        picture = picture.point(lambda value: min(255, value + 60))
    if shortcut == "color-mode" and label:
        picture = picture.convert("RGB")
    picture.save(path, quality=60 + 30 * int(label and shortcut == "jpeg-quality"))


def test_the_quality_of_a_jpeg_is_read_from_its_tables(tmp_path, lesions):
    paths = [tmp_path / f"{quality}.jpg" for quality in (30, 50, 75, 90, 95)]
    for path in paths:
        Image.fromarray(lesions.images[0]).save(path, quality=int(path.stem))
    facts = audit(paths, [0, 1, 0, 1, 0], probes=False).data.facts
    assert facts.columns["quality"].tolist() == [30, 50, 75, 90, 95]


def test_unreadable_files_are_named_and_the_rest_is_audited(folder):
    paths, y = folder
    paths[3].write_bytes(b"no picture")
    paths[5].unlink()
    found = audit(paths, y)
    [finding] = found.of(kind="unreadable")
    assert finding.severity == "error"
    assert finding.rows.tolist() == [3, 5]
    assert found.of(kind="identical")
    assert "scan_3.png" in repr(found)


def test_constant_images_and_mixed_depths_are_named(tmp_path):
    arrays = [np.full((20, 20), 7, np.uint8), np.arange(400, dtype=np.uint16).reshape(20, 20) * 99]
    paths = [tmp_path / f"{row}.png" for row in range(2)]
    for path, array in zip(paths, arrays, strict=True):
        Image.fromarray(array).save(path)
    found = audit(paths, ["a", "b"])
    assert found.of(kind="constant")[0].rows.tolist() == [0]
    assert found.of(kind="mixed-mode")


def test_small_and_unequal_sets_are_called_so(lesions):
    y = np.repeat([0, 1], [150, 10])
    found = audit(lesions.images, y, probes=False)
    assert found.of(kind="imbalance")[0].severity == "warning"
    assert "93.8%" in found.of(kind="imbalance")[0].advice
    few = audit(lesions.images, y, test=np.arange(29), probes=False).of(kind="few-images")[0]
    assert few.value == 29
    assert "between 74% and 96%" in few.advice


def test_rows_that_are_no_images_are_still_compared():
    X = np.random.default_rng(0).normal(size=(30, 7))
    X[4] = X[0]
    found = audit(X, np.arange(30) % 2)
    assert found.of(kind="identical")[0].rows.tolist() == [0, 4]
    assert not found.of(kind="shortcut")


def test_masks_are_audited_without_labels(lesions):
    found = audit(lesions.images, lesions.masks)
    assert not found.errors
    assert found.data.y is None


def test_an_audit_prints_and_travels_without_its_images(folder):
    paths, y = folder
    found = audit(paths, y)
    text = repr(found)
    assert "1 group of identical files: 3 images, of which 2 are surplus" in text
    assert "scan_0.png = copy.png = second copy.png" in text
    again = pickle.loads(pickle.dumps(found))
    assert repr(again) == text
    assert again.images == ()
    assert again.picture(0).shape == (32, 32)
    stored = Audit.from_dict(json.loads(json.dumps(found.to_dict())))
    assert repr(stored) == text
    np.testing.assert_array_equal(stored.groups(), found.groups())
    with pytest.raises(ValueError, match="run audit"):
        stored.plot()
    frame = found.to_frame()
    assert list(frame["kind"]) == [finding.kind for finding in found.findings]


def test_names_from_the_data_are_escaped_in_html(lesions):
    y = np.where(lesions.target, "<script>alert(1)</script>", "a & b")
    fragment = audit(lesions.images, y, probes=False)._repr_html_()
    assert "<script" not in fragment
    assert "&lt;script&gt;" in fragment
    assert "a &amp; b" in fragment


def test_plot_shows_every_copy(folder):
    paths, y = folder
    display = audit(paths, y).plot()
    assert display.axes_.shape == (2, 3)
    assert len(display.lines) == 2
    with pytest.raises(ValueError, match="kind='duplicates'"):
        audit(paths[:20], y[:20], probes=False).plot("duplicates")


def test_wrong_lengths_are_refused(lesions):
    with pytest.raises(ValueError, match="inconsistent numbers"):
        audit(lesions.images, lesions.target[:-1])
    with pytest.raises(ValueError, match="one patient per image"):
        audit(lesions.images, lesions.target, groups=[1, 2])
    with pytest.raises(ValueError, match="but has 1 parts"):
        audit(lesions.images, lesions.target, test=(lesions.images,))

"""Volumes and files of several frames become slices in PNG files, with their patients."""

from pathlib import Path

import numpy as np
import pytest

from skmedimg import load_image_folder
from skmedimg.images import ImageReadError, load_masks, read_image

nibabel = pytest.importorskip("nibabel")

RANDOM = np.random.RandomState(0)
VOLUMES = {
    f"{kind}/p{k} t{t}": RANDOM.randint(-100, 1000, (6, 8, 5)).astype(np.int16)
    for kind, k in (("ill", 1), ("well", 2))
    for t in (1, 2)
}


def save(volume, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), path)


@pytest.fixture
def root(tmp_path):
    for name, volume in VOLUMES.items():
        save(volume, tmp_path / "data" / f"{name}.nii.gz")
        save((volume > 500).astype(np.float32), tmp_path / "masks" / f"{name}_seg.nii.gz")
    return tmp_path / "data"


def test_slices_equal_those_of_the_volume_in_one_window(root, tmp_path):
    data = load_image_folder(
        root, slices="all", slice_folder=tmp_path / "slices", window=(450, 1100)
    )
    assert len(data.paths) == 20
    for path, volume, k in zip(
        data.paths, data.columns["volume"], data.columns["slice"], strict=True
    ):
        stored = np.rot90(VOLUMES[volume.removesuffix(".nii.gz")][..., k])  # as viewers show it
        expected = np.clip((stored + 100) / 1100, 0, 1) * 65535
        np.testing.assert_allclose(read_image(path), expected, atol=1)
    assert (
        Path(data.paths[0]).relative_to(tmp_path / "slices").as_posix()
        == "ill/p1 t1/slice_0000.png"
    )
    assert data.target.tolist() == ["ill"] * 10 + ["well"] * 10


def test_the_gray_levels_of_a_slice_do_not_depend_on_the_other_slices_taken(root, tmp_path):
    middle = load_image_folder(root, slices="middle", slice_folder=tmp_path / "middle")
    every = load_image_folder(root, slices=1, slice_folder=tmp_path / "every")
    assert middle.columns["slice"].tolist() == [2] * 4
    for path, other in zip(middle.paths, every.paths[2::5], strict=True):
        np.testing.assert_array_equal(read_image(path), read_image(other))
    values = VOLUMES["ill/p1 t1"]
    low, high = np.percentile(values, [0.5, 99.5])
    expected = np.clip((np.rot90(values[..., 2]) - low) / (high - low), 0, 1) * 65535
    np.testing.assert_allclose(read_image(middle.paths[0]), expected, atol=1)


def test_slices_of_a_volume_are_one_patient_or_that_of_the_pattern(root, tmp_path):
    options = {"slices": 2, "slice_folder": tmp_path / "slices"}
    volumes = load_image_folder(root, **options)
    assert volumes.columns["slice"].tolist() == [0, 2, 4] * 4
    assert volumes.report.n_groups == 4
    patients = load_image_folder(root, group_pattern=r"p\d", **options)
    assert patients.groups.tolist() == ["p1"] * 6 + ["p2"] * 6


def test_masks_are_cut_with_their_volumes(root, tmp_path):
    data = load_image_folder(
        root, mask_root=tmp_path / "masks", slices=2, slice_folder=tmp_path / "slices"
    )
    masks = load_masks(data.masks)
    for mask, volume, k in zip(masks, data.columns["volume"], data.columns["slice"], strict=True):
        expected = np.rot90(VOLUMES[volume.removesuffix(".nii.gz")][..., k] > 500)
        np.testing.assert_array_equal(mask, expected)
    save(np.zeros((6, 8, 4)), tmp_path / "masks" / "ill" / "p1 t1_seg.nii.gz")
    with pytest.raises(ImageReadError, match=r"p1 t1_seg.* has 4 slices, but .*p1 t1\.nii.gz' 5"):
        load_image_folder(
            root, mask_root=tmp_path / "masks", slices=2, slice_folder=tmp_path / "slices"
        )


def test_damaged_volumes_are_named_or_skipped(root, tmp_path):
    path = root / "ill" / "p1 t1.nii.gz"
    path.write_bytes(path.read_bytes()[:200])
    options = {"slices": "middle", "slice_folder": tmp_path / "slices"}
    with pytest.raises(ImageReadError, match=r"p1 t1\.nii\.gz' cannot be decoded"):
        load_image_folder(root, **options)
    data = load_image_folder(root, on_error="skip-report", **options)
    assert len(data.paths) == len(data.columns) == 3
    assert [Path(path).name for path, _ in data.report.skipped] == ["p1 t1.nii.gz"]


def test_a_single_image_stays_in_its_file(root, tmp_path):
    save(np.zeros((6, 8, 1), np.uint8), root / "ill" / "flat.nii")
    data = load_image_folder(root, slices="middle", slice_folder=tmp_path / "slices")
    assert data.paths[0] == str(root / "ill" / "flat.nii")


def test_the_rule_and_the_folder_are_checked(root, tmp_path):
    with pytest.raises(ValueError, match="slices='middle' and slice_folder=None belong together"):
        load_image_folder(root, slices="middle")
    with pytest.raises(ValueError, match="lies in .*Name a folder beside it"):
        load_image_folder(root, slices="middle", slice_folder=root / "slices")
    with pytest.raises(ValueError, match=r"window=\(40, 0\) needs to be \(center, width\)"):
        load_image_folder(root, slices=1, slice_folder=tmp_path / "slices", window=(40, 0))

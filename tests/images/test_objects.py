"""Objects of masks, mask files with palettes, and the physical size of pixels."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import ndimage
from skimage.measure import label, regionprops

from skmedimg.images import label_objects, load_masks, object_table, read_spacing, save_mask
from skmedimg.metrics import hausdorff_distance


@pytest.fixture(scope="module")
def masks():
    rng = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(rng.normal(size=(2, 40, 50)), (0, 2, 2))
    return np.digitize(smooth, [0.02, 0.12]).astype(np.uint8)


def test_objects_are_those_of_scikit_image(masks):
    table = object_table(masks, names=["a", "b"], spacing=(0.5, 2.0))
    for name, mask in zip("ab", masks, strict=True):
        numbers = label_objects(mask)
        expected = [
            (value, region) for value in (1, 2) for region in regionprops(label(mask == value))
        ]
        rows = table[table.image == name]
        assert rows.object.tolist() == list(range(1, len(expected) + 1))
        for row, (value, region) in zip(rows.itertuples(), expected, strict=True):
            assert (row[3], row.pixels, row.area) == (value, region.area, region.area)
            assert (row.row, row.column) == pytest.approx(region.centroid)
            top, left, bottom, right = region.bbox
            assert (row.top, row.left) == (top, left)
            assert (row.height, row.width) == (bottom - top, right - left)
            assert row.diameter == pytest.approx(region.equivalent_diameter_area)
            assert row.at_border == (min(top, left) == 0 or bottom == 40 or right == 50)
            assert (numbers == row.object).sum() == region.area


def test_masks_of_several_sizes_and_spacings_are_one_table():
    masks = [np.ones((2, 3), bool), np.zeros((4, 4), int), np.eye(2, dtype=int)]
    table = object_table(masks, spacing=[1.0, (1.0, 2.0), (0.5, 0.5)])
    assert table.image.tolist() == [0, 2]
    assert table.area.tolist() == [6.0, 0.5]
    assert table.columns.tolist() == object_table([np.zeros((2, 2), int)]).columns.tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"masks": [np.zeros((2, 2))]}, r"class labels of shape .*float64"),
        ({"masks": [np.zeros(4, int)]}, r"shape \(4,\)"),
        ({"names": ["a", "b"]}, "names needs 1 entries"),
        ({"spacing": -1.0}, "spacing needs positive numbers"),
        ({"spacing": [1.0, 2.0, 3.0]}, "spacing needs positive numbers"),
    ],
)
def test_what_has_no_objects_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        object_table(**({"masks": [np.eye(2, dtype=int)]} | options))


@pytest.mark.parametrize("labels", [[0, 1], [0, 255], [0, 3, 7, 200], [False, True]])
def test_saved_masks_show_colors_and_are_read_as_labels(labels, tmp_path):
    mask = np.resize(np.array(labels), (6, 7))
    save_mask(tmp_path / "mask.png", mask)
    np.testing.assert_array_equal(load_masks([tmp_path / "mask.png"])[0], mask)
    with Image.open(tmp_path / "mask.png") as picture:
        assert picture.mode == "P"
        colors = np.array(picture.convert("RGB")).reshape(-1, 3)
    seen = {label: {tuple(c) for c in colors[mask.ravel() == label].tolist()} for label in labels}
    assert seen.pop(labels[0]) == {(0, 0, 0)}
    assert all(len(color) == 1 and max(*color.pop()) > 100 for color in seen.values())


@pytest.mark.parametrize(
    ("mask", "name", "message"),
    [
        (np.zeros((2, 2)), "m.png", "float64"),
        (np.full((2, 2), 256), "m.png", "from 256 to 256"),
        (np.full((2, 2), -1), "m.png", "from -1"),
        (np.zeros((1, 2, 2), int), "m.png", r"shape \(1, 2, 2\)"),
        (np.zeros((2, 2), int), "m.jpg", r"ends in \.png"),
    ],
)
def test_masks_that_a_palette_cannot_hold_are_refused(mask, name, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        save_mask(tmp_path / name, mask)
    assert not list(tmp_path.iterdir())


def test_the_spacing_of_dicom_reaches_distances(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    path = tmp_path / "scan.dcm"
    data = pydicom.Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID, data.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3"
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.Rows, data.Columns, data.BitsAllocated, data.BitsStored = 8, 16, 8, 8
    data.SamplesPerPixel, data.PixelRepresentation = 1, 0
    data.PhotometricInterpretation, data.HighBit = "MONOCHROME2", 7
    data.PixelData = bytes(128)
    data.save_as(path, enforce_file_format=True)
    assert read_spacing(path) is None
    data.ImagerPixelSpacing = [0.2, 0.2]
    data.save_as(path, enforce_file_format=True)
    assert read_spacing(path) == (0.2, 0.2)
    data.PixelSpacing = [0.7, 0.3]
    data.save_as(path, enforce_file_format=True)
    assert read_spacing(path) == (0.7, 0.3)
    assert read_spacing(path, (4, 4)) == pytest.approx((1.4, 1.2))
    true, found = np.zeros((2, 1, 8, 16), int)
    true[0, 2, 2:6], found[0, 5, 2:6] = 1, 1
    assert hausdorff_distance(true, found, spacing=read_spacing(path)) == pytest.approx(3 * 0.7)
    data.PixelSpacing = [0, 0.3]
    data.save_as(path, enforce_file_format=True)
    with pytest.raises(ValueError, match=r"scan\.dcm' says that its pixels measure"):
        read_spacing(path)


def test_the_spacing_of_nifti_follows_the_axes_that_the_image_has(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    volume = nibabel.Nifti1Image(np.zeros((6, 4, 1), np.uint8), np.diag([0.3, 0.7, 2, 1]))
    nibabel.save(volume, tmp_path / "slice.nii.gz")
    assert read_spacing(tmp_path / "slice.nii.gz") == (0.7, 0.3)
    volume.header.set_xyzt_units("micron")
    nibabel.save(volume, tmp_path / "slice.nii")
    assert read_spacing(tmp_path / "slice.nii") == pytest.approx((0.0007, 0.0003))


def test_other_formats_know_no_spacing(tmp_path):
    Image.new("L", (4, 4)).save(tmp_path / "a.png", dpi=(300, 300))  # of a print
    assert read_spacing(tmp_path / "a.png") is None
    assert isinstance(object_table([np.eye(2, dtype=int)]), pd.DataFrame)

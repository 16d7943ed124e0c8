"""Headers of DICOM files become patients and columns; pixels and private elements stay unread."""

import re
from pathlib import Path

import numpy as np
import pytest

from skmedimg.datasets import load_dicom_folder
from skmedimg.images import read_image
from tests.tools.mutants import mutant

pydicom = pytest.importorskip("pydicom")

CT = "1.2.840.10008.5.1.4.1.1.2"
SCREENSHOT = "1.2.840.10008.5.1.4.1.1.7"


def write(path, frames=1, value=7, sop_class=CT, **elements):
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, f"1.2.{value}"
    dataset.PatientName = "Doe^Jane"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 4, 6, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    pixels = np.arange(frames, dtype=np.uint8)[:, None, None] + np.full((1, 4, 6), value, np.uint8)
    dataset.PixelData = pixels.tobytes()
    if frames > 1:
        dataset.NumberOfFrames = frames
    for name, content in ({"PatientID": "p1", "SeriesInstanceUID": "1.9"} | elements).items():
        setattr(dataset, name, content)
    dataset.add_new(0x00091001, "LO", "a free note")
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def root(tmp_path):
    """One CT series of five slices, stored from last to first, and two radiographs."""
    home = tmp_path / "export"
    for k in range(5):
        write(
            home / "ct" / f"IM{9 - k}",
            value=k,
            ImagePositionPatient=[0, 0, -2.0 * k],
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
            PixelSpacing=[0.5, 0.7],
            PatientSex="F",
            PatientAge="006M",
        )
    facts = {"PatientID": " 007 ", "PatientAge": "045Y", "InstitutionName": "North"}
    facts |= {"ViewPosition": "PA", "ImageLaterality": "L", "Modality": "DX"}
    write(home / "xray" / "a.dcm", 1, 50, SeriesInstanceUID="1.10", **facts)
    write(
        home / "xray" / "b.dcm",
        value=51,
        SeriesInstanceUID="1.11",
        ImageType=["DERIVED", "PRIMARY"],
        PresentationIntentType="FOR PRESENTATION",
        **facts,
    )
    return home


def test_headers_become_patients_and_columns(root):
    data = load_dicom_folder(root)
    assert data.groups.tolist() == ["p1"] * 5 + ["007"] * 2
    assert data.columns["age"].tolist() == [0.5] * 5 + [45] * 2
    assert data.columns["spacing_columns"][:5].tolist() == [0.7] * 5
    last = data.columns.iloc[-1]
    assert last[["site", "view", "laterality", "modality"]].tolist() == ["North", "PA", "L", "DX"]
    assert data.columns["sex"].notna().tolist() == [True] * 5 + [False] * 2
    assert (data.target, data.split, data.masks) == (None, None, None)


def test_a_series_is_in_the_order_of_its_places_and_gives_its_middle(root):
    data = load_dicom_folder(root)
    first = [int(read_image(path)[0, 0]) for path in data.paths[:5]]
    assert first == [4, 3, 2, 1, 0]  # places run to the negative
    middle = load_dicom_folder(root, images="middle")
    assert [int(read_image(path)[0, 0]) for path in middle.paths] == [2, 50, 51]
    assert len(load_dicom_folder(root, images=2).paths) == 3 + 2


def test_derived_images_and_secondary_captures_are_listed_and_left_out(root):
    write(root / "screen", 1, 60, sop_class=SCREENSHOT)
    write(root / "mpr", 1, 61, ImageType=["DERIVED", "SECONDARY", "MPR"])
    write(root / "map", 1, 62, ImageType=["DERIVED", "PRIMARY"])
    write(root / "report", 1, 63, Rows=None)
    (root / "notes.txt").write_text("notes")
    data = load_dicom_folder(root)
    reasons = {Path(path).name: why for path, why in data.report.ignored}
    assert len(data.paths) == 7
    assert reasons["screen"] == "a secondary capture; derived=True keeps it"
    assert reasons["mpr"].startswith("made of other images")
    assert reasons["map"].startswith("derived from another image")
    assert reasons["report"].startswith("DICOM without pixels")
    assert len(load_dicom_folder(root, derived=True).paths) == 10


def test_neither_names_nor_private_elements_nor_pixels_are_read(root):
    data = load_dicom_folder(root)
    everything = repr(data.columns.to_dict()) + str(data.report) + repr(data.groups)
    assert not re.search("Doe|Jane|free note", everything)
    for path in root.rglob("*.dcm"):  # the pixels are last in a file
        path.write_bytes(path.read_bytes()[:-40])
    assert len(load_dicom_folder(root).paths) == 7


def test_files_of_several_frames_need_a_folder_for_them(root, tmp_path):
    write(root / "cine", 6, 100, SeriesInstanceUID="1.12", PatientID="p9")
    with pytest.raises(ValueError, match=r"cine': each holds several images; slice_folder="):
        load_dicom_folder(root)
    assert len(load_dicom_folder(root, on_error="skip-report").paths) == 7
    data = load_dicom_folder(root, images=2, slice_folder=tmp_path / "frames")
    frames = data.columns["patient"] == "p9"
    assert data.columns["frame"][frames].tolist() == [0, 2, 4]
    assert [int(read_image(path)[0, 0]) for path in data.paths[frames]] == [100, 102, 104]
    assert data.groups.tolist() == data.columns["patient"].tolist()


def test_labels_come_from_folders_or_a_function(root):
    assert load_dicom_folder(root, labels_from="folder").target_names.tolist() == ["ct", "xray"]
    data = load_dicom_folder(root, labels_from=lambda path: path.name[0])
    assert data.target.tolist() == ["I"] * 5 + ["a", "b"]


def test_a_missing_patient_and_one_id_for_two_are_named(root):
    write(root / "other", 1, 80, PatientID="p1", PatientSex="M", SeriesInstanceUID="1.20")
    with pytest.warns(UserWarning, match="1 patient ids have images of several sexes: 'p1'"):
        load_dicom_folder(root)
    (root / "other").unlink()
    write(root / "nobody", 1, 81, PatientID="", SeriesInstanceUID="1.21")
    with pytest.raises(ValueError, match=r"1 images have no patient: .*nobody"):
        load_dicom_folder(root)


def test_links_out_of_the_folder_are_refused(root, tmp_path):
    outside = write(tmp_path / "elsewhere.dcm")
    (root / "link.dcm").symlink_to(outside)
    with pytest.raises(ValueError, match="leaves the folder"):
        load_dicom_folder(root)


def test_a_folder_without_dicom_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no DICOM images that are used"):
        load_dicom_folder(tmp_path)


@pytest.mark.filterwarnings("ignore")
def test_damaged_headers_are_refused_by_name(tmp_path):
    whole = write(tmp_path / "whole", PatientSex="F", PatientAge="045Y").read_bytes()
    (tmp_path / "whole").unlink()
    path, refusals = tmp_path / "a.dcm", []
    for seed in range(60):
        path.write_bytes(mutant(whole, np.random.RandomState(seed)))
        try:
            assert len(load_dicom_folder(tmp_path).paths) == 1
        except ValueError as error:  # ImageReadError is one
            refusals.append(str(error))
    assert refusals
    assert all("a.dcm" in refusal for refusal in refusals)

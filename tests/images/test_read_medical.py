"""DICOM is read as it is meant to be shown, NIfTI slice by slice."""

import struct
import sys
import tracemalloc
import warnings

import numpy as np
import pytest

from skmedimg.images import ImageReadError, LazyImages, read_image
from tests.tools.mutants import survive_mutations

pydicom = pytest.importorskip("pydicom")
nibabel = pytest.importorskip("nibabel")

STORED = np.arange(64 * 48).reshape(64, 48).astype(np.uint16)  # 12 bits


def bundled(name):
    return pydicom.data.get_testdata_file(name, download=False)


@pytest.fixture
def dicom(tmp_path):
    """Write pixels and settings to a DICOM file and return its path."""

    def write(pixels, bits, *, name="a.dcm", photometric="MONOCHROME2", frames=1, **settings):
        dataset = pydicom.Dataset()
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        dataset.SOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
        dataset.SOPInstanceUID = pydicom.uid.generate_uid(entropy_srcs=["test"])
        dataset.Rows, dataset.Columns = pixels.shape[-2:]
        dataset.SamplesPerPixel = 1
        dataset.PhotometricInterpretation = photometric
        dataset.BitsAllocated = pixels.dtype.itemsize * 8
        dataset.BitsStored, dataset.HighBit = bits, bits - 1
        dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
        dataset.PixelData = pixels.tobytes()
        if frames > 1:
            dataset.NumberOfFrames = frames
        for keyword, value in settings.items():
            setattr(dataset, keyword, value)
        dataset.save_as(tmp_path / name, enforce_file_format=True)
        return tmp_path / name

    return write


def shares(image):
    return image / np.iinfo(image.dtype).max


@pytest.mark.parametrize("name", ["MR_small.dcm", "examples_overlay.dcm", "693_J2KI.dcm"])
def test_windowed_dicom_equals_pydicom(name):
    dataset = pydicom.dcmread(bundled(name))
    rescaled = pydicom.pixels.apply_modality_lut(dataset.pixel_array, dataset)
    shown = pydicom.pixels.apply_voi_lut(rescaled, dataset)
    expected = (shown - shown.min()) / (shown.max() - shown.min())
    image = shares(read_image(bundled(name)))
    np.testing.assert_allclose(
        (image - image.min()) / (image.max() - image.min()), expected, atol=2e-5
    )


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_window_functions_equal_pydicom(dicom, function):
    path = dicom(STORED, 12, WindowCenter=1500, WindowWidth=800, VOILUTFunction=function)
    dataset = pydicom.dcmread(path)
    expected = pydicom.pixels.apply_voi_lut(dataset.pixel_array, dataset) / 4095
    np.testing.assert_allclose(shares(read_image(path)), expected, atol=2e-5)


def lookup_table(bits, packed):
    entries = (2**bits - 1) * (np.arange(4096) / 4095) ** 2
    table = pydicom.Dataset()
    table.LUTDescriptor = [4096, 0, bits]
    table["LUTDescriptor"].VR = "US"
    packed_or_not = entries.astype("<u2").tobytes() if packed else entries.astype(int).tolist()
    table.add_new("LUTData", "OW" if packed else "US", packed_or_not)
    return [table]


@pytest.mark.parametrize("packed", [True, False])
def test_look_up_tables_equal_pydicom(dicom, packed):
    path = dicom(STORED, 12, VOILUTSequence=lookup_table(12, packed))
    dataset = pydicom.dcmread(path)
    expected = pydicom.pixels.apply_voi_lut(dataset.pixel_array, dataset) / 4095
    np.testing.assert_allclose(shares(read_image(path)), expected, atol=2e-5)
    path = dicom(STORED, 12, ModalityLUTSequence=lookup_table(16, packed))
    dataset = pydicom.dcmread(path)
    expected = pydicom.pixels.apply_modality_lut(dataset.pixel_array, dataset) / 65535
    np.testing.assert_allclose(shares(read_image(path)), expected, atol=2e-5)


def test_an_empty_window_counts_as_none(dicom):
    path = dicom(STORED, 12, WindowCenter="", WindowWidth="")
    np.testing.assert_allclose(shares(read_image(path)), STORED / 4095, atol=1e-5)


def test_without_a_window_the_stored_bits_span_the_range(dicom):
    image = read_image(dicom(STORED, 12))
    assert image.dtype == np.uint16
    np.testing.assert_allclose(shares(image), STORED / 4095, atol=1e-5)


def test_8_bit_dicom_is_uint8_and_unchanged(dicom):
    pixels = (STORED % 256).astype(np.uint8)
    image = read_image(dicom(pixels, 8))
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, pixels)


def test_16_bit_dicom_is_unchanged(dicom):
    pixels = np.random.RandomState(0).randint(0, 65536, (20, 30)).astype(np.uint16)
    np.testing.assert_array_equal(read_image(dicom(pixels, 16)), pixels)


def test_monochrome1_is_inverted(dicom):
    plain = read_image(dicom(STORED, 12, name="plain.dcm"))
    np.testing.assert_array_equal(
        read_image(dicom(STORED, 12, photometric="MONOCHROME1")), 65535 - plain.astype(int)
    )


def test_slope_and_intercept_come_before_the_window(dicom):
    hounsfield = np.array([[-1000, 0, 40, 80, 1000]], np.int16)
    path = dicom(
        ((hounsfield + 1024) // 2).astype(np.int16), 12, RescaleSlope=2, RescaleIntercept=-1024
    )
    np.testing.assert_allclose(
        shares(read_image(path, window=(40, 81))), [[0, 0.00625, 0.50625, 1, 1]], atol=1e-4
    )


def test_the_first_of_several_windows_is_taken_and_ours_wins(dicom):
    path = dicom(STORED, 12, WindowCenter=[1500, 200], WindowWidth=[800, 100])
    one = dicom(STORED, 12, name="one.dcm", WindowCenter=1500, WindowWidth=800)
    np.testing.assert_array_equal(read_image(path), read_image(one))
    other = dicom(STORED, 12, name="other.dcm", WindowCenter=200, WindowWidth=100)
    np.testing.assert_array_equal(read_image(one, window=(200, 100)), read_image(other))


def test_frames_are_refused_unless_one_is_chosen(dicom):
    frames = np.stack([STORED, STORED[::-1]])
    path = dicom(frames, 16, frames=2)
    with pytest.raises(ImageReadError, match=r"a\.dcm' holds 2 images.*frame=i"):
        read_image(path)
    np.testing.assert_array_equal(read_image(path, frame=1), STORED[::-1])


def test_each_frame_has_its_own_rescaling(dicom):
    groups = []
    for intercept in (0, 1000):
        rescaling = pydicom.Dataset()
        rescaling.RescaleSlope, rescaling.RescaleIntercept = 1, intercept
        group = pydicom.Dataset()
        group.PixelValueTransformationSequence = [rescaling]
        groups.append(group)
    path = dicom(np.stack([STORED, STORED]), 12, frames=2, PerFrameFunctionalGroupsSequence=groups)
    second = read_image(path, frame=1, window=(3000, 2001)).astype(int)
    np.testing.assert_array_equal(second, read_image(path, frame=0, window=(2000, 2001)))


@pytest.mark.parametrize(
    "name", ["SC_rgb_rle.dcm", "SC_ybr_full_422_uncompressed.dcm", "ExplVR_BigEnd.dcm"]
)
def test_color_dicom_equals_pydicom(name):
    expected = pydicom.pixels.pixel_array(bundled(name))
    np.testing.assert_array_equal(read_image(bundled(name)), expected)


def test_a_color_palette_is_looked_up():
    image = read_image(bundled("examples_palette.dcm"))
    assert image.dtype == np.uint8
    dataset = pydicom.dcmread(bundled("examples_palette.dcm"))
    expected = pydicom.pixels.apply_color_lut(dataset.pixel_array, dataset) / 65535
    np.testing.assert_allclose(image / 255, expected, atol=1 / 255)


def test_dicom_without_preamble_is_known_by_its_name(dicom):
    path = dicom(STORED, 12)
    expected = read_image(path)
    path.write_bytes(path.read_bytes()[132:])
    np.testing.assert_array_equal(read_image(path), expected)


def test_dicom_without_a_suffix_is_known_by_its_preamble(dicom):
    assert read_image(dicom(STORED, 12, name="IM000001")).shape == STORED.shape


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("reportsi.dcm", "DICOM without pixels"),
        ("MR_truncated.dcm", "cannot be decoded: .*8130 vs 8192"),
        ("JPEGLSNearLossless_08.dcm", "cannot be decoded: .*plugins are missing"),
    ],
)
def test_dicom_that_cannot_be_shown_is_named_with_the_reason(name, reason):
    with pytest.raises(ImageReadError, match=f"{name}' .*{reason}|{name}' is {reason}"):
        read_image(bundled(name))


def test_dicom_is_held_to_the_size_limit(dicom):
    with pytest.raises(ImageReadError, match=r"48 x 64 pixels, more than max_pixels=100"):
        read_image(dicom(STORED, 12), max_pixels=100)


def test_dicom_goes_through_lazy_stacks(dicom):
    paths = [dicom(STORED, 12, name=f"{k}.dcm") for k in range(2)]
    images = LazyImages(paths, size=(32, 32), window=(2000, 1000))
    assert images.dtype == np.uint16
    assert images.load().shape == (2, 32, 32)


def test_mutated_dicom_is_read_or_refused_in_one_way(dicom):
    path = dicom(STORED[:16, :16], 12, WindowCenter=1500, WindowWidth=800)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns of every value it doubts
        survive_mutations(path, path.read_bytes()[100:], range(300))


@pytest.mark.parametrize("suffix", ["nii", "nii.gz"])
def test_slices_of_nifti_equal_nibabel_turned_upright(tmp_path, suffix):
    volume = np.random.RandomState(0).randint(-500, 500, (7, 9, 4)).astype(np.int16)
    path = tmp_path / f"a.{suffix}"
    nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), path)
    for k in range(4):
        image = read_image(path, frame=k)
        assert image.dtype == np.int16
        np.testing.assert_array_equal(image, volume[:, ::-1, k].T)
    with pytest.raises(ImageReadError, match="holds 4 images"):
        read_image(path)


def test_rescaled_nifti_becomes_float32(tmp_path):
    picture = nibabel.Nifti1Image(np.array([[0, 100], [200, 300]], np.int16), np.eye(4))
    picture.header.set_slope_inter(0.5, 10)
    nibabel.save(picture, tmp_path / "a.nii")
    image = read_image(tmp_path / "a.nii")
    assert image.dtype == np.float32
    np.testing.assert_allclose(image, nibabel.load(tmp_path / "a.nii").get_fdata()[:, ::-1].T)


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("suffix", ["nii", "nii.gz"])
def test_extensions_of_nifti_headers_are_read_past(tmp_path, kind, order, suffix):
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    picture = kind(pixels, np.eye(4), kind.header_class(endianness=order))
    for text in (b"one", b"another one " * 100):
        picture.header.extensions.append(nibabel.nifti1.Nifti1Extension(6, text))
    nibabel.save(picture, tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(read_image(tmp_path / f"a.{suffix}"), pixels[:, ::-1].T)


@pytest.mark.parametrize("start", [368, 0])  # of the pixels; before the extensions: read them all
@pytest.mark.parametrize("size", [2**31 - 1, -1, 0])
def test_nifti_header_with_an_impossible_extension_takes_no_memory(tmp_path, size, start):
    picture = nibabel.Nifti1Image(np.zeros((8, 8), np.uint8), np.eye(4))
    picture.header.extensions.append(nibabel.nifti1.Nifti1Extension(6, b"text"))
    file = bytearray(picture.to_bytes())
    file[352:356] = struct.pack("<i", size)
    file[108:112] = struct.pack("<f", start)
    (tmp_path / "a.nii").write_bytes(file)
    tracemalloc.start()
    with pytest.raises(ImageReadError, match=f"extension of its header of {size} bytes"):
        read_image(tmp_path / "a.nii")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6


def test_series_of_volumes_are_refused(tmp_path):
    nibabel.save(
        nibabel.Nifti1Image(np.zeros((3, 4, 2, 5), np.uint8), np.eye(4)), tmp_path / "a.nii"
    )
    with pytest.raises(ImageReadError, match=r"series of volumes of shape \(3, 4, 2, 5\)"):
        read_image(tmp_path / "a.nii", frame=0)


def test_mutated_nifti_is_read_or_refused_in_one_way(tmp_path):
    path = tmp_path / "a.nii"
    nibabel.save(nibabel.Nifti1Image(np.zeros((8, 8), np.uint8), np.eye(4)), path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        survive_mutations(path, path.read_bytes()[:400], range(100))


@pytest.mark.parametrize(("package", "extra"), [("pydicom", "dicom"), ("nibabel", "nifti")])
def test_a_missing_package_names_its_extra(dicom, tmp_path, monkeypatch, package, extra):
    monkeypatch.setitem(sys.modules, package, None)
    path = dicom(STORED, 12) if package == "pydicom" else tmp_path / "a.nii"
    path.touch()
    path.write_bytes(path.read_bytes() or b"x")
    with pytest.raises(ImportError, match=rf"needs {package}: pip install \"skmedimg\[{extra}\]\""):
        read_image(path)

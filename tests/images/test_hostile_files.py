"""Small files that ask for much: bytes, memory and time have limits, and no file is mapped."""

import gzip
import io
import mmap
import struct
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from skmedimg import load_image_folder
from skmedimg.images import ImageReadError, read_image
from tests.images.test_read_image import png, png_chunk

SMOOTH = np.add.outer(np.arange(64), np.arange(96)).astype(np.uint8)
IFD = 2 + 9 * 12 + 4  # bytes


def gray_tiff(n_pages, after_last=None):
    """Return a TIFF of pages of one pixel; the last may point back to another page."""
    places = [8 + k * IFD for k in range(n_pages)]
    file = bytearray(struct.pack("<2sHI", b"II", 42, places[0]))
    entries = [(256, 1), (257, 1), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 1)]
    for k in range(n_pages):
        file += struct.pack("<H", 9)
        for tag, value in [*entries, (279, 1)]:
            file += struct.pack("<HHII", tag, 4, 1, value)
        last = 0 if after_last is None else places[after_last]
        file += struct.pack("<I", places[k + 1] if k < n_pages - 1 else last)
    return bytes(file)


def deflated(tmp_path, extra=b""):
    """Write a deflated DICOM file of 8 x 8 pixels and a private element."""
    pydicom = pytest.importorskip("pydicom")
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    dataset.SOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    dataset.SOPInstanceUID = "1.2.3"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 8, 8, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelRepresentation = 0
    dataset.PixelData = bytes(range(64))
    if extra:
        dataset.private_block(0x0011, "test", create=True).add_new(1, "OB", extra)
    path = tmp_path / "a.dcm"
    dataset.save_as(path, enforce_file_format=True)
    return path


def nifti(extensions, offset, shape=(8, 8)):
    """Return a NIfTI-1 file of zeros with these bytes between its header and the pixels."""
    nibabel = pytest.importorskip("nibabel")
    file = bytearray(nibabel.Nifti1Image(np.zeros(shape, np.uint8), np.eye(4)).to_bytes())
    file[108:112] = struct.pack("<f", offset)
    file[348:352] = b"\1\0\0\0"
    return bytes(file[:352] + extensions + file[352:])


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "pgm", "jpg", "webp", "gif"])
def test_pictures_are_not_mapped(tmp_path, monkeypatch, suffix):
    Image.fromarray(SMOOTH).save(tmp_path / f"a.{suffix}")
    monkeypatch.setattr(mmap, "mmap", pytest.fail)
    assert read_image(tmp_path / f"a.{suffix}").shape[:2] == SMOOTH.shape


def test_medical_files_are_not_mapped(tmp_path, monkeypatch):
    (tmp_path / "a.nii").write_bytes(nifti(b"", 352))
    dicom = deflated(tmp_path)
    monkeypatch.setattr(mmap, "mmap", pytest.fail)
    assert read_image(tmp_path / "a.nii").shape == (8, 8)
    np.testing.assert_array_equal(read_image(dicom), np.arange(64).reshape(8, 8))


def test_a_promised_length_is_not_allocated(tmp_path):
    whole = png(2, 1, 8, 0, bytes(3))
    chunk = bytearray(png_chunk(b"prVt", b"x"))
    chunk[:4] = struct.pack(">I", 2**30)
    (tmp_path / "a.png").write_bytes(whole[:33] + chunk + whole[33:])
    tracemalloc.start()
    with pytest.raises(ImageReadError, match=r"a\.png' cannot be decoded"):
        read_image(tmp_path / "a.png")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6


def test_deflated_dicom_is_held_to_a_limit_of_bytes(tmp_path):
    path = deflated(tmp_path, bytes(40_000_000))
    assert path.stat().st_size < 100_000
    tracemalloc.start()
    with pytest.raises(ImageReadError, match=r"a\.dcm' inflates to more than 4000000 bytes"):
        read_image(path, max_pixels=1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6
    assert read_image(path, max_pixels=20_000_000).shape == (8, 8)


@pytest.mark.parametrize("preamble", [True, False])
def test_deflated_dicom_without_a_preamble_is_held_to_it_too(tmp_path, preamble):
    path = deflated(tmp_path, bytes(100_000))
    path.write_bytes(path.read_bytes()[0 if preamble else 132 :])
    with pytest.raises(ImageReadError, match="inflates to more than 40000 bytes"):
        read_image(path, max_pixels=10_000)


def test_many_extensions_of_a_nifti_header_are_refused(tmp_path):
    pairs = struct.pack("<2i", 8, 6) * 2_000_000
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(nifti(pairs, 352 + len(pairs)), 1))
    with pytest.raises(ImageReadError, match=r"a\.nii\.gz' has more than 100 extensions"):
        read_image(path)


def test_extensions_of_a_nifti_header_are_limited_together(tmp_path):
    large = struct.pack("<2i", 2**23, 6) + bytes(2**23 - 8)
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(nifti(large * 3, 0), 1))
    with pytest.raises(ImageReadError, match="extension of its header of 8388608 bytes"):
        read_image(path)


def test_pixels_of_a_nifti_file_are_not_far_behind_its_header(tmp_path):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(nifti(b"", 1e12), 1))
    with pytest.raises(ImageReadError, match="announces 999999995904 bytes before its pixels"):
        read_image(path)


def test_pages_of_a_long_tiff_are_not_counted(tmp_path):
    (tmp_path / "long.tif").write_bytes(gray_tiff(3000))
    with pytest.raises(ImageReadError, match=r"long\.tif' holds 21 images or more"):
        read_image(tmp_path / "long.tif")
    (tmp_path / "a.tif").write_bytes(gray_tiff(3))
    with pytest.raises(ImageReadError, match=r"a\.tif' holds 3 images\. "):
        read_image(tmp_path / "a.tif")
    assert read_image(tmp_path / "a.tif", frame=2).shape == (1, 1)
    with pytest.raises(ImageReadError, match="holds 3 images, so there is no frame=3"):
        read_image(tmp_path / "a.tif", frame=3)


@pytest.mark.parametrize("back_to", [0, 1])
def test_a_cycle_of_tiff_pages_ends(tmp_path, back_to):
    (tmp_path / "a.tif").write_bytes(gray_tiff(2, after_last=back_to))
    assert read_image(tmp_path / "a.tif", frame=1).shape == (1, 1)
    with pytest.raises(ImageReadError, match="no frame=9"):
        read_image(tmp_path / "a.tif", frame=9)


def test_jpeg_with_very_many_scans_is_refused(tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(SMOOTH).save(buffer, "JPEG", progressive=True)
    file = buffer.getvalue()
    scan = file[file.rindex(b"\xff\xda") : -2]
    (tmp_path / "few.jpg").write_bytes(file)
    (tmp_path / "many.jpg").write_bytes(file[:-2] + 100 * scan + file[-2:])
    assert read_image(tmp_path / "few.jpg").shape == SMOOTH.shape
    with pytest.raises(ImageReadError, match=r"many\.jpg' has 106 scans"):
        read_image(tmp_path / "many.jpg")


def test_baseline_jpeg_with_very_many_scans_is_refused(tmp_path):
    buffer = io.BytesIO()
    Image.new("L", (8, 8), 200).save(buffer, "JPEG")
    gray = buffer.getvalue()
    size, scan = gray.index(b"\xff\xc0"), gray.index(b"\xff\xda")
    # Three colors, one scan each, all of them with the values and tables of the gray image.
    colors = b"".join(bytes([color, 0x11, 0]) for color in (1, 2, 3))
    header = struct.pack(">2sHBHHB", b"\xff\xc0", 17, 8, 8, 8, 3) + colors
    start = gray[:size] + header + gray[size + 13 : scan]
    scans = [gray[scan : scan + 5] + bytes([color]) + gray[scan + 6 : -2] for color in (1, 2, 3)]
    (tmp_path / "few.jpg").write_bytes(start + b"".join(scans) + b"\xff\xd9")
    (tmp_path / "many.jpg").write_bytes(start + b"".join(scans * 40) + b"\xff\xd9")
    assert read_image(tmp_path / "few.jpg").shape == (8, 8, 3)
    with pytest.raises(ImageReadError, match=r"many\.jpg' has 120 scans"):
        read_image(tmp_path / "many.jpg")


def test_scans_of_the_thumbnail_of_a_jpeg_do_not_count(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "\xff\xda" * 200
    exif[0x9286] = b"\xff\xda" * 200
    Image.fromarray(SMOOTH).save(tmp_path / "a.jpg", exif=exif)
    assert (tmp_path / "a.jpg").read_bytes().count(b"\xff\xda") > 200
    assert read_image(tmp_path / "a.jpg").shape == SMOOTH.shape


@pytest.mark.parametrize("filling", [b"#" + b"a" * 100_000 + b"\n", b" " * 100_000])
def test_long_headers_of_pgm_are_refused(tmp_path, filling):
    (tmp_path / "a.pgm").write_bytes(b"P5\n" + filling + b"2 1\n255\n\1\2")
    with pytest.raises(ImageReadError, match=r"a\.pgm' has a header of more than 65536 bytes"):
        read_image(tmp_path / "a.pgm")


def test_very_many_comments_within_pgm_are_refused(tmp_path):
    (tmp_path / "few.pgm").write_bytes(b"P2 # made\n2 1\n# by hand\n255\n" + b"7 " * 2)
    (tmp_path / "many.pgm").write_bytes(b"P2\n2 1\n255\n" + b"#\n" * 2000 + b"7 " * 2)
    np.testing.assert_array_equal(read_image(tmp_path / "few.pgm"), [[7, 7]])
    with pytest.raises(ImageReadError, match=r"many\.pgm' has 2000 comments"):
        read_image(tmp_path / "many.pgm")


@pytest.mark.parametrize(("color_type", "channels"), [(2, 3), (6, 4)])
def test_deep_pixels_count_as_several(tmp_path, color_type, channels):
    (tmp_path / "a.png").write_bytes(png(30, 20, 16, color_type, bytes(20 * (1 + 60 * channels))))
    most = 600 * channels // 2
    assert read_image(tmp_path / "a.png", max_pixels=most).shape == (20, 30, 3)
    with pytest.raises(ImageReadError, match=f"30 x 20 pixels of {2 * channels} bytes"):
        read_image(tmp_path / "a.png", max_pixels=most - 1)


@pytest.mark.parametrize(("color_type", "channels"), [(4, 2), (6, 4)])
def test_transparency_of_16_bits_is_exact_everywhere(tmp_path, color_type, channels):
    values = np.random.RandomState(0).randint(0, 65536, (300, 300, channels))
    values[:150, :, -1] = 65535
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    (tmp_path / "a.png").write_bytes(png(300, 300, 16, color_type, rows))
    # Python's integers have no largest value.
    exact = (values[..., :-1].astype(object) * values[..., -1:] * 2 + 65535) // (2 * 65535)
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.png"), np.squeeze(exact.astype(np.uint16))
    )


def test_transparency_of_16_bits_takes_little_memory(tmp_path):
    side = 1500
    (tmp_path / "a.png").write_bytes(png(side, side, 16, 6, bytes(side * (1 + 8 * side))))
    tracemalloc.start()
    read_image(tmp_path / "a.png")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * side**2


def test_a_file_that_takes_long_does_not_stall_the_check_of_a_folder(tmp_path, monkeypatch):
    for name in ("a/1.png", "b/1.png"):
        (tmp_path / name).parent.mkdir()
        Image.fromarray(SMOOTH).save(tmp_path / name)
    # Numbers as text take a thousand times the time of PNG.
    (tmp_path / "b/2.pgm").write_bytes(b"P2 3000 2000 255\n" + b"7 " * 6_000_000)
    monkeypatch.setattr("skmedimg.datasets._find_images.MAX_SECONDS", 0.2)
    data = load_image_folder(tmp_path, on_error="skip-report")
    assert len(data.paths) == 2
    [(path, reason)] = data.report.skipped
    assert path.endswith("2.pgm")
    assert "takes more than 0.2 s to decode" in reason
    with pytest.raises(ImageReadError, match=r"2\.pgm' takes more than 0\.2 s.*verify=False"):
        load_image_folder(tmp_path)
    assert len(load_image_folder(tmp_path, verify=False).paths) == 3

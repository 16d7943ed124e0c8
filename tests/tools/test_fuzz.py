"""A sample of the fuzzing that `python -m tests.tools.fuzz` does by the hundred thousand."""

import gzip
import io
import warnings
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.tools.fuzz import damaged, fuzz, judge
from tests.tools.fuzz_formats import FORMATS, Format
from tests.tools.mutants import with_checksums

pytest.importorskip("pydicom")
pytest.importorskip("nibabel")
SAMPLE = 25


def files(format, folder, contents):
    for number, content in enumerate(contents):
        path = folder / str(number) / format.name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        yield path


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_damaged_files_are_read_or_refused_by_name(tmp_path, name):
    format = FORMATS[name]
    wholes = format.wholes()
    mutants = (damaged(format, wholes, number) for number in range(SAMPLE))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [judge(format, path) for path in files(format, tmp_path, mutants)]
    assert [reason for _, reason in found if reason] == []


# of pydicom's files some hold no pixels, and complex numbers are no gray levels
@pytest.mark.parametrize("name", sorted({*FORMATS} - {"dicom", "nifti", "nifti.gz"}))
def test_whole_files_are_read(tmp_path, name):
    format = FORMATS[name]
    for path in files(format, tmp_path, format.wholes()):
        assert judge(format, path) == ("read", None)


def test_a_child_process_reads_and_counts():
    found = fuzz("ppm", first=7, count=20)
    assert sum(found["outcomes"].values()) == 20
    assert found["bad"] == []


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (AssertionError(), "read wrongly"),
        (ValueError("some file is bad"), "unnamed"),
        (ValueError("a.bad is bad"), "refused"),
        (KeyError("a.bad"), "another error"),
        (MemoryError(), "out of memory"),
    ],
)
def test_what_a_reader_does_wrong_is_told_apart(tmp_path, error, outcome):
    def read(path):
        raise error

    assert judge(Format("a.bad", None, read, (ValueError,), None), tmp_path / "a.bad")[0] == outcome


def test_a_lack_of_memory_behind_a_refusal_is_seen(tmp_path):
    def read(path):
        try:
            raise MemoryError
        except MemoryError as error:
            raise ValueError("a.bad cannot be decoded") from error

    found = judge(Format("a.bad", None, read, (ValueError,), None), tmp_path / "a.bad")
    assert found[0] == "out of memory"


def a_png():
    buffer = io.BytesIO()
    Image.new("L", (9, 9), 7).save(buffer, "PNG")
    return buffer.getvalue()


def a_zip():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", b"abc")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "whole", "check"),
    [
        ("png", a_png(), lambda data: Image.open(io.BytesIO(data)).verify()),
        ("gzip", gzip.compress(b"abc"), gzip.decompress),
        ("zip", a_zip(), lambda data: zipfile.ZipFile(io.BytesIO(data)).testzip()),
    ],
    ids=["png", "gzip", "zip"],
)
def test_checksums_are_mended_after_the_damage(kind, whole, check):
    def flip(data, random):
        return data[:-1] + bytes([data[-1] ^ 1])

    random = np.random.RandomState(1)  # its first drawing asks for mended checksums
    mutant = with_checksums(kind)(whole, random, flip)
    assert mutant not in (whole, flip(whole, None))
    assert check(mutant) in (None, b"abb")

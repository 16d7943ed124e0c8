"""Public data sets are downloaded only when asked, can be resumed, and are checked."""

import hashlib
import io
import re
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from skmedimg.datasets import (
    _medmnist,
    _medmnist_table,
    _public_sets,
    fetch_brain_mri,
    fetch_chest_xray,
    fetch_lungs,
    fetch_medmnist,
)
from skmedimg.datasets._fetch_file import fetch_file
from skmedimg.datasets._unpack_zip import unpack_zip
from skmedimg.images import load_masks

CHEST = (
    *("train/NORMAL/IM-0115-0001.jpeg", "train/PNEUMONIA/person1_bacteria_1.jpeg"),
    *("train/PNEUMONIA/person1_virus_6.jpeg", "test/NORMAL/NORMAL2-IM-0007-0001.jpeg"),
    "test/PNEUMONIA/person1_bacteria_2.jpeg",
)


class Server(ThreadingHTTPServer):
    """Serves one file on the loopback address, and may cut connections or know no ranges."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.cuts, self.knows_ranges, self.ranges = b"", [], True, []
        self.url = f"http://127.0.0.1:{self.server_port}/file"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        content, asked = self.server.content, self.headers.get("Range")
        self.server.ranges.append(asked)
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked else 0
        if not self.server.knows_ranges:
            start, asked = 0, None
        if asked and start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        cut = self.server.cuts.pop(0) if self.server.cuts else None
        self.wfile.write(content[start:] if cut is None else content[start : start + cut])

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def sha256(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def picture(size=8, value=7, kind="JPEG"):
    buffer = io.BytesIO()
    Image.new("L", (size, size), value).save(buffer, kind)
    return buffer.getvalue()


def zip_of(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return buffer.getvalue()


def publish(monkeypatch, server, name, content, **facts):
    """Let a data set be what the server has."""
    server.content = content
    facts = {"url": server.url, "digest": sha256(content), "archive_bytes": None} | facts
    monkeypatch.setitem(_public_sets.SETS, name, _public_sets.SETS[name]._replace(**facts))


# The file.


def test_a_file_comes_whole(server, tmp_path):
    server.content = np.random.RandomState(0).bytes(3_000_000)
    fetch_file(server.url, str(tmp_path / "a"), digest=sha256(server.content), limit=3_000_000)
    assert (tmp_path / "a").read_bytes() == server.content
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_cut_connection_is_taken_up_where_it_ended(server, tmp_path):
    server.content, server.cuts = bytes(range(256)) * 20, [1000, 3000]
    fetch_file(server.url, str(tmp_path / "a"), digest=sha256(server.content), limit=9999)
    assert (tmp_path / "a").read_bytes() == server.content
    assert server.ranges == [None, "bytes=1000-", "bytes=4000-"]


def test_a_later_call_continues_what_an_earlier_one_left(server, tmp_path):
    server.content, server.cuts = bytes(range(256)) * 20, [1000, 0]
    with pytest.raises(OSError, match=r"1,000 bytes are kept in .*; call again to continue"):
        fetch_file(server.url, str(tmp_path / "a"), limit=9999)
    assert not (tmp_path / "a").exists()
    fetch_file(server.url, str(tmp_path / "a"), digest=sha256(server.content), limit=9999)
    assert server.ranges[-1] == "bytes=1000-"


def test_a_server_without_ranges_sends_all_again(server, tmp_path):
    server.content, server.knows_ranges = bytes(range(256)) * 20, False
    (tmp_path / "a.part").write_bytes(b"x" * 1000)
    fetch_file(server.url, str(tmp_path / "a"), digest=sha256(server.content), limit=9999)
    assert (tmp_path / "a").read_bytes() == server.content


@pytest.mark.parametrize("left", [b"0123456789", b"0123456789 and more"])
def test_a_part_that_is_complete_or_too_long_ends_well(server, tmp_path, left):
    server.content = b"0123456789"
    (tmp_path / "a.part").write_bytes(left)
    fetch_file(server.url, str(tmp_path / "a"), digest=sha256(server.content), limit=99)
    assert (tmp_path / "a").read_bytes() == server.content


def test_another_digest_is_refused_and_nothing_is_kept(server, tmp_path):
    server.content = b"not what was published"
    with pytest.raises(ValueError, match="is not the published file: its digest is md5:"):
        fetch_file(server.url, str(tmp_path / "a"), digest="md5:00", limit=99)
    assert list(tmp_path.iterdir()) == []


def test_more_bytes_than_expected_are_refused(server, tmp_path):
    server.content = b"0" * 100
    with pytest.raises(OSError, match="100 bytes are announced, at most 99 are expected"):
        fetch_file(server.url, str(tmp_path / "a"), limit=99)


def test_an_address_out_of_reach_names_the_way_out(server, tmp_path):
    url = server.url
    server.shutdown()
    server.server_close()
    with pytest.raises(OSError, match=r"download the file elsewhere and pass from_folder="):
        fetch_file(url, str(tmp_path / "a"), limit=99)


# The archive.


def unpack(tmp_path, content, max_files=9, max_bytes=999):
    (tmp_path / "a.zip").write_bytes(content)
    limits = {"max_files": max_files, "max_bytes": max_bytes}
    unpack_zip(str(tmp_path / "a.zip"), str(tmp_path / "new"), wanted=lambda name: True, **limits)


def linked(name="a/link", kind=0o120777):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        member = zipfile.ZipInfo(name)
        member.create_system, member.external_attr = 3, kind << 16
        file.writestr(member, "/etc/passwd")
    return buffer.getvalue()


UNSAFE = {
    "a parent": zip_of({"../out.txt": b"x"}),
    "a parent inside": zip_of({"a/../../out.txt": b"x"}),
    "an absolute path": zip_of({"/out.txt": b"x"}),
    "a drive": zip_of({"C:/out.txt": b"x"}),
    "a backslash": zip_of({"..\\out.txt": b"x"}),
    "a link": linked(),
    "a device": linked(kind=0o020666),
    "many files": zip_of({f"{i}.txt": b"x" for i in range(10)}),
    "many bytes": zip_of({"a.txt": b"0" * 1000}),
    "no zip": b"<html>Log in</html>",
}


@pytest.mark.parametrize("content", UNSAFE.values(), ids=UNSAFE)
def test_unsafe_archives_are_refused_before_anything_is_written(tmp_path, content):
    with pytest.raises(ValueError, match=r"a\.zip"):
        unpack(tmp_path, content)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_truncated_archive_is_refused(tmp_path, share):
    content = zip_of({"a.bin": np.random.RandomState(0).bytes(500)})
    with pytest.raises(ValueError, match="damaged or incomplete"):
        unpack(tmp_path, content[: int(share * len(content))])
    assert not (tmp_path / "new").exists()


def test_a_damaged_member_leaves_no_folder(tmp_path):
    content = bytearray(zip_of({"a.bin": np.random.RandomState(0).bytes(500)}))
    content[200] ^= 255
    with pytest.raises(ValueError, match="damaged or incomplete"):
        unpack(tmp_path, bytes(content))
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


# The sets.


def chest_archive():
    files = {f"chest_xray/{name}": picture(value=i) for i, name in enumerate(CHEST)}
    hidden = {f"__MACOSX/chest_xray/{name}": b"?" for name in CHEST}
    return zip_of(files | hidden | {"chest_xray/train/NORMAL/._IM-1.jpeg": b"?"})


def test_chest_xrays_come_with_patients_and_split(monkeypatch, server, tmp_path):
    publish(monkeypatch, server, "chest_xray", chest_archive(), n_images=5)
    with pytest.raises(FileNotFoundError, match=r"1\.2 GB \(license: CC BY 4\.0\)"):
        fetch_chest_xray(data_home=tmp_path)
    assert server.ranges == []  # nothing is downloaded unasked
    data = fetch_chest_xray(data_home=tmp_path, download=True)
    assert data.report.class_counts == {"NORMAL": 2, "PNEUMONIA": 3}
    assert sorted(set(data.groups)) == [
        *("IM-0115", "NORMAL2-IM-0007", "person1_bacteria", "person1_virus")
    ]
    assert list(data.split).count("test") == 2
    assert "CC BY 4.0" in data.DESCR
    again = fetch_chest_xray(data_home=tmp_path)
    assert list(again.paths) == list(data.paths)
    assert len(server.ranges) == 1


def test_a_folder_with_fewer_images_warns(tmp_path):
    for i, name in enumerate(CHEST):
        path = tmp_path / "chest_xray" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(value=i))
    with pytest.warns(UserWarning, match=r"5 images are here; 5,856 were published"):
        data = fetch_chest_xray(from_folder=tmp_path)
    assert len(data.paths) == 5


def test_the_folder_of_downloads_is_named_by_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("SKMEDIMG_DATA_HOME", str(tmp_path / "here"))
    with pytest.raises(FileNotFoundError, match=r"here.lungs"):
        fetch_lungs()


def test_brain_slices_are_checked_by_their_content(monkeypatch, server, tmp_path):
    files = {"no/1 no.jpeg": picture(value=1), "yes/Y1.JPG": picture(value=2)}
    twice = files | {f"brain_tumor_dataset/{name}": content for name, content in files.items()}
    publish(monkeypatch, server, "brain_mri", zip_of(twice), digest=None, n_images=2)
    with pytest.raises(ValueError, match="does not hold the 253 published images"):
        fetch_brain_mri(data_home=tmp_path, download=True)
    assert list(tmp_path.iterdir()) == []
    lines = "".join(sorted(f"{sha256(files[n])[7:]}  {n}\n" for n in files))
    monkeypatch.setattr(_public_sets, "_BRAIN_MRI_CONTENT", sha256(lines.encode())[7:])
    data = fetch_brain_mri(data_home=tmp_path, download=True)
    assert data.report.class_counts == {"no": 1, "yes": 1}
    assert data.groups is None


def test_the_published_brain_slices_have_the_digest(medical_data):
    data = fetch_brain_mri(from_folder=medical_data / "brain_mri")
    assert len(data.paths) == 253


def test_lungs_come_with_the_masks_of_both_sides(monkeypatch, server, tmp_path):
    left, right = np.zeros((2, 8, 8), np.uint8)
    left[2:4, 5:7] = right[2:4, 1:3] = 255
    files = {}
    for name in ("MCUCXR_0001_0.png", "MCUCXR_0104_1.png"):
        files[f"MontgomerySet/CXR_png/{name}"] = picture(kind="PNG")
        for side, mask in (("left", left), ("right", right)):
            buffer = io.BytesIO()
            Image.fromarray(mask).save(buffer, "PNG")
            files[f"MontgomerySet/ManualMask/{side}Mask/{name}"] = buffer.getvalue()
    files["MontgomerySet/CXR_png/Thumbs.db"] = b"?"
    publish(monkeypatch, server, "lungs", zip_of(files), n_images=2)
    data = fetch_lungs(data_home=tmp_path, download=True)
    assert data.report.class_counts == {"normal": 1, "tuberculosis": 1}
    assert list(data.groups) == ["MCUCXR_0001", "MCUCXR_0104"]
    np.testing.assert_array_equal(load_masks(data.masks)[0] > 0, (left | right) > 0)


def medmnist_file(size=28):
    buffer, random = io.BytesIO(), np.random.RandomState(0)
    arrays = {}
    for part, n in (("train", 4), ("val", 2), ("test", 3)):
        arrays[f"{part}_images"] = random.randint(0, 256, (n, size, size), dtype=np.uint8)
        arrays[f"{part}_labels"] = (np.arange(n) % 2)[:, None].astype(np.uint8)
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue(), arrays


def test_medmnist_comes_as_arrays_with_its_split(monkeypatch, server, tmp_path):
    server.content, arrays = medmnist_file()
    digest = hashlib.md5(server.content).hexdigest()
    facts = _medmnist_table.MEDMNIST["pneumoniamnist"]
    facts = facts._replace(md5=(digest, *facts.md5[1:]))
    monkeypatch.setitem(_medmnist_table.MEDMNIST, "pneumoniamnist", facts)
    monkeypatch.setattr(_medmnist, "URL", server.url + "?{}")
    data = fetch_medmnist("pneumoniamnist", data_home=tmp_path, download=True)
    assert list(data.split) == ["train"] * 4 + ["validation"] * 2 + ["test"] * 3
    assert list(data.target[:2]) == ["normal", "pneumonia"]
    np.testing.assert_array_equal(data.images[4:6], arrays["val_images"])
    own = fetch_medmnist("pneumoniamnist", from_folder=tmp_path / "medmnist")
    np.testing.assert_array_equal(own.images, data.images)
    (tmp_path / "medmnist" / "pneumoniamnist.npz").write_bytes(b"changed")
    with pytest.raises(ValueError, match="is not the published file"):
        fetch_medmnist("pneumoniamnist", from_folder=tmp_path / "medmnist")


def test_the_table_of_medmnist_is_complete():
    sets = _medmnist_table.MEDMNIST
    assert len(sets) == 11
    digests = [digest for facts in sets.values() for digest in facts.md5]
    assert len(set(digests)) == 44
    assert all(re.fullmatch("[0-9a-f]{32}", digest) for digest in digests)

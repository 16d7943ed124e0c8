"""FeatureStore: rows kept by content, in memory and on disk, whatever goes wrong."""

import copy
import errno
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from skmedimg import BackboneFeatures
from skmedimg.transfer import FeatureStore

WIDTH = 6
SPACE = "0123456789abcdef" * 2  # 32 hexadecimal digits, as a network's space has


def keys_of(numbers):
    return [int(number).to_bytes(16, "big") for number in numbers]


def rows_of(numbers):
    """What is stored under each number: a row that tells it."""
    return np.repeat(np.asarray(numbers, np.float32)[:, None], WIDTH, axis=1)


class Caller:
    """Fetches rows by number and counts how many had to be computed."""

    def __init__(self, store, space=SPACE):
        self.store = store
        self.space = space
        self.computed = []

    def __call__(self, numbers):
        numbers = list(numbers)

        def compute(positions):
            wanted = [numbers[position] for position in positions]
            self.computed += wanted
            return rows_of(wanted)

        rows = self.store.fetch(self.space, keys_of(numbers), compute)
        np.testing.assert_array_equal(rows, rows_of(numbers))
        return rows


def shards(folder):
    return sorted(Path(folder).rglob("*.shard"))


def test_rows_come_in_the_order_asked_for_and_are_computed_once():
    fetch = Caller(FeatureStore())
    fetch([3, 1, 2])
    fetch([2, 4, 3, 1])
    assert fetch.computed == [3, 1, 2, 4]


def test_an_image_that_occurs_twice_is_computed_once():
    fetch = Caller(FeatureStore())
    fetch([7, 7, 5, 7])
    assert fetch.computed == [7, 5]


def test_rows_are_copies_that_a_caller_may_change():
    fetch = Caller(FeatureStore())
    fetch([1, 2])[:] = -1
    fetch([1, 2])


def test_spaces_do_not_see_each_other(tmp_path):
    store = FeatureStore(tmp_path)
    Caller(store, "one")([1])
    other = Caller(store, "two")
    other([1])
    assert other.computed == [1]


def test_another_store_of_the_directory_finds_the_rows(tmp_path):
    Caller(FeatureStore(tmp_path))(range(20))
    later = Caller(FeatureStore(tmp_path))
    later(range(25))
    assert later.computed == list(range(20, 25))


def test_a_store_sees_what_another_wrote_after_it_was_opened(tmp_path):
    first, second = (Caller(FeatureStore(tmp_path, memory=0)) for _ in range(2))
    first([1])
    second([1, 2])
    first([2, 1])
    assert (first.computed, second.computed) == ([1], [2])


def test_without_a_directory_nothing_is_written_while_memory_lasts(tmp_path, monkeypatch):
    monkeypatch.setenv("SKMEDIMG_CACHE", str(tmp_path))
    Caller(FeatureStore())(range(50))
    assert list(tmp_path.iterdir()) == []


def test_what_outgrows_memory_goes_to_disk_and_comes_back_mapped(tmp_path, monkeypatch):
    monkeypatch.setenv("SKMEDIMG_CACHE", str(tmp_path))
    fetch = Caller(FeatureStore(memory=10 * WIDTH * 4))
    assert type(fetch(range(8))) is np.ndarray
    assert not shards(tmp_path)
    assert isinstance(fetch(range(50)), np.memmap)
    assert shards(tmp_path)
    fetch(range(50))
    assert fetch.computed == list(range(50))
    assert fetch.store.info()["memory_bytes"] <= 10 * WIDTH * 4


def test_memory_forgets_what_was_used_least_recently(tmp_path):
    fetch = Caller(FeatureStore(memory=4 * WIDTH * 4, disk=0))
    fetch([1, 2, 3, 4])
    fetch([1])
    fetch([5, 6])
    fetch.computed.clear()
    fetch([1])
    fetch([2])
    assert fetch.computed == [2]


def test_the_disk_forgets_the_files_that_were_used_least_recently(tmp_path):
    row = 32 + 16 + 8 + WIDTH * 4
    fetch = Caller(FeatureStore(tmp_path, memory=0, disk=3 * row))
    for number in (1, 2, 3):
        fetch([number])
    for age, path in enumerate(sorted(shards(tmp_path), key=lambda p: p.stat().st_mtime)):
        os.utime(path, (time.time() - 100 + age,) * 2)
    fetch([1])
    fetch([4])
    assert len(shards(tmp_path)) == 3
    fetch.computed.clear()
    fetch([1, 3, 4])
    assert fetch.computed == []
    fetch([2])
    assert fetch.computed == [2]


@pytest.mark.parametrize(
    "harm", ["flip a bit", "cut short", "zeros", "empty", "another dtype", "no dtype"]
)
def test_damaged_files_are_mentioned_removed_and_computed_anew(tmp_path, harm):
    Caller(FeatureStore(tmp_path))(range(10))
    (path,) = shards(tmp_path)
    content = bytearray(path.read_bytes())
    if harm == "flip a bit":
        content[-5] ^= 4
    elif harm == "cut short":
        del content[-7:]
    elif harm == "another dtype":  # of the same width: the bytes of the rows are as they were
        content[24:27] = b"<i4"
    elif harm == "no dtype":
        content[24:27] = b"<f5"
    else:  # what a power failure leaves
        content = bytearray(500 if harm == "zeros" else 0)
    path.write_bytes(content)
    later = Caller(FeatureStore(tmp_path))
    with pytest.warns(UserWarning, match="was damaged"):
        later(range(10))
    assert later.computed
    again = Caller(FeatureStore(tmp_path))
    again(range(10))
    assert again.computed == []


def test_a_row_under_the_wrong_key_is_noticed(tmp_path):
    Caller(FeatureStore(tmp_path))([1, 2])
    (path,) = shards(tmp_path)
    content = path.read_bytes()
    first, second = content[32:48], content[48:64]
    path.write_bytes(content[:32] + second + first + content[64:])
    later = Caller(FeatureStore(tmp_path))
    with pytest.warns(UserWarning, match="was damaged"):
        later([1, 2])
    assert sorted(later.computed) == [1, 2]


def test_a_full_disk_is_mentioned_and_the_rows_are_there_all_the_same(tmp_path, monkeypatch):
    def full(*paths):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.warns(UserWarning, match=r"No space left .* another cache directory"):
        Caller(FeatureStore(tmp_path))(range(5))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_directory_that_cannot_be_made_is_mentioned(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.warns(UserWarning, match="could not be kept"):
        Caller(FeatureStore(tmp_path / "file" / "store"))([1])


def test_a_folder_that_may_only_be_read_is_read(tmp_path, monkeypatch):
    Caller(FeatureStore(tmp_path))([1, 2])
    (path,) = shards(tmp_path)
    bad = path.with_name(f"{'0' * 32}.shard")
    bad.write_bytes(path.read_bytes()[:-1])

    def refuse(*arguments, **options):
        raise PermissionError(errno.EACCES, "Permission denied")

    for name in ("utime", "replace", "unlink"):
        monkeypatch.setattr(os, name, refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    later = Caller(FeatureStore(tmp_path, memory=0))
    with pytest.warns(UserWarning, match=f"{bad.name}' was damaged"):
        later([1, 2])
    with pytest.warns(UserWarning, match="could not be kept .*Permission denied"):
        later([2, 3])
    assert later.computed == [3]
    assert path.exists()


def test_without_a_home_the_cache_is_beside_temporary_files(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    for name in ("HOME", "XDG_CACHE_HOME", "SKMEDIMG_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    folder = Path(FeatureStore().info()["directory"])
    assert folder.parent.parent.parent == Path(tempfile.gettempdir())
    assert not folder.exists()


@pytest.mark.parametrize("clock", [0.0, 4e9])
def test_a_clock_that_was_set_spoils_nothing(tmp_path, monkeypatch, clock):
    fetch = Caller(FeatureStore(tmp_path / "süß und weiß", memory=0))
    fetch([1, 2])
    monkeypatch.setattr(time, "time", lambda: clock)
    fetch([2, 3])
    fetch([1, 2, 3])
    assert fetch.computed == [1, 2, 3]


KILLED = """
import os, sys
import numpy as np
from skmedimg.transfer import FeatureStore

replace, done = os.replace, []

def die_on_the_third(*paths):
    done.append(paths)
    if len(done) == 3:
        os._exit(9)
    replace(*paths)

os.replace = die_on_the_third
keys = [int(k).to_bytes(16, "big") for k in range(9000)]
space = "0123456789abcdef" * 2
FeatureStore(sys.argv[1]).fetch(space, keys, lambda p: np.repeat(np.float32(p)[:, None], 6, 1))
"""


def test_a_killed_process_leaves_whole_files_and_what_it_had_finished(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == 9
    (left,) = tmp_path.rglob("*.part")
    finished = FeatureStore(tmp_path).info()["disk_rows"]
    assert 0 < finished < 9000
    later = Caller(FeatureStore(tmp_path))
    later(range(9000))
    assert later.computed == list(range(finished, 9000))
    os.utime(left, (time.time() - 7200,) * 2)
    later([9999])
    assert not left.exists()


WRITER = """
import sys
import numpy as np
from skmedimg.transfer import FeatureStore

order = np.random.RandomState(int(sys.argv[2])).permutation(60).reshape(20, 3)
store, space = FeatureStore(sys.argv[1], memory=0), "0123456789abcdef" * 2
for part in order:
    keys = [int(k).to_bytes(16, "big") for k in part]
    rows = store.fetch(space, keys, lambda p: np.repeat(np.float32(part[p])[:, None], 6, 1))
    assert (rows == part[:, None]).all()
"""


def test_processes_that_write_at_once_leave_a_sound_store(tmp_path):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(k)]) for k in range(3)
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    later = Caller(FeatureStore(tmp_path))
    later(range(60))
    assert later.computed == []


def test_threads_that_ask_at_once_compute_once():
    fetch = Caller(FeatureStore())
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fetch, [range(30)] * 8))
    assert fetch.computed == list(range(30))


def test_many_small_files_become_one(tmp_path):
    fetch = Caller(FeatureStore(tmp_path, memory=0))
    for number in range(64):
        fetch([number])
    assert len(shards(tmp_path)) < 32
    fetch.computed.clear()
    fetch(range(64))
    assert fetch.computed == []


def test_clear_removes_our_files_and_no_others(tmp_path):
    store = FeatureStore(tmp_path)
    fetch = Caller(store)
    fetch([1, 2])
    (tmp_path / SPACE / "mine.txt").write_text("keep me")
    store.clear()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["mine.txt"]
    fetch([1])
    assert fetch.computed == [1, 2, 1]


def foreign_files(folder, name_of_ours):
    """Put files of others below a folder, named ever more like ours; return {path: content}."""
    paths = [
        "theirs/db.shard",
        "theirs/movie.part",
        "downloads/big.iso.part",
        f"theirs/{name_of_ours}",
        f"{SPACE}/thesis.part",
        f"{SPACE}/db.shard",
        f"{SPACE}/{'A' * 32}.shard",
        f"{SPACE}/{'0' * 32}.part",
        f"{SPACE}/{'0' * 31}1.shard",
        f"{SPACE}/{'0' * 32}.shard.{'0' * 8}.part",
        f"{'1' * 32}/{'0' * 32}.shard",
    ]
    long_ago = time.time() - 1e6
    for path in paths:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(b"of others")
        os.utime(folder / path, (long_ago, long_ago))
    (folder / "empty").mkdir()
    return {folder / path: b"of others" for path in paths}


@pytest.mark.filterwarnings("ignore:The cache file")
def test_files_and_folders_of_others_survive_reading_writing_eviction_and_clear(tmp_path):
    Caller(FeatureStore(tmp_path))([1])
    (ours,) = shards(tmp_path)
    foreign = foreign_files(tmp_path, ours.name)
    store = FeatureStore(tmp_path, memory=0, disk=100)  # room for one row
    fetch = Caller(store)
    for number in (1, 2, 3, 1):
        fetch([number])
    assert fetch.computed == [2, 3, 1]
    store.clear()
    left = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == foreign
    assert (tmp_path / "empty").is_dir()


def test_a_file_of_others_that_has_the_name_of_ours_is_named_and_left_as_it_is(tmp_path):
    Caller(FeatureStore(tmp_path))([1])
    (path,) = shards(tmp_path)
    path.write_bytes(b"of others")
    fetch = Caller(FeatureStore(tmp_path))
    with pytest.warns(UserWarning, match=f"{path.name}' was damaged or is of others"):
        fetch([1])
    assert path.read_bytes() == b"of others"
    later = Caller(FeatureStore(tmp_path))
    with pytest.warns(UserWarning, match=path.name):
        later([1])
    assert later.computed == []


@pytest.mark.timeout(60)
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_the_folder_blocks_nothing(tmp_path):
    Caller(FeatureStore(tmp_path))([1])
    os.mkfifo(tmp_path / SPACE / f"{'0' * 32}.shard")
    os.mkfifo(tmp_path / SPACE / f"{'0' * 32}.shard.{'0' * 8}.part")
    os.mkfifo(tmp_path / SPACE / "x.shard")
    store = FeatureStore(tmp_path, disk=0)
    Caller(store)([1, 2])
    store.info()
    store.clear()
    assert len(list((tmp_path / SPACE).iterdir())) == 3


def test_links_are_not_followed_out_of_the_folder(tmp_path):
    Caller(FeatureStore(tmp_path / "other"))([1])
    (path,) = shards(tmp_path / "other")
    (tmp_path / "store" / SPACE).mkdir(parents=True)
    (tmp_path / "store" / SPACE / path.name).symlink_to(path)
    (tmp_path / "store" / ("2" * 32)).symlink_to(path.parent)
    FeatureStore(tmp_path / "store").clear()
    assert path.exists()


@pytest.mark.parametrize("space", ["../out", "a/b", "/absolute", "..", "süß", "x" * 400])
def test_a_space_of_any_name_stays_inside_the_folder(tmp_path, space):
    Caller(FeatureStore(tmp_path / "store"), space)([1])
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    (path,) = shards(tmp_path)
    assert path.parent.parent == tmp_path / "store"
    later = Caller(FeatureStore(tmp_path / "store"), space)
    later([1])
    assert later.computed == []


def full_disks(monkeypatch, n):
    """Let the next n files that ask for room find none; return a list that is then empty."""
    reserve = os.posix_fallocate
    left = [None] * n

    def refuse(*arguments):
        if left:
            left.pop()
            raise OSError(errno.ENOSPC, "No space left on device")
        reserve(*arguments)

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    return left


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system lacks it")
def test_an_answer_too_large_for_memory_goes_elsewhere_when_its_disk_is_full(tmp_path, monkeypatch):
    left = full_disks(monkeypatch, 1)
    fetch = Caller(FeatureStore(tmp_path, memory=0))
    assert isinstance(fetch(range(50)), np.memmap)
    assert not left


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system lacks it")
def test_an_answer_too_large_for_memory_and_every_disk_is_an_error(tmp_path, monkeypatch):
    full_disks(monkeypatch, 2)
    with pytest.raises(OSError, match=rf"1200 bytes.*{tmp_path.name}.*No space.*memory="):
        Caller(FeatureStore(tmp_path, memory=0))(range(50))


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("mount"),
    reason="only root can mount a small disk",
)
def test_a_full_disk_kills_no_process(tmp_path):
    mounted = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(tmp_path)]
    if subprocess.run(mounted, capture_output=True, check=False).returncode:
        pytest.skip("this container mounts nothing")
    try:
        done = subprocess.run([sys.executable, "-c", LARGE, str(tmp_path)], check=False)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
    assert done.returncode == 0


LARGE = """
import sys, warnings
import numpy as np
from skmedimg.transfer import FeatureStore

warnings.simplefilter("ignore")  # the features cannot be kept either
keys = [int(k).to_bytes(16, "big") for k in range(200)]
store = FeatureStore(sys.argv[1] + "/store", memory=0)
rows = store.fetch("space", keys, lambda wanted: np.ones((len(wanted), 500), np.float32))
assert (rows == 1).all()
"""


def test_info_counts_rows_bytes_hits_and_misses(tmp_path):
    store = FeatureStore(tmp_path)
    fetch = Caller(store)
    fetch([1, 2, 3])
    fetch([1, 4])
    info = store.info()
    assert (info["hits"], info["misses"]) == (1, 4)
    assert (info["memory_rows"], info["memory_bytes"]) == (4, 4 * WIDTH * 4)
    assert info["disk_rows"] == 4
    assert info["disk_bytes"] == sum(path.stat().st_size for path in shards(tmp_path))
    assert info["directory"] == str(tmp_path)


def test_clones_share_a_store_and_pickles_find_its_directory(tmp_path):
    store = FeatureStore(tmp_path, memory=123)
    assert clone(BackboneFeatures(cache=store)).cache is store
    assert copy.deepcopy(store) is store
    Caller(store)([5])
    opened = pickle.loads(pickle.dumps(store))
    assert (opened.directory, opened.memory, opened.disk) == (tmp_path, 123, store.disk)
    again = Caller(opened)
    again([5])
    assert again.computed == []


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=8), max_size=12),
    st.integers(0, 10),
    st.integers(0, 10),
)
def test_whatever_is_asked_in_whatever_budget_the_rows_are_right(
    tmp_path_factory, asked, ram, disk
):
    folder = tmp_path_factory.mktemp("store")
    store = FeatureStore(folder, memory=ram * WIDTH * 4, disk=disk * 80)
    for numbers in asked:
        Caller(store)(numbers)
    info = store.info()
    assert info["memory_bytes"] <= ram * WIDTH * 4
    assert info["disk_bytes"] <= disk * 80


@pytest.mark.parametrize("limit", ["1GB", -1, float("nan"), None])
@pytest.mark.parametrize("name", ["memory", "disk"])
def test_limits_are_bytes(name, limit):
    with pytest.raises(ValueError, match=f"{name} needs a number of bytes"):
        FeatureStore(**{name: limit})


@pytest.mark.parametrize("directory", [5, b"cache", True])
def test_a_directory_is_a_path(directory):
    with pytest.raises(TypeError, match="directory"):
        FeatureStore(directory)

"""A checkpoint knows the comparison it belongs to."""

import json

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

from skmedimg import compare

X, Y = np.arange(12.0)[:, None], np.tile([0, 1], 6)


def run(folder):
    more = {"random_state": 0, "audit": False, "verbose": 0}
    compare(GaussianNB(), X, Y, cv=2, repeats=1, checkpoint=folder, **more)


@pytest.fixture
def facts(tmp_path):
    """Return a function that runs a comparison and changes what it wrote down of itself."""

    def change(**changes):
        run(tmp_path)
        path = tmp_path / "comparison.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def test_a_full_disk_does_not_end_the_comparison(tmp_path, facts, monkeypatch):
    facts()
    for path in tmp_path.glob("*.npz"):
        path.unlink()

    def refuse(*args, **kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(np, "savez", refuse)
        with pytest.warns(UserWarning, match="No space left on device") as warned:
            run(tmp_path)
    assert len(warned) == 1
    assert not list(tmp_path.glob("*.part"))
    run(tmp_path)
    assert len(list(tmp_path.glob("*.npz"))) == 4


def test_a_library_that_only_one_run_had_loaded_is_no_other_version(tmp_path, facts):
    facts(versions={"numpy": np.__version__})
    run(tmp_path)
    facts(versions={"numpy": np.__version__, "another": "1.0"})
    run(tmp_path)


def test_another_version_of_a_library_is_warned_of(tmp_path, facts):
    facts(versions={"numpy": "1.0"})
    with pytest.warns(UserWarning, match="begun with other versions"):
        run(tmp_path)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"seed": 1', b"\xff\xfe"])
def test_a_damaged_description_names_the_checkpoint_and_the_way_out(tmp_path, content):
    (tmp_path / "comparison.json").write_bytes(content)
    with pytest.raises(ValueError, match=f"{tmp_path.name}.*comparison.json is damaged. Restore"):
        run(tmp_path)


def test_versions_that_are_no_table_are_another_comparison(tmp_path, facts):
    facts(versions=3)
    with pytest.raises(ValueError, match="its versions is 3"):
        run(tmp_path)

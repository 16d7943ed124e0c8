"""A checkpoint knows the comparison it belongs to."""

import pytest

from skmedimg.evaluation.running._fold_checkpoint import Checkpoint


def test_a_library_that_only_one_run_had_loaded_is_no_other_version(tmp_path):
    Checkpoint(tmp_path, {"versions": {"numpy": "2.0"}}, [0, 1])
    Checkpoint(tmp_path, {"versions": {"numpy": "2.0", "torch": "2.6"}}, [0, 1])


def test_another_version_of_a_library_is_warned_of(tmp_path):
    Checkpoint(tmp_path, {"versions": {"numpy": "2.0"}}, [0, 1])
    with pytest.warns(UserWarning, match="begun with other versions"):
        Checkpoint(tmp_path, {"versions": {"numpy": "2.1"}}, [0, 1])


@pytest.mark.parametrize("content", [b"", b"[]", b'{"seed": 1', b"\xff\xfe"])
def test_a_damaged_description_names_the_checkpoint_and_the_way_out(tmp_path, content):
    (tmp_path / "comparison.json").write_bytes(content)
    with pytest.raises(ValueError, match=f"{tmp_path.name}.*comparison.json is damaged. Restore"):
        Checkpoint(tmp_path, {"seed": 1}, [0, 1])


def test_versions_that_are_no_table_are_another_comparison(tmp_path):
    (tmp_path / "comparison.json").write_text('{"versions": 3}')
    with pytest.raises(ValueError, match="its versions is 3"):
        Checkpoint(tmp_path, {"versions": {"numpy": "2.0"}}, [0, 1])

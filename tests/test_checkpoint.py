"""A checkpoint knows the comparison it belongs to."""

import pytest

from skmedimg.evaluation._checkpoint import Checkpoint


def test_a_library_that_only_one_run_had_loaded_is_no_other_version(tmp_path):
    Checkpoint(tmp_path, {"versions": {"numpy": "2.0"}}, [0, 1])
    Checkpoint(tmp_path, {"versions": {"numpy": "2.0", "torch": "2.6"}}, [0, 1])


def test_another_version_of_a_library_is_warned_of(tmp_path):
    Checkpoint(tmp_path, {"versions": {"numpy": "2.0"}}, [0, 1])
    with pytest.warns(UserWarning, match="begun with other versions"):
        Checkpoint(tmp_path, {"versions": {"numpy": "2.1"}}, [0, 1])

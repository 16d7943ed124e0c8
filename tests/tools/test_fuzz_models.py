"""A sample of the fuzzing that `python -m tests.tools.fuzz_models` does by the ten thousand."""

import pytest

from tests.tools.fuzz_models import fuzz


@pytest.mark.slow
def test_changed_model_files_end_no_process():
    outcomes, ends = fuzz(first=0, count=300)
    assert ends == []
    assert sum(outcomes.values()) == 300
    assert {*outcomes} <= {"refused", "loaded", "stopped"}
    assert outcomes["loaded"] > 50

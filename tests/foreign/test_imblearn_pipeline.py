"""imbalanced-learn's own tests of Pipeline, run against ours."""

import pytest

from skmedimg.pipeline import Pipeline, make_pipeline
from tests.foreign.foreign_tests import foreign_tests

pytestmark = pytest.mark.filterwarnings("default")

EXPECTED = {
    "test_make_pipeline": "a second step of a class is named transf_2, and the first as it is",
    "test_pipeline_param_error": "sample_weight reaches the last step without a prefix",
}

globals().update(
    foreign_tests(
        "imblearn.tests.test_pipeline",
        {"imblearn.pipeline.Pipeline": Pipeline, "imblearn.pipeline.make_pipeline": make_pipeline},
    )
)

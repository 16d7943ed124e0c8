"""scikit-learn's own tests of Pipeline, run against ours."""

import pytest

from skmedimg.pipeline import Pipeline, make_pipeline
from tests.foreign.foreign_tests import foreign_tests

pytestmark = pytest.mark.filterwarnings("default")

EXPECTED = {
    "test_make_pipeline": "a second step of a class is named transf_2, and the first as it is",
    "test_pipeline_param_error": "sample_weight reaches the last step without a prefix",
    **{
        f"test_pipeline_warns_not_fitted[{method}]": "imbalanced-learn still warns, and so do we"
        for method in (
            *("predict", "predict_proba", "predict_log_proba", "decision_function", "score"),
            *("score_samples", "transform", "inverse_transform"),
        )
    },
    **{
        f"test_metadata_routing{kind}_for_pipeline[fit_resample]": "scikit-learn has no samplers"
        for kind in ("", "_error")
    },
}

globals().update(
    foreign_tests(
        "sklearn.tests.test_pipeline",
        {"sklearn.pipeline.Pipeline": Pipeline, "sklearn.pipeline.make_pipeline": make_pipeline},
        without="union",  # tests of scikit-learn's own FeatureUnion
    )
)

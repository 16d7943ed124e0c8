"""pickle, joblib and skops keep fitted networks too: the same predictions, and training goes on."""

import io
import pickle

import joblib
import numpy as np
import pytest
import skops.io

from skmedimg import HOG, Pipeline, ScratchCNN, ShallowMLP, TransferClassifier, UNetSegmenter

LIVELY = {"max_epochs": 2, "random_state": 0, "warm_start": True, "optimizer": "adamw"}
MODELS = {
    "mlp": lambda: ShallowMLP((4,), norm="batch", dropout=0.2, **LIVELY),
    "cnn": lambda: ScratchCNN((4, 8), norm="batch", **LIVELY),
    "early stopping": lambda: ScratchCNN((4,), early_stopping=True, **LIVELY),
    "transfer": lambda: TransferClassifier(
        "squeezenet1_1", weights=None, trainable_layers=2, cache=None, **LIVELY
    ),
    "unet": lambda: UNetSegmenter((4, 8), norm="batch", **LIVELY),
    "pipeline": lambda: Pipeline([HOG(), ShallowMLP((4,), **LIVELY)]),
}


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


def through_joblib(model):
    buffer = io.BytesIO()
    joblib.dump(model, buffer, compress=3)
    buffer.seek(0)
    return joblib.load(buffer)


def through_skops(model):
    content = skops.io.dumps(model)
    unknown = skops.io.get_untrusted_types(data=content)
    assert all(name.startswith(("skmedimg.", "imblearn.", "collections.")) for name in unknown)
    return skops.io.loads(content, trusted=unknown)


@pytest.mark.parametrize("through", [through_pickle, through_joblib, through_skops])
@pytest.mark.parametrize("name", MODELS)
def test_a_fitted_network_comes_back_to_the_bit_and_learns_on(name, through, lesions):
    X, y = lesions.images, lesions.masks if name == "unet" else lesions.target
    model = MODELS[name]().fit(X, y)
    again = through(model)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    for each in (model, again):
        each.fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))

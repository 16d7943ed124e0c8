"""With nothing set, the networks are good: handwritten digits in three folds."""

import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold, cross_val_score

from skmedimg import ScratchCNN, ShallowMLP


@pytest.mark.parametrize(("model", "least"), [(ShallowMLP(), 0.97), (ScratchCNN(), 0.985)])
def test_defaults_reach_a_good_score_on_digits(model, least):
    X, y = load_digits(return_X_y=True)
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    model.set_params(random_state=0)
    assert cross_val_score(model, X, y, cv=folds, error_score="raise").mean() >= least

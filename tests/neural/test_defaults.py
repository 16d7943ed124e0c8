"""With nothing set, the networks are good: handwritten digits, a third of them held back."""

import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skmedimg import ScratchCNN, ShallowMLP


@pytest.mark.slow
@pytest.mark.parametrize(("model", "least"), [(ShallowMLP(), 0.97), (ScratchCNN(), 0.985)])
def test_defaults_reach_a_good_score_on_digits(model, least):
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=1 / 3, stratify=y, random_state=0)
    assert model.set_params(random_state=0).fit(X, y).score(X_test, y_test) >= least

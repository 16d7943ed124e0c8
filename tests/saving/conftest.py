"""The images that models are fitted on before they are saved."""

import pytest

from skmedimg.datasets import make_lesions


@pytest.fixture(scope="session")
def lesions():
    return make_lesions(24, size=32, random_state=0)

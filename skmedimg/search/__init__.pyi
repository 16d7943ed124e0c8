from ._default_spaces import default_space as default_space
from ._optuna_search import OptunaSearch as OptunaSearch

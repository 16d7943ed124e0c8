from ._optuna_search import OptunaSearch as OptunaSearch
from ._spaces import default_space as default_space

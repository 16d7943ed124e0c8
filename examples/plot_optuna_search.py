"""
Let approaches compete for one budget
=====================================

A classical pipeline and a network are searched in one study, and what does badly is stopped early.
The best score of a search is too good to be true; `compare` says what it is worth.
"""

# %%
# Synthetic scans, a lesion in half of them. Each approach has parameters of its own.

import matplotlib.pyplot as plt
from optuna.distributions import FloatDistribution
from sklearn.linear_model import LogisticRegression

from skmedimg import HOG, OptunaSearch, Pipeline, ShallowMLP, compare
from skmedimg.datasets import make_lesions

data = make_lesions(200, size=32, random_state=0)
estimators = {
    "HOG": Pipeline([HOG(), LogisticRegression(max_iter=1000)]),
    "pixels": ShallowMLP((32,), max_epochs=10, random_state=0),
}
spaces = {
    "HOG": {
        "hog__pixels_per_cell": [(4, 4), (8, 8)],
        "hog__cells_per_block": [(1, 1), (2, 2)],
        "logisticregression__C": FloatDistribution(1e-3, 1e2, log=True),
    },
    "pixels": {"learning_rate": FloatDistribution(1e-4, 1e-1, log=True)},
}
search = OptunaSearch(estimators, spaces, n_trials=20, cv=3, scoring="roc_auc", random_state=0)
search.fit(data.images, data.target)
print(f"{search.best_name_} {search.best_params_}: selection score {search.best_score_:.2f}")

# %%
# How many trials each approach was given, and how many of them were stopped early:

for name in estimators:
    states = search.cv_results_["state"][search.cv_results_["estimator"] == name]
    print(f"{name}: {len(states)} trials, {(states == 'pruned').sum()} stopped early")

# %%
# The history of the study.

search.plot("history")
plt.show()

# %%
# The selection score was chosen for being the highest. `compare` repeats the whole search in every
# outer fold, and scores it on images that no trial has seen:

short = search.set_params(n_trials=8)
result = compare(
    {"search": short}, data.images, data.target, scoring="roc_auc", cv=3, repeats=1, audit=False,
    verbose=0, random_state=0,
)  # fmt: skip
result.summary()

"""
Are the probabilities true?
===========================

Of a hundred images called ill with a probability of 0.8, eighty should be ill. A reliability curve
shows whether that holds out of fold, and calibration mends it.
"""

# %%
# The same model, plain and calibrated inside each training set.

from sklearn.calibration import CalibratedClassifierCV
from sklearn.naive_bayes import GaussianNB

from skmedimg import HOG, Pipeline, compare
from skmedimg.datasets import make_lesions

data = make_lesions(300, size=32, noise=0.1, random_state=0)
plain = Pipeline([HOG(), GaussianNB()])
result = compare(
    {"plain": plain, "calibrated": CalibratedClassifierCV(plain, cv=3)},
    data.images, data.target, random_state=0, verbose=0,
)  # fmt: skip

# %%
# Log loss, Brier score and expected calibration error ask for true probabilities; lower is better.

print(result.summary(["log_loss", "brier", "ece"])[["log_loss", "brier", "ece"]])

# %%
# The plain model is surer than it may be.

result.plot("calibration", name="plain")

# %%
# The calibrated one keeps nearer to the line.

result.plot("calibration", name="calibrated")

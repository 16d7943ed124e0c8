"""
Choose the threshold before the test
====================================

At one half a classifier misses what it was built to find. `ThresholdAt` chooses the threshold on
training rows that the model did not train on, so that the sensitivity holds on new ones.
"""

# %%
# Cell nuclei, described by ten numbers each. Malignant is what we look for.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmedimg import ThresholdAt, compare

X, y = load_breast_cancer(return_X_y=True)
X, y = X[:, :10], np.array(["malignant", "benign"])[y]
plain = make_pipeline(StandardScaler(), LogisticRegression())
promises = (0.93, 0.95, 0.97, 0.99)
models = {"at one half": plain} | {
    f"held at {promise}": ThresholdAt(plain, sensitivity=promise, pos_label="malignant")
    for promise in promises
}
result = compare(models, X, y, pos_label="malignant", repeats=3, random_state=0, verbose=0)
result.summary(metrics=["sensitivity", "specificity"])

# %%
# What was promised on the training rows, and what was found on the others:

found = [result.interval(f"held at {promise}", "sensitivity") for promise in promises]
reach = np.abs([(each.low - each.mean, each.high - each.mean) for each in found]).T
figure, ax = plt.subplots(layout="constrained")
ax.errorbar(promises, [each.mean for each in found], yerr=reach, fmt="o", capsize=3)
ax.axline((0.95, 0.95), slope=1, color="gray", linestyle=":")
ax.axhline(result.interval("at one half", "sensitivity").mean, color="gray", linewidth=0.8)
ax.annotate("at one half", (0.93, result.interval("at one half", "sensitivity").mean))
ax.set(xlabel="sensitivity promised", ylabel="sensitivity on rows not seen")
plt.show()

# %%
# The points lie on the line, the intervals say how far to trust them. A promise with confidence
# moves the threshold until its exact lower bound keeps it:

for confidence in (None, 0.8, 0.95):
    model = ThresholdAt(plain, sensitivity=0.95, confidence=confidence, pos_label="malignant")
    model.fit(X, y)
    print(f"{confidence}: threshold {model.threshold_:.2f}, specificity {model.specificity_:.2f}")

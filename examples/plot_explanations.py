"""
Where a network looks
=====================

A small CNN learns to see lesions. Grad-CAM and occlusion show what its answers rest on, and the
parameter table what it is made of.
"""

# %%
# The last images are kept for explaining.

from sklearn.linear_model import LogisticRegression

from skmedimg import HOG, Pipeline, ScratchCNN
from skmedimg.datasets import make_lesions
from skmedimg.inspection import ExplanationDisplay, parameter_table

data = make_lesions(240, size=32, noise=0.0, random_state=0)
model = ScratchCNN(
    (8, 16), global_pool=True, dense_units=(), learning_rate=5e-3, max_epochs=20, random_state=0
)
model.fit(data.images[:200], data.target[:200])
print(model.score(data.images[200:], data.target[200:]))

# %%
# Its layers.

print(parameter_table(model))

# %%
# Grad-CAM: one pass, in the resolution of the last convolution.

sick = 200 + (data.target[200:] == 1).nonzero()[0][:5]
ExplanationDisplay.from_estimator(model, data.images[sick], data.target[sick], target=1)

# %%
# Occlusion: covers patch after patch, and works with every classifier.

ExplanationDisplay.from_estimator(
    model, data.images[sick], data.target[sick], target=1, method="occlusion"
)

# %%
# A linear model on HOG: each cell's share of the decision, from its weights. They add up to it.

linear = Pipeline([HOG(pixels_per_cell=(4, 4)), LogisticRegression(max_iter=300)])
linear.fit(data.images[:200], data.target[:200])
ExplanationDisplay.from_estimator(linear, data.images[sick], data.target[sick], target=1)

"""
How deep should I freeze?
=========================

A network that learned at one hospital starts at another, which has forty images. How many of its
layers should learn again? ``trainable_layers`` is a parameter like any other: search it.
"""

# %%
# One hospital has many images
# ----------------------------
# Its scans have little noise. A small network learns all of its layers there; any
# :class:`torch.nn.Module` from images to feature maps can be the backbone.
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from torch import nn

from skmedimg import TransferClassifier
from skmedimg.datasets import make_lesions
from skmedimg.transfer import FeatureStore

torch.manual_seed(0)
layers = []
for before, after in [(1, 16), (16, 32), (32, 64), (64, 64)]:
    layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
backbone = nn.Sequential(*layers)

rich = make_lesions(1000, size=48, noise=0.2, random_state=0)
settings = {"learning_rate": 3e-3, "batch_size": 16, "max_epochs": 20, "random_state": 0}
teacher = TransferClassifier(backbone, trainable_layers="all", **settings)
teacher.fit(rich.images, rich.target)

# %%
# The other has few
# -----------------
# Its scans are noisier. What is frozen is computed once per image and depth and kept in the store,
# whatever the fold or the head: four depths have a frozen part, so 4 x 40 images are computed.
poor = make_lesions(540, size=48, noise=0.4, random_state=1)
few, others = slice(0, 40), slice(40, 540)
store = FeatureStore()
student = TransferClassifier(backbone, weights=FrozenEstimator(teacher), cache=store, **settings)
search = GridSearchCV(student, {"trainable_layers": [0, 1, 2, 3, "all"]}, cv=5, error_score="raise")
search.fit(poor.images[few], poor.target[few])
print("cross-validation would take", search.best_params_)
print(f"{store.info()['misses']} images were computed, {store.info()['hits']} looked up")

# %%
# Depth against score
# -------------------
# 500 more images of the second hospital are the judges. With so few images a shallow depth is as
# good as any, every depth beats a network that starts from nothing by far, and a cross-validation
# of 40 images cannot tell one depth from the next.
depths = [0, 1, 2, 3, 4]
scores = np.empty((3, len(depths)))
scratch = []
for seed in range(3):
    draw = np.random.RandomState(seed).permutation(540)[:40]
    rest = np.setdiff1d(np.arange(540), draw)
    X, y = poor.images[draw], poor.target[draw]
    judges = poor.images[rest], poor.target[rest]
    for column, depth in enumerate(depths):
        student.set_params(trainable_layers=depth)
        scores[seed, column] = student.fit(X, y).score(*judges)
    fresh = TransferClassifier(backbone, trainable_layers="all", **settings)
    scratch.append(fresh.fit(X, y).score(*judges))

figure, axis = plt.subplots(figsize=(6, 3.4), layout="constrained")
axis.plot(depths, scores.T, color="tab:blue", alpha=0.3)
axis.plot(depths, scores.mean(0), color="tab:blue", marker="o", label="pretrained")
axis.axhline(np.mean(scratch), color="black", linestyle=":", label="from nothing")
axis.set(xlabel="trainable_layers", ylabel="accuracy on the others", xticks=depths)
axis.legend()
plt.show()

"""
Augmentation that cannot leak
=============================

Forty scans are few for a network. We look at what an :class:`~skmedimg.images.Augmenter` makes of
them, let a network train on that, and then make the classic mistake on purpose.
"""

# %%
# What an augmenter does
# ----------------------
# Image and mask move by one geometry; brightness, contrast and noise reach the image alone.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import FunctionTransformer

from skmedimg import Augmenter, Pipeline, ScratchCNN
from skmedimg.datasets import make_lesions
from skmedimg.images import augment

scans = make_lesions(10, size=96, random_state=0)
ill = np.flatnonzero(scans.target == 1)[:3]
uses = {
    "as it is": {},
    "rotation=25": {"rotation": 25},
    "crop=0.3": {"crop": 0.3},
    "shear=15": {"shear": 15},
    "light": {"brightness": 0.4, "contrast": 0.4},
    "noise=0.08": {"noise": 0.08},
    "all of it": {"rotation": 25, "crop": 0.3, "shear": 15, "contrast": 0.4, "noise": 0.08},
}
figure, axes = plt.subplots(len(ill), len(uses), figsize=(10, 4.6), layout="constrained")
for column, (name, settings) in enumerate(uses.items()):
    images, masks = augment(scans.images[ill], scans.masks[ill], **settings, random_state=3)
    for row, axis in enumerate(axes[:, column]):
        axis.imshow(images[row], cmap="gray", vmin=0, vmax=255)
        axis.contour(masks[row], [0.5], colors="tab:orange", linewidths=1)
        axis.axis("off")
    axes[0, column].set_title(name, fontsize=10)

# %%
# Does it help?
# -------------
# The network sees 40 patients; the other 360 are the judges. A network that never meets the same
# image twice learns more slowly: give it epochs.
data = make_lesions(400, size=32, noise=0.3, random_state=0)
few, others = slice(0, 40), slice(40, 400)
augmenters = {
    "plain": None,
    "flips": Augmenter(flip="both"),
    "flips and rotation": Augmenter(flip="both", rotation=180),
}
for name, augmenter in augmenters.items():
    cnn = ScratchCNN((8, 16, 32), max_epochs=100, augment=augmenter, random_state=0)
    cnn.fit(data.images[few], data.target[few])
    print(f"{name:20} {cnn.score(data.images[others], data.target[others]):.2f}")

# %%
# The mistake
# -----------
# With ``noise=1`` the scans hold no lesion and nobody can score above one half. Copies made before
# the split say otherwise: each test image has a twin in the training set. As a step of the Pipeline
# the same augmenter only ever meets training images.
empty = make_lesions(150, size=32, noise=1.0, random_state=0)
copier = Augmenter(rotation=2, copies=2, random_state=0)
flatten = FunctionTransformer(lambda images: images.reshape(len(images), -1))
nearest = Pipeline([flatten, KNeighborsClassifier(1)])
X, y = copier.fit_resample(empty.images, empty.target)
before = cross_val_score(nearest, X, y, error_score="raise")
inside = Pipeline([copier, flatten, KNeighborsClassifier(1)])
within = cross_val_score(inside, empty.images, empty.target, error_score="raise")

figure, axis = plt.subplots(figsize=(6, 2.2), layout="constrained")
bars = axis.barh(["before the split", "in the Pipeline"], [before.mean(), within.mean()])
axis.bar_label(bars, fmt="%.2f", padding=3)
axis.axvline(0.5, color="black", linestyle=":", linewidth=1)
axis.set(xlim=(0, 1.1), xlabel="accuracy where there is nothing to find (chance: 0.5)")
plt.show()

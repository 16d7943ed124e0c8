"""
Classical features: what they see, and what they know
=====================================================

Oriented gradients, local patterns and histograms turn a scan into a row of numbers. We look at the
first through its own eyes, and let them all compete on scans in which the lesion may lie anywhere.
"""

# %%
# Edges as bars
# -------------
# :class:`~skmedimg.features.HOG` counts the directions of edges in cells. Its bars lie along the
# edges, as bright as they are frequent. Smaller cells see more, and make longer rows.
import matplotlib.pyplot as plt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_score
from sklearn.pipeline import make_union
from sklearn.preprocessing import StandardScaler

from skmedimg import HOG, LBP, Haralick, IntensityHistogram, Pipeline
from skmedimg.datasets import make_lesions

scans = make_lesions(12, size=192, n_classes=4, noise=0.1, random_state=1)
shown = [list(scans.target).index(label) for label in (1, 2, 3)]
figure, axes = plt.subplots(3, 4, figsize=(10, 7.6), layout="constrained")
for line, scan in zip(axes, shown, strict=True):
    line[0].imshow(scans.images[scan], cmap="gray")
    line[0].contour(scans.masks[scan] > 0, [0.5], colors="tab:orange", linewidths=1)
    line[0].set_title(scans.target_names[scans.target[scan]], fontsize=10)
    for axis, side in zip(line[1:], (24, 16, 8), strict=True):
        hog = HOG(pixels_per_cell=(side, side)).fit(scans.images)
        bars = hog.visualize(scans.images[[scan]])[0]
        axis.imshow(bars, cmap="gray", vmax=0.6 * bars.max())
        axis.set_title(f"cells of {side} x {side} pixels", fontsize=10)
for axis in axes.flat:
    axis.axis("off")

# %%
# A competition
# -------------
# Four kinds of scan, patients kept on one side of each split, and the same linear model behind
# every descriptor. Lesions lie anywhere here: what counts is texture and brightness, and what
# remembers the place of an edge has a hard time. On organs that keep their place it is the
# other way round.
data = make_lesions(300, size=64, n_classes=4, random_state=0)
coarse = HOG(pixels_per_cell=(16, 16), cells_per_block=(1, 1))
descriptors = {
    "HOG": HOG(),
    "IntensityHistogram": IntensityHistogram(),
    "Haralick": Haralick(),
    "LBP": LBP(),
    "all together": make_union(coarse, LBP(), Haralick(), IntensityHistogram()),
}
scores = {
    name: cross_val_score(
        Pipeline([descriptor, StandardScaler(), LogisticRegression(C=0.01, max_iter=2000)]),
        data.images,
        data.target,
        groups=data.groups,
        cv=StratifiedGroupKFold(5),
        scoring="balanced_accuracy",
        error_score="raise",
    )
    for name, descriptor in descriptors.items()
}

# %%
# Each dot is a fold, the line is chance.
figure, axis = plt.subplots(figsize=(7, 2.8), layout="constrained")
for height, values in enumerate(scores.values()):
    axis.plot(values, [height] * 5, "o", color="tab:blue", alpha=0.5)
    axis.plot(values.mean(), height, "|", color="black", markersize=16)
axis.axvline(0.25, color="gray", linewidth=1)
axis.set(xlabel="balanced accuracy", xlim=(0, 1), ylim=(-0.6, 4.6))
axis.set_yticks(range(len(scores)), list(scores))
plt.show()

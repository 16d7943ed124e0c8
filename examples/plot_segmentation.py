"""
Segmenting lesions, and looking at the errors
=============================================

A :class:`~skmedimg.neural.UNetSegmenter` learns to outline lesions. We look at its worst image,
choose its threshold without the test patients, and measure how far off its outlines are.
"""

# %%
# Patients, not images, are split
# -------------------------------
# `stratify_masks` labels what each mask shows: both sides get large, small and no lesions.
import matplotlib.pyplot as plt
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import StratifiedGroupKFold

from skmedimg import Augmenter, CleanMasks, UNetSegmenter, metrics
from skmedimg.datasets import make_lesions
from skmedimg.evaluation import SegmentationDisplay
from skmedimg.images import stratify_masks

data = make_lesions(240, size=48, patients=120, noise=0.15, random_state=0)
splitter = StratifiedGroupKFold(4, shuffle=True, random_state=0)
train, test = next(splitter.split(data.images, stratify_masks(data.masks), data.groups))
X, y, patients = data.images[train], data.masks[train], data.groups[train]
X_test, y_test = data.images[test], data.masks[test]

# %%
# Three networks
# --------------
# The plain loss counts pixels, and lesions have few of them; adding the Dice loss makes them heard.
# Augmentation moves image and mask together.
settings = {"norm": "batch", "batch_size": 8, "learning_rate": 5e-3, "max_epochs": 10}
network = UNetSegmenter((8, 16, 32), random_state=0, **settings)
augmenter = Augmenter(rotation=180, flip="both")
models = {
    "cross-entropy": network,
    "with Dice": clone(network).set_params(loss="dice_ce"),
    "with Dice, augmented": clone(network).set_params(loss="dice_ce", augment=augmenter),
}
rows = {}
for name, model in models.items():
    masks = model.fit(X, y, groups=patients).predict(X_test)
    rows[name] = {
        "Dice": metrics.dice(y_test, masks),
        "of lesions alone": metrics.dice(y_test, masks, empty=float("nan")),
        "boundary F1": metrics.boundary_f1(y_test, masks, tolerance=1.0),
        "Hausdorff 95": metrics.hausdorff_distance(y_test, masks, missing="diagonal"),
    }
pd.DataFrame(rows).T.round(3)

# %%
# Worst, median, best
# -------------------
# Orange pixels are false alarms, blue ones are missed.
best = max(rows, key=lambda name: rows[name]["Dice"])
SegmentationDisplay.from_estimator(models[best], X_test, y_test)
plt.show()

# %%
# Each epoch's loss and Dice
# --------------------------
figure, axes = plt.subplots(1, 2, figsize=(8, 2.8), layout="constrained")
for name, model in models.items():
    history = pd.DataFrame(model.history_)
    for axis, column in zip(axes, ("train_loss", "train_score"), strict=True):
        axis.plot(history["epoch"], history[column], label=name)
        axis.set(xlabel="epoch", ylabel=column.replace("train_", "training "))
axes[1].legend(fontsize=8)

# %%
# A threshold and cleaner masks, without the test patients
# --------------------------------------------------------
# The threshold is chosen on training scans, each judged by a network that has not seen its patient.
# No scan holds more than one lesion. The Dice loss leaves little to be gained here.
cleaner = CleanMasks(largest=1, fill_holes=True)
careful = clone(models["with Dice"]).set_params(threshold="tune", postprocess=cleaner)
careful.fit(X, y, groups=patients)
print(f"threshold {careful.threshold_:.2f}, Dice {careful.score(X_test, y_test):.3f}")

"""
From a folder of files to a score you can trust
===============================================

This example writes a folder like one from a clinic: three scans of each patient, a text file, a
damaged image. Then it loads the folder, looks at the images, and tests two models on patients that
they were not trained on.
"""

# %%
# The folder
# ----------
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from sklearn.model_selection import StratifiedGroupKFold, cross_val_score

from skmedimg import HOG, ImageLoader, Pipeline, ScratchCNN, ShallowMLP, load_image_folder
from skmedimg.datasets import make_lesions

folder = Path(tempfile.mkdtemp()) / "head scans"
scans = make_lesions(300, size=64, patients=100, noise=0.4, random_state=0)
for number, (scan, label, person) in enumerate(
    zip(scans.images, scans.target, scans.groups, strict=True)
):
    path = folder / ("lesion" if label else "healthy") / f"p{person:03d} scan {number}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    framed = np.pad(scan, number % 30)  # every scanner leaves another black frame
    Image.fromarray(framed).save(path)
(folder / "notes.txt").write_text("p017 moved")
(folder / "lesion" / "p100 scan 300.png").write_bytes(path.read_bytes()[:500])

# %%
# What is in it
# -------------
# The damaged file is left out of everything, and named. The match of ``group_pattern`` is the
# patient.
data = load_image_folder(folder, group_pattern=r"p\d+", on_error="skip-report")
print(data.report)

# %%
# What the loader does
# --------------------
# If images are only stretched to one size, their black frames stay. Cropping to the foreground
# removes them.
few = data.paths[[0, 7, 20, 150, 170, 290]]
rows = {
    "stretched": ImageLoader((64, 64)).fit_transform(few),
    "cropped": ImageLoader((64, 64), crop="foreground").fit_transform(few),
}
figure, axes = plt.subplots(2, len(few), figsize=(9, 3.4), layout="constrained")
for (name, images), line in zip(rows.items(), axes, strict=True):
    for image, axis in zip(images, line, strict=True):
        axis.imshow(image, cmap="gray", vmin=0, vmax=255)
        axis.set(xticks=[], yticks=[])
    line[0].set_ylabel(name)

# %%
# New patients
# ------------
# Both pipelines take paths. No patient is on both sides of a split.
loader = ImageLoader((32, 32), crop="foreground")
models = {
    "HOG + small network": Pipeline([loader, HOG(), ShallowMLP(max_epochs=30, random_state=0)]),
    "CNN": Pipeline([loader, ScratchCNN((8, 16), max_epochs=15, random_state=0)]),
}
folds = StratifiedGroupKFold(3)
for name, model in models.items():
    scores = cross_val_score(
        model, data.paths, data.target, groups=data.groups, cv=folds, error_score="raise"
    )
    print(f"{name:20} {scores.mean():.2f} +- {scores.std():.2f}")
plt.show()

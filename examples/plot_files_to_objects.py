"""
From images and masks of different sizes to a table of objects
==============================================================

A folder as it comes from a clinic: color scans of different sizes, each with one mask beside it or
two. We pair them, train, and outline and measure the lesions of other patients in the files.
"""

# %%
# The folder
# ----------
# A mask has the size of its image. Every third scan shows two sections, and has two masks.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from sklearn.model_selection import GroupShuffleSplit

from skmedimg import ImageLoader, Pipeline, UNetSegmenter, load_image_folder, metrics
from skmedimg.datasets import make_lesions
from skmedimg.images import load_masks, object_table
from skmedimg.neural import segment_files

folder, rng = Path(tempfile.mkdtemp()), np.random.default_rng(0)
lesions = make_lesions(200, size=48, channels=3, noise=0.1, random_state=0)
ill = iter(np.flatnonzero(lesions.target))
for number in range(60):
    rows = [next(ill) for _ in range(2 if number % 3 == 0 else 1)]
    height = int(rng.integers(60, 140))
    size = (height * len(rows), height)
    name = f"p{number // 2:02d} scan {number}"
    scan = np.hstack([lesions.images[row] for row in rows])
    Image.fromarray(scan).resize(size).save(folder / f"{name}.png")
    for place, row in enumerate(rows):
        mask = np.zeros((48, 48 * len(rows)), dtype=np.uint8)
        mask[:, 48 * place : 48 * (place + 1)] = lesions.masks[row]
        mask = Image.fromarray(mask).resize(size, Image.Resampling.NEAREST)
        mask.save(folder / f"{name}_mask{f'_{place}' if place else ''}.png")

# %%
# Images and their masks
# ----------------------
# ``{}`` is the name of an image; ``*`` joins all masks that an image has.
options = {"labels_from": None, "group_pattern": r"p\d+"}
data = load_image_folder(folder, mask_pattern="{}_mask*", **options)
print(data.report, [Path(path).name for path in data.masks[0]])

# %%
# Training
# --------
# The loader brings images to one size and keeps their proportions; masks follow.
splitter = GroupShuffleSplit(1, test_size=0.25, random_state=0)
train, test = next(splitter.split(data.paths, groups=data.groups))
network = UNetSegmenter((8, 16, 32), loss="dice_ce", max_epochs=12, batch_size=8, random_state=0)
model = Pipeline([ImageLoader((48, 96), color="rgb", aspect="pad"), network])
model.fit(data.paths[train], data.masks[train])
print(f"Dice at the size of the network {model.score(data.paths[test], data.masks[test]):.3f}")

# %%
# Masks in the files' own pixels, and a table of lesions
# ------------------------------------------------------
# In mm, for pixels of half a millimeter; `read_spacing` finds them in DICOM and NIfTI files.
found = segment_files(model, data.paths[test])
truth = [load_masks([path]) for path in data.masks[test]]
dice = [metrics.dice(t, f[None]) for t, f in zip(truth, found, strict=True)]
print(f"Dice at the size of the files {np.mean(dice):.3f}")
names = [Path(path).stem for path in data.paths[test]]
columns = ["image", "object", "area", "diameter", "row", "column", "at_border"]
object_table(found, names=names, spacing=0.5)[columns].round(1).head(8)

# %%
# Outlines of what was found
# --------------------------
axes = plt.subplots(3, 6, figsize=(9, 4), layout="constrained")[1]
for ax in axes.flat:
    ax.set_axis_off()
for ax, path, name, mask in zip(axes.flat, data.paths[test], names, found, strict=False):
    ax.imshow(plt.imread(path))
    ax.contour(mask > 0, levels=[0.5], colors="#d7722c", linewidths=1)
    ax.set_title(name, fontsize=7)

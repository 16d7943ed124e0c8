"""
A backbone of your own
======================

Any torch module from images to feature maps can stand where a published backbone stands. Ours is a
bank of Gabor filters, stripes of three widths and four directions, which nobody has to train.
"""

# %%
# The module
# ----------
# Each filter comes twice, shifted by a quarter of a wave; together they measure how much stripe
# there is, wherever it begins. A module with ``mean`` and ``std`` would have its images normalized.
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import nn

from skmedimg import BackboneFeatures, Pipeline, TransferClassifier
from skmedimg.datasets import make_lesions


class GaborBank(nn.Module):
    def __init__(self, wavelengths=(4, 7, 11), directions=4, side=15):
        super().__init__()
        at = torch.arange(side) - side // 2
        y, x = torch.meshgrid(at, at, indexing="ij")
        filters = []
        for wavelength in wavelengths:
            window = torch.exp(-(x**2 + y**2) / (2 * (0.5 * wavelength) ** 2))
            for angle in torch.arange(directions) * torch.pi / directions:
                wave = 2 * torch.pi * (x * torch.cos(angle) + y * torch.sin(angle)) / wavelength
                for part in (torch.cos(wave), torch.sin(wave)):
                    stripe = window * part
                    stripe = stripe - window * stripe.sum() / window.sum()  # blind to plain light
                    filters.append(stripe / stripe.norm())
        self.stripes = nn.Conv2d(1, len(filters), side, stride=2, padding=side // 2, bias=False)
        self.stripes.weight = nn.Parameter(torch.stack(filters)[:, None])

    def forward(self, images):
        return self.stripes(images).unflatten(1, (-1, 2)).norm(dim=2)


bank = GaborBank()
data = make_lesions(360, size=48, noise=0.2, random_state=0)
ill = np.flatnonzero(data.target == 1)[0]
with torch.no_grad():
    maps = bank(torch.as_tensor(data.images[ill] / 255, dtype=torch.float32)[None, None])[0]
figure, axes = plt.subplots(2, 5, figsize=(9, 3.8), layout="constrained")
axes[0, 0].imshow(data.images[ill], cmap="gray")
axes[1, 0].imshow(data.masks[ill], cmap="gray")
for column, k in enumerate((0, 3, 6, 9), start=1):
    axes[0, column].imshow(bank.stripes.weight[2 * k, 0].detach(), cmap="gray")
    axes[1, column].imshow(maps[k], cmap="gray")
for axis in axes.flat:
    axis.axis("off")
plt.show()

# %%
# Frozen, or trained further
# --------------------------
# Sixty scans to learn from, three hundred to judge. Frozen, the bank makes rows for any classifier,
# and each image passes it once. Opened, its filters are where training begins.
frozen = BackboneFeatures(bank, pooling="flatten")
models = {
    "frozen": Pipeline([frozen, StandardScaler(), LogisticRegression(C=0.1, max_iter=2000)]),
    "opened": TransferClassifier(
        bank, trainable_layers="all", backbone_learning_rate=0.1, pooling="max",
        learning_rate=0.02, max_epochs=30, random_state=0,
    ),
}  # fmt: skip
for name, model in models.items():
    model.fit(data.images[:60], data.target[:60])
    print(f"{name}: {model.score(data.images[60:], data.target[60:]):.2f}")

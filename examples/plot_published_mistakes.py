"""
Mistakes that look like results
===============================

Three faults of unpublished student reports, made on purpose on synthetic images: predictions out of
order, an output that is always 1, and normalization that is not judged by what it was trained with.
"""

import copy
import warnings

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

from skmedimg import ScratchCNN, TransferClassifier
from skmedimg.datasets import make_lesions
from skmedimg.recipes import DegenerateOutputWarning, load_recipe

data = make_lesions(400, size=32, noise=0.1, random_state=0)
train, test = slice(0, 250), slice(250, 400)
X, y = data.images, data.target

# %%
# **Predictions out of order.** A generator that shuffles gives predictions in one order and labels
# in another: the model is good, its classification report says that it guesses. Here row i of
# every prediction belongs to row i of X.
model = ScratchCNN((8, 16), max_epochs=8, random_state=0).fit(X[train], y[train])
predicted = model.predict(X[test])
shuffled = np.random.default_rng(0).permutation(predicted)
print(f"in order {np.mean(predicted == y[test]):.2f}, shuffled {np.mean(shuffled == y[test]):.2f}")

# %%
# **A softmax over one unit** is 1 for every image. The accuracy is the share of one class, however
# long it is trained. The network of the recipe warns of it.
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always", DegenerateOutputWarning)
    constant = load_recipe("chest/cnn2-softmax")["model"]
    constant.set_params(filters=(8, 16), max_epochs=3, random_state=0)
    constant.fit(X[train], y[train])
print(caught[-1].message)
print(f"accuracy {constant.score(X[test], y[test]):.2f}, share of ones {y[test].mean():.2f}")

# %%
# **Normalization that does not follow.** A network learned from pixels in [-1, 1]; its last two
# convolutions are trained further on pixels in [0, 1]. The plain loop only switches gradients off:
# in training every BatchNorm, the frozen one too, normalizes by the batch; its running statistics,
# by which test images are judged, follow as slowly as in Keras's MobileNetV2. Here what is frozen
# takes the same fixed statistics in training and in prediction.
torch.manual_seed(0)
layers = []
for before, after in [(1, 8), (8, 16), (16, 32)]:
    layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
pixels = X[..., None].astype(np.float32) / 255
settings = {"batch_size": 16, "random_state": 0}
teacher = TransferClassifier(nn.Sequential(*layers), trainable_layers="all", **settings)
learned = teacher.fit(2 * pixels[train] - 1, y[train]).net_.module_.backbone.network

settings |= {"max_epochs": 1, "learning_rate": 3e-4, "schedule": "constant", "warm_start": True}
ours = TransferClassifier(learned, trainable_layers=2, **settings)
plain = nn.Sequential(copy.deepcopy(learned), nn.AdaptiveAvgPool2d(1), nn.Flatten())
plain.append(nn.Linear(32, 2))[0][:3].requires_grad_(False)
for norm in plain[0][1::3]:
    norm.momentum = 0.001
optimizer = torch.optim.Adam(plain.parameters(), lr=3e-4)
images, labels = torch.tensor(pixels).movedim(-1, 1), torch.tensor(y)
scores = np.empty((12, 2))
for epoch in range(12):
    for rows in torch.randperm(250).split(16):
        optimizer.zero_grad()
        nn.functional.cross_entropy(plain.train()(images[rows]), labels[rows]).backward()
        optimizer.step()
    scores[epoch, 0] = (plain.eval()(images[test]).argmax(1) == labels[test]).float().mean()
    scores[epoch, 1] = ours.fit(pixels[train], y[train]).score(pixels[test], y[test])
for name, network in {"plain loop": plain[0], "ours": ours.net_.module_.backbone.network}.items():
    moved = (network[1].running_mean - learned[1].running_mean).abs().max()
    print(f"{name}: the frozen statistics moved by {moved:.3f}")
lines = plt.plot(range(1, 13), scores)
plt.legend(lines, ["plain loop", "TransferClassifier"])
plt.gca().set(xlabel="epoch", ylabel="accuracy on test images", ylim=(0, 1))

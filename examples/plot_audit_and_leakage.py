"""
Copies and patients that leak
=============================

A random split of images puts a patient, or a copy of an image, on both sides. The score then
rewards recognising the patient. An audit finds this before any model is trained.
"""

# %%
# Forty patients with five scans each; four scans were saved twice, one under the wrong label.

import numpy as np

from skmedimg import audit
from skmedimg.datasets import make_lesions

data = make_lesions(200, size=48, patients=40, random_state=0)
images = np.concatenate([data.images, data.images[:4]])
y = np.r_[data.target, 1 - data.target[0], data.target[1:4]]
patients = np.r_[data.groups, data.groups[:4]]

found = audit(images, y, patients)
print(found)

# %%
# The copies, those with two labels first.

found.plot()

# %%
# What the leak is worth: labels that mean nothing, learned by recognising the patient.

print(found.of(kind="permuted")[0].title)

# %%
# `groups()` keeps patients and copies together in every split.

print(len(np.unique(found.groups())), "groups of", len(y), "images")

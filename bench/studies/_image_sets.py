"""Image sets that are nothing alike, by name, and what scanners and programs make of images.

Sets: digits (8x8, 10 classes), mnist-N, chest-SIDE-N (official split), brain-SIDE (duplicates on
one side), lungs-SIDE-N (4 classes, patients on one side), lesions-NOISE-N; with masks as targets,
masks-lesions-NOISE-N and masks-lungs-SIDE-N. N training images.
"""

import os
from pathlib import Path

import numpy as np


def load(name, seed):
    """Return training images and labels, test images and labels of a set."""
    kind, *numbers = name.split("-")
    return LOADERS[kind](seed, *numbers)


def digits(seed):
    from sklearn.datasets import load_digits

    images, y = load_digits(return_X_y=True)
    return shuffled((images.reshape(-1, 8, 8) * 15.9375).astype(np.uint8), y, seed, 1000, 797)


def mnist(seed, count):
    with np.load(folder() / "mnist.npz") as file:
        rows = np.random.RandomState(seed).permutation(60000)[: int(count)]
        train = file["train_images"][rows], file["train_labels"][rows]
        return *train, file["test_images"][:1500], file["test_labels"][:1500]


def chest(seed, side, count):
    train, test = (files("chest_pneumonia/" + part, int(side)) for part in ("train", "test"))
    rows = np.random.RandomState(seed).permutation(len(train[0]))[: int(count)]
    return train[0][rows], train[1][rows], *test


def brain(seed, side):
    images, y = files("brain_mri", int(side))
    small = files("brain_mri", 16)[0].astype(float)
    groups = np.arange(len(images))
    for row in range(len(images)):
        near = np.abs(small[:row] - small[row]).mean((1, 2)) < 3
        groups[row] = groups[near.argmax()] if near.any() else row
    return grouped(images, y, groups, seed, 170, 90)


def lungs(seed, side, count):
    with np.load(folder() / "lungs_4class_128.npz") as file:
        images = resized(file["images"], int(side))
        return grouped(images, file["labels"], file["groups"], seed, int(count), 400)


def lesions(seed, noise, count):
    from skmedimg.datasets import make_lesions

    data = make_lesions(int(count) + 400, size=32, noise=float(noise), random_state=seed)
    return data.images[:-400], data.target[:-400], data.images[-400:], data.target[-400:]


def masks(seed, kind, number, count):
    if kind == "lesions":
        from skmedimg.datasets import make_lesions

        data = make_lesions(int(count) + 200, size=32, noise=float(number), random_state=seed)
        images, found = data.images, data.masks
        return images[:-200], found[:-200], images[-200:], found[-200:]
    with np.load(folder() / "lungs_4class_128.npz") as file:
        images, found = (resized(file[part], int(number)) for part in ("images", "masks"))
        rows = np.arange(len(images))
        train, _, test, _ = grouped(rows, file["labels"], file["groups"], seed, int(count), 200)
    found = (found > found.max() / 2).astype(np.uint8)
    return images[train], found[train], images[test], found[test]


LOADERS = {
    **{"digits": digits, "masks": masks, "mnist": mnist, "chest": chest},
    **{"brain": brain, "lungs": lungs, "lesions": lesions},
}


def folder():
    return Path(os.environ["SKMEDIMG_DATA"])


def files(name, side):
    """Return gray images of side x side, and the number of the folder of each, in order."""
    from PIL import Image

    found = [
        (np.asarray(Image.open(path).convert("L").resize((side, side), Image.BOX)), label)
        for label, part in enumerate(sorted((folder() / name).iterdir()))
        for path in sorted(part.iterdir())
    ]
    images, y = zip(*found, strict=True)
    return np.stack(images), np.array(y)


def resized(images, side):
    from PIL import Image

    return np.stack(
        [np.asarray(Image.fromarray(image).resize((side, side), Image.BOX)) for image in images]
    )


def shuffled(images, y, seed, n_train, n_test):
    rows = np.random.RandomState(seed).permutation(len(images))
    train, test = rows[:n_train], rows[n_train : n_train + n_test]
    return images[train], y[train], images[test], y[test]


def grouped(images, y, groups, seed, n_train, n_test):
    """Return a split of the groups, with at most so many images on each side."""
    from sklearn.model_selection import StratifiedGroupKFold

    folds = StratifiedGroupKFold(3, shuffle=True, random_state=seed)
    train, test = next(folds.split(images, y, groups))
    draws = np.random.RandomState(seed)
    train, test = draws.permutation(train)[:n_train], draws.permutation(test)[:n_test]
    return images[train], y[train], images[test], y[test]


def bytes_of(unit):
    return np.clip(unit * 255, 0, 255).round().astype(np.uint8)


def bordered(unit):
    """Return images whose outer 20 % on each side are black."""
    inner = np.zeros_like(unit)
    height, width = (int(side * 0.2) for side in unit.shape[1:3])
    kept = np.s_[:, height : unit.shape[1] - height, width : unit.shape[2] - width]
    inner[kept] = unit[kept]
    return bytes_of(inner)


# From images in 0..1 to what a scanner or a program may make of them.
STRESS = {
    "plain": bytes_of,
    "inverted": lambda unit: bytes_of(1 - unit),
    "gamma .4": lambda unit: bytes_of(unit**0.4),
    "gamma 2.5": lambda unit: bytes_of(unit**2.5),
    "offset": lambda unit: bytes_of(0.8 + 0.2 * unit),
    "faint": lambda unit: bytes_of(0.42 + 0.08 * unit),
    "border": bordered,
    "12 of 16 bits": lambda unit: (unit * 4095).round().astype(np.uint16),
    "float 255": lambda unit: unit * 255,
    "HU": lambda unit: unit * 4000 - 1000,
    "color": lambda unit: bytes_of(np.stack([unit, unit**2, 1 - unit], axis=-1)),
    "imbalance": bytes_of,
}


def stressed(data, stress):
    X, y, X_test, y_test = data
    if stress == "imbalance":  # twenty of the first class for one of the last
        rare = np.flatnonzero(y == y.max())
        kept = np.setdiff1d(np.arange(len(y)), rare[max(4, (y == 0).sum() // 20) :])
        X, y = X[kept], y[kept]
    change = STRESS[stress]
    units = (images.astype(np.float32) / 255 for images in (X, X_test))
    X, X_test = map(change, units)
    return X, y, X_test, y_test

"""One epoch of augmented batches: ours against kornia's batches and torchvision's single images.

In color at 224x224 two thirds of our time is the kernel that torchvision calls as well
(grid_sample), so that there is less to gain than in gray or on smaller images.
"""

import numpy as np

from bench import Row
from bench._peers import load_peer

BATCH = 32
ROTATION, SHIFT, ZOOM, SHEAR, LIGHT = 15, 0.1, 0.1, 5, 0.2


def epoch(images):
    """Return a callable that scales and augments every batch once."""
    import torch

    from skmedimg import Augmenter
    from skmedimg._device import generator, resolve_precision
    from skmedimg.images._pixels import to_device

    augmenter = Augmenter(
        rotation=ROTATION, zoom=ZOOM, shift=SHIFT, shear=SHEAR, flip="horizontal",
        brightness=LIGHT, contrast=LIGHT,
    )  # fmt: skip
    device, random = torch.device("cpu"), generator(0)
    precision = resolve_precision("float32", device)

    def run():
        order = torch.randperm(len(images), generator=random).numpy()
        for start in range(0, len(images), BATCH):
            batch = to_device(images[order[start : start + BATCH]], device, precision)
            augmenter.augment_batch(batch, None, random)

    return run


def dataloader(images, workers):
    """Return a callable that does the same with transforms.v2 in a DataLoader."""
    from torch.utils.data import DataLoader

    loader = DataLoader(
        Transformed(images),
        BATCH,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )

    def run():
        for _ in loader:
            pass

    return run


class Transformed:
    """Stored images, transformed one by one, in the order torchvision's documentation advises."""

    def __init__(self, images):
        import torch
        from torchvision.transforms import InterpolationMode, v2
        from torchvision.tv_tensors import Image

        self.images = [Image(torch.from_numpy(image).permute(2, 0, 1)) for image in images]
        self.transform = v2.Compose(
            [
                v2.RandomAffine(
                    ROTATION,
                    translate=(SHIFT, SHIFT),
                    scale=(1 - ZOOM, 1 + ZOOM),
                    shear=SHEAR,
                    interpolation=InterpolationMode.BILINEAR,
                ),
                v2.RandomHorizontalFlip(),
                v2.ColorJitter(brightness=LIGHT, contrast=LIGHT),
                v2.ToDtype(torch.float32, scale=True),
            ]
        )

    def __len__(self):
        return len(self.images)

    def __getitem__(self, row):
        return self.transform(self.images[row])


def kornia(images, quick):
    """Return a callable that does the same with kornia, whole batches at a time."""
    found = load_peer("kornia", quick)
    if isinstance(found, str):
        return found
    import torch
    from kornia import augmentation

    if images.shape[-1] == 3:
        light = [augmentation.ColorJiggle(LIGHT, LIGHT, p=1.0)]
    else:
        kinds = (augmentation.RandomBrightness, augmentation.RandomContrast)
        light = [kind((1 - LIGHT, 1 + LIGHT), p=1.0) for kind in kinds]
    zoom = (1 - ZOOM, 1 + ZOOM)
    transform = augmentation.AugmentationSequential(
        augmentation.RandomAffine(ROTATION, (SHIFT, SHIFT), zoom, SHEAR, p=1.0),
        augmentation.RandomHorizontalFlip(),
        *light,
    )
    stack = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()

    def run():
        for rows in torch.randperm(len(stack)).split(BATCH):
            transform(stack[rows].float() / 255)

    return run


def contenders(count, side, channels):
    def make(quick):
        shape = (2 * BATCH if quick else count, side, side, channels)
        images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        return {
            "ours": epoch(images),
            "kornia": kornia(images, quick),
            "torchvision, DataLoader": dataloader(images, 0),
            "torchvision, 2 workers": dataloader(images, 2),
        }

    return make


def row(name, count, side, channels):
    kind = "gray" if channels == 1 else "RGB"
    return Row(
        name=name,
        work=f"{count} uint8 {kind} images of {side}x{side}: rotation, zoom, shift, shear, flip, "
        f"brightness, contrast; batches of {BATCH}",
        make=contenders(count, side, channels),
        goals={"kornia": 2.0, "torchvision, DataLoader": 3.0},
        processes=3,
        why="at this size two thirds of ours is grid_sample, which torchvision calls as well.",
    )


ROWS = [
    row("augment-64", 1024, 64, 1),
    row("augment-224", 256, 224, 1),
    row("augment-224-rgb", 128, 224, 3),
]

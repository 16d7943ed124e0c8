"""Training on patches of large images, with the foreground sampled more often than by chance."""

import torch


class PatchSampler:
    """Samples one patch out of every image of a batch, then augments it."""

    def __init__(self, size, augment, foreground=0.5, ignored=None):
        self.size = size
        self.augment = augment
        self.foreground = foreground
        self.ignored = ignored  # code of pixels that do not count, and are no foreground

    def augment_batch(self, images, masks, generator):
        """Return patches of a batch."""
        # Images smaller than a patch are taken whole.
        size = [min(s, side) for s, side in zip(self.size, masks.shape[1:], strict=True)]
        places = [self._place(mask, size, generator) for mask in masks]
        masks = torch.stack([mask[place] for mask, place in zip(masks, places, strict=True)])
        cut = [image[:, *place] for image, place in zip(images, places, strict=True)]
        # stack() forgets the memory layout, and convolutions in the other one are slower.
        channels_last = images.is_contiguous(memory_format=torch.channels_last)
        layout = torch.channels_last if channels_last else torch.contiguous_format
        images = torch.stack(cut).contiguous(memory_format=layout)
        if self.augment is None:
            return images, masks
        return self.augment.augment_batch(images, masks, generator)

    def _place(self, mask, size, generator):
        """Return the randomly chosen rows and columns of one patch, as two slices."""
        # Three numbers for every patch, used or not: a batch draws the same whatever it shows.
        draws = torch.rand(3, generator=generator, device=mask.device)
        free = [side - s for side, s in zip(mask.shape, size, strict=True)]
        corner = [int(draws[k] * (free[k] + 1)) for k in range(2)]
        if draws[2] < self.foreground:
            corner = self._around_foreground(mask, size, draws[0]) or corner
        # A patch around a pixel at the border is moved inside.
        corner = [min(max(c, 0), f) for c, f in zip(corner, free, strict=True)]
        return tuple(slice(c, c + s) for c, s in zip(corner, size, strict=True))

    def _around_foreground(self, mask, size, draw):
        """Return the corner of a patch centered on a foreground pixel, or None without any."""
        pixels = (mask if self.ignored is None else mask * (mask != self.ignored)).nonzero()
        if len(pixels) == 0:
            return None
        center = pixels[min(int(draw * len(pixels)), len(pixels) - 1)]
        return [int(c) - s // 2 for c, s in zip(center, size, strict=True)]

"""Images, masks and weights become tensors on the device, a whole batch at a time."""

from concurrent.futures import ThreadPoolExecutor

import torch

from skmedimg._device import free_memory
from skmedimg.images._lazy_images import LazyImages
from skmedimg.images._pixels import as_tensor, to_device

# torch indexes no unsigned integers of two bytes and more on a GPU.
_SIGNED = {torch.uint16: torch.int16, torch.uint32: torch.int32, torch.uint64: torch.int64}


class Dataset(torch.utils.data.Dataset):
    """Images with what belongs to them row by row, held where batches are cut fastest.

    Parameters
    ----------
    images : ndarray (n, height, width, channels) or (n, n_features), or LazyImages
        In the dtype they are stored in.
    device : torch.device
    precision : Precision
    flat : bool, default=False
        True hands the network rows: images flattened in row, column, channel order.
    augment : object with `augment_batch`, or None, default=None
    targets : dict of str to ndarray (n, ...), default=None
        "y" and "w", sliced along.

    Attributes
    ----------
    at_once : int or None
        Rows per inference batch; None leaves it to `InferenceBatches`.
    """

    at_once = None

    def __init__(self, images, device, precision, *, flat=False, augment=None, targets=None):
        self.images = images
        self.device = device
        self.precision = precision
        self.flat = flat
        self.augment = augment
        self.targets = targets or {}
        self._hold()

    def __len__(self):
        return self.images.shape[0]

    def __getitem__(self, row):
        images, targets = self.__getitems__([row])
        return images[0], {name: values[0] for name, values in targets.items()}

    def __getitems__(self, rows):
        """Return the tensors of several rows at once, unaugmented."""
        return self.tensors(self.cut(torch.as_tensor(rows)))

    def cut(self, rows):
        """Return images and targets of these rows as stored; decoding happens here.

        Parameters
        ----------
        rows : Tensor of int64, or slice
        """
        targets = {name: values[rows] for name, values in self.targets.items()}
        return _cut(self.images, rows), targets

    def tensors(self, stored, generator=None):
        """Return what `cut` gave as tensors on the device; `generator` switches augmentation on."""
        images, targets = stored
        images = to_device(images, self.device, self.precision)
        if self.targets_wait:
            targets = {name: values.to(self.device) for name, values in targets.items()}
        if self.augment is not None and generator is not None:
            images, targets = self._augment(images, targets, generator)
        if self.flat and images.ndim == 4:
            images = images.permute(0, 2, 3, 1).flatten(1)
        return images, targets

    def _augment(self, images, targets, generator):
        masks = targets["y"] if targets["y"].ndim == 3 else None
        images, masks = self.augment.augment_batch(images, masks, generator)
        return images, targets if masks is None else {**targets, "y": masks}

    def _hold(self):
        """Hold arrays as tensors where torch can share them, on the GPU where they fit."""
        home = self.device if self._fits() else torch.device("cpu")
        if not isinstance(self.images, LazyImages):
            self.images = _hold(self.images, home)
        self.targets = {name: _hold(values, home) for name, values in self.targets.items()}
        self.home, self.targets_wait = home, home != self.device

    def _fits(self):
        if self.device.type == "cpu" or isinstance(self.images, LazyImages):
            return False
        arrays = [self.images, *self.targets.values()]
        return sum(array.nbytes for array in arrays) < free_memory(self.device) / 2


class TrainingBatches:
    """One epoch after another of shuffled batches.

    Parameters
    ----------
    dataset : Dataset
    batch_size : int
    shuffler : torch.Generator
        Orders the rows, on the CPU.
    augmenter : torch.Generator
        Draws the augmentations, on the device.
    """

    def __init__(self, dataset, batch_size, shuffler, augmenter):
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffler = shuffler
        self.augmenter = augmenter

    def __len__(self):
        return len(_batch_starts(len(self.dataset), self.batch_size))

    def __iter__(self):
        for stored in cut_ahead(self.dataset, self.draw()):
            yield self.dataset.tensors(stored, self.augmenter)

    def draw(self):
        """Shuffle the rows and return those of each batch: an epoch's worth."""
        n = len(self.dataset)
        order = torch.randperm(n, generator=self.shuffler).to(self.dataset.home)
        starts = _batch_starts(n, self.batch_size)
        return [order[a:b] for a, b in zip(starts, [*starts[1:], n], strict=True)]


def _hold(array, home):
    """Return an array as a tensor at home, or as it is where torch could not share its memory."""
    native = array.dtype.newbyteorder("=") == array.dtype
    forward = all(stride >= 0 for stride in array.strides)
    if home.type == "cpu" and not (array.flags.writeable and native and forward):
        return array
    return as_tensor(array).to(home)


def _cut(held, rows):
    if isinstance(held, torch.Tensor):
        signed = _SIGNED.get(held.dtype)
        return held[rows] if signed is None else held.view(signed)[rows].view(held.dtype)
    if isinstance(rows, torch.Tensor):
        rows = rows.numpy()
    if isinstance(held, LazyImages):
        return held[rows].load()
    return held[rows]


def _batch_starts(n, batch_size):
    """List where batches begin; a last batch of one joins the one before, for BatchNorm's sake."""
    starts = list(range(0, n, batch_size))
    if len(starts) > 1 and n - starts[-1] == 1:
        starts.pop()
    return starts


def cut_ahead(dataset, batches):
    """Yield the cut batches; those that need decoding are decoded while the last one is used.

    Parameters
    ----------
    dataset : Dataset
    batches : list of Tensor or slice

    Yields
    ------
    stored : tuple
        What `Dataset.cut` returns.
    """
    if not isinstance(dataset.images, LazyImages):
        yield from map(dataset.cut, batches)
        return
    with ThreadPoolExecutor(1) as reader:
        waiting = [reader.submit(dataset.cut, rows) for rows in batches[:2]]
        try:
            for upcoming in [*batches[2:], None, None][: len(batches)]:
                yield waiting.pop(0).result()
                if upcoming is not None:
                    waiting.append(reader.submit(dataset.cut, upcoming))
        finally:
            for task in waiting:
                task.cancel()

"""Turns images, masks and weights into tensors on the device, a whole batch at a time."""

from concurrent.futures import ThreadPoolExecutor

import torch

from skmedimg._device import free_memory
from skmedimg._training.mixup import mix
from skmedimg.images._lazy_images import LazyImages
from skmedimg.images._pixels import as_tensor, to_device

# torch indexes no unsigned integers of two bytes and more on a GPU.
_SIGNED = {torch.uint16: torch.int16, torch.uint32: torch.int32, torch.uint64: torch.int64}


class Dataset(torch.utils.data.Dataset):
    """Images with targets "y" and weights "w", stored where batches are taken fastest."""

    inference_batch_size = None  # images per inference batch; None leaves it to InferenceBatches

    def __init__(
        self, images, device, precision, *, flat=False, augment=None, mixup=0.0, targets=None
    ):
        self.images = images  # (n, height, width, channels) or (n, n_features), in their own dtype
        self.device = device
        self.precision = precision
        self.flat = flat  # whether the network takes rows: images flattened in C order
        self.augment = augment
        self.mixup = mixup  # alpha of the Beta distribution that mixes a batch, 0 mixes nothing
        self.targets = targets or {}
        self._store()

    def __len__(self):
        return self.images.shape[0]

    def __getitem__(self, row):
        images, targets = self.__getitems__([row])
        return images[0], {name: values[0] for name, values in targets.items()}

    def __getitems__(self, rows):
        """Return the tensors of several rows at once, unaugmented."""
        return self.to_tensors(self.take(torch.as_tensor(rows)))

    def take(self, rows):
        """Return images and targets of a tensor or slice of rows as stored; files are decoded."""
        return _take(self.images, rows), {name: y[rows] for name, y in self.targets.items()}

    def to_tensors(self, taken, generator=None):
        """Return what `take` returned as tensors on the device; augmented with a generator."""
        images, targets = taken
        images = to_device(images, self.device, self.precision)
        if self.storage_device != self.device:
            targets = {name: values.to(self.device) for name, values in targets.items()}
        if self.augment is not None and generator is not None:
            masks = targets["y"] if targets["y"].ndim == 3 else None
            images, masks = self.augment.augment_batch(images, masks, generator)
            targets = targets if masks is None else {**targets, "y": masks}
        if self.mixup and generator is not None:
            images, targets = mix(images, targets, self.mixup, generator)
        if self.flat and images.ndim == 4:
            images = images.permute(0, 2, 3, 1).flatten(1)
        return images, targets

    def _store(self):
        """Store arrays as tensors, on the GPU where half of its memory is left to the network."""
        self.storage_device = torch.device("cpu")
        if self.device.type != "cpu" and not isinstance(self.images, LazyImages):
            n_bytes = sum(array.nbytes for array in (self.images, *self.targets.values()))
            if n_bytes < free_memory(self.device) / 2:
                self.storage_device = self.device
        if not isinstance(self.images, LazyImages):
            self.images = _stored(self.images, self.storage_device)
        self.targets = {name: _stored(y, self.storage_device) for name, y in self.targets.items()}


class TrainingBatches:
    """Shuffled batches of a Dataset, another order in every epoch."""

    def __init__(self, dataset, batch_size, shuffler, augmenter):
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffler = shuffler  # orders the rows, a generator on the CPU
        self.augmenter = augmenter  # draws the augmentations, a generator on the device

    def __len__(self):
        return n_steps(len(self.dataset), self.batch_size)

    def __iter__(self):
        for taken in prefetch(self.dataset, self.shuffled_rows()):
            yield self.dataset.to_tensors(taken, self.augmenter)

    def shuffled_rows(self):
        """Return the rows of each batch of the next epoch."""
        n = len(self.dataset)
        # Shuffled on the CPU, so that a seed gives one order on every device.
        order = torch.randperm(n, generator=self.shuffler).to(self.dataset.storage_device)
        starts = _batch_starts(n, self.batch_size)
        return [order[a:b] for a, b in zip(starts, [*starts[1:], n], strict=True)]


def prefetch(dataset, batches):
    """Yield what `Dataset.take` returns for each batch; the next files are decoded meanwhile."""
    if not isinstance(dataset.images, LazyImages):
        yield from map(dataset.take, batches)
        return
    with ThreadPoolExecutor(1) as reader:
        waiting = [reader.submit(dataset.take, rows) for rows in batches[:2]]
        try:
            for upcoming in [*batches[2:], None, None][: len(batches)]:
                yield waiting.pop(0).result()
                if upcoming is not None:
                    waiting.append(reader.submit(dataset.take, upcoming))
        finally:  # an interrupted epoch does not wait for images that nobody needs
            for task in waiting:
                task.cancel()


def _stored(array, device):
    """Return an array as a tensor on the device, or as it is if torch cannot share its memory."""
    native = array.dtype.newbyteorder("=") == array.dtype
    forward = all(stride >= 0 for stride in array.strides)
    if device.type == "cpu" and not (array.flags.writeable and native and forward):
        return array
    return as_tensor(array).to(device)


def _take(images, rows):
    if isinstance(images, torch.Tensor):
        signed = _SIGNED.get(images.dtype)
        return images[rows] if signed is None else images.view(signed)[rows].view(images.dtype)
    if isinstance(rows, torch.Tensor):
        rows = rows.numpy()
    if isinstance(images, LazyImages):
        return images[rows].load()
    return images[rows]


def n_steps(n, batch_size):
    """Return the number of batches of an epoch of n images."""
    return len(_batch_starts(n, batch_size))


def _batch_starts(n, batch_size):
    """List where batches begin; a last batch of one joins the one before, for BatchNorm's sake."""
    starts = list(range(0, n, batch_size))
    if len(starts) > 1 and n - starts[-1] == 1:
        starts.pop()
    return starts

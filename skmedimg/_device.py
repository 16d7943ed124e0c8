"""Where and how tensors are computed: devices, precision, seeds, allocator; one door for all."""

import contextlib
import multiprocessing
import re
import secrets
import sys
import threading
import warnings
from collections import namedtuple

import numpy as np
import torch
from sklearn.utils import check_random_state

PRECISIONS = ("auto", "float32", "bf16", "float16", "float64")

# Under this many pixels the casts of bf16 cost more than its matrix units save (bench/cnn.py).
BF16_MIN_PIXELS = 32 * 32

_MAX_SEED = np.iinfo(np.int32).max
_INIT_LOCK = threading.Lock()

Precision = namedtuple("Precision", "dtype autocast channels_last")
Precision.__doc__ = """Numbers a network computes with.

dtype : torch.dtype of parameters and inputs; autocast : torch.dtype or None, what
convolutions and products are cast to; channels_last : bool, memory layout of images.
"""


def resolve_device(device):
    """Return the torch device that `device` names, checking that it is there.

    Parameters
    ----------
    device : str or torch.device
        "auto" takes CUDA, then Apple's MPS, then the CPU; with several GPUs every joblib or
        Dask worker process takes its own.

    Returns
    -------
    device : torch.device

    Examples
    --------
    >>> from skmedimg._device import resolve_device
    >>> resolve_device("cpu")
    device(type='cpu')
    """
    if str(device) == "auto":
        return _best_device()
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"device={device!r} is not a device: use 'auto', 'cpu', 'cuda', 'cuda:1' or 'mps'."
        ) from error
    if not _is_available(found):
        raise ValueError(
            f"device={device!r} is not available on this machine; device='auto' takes "
            f"the best one that is ({_best_device()})."
        )
    return found


def available_device(device, loaded):
    """Return the device that is named, or warn and return the best one where it is gone.

    Parameters
    ----------
    device : str or torch.device
    loaded : str
        What is being loaded, for the warning.

    Returns
    -------
    device : torch.device
    """
    try:
        return resolve_device(device)
    except ValueError:
        found = _best_device()
        warnings.warn(
            f"device={str(device)!r} is not available here: {loaded} was loaded on {found}.",
            stacklevel=2,
        )
        return found


def _best_device():
    if torch.cuda.is_available():
        return torch.device("cuda", _worker_number() % torch.cuda.device_count())
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def _is_available(device):
    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    if device.type == "mps":
        return torch.backends.mps.is_available()
    return device.type == "cpu"


def _worker_number():
    """Number this process among the workers of a pool; the main process is 0."""
    distributed = sys.modules.get("distributed")
    if distributed is not None:
        with contextlib.suppress(ValueError):  # raised outside a Dask worker
            name = distributed.get_worker().name
            return name if isinstance(name, int) else _last_number(str(name))
    return max(_last_number(multiprocessing.current_process().name) - 1, 0)


def _last_number(text):
    numbers = re.findall(r"\d+", text)
    return int(numbers[-1]) if numbers else 0


def free_memory(device):
    """Return the bytes that may still be taken on a GPU.

    Parameters
    ----------
    device : torch.device

    Returns
    -------
    n_bytes : int
    """
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()


def release_memory(device):
    """Give back what torch keeps of a GPU's memory without using it.

    Parameters
    ----------
    device : torch.device
    """
    if device.type == "cuda":
        torch.cuda.empty_cache()


def resolve_precision(precision, device, pixels=0):
    """Return the `Precision` that a name means on this device.

    Parameters
    ----------
    precision : {"auto", "float32", "bf16", "float16", "float64"}
        "auto" is what was measured fastest at equal quality: bf16 with channels_last where the
        hardware multiplies bf16 (CUDA from Ampere on, CPUs with AVX512-BF16 or AMX) and the
        images are large enough to gain; float16 on older CUDA; float32 elsewhere.
    device : torch.device
    pixels : int, default=0
        Height times width of one image; 0 for networks on rows, which gain nothing.

    Returns
    -------
    precision : Precision

    Examples
    --------
    >>> import torch
    >>> from skmedimg._device import resolve_precision
    >>> resolve_precision("float64", torch.device("cpu"))
    Precision(dtype=torch.float64, autocast=None, channels_last=False)
    """
    images = pixels > 1
    if precision == "auto":
        precision = _fastest_precision(device, pixels)
    if precision == "float64":
        if device.type == "mps":
            raise ValueError("precision='float64' does not exist on mps; use 'float32'.")
        return Precision(torch.float64, None, False)
    autocast = {"float32": None, "bf16": torch.bfloat16, "float16": torch.float16}[precision]
    return Precision(torch.float32, autocast, images)


def _fastest_precision(device, pixels):
    if pixels < BF16_MIN_PIXELS:
        return "float32"
    if device.type == "cuda":
        return "bf16" if torch.cuda.get_device_capability(device) >= (8, 0) else "float16"
    if device.type == "cpu" and _cpu_multiplies_bf16():
        return "bf16"
    return "float32"


def _cpu_multiplies_bf16():
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in probes)


def autocast(device, precision):
    """Return a context in which products run in `precision.autocast`.

    Parameters
    ----------
    device : torch.device
    precision : Precision

    Returns
    -------
    context : context manager
    """
    return torch.autocast(device.type, precision.autocast, precision.autocast is not None)


def loss_scaler(device, precision):
    """Return the scaler that small gradients need in float16, or None elsewhere.

    Parameters
    ----------
    device : torch.device
    precision : Precision

    Returns
    -------
    scaler : torch.amp.GradScaler or None
    """
    return torch.amp.GradScaler(device.type) if precision.autocast is torch.float16 else None


def seed_from(random_state):
    """Draw a seed from `random_state` without touching any global generator.

    Parameters
    ----------
    random_state : int, numpy.random.RandomState or None
        None draws from the operating system.

    Returns
    -------
    seed : int
    """
    if random_state is None:
        return secrets.randbelow(_MAX_SEED)
    return int(check_random_state(random_state).randint(_MAX_SEED))


def generator(seed, device="cpu"):
    """Return a torch generator of its own, seeded.

    Parameters
    ----------
    seed : int
    device : str or torch.device, default="cpu"

    Returns
    -------
    generator : torch.Generator
    """
    return torch.Generator(device=device).manual_seed(seed % _MAX_SEED)


@contextlib.contextmanager
def fresh_weights(seed):
    """Let modules built inside draw their weights from `seed`; the global generator is put back.

    torch's initialisers know the global generator alone, so it is lent under a lock for the
    milliseconds of building; a lock around a whole fit would make threads wait for each other.

    Parameters
    ----------
    seed : int
    """
    shared = torch.default_generator
    with _INIT_LOCK:
        state = shared.get_state()
        shared.manual_seed(seed % _MAX_SEED)
        try:
            yield
        finally:
            shared.set_state(state)

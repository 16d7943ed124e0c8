"""Devices, precision, seeds, cuDNN settings and the memory allocator: all of them chosen here."""

import contextlib
import ctypes
import multiprocessing
import re
import secrets
import sys
import threading
from collections import namedtuple

import numpy as np
import torch
from sklearn.utils import check_random_state

from skmedimg._warnings import warn_user

PRECISIONS = ("auto", "float32", "bfloat16", "float16", "float64")

# On images of fewer pixels the casts to bfloat16 cost more than its matrix units save
# (bench/cnn.py).
BFLOAT16_MIN_PIXELS = 32 * 32

_MAX_SEED = np.iinfo(np.int32).max
_INIT_LOCK = threading.Lock()
_cudnn_lock = threading.Lock()
_cudnn_users = []
_cudnn_settings = contextlib.ExitStack()

# What a network computes with. dtype: of parameters and inputs; autocast: dtype of convolutions and
# products, or None; channels_last: memory layout of images.
Precision = namedtuple("Precision", "dtype autocast channels_last")


def resolve_device(device):
    """Return the torch device that a str or torch.device names, if this machine has it."""
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
    """Return the named device, or warn that `loaded` goes to the best one there is."""
    try:
        return resolve_device(device)
    except ValueError:
        found = _best_device()
        warn_user(
            f"device={str(device)!r} is not available here: {loaded} was loaded on {found}.",
        )
        return found


def _best_device():
    # With several GPUs every worker process of joblib or Dask takes its own.
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
    """Return the number of bytes that can still be allocated on a GPU."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()


def release_memory(device):
    """Give back GPU memory that torch keeps without using it."""
    if device.type == "cuda":
        torch.cuda.empty_cache()


def resolve_precision(precision, device, pixels=0):
    """Return the Precision of a name on a device, for images of so many pixels (rows: 0)."""
    if precision == "auto":
        precision = _fastest_precision(device, pixels)
    if precision == "float64":
        if device.type == "mps":
            raise ValueError("precision='float64' does not exist on mps; use 'float32'.")
        return Precision(torch.float64, None, False)
    autocast = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}[precision]
    return Precision(torch.float32, autocast, channels_last=pixels > 1)


def _fastest_precision(device, pixels):
    """Return the precision that was measured fastest at equal quality."""
    if pixels < BFLOAT16_MIN_PIXELS:
        return "float32"
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.get_device_capability(device) >= (8, 0) else "float16"
    if device.type == "cpu" and _cpu_multiplies_bfloat16():
        return "bfloat16"
    return "float32"


def _cpu_multiplies_bfloat16():
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in probes)


def autocast(device, precision):
    """Return a context in which products are computed in `precision.autocast`."""
    return torch.autocast(device.type, precision.autocast, precision.autocast is not None)


def loss_scaler(device, precision):
    """Return the scaler that float16 needs for small gradients, or None."""
    return torch.amp.GradScaler(device.type) if precision.autocast is torch.float16 else None


def seed_from(random_state):
    """Return a seed drawn from `random_state`; no global generator is used or changed."""
    if random_state is None:
        return secrets.randbelow(_MAX_SEED)
    return int(check_random_state(random_state).randint(_MAX_SEED))


def generator(seed, device="cpu"):
    """Return a new torch generator with a seed."""
    return torch.Generator(device=device).manual_seed(seed % _MAX_SEED)


@contextlib.contextmanager
def fresh_weights(seed, device=None):
    """Let what draws from torch's global generators inside, as new layers do, draw from a seed."""
    # torch's initializers draw from the global generator alone. It is lent under a lock for the
    # milliseconds of building and put back; a lock around a whole fit would serialize threads.
    shared = [torch.default_generator]
    if device is not None and device.type == "cuda":
        shared.append(torch.cuda.default_generators[device.index or 0])
    with _INIT_LOCK:
        states = [generator.get_state() for generator in shared]
        for generator in shared:
            generator.manual_seed(seed % _MAX_SEED)
        try:
            yield
        finally:
            for generator, state in zip(shared, states, strict=True):
                generator.set_state(state)


@contextlib.contextmanager
def exact_kernels(device):
    """Restrict cuDNN to deterministic kernels that round as float32 does."""
    # By default cuDNN multiplies float32 in TF32, which keeps three digits. Its settings belong to
    # the process: of the threads that are inside at once, the last to leave restores them.
    if device.type != "cuda":
        yield
        return
    with _cudnn_lock:
        if not _cudnn_users:
            exactly = {"enabled": True, "benchmark": False, "deterministic": True}
            _cudnn_settings.enter_context(torch.backends.cudnn.flags(**exactly, allow_tf32=False))
        _cudnn_users.append(device)
    try:
        yield
    finally:
        with _cudnn_lock:
            _cudnn_users.pop()
            if not _cudnn_users:
                _cudnn_settings.close()


@contextlib.contextmanager
def keep_freed_memory(enabled=True):
    """Keep freed activations in the process for the next step of a fit on the CPU."""
    # glibc gives every block above 32 MB back to the kernel, which costs a convolutional step
    # 100,000 page faults. Keeping them trains 1.4 to 1.8 times as fast and takes up to half as much
    # memory again meanwhile. Nested and concurrent fits share one setting; the last restores it.
    if not enabled:
        yield
        return
    _HEAP.keep()
    try:
        yield
    finally:
        _HEAP.release()


class _Heap:
    """glibc's thresholds, raised while at least one fit asks for it."""

    # Numbers of glibc's parameters, from malloc.h; release() sets what glibc grows to by itself.
    MMAP_THRESHOLD, TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -3, -1, -2, -4

    def __init__(self):
        self.lock = threading.Lock()
        self.users = 0
        self.libc = _glibc()

    def keep(self):
        with self.lock:
            self.users += 1
            if self.users == 1 and self.libc is not None:
                if not self.libc.mallopt(self.MMAP_THRESHOLD, 2**31 - 1):
                    self.libc.mallopt(self.MMAP_MAX, 0)  # glibc before 2.35 caps the threshold
                self.libc.mallopt(self.TRIM_THRESHOLD, 2**31 - 1)
                self.libc.mallopt(self.TOP_PAD, 256 << 20)

    def release(self):
        with self.lock:
            self.users -= 1
            if self.users == 0 and self.libc is not None:
                self.libc.mallopt(self.MMAP_THRESHOLD, 32 << 20)
                self.libc.mallopt(self.MMAP_MAX, 65536)
                self.libc.mallopt(self.TRIM_THRESHOLD, 64 << 20)
                self.libc.mallopt(self.TOP_PAD, 0)
                self.libc.malloc_trim(0)


def _glibc():
    if not sys.platform.startswith("linux"):
        return None
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt, libc.malloc_trim  # noqa: B018 - musl has neither
    except (OSError, AttributeError):
        return None
    return libc


_HEAP = _Heap()

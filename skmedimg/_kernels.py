"""Kernels that give the same bits every time: cuDNN, held to them while networks run."""

import contextlib
import threading

import torch

_lock = threading.Lock()
_inside = []
_settings = contextlib.ExitStack()


@contextlib.contextmanager
def exact_kernels(device):
    """Hold cuDNN to kernels that give the same bits every time and round as float32 does.

    Left to itself it multiplies float32 in TF32, which keeps three digits. Its settings are the
    process's: of threads that are inside at once, the last to leave puts them back.

    Parameters
    ----------
    device : torch.device
    """
    if device.type != "cuda":
        yield
        return
    with _lock:
        if not _inside:
            exactly = {"enabled": True, "benchmark": False, "deterministic": True}
            _settings.enter_context(torch.backends.cudnn.flags(**exactly, allow_tf32=False))
        _inside.append(device)
    try:
        yield
    finally:
        with _lock:
            _inside.pop()
            if not _inside:
                _settings.close()

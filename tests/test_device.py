"""Where a network runs and with what numbers: on machines with GPUs that are played here."""

import contextlib
import multiprocessing
import os
import sys
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from torch import nn

from skmedimg import ShallowMLP
from skmedimg._device import resolve_precision

CUDA, CPU = torch.device("cuda"), torch.device("cpu")


@pytest.fixture
def gpus(monkeypatch):
    """Play a machine with some GPUs of some generation."""

    def play(count, capability=(8, 0), mps=False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device=None: capability)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return play


class Moved(Exception):
    """Ends a fit that moves its network to a device: there is none here."""


def device_taken(device="auto"):
    """Return the device to which a fit moves its network."""
    with mock.patch.object(nn.Module, "to", autospec=True, side_effect=Moved) as moving:
        with contextlib.suppress(Moved):
            ShallowMLP((), device=device).fit(np.eye(4), [0, 1, 0, 1])
    [call] = moving.call_args_list
    return str(call.args[1])


def device_of_a_worker(n_gpus):
    """Return a worker's process, its name and the device it takes where there are GPUs."""
    playing = {"is_available": lambda: True, "device_count": lambda: n_gpus}
    with mock.patch.multiple(torch.cuda, get_device_capability=lambda device: (8, 0), **playing):
        return os.getpid(), multiprocessing.current_process().name, device_taken()


def in_process(name, monkeypatch):
    monkeypatch.setattr(multiprocessing, "current_process", lambda: SimpleNamespace(name=name))


@pytest.mark.parametrize(
    ("n_gpus", "mps", "device"), [(2, False, "cuda:0"), (0, True, "mps"), (0, False, "cpu")]
)
def test_auto_takes_cuda_then_mps_then_the_cpu(gpus, n_gpus, mps, device):
    gpus(n_gpus, mps=mps)
    assert device_taken() == device


@pytest.mark.parametrize(
    ("name", "device"),
    [
        ("MainProcess", "cuda:0"),
        ("LokyProcess-1", "cuda:0"),
        ("LokyProcess-2", "cuda:1"),
        ("LokyProcess-3", "cuda:0"),
        ("LokyProcess-4", "cuda:1"),
        ("SpawnPoolWorker-4", "cuda:1"),
    ],
)
def test_every_worker_takes_the_next_gpu(gpus, monkeypatch, name, device):
    gpus(2)
    in_process(name, monkeypatch)
    assert device_taken() == device


@pytest.mark.slow
def test_the_workers_of_joblib_are_named_as_the_rule_expects():
    found = Parallel(n_jobs=2)(delayed(device_of_a_worker)(1000) for _ in range(8))
    workers = dict.fromkeys(found)
    assert len({device for _, _, device in workers}) == len({process for process, _, _ in workers})
    assert {name.split("-")[0] for _, name, _ in workers} == {"LokyProcess"}


@pytest.mark.parametrize(("name", "device"), [(0, "cuda:0"), (3, "cuda:1"), ("gpu-1", "cuda:1")])
def test_the_workers_of_dask_count_by_their_names(gpus, monkeypatch, name, device):
    gpus(2)
    worker = SimpleNamespace(name=name)
    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(get_worker=lambda: worker))
    assert device_taken() == device


@pytest.mark.parametrize("name", [1, "gpu-node-1", "tcp://10.0.0.7:1"])
def test_the_worker_that_dask_knows_is_asked(gpus, monkeypatch, name):
    gpus(2)
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(distributed, "get_worker", lambda: SimpleNamespace(name=name))
    assert device_taken() == "cuda:1"


def test_a_device_that_is_asked_for_is_taken_whatever_the_worker(gpus, monkeypatch):
    gpus(4)
    in_process("LokyProcess-2", monkeypatch)
    assert device_taken("cuda:3") == "cuda:3"
    with pytest.raises(ValueError, match=r"'cuda:4' is not available.*\(cuda:1\)"):
        ShallowMLP(device="cuda:4").fit(np.eye(4), [0, 1, 0, 1])


@pytest.mark.parametrize("device", ["gpu", "cuda:x"])
def test_what_is_no_device_is_answered_with_examples(device):
    with pytest.raises(ValueError, match="use 'auto', 'cpu', 'cuda'"):
        ShallowMLP(device=device).fit(np.eye(4), [0, 1, 0, 1])


@pytest.mark.parametrize(
    ("capability", "pixels", "autocast"),
    [
        ((9, 0), 224 * 224, torch.bfloat16),
        ((8, 0), 224 * 224, torch.bfloat16),
        ((7, 5), 224 * 224, torch.float16),
        ((9, 0), 8 * 8, None),
        ((9, 0), 0, None),
    ],
)
def test_auto_precision_on_a_gpu_follows_its_generation_and_the_size(
    gpus, capability, pixels, autocast
):
    gpus(1, capability)
    found = resolve_precision("auto", CUDA, pixels)
    assert (found.dtype, found.autocast) == (torch.float32, autocast)
    assert found.channels_last == (pixels > 1)


@pytest.mark.parametrize("multiplies", [True, False])
def test_auto_precision_on_a_cpu_asks_for_bfloat16_units(monkeypatch, multiplies):
    for probe in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, probe, lambda: multiplies)
    expected = torch.bfloat16 if multiplies else None
    assert resolve_precision("auto", CPU, 128 * 128).autocast is expected
    assert resolve_precision("auto", CPU, 16 * 16).autocast is None


def test_float64_is_refused_where_it_does_not_exist():
    with pytest.raises(ValueError, match="use 'float32'"):
        resolve_precision("float64", torch.device("mps"))

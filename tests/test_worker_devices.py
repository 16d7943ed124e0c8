"""device="auto" gives every worker process a GPU of its own; the GPUs are make-believe."""

import time
from unittest import mock

import pytest
import torch
from joblib import Parallel, delayed

from skmedimg._device import resolve_device


def device_among(count, nap=0.0):
    """Return what "auto" takes in this process where there seem to be some GPUs."""
    with (
        mock.patch.object(torch.cuda, "is_available", return_value=True),
        mock.patch.object(torch.cuda, "device_count", return_value=count),
    ):
        time.sleep(nap)
        return str(resolve_device("auto"))


def test_a_process_alone_takes_the_first_gpu():
    assert device_among(3) == "cuda:0"


@pytest.mark.parametrize(
    ("name", "device"),
    [("LokyProcess-1", "cuda:0"), ("LokyProcess-3", "cuda:2"), ("LokyProcess-4", "cuda:0")],
)
def test_a_worker_takes_the_gpu_of_its_number(name, device):
    with mock.patch("multiprocessing.current_process") as process:
        process.return_value.name = name
        assert device_among(3) == device


@pytest.mark.usefixtures("filters_put_back")
def test_two_workers_of_joblib_take_two_gpus():
    found = Parallel(n_jobs=2, batch_size=1)(delayed(device_among)(2, nap=0.3) for _ in range(6))
    assert set(found) == {"cuda:0", "cuda:1"}


@pytest.mark.parametrize("name", [1, "gpu-node-1", "tcp://10.0.0.7:1"])
def test_a_dask_worker_takes_the_gpu_of_its_name(name):
    distributed = pytest.importorskip("distributed")
    worker = mock.Mock()
    worker.name = name
    with mock.patch.object(distributed, "get_worker", return_value=worker):
        assert device_among(2) == "cuda:1"

"""Files are there whole or not at all, and nothing but a file is ever replaced."""

import os
import threading

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

from skmedimg.saving import load, save

MODEL = GaussianNB().fit(np.arange(8.0)[:, None], [0, 1] * 4)


def test_an_interrupt_leaves_what_was_there(tmp_path, monkeypatch):
    (tmp_path / "result").write_bytes(b"before")

    def stop(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)  # all is written, and not yet known to be on the disk
    with pytest.raises(KeyboardInterrupt):
        save(MODEL, tmp_path / "result")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [
        ("result", b"before")
    ]


def test_a_link_goes_on_pointing(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "result").write_bytes(b"before")
    (tmp_path / "link").symlink_to(tmp_path / "kept" / "result")
    save(MODEL, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert isinstance(load(tmp_path / "kept" / "result"), GaussianNB)
    assert len(list(tmp_path.rglob("*"))) == 3


def test_a_pipe_takes_what_is_written_and_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    save(MODEL, pipe)
    reader.join(10)
    (tmp_path / "result").write_bytes(found[0])
    assert isinstance(load(tmp_path / "result"), GaussianNB)
    assert pipe.is_fifo()


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(IsADirectoryError):
        save(MODEL, tmp_path)

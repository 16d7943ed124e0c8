"""Files are there whole or not at all, and nothing but a file is ever replaced."""

import os
import threading

import pytest

from skmedimg._files import whole_file


def test_an_interrupt_leaves_what_was_there(tmp_path):
    (tmp_path / "result").write_bytes(b"before")

    def write_and_stop():
        with whole_file(tmp_path / "result") as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_stop()
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [
        ("result", b"before")
    ]


def test_a_link_goes_on_pointing(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "result").write_bytes(b"before")
    (tmp_path / "link").symlink_to(tmp_path / "kept" / "result")
    with whole_file(tmp_path / "link") as file:
        file.write(b"after")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "kept" / "result").read_bytes() == b"after"
    assert len(list(tmp_path.rglob("*"))) == 3


def test_a_pipe_takes_what_is_written_and_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    with whole_file(pipe) as file:
        file.write(b"done")
    reader.join(10)
    assert found == [b"done"]
    assert pipe.is_fifo()


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(IsADirectoryError):
        whole_file(tmp_path).__enter__()

"""Damage files where that leads to new lines of code, by atheris; otherwise as `tests.tools.fuzz`.

    pip install atheris
    python -m tests.tools.fuzz_guided FORMAT [--seconds 300] [--keep FOLDER]

It stops at the first file that is neither read nor refused by name, that takes 5 seconds or 1 GB,
or that crashes, and leaves the file in the folder.
"""

import argparse
import sys
import tempfile
import warnings
from functools import partial
from pathlib import Path

import atheris
import numpy as np

with atheris.instrument_imports(include=["skmedimg", "pydicom", "nibabel", "PIL"]):
    import nibabel
    import pydicom

    import skmedimg.images
    import skmedimg.saving

from tests.tools.fuzz import _GOOD, MEMORY, SECONDS, _peak, _read_whole_files, judge
from tests.tools.fuzz_formats import FORMATS

READERS = nibabel, pydicom, skmedimg  # loaded while atheris watches


def look(format, folder, data):
    """Read a file; what is neither read nor refused by name ends the run."""
    path = folder / format.name
    path.write_bytes(data)
    outcome, reason = judge(format, path)
    if outcome not in _GOOD:
        raise RuntimeError(f"{outcome}\n{reason}")


def change(format, data, most, seed):
    """Change a file within its container, whose checksums are mended, where it still has one."""

    def mutate(part, random):
        return bytes(atheris.Mutate(part, len(part) + 64))

    try:
        changed = format.damage(bytes(data), np.random.RandomState(seed), mutate)
    except Exception:  # the container itself is broken by now
        changed = mutate(bytes(data), None)
    return changed[:most]


def main():
    """Hand over to libFuzzer, which ends the process."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.fuzz_guided", description=__doc__)
    parser.add_argument("format", choices=sorted(FORMATS))
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--keep", default=".", help="folder for the file that ended the run")
    options = parser.parse_args()
    format, folder = FORMATS[options.format], Path(tempfile.mkdtemp(prefix="fuzz-"))
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, whole in enumerate(format.wholes()):
        (corpus / f"{number}").write_bytes(whole)
    warnings.simplefilter("ignore")
    _read_whole_files(format, format.wholes(), folder)
    settings = {
        "max_total_time": options.seconds, "timeout": int(SECONDS), "max_len": 1 << 16,
        "rss_limit_mb": (_peak() + MEMORY) >> 20, "artifact_prefix": f"{options.keep}/",
        "print_final_stats": 1,
    }  # fmt: skip
    arguments = [f"-{name}={value}" for name, value in settings.items()]
    atheris.Setup(
        [sys.argv[0], *arguments, str(corpus)], partial(look, format, folder),
        custom_mutator=partial(change, format),
    )  # fmt: skip
    atheris.Fuzz()


if __name__ == "__main__":
    main()

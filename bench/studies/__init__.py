"""Studies: experiments whose result is a score, an error rate or a size, and not a time."""

import argparse
import json
from pathlib import Path

from bench._runner import pinned_threads

RESULTS = Path(__file__).parent / "results"


def read_records(path):
    """Return the records of a file with one of JSON per line; none where there is no file."""
    return list(map(json.loads, path.read_text("utf-8").splitlines())) if path.exists() else []


def study_parser(doc, seeds):
    """Return the parser of a study whose runs are records of a file, with what all of them take."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--seeds", type=int, nargs="+", default=seeds)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--table", action="store_true", help="print the table and run nothing")
    return parser


def run_cases(path, key_of, cases, run):
    """Run each case, a dict, that a file has no record of, and add it and its results to the file.

    A run that is stopped goes on after its last record.
    """
    done = {key_of(record) for record in read_records(path)}
    with pinned_threads(1):
        for case in cases:
            if key_of(case) in done:
                continue
            record = case | run(case)
            print(record, flush=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")


def kept_records(path, count, make, only_kept=False):
    """Yield `count` records: those that a file keeps, then what `make(seed)` returns, kept too."""
    records = read_records(path)
    yield from records[:count]
    if only_kept:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        for seed in range(len(records), count):
            record = make(seed)
            file.write(json.dumps(record) + "\n")
            file.flush()  # a run that is killed loses the record it is at
            yield record

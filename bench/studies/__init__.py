"""Studies: experiments whose result is a score, an error rate or a size, and not a time."""

import json
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def read_records(path):
    """Return the records of a file with one of JSON per line; none where there is no file."""
    return list(map(json.loads, path.read_text("utf-8").splitlines())) if path.exists() else []


def append_record(path, record):
    """Print a record and add it to a file, so that a run that is stopped goes on after it."""
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

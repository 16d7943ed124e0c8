"""The benchmark page of the documentation, from the result files."""

import json
from collections import defaultdict
from pathlib import Path

RESULTS = Path(__file__).parent / "results"

HEAD = """\
# Benchmarks

Ours and its peers ran in turns in one process; a speed-up is the median of the ratios of
neighbouring samples, with their quartiles in brackets. Ratios carry over to other machines,
absolute times do not. Run them yourself: `python -m bench [NAME ...]`.
"""
EMPTY = "No results are recorded yet.\n"
COLUMNS = "| | time per call | ours is faster by | goal | |\n| --- | ---: | ---: | ---: | --- |\n"


def page(folder=RESULTS):
    """Return the page as Markdown.

    Parameters
    ----------
    folder : path
        Folder of the JSON files that `python -m bench` writes.

    Returns
    -------
    text : str
    """
    results = [json.loads(path.read_text("utf-8")) for path in sorted(Path(folder).glob("*.json"))]
    sections = [section(result) for result in results]
    return "\n".join([HEAD, *sections, origins(results)] if results else [HEAD, EMPTY])


def section(result):
    """Return one row of the benchmark as a heading and a table."""
    lines = [line(name, result) for name in by_time(result)]
    lines += [f"| {name} | not run: {why} | | | |\n" for name, why in result["absent"].items()]
    facts = [f"- {name}: {value}\n" for name, value in result["facts"].items()]
    return "".join([title(result), COLUMNS, *lines, "\n", *facts])


def by_time(result):
    return sorted(result["seconds"], key=lambda name: result["seconds"][name]["median"])


def title(result):
    threads = "one thread" if result["threads"] == 1 else f"{result['threads']} threads"
    where = result["machine"]["gpu"] or result["machine"]["processor"]
    return f"## {result['name']}\n\n{result['work']} ({threads}, {where})\n\n"


def line(name, result):
    seconds, speedup = result["seconds"][name]["median"], result["speedup"].get(name, {})
    limit = result["limits"].get(name, {})
    ratio = "{median:.3g}x ({low:.3g} to {high:.3g})".format(**speedup) if speedup else ""
    goals = [f"{speedup['goal']:.3g}x"] if "goal" in speedup else []
    goals += [f"at most {duration(limit['limit'])}"] if limit else []
    judged = [entry["met"] for entry in (speedup, limit) if "met" in entry]
    verdict = "" if not judged else "met" if all(judged) else "**missed**"
    return f"| {name} | {duration(seconds)} | {ratio} | {', '.join(goals)} | {verdict} |\n"


def duration(seconds):
    """Write seconds in the unit people would choose.

    >>> duration(0.0123), duration(4.5e-5), duration(12)
    ('12.3 ms', '45 us', '12 s')
    """
    if seconds >= 1:
        return f"{seconds:.3g} s"
    return f"{1e3 * seconds:.3g} ms" if seconds >= 1e-3 else f"{1e6 * seconds:.3g} us"


def origins(results):
    """Return where the results come from: days, revisions, machines and versions."""
    places = defaultdict(list)
    for result in results:
        machine, versions = result["machine"], result["versions"]
        hardware = ", ".join(str(machine[key]) for key in ("processor", "gpu") if machine[key])
        software = ", ".join(f"{name} {number}" for name, number in sorted(versions.items()))
        day = f"{result['date']}, revision {result['revision']}"
        places[f"{hardware}, {machine['cores']} cores; {day}; {software}"].append(result["name"])
    notes = [f"- {', '.join(names)}: {place}\n" for place, names in sorted(places.items())]
    return "".join(["## Where and when\n\n", *notes])

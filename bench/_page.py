"""The page of goals of speed, from the result files."""

import json
from collections import defaultdict
from pathlib import Path

RESULTS = Path(__file__).parent / "results"

HEAD = """\
# Goals of speed

Rows of the benchmarks have goals. This page says which were reached, which were missed, and why.
How long your own work takes is on the page [How long does it take?](benchmarks.md)

Ours and its peers ran in turns in one process; a speed-up is the median of the ratios of
neighboring samples, with their quartiles in brackets. Ratios carry over to machines of the same
kind, absolute times do not. The load is that of the machine when the row ended, other work
included. Run them yourself: `python -m bench [NAME ...]`.
"""
EMPTY = "No results are recorded yet.\n"
GOALS = "| row | peer | goal | reached | |\n| --- | --- | ---: | ---: | --- |\n"
COLUMNS = "| | time per call | ours is faster by | goal | |\n| --- | ---: | ---: | ---: | --- |\n"
TABLES = {"work": "", "threads": 1} | dict.fromkeys(
    ("seconds", "speedup", "limits", "facts", "absent"), {}
)


def page(folder=RESULTS, reasons=None):
    """Return the page as Markdown.

    Parameters
    ----------
    folder : path
        Folder of the JSON files that `python -m bench` writes.
    reasons : dict of str to str, default=None
        Row -> why it misses a goal.

    Returns
    -------
    text : str
    """
    files = sorted(Path(folder).glob("*.json"))
    results = [read(path) for path in files]
    if not results:
        return "\n".join([HEAD, EMPTY])
    sections = [section(result, reasons or {}) for result in results]
    return "\n".join([HEAD, overview(results), *sections, origins(results)])


def read(path):
    """Return a result; the label in the name of its file makes its heading one of its own."""
    result = TABLES | json.loads(path.read_text("utf-8"))
    return result | {"heading": path.stem.replace(".", "-")}


def reasons():
    """Return why rows miss their goals, as the rows tell it."""
    from bench.__main__ import all_rows

    return {row.name: row.why for group in all_rows().values() for row in group if row.why}


def overview(results):
    """Return all goals in one table, those that were missed first."""
    found = [(entry["met"], text) for result in results for entry, text in judged(result)]
    met = sum(is_met for is_met, _ in found)
    lines = [text for _, text in sorted(found, key=lambda pair: pair[0])]
    return "".join([f"{met} of {len(found)} goals are met.\n\n", GOALS, *lines])


def judged(result):
    """Yield what was judged, and its line in the overview."""
    name = "[{0}](#{0})".format(result["heading"])
    for peer, entry in result["speedup"].items():
        if "goal" in entry:
            goal, reached = f"{entry['goal']:.3g}x", f"{entry['median']:.3g}x"
            yield entry, f"| {name} | {peer} | {goal} | {reached} | {verdict([entry])} |\n"
    for who, entry in result["limits"].items():
        goal = f"at most {duration(entry['limit'])}"
        reached = duration(result["seconds"][who]["median"])
        yield entry, f"| {name} | {who} | {goal} | {reached} | {verdict([entry])} |\n"


def verdict(entries):
    met = [entry["met"] for entry in entries if "met" in entry]
    return "" if not met else "met" if all(met) else "**missed**"


def section(result, reasons):
    """Return one row of the benchmark as a heading, a table and why a goal was missed."""
    lines = [line(name, result) for name in by_time(result)]
    lines += [f"| {name} | not run: {why} | | | |\n" for name, why in result["absent"].items()]
    facts = [f"- {name}: {value}\n" for name, value in result["facts"].items()]
    missed = any(not entry["met"] for entry, _ in judged(result))
    why = reasons.get(result["name"]) if missed else None
    parts = ["".join([COLUMNS, *lines]) if lines else "", "".join(facts)]
    parts += [f"**Missed:** {why}\n"] if why else []
    return "\n".join([title(result), *filter(None, parts)])


def by_time(result):
    return sorted(result["seconds"], key=lambda name: result["seconds"][name]["median"])


def title(result):
    name, machine = result["name"], result["machine"]
    threads = "one thread" if result["threads"] == 1 else f"{result['threads']} threads"
    where = machine["gpu"] or machine["processor"]
    facts = [threads, where, f"load {machine['load']}", result["date"]]
    # What has no times has a script of its own.
    command = f"bench {name}" if result["seconds"] else f"bench.{name.replace('-', '_')}"
    return (
        f"## {result['heading']}\n\n{result['work']} (`python -m {command}`; {', '.join(facts)})\n"
    )


def line(name, result):
    seconds, speedup = result["seconds"][name]["median"], result["speedup"].get(name, {})
    limit = result["limits"].get(name, {})
    ratio = "{median:.3g}x ({low:.3g} to {high:.3g})".format(**speedup) if speedup else ""
    goals = [f"{speedup['goal']:.3g}x"] if "goal" in speedup else []
    goals += [f"at most {duration(limit['limit'])}"] if limit else []
    said = verdict([speedup, limit])
    return f"| {name} | {duration(seconds)} | {ratio} | {', '.join(goals)} | {said} |\n"


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
        places[f"{hardware}, {machine['cores']} cores; {day}; {software}"].append(result["heading"])
    notes = [f"- {', '.join(names)}: {place}\n" for place, names in sorted(places.items())]
    return "".join(["## Where and when\n\n", *notes])

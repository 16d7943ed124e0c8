"""The page of goals of speed, from the result files."""

import json
from collections import defaultdict
from pathlib import Path

from bench._machine import doubts
from bench._runner import all_rows, judge

RESULTS = Path(__file__).parent / "results"

HEAD = """\
# Goals of speed

Rows of the benchmarks have goals. This page says which were reached, which were missed, and why.
How long your own work takes is on the page [How long does it take?](benchmarks.md)

Ours and its peers ran in turns, in one process where nothing else is said; a ratio is the median of
the ratios of neighboring samples, with their quartiles in brackets. Ratios carry over to machines
of the same kind, absolute times do not, so every machine has tables of its own. The load is that of
the machine when the row ended, other work included. Run them yourself:
`python -m bench [NAME ...]`.
"""
EMPTY = "No results are recorded yet.\n"
APART = """\
## Not to be quoted

These rows were measured beside other work, from sources that are no commit, or before the row was
changed. They are no part of the tables above.
"""
GOALS = "| row | peer | goal | reached | |\n| --- | --- | ---: | ---: | --- |\n"
COLUMNS = "| | {} | {} | goal | |\n| --- | ---: | ---: | ---: | --- |\n"
UNITS = {
    "s": ("time per call", "ours is faster by"),
    "MiB": ("memory", "ours takes less by"),
    "exponent": ("exponent", ""),
}
TABLES = {"work": "", "threads": 1, "processes": 1, "unit": "s"} | dict.fromkeys(
    ("values", "ratios", "limits", "facts", "absent"), {}
)


def page(folder=RESULTS, rows=None):
    """Return the page as Markdown.

    Parameters
    ----------
    folder : path
        Folder of the JSON files that `python -m bench` writes.
    rows : dict of str to Row, default=None
        The rows as they are today, for their goals and why they miss them. None takes all.

    Returns
    -------
    text : str
    """
    rows = by_name() if rows is None else rows
    results = read_all(folder, rows)
    if not results:
        return "\n".join([HEAD, EMPTY])
    machines, apart = defaultdict(list), []
    for result in results:
        (apart if result["doubts"] else machines[machine_name(result)]).append(result)
    parts = [part for name in sorted(machines) for part in of_machine(name, machines[name], rows)]
    if apart:
        parts += [APART, *(section(result, rows) for result in apart)]
    missing = sorted(set(rows) - {result["name"] for result in results if not result["doubts"]})
    if missing:
        parts.append("## Not measured yet\n\n" + ", ".join(f"`{name}`" for name in missing) + "\n")
    return "\n".join([HEAD, *parts, origins(results)])


def by_name():
    return {row.name: row for group in all_rows().values() for row in group}


def read_all(folder, rows):
    """Return the results of a folder, each judged by its row of today where `rows` has it."""
    return [read(path, rows) for path in sorted(Path(folder).glob("*.json"))]


def read(path, rows):
    """Return a result; the label in the name of its file makes its heading one of its own."""
    result = TABLES | json.loads(path.read_text("utf-8"))
    row = rows.get(result["name"])
    result = judge(result, row) if row else result
    changed = rows and (row is None or result["work"] != row.work)
    why = doubts(result) + (["the row has been changed since"] if changed else [])
    return result | {"heading": path.stem.replace(".", "-"), "doubts": why}


def machine_name(result):
    """Return the machine of a result, as headings have it."""
    machine = result["machine"]
    names = [f"{machine['processor']}, {machine['cores']} cores", machine["gpu"]]
    return ", ".join(filter(None, names))


def of_machine(name, results, rows):
    """Yield the heading of a machine, all its goals in one table, and its rows."""
    yield f"## On {name}\n"
    yield overview(results)
    yield from (section(result, rows) for result in results)


def overview(results):
    """Return all goals in one table, those that were missed first."""
    found = [(entry["met"], text) for result in results for entry, text in judged(result)]
    met = sum(is_met for is_met, _ in found)
    lines = [text for _, text in sorted(found, key=lambda pair: pair[0])]
    return "".join([f"{met} of {len(found)} goals are met.\n\n", GOALS, *lines])


def judged(result):
    """Yield what was judged, and its line in the overview."""
    name = "[{0}](#{0})".format(result["heading"])
    for peer, entry in result["ratios"].items():
        if "goal" in entry:
            goal, reached = f"{entry['goal']:.3g}x", f"{entry['median']:.3g}x"
            yield entry, f"| {name} | {peer} | {goal} | {reached} | {verdict([entry])} |\n"
    for who, entry in result["limits"].items():
        goal = f"at most {shown(entry['limit'], result['unit'])}"
        reached = shown(result["values"][who]["median"], result["unit"])
        yield entry, f"| {name} | {who} | {goal} | {reached} | {verdict([entry])} |\n"


def verdict(entries):
    met = [entry["met"] for entry in entries if "met" in entry]
    return "" if not met else "met" if all(met) else "**missed**"


def section(result, rows):
    """Return one row of the benchmark as a heading, a table and why a goal was missed."""
    lines = [line(name, result) for name in by_size(result)]
    lines += [f"| {name} | not run: {why} | | | |\n" for name, why in result["absent"].items()]
    facts = [f"- {name}: {value}\n" for name, value in result["facts"].items()]
    missed = any(not entry["met"] for entry, _ in judged(result))
    row = rows.get(result["name"])
    columns = COLUMNS.format(*UNITS[result["unit"]])
    parts = ["".join([columns, *lines]) if lines else "", "".join(facts)]
    parts += [f"**Missed:** {row.why}\n"] if missed and row and row.why else []
    parts += [f"**Not to be quoted:** {'; '.join(result['doubts'])}.\n"] if result["doubts"] else []
    return "\n".join([title(result), *filter(None, parts)])


def by_size(result):
    return sorted(result["values"], key=lambda name: result["values"][name]["median"])


def title(result):
    name, machine = result["name"], result["machine"]
    threads = "one thread" if result["threads"] == 1 else f"{result['threads']} threads"
    facts = [threads, f"load {machine['load']}", result["date"]]
    # What measures nothing in turns has a script of its own.
    is_row = result["values"] or result["absent"]
    command = f"bench {name}" if is_row else f"bench.{name.replace('-', '_')}"
    return (
        f"### {result['heading']}\n\n{result['work']} (`python -m {command}`; {', '.join(facts)})\n"
    )


def line(name, result):
    value, ratio = result["values"][name]["median"], result["ratios"].get(name, {})
    limit = result["limits"].get(name, {})
    text = "{median:.3g}x ({low:.3g} to {high:.3g})".format(**ratio) if ratio else ""
    goals = [f"{ratio['goal']:.3g}x"] if "goal" in ratio else []
    goals += [f"at most {shown(limit['limit'], result['unit'])}"] if limit else []
    said = verdict([ratio, limit])
    return f"| {name} | {shown(value, result['unit'])} | {text} | {', '.join(goals)} | {said} |\n"


def shown(value, unit="s"):
    """Write a number in its unit, seconds in the one people would choose.

    >>> shown(0.0123), shown(4.5e-5), shown(12), shown(812.4, "MiB"), shown(1.04, "exponent")
    ('12.3 ms', '45 us', '12 s', '812 MiB', '1.04')
    """
    if unit == "exponent":
        return f"{value:.3g}"
    if unit == "MiB":
        return f"{value:,.0f} MiB" if value >= 100 else f"{value:.3g} MiB"
    if value >= 1:
        return f"{value:.3g} s"
    return f"{1e3 * value:.3g} ms" if value >= 1e-3 else f"{1e6 * value:.3g} us"


def origins(results):
    """Return where the results come from: days, revisions, machines and versions."""
    places = defaultdict(list)
    for result in results:
        software = ", ".join(f"{name} {text}" for name, text in sorted(result["versions"].items()))
        day = f"{result['date']}, revision {result['revision']}"
        places[f"{machine_name(result)}; {day}; {software}"].append(result["heading"])
    notes = [f"- {', '.join(names)}: {place}\n" for place, names in sorted(places.items())]
    return "".join(["## Where and when\n\n", *notes])

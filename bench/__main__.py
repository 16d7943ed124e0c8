"""Command line: run rows, print a table, write one JSON file per row."""

import argparse
import json
import pkgutil
import sys
from importlib import import_module
from pathlib import Path

import bench
from bench._machine import describe
from bench._runner import run_row

RESULTS = Path(__file__).parent / "results"
QUICK_RESULTS = Path("build") / "bench"


def main(arguments=None):
    """Run the rows that were asked for; a missed goal is reported, it is not a failure."""
    options = parse(arguments)
    for row in select(all_rows(), options.names):
        result = run_row(row, options.quick) | describe()
        print(table(result), flush=True)
        write(result, options.out or (QUICK_RESULTS if options.quick else RESULTS), options.label)


def parse(arguments):
    parser = argparse.ArgumentParser(prog="python -m bench", description=bench.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="rows or modules; all by default")
    parser.add_argument("--quick", action="store_true", help="fewer samples, less data")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the JSON files go")
    parser.add_argument("--label", default="", help="added to the file names, of a machine say")
    return parser.parse_args(arguments)


def all_rows():
    """Return the rows of every bench module: module name -> list of rows."""
    found = pkgutil.iter_modules(bench.__path__)
    names = [m.name for m in found if not m.ispkg and not m.name.startswith("_")]
    return {name: import_module(f"bench.{name}").ROWS for name in sorted(names)}


def select(rows, names):
    """Return the rows named, or of the modules named; all of them when nothing is."""
    known = {row.name for group in rows.values() for row in group} | set(rows)
    unknown = sorted(set(names) - known)
    if unknown:
        sys.exit(f"no bench called {', '.join(unknown)}; there are: {', '.join(sorted(known))}")
    chosen = [(module, row) for module, group in rows.items() for row in group]
    return [row for module, row in chosen if not names or {module, row.name} & set(names)]


def table(result):
    """Return a result as lines of text."""
    lines = [f"{result['name']}: {result['work']} ({result['threads']} threads)"]
    lines += [contender(name, result) for name in result["seconds"]]
    lines += [f"  {name:<28} skipped: {why}" for name, why in result["absent"].items()]
    lines += [f"  {name:<28} {value}" for name, value in result["facts"].items()]
    return "\n".join(lines)


def contender(name, result):
    speedup, limit = result["speedup"].get(name), result["limits"].get(name)
    text = f"  {name:<28} {1e3 * result['seconds'][name]['median']:>11.4g} ms"
    if speedup:
        text += f"   x{speedup['median']:.4g} ({speedup['low']:.4g} to {speedup['high']:.4g})"
        text += verdict(speedup, "goal", "x{:.4g}") if "goal" in speedup else ""
    return text + (verdict(limit, "limit", "{:.4g} s") if limit else "")


def verdict(judged, key, form):
    return f"   {key} {form.format(judged[key])} {'met' if judged['met'] else 'MISSED'}"


def write(result, folder, label=""):
    """Write a result to a file named after its row."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{result['name']}.{label}.json" if label else f"{result['name']}.json"
    text = json.dumps(result, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()

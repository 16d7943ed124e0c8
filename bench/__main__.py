"""Command line: run rows, print a table, write one JSON file per row."""

import argparse
import json
import sys
from pathlib import Path

import bench
from bench._machine import describe, doubts, wait_for_quiet
from bench._page import RESULTS, shown
from bench._runner import all_rows, run_row

QUICK_RESULTS = Path("build") / "bench"


def main(arguments=None):
    """Run the rows that were asked for; a missed goal is reported, it is not a failure.

    Results that nobody may quote (a busy machine, changed sources) are not written, unless the run
    is a quick one or `--anyway` asks for them; the page then keeps them apart.
    """
    options = parse(arguments)
    refuse = not (options.quick or options.anyway)
    refused = []
    for row in select(all_rows(), options.names):
        why = wait_for_quiet() if refuse else []
        if not why:
            result = run_row(row, options.quick) | describe()
            print(table(result), flush=True)
            why = doubts(result) if refuse else []
        if why:
            refused.append(f"{row.name}: {'; '.join(why)}")
            continue
        write(result, options.out or (QUICK_RESULTS if options.quick else RESULTS), options.label)
    if refused:
        sys.exit("\n".join(["Not written (--anyway writes results, and marks them):", *refused]))


def parse(arguments):
    parser = argparse.ArgumentParser(prog="python -m bench", description=bench.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="rows or modules; all by default")
    parser.add_argument("--quick", action="store_true", help="fewer samples, less data")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the JSON files go")
    parser.add_argument("--label", default="", help="added to the file names, of a machine say")
    parser.add_argument(
        "--anyway", action="store_true", help="write results of a busy machine or changed sources"
    )
    return parser.parse_args(arguments)


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
    lines += [contender(name, result) for name in result["values"]]
    lines += [f"  {name:<28} skipped: {why}" for name, why in result["absent"].items()]
    lines += [f"  {name:<28} {value}" for name, value in result["facts"].items()]
    return "\n".join(lines)


def contender(name, result):
    ratio, limit = result["ratios"].get(name), result["limits"].get(name)
    text = f"  {name:<28} {shown(result['values'][name]['median'], result['unit']):>12}"
    if ratio:
        text += f"   x{ratio['median']:.4g} ({ratio['low']:.4g} to {ratio['high']:.4g})"
        text += verdict(ratio, f"goal x{ratio['goal']:.4g}") if "goal" in ratio else ""
    return text + (
        verdict(limit, f"limit {shown(limit['limit'], result['unit'])}") if limit else ""
    )


def verdict(judged, text):
    return f"   {text} {'met' if judged['met'] else 'MISSED'}"


def write(result, folder, label=""):
    """Write a result to a file named after its row."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{result['name']}.{label}.json" if label else f"{result['name']}.json"
    text = json.dumps(result, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()

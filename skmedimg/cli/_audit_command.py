"""The command audit: from a folder of images to a list of what makes scores wrong."""

import json

from skmedimg._files import whole_file
from skmedimg.cli._command_files import add_folder_arguments, check_writable, parse_jobs
from skmedimg.cli._exit_codes import DONE, SERIOUS
from skmedimg.cli._input_images import read_images
from skmedimg.cli._messages import show

SUMMARY = "Check a folder of images for duplicates, data leakage and shortcuts."


def add_arguments(parser):
    """Add the arguments of this command to its parser."""
    add_folder_arguments(parser)
    parser.add_argument(
        "--no-probes", action="store_true", help="skip the checks that train small models"
    )
    parser.add_argument(
        "--jobs",
        type=parse_jobs,
        metavar="N",
        help="number of threads that read images (default: one per core)",
    )
    parser.add_argument(
        "--mute",
        metavar="CODES",
        help="comma-separated codes of checks to leave out, such as imbalance,few-images",
    )
    parser.add_argument("--json", metavar="FILE", help="also write all findings as JSON")


def run(options):
    """Audit the folder, print the findings, and return the exit code."""
    from skmedimg.evaluation import audit

    if options.json:
        check_writable(options.json)
    data = read_images(options.folder, options, options.jobs)
    tested = None if data.split is None else data.split == "test"
    if tested is not None and (tested.all() or not tested.any()):
        tested = None  # one part alone has no other to leak into
    found = audit(
        data.paths,
        data.target,
        data.groups,
        test=tested,
        probes=not options.no_probes,
        mute=options.mute.split(",") if options.mute else (),
        n_jobs=options.jobs,
    )
    show(found)
    for check in found.checks:
        print(f"  {check.code:27} {check.state}" + (f": {check.reason}" if check.reason else ""))
    if options.json:
        # written whole or not at all: a half-written file would pass for few findings
        with whole_file(options.json) as file:
            file.write(_as_json(found.to_dict()).encode())
    # a code of its own, so that a script can stop before it trains
    return SERIOUS if found.errors else DONE


def _as_json(content):
    """Return findings first, then the numbers of all images in one line."""
    groups = content.pop("leakage_group")
    text = json.dumps(content, indent=1).removesuffix("\n}")
    return f'{text},\n "leakage_group": {json.dumps(groups)}\n}}'

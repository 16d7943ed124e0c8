"""The command that was typed, and the lines of Python that load the same images."""

import shlex
import sys

_SPLIT = """
cv = [
    tuple(
        np.flatnonzero(data.split == part)
        for part in ("train", "validation", "test")
        if (data.split == part).any()
    )
]"""


def command_line(options):
    """Return the command as it was typed, for a shell."""
    given = sys.argv[1:] if options.arguments is None else options.arguments
    return shlex.join(["skmedimg", *map(str, given)])


def folder_lines(options, own_split):
    """Return the lines that load X, y, groups and, with the folder's own split, cv."""
    given = [repr(options.folder)]
    if options.groups is not None:
        given.append(f"group_pattern={options.groups!r}")
    if options.merge_validation:
        given.append("merge_validation=True")
    given.append('on_error="skip-report"')
    lines = [
        *(["import numpy as np"] if own_split else []),
        "from skmedimg import load_image_folder",
        "",
        f"data = load_image_folder({', '.join(given)})",
        "X, y, groups = data.paths, data.target, data.groups",
    ]
    return "\n".join([*lines, *([_SPLIT.strip()] if own_split else [])]) + "\n"


def demo_lines(options):
    """Return the lines that draw the images of the demo."""
    return (
        "import numpy as np\n"
        "from skmedimg.datasets import make_lesions\n\n"
        "data = make_lesions("
        f"240, size=48, patients=80, noise=0.1, random_state={options.seed})\n"
        "X, y = data.images, np.array(data.target_names)[data.target]\n"
        "groups = data.groups\n"
    )

"""The command that was typed, and the lines of Python that load the same images."""

import shlex
import sys

from skmedimg.cli._input_images import (
    external_sources,
    is_table,
    kept_columns,
    read_columns,
    site_group,
)

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
    """Return the lines that load X, y, groups and whatever else the call of compare names."""
    imports = ["import numpy as np"] if own_split else []
    lines = [f"data = {_loader(options.folder, options, read_columns(options))}"]
    lines.append("X, y, groups = data.paths, data.target, data.groups")
    if own_split:
        lines.append(_SPLIT.strip())
    if options.site is not None and is_table(options.folder):
        lines.append(f"site = data.columns[{options.site!r}].astype(str).to_numpy()")
    elif options.site is not None:
        imports += ["import os", "import re"]
        found = f"re.search({options.site!r}, os.path.relpath(path, {options.folder!r}))"
        lines.append(f"site = [{found}.group({site_group(options.site)!r}) for path in X]")
    kept = kept_columns(options) or None
    if kept:
        lines.append(f"columns = data.columns[{kept!r}]")
    if options.external:
        lines.append("external = {")
        for name, source in external_sources(options).items():
            lines.append(f"    {name!r}: {_loader(source, options, kept)},")
        lines.append("}")
    text = "\n".join(lines)
    loaders = [name for name in ("load_image_folder", "load_image_table") if name in text]
    return "\n".join([*imports, f"from skmedimg import {', '.join(loaders)}", "", text]) + "\n"


def demo_lines(options):
    """Return the lines that draw the images of the demo."""
    return (
        "import numpy as np\n"
        "from skmedimg.datasets import make_lesions\n\n"
        "data = make_lesions("
        f"240, size=48, patients=80, noise=0.15, random_state={options.seed})\n"
        "X, y = data.images, np.array(data.target_names)[data.target]\n"
        "groups = data.groups\n"
    )


def _loader(source, options, columns):
    """Return the call that loads a folder or a table."""
    given = [repr(source)]
    groups = None if options.groups == "auto" else options.groups
    if is_table(source):
        names = {"path": options.path_column, "label": options.label_column}
        names |= {"group": groups, "columns": columns}
        given += [f"{name}={value!r}" for name, value in names.items() if value is not None]
    else:
        given += [f"group_pattern={groups!r}"] if groups is not None else []
        given += ["merge_validation=True"] if options.merge_validation else []
    called = "load_image_table" if is_table(source) else "load_image_folder"
    return f'{called}({", ".join(given)}, on_error="skip-report")'

"""Link what a wheel declares as dependencies, and nothing else, into another environment.

    python .ci/link_dependencies.py WHEEL SITE_PACKAGES

Run by the Python of .venv. The dependencies of the wheel, and theirs, without any extra, are
linked from .venv: as `pip install WHEEL` would do it, without downloading gigabytes again.
"""

import re
import sys
import zipfile
from email.parser import Parser
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement


def closure(requirements):
    """Return {name: distribution} of all that the requirements need, without extras."""
    found, waiting = {}, [(text, frozenset()) for text in requirements]
    while waiting:
        text, extras = waiting.pop()
        requirement = Requirement(text)
        needed = requirement.marker is None or any(
            requirement.marker.evaluate({"extra": extra}) for extra in extras or {""}
        )
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if not needed or (name, frozenset(requirement.extras)) in found:
            continue
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            sys.exit(f"{text} is not installed in .venv")
        if not requirement.specifier.contains(installed.version, prereleases=True):
            sys.exit(f"{text} is needed, but .venv has {installed.version}")
        found[name, frozenset(requirement.extras)] = installed
        inner = frozenset(requirement.extras)
        waiting += [(each, inner) for each in installed.requires or []]
    return {name: installed for (name, _), installed in found.items()}


def link(installed, target):
    """Link the top-level files and folders of a distribution into a site-packages folder."""
    for top in {Path(file.parts[0]) for file in installed.files if file.parts[0] != ".."}:
        source, place = Path(installed.locate_file(top)), target / top
        if source.name != "__pycache__" and source.exists() and not place.exists():
            place.symlink_to(source)


def main(wheel, target):
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
    plain = [text for text in metadata.get_all("Requires-Dist") if "extra ==" not in text]
    found = closure(plain)
    for installed in found.values():
        link(installed, Path(target))
    print(f"{len(found)} distributions linked")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Find the patient in the path of each image, by a regular expression or the name of one."""

import re

from skmedimg.datasets._loading_report import first_few

# person12_bacteria_34.jpeg and person12_virus_7.jpeg show two children: the number alone is not the
# patient. Healthy ones are IM-0115-0001.jpeg or NORMAL2-IM-0115-0001.jpeg.
CHEST_XRAY_PATIENT = r"person\d+_(?:bacteria|virus)|(?:NORMAL2-)?IM-\d+"

# Names of public collections, and how their file names tell the patients.
GROUP_PATTERNS = {
    "chest-xray": CHEST_XRAY_PATIENT,
    "chestx-ray14": r"(?P<patient>\d{8})_\d{3}",  # 00000013_005.png
    "chexpert": r"patient\d+",  # patient00001/study1/view1_frontal.jpg
    "oct": r"(?P<patient>(?:CNV|DME|DRUSEN|NORMAL)-\d+)-\d+",  # CNV-1016042-1.jpeg
}


def patients(images, pattern, report=None):
    r"""Return the patient of each path: the match of a regular expression, or its group `patient`.

    Examples
    --------
    >>> from skmedimg.datasets._group_patterns import patients
    >>> files = ["person12_bacteria_34.jpeg", "person12_virus_7.jpeg", "IM-0115-0001.jpeg"]
    >>> patients(files, "chest-xray")
    ['person12_bacteria', 'person12_virus', 'IM-0115']
    >>> patients(files, r"(?P<patient>\d+)[_-]")
    ['12', '12', '0115']
    """
    finder = _compiled(pattern)
    matches = [finder.search(image) for image in images]
    # An empty match is none: r"(p\d+)?" matches every name, and would make all images one patient.
    found = [_patient(match) if match else "" for match in matches]
    strangers = [image for image, patient in zip(images, found, strict=True) if not patient]
    if strangers:
        raise ValueError(
            f"group_pattern={pattern!r} finds no patient in {len(strangers)} of {len(images)} "
            f"paths: {first_few(strangers)}. Every image needs one: extend the pattern, "
            f'for instance with "|". Patterns with a name are {sorted(GROUP_PATTERNS)}.'
        )
    if report is not None:
        _warn_of_plain_groups(pattern, matches, found, report)
    return found


def _compiled(pattern):
    """Return a regular expression, given itself or by name."""
    try:
        return re.compile(GROUP_PATTERNS.get(pattern, pattern))
    except re.error as error:
        raise ValueError(
            f"group_pattern={pattern!r} is not a regular expression: {error}."
        ) from error


def _patient(match):
    """Return the groups named patient, patient2 ..., joined, or the whole match without any."""
    # Other groups mean nothing: an optional one would join all patients in whose names it is.
    named = [part for name, part in match.groupdict().items() if name.startswith("patient")]
    return "_".join(part for part in named if part) if named else match.group()


def _warn_of_plain_groups(pattern, matches, found, report):
    """Warn where groups without a name would join images that the whole match keeps apart."""
    # Only where all of them took part: an optional group is there to allow a text, not to name.
    named = any(name.startswith("patient") for name in matches[0].groupdict())
    if named or not all(match.groups() and all(match.groups()) for match in matches):
        return
    joined = len({match.groups() for match in matches})
    if joined < len(set(found)):
        report.warn(
            f"group_pattern={pattern!r} has groups without the name patient, so the whole match is "
            f"the patient: {len(set(found))} patients. Write (?P<patient>...) around the part that "
            f"names one, if these {joined} are meant."
        )

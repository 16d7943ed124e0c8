"""Checks of an audit: their codes, and whether each was made and found something."""

from dataclasses import dataclass

STATES = ("found", "passed", "not applicable", "skipped", "muted")


@dataclass(frozen=True)
class Check:
    """One check of an audit.

    Attributes
    ----------
    code : str
        Short name, for `mute=` of `audit`.
    state : {"found", "passed", "not applicable", "skipped", "muted"}
    reason : str
        Why it was not made; empty where it was.
    """

    code: str
    state: str
    reason: str = ""


def run_checks(rules, data, probes, mute):
    """Return the findings of all rules, and a Check of each.

    A rule is (code, rule, whether it trains models, reasons for which it cannot be asked).
    """
    findings, checks = [], []
    for code, rule, trains, reasons in rules:
        why = next(filter(None, (reason(data) for reason in reasons)), "")
        if code in mute:
            checks.append(Check(code, "muted", "mute="))
        elif why:
            checks.append(Check(code, "not applicable", why))
        elif trains and not probes:
            checks.append(Check(code, "skipped", "probes=False"))
        else:
            found = [finding for finding in rule(data) if finding.kind not in mute]
            findings += found
            checks.append(Check(code, "found" if found else "passed"))
    return findings, tuple(checks)


def check_mute(mute, codes):
    """Return the muted codes as a set; raise where one is unknown."""
    if isinstance(mute, str):
        raise TypeError(f"mute={mute!r} needs a list of codes: mute=[{mute!r}].")
    mute = set(mute)
    # "shortcut-image-size" and the like are findings of one check.
    unknown = sorted(
        each for each in mute - set(codes) if not str(each).startswith(("shortcut-", "mixed-"))
    )
    if unknown:
        raise ValueError(f"mute names {unknown}; the codes are {sorted(codes)}.")
    return mute


def checks_text(checks):
    """Return a line that counts the checks by state."""
    counts = {state: sum(check.state == state for check in checks) for state in STATES}
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count)


# Reasons for which a check cannot be made.


def no_test_set(data):
    """Return why a check of both sides of a split cannot be made, or None."""
    return "no test set was given" if data.tested is None else None


def a_test_set(data):
    """Return why a check of the order of images is not made, or None."""
    return "a test set was given" if data.tested is not None else None


def no_patients_known(data):
    """Return why a check of patients cannot be made, or None."""
    return "no patients were given" if data.groups is None else None


def patients_known(data):
    """Return why a check for unknown patients is not needed, or None."""
    return "patients were given" if data.groups is not None else None


def no_labels(data):
    """Return why a check of labels cannot be made, or None."""
    return "no labels were given" if data.y is None or len(data.y) == 0 else None


def one_class(data):
    """Return why the classes cannot be told apart, or None."""
    return "there is one class" if len(set(data.y.tolist())) < 2 else None


def no_pixels(data):
    """Return why a check of pixels cannot be made, or None."""
    return None if data.facts.pixels else "X holds rows of features, or images below 16 pixels"


def no_details(data):
    """Return why a check of fine detail cannot be made, or None."""
    return None if data.facts.details is not None else "the images have less than 48 pixels"


def no_sites(data):
    """Return why the sites cannot be compared, or None."""
    return "no sites were given" if data.site is None else None

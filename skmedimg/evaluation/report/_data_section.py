"""Section of a report on the data: what was compared on, and what is wrong with it."""

import numpy as np
from PIL import Image, ImageOps

from skmedimg.evaluation._html_tables import Table
from skmedimg.evaluation.auditing._audit_display import AuditDisplay
from skmedimg.evaluation.auditing._audit_text import finding_content, verdict
from skmedimg.images._for_display import data_uri

_MOST_DUPLICATES = 4


def data_section(context):
    """Return what the data are, how they were split, and what the audit found."""
    comparison = context.comparison
    return {
        "classes": _classes(comparison) if comparison.task == "classification" else None,
        "splits": _splits(comparison),
        "audit": None if comparison.audit is None else _audit(comparison.audit),
    }


def _classes(comparison):
    """Return the Table of images and patients of each class."""
    patients = comparison.groups is not None
    head = ["Class", "Images", "Share", *(["Patients"] if patients else [])]
    rows = []
    for label in comparison.classes:
        of_class = comparison.y == label
        row = [f"{label!s}", int(of_class.sum()), f"{of_class.mean():.1%}"]
        if patients:
            row.append(len(np.unique(comparison.groups[of_class])))
        rows.append(row)
    return Table(head, rows, "Images compared on")


def _splits(comparison):
    """Return the Table of how the data were split."""
    tests = [len(split.test) for split in comparison.splits]
    trains = [len(split.train) for split in comparison.splits]
    repeats = len({split.repeat for split in comparison.splits})
    by_patient = "yes" if comparison.groups is not None else "no: each image counts as one patient"
    if not sum(trains):
        return Table(
            ["How they were tested", ""],
            [["Images trained on", "none of these"], ["Images tested on", _span(tests)]],
            text_columns=(0, 1),
        )
    rows = [
        ["Splits", f"{len(tests)}" + (f" ({repeats} repeats)" if repeats > 1 else "")],
        ["Images trained on", _span(trains)],
        ["Images tested on", _span(tests)],
        ["Split by patient", by_patient],
    ]
    names = [split.name for split in comparison.splits if split.name is not None]
    if names:
        rows.append(["Left out, one after the other", ", ".join(names)])
    if comparison.pos_label is not None:
        rows.append(["Positive class", f"{comparison.pos_label!s}"])
    return Table(["How they were split", ""], rows, text_columns=(0, 1))


def _audit(audit):
    """Return the findings of an audit, and images of duplicates where they are at hand."""
    return {
        "verdict": verdict(audit),
        "probed": audit.probed,
        "serious": [finding_content(audit, each) for each in audit.errors + audit.warnings],
        "notes": [finding_content(audit, each) for each in audit.notes],
        "duplicates": list(_duplicates(audit)),
    }


def _duplicates(audit):
    """Yield image and names of the first duplicates, two by two."""
    if audit.data is None or not any(audit.of(kind=kind) for kind in ("near", "identical")):
        return
    display = AuditDisplay.from_audit(audit, limit=_MOST_DUPLICATES)
    for images, names in zip(display.lines, display.names, strict=True):
        yield {"uri": data_uri(_side_by_side(images[:2]), 440), "names": names[:2]}


def _side_by_side(images, side=220):
    """Return images in squares of one size, next to each other."""
    squares = [ImageOps.pad(Image.fromarray(each).convert("RGB"), (side, side)) for each in images]
    return np.concatenate([np.asarray(square) for square in squares], axis=1)


def _span(counts):
    """Return the smallest and the largest of some counts as text."""
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"

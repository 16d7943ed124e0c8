"""Section of a report on the data: what was compared on, and what is wrong with it."""

import numpy as np
from PIL import Image, ImageOps

from skmedimg.evaluation.auditing._audit_display import AuditDisplay
from skmedimg.evaluation.auditing._audit_text import examples, verdict
from skmedimg.evaluation.report._html import details, picture, section, table, tag
from skmedimg.evaluation.report._report_context import note, paragraph
from skmedimg.images._for_display import data_uri

_MOST_COPIES = 4


def data_section(source):
    """Return what the data are, how they were split, and what the audit found.

    Parameters
    ----------
    source : Source

    Returns
    -------
    section : Fragment
    """
    return section(
        "The data",
        tag("div.pair", *_classes(source.comparison), _splits(source.comparison)),
        *_audit(source.comparison.audit),
        anchor="data",
    )  # fmt: skip


def _classes(comparison):
    if comparison.task != "classification":
        return
    patients = comparison.groups is not None
    head = ["Class", "Images", "Share", *(["Patients"] if patients else [])]
    rows = []
    for label in comparison.classes:
        mine = comparison.y == label
        row = [f"{label!s}", f"{mine.sum():,}", f"{mine.mean():.1%}"]
        if patients:
            row.append(f"{len(np.unique(comparison.groups[mine])):,}")
        rows.append(row)
    yield table(head, rows, caption="Images compared on")


def _splits(comparison):
    tests = [len(split.test) for split in comparison.splits]
    trains = [len(split.train) for split in comparison.splits]
    repeats = len({split.repeat for split in comparison.splits})
    rows = [
        ["Splits", f"{len(tests)}" + (f" ({repeats} repeats)" if repeats > 1 else "")],
        ["Images trained on", _span(trains)], ["Images tested on", _span(tests)],
        ["Split by patient", "yes" if comparison.groups is not None else
         "no: every image was taken for a patient of its own"],
    ]  # fmt: skip
    if comparison.pos_label is not None:
        rows.append(["Positive class", f"{comparison.pos_label!s}"])
    return table(["How they were split", ""], rows, numbers=set())


def _audit(audit):
    if audit is None:
        yield note("note", "The data were not audited: rows of numbers, or compare(audit=False).")
        return
    yield tag("h3", "What the audit found")
    yield paragraph(verdict(audit), "" if audit.probed else " Only what shows without training was "
                    "looked at; compare(audit='full') also tries shortcuts.")  # fmt: skip
    for finding in audit.errors + audit.warnings:
        yield _finding(audit, finding)
    yield from _copies(audit)
    if audit.notes:
        yield details("Good to know", *(_finding(audit, finding) for finding in audit.notes))


def _finding(audit, finding):
    listed = [tag("li", line) for line in examples(audit, finding)]
    return note(
        finding.severity, tag("span.kind", finding.severity.capitalize()),
        tag("p", tag("strong", finding.title)), tag("p", finding.advice),
        tag("ul", *listed) if listed else tag("span"),
    )  # fmt: skip


def _copies(audit):
    """Yield pictures of duplicates side by side, where the images are at hand."""
    if audit.data is None or not any(audit.of(kind=kind) for kind in ("near", "identical")):
        return
    display = AuditDisplay.from_audit(audit, limit=_MOST_COPIES)
    shots = [
        picture(data_uri(_side_by_side(images[:2]), 440), f"Duplicates: {words}", words)
        for images, names in zip(display.lines, display.names, strict=True)
        for words in [" = ".join(names[:2])]
    ]
    yield tag("h4", "Some duplicates, two by two")
    yield tag("div.gallery.two", *shots)


def _side_by_side(pictures, side=220):
    """Return pictures in squares of one size, next to each other."""
    squares = [
        ImageOps.pad(Image.fromarray(picture).convert("RGB"), (side, side)) for picture in pictures
    ]
    return np.concatenate([np.asarray(square) for square in squares], axis=1)


def _span(counts):
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"

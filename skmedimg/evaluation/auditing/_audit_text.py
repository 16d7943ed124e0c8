"""Text, HTML and records of an audit."""

import textwrap

import numpy as np

from skmedimg.evaluation._render import render
from skmedimg.evaluation.auditing._audit_data import Finding
from skmedimg.evaluation.auditing._checks import checks_text

_MARKS = {"error": "ERROR  ", "warning": "WARNING", "note": "note   "}
_INDENT = " " * 10


def audit_text(audit):
    """Return an audit as text for a terminal."""
    lines = [audit.headline, verdict(audit)]
    for finding in audit.findings:
        lines += ["", f"  {_MARKS[finding.severity]} {finding.title}"]
        lines += textwrap.wrap(
            finding.advice, 90, initial_indent=_INDENT, subsequent_indent=_INDENT
        )
        lines += [_INDENT + example for example in examples(audit, finding)]
    if audit.checks:
        lines += ["", f"{len(audit.checks)} checks: {checks_text(audit.checks)}."]
    return "\n".join(lines)


def audit_html(audit):
    """Return an audit as an HTML fragment; everything from the data is escaped."""
    return render(
        "audit.html",
        {
            "headline": audit.headline,
            "verdict": verdict(audit),
            "findings": [finding_content(audit, finding) for finding in audit.findings],
        },
    )


def finding_content(audit, finding):
    """Return what is shown of a finding: severity, title, advice and examples."""
    return {
        "severity": finding.severity,
        "title": finding.title,
        "advice": finding.advice,
        "examples": examples(audit, finding),
    }


def finding_records(audit):
    """Return one dict of plain values per finding."""
    return [
        {
            "severity": finding.severity,
            "kind": finding.kind,
            "title": finding.title,
            "advice": finding.advice,
            "rows": finding.rows.tolist(),
            "value": None if finding.value is None else float(finding.value),
            "clusters": [rows.tolist() for rows in finding.clusters],
        }
        for finding in audit.findings
    ]


def read_finding(record):
    """Return the Finding of one of `finding_records`."""
    arrays = {
        "rows": np.array(record["rows"], dtype=np.intp),
        "clusters": tuple(np.array(rows, dtype=np.intp) for rows in record["clusters"]),
    }
    return Finding(**record | arrays)


def headline(data):
    """Return a sentence with the number of images, classes and patients of AuditData."""
    words = f"Audit of {len(data.facts)} images"
    if data.tested is not None:
        words += f" ({data.tested.sum()} of them for testing)"
    if data.y is not None:
        labels, counts = np.unique(data.y, return_counts=True)
        pairs = zip(labels, counts, strict=True)
        listed = ", ".join(f"{label!s} {count}" for label, count in pairs)
        words += f", {len(labels)} classes ({listed})" if len(labels) <= 12 else ""
    if data.groups is not None:
        words += f", {len(np.unique(data.groups))} patients"
    return words + "."


def verdict(audit):
    """Return the number of errors and warnings of an audit as a sentence."""
    if not audit.errors and not audit.warnings:
        return "Nothing was found that would make a score wrong."
    parts = [
        f"{len(found)} {name}{'s' * (len(found) > 1)}"
        for name, found in (("error", audit.errors), ("warning", audit.warnings))
        if found
    ]
    return f"{' and '.join(parts)} to look at before believing any score."


def examples(audit, finding, limit=3):
    """Return lines that name some of the samples of a finding."""
    # Without clusters each sample is a line of its own.
    sets = finding.clusters or tuple(finding.rows[:limit, None])
    lines = [" = ".join(audit.name(row) for row in rows[:4]) for rows in sets[:limit]]
    total = len(finding.clusters or finding.rows)
    return lines + [f"... and {total - limit} more"] * (total > limit)

"""Paragraphs for a paper, on methods and on results, with the numbers of a comparison."""

import numpy as np

from skmedimg.evaluation._text import counted
from skmedimg.evaluation.checklists._exclusions import skipped_reasons

_MOST_SCORES = 5  # the table has all of them


def methods_text(facts):
    """Return the paragraph on methods of StudyFacts."""
    parts = [
        _what_was_compared(facts),
        _what_was_left_out(facts),
        _how_it_was_split(facts),
        _what_was_measured(facts),
        _how_it_was_tested(facts),
        _what_was_checked(facts),
        _with_what(facts),
    ]
    return " ".join(part for part in parts if part)


def results_text(facts):
    """Return the paragraph on results of StudyFacts."""
    parts = [_scores(facts), _counts(facts), _conclusions(facts), _of_subgroups(facts)]
    parts.append(_outside(facts))
    return " ".join(part for part in parts if part)


def listed(names):
    """Return names as an enumeration.

    Examples
    --------
    >>> from skmedimg.evaluation.checklists._paragraphs import listed
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    names = [str(name) for name in names]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _what_was_compared(facts):
    comparison = facts.comparison
    what = "segmentation model" if comparison.task == "segmentation" else "classification model"
    text = f"We evaluated {counted(facts.models, what)} ({listed(facts.models)}) on {facts.samples}"
    if comparison.classes is None:
        return f"{text}."
    shares = [
        f"{label}: {(comparison.y == label).sum()} images ({np.mean(comparison.y == label):.1%})"
        for label in comparison.classes
    ]
    positive = comparison.pos_label
    end = "" if positive is None else f"; {positive} counted as positive"
    return f"{text} ({', '.join(shares)}{end})."


def _what_was_left_out(facts):
    report = facts.comparison.load_report
    if report is None or not report.skipped:
        return ""
    reasons = listed([f"{count} ({reason})" for reason, count in skipped_reasons(report)])
    n = report.n_images + len(report.skipped)
    return f"Of {counted(n, 'image file')} found, {len(report.skipped)} were left out: {reasons}."


def _how_it_was_split(facts):
    comparison = facts.comparison
    if not any(len(split.train) for split in comparison.splits):
        return "Models were fitted beforehand, and tested on these images alone."
    text = f"Models were trained and tested by {facts.splitting}"
    if comparison.pos_label is not None and len(comparison.splits) > 1:
        positive = comparison.y == comparison.pos_label
        shares = [positive[split.test].mean() for split in comparison.splits]
        low, high = f"{min(shares):.0%}", f"{max(shares):.0%}"
        span = low if low == high else f"{low} to {high}"
        text += f", with {span} {comparison.pos_label} in the test sets"
    if facts.n_patients is None:
        return f"{text}; each image counted as one patient."
    return f"{text}; all images of a patient were on the same side of each split."


def _what_was_measured(facts):
    comparison = facts.comparison
    first, *others = [metric.title for metric in comparison.metrics]
    text = f"The primary metric was {first}"
    if others:
        verb = "was" if len(others) == 1 else "were"
        text += f"; {listed(others)} {verb} computed as well"
    if comparison.baseline is not None:
        text += f". A baseline that ignores the images ({comparison.baseline}) was included"
    return f"{text}."


def _how_it_was_tested(facts):
    comparison = facts.comparison
    text = (
        f"Intervals are 95 % confidence intervals ({comparison.interval(comparison.best).method})."
    )
    if len(facts.models) > 1:
        text += " Differences between models were tested in pairs, with p-values and limits "
        text += "adjusted together for all pairs; a p-value below .05 was taken as significant."
    if facts.can_subgroup:
        text += f" Scores of subgroups ({listed(facts.can_subgroup)}) were compared with those of "
        text += "all other patients, with Holm's correction."
    return text


def _what_was_checked(facts):
    audit = facts.comparison.audit
    if audit is None:
        return ""
    found = f"{counted(audit.errors, 'error')} and {counted(audit.warnings, 'warning')}"
    what = "duplicates, leakage and shortcuts" if audit.probed else "duplicates and leakage"
    return f"The images were checked for {what}, with {found}."


def _with_what(facts):
    versions = facts.comparison.versions
    known = [f"{name} {version}" for name, version in versions.items() if version]
    seed = f"The random seed was {facts.comparison.random_state}."
    return f"The analysis used {listed(known)}. {seed}" if known else seed


def _scores(facts):
    comparison = facts.comparison
    best, title = comparison.best, comparison.metric().title
    found = _with_interval(comparison.interval(best))
    if len(facts.models) > 1:
        text = f"The best {title} was that of {best}, {found}."
    else:
        text = f"The {title} of {best} was {found}."
    others = [
        f"{name} {_with_interval(comparison.interval(name))}"
        for name in comparison.ranked()
        if name not in (best, comparison.baseline)
    ]
    if others:
        text += f" The {title} of the others: {listed(others)}."
    more = [
        f"{each.title} {_with_interval(comparison.interval(best, each.name))}"
        for each in comparison.metrics[1:_MOST_SCORES]
    ]
    return text + (f" Further scores of {best}: {listed(more)}." if more else "")


def _counts(facts):
    comparison = facts.comparison
    if comparison.pos_label is None or any(
        each.failed for each in comparison.fold_results[comparison.best]
    ):
        return ""
    table = comparison.confusion(comparison.best)
    k = comparison.positive_column
    found, n = table[k, k], table[k].sum()
    false, others = table[1 - k, k], table[1 - k].sum()
    other = comparison.classes[1 - k]
    which = "" if facts.repeats == 1 else " in the first repeat"
    return (
        f"It predicted {comparison.pos_label} for {found} of {n} images of {comparison.pos_label} "
        f"and for {false} of {others} images of {other}{which}."
    )


def _conclusions(facts):
    best = facts.comparison.best
    return " ".join(each.text for each in facts.tests.conclusions if best in each.pair)


def _of_subgroups(facts):
    found = facts.subgroups
    return "" if found is None else found.conclusion


def _outside(facts):
    comparison = facts.comparison
    sentences = [
        f"On {name} ({counted(found.y, 'image')}), {comparison.best} had a "
        f"{found.metric().title} of {_with_interval(found.interval(comparison.best))}."
        for name, found in comparison.external.items()
        if comparison.best in found.names
    ]
    return " ".join(sentences)


def _with_interval(found):
    if not np.isfinite(found.mean):
        return "not defined"
    if not np.isfinite(found.low):
        return f"{found.mean:.3f}"
    return f"{found.mean:.3f} (95 % interval {found.low:.3f} to {found.high:.3f})"

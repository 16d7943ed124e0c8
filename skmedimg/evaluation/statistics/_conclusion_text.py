"""Conclusions as sentences: the last step, after everything is decided."""

import numpy as np


def conclusion_text(decisive, fitted, alpha):
    """Return the conclusion of a pair's decisive PairTest as a sentence.

    `fitted` are the PairTests that answer for the models as fitted; where training is undecided,
    they are added with that reservation.
    """
    pair = f"{decisive.first} and {decisive.second}"
    differs = f"{decisive.title} differs by {decisive.difference:+.3f}"
    if decisive.reason is not None:
        return f"No conclusion on {pair}: {decisive.reason}."
    if not np.isfinite(decisive.p_adjusted):
        return (
            f"No conclusion on {pair}: {differs} in every split, without the spread by which to "
            "judge it."
        )
    limits = f"{decisive.low:+.3f} to {decisive.high:+.3f}"
    corrected = f" after Holm's correction for {decisive.n_pairs} pairs"
    test = f"{decisive.test}, {p_text(decisive.p_adjusted)}"
    test += corrected if decisive.n_pairs > 1 else ""
    if decisive.significant:
        return (
            f"{decisive.better} is better than {decisive.worse}: {differs} "
            f"(95 % interval {limits}; {test})."
        )
    aside = "" if decisive in fitted else _of_fitted_models(fitted)
    if decisive.p_value < alpha:
        return (
            f"No conclusion on {pair}: {differs} (95 % interval {limits}, "
            f"{p_text(decisive.p_value)}), which would count as the only pair, but not as one of "
            f"several ({test}).{aside}"
        )
    return (
        f"No conclusion on {pair}: {differs}, but anything from {limits} fits the data ({test}). "
        f"This does not show that they are equal.{aside}"
    )


def p_text(p_value):
    """Return a p-value as text, such as "p = 0.012" or "p < 0.001"."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def _of_fitted_models(fitted):
    """Return what the tests of the fitted models show, with its reservation, or ""."""
    shown = {}
    for record in fitted:
        if record.significant:
            who = f"{record.better} is better than {record.worse}"
            words = f"{record.title} ({record.test}, {p_text(record.p_adjusted)})"
            shown.setdefault(who, []).append(words)
    if not shown:
        return ""
    parts = " but ".join(f"{who} in {' and '.join(what)}" for who, what in shown.items())
    return f" Of the models as fitted here, {parts}; training them again may differ."

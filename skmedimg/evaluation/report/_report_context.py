"""What the sections of a report are written from."""

from dataclasses import dataclass
from functools import cached_property

from skmedimg.evaluation.report._html import Fragment, details, tag
from skmedimg.evaluation.report._svg import draw_svg

_ALPHA = 0.05


@dataclass(frozen=True)
class Source:
    """A comparison with what is needed to show images and models of it.

    Attributes
    ----------
    comparison : Comparison
    X : any kind of X of the data contract, or None
    models : dict of str to estimator
        Fitted on the training rows of the first split.
    image_shape : tuple of int or None
    best : str
    """

    comparison: object
    X: object
    models: dict
    image_shape: tuple
    best: str

    @cached_property
    def models_compared(self):
        """list of str: every estimator but the baseline."""
        return [name for name in self.comparison.names if name != self.comparison.baseline]

    @cached_property
    def answered(self):
        """list of str: the estimators that answered on every split, the baseline aside."""
        answers = self.comparison.answers
        return [
            name for name in self.models_compared if all(each is not None for each in answers[name])
        ]

    @cached_property
    def claims(self):
        """Claims: all pairs, tested."""
        return self.comparison.tests()

    def standing(self):
        """Return whom the best estimator is shown to beat, and whom not.

        Returns
        -------
        beaten, undecided : list of str
            Other estimators, the baseline aside.
        beats_baseline : bool or None
            None where there is no baseline.
        """
        beaten, undecided, baseline = [], [], None
        for record in self.claims.records:
            pair = [record["first"], record["second"]]
            if not record["decides"] or self.best not in pair:
                continue
            [other] = [name for name in pair if name != self.best]
            ahead = _winner(record, self.comparison) == self.best
            shown = bool(ahead and record["p_adjusted"] < _ALPHA)
            if other == self.comparison.baseline:
                baseline = shown
            else:
                (beaten if shown else undecided).append(other)
        return beaten, undecided, baseline

    def plot(self, draw, size, alt, key, *, caption=None, data=None):
        """Return a drawing with its caption and the numbers behind it.

        Parameters
        ----------
        draw : callable
            Gets the axes.
        size : tuple of float
            Inches.
        alt : str
        key : str
            Unlike those of the report's other drawings.
        caption : object or None, default=None
        data : Fragment or None, default=None

        Returns
        -------
        figure : Fragment
        """
        words = None if caption is None else tag("figcaption", caption)
        title = "The numbers behind this plot"
        behind = None if data is None else details(title, data, printed=False)
        return tag("figure", draw_svg(draw, size, alt, key), words, behind)


def paragraph(*parts):
    """Return a paragraph.

    Parameters
    ----------
    *parts : object

    Returns
    -------
    paragraph : Fragment
    """
    return tag("p", *parts)


def note(kind, *parts):
    """Return a box that stands out by its kind.

    Parameters
    ----------
    kind : {"error", "warning", "note", "good"}
    *parts : object

    Returns
    -------
    note : Fragment
    """
    return tag(f"div.note.{kind}", *(p if isinstance(p, Fragment) else tag("p", p) for p in parts))


def _winner(record, comparison):
    known = {metric.name: metric.higher_is_better for metric in comparison.metrics}
    ahead = (record["difference"] > 0) == known.get(record["metric"], True)
    return record["first"] if ahead else record["second"]

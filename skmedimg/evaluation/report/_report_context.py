"""What the sections of a report are written from."""

from dataclasses import dataclass
from functools import cached_property

from skmedimg.evaluation.report._html import Fragment, details, tag
from skmedimg.evaluation.report._svg import draw_svg


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
        results = self.comparison.fold_results
        return [
            name for name in self.models_compared if not any(fold.failed for fold in results[name])
        ]

    @cached_property
    def tests(self):
        """PairwiseTests of all pairs."""
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
        for conclusion in self.tests.conclusions:
            if self.best not in conclusion.pair:
                continue
            [other] = [name for name in conclusion.pair if name != self.best]
            shown = conclusion.winner == self.best
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

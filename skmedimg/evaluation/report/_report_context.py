"""What the sections of a report are made from, and their plots."""

from dataclasses import dataclass, field
from functools import cached_property

from skmedimg._plotting import readable
from skmedimg.evaluation._html_tables import Table
from skmedimg.evaluation._render import Markup
from skmedimg.evaluation.report._svg import draw_svg
from skmedimg.images._for_display import image_names


@dataclass(frozen=True)
class Figure:
    """A drawing of a report.

    Attributes
    ----------
    svg : Markup
    alt : str
        The drawing in words.
    table : Table or None
        The numbers that are drawn.
    """

    svg: Markup
    alt: str
    table: Table = None


@dataclass(frozen=True)
class ReportContext:
    """A comparison with what is needed to show images and models of it.

    Attributes
    ----------
    comparison : Comparison
    X : any kind of X of the data contract, or None
    models : dict of str to estimator
        Fitted on the training samples of the first split.
    image_shape : tuple of int or None
    command : str
        The command that was typed, if there was one.
    loading : str
        Lines of Python that load X, y and groups.
    robustness : Robustness or None
    shown : dict of str to object
        Data of the sections before, by anchor; None where a section is left out.
    """

    comparison: object
    X: object = None
    models: dict = None
    image_shape: tuple = None
    command: str = ""
    loading: str = ""
    robustness: object = None
    shown: dict = field(default_factory=dict)

    @cached_property
    def estimators(self):
        """list of str: every estimator but the baseline."""
        return [name for name in self.comparison.names if name != self.comparison.baseline]

    @cached_property
    def complete(self):
        """list of str: the estimators whose fit succeeded on every split, without the baseline."""
        results = self.comparison.fold_results
        return [name for name in self.estimators if not any(fold.failed for fold in results[name])]

    @cached_property
    def tests(self):
        """PairwiseTests: all pairs."""
        return self.comparison.tests()

    @cached_property
    def image_names(self):
        """list of str or None: names of the files of X."""
        return None if self.X is None else image_names(self.X)

    def name_of(self, row):
        """Return what an image is called: its file, or its row of X where it has none."""
        return f"row {row}" if self.image_names is None else readable(self.image_names[row])

    def plot(self, draw, size, alt, key, table=None):
        """Return a Figure drawn by `draw(axes)` on `size` inches; `key` makes its ids unique."""
        return Figure(draw_svg(draw, size, alt, key), alt, table)

"""External sets of a comparison: methods that add, tabulate and explain them."""

from dataclasses import replace

from skmedimg.evaluation.external._external_set import read_external_set
from skmedimg.evaluation.external._score_drop import score_drop
from skmedimg.evaluation.external._site_scores import site_scores
from skmedimg.evaluation.robustness._robustness import measure_robustness


class ExternalSets:
    """Methods of a comparison on sets that no model was trained on."""

    def validate(self, name, X, y, groups=None, *, spacing=None, columns=None):
        """Score the models, fitted on all samples, on another set, such as another hospital's.

        Parameters
        ----------
        name : str
            What the set is called.
        X : any kind of X that the estimators take
            Images.
        y : array-like (n,), masks (n, height, width), or mask paths (n,)
            Labels among the classes of this comparison, or masks.
        groups : array-like (n,), default=None
            Patients.
        spacing : float, sequence of float (2,) or array-like (n, 2), default=None
            Size of a pixel of the masks, as of `compare`.
        columns : DataFrame (n, n_columns) or None, default=None
            Facts about the patients, as of `compare`.

        Returns
        -------
        comparison : Comparison
            With the set in `external`; `self` stays as it is.
        """
        if self.models is None:
            raise ValueError(
                "validate needs the fitted models, which this comparison does not keep: call "
                "compare(..., keep_models=True), or name the set there, "
                f"compare(..., external={{{name!r}: (X, y, groups)}})."
            )
        given = read_external_set(self, name, X, y, groups, spacing, columns=columns)
        return add_external(self, [given])

    def drops(self, metric=None, confidence=0.95):
        """Return how much each estimator loses from this comparison to each external set.

        The internal score is that of the cross-validation, the external one that of the model
        fitted on all samples of X. Both come from other patients, so that their variances add.

        Parameters
        ----------
        metric : str, default=None
            None takes the first of `metrics`.
        confidence : float, default=0.95
            Confidence level of the interval.

        Returns
        -------
        drops : DataFrame
            By set and estimator: `internal`, `external` and `drop`, internal minus external, each
            with ` low` and ` high`.
        """
        import pandas as pd

        if not self.external:
            raise ValueError(
                "There is no external set: pass external={'Cairo': (X, y, groups)} to compare, or "
                "add one by result.validate('Cairo', X, y, groups)."
            )
        metric = self.metric(metric).name
        rows = {
            (place, name): _drop_row(self, evaluation, name, metric, confidence)
            for place, evaluation in self.external.items()
            for name in self.names
        }
        frame = pd.DataFrame.from_dict(rows, "index")
        frame.index = pd.MultiIndex.from_tuples(rows, names=["set", "estimator"])
        return frame

    def sites(self, name=None, metric=None, confidence=0.95):
        """Return the score of each site that was left out, and what a new site may have.

        Parameters
        ----------
        name : str, default=None
            The estimator; None takes the best.
        metric : str, default=None
            None takes the first of `metrics`.
        confidence : float, default=0.95
            Of the intervals and of the prediction interval.

        Returns
        -------
        scores : SiteScores
            By site, with a random-effects mean, a prediction interval, and heterogeneity.
        """
        name = self.best if name is None else name
        self._check_name(name)
        return site_scores(self, name, self.metric(metric).name, confidence)

    def robustness(
        self, X=None, perturbations=None, *, image_shape=None, random_state=0, verbose=1
    ):
        """Score the models of the folds on perturbed test images.

        Parameters
        ----------
        X : any kind of X of the data contract, or None, default=None
            What was compared on; None takes what was audited. LazyImages are decoded into memory.
        perturbations : list of str, dict of str to sequence of float, or None, default=None
            "brightness", "contrast", "noise", "blur", "JPEG", "rotation" (not of masks) and
            "resolution", with five severities each, or with the values given: factors of
            brightness, contrast and resolution, standard deviations of noise (share of the range
            of pixels) and blur (pixels), JPEG quality, degrees of rotation
            (clockwise). None takes all.
        image_shape : tuple of int or None, default=None
            Shape of one image where X holds rows.
        random_state : int, default=0
            Seeds the noise, which is the same for all models.
        verbose : int, default=1
            1 shows a progress bar.

        Returns
        -------
        robustness : Robustness
            With the scores by severity, their drops and intervals.
        """
        if self.models is None or self.models.folds is None:
            raise ValueError(
                "robustness needs the models of the folds, which this comparison does not keep: "
                "call compare(..., keep_models=True)."
            )
        if X is None and self.audit is not None and self.audit.images:
            X = self.audit.images[0]
        if X is None:
            raise ValueError("robustness needs X, the images that were compared on.")
        return measure_robustness(self, X, perturbations, image_shape, random_state, verbose)


def add_external(comparison, sets):
    """Return a Comparison with some ExternalSets in `external`."""
    from skmedimg.evaluation._evaluation import evaluate_set
    from skmedimg.evaluation.external._set_shift import set_shift

    found = {}
    for given in sets:
        shift = set_shift(
            (comparison.y, comparison.classes, comparison.groups, comparison.models.facts),
            (given.y, comparison.classes, given.groups, facts_of(given.X)),
        )
        found[given.name] = evaluate_set(comparison, comparison.models, given, shift)
    return replace(comparison, external=comparison.external | found)


def facts_of(X, audit=None):
    """Return the Facts of images, those of their Audit if it has some; None for rows of numbers."""
    from skmedimg.evaluation.auditing._image_facts import collect_facts
    from skmedimg.evaluation.splitting._targets import is_images

    if audit is not None and audit.data is not None:
        return audit.data.facts
    return collect_facts(X) if is_images(X) else None


def _drop_row(comparison, evaluation, name, metric, confidence):
    """Return the row of `drops` of one set and estimator."""
    internal = comparison.interval(name, metric, confidence)
    external = evaluation.interval(name, metric, confidence)
    parts = {
        "internal": internal,
        "external": external,
        "drop": score_drop(internal, external),
    }
    return {
        f"{part}{end}": getattr(found, field)
        for part, found in parts.items()
        for end, field in (("", "mean"), (" low", "low"), (" high", "high"))
    }

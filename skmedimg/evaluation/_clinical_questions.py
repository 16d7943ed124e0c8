"""What a clinician asks of a comparison of two classes, as methods of `Comparison`."""

from skmedimg.evaluation.clinical._calibration_table import calibration_frame
from skmedimg.evaluation.clinical._expected_cost import cost_frame
from skmedimg.evaluation.clinical._net_benefit import net_benefit_frame
from skmedimg.evaluation.clinical._predictive_values import clinical_numbers
from skmedimg.evaluation.clinical._rates_at_sensitivity import specificity_frame


class ClinicalQuestions:
    """Predictive values, usefulness and calibration, from out-of-fold predictions."""

    def at(self, prevalence=None, threshold=None, name=None, *, confidence=0.95):
        """Return predictive values and likelihood ratios at the sample's and another prevalence.

        Sensitivity and specificity are those of `summary()`, with the same intervals. Bayes'
        theorem turns them into predictive values at a prevalence that is taken as known. Intervals
        of likelihood ratios are found on the logarithmic scale, by the same variance over patients
        and training; those of predictive values follow from them.

        Parameters
        ----------
        prevalence : float, default=None
            Share of the positive class where the model is to be used. None gives that of the sample
            alone: at it, the positive predictive value is the precision.
        threshold : float, default=None
            A prediction is positive from this probability on; None takes what each model predicts.
        name : str, default=None
            One estimator; None gives all but the baseline, the best first.
        confidence : float, default=0.95
            Confidence level of the intervals.

        Returns
        -------
        numbers : ClinicalNumbers
            Prints a table; `to_frame()` and `records` have the numbers.
        """
        return clinical_numbers(self, prevalence, threshold, name, confidence)

    def specificity_at(self, sensitivity=(0.9, 0.95, 0.99), name=None, *, confidence=0.95):
        """Tabulate the specificity at given sensitivities, from out-of-fold probabilities.

        One threshold is taken for all folds of a repeat, the highest that reaches the sensitivity
        on the rows it is measured on. `ThresholdAt` chooses one beforehand, as a product has to.

        Parameters
        ----------
        sensitivity : float or sequence of float, default=(0.9, 0.95, 0.99)
            Sensitivities that a threshold has to reach.
        name : str, default=None
            One estimator; None gives all but the baseline.
        confidence : float, default=0.95
            Confidence level of the intervals.

        Returns
        -------
        frame : DataFrame
            Indexed by estimator and sensitivity: `threshold`, the sensitivity `reached` (means over
            repeats), `specificity`, `low`, `high` and `warnings`. The limits hold the uncertainty
            of the threshold too: too few positives leave a lower limit of 0.
        """
        return specificity_frame(self, sensitivity, name, confidence)

    def net_benefit(self, thresholds=None, name=None, *, confidence=0.95):
        """Tabulate the net benefit of acting on the predictions: decision curve analysis [1]_.

        Whoever acts from a probability t on takes (1 - t) / t false alarms for one patient found.
        The net benefit is the share of true positives less t / (1 - t) times that of false ones,
        so that 0.1 is worth as much as finding 10 in 100 patients without any false alarm.

        Parameters
        ----------
        thresholds : float or sequence of float, default=None
            None takes 0.01 to 0.99.
        name : str, default=None
            One estimator; None gives all with probabilities but the baseline.
        confidence : float, default=0.95
            Confidence level of the intervals.

        Returns
        -------
        frame : DataFrame
            Columns `strategy` (an estimator, "treat all" or "treat none"), `threshold`,
            `net_benefit`, `low` and `high`.

        References
        ----------
        .. [1] Vickers, Elkin, "Decision curve analysis: a novel method for evaluating prediction
           models", Medical Decision Making 26 (2006), doi:10.1177/0272989X06295361
        """
        return net_benefit_frame(self, thresholds, name, confidence)

    def expected_cost(self, cost, name=None, *, confidence=0.95):
        """Tabulate the mean cost of a prediction.

        Parameters
        ----------
        cost : array-like of shape (n_classes, n_classes)
            Of every true (row) and predicted class (column), both in the order of `classes`:
            [[0, 1], [5, 0]] makes a missed positive, the second class, five false alarms.
        name : str, default=None
            One estimator; None gives all, the baseline included, the lowest cost first.
        confidence : float, default=0.95
            Confidence level of the intervals.

        Returns
        -------
        frame : DataFrame
            By estimator: `cost`, `low`, `high` and `warnings`.
        """
        return cost_frame(self, cost, name, confidence)

    def calibration(self, name=None, *, confidence=0.95):
        """Tabulate how far predicted probabilities agree with what happened [1]_.

        The intercept is above 0 where probabilities are too low, the slope below 1 where they are
        too extreme (logistic recalibration). The third value is the number of positives by the sum
        of their probabilities. Each is that of all rows of a repeat together, averaged over
        repeats; `scoring="calibration_slope"` is the mean over folds.

        Parameters
        ----------
        name : str, default=None
            One estimator; None gives all but the baseline.
        confidence : float, default=0.95
            Confidence level of the intervals.

        Returns
        -------
        frame : DataFrame
            By estimator: `calibration_intercept`, `calibration_slope` and `observed_expected`, each
            with the columns `<value> low` and `<value> high`, then `warnings`. Models without
            probabilities are named in `attrs["warnings"]`.

        References
        ----------
        .. [1] Van Calster et al., "Calibration: the Achilles heel of predictive analytics", BMC
           Medicine 17 (2019), doi:10.1186/s12916-019-1466-7
        """
        return calibration_frame(self, name, confidence)

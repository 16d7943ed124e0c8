"""Learning-rate range test: the loss of single steps while the learning rate rises."""

from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np
from scipy.ndimage import gaussian_filter1d
from sklearn.base import clone

from skmedimg._device import generator
from skmedimg._plotting import LINE, SERIES, axes_for, tidy
from skmedimg._sklearn import final_estimator, steps_before
from skmedimg._training.batches import TrainingBatches
from skmedimg.images._image_loader import follow_masks
from skmedimg.networks._blocks import set_generator
from skmedimg.neural._base import NetworkEstimator

# A loss this many times the lowest one has diverged.
_DIVERGED = 4


@dataclass(frozen=True)
class LearningRateSearch:
    """Losses over learning rates and a suggested rate: the result of `lr_find`.

    Parameters
    ----------
    learning_rates : ndarray (n_steps,)
        Rising.
    losses : ndarray (n_steps,)
        Of one batch each.
    smoothed : ndarray (n_steps,)
        Losses, averaged with their neighbors.
    suggestion : float
        Where the smoothed loss falls most steeply, but at most a tenth of the rate at which it is
        lowest: closer to that, training may diverge.
    """

    learning_rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    suggestion: float

    def __repr__(self):
        lowest = self.learning_rates[self.smoothed.argmin()]
        return (
            f"Suggested learning rate: {self.suggestion:.1e}. Of {len(self.losses)} rates from "
            f"{self.learning_rates[0]:.1e} to {self.learning_rates[-1]:.1e} the loss is lowest at "
            f"{lowest:.1e}; plot() shows it."
        )

    def plot(self, ax=None):
        """Draw the loss over the learning rate and mark the suggestion.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on. None: those of a new figure.

        Returns
        -------
        ax : matplotlib.axes.Axes
        """
        ax = axes_for(ax)
        ax.semilogx(self.learning_rates, self.losses, color=LINE, label="one batch")
        ax.semilogx(self.learning_rates, self.smoothed, color=SERIES[0], label="smoothed")
        suggested = f"suggestion: {self.suggestion:.1e}"
        ax.axvline(self.suggestion, color=SERIES[1], linestyle="--", label=suggested)
        ax.set(xlabel="Learning rate", ylabel="Training loss")
        ax.legend(frameon=False)
        tidy(ax)
        return ax


def lr_find(estimator, X, y, *, lowest=1e-6, highest=10.0, steps=100):
    """Return the losses of a copy that is trained while its learning rate rises with every step.

    Parameters
    ----------
    estimator : network estimator, or a pipeline or fitted search that ends in one
        Left as it is; its `learning_rate` and `schedule` play no part.
    X : any kind of X of the data contract
        Samples.
    y : array-like (n,)
        Targets.
    lowest, highest : float
        First and last rate.
    steps : int, default=100
        Batches at most; the run ends before that once the loss diverges.

    Returns
    -------
    found : LearningRateSearch

    See Also
    --------
    ShallowMLP
        A multilayer perceptron (MLP) that classifies rows: HOG and other features, or
        pixels.

    Notes
    -----
    This is the learning-rate range test [1]_ with an exponential instead of a linear rise.

    References
    ----------
    .. [1] Smith (2017), Cyclical learning rates for training neural networks. WACV.
       https://doi.org/10.1109/WACV.2017.58

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmedimg import ShallowMLP
    >>> from skmedimg.neural import lr_find
    >>> X, y = load_digits(return_X_y=True)
    >>> found = lr_find(ShallowMLP(random_state=0), X, y)
    >>> 1e-4 < found.suggestion < 1e-1
    True
    """
    if not 0 < lowest < highest:
        raise ValueError(f"0 < lowest < highest is needed, but they are {lowest} and {highest}.")
    if steps < 10:
        raise ValueError(f"steps needs 10 or more, to see where the loss falls, but is {steps}.")
    network, X, y = _at_network(estimator, X, y)
    network._validate_params()
    training, _ = network._prepare(X, y)
    rates = np.geomspace(lowest, highest, steps)
    losses = np.array(_rising_losses(network, training, rates))
    return _suggest(rates[: len(losses)], losses)


def _at_network(estimator, X, y):
    """Return a copy of the network in an estimator, and the data as it gets them in `fit`."""
    # Copies: the estimator stays unfitted, and a fitted one keeps its weights.
    network = clone(final_estimator(estimator))
    if not isinstance(network, NetworkEstimator):
        raise TypeError(
            f"lr_find needs a network of skmedimg, or a Pipeline that ends in one, but got "
            f"{type(network).__name__}."
        )
    y = follow_masks(estimator, X, y)
    for step in map(clone, steps_before(estimator)):
        if hasattr(step, "fit_resample"):
            X, y = step.fit_resample(X, y)
        else:
            X = step.fit_transform(X, y)
    return network, X, y


def _rising_losses(network, training, rates):
    """Return one loss per rate, until the loss diverges."""
    net, seed = network.net_, network._seed
    draws = generator(seed + 1, net.plan.device)
    batches = TrainingBatches(training, net.plan.batch_size, generator(seed), draws)
    set_generator(net.module_, draws)
    # Dropout and batch normalization act as in a fit.
    net.module_.train()
    losses = []
    # As many epochs as the steps need: the last one usually ends in the middle.
    for rate, batch in zip(rates, chain.from_iterable(repeat(batches)), strict=False):
        for group in net.optimizer_.param_groups:
            group["lr"] = rate
        loss = net.train_step(batch)["loss"].item()
        if not np.isfinite(loss) or loss > _DIVERGED * min([loss, *losses]):
            break
        losses.append(loss)
    return losses


def _suggest(rates, losses):
    """Return the result with the suggested rate."""
    if len(losses) < 3:
        raise ValueError(
            f"The loss diverged after {len(losses)} steps, at a rate of {rates[-1]:.1e}: lower "
            "`lowest`, or look at the scale of X."
        )
    smoothed = gaussian_filter1d(losses, sigma=2, mode="nearest")  # a running mean would lag
    # Behind the minimum the loss may fall again by chance.
    falling = slice(0, max(2, int(smoothed.argmin()) + 1))
    # Against the logarithm of the rate, since the rates are spaced geometrically.
    steepness = np.gradient(smoothed[falling], np.log(rates[falling]))
    suggestion = min(rates[steepness.argmin()], max(rates[0], rates[smoothed.argmin()] / 10))
    return LearningRateSearch(rates, losses, smoothed, float(suggestion))

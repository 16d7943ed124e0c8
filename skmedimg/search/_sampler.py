"""A sampler whose draws depend on the seed and the number of the trial alone."""

import numpy as np
from optuna.samplers import BaseSampler, TPESampler


class NumberedSampler(BaseSampler):
    """Optuna's TPE sampler, seeded anew for every trial by its number.

    A study that was interrupted goes on as if it had not been, and processes that share a study
    and a seed do not draw the same candidates.

    Parameters
    ----------
    seed : int or None
        None: not reproducible.
    """

    def __init__(self, seed):
        self.seed = seed
        self.inner = TPESampler(seed=seed)

    def before_trial(self, study, trial):
        """Start from the seed of this trial."""
        if self.seed is not None:
            drawn = np.random.SeedSequence([self.seed, trial.number]).generate_state(1)
            self.inner = TPESampler(seed=int(drawn[0]))
        self.inner.before_trial(study, trial)

    def infer_relative_search_space(self, study, trial):
        """Return what TPE draws together."""
        return self.inner.infer_relative_search_space(study, trial)

    def sample_relative(self, study, trial, search_space):
        """Draw what TPE draws together."""
        return self.inner.sample_relative(study, trial, search_space)

    def sample_independent(self, study, trial, param_name, param_distribution):
        """Draw a parameter on its own, such as one of this approach alone."""
        return self.inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study, trial, state, values):
        """Let TPE know the outcome."""
        self.inner.after_trial(study, trial, state, values)

    def reseed_rng(self):
        """Draw otherwise than a copy of this sampler."""
        self.inner.reseed_rng()

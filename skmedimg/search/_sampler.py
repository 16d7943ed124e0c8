"""A sampler whose draws depend on the seed, the number of the trial and the trials before it."""

import numpy as np
from optuna.samplers import BaseSampler, TPESampler


class TrialSeededSampler(BaseSampler):
    """Optuna's TPE sampler, seeded anew for every trial by its number; seed None: not reproducible.

    An interrupted study continues with the draws of one that was not interrupted, and processes
    that share a study and a seed do not draw the same candidates.
    """

    def __init__(self, seed):
        self.seed = seed
        self.inner = TPESampler(seed=seed)

    def before_trial(self, study, trial):
        """Seed the inner sampler for this trial."""
        if self.seed is not None:
            # SeedSequence: neighboring numbers give unrelated seeds, seed + number would not.
            drawn = np.random.SeedSequence([self.seed, trial.number]).generate_state(1)
            self.inner = TPESampler(seed=int(drawn[0]))
        self.inner.before_trial(study, trial)

    def infer_relative_search_space(self, study, trial):
        """Return the parameters that TPE draws jointly."""
        return self.inner.infer_relative_search_space(study, trial)

    def sample_relative(self, study, trial, search_space):
        """Return values of the parameters that TPE draws jointly."""
        return self.inner.sample_relative(study, trial, search_space)

    def sample_independent(self, study, trial, param_name, param_distribution):
        """Return the value of one parameter drawn on its own, such as one of a single estimator."""
        return self.inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study, trial, state, values):
        """Hand the outcome of a trial to TPE."""
        self.inner.after_trial(study, trial, state, values)

    def reseed_rng(self):
        """Draw differently from a copy of this sampler."""
        self.inner.reseed_rng()

"""Networks with an output unit that is not a probability: a mistake in some of the reports."""

import torch
from torch import nn

from skmedimg._sklearn import StrOptions
from skmedimg._warnings import warn_user
from skmedimg.neural import ScratchCNN

# The consequence of each output, for the warning.
_REASONS = {
    "relu": "relu gives any value from 0 up where the loss needs a probability, and nothing is "
    "learned from images whose value is below 0 or above 1",
    "softmax-1": "a softmax over one unit is 1 for every image, so nothing can be learned",
}


class DegenerateOutputWarning(UserWarning):
    """The output of a network is not a probability, so the network cannot learn as it should.

    Examples
    --------
    >>> import warnings
    >>> from skmedimg.datasets import make_lesions
    >>> from skmedimg.recipes import DegenerateOutputWarning, load_recipe
    >>> data = make_lesions(20, size=16, random_state=0)
    >>> model = load_recipe("chest/cnn2-softmax")["model"].set_params(filters=4, max_epochs=1)
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", DegenerateOutputWarning)
    ...     model.fit(data.images, data.target).predict(data.images).min()
    np.int64(1)
    """


class DegenerateOutputCNN(ScratchCNN):
    """A ScratchCNN for two classes whose output is "relu" or "softmax-1", as in a report."""

    _parameter_constraints = {
        **ScratchCNN._parameter_constraints,
        "output": [StrOptions(set(_REASONS))],
    }

    def _start_targets(self, y, classes):
        super()._start_targets(y, classes)
        if len(self.classes_) > 2:
            raise ValueError(
                f"output={self.output!r} is one unit for two classes, but y has "
                f'{len(self.classes_)}. Use ScratchCNN(output="auto").'
            )
        warn_user(
            f'output={self.output!r}: {_REASONS[self.output]}. Use ScratchCNN(output="auto").',
            DegenerateOutputWarning,
        )

    def build_module(self, image_shape, n_outputs):
        network = super().build_module(image_shape, n_outputs)
        # Behind the single logit of the head. It returns a logit again, so loss and predictions
        # stay those of ScratchCNN.
        network[-1].append(DegenerateUnit(self.output))
        return network


class DegenerateUnit(nn.Module):
    """The logit of a value that a report takes for a probability."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def forward(self, values):
        """Return the logit (n, 1) of values (n, 1)."""
        # eps=1e-7 needs float32: in float16 1 - 1e-7 is 1, whose logit is infinite.
        values = values.to(torch.promote_types(values.dtype, torch.float32))
        taken = values.relu() if self.kind == "relu" else values.softmax(1)
        # Keras clips such values to [1e-7, 1 - 1e-7] before it takes logarithms.
        return torch.logit(taken, eps=1e-7)

    def extra_repr(self):
        return self.kind

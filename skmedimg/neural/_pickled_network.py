"""Pickling of all network estimators, and the checks of a network that a file holds."""

import numpy as np
import torch

from skmedimg._device import available_device, fresh_weights
from skmedimg._training.serialize import check_fits, pack_net, unpack_net


class PickledNetwork:
    """A mixin that pickles a trained net as plain arrays, for estimators with `_new_module`."""

    def __getstate__(self):
        """Return parameters, fitted attributes and the net as plain arrays."""
        state = dict(super().__getstate__())
        if "net_" in state:
            # The device of tensors may be missing where the pickle is loaded; arrays have none.
            state["net_"] = pack_net(state["net_"])
        return state

    def __setstate__(self, state):
        """Build the net anew and fill in its arrays; a device that is gone is replaced."""
        super().__setstate__({name: value for name, value in state.items() if name != "net_"})
        if "net_" in state:
            self.net_ = self._unpack(state["net_"])

    def _check_state(self, state):
        """Raise if the weights are of another network, before memory is allocated for it."""
        # A file may be hostile: the network its parameters ask for is built on the meta device.
        if "net_" in state:
            # build_module reads parameters and fitted attributes from self.
            vars(self).update(state)
            with torch.device("meta"):
                check_fits(state["net_"], self._new_module())
            if self._standardizes():
                self._check_statistics()

    def _check_statistics(self):
        """Raise if mean and deviation of a file do not belong to inputs of this shape."""
        shape = self.image_shape_
        size = int(np.prod(shape)) if self._takes_rows else shape[-1]
        for name in ("input_mean_", "input_std_"):
            values = getattr(self, name, None)
            found = values.dtype == np.float64 and values.shape == (size,)
            if not (isinstance(values, np.ndarray) and found and np.isfinite(values).all()):
                raise ValueError(f"{name} needs to be {size} finite numbers of float64.")

    def _unpack(self, packed):
        """Return the net whose arrays a pickle holds, on a device that is available."""
        with fresh_weights(0):
            module = self._new_module()
        plan = self._plan(available_device(self.device, type(self).__name__))
        return unpack_net(packed, module, plan, self.parameter_groups(module))

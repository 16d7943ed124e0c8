"""RMSprop as Keras computes it, for what was published with it."""

import torch


class RMSprop(torch.optim.Optimizer):
    """Divide each step by the root of a running mean of squares and epsilon, as Keras does.

    torch adds epsilon to the root. Under it, 1e-7 is worth 3e-4: small slopes move their weights
    less, and a network comes to rest that would go on trembling.

    Parameters
    ----------
    params : iterable of Parameter or dict
    lr : float, default=0.001
    rho : float, default=0.9
        How much of the mean is kept at each step.
    eps : float, default=1e-7
    weight_decay : float, default=0.0

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks._rmsprop import RMSprop
    >>> weight = torch.ones(1, requires_grad=True)
    >>> weight.grad = torch.full((1,), 1e-4)
    >>> RMSprop([weight], lr=0.01).step()
    >>> weight
    tensor([0.9969], requires_grad=True)
    """

    def __init__(self, params, lr=1e-3, rho=0.9, eps=1e-7, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        """Take one step against the slopes that the weights hold."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            for weights in group["params"]:
                if weights.grad is not None:
                    self._move(weights, group)
        return loss

    def _move(self, weights, group):
        slope, state = weights.grad, self.state[weights]
        if group["weight_decay"]:
            slope = slope.add(weights, alpha=group["weight_decay"])
        if not state:
            state["square_avg"] = torch.zeros_like(weights)
        mean = state["square_avg"]
        mean.mul_(group["rho"]).addcmul_(slope, slope, value=1 - group["rho"])
        weights.addcdiv_(slope, mean.add(group["eps"]).sqrt_(), value=-group["lr"])

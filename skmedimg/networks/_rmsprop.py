"""RMSprop as Keras computes it, for what was published with it."""

import torch


class RMSprop(torch.optim.Optimizer):
    """Divide each step by the root of a running mean of squares and epsilon, as Keras does.

    torch adds epsilon to the root. Under it, 1e-7 is worth 3e-4: weights with small gradients
    move less, and training converges where Keras's would go on oscillating.

    Parameters
    ----------
    params : iterable of torch.Tensor
        Weights to update.
    lr : float, default=1e-3
        Learning rate.
    rho : float, default=0.9
        Decay of the running mean.
    eps : float, default=1e-7
        Added to the denominator, so that it is never 0.
    weight_decay : float, default=0.0
        Factor of the weights that is added to their gradients.

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks import RMSprop
    >>> weights = torch.ones(1, requires_grad=True)
    >>> optimizer = RMSprop([weights], lr=0.1)
    >>> weights.sum().backward()
    >>> optimizer.step()
    >>> weights.item()
    0.6837...
    """

    def __init__(self, params, lr=1e-3, rho=0.9, eps=1e-7, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        """Take one step with the gradients `.grad` of the parameters."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            for weights in group["params"]:
                if weights.grad is not None:
                    self._move(weights, group)
        return loss

    def _move(self, weights, group):
        grad, state = weights.grad, self.state[weights]
        if group["weight_decay"]:
            grad = grad.add(weights, alpha=group["weight_decay"])
        if not state:
            state["square_avg"] = torch.zeros_like(weights)
        mean = state["square_avg"]
        # Epsilon inside the root, as in Keras; torch adds it to the root.
        mean.mul_(group["rho"]).addcmul_(grad, grad, value=1 - group["rho"])
        weights.addcdiv_(grad, mean.add(group["eps"]).sqrt_(), value=-group["lr"])

"""Small dense networks of one shape, trained as one: weights in a stack, one product for all."""

import torch
from torch import nn

from skmedimg._training.cuda_graphs import Replay, pays
from skmedimg.networks._blocks import ACTIVATIONS

# Layers that a stack of networks passes as one network does: each value by itself.
_ELEMENTWISE = tuple({type(make()) for make in ACTIVATIONS.values()})
_MOST_BYTES = 1 << 28  # of the rows of all networks in a stack; what is larger gains nothing


def kinship(net, batches, count):
    """Return what a net shares with those that it can be trained beside, or None if there are none.

    Parameters
    ----------
    net : Net
    batches : TrainingBatches
    count : int
        How many there may be.

    Returns
    -------
    shape : tuple or None
        Nets with equal ones fit into one `Stack`.
    """
    plan, dataset, layers = net.plan, batches.dataset, list(net.module_.children())
    known = isinstance(net.module_, nn.Sequential) and all(
        isinstance(layer, (nn.Linear, *_ELEMENTWISE)) for layer in layers
    )
    usual = plan.optimizer in ("adam", "adamw") and plan.schedule != "plateau"
    bare = not net.callbacks_ and plan.gradient_clip is None and plan.precision.autocast is None
    if not (known and usual and bare and dataset.augment is None):
        return None
    images = dataset.images
    held = isinstance(images, torch.Tensor) and images.ndim == 2
    if not held or count * images.numel() * 4 > _MOST_BYTES:
        return None
    sizes = tuple(tuple(weights.shape) for weights in net.trained_)
    parts = tuple(map(str, layers)), sizes, len(batches), batches.batch_size
    return *parts, plan.device, plan.precision.dtype, plan.optimizer, type(plan.criterion)


class Stack:
    """Networks of one shape with the rows they are trained on.

    Parameters
    ----------
    pairs : list of (Net, TrainingBatches)
        Whose `kinship` is equal.
    """

    def __init__(self, pairs):
        self.nets, self.batches = zip(*pairs, strict=True)
        whole = [batches.dataset for batches in self.batches]
        rows, targets = zip(
            *(dataset.tensors(dataset.cut(slice(None))) for dataset in whole), strict=True
        )
        self.rows = nn.utils.rnn.pad_sequence(rows, batch_first=True)
        self.labels = nn.utils.rnn.pad_sequence([t["y"] for t in targets], batch_first=True)
        ones = [r.new_ones(len(r)) for r in rows]
        weights = [t.get("w", one) for t, one in zip(targets, ones, strict=True)]
        self.weights = nn.utils.rnn.pad_sequence(weights, batch_first=True)
        self.each = torch.arange(len(self.nets), device=self.rows.device)[:, None]
        self.adam = _Adam(self.nets)
        steps = len(self.nets) * len(self.batches[0])
        self.replay = Replay(self.rows.device) if pays(self.rows.device, steps) else None

    def train_epoch(self):
        """Train all of them for an epoch.

        Returns
        -------
        learned : list of tuple
            Of each: losses (n_batches,), sizes of the batches, and [(outputs, targets)].
        """
        picked, held = self._draw()
        rates = self.rows.new_tensor([_rates(net, len(picked)) for net in self.nets])
        self.adam.take_over()
        steps = [self._step(list(step)) for step in zip(picked, held, rates.T, strict=True)]
        self.adam.hand_back()
        losses, outputs = zip(*steps, strict=True)
        return self._sort(torch.stack(losses, 1), torch.stack(outputs, 1), picked, held)

    def _draw(self):
        """Return the rows of each step (n_steps, n_nets, batch), and which are no padding."""
        drawn = [batches.draw() for batches in self.batches]
        flat = [rows for step in zip(*drawn, strict=True) for rows in step]
        lengths = torch.tensor([len(rows) for rows in flat], device=self.rows.device)
        picked = nn.utils.rnn.pad_sequence(flat, batch_first=True).to(self.rows.device)
        held = torch.arange(picked.shape[1], device=self.rows.device) < lengths[:, None]
        shape = len(drawn[0]), len(drawn), -1
        return picked.view(shape), held.view(shape)

    def _step(self, step):
        """Take a step with all nets, played back on a GPU, and return losses and outputs."""
        played = None if self.replay is None else self.replay.play(self._learn, step)
        return self._learn(*step) if played is None else played

    def _learn(self, rows, real, rates):
        loss, outputs = self._look(self.adam.weights, rows, real)
        self.adam.step(torch.autograd.grad(loss.sum(), self.adam.weights), rates)
        return loss.detach(), outputs.detach()

    def _look(self, weights, rows, real):
        """Return the mean loss of each net's batch, and all outputs (n_nets, batch, n)."""
        outputs = _forward(self.nets[0].module_, weights, self.rows[self.each, rows])
        labels = self.labels[self.each, rows]
        losses = self.nets[0].criterion_(outputs.flatten(0, 1), labels.flatten()).view_as(labels)
        shares = self.weights[self.each, rows] * real / real.sum(1, keepdim=True)
        return (losses * shares).sum(1), outputs

    def _sort(self, losses, outputs, picked, held):
        """Return to each net what is its own."""
        learned = []
        for k, loss in enumerate(losses):
            mine = held[:, k]
            pair = outputs[k][mine], self.labels[k][picked[:, k][mine]]
            learned.append((loss, mine.sum(1).tolist(), [pair]))
        return learned


class _Adam:
    """Adam and AdamW over all weights of all nets, which lie in one matrix, a row per net.

    Parameters
    ----------
    nets : tuple of Net
    """

    def __init__(self, nets):
        self.nets = nets
        options = [net.optimizer_.param_groups[0] for net in nets]
        (self.slow, self.fast), self.eps = options[0]["betas"], options[0]["eps"]
        self.decoupled = options[0]["decoupled_weight_decay"]
        self.matrix = self._gather(lambda net, weights: weights.detach())
        self.first, self.second = torch.empty_like(self.matrix), torch.empty_like(self.matrix)
        self.steps = self.matrix.new_empty(len(nets), 1)
        self.decay = self._column([option["weight_decay"] for option in options])
        self.weights = [part.requires_grad_() for part in self._views(self.matrix)]

    def take_over(self):
        """Begin from where the nets are, in the memory that a recording knows."""
        with torch.no_grad():
            self.matrix.copy_(self._gather(lambda net, weights: weights.detach()))
            self.first.copy_(self._gather(lambda net, weights: _state(net, weights, "exp_avg")))
            self.second.copy_(self._gather(lambda net, weights: _state(net, weights, "exp_avg_sq")))
            self.steps.copy_(self._column([_steps(net) for net in self.nets]))

    def step(self, slopes, rates):
        """Move every net against its slopes, at its own rate."""
        slopes = torch.cat([slope.flatten(1) for slope in slopes], 1)
        rates = rates[:, None]
        self.steps += 1
        with torch.no_grad():
            if self.decoupled:
                self.matrix.mul_(1 - rates * self.decay)
            else:
                slopes = slopes.addcmul_(self.matrix, self.decay)
            self.first.lerp_(slopes, 1 - self.slow)
            self.second.mul_(self.fast).addcmul_(slopes, slopes, value=1 - self.fast)
            spread = self.second.sqrt().div_((1 - self.fast**self.steps).sqrt_()).add_(self.eps)
            self.matrix.sub_(self.first.mul(rates / (1 - self.slow**self.steps)).div_(spread))

    def hand_back(self):
        """Give each net its weights, and its optimizer what it needs to go on."""
        parts = [self._views(matrix) for matrix in (self.matrix, self.first, self.second)]
        for k, net in enumerate(self.nets):
            for weights, value, first, second in zip(net.trained_, *parts, strict=True):
                weights.detach().copy_(value[k])
                state = net.optimizer_.state[weights]
                state["step"] = self.steps[k, 0].float()
                state["exp_avg"], state["exp_avg_sq"] = first[k].clone(), second[k].clone()

    def _gather(self, part):
        rows = [[part(net, weights).flatten() for weights in net.trained_] for net in self.nets]
        return torch.stack([torch.cat(row) for row in rows])

    def _views(self, matrix):
        """Return the columns of each layer's weights in their shape, sharing memory."""
        shapes = [weights.shape for weights in self.nets[0].trained_]
        parts = matrix.split([shape.numel() for shape in shapes], 1)
        return [part.view(-1, *shape) for part, shape in zip(parts, shapes, strict=True)]

    def _column(self, numbers):
        return self.matrix.new_tensor(numbers)[:, None]


def _state(net, weights, name):
    return net.optimizer_.state[weights].get(name, torch.zeros_like(weights))


def _steps(net):
    return float(net.optimizer_.state[net.trained_[0]].get("step", 0))


def _forward(layers, weights, rows):
    """Run a stack of networks on rows (n_nets, batch, n_features)."""
    weights = iter(weights)
    for layer in layers:
        if isinstance(layer, nn.Linear):
            weight, bias = next(weights), next(weights)
            rows = torch.baddbmm(bias[:, None], rows, weight.transpose(1, 2))
        else:
            rows = layer(rows)
    return rows


def _rates(net, steps):
    """Return the learning rate of each step to come, and let the schedule pass them."""
    group, rates = net.optimizer_.param_groups[0], []
    for weights in net.trained_:
        weights.grad = None
    net.optimizer_.step()  # moves nothing; the schedule wants to have seen it
    for _ in range(steps):
        rates.append(group["lr"])
        if net.stepper_ is not None:
            net.stepper_.step()
    return rates

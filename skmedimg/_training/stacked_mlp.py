"""Small MLPs of one shape, trained as one: their weights in a stack, one matrix product for all."""

import torch
from torch import nn

from skmedimg._training.cuda_graphs import GraphReplay
from skmedimg.networks._blocks import ACTIVATIONS
from skmedimg.networks._outputs import ClassLogitsLoss, OneLogitLoss

# Layers that map each value by itself, so that a stack of networks passes them as one network.
_ELEMENTWISE = tuple({type(make()) for make in ACTIVATIONS.values()})
_LOSSES = (ClassLogitsLoss, OneLogitLoss)
_MAX_BYTES = 1 << 28  # of the samples of all networks in a stack; larger ones gain nothing


def stack_key(net, batches, count):
    """Return a tuple that is equal for nets that fit into one stack of `count`, or None."""
    plan, dataset, layers = net.plan, batches.dataset, list(net.module_.children())
    known = isinstance(net.module_, nn.Sequential) and all(
        isinstance(layer, (nn.Linear, *_ELEMENTWISE)) for layer in layers
    )
    usual = plan.optimizer in ("adam", "adamw") and isinstance(plan.schedule, str)
    usual &= plan.schedule != "plateau" and type(plan.criterion) in _LOSSES
    bare = not net.callbacks_ and plan.gradient_clip is None and plan.precision.autocast is None
    plain = dataset.augment is None and not dataset.mixup and plan.ema_decay is None
    if not (known and usual and bare and plain):
        return None
    images = dataset.images
    in_memory = isinstance(images, torch.Tensor) and images.ndim == 2
    if not in_memory or count * images.numel() * 4 > _MAX_BYTES:
        return None
    sizes = tuple(tuple(weights.shape) for weights in net.trainable_params_)
    shape = tuple(map(str, layers)), sizes, len(batches), batches.batch_size
    return *shape, plan.device, plan.precision.dtype, plan.optimizer, str(plan.criterion)


class Stack:
    """Nets of one stack key with their training batches."""

    def __init__(self, pairs):
        self.nets, self.batches = zip(*pairs, strict=True)
        datasets = [batches.dataset for batches in self.batches]
        rows, targets = zip(
            *(dataset.to_tensors(dataset.take(slice(None))) for dataset in datasets), strict=True
        )
        # All rows at once, each by the mean and deviation of its own net.
        rows = [
            each if net.plan.standardize is None else net.plan.standardize(each)
            for net, each in zip(self.nets, rows, strict=True)
        ]
        # Folds differ by a sample or two: shorter ones are padded, and padding has no weight.
        self.rows = nn.utils.rnn.pad_sequence(rows, batch_first=True)
        self.labels = nn.utils.rnn.pad_sequence([t["y"] for t in targets], batch_first=True)
        ones = [r.new_ones(len(r)) for r in rows]
        weights = [t.get("w", one) for t, one in zip(targets, ones, strict=True)]
        self.weights = nn.utils.rnn.pad_sequence(weights, batch_first=True)
        self.each = torch.arange(len(self.nets), device=self.rows.device)[:, None]
        self.adam = _StackedAdam(self.nets)
        n_steps, device = len(self.nets) * len(self.batches[0]), self.rows.device
        worth_it = GraphReplay.is_worth_it(device, n_steps)
        self.replay = GraphReplay(device) if worth_it else None

    def train_epoch(self):
        """Train all nets for an epoch; return what `Net.record_epoch` takes for each."""
        picked, real = self._shuffle()
        lrs = self.rows.new_tensor([_learning_rates(net, len(picked)) for net in self.nets])
        self.adam.load()
        steps = [self._step(list(step)) for step in zip(picked, real, lrs.T, strict=True)]
        self.adam.store()
        losses, outputs = zip(*steps, strict=True)
        return self._per_net(torch.stack(losses, 1), torch.stack(outputs, 1), picked, real)

    def _shuffle(self):
        """Return the rows of each step (n_steps, n_nets, batch), and which are no padding."""
        orders = [batches.shuffled_rows() for batches in self.batches]
        flat = [rows for step in zip(*orders, strict=True) for rows in step]
        lengths = torch.tensor([len(rows) for rows in flat], device=self.rows.device)
        picked = nn.utils.rnn.pad_sequence(flat, batch_first=True).to(self.rows.device)
        real = torch.arange(picked.shape[1], device=self.rows.device) < lengths[:, None]
        shape = len(orders[0]), len(orders), -1
        return picked.view(shape), real.view(shape)

    def _step(self, inputs):
        """Take a step with all nets, from a CUDA graph where there is one."""
        outputs = None if self.replay is None else self.replay.run(self._train, inputs)
        return self._train(*inputs) if outputs is None else outputs

    def _train(self, picked, real, lrs):
        """Return the mean loss of each net's batch, and all outputs (n_nets, batch, n)."""
        outputs = _forward(self.nets[0].module_, self.adam.weights, self.rows[self.each, picked])
        labels = self.labels[self.each, picked]
        losses = self.nets[0].criterion_(outputs.flatten(0, 1), labels.flatten()).view_as(labels)
        shares = self.weights[self.each, picked] * real / real.sum(1, keepdim=True)
        loss = (losses * shares).sum(1)
        # A net's weights do not enter the losses of the others, so one sum serves all gradients.
        self.adam.step(torch.autograd.grad(loss.sum(), self.adam.weights), lrs)
        return loss.detach(), outputs.detach()

    def _per_net(self, losses, outputs, picked, real):
        results = []
        for k, loss in enumerate(losses):
            own = real[:, k]
            pair = outputs[k][own], self.labels[k][picked[:, k][own]]
            results.append((loss, own.sum(1).tolist(), [pair]))
        return results


class _StackedAdam:
    """Adam and AdamW over the weights of all nets, which lie in one matrix, a row per net.

    torch.optim keeps one learning rate, decay and step count per parameter, not one per row.
    """

    def __init__(self, nets):
        self.nets = nets
        options = [net.optimizer_.param_groups[0] for net in nets]
        (self.beta1, self.beta2), self.eps = options[0]["betas"], options[0]["eps"]
        self.decoupled = options[0]["decoupled_weight_decay"]
        self.matrix = self._gather(lambda net, weights: weights.detach())
        self.first, self.second = torch.empty_like(self.matrix), torch.empty_like(self.matrix)
        self.steps = self.matrix.new_empty(len(nets), 1)
        self.decay = self._column([option["weight_decay"] for option in options])
        self.weights = [part.requires_grad_() for part in self._views(self.matrix)]

    def load(self):
        """Copy weights and optimizer state of the nets into the matrices that a graph reads."""
        with torch.no_grad():
            self.matrix.copy_(self._gather(lambda net, weights: weights.detach()))
            self.first.copy_(self._gather(lambda net, weights: _state(net, weights, "exp_avg")))
            self.second.copy_(self._gather(lambda net, weights: _state(net, weights, "exp_avg_sq")))
            self.steps.copy_(self._column([_n_steps(net) for net in self.nets]))

    def step(self, gradients, lrs):
        """Step every net by its gradients, at its own learning rate."""
        gradients = torch.cat([gradient.flatten(1) for gradient in gradients], 1)
        lrs = lrs[:, None]
        self.steps += 1
        with torch.no_grad():
            if self.decoupled:
                self.matrix.mul_(1 - lrs * self.decay)
            else:
                gradients = gradients.addcmul_(self.matrix, self.decay)
            self.first.lerp_(gradients, 1 - self.beta1)
            self.second.mul_(self.beta2).addcmul_(gradients, gradients, value=1 - self.beta2)
            spread = self.second.sqrt().div_((1 - self.beta2**self.steps).sqrt_()).add_(self.eps)
            self.matrix.sub_(self.first.mul(lrs / (1 - self.beta1**self.steps)).div_(spread))

    def store(self):
        """Copy weights and optimizer state back, so that each net can go on alone."""
        parts = [self._views(matrix) for matrix in (self.matrix, self.first, self.second)]
        for k, net in enumerate(self.nets):
            for weights, value, first, second in zip(net.trainable_params_, *parts, strict=True):
                weights.detach().copy_(value[k])
                state = net.optimizer_.state[weights]
                state["step"] = self.steps[k, 0].float()
                state["exp_avg"], state["exp_avg_sq"] = first[k].clone(), second[k].clone()

    def _gather(self, part):
        rows = [
            [part(net, weights).flatten() for weights in net.trainable_params_] for net in self.nets
        ]
        return torch.stack([torch.cat(row) for row in rows])

    def _views(self, matrix):
        """Return the columns of each layer's weights in their shape, sharing memory."""
        shapes = [weights.shape for weights in self.nets[0].trainable_params_]
        parts = matrix.split([shape.numel() for shape in shapes], 1)
        return [part.view(-1, *shape) for part, shape in zip(parts, shapes, strict=True)]

    def _column(self, numbers):
        return self.matrix.new_tensor(numbers)[:, None]


def _state(net, weights, name):
    # Before its first step an optimizer has no state: its moments are zero.
    return net.optimizer_.state[weights].get(name, torch.zeros_like(weights))


def _n_steps(net):
    return float(net.optimizer_.state[net.trainable_params_[0]].get("step", 0))


def _forward(layers, weights, rows):
    """Run a stack of networks on rows (n_nets, batch, n_features)."""
    # torch.func.stack_module_state with vmap gives the same numbers, but ten networks 64-32-10 take
    # 2.2 ms per forward and backward pass with it, and 1.0 ms with these products.
    weights = iter(weights)
    for layer in layers:
        if isinstance(layer, nn.Linear):
            weight, bias = next(weights), next(weights)
            rows = torch.baddbmm(bias[:, None], rows, weight.transpose(1, 2))
        else:
            rows = layer(rows)
    return rows


def _learning_rates(net, n_steps):
    """Return the learning rates of the next steps of a net, and move its schedule past them."""
    group, lrs = net.optimizer_.param_groups[0], []
    # torch's schedules warn if they step before the optimizer did. Without gradients this step
    # changes nothing: the stack steps the weights instead.
    net.drop_gradients()
    net.optimizer_.step()
    for _ in range(n_steps):
        lrs.append(group["lr"])
        net.step_schedule()
    return lrs

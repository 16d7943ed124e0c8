"""A training loop as one writes it by hand, at the best settings that torch documents.

Convolutions in channels_last, a fused optimizer, autocast to bfloat16 where ours uses it, batches
sliced from a tensor on the device, and no loss fetched before an epoch ends.
"""

LEARNING_RATE = 1e-3


class Loop:
    """Train a new network in each call.

    Parameters
    ----------
    network : callable
        Returns a new module.
    load : callable
        Returns images or rows in floats, and targets, as tensors. Its time counts.
    loss_of : callable
        Loss of outputs and targets.
    batch_size, epochs : int
    device : str
    precision : "float32" or "bfloat16"
    """

    def __init__(
        self, network, load, loss_of, batch_size, epochs=1, device="cpu", precision="float32"
    ):
        self.network = network
        self.load = load
        self.loss_of = loss_of
        self.batch_size = batch_size
        self.epochs = epochs
        self.device = device
        self.precision = precision

    def __call__(self):
        return self.train(*self.start())

    def start(self):
        """Return a new module and its optimizer."""
        import torch

        module = self.network().to(self.device, memory_format=torch.channels_last)
        return module, torch.optim.Adam(module.parameters(), lr=LEARNING_RATE, fused=True)

    def train(self, module, optimizer):
        import torch

        X, y = (part.to(self.device) for part in self.load())
        for _ in range(self.epochs):
            total = torch.zeros((), device=self.device)
            for rows in torch.randperm(len(X), device=self.device).split(self.batch_size):
                optimizer.zero_grad()
                with torch.autocast(self.device, torch.bfloat16, self.precision == "bfloat16"):
                    loss = self.loss_of(module(X[rows]), y[rows])
                loss.backward()
                optimizer.step()
                total += loss.detach() * len(rows)
            float(total)
        return module

    def compiled(self, quick):
        """Return the loop with `torch.compile`, or the reason why there is none, a str.

        One network is compiled here, and every call goes on training it: no call waits for the
        compiler.
        """
        import torch

        if quick:
            return "a quick run compiles nothing"
        module, optimizer = self.start()
        try:
            module = torch.compile(module)
            self.train(module, optimizer)
        except Exception as error:  # whatever compilers raise
            return f"torch.compile failed: {str(error).strip().splitlines()[0]}"
        return lambda: self.train(module, optimizer)

    def peers(self, quick):
        """Return the loop and its compiled variant, as contenders of a row."""
        return {"hand-written loop": self, "torch.compile of the loop": self.compiled(quick)}

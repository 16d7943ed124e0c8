"""Mixup (Zhang et al., 2018): images of a batch are mixed with each other, and so are labels."""

import numpy as np
import torch


def mix(images, targets, alpha, generator):
    """Return a batch mixed with itself rolled by one, and the targets of both.

    One share for the whole batch comes from a Beta distribution, as in torchvision's MixUp. The
    targets gain "y_mixed", "share" and, with weights, "w_mixed"; `Net.get_loss` reads them.
    """
    seed = torch.randint(2**31 - 1, (1,), generator=generator, device=generator.device)
    # torch's Beta distribution draws from the global generator alone.
    share = float(np.random.default_rng(int(seed)).beta(alpha, alpha))
    mixed = {f"{name}_mixed": values.roll(1, 0) for name, values in targets.items()}
    mixed["share"] = images.new_full((len(images),), share)
    return images * share + images.roll(1, 0) * (1 - share), {**targets, **mixed}

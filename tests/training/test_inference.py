"""What a network is shown when it is asked: padded blocks, or few large images as they are."""

import numpy as np
import pytest
import torch

from skmedimg import ScratchCNN, ShallowMLP
from skmedimg.datasets import make_lesions

KINDS = {
    "bytes": lambda pixels: pixels.astype(np.uint8),
    "words": lambda pixels: (pixels * 200).astype(np.uint16),
    "booleans": lambda pixels: pixels > 100,
    "doubles": lambda pixels: pixels / 7,
    "big-endian": lambda pixels: (pixels * 200).astype(">u2"),
    "upside down": lambda pixels: pixels.astype(np.uint8)[:, ::-1],
    "read-only": lambda pixels: np.broadcast_to(pixels[:1].astype(np.uint8), pixels.shape),
}


@pytest.mark.filterwarnings("ignore:\\w+ gets float64 pixels up to:UserWarning")
@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_short_stack_reaches_the_network_as_a_long_one_does(kind, flat):
    images = KINDS[kind](np.random.RandomState(0).randint(0, 256, (40, 5, 6, 3)))
    model = ShallowMLP((4,)) if flat else ScratchCNN((4,))
    model.set_params(standardize=False)  # the pixels are compared, padding is zeros of them
    model.set_params(max_epochs=1, device="cpu", precision="float32")
    seen = []
    model.fit(images, np.arange(40) % 2).net_.module_.register_forward_pre_hook(
        lambda module, given: seen.append(given[0].clone())
    )
    model.predict_proba(images)
    model.predict_proba(images[:3])
    long, short = seen[0], seen[-1]
    assert (len(long), len(short)) == (48, 16)
    assert short.dtype == long.dtype
    assert not short[3:].any()
    torch.testing.assert_close(short[:3], long[:3], rtol=0, atol=0)


@pytest.mark.usefixtures("processor")
@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 15, 16, 17, 31])
def test_a_row_rounds_the_same_however_many_are_beside_it(count):
    X = np.random.RandomState(0).rand(64, 300).astype(np.float32)
    model = ShallowMLP((50,), max_epochs=1, random_state=0).fit(X, np.arange(64) % 3)
    np.testing.assert_array_equal(model.predict_proba(X[:count]), model.predict_proba(X)[:count])


@pytest.mark.parametrize(("size", "passed"), [(16, 16), (64, 1)])
def test_one_large_image_is_not_padded_to_sixteen(size, passed):
    data = make_lesions(20, size=size, random_state=0)
    model = ScratchCNN((4,), max_epochs=1, random_state=0).fit(data.images, data.target)
    seen = []
    model.net_.module_.register_forward_pre_hook(lambda module, given: seen.append(len(given[0])))
    alone = model.predict_proba(data.images[:1])
    assert seen == [passed]
    np.testing.assert_allclose(alone, model.predict_proba(data.images)[:1], rtol=0, atol=1e-6)

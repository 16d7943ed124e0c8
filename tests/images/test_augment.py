"""Augmentation: torchvision's numbers, one geometry for image and mask, nothing left to chance."""

import hypothesis
import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from imblearn.pipeline import Pipeline as ImblearnPipeline
from imblearn.utils.estimator_checks import estimator_checks_generator
from scipy import ndimage
from skimage.color import rgb2yuv
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.utils.estimator_checks import check_estimator
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as v2

from skmedimg import Augmenter, Pipeline, ScratchCNN
from skmedimg.datasets import make_lesions
from skmedimg.images import augment
from skmedimg.images._augment_ops import draw_changes, move, recolor

EVERYTHING = {
    "rotation": 20,
    "zoom": 0.1,
    "shift": 0.1,
    "shear": 8,
    "flip": "both",
    "brightness": 0.2,
    "contrast": 0.2,
    "noise": 0.02,
    "crop": 0.2,
}


SEEN = []


class Watched(Augmenter):
    """Notes which images it changed, by the number written in their pixels."""

    def augment_batch(self, images, masks, generator):
        SEEN.append(torch.round(images.amax((1, 2, 3)) * 255).int().tolist())
        return super().augment_batch(images, masks, generator)


class NotedFolds:
    """A splitter that keeps its folds."""

    def __init__(self, splitter):
        self.splitter = splitter
        self.folds = []

    def get_n_splits(self, X=None, y=None, groups=None):
        return self.splitter.get_n_splits()

    def split(self, X, y=None, groups=None):
        for train, test in self.splitter.split(X, y, groups):
            self.folds.append((set(train.tolist()), set(test.tolist())))
            SEEN.append("next fold")
            yield train, test


def numbered_images(n):
    """Images whose largest pixel is their number."""
    images = np.zeros((n, 8, 8), dtype=np.uint8)
    images[:, 2:6, 2:6] = np.arange(n)[:, None, None]
    return images


def seen_per_fold():
    """The sets of images each fold's fit augmented."""
    folds = []
    for batch_seen in SEEN:
        if batch_seen == "next fold":
            folds.append(set())
        else:
            folds[-1].update(batch_seen)
    return folds


def random_images(*shape, seed=0):
    """Smooth images in [0.2, 0.8]."""
    images = np.random.default_rng(seed).random(shape)
    images = ndimage.gaussian_filter(images, (0, 0, 2, 2))
    low, high = images.min(), images.max()
    return torch.from_numpy(0.2 + 0.6 * (images - low) / (high - low)).float()


def draw(n=6, flip=None, probability=1.0, seed=0, **settings):
    """Draw the numbers of n images, from pairs or from the numbers that are short for them."""
    ranges = {}
    for name in EVERYTHING.keys() - {"flip"}:
        value = settings.get(name, 0)
        neutral = float(name in ("zoom", "brightness", "contrast"))
        low = {"noise": value, "crop": 0.0}.get(name, neutral - np.array(value))
        ranges[name] = value if isinstance(value, tuple) else (low, neutral + value)
    return draw_changes(n, ranges, flip, probability, torch.Generator().manual_seed(seed))


def batch(augmenter, images, masks=None, seed=0):
    return augmenter.augment_batch(images, masks, torch.Generator().manual_seed(seed))


@hypothesis.given(
    height=st.integers(5, 40),
    width=st.integers(5, 40),
    channels=st.sampled_from([1, 3]),
    rotation=st.floats(0, 180),
    zoom=st.floats(0, 0.5),
    shift=st.floats(0, 0.5),
    shear=st.floats(0, 40),
    seed=st.integers(0, 99),
)
@hypothesis.settings(max_examples=40, deadline=None, derandomize=True)
def test_the_geometry_is_torchvisions_affine_image_by_image(
    height, width, channels, rotation, zoom, shift, shear, seed
):
    images = random_images(3, channels, height, width)
    changes = draw(3, seed=seed, rotation=rotation, zoom=zoom, shift=shift, shear=shear)
    moved, _ = move(images, None, changes)
    for row, image in enumerate(images):
        one = {name: values[row].item() for name, values in changes.items()}
        expected = v2.affine(
            image,
            angle=one.get("rotation", 0.0),
            translate=[one.get("shift_right", 0) * width, one.get("shift_down", 0) * height],
            scale=one.get("zoom", 1.0),
            shear=[one.get("shear", 0.0), 0.0],
            interpolation=InterpolationMode.BILINEAR,
        )
        # torchvision starts from float64, which moves edges a few 1e-6 of a pixel
        torch.testing.assert_close(moved[row], expected, atol=1e-4, rtol=0)


def test_masks_move_as_torchvision_moves_masks():
    masks = torch.from_numpy(make_lesions(8, size=48, n_classes=4, random_state=0).masks)
    changes = draw(8, rotation=30, zoom=0.2, shift=0.1, shear=10)
    _, moved = move(torch.zeros(8, 1, 48, 48), masks.long(), changes)
    for row, mask in enumerate(masks):
        shift = [changes[f"shift_{way}"][row].item() * 48 for way in ("right", "down")]
        angle, zoom, shear = (changes[k][row].item() for k in ("rotation", "zoom", "shear"))
        expected = v2.affine_mask(mask[None], angle, shift, zoom, [shear, 0.0])[0]
        assert (moved[row] != expected).float().mean() < 1e-3  # ties of the nearest pixel


@pytest.mark.parametrize(
    ("flip", "kernels"),
    [
        ("horizontal", {"horizontal": v2.horizontal_flip}),
        ("vertical", {"vertical": v2.vertical_flip}),
        ("both", {"horizontal": v2.horizontal_flip, "vertical": v2.vertical_flip}),
    ],
)
def test_flips_are_torchvisions_to_the_bit_in_half_of_the_images(flip, kernels):
    images = random_images(400, 1, 6, 7)
    changes = draw(400, flip=flip)
    expected = images.clone()
    for axis, kernel in kernels.items():
        assert 150 < changes[axis].sum() < 250
        expected[changes[axis]] = kernel(expected[changes[axis]])
    moved, masks = move(images, images[:, 0], changes)
    assert torch.equal(moved, expected)
    assert torch.equal(masks, expected[:, 0])


def test_a_flip_joined_to_a_rotation_is_the_flip_of_the_rotated_image():
    images = random_images(20, 1, 21, 30)
    turned, _ = move(images, None, draw(20, rotation=30))
    both, _ = move(images, None, changes := draw(20, rotation=30, flip="horizontal"))
    expected = torch.where(changes["horizontal"][:, None, None, None], turned.flip(-1), turned)
    torch.testing.assert_close(both, expected, atol=1e-5, rtol=0)


def test_a_crop_is_torchvisions_resized_crop():
    images = random_images(1, 1, 40, 60)
    changes = draw(1, crop=(0.5, 0.5))
    # three places whose corners fall on whole pixels
    for right, down, left, top in [(0.0, 0.0, 15, 10), (1.0, 1.0, 30, 20), (-1.0, 0.2, 0, 12)]:
        changes["crop_right"], changes["crop_down"] = torch.tensor([right]), torch.tensor([down])
        moved, _ = move(images, None, changes)
        expected = v2.resized_crop(images, top, left, 20, 30, [40, 60], antialias=False)
        inside = (..., slice(2, -2), slice(2, -2))  # resize knows nothing beyond the crop
        torch.testing.assert_close(moved[inside], expected[inside], atol=1e-5, rtol=0)


def adjust_contrast(image, factor):
    """Return torchvision's contrast of a gray image; of RGB the same with scikit-image's luma."""
    if len(image) == 1:
        return v2.adjust_contrast(image, factor)
    gray = rgb2yuv(image.double().numpy(), channel_axis=0)[
        0
    ]  # torchvision's weights add up to .9999
    return (factor * image + (1 - factor) * gray.mean()).clamp(0, 1).to(image.dtype)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("operation", ["brightness", "contrast"])
def test_light_is_torchvisions_image_by_image(operation, channels):
    images = random_images(8, channels, 16, 16) * 1.2
    images.clamp_(0, 1)
    changes = draw(8, **{operation: 0.5})
    changed = recolor(images, changes, torch.Generator())
    kernel = {"brightness": v2.adjust_brightness, "contrast": adjust_contrast}[operation]
    for image, factor, got in zip(images, changes[operation], changed, strict=True):
        torch.testing.assert_close(got, kernel(image, factor.item()), atol=2e-6, rtol=0)


def test_light_is_torchvisions_brightness_and_then_contrast():
    images = random_images(8, 3, 16, 16)
    changes = draw(8, brightness=0.2, contrast=0.3)
    changed = recolor(images, changes, torch.Generator())
    for row, image in enumerate(images):
        brighter = v2.adjust_brightness(image, changes["brightness"][row].item())
        expected = adjust_contrast(brighter, changes["contrast"][row].item())
        torch.testing.assert_close(changed[row], expected, atol=2e-6, rtol=0)


def test_noise_has_the_deviation_asked_for_and_keeps_the_range():
    gray = torch.full((4, 1, 100, 100), 0.5)
    noisy, _ = batch(Augmenter(noise=0.1), gray)
    np.testing.assert_allclose((noisy - gray).std((1, 2, 3)), 0.1, rtol=0.03)
    dark, _ = batch(Augmenter(noise=0.1), torch.zeros(4, 1, 100, 100))
    assert dark.min() == 0
    assert dark.max() <= 1
    measured, _ = batch(Augmenter(brightness=0.5), 3000 * gray)
    assert 500 < measured.mean() <= 1500


@pytest.mark.parametrize("size", [33, (40, 64)])
def test_a_mask_painted_into_the_image_stays_on_it_to_a_pixel(size):
    masks = make_lesions(60, size=size, random_state=1).masks
    painted = np.where(masks > 0, 255, 0).astype(np.uint8)
    geometry = {name: EVERYTHING[name] for name in ("rotation", "zoom", "shift", "shear", "crop")}
    images, moved = augment(painted, masks, flip="both", random_state=0, **geometry)
    assert (moved > 0).any(axis=(1, 2)).sum() > 25
    for image, mask in zip(images > 127, moved > 0, strict=True):
        near = np.ones((3, 3), dtype=bool)
        assert not (image & ~ndimage.binary_dilation(mask, near)).any()
        assert not (ndimage.binary_erosion(mask, near) & ~image).any()


def test_labels_of_masks_survive_and_outside_is_background():
    masks = np.full((5, 20, 20), 7, dtype=np.uint16)
    _, moved = augment(np.ones((5, 20, 20)), masks, shift=(0.3, 0.3), random_state=0)
    assert moved.dtype == np.uint16
    assert set(np.unique(moved)) == {0, 7}
    assert (moved[:, :5] == 0).all()


@pytest.mark.parametrize(("fill", "edge"), [("zero", 0.0), ("edge", 0.0), ("mirror", 4 / 9)])
def test_fill_says_what_comes_in_from_outside(fill, edge):
    ramp = torch.linspace(0, 1, 10).expand(1, 1, 10, 10)
    moved, _ = batch(Augmenter(shift=(0.5, 0.5), fill=fill), ramp)
    assert moved[0, 0, 7, 0] == pytest.approx(edge, abs=1e-5)
    assert moved[0, 0, 0, 7] == pytest.approx(0.0 if fill == "zero" else 2 / 9, abs=1e-5)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float32", "float64", bool])
@pytest.mark.parametrize("shape", [(6, 9, 12), (6, 9, 12, 3)])
def test_what_changes_nothing_gives_the_same_bits_and_dtype(dtype, shape):
    images = (np.random.default_rng(0).random(shape) * 99).astype(dtype)
    for augmenter in (Augmenter(), Augmenter(probability=0, **EVERYTHING)):
        X, _ = augmenter.fit_resample(images, [0, 1] * 3)
        assert X.dtype == images.dtype
        np.testing.assert_array_equal(X[:6], images)
        atol = 0 if X.dtype.kind in "uib" else 1e-3
        np.testing.assert_allclose(X[6:], images, atol=atol)
    np.testing.assert_array_equal(augment(images), images)


def test_a_tensor_that_nothing_changes_comes_back_itself():
    images = random_images(3, 1, 8, 8)
    assert batch(Augmenter(), images)[0] is images


@pytest.mark.parametrize("operation", EVERYTHING)
def test_the_given_batch_is_never_written_to(operation):
    images = random_images(16, 1, 8, 8)
    before = images.clone()
    changed, _ = batch(Augmenter(**{operation: EVERYTHING[operation]}), images)
    assert torch.equal(images, before)
    assert not torch.equal(changed, before)


def test_changes_are_the_same_bits_again_and_no_global_generator_moves():
    data = make_lesions(20, size=24, random_state=0)
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    first, second = (augment(data.images, random_state=3, **EVERYTHING) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (augment(data.images, random_state=4, **EVERYTHING) != first).any()
    augment(data.images, **EVERYTHING)
    assert torch.equal(torch.get_rng_state(), torch_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)


def test_an_image_changes_alike_whatever_images_are_beside_it():
    images = random_images(16, 1, 12, 12)
    settings = {**EVERYTHING, "noise": 0}
    whole, _ = batch(Augmenter(**settings), images)
    others = images.flip(2)
    others[3] = images[3]
    mixed, _ = batch(Augmenter(**settings), others)
    torch.testing.assert_close(mixed[3], whole[3], atol=1e-6, rtol=0)


def test_one_operation_leaves_the_numbers_of_another_alone():
    alone, beside = draw(50, rotation=20), draw(50, **EVERYTHING)
    torch.testing.assert_close(alone["rotation"], beside["rotation"])


def test_probability_is_the_share_of_images_that_an_operation_reaches():
    changes = draw(4000, probability=0.3, rotation=20, noise=(0.1, 0.2))
    assert 0.27 < (changes["rotation"] != 0).float().mean() < 0.33
    assert 0.27 < (changes["noise"] > 0).float().mean() < 0.33


@pytest.mark.parametrize(
    ("operation", "number", "pair"),
    [
        ("rotation", 20, (-20, 20)),
        ("zoom", 0.25, (0.75, 1.25)),
        ("brightness", 0.5, (0.5, 1.5)),
        ("noise", 0.1, (0.1, 0.1)),
        ("crop", 0.3, (0, 0.3)),
    ],
)
def test_a_number_is_short_for_a_pair_and_draws_fill_it(operation, number, pair):
    images = random_images(50, 1, 8, 8)
    short, _ = batch(Augmenter(**{operation: number}), images)
    long, _ = batch(Augmenter(**{operation: pair}), images)
    assert torch.equal(short, long)
    drawn = draw(2000, **{operation: pair})[operation]
    low, high = pair
    assert drawn.min() >= low - 1e-6
    assert drawn.max() <= high + 1e-6
    assert drawn.max() - drawn.min() >= 0.98 * (high - low)


def test_rows_stacks_and_color_give_the_same_copies():
    images = make_lesions(12, size=16, channels=3, random_state=0)
    settings = {"rotation": 30, "crop": 0.2, "random_state": 0}
    stack, _ = Augmenter(**settings).fit_resample(images.images, images.target)
    rows, _ = Augmenter(**settings, image_shape=(16, 16, 3)).fit_resample(
        images.images.reshape(12, -1), images.target
    )
    assert rows.shape == (24, 768)
    assert rows.dtype == np.uint8
    np.testing.assert_array_equal(rows.reshape(stack.shape), stack)
    gray, _ = Augmenter(**settings).fit_resample(images.images[..., 0], images.target)
    np.testing.assert_array_equal(gray, stack[..., 0])


def test_copies_follow_the_originals_and_name_their_source():
    data = make_lesions(10, size=16, patients=4, random_state=0)
    augmenter = Augmenter(noise=0.01, copies=3, random_state=0)
    X, y = augmenter.fit_resample(data.images, data.target)
    assert len(X) == len(y) == 40
    np.testing.assert_array_equal(X[:10], data.images)
    np.testing.assert_array_equal(y, data.target[augmenter.sample_indices_])
    originals = data.images[augmenter.sample_indices_].astype(int)
    assert np.abs(X - originals).mean() < 3
    assert (X[10:] != originals[10:]).any(axis=(1, 2)).all()
    counts = np.bincount(data.target)
    assert augmenter.sampling_strategy_ == {0: 3 * counts[0], 1: 3 * counts[1]}


@pytest.mark.parametrize(("copies", "size"), [(0, 10), (1, 20)])
def test_balance_fills_classes_with_changed_images_rather_than_repeated_ones(copies, size):
    data = make_lesions(15, size=16, random_state=0)
    y = np.array(["ill"] * 3 + ["odd"] * 2 + ["well"] * 10)
    augmenter = Augmenter(noise=0.05, copies=copies, balance=True, random_state=0)
    X, labels = augmenter.fit_resample(data.images, y)
    assert dict(zip(*np.unique(labels, return_counts=True), strict=True)) == dict.fromkeys(
        ["ill", "odd", "well"], size
    )
    assert len(np.unique(X, axis=0)) == len(X)
    used = np.bincount(augmenter.sample_indices_[labels == "ill"])
    assert used.max() - used[:3].min() <= 1


def test_masks_as_y_are_resampled_with_their_images():
    data = make_lesions(6, size=24, random_state=0)
    augmenter = Augmenter(rotation=30, copies=2, random_state=0)
    X, masks = augmenter.fit_resample(data.images, data.masks)
    np.testing.assert_array_equal(masks[:6], data.masks)
    assert X.shape == masks.shape == (18, 24, 24)
    painted = np.where(data.masks > 0, 255, 0).astype(np.uint8)
    X, masks = augmenter.fit_resample(painted, data.masks)
    assert ((X > 127) != (masks > 0)).mean() < 0.01


def test_copies_do_not_depend_on_how_many_are_made_at_once():
    # Large images are changed in parts of some megabytes, small ones all at once.
    large, small = (np.zeros((600, side, side), np.uint8) for side in (96, 4))
    large[:, 0, 0] = small[:, 0, 0] = 1
    corners = [
        augment(images, flip="both", random_state=0)[:, [0, 0, -1, -1], [0, -1, 0, -1]]
        for images in (large, small)
    ]
    np.testing.assert_array_equal(*corners)
    assert (corners[0].sum(axis=0) > 100).all()


def test_only_the_training_rows_of_a_fold_are_copied():
    class Counting(DummyClassifier):
        def fit(self, X, y):
            seen.append(len(X))
            return super().fit(X, y)

        def predict(self, X):
            asked.append(len(X))
            return super().predict(X)

    seen, asked = [], []
    data = make_lesions(30, size=16, random_state=0)
    pipeline = ImblearnPipeline([("more", Augmenter(rotation=9)), ("last", Counting())])
    cross_val_score(pipeline, data.images, data.target, cv=3, error_score="raise")
    assert seen == [40, 40, 40]
    assert asked == [10, 10, 10]


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_network_augments_no_row_that_is_held_out(early_stopping):
    SEEN.clear()
    images, y = numbered_images(60), np.arange(60) % 2
    groups = np.arange(60) // 3
    net = ScratchCNN(
        (4,),
        dense_units=(),
        max_epochs=4,
        early_stopping=early_stopping,
        validation_fraction=0.25,
        augment=Watched(flip="both"),
        random_state=0,
    )
    cv = NotedFolds(GroupKFold(3))
    params = {"groups": groups}
    cross_val_score(net, images, y, groups=groups, cv=cv, params=params, error_score="raise")
    for (train, test), seen in zip(cv.folds, seen_per_fold(), strict=True):
        assert seen & test == set()
        held_out = train - seen
        assert bool(held_out) == early_stopping
        if early_stopping:
            assert 6 <= len(held_out) <= 15
            assert {groups[row] for row in held_out} & {groups[row] for row in seen} == set()


def test_a_network_predicts_unchanged_images():
    SEEN.clear()
    images, y = numbered_images(20), np.arange(20) % 2
    net = ScratchCNN((4,), max_epochs=1, augment=Watched(noise=1.0), random_state=0).fit(images, y)
    SEEN.clear()
    np.testing.assert_array_equal(net.predict_proba(images), net.predict_proba(images))
    net.score(images, y)
    assert SEEN == []


def test_a_network_that_augments_fits_to_the_same_bits_again():
    data = make_lesions(40, size=16, random_state=0)
    net = ScratchCNN((4,), max_epochs=2, augment=Augmenter(**EVERYTHING), random_state=0)
    first, second = (clone(net).fit(data.images, data.target) for _ in range(2))
    np.testing.assert_array_equal(
        first.decision_function(data.images), second.decision_function(data.images)
    )
    plain = clone(net).set_params(augment=None).fit(data.images, data.target)
    assert (plain.decision_function(data.images) != first.decision_function(data.images)).any()


def test_its_parameters_are_tuned_inside_a_network():
    data = make_lesions(30, size=16, random_state=0)
    pipeline = Pipeline([ScratchCNN((4,), max_epochs=1, augment=Augmenter(), random_state=0)])
    grid = {"scratchcnn__augment__rotation": [0, (10, 20)]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise", refit=False)
    search.fit(data.images, data.target)
    assert len(search.cv_results_["mean_test_score"]) == 2


def test_it_clones_and_its_parameters_can_be_set():
    augmenter = clone(Augmenter(zoom=(0.8, 1.0))).set_params(rotation=5)
    assert augmenter.get_params()["zoom"] == (0.8, 1.0)
    assert augmenter.rotation == 5


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"rotation": -5}, "'rotation' parameter of Augmenter"),
        ({"flip": "sideways"}, "'flip' parameter of Augmenter"),
        ({"zoom": (1.2, 0.8)}, r"zoom needs a pair .* got \(1.2, 0.8\)"),
        ({"zoom": (0, 1)}, "zoom needs a pair"),
        ({"shift": (0.1, 0.2, 0.3)}, "shift needs a number or a pair"),
        ({"crop": ("a", "b")}, "crop needs a number or a pair"),
    ],
)
def test_impossible_parameters_are_named_in_every_use(parameters, message):
    images = np.zeros((4, 8, 8), dtype=np.uint8)
    with pytest.raises(ValueError, match=message):
        augment(images, **parameters)
    with pytest.raises(ValueError, match=message):
        Augmenter(**parameters).fit_resample(images, [0, 1, 0, 1])
    with pytest.raises(ValueError, match=message):
        batch(Augmenter(**parameters), torch.zeros(4, 1, 8, 8))


def test_what_cannot_be_changed_is_refused_with_a_way_out():
    images = np.zeros((4, 8, 8), dtype=np.uint8)
    with pytest.raises(TypeError, match="augment=Augmenter"):
        Augmenter().fit_resample(["a.png", "b.png"], [0, 1])
    with pytest.raises(ValueError, match=r"image\[None\]"):
        augment(images[0])
    with pytest.raises(ValueError, match=r"do not fit images of 8x8.*\(4, 8, 8\)"):
        augment(images, images[:, :4])
    with pytest.raises(TypeError, match="integer or boolean labels"):
        augment(images, images.astype(float))
    with pytest.raises(ValueError, match="holds masks"):
        Augmenter(balance=True).fit_resample(images, images)
    with pytest.raises(ValueError, match=r"got a batch of shape \(4, 64\)"):
        batch(Augmenter(), torch.zeros(4, 64))


@pytest.mark.usefixtures("numpy_generator_put_back")
@pytest.mark.parametrize("balance", [False, True])
def test_scikit_learns_checks_pass(balance):
    augmenter = Augmenter(rotation=9, noise=0.1, balance=balance, image_shape=(1, -1))
    results = check_estimator(augmenter, on_skip=None, on_fail=None)
    assert [r["check_name"] for r in results if r["status"] == "failed"] == []
    assert sum(r["status"] == "passed" for r in results) >= 41


@pytest.mark.usefixtures("numpy_generator_put_back")
def test_imbalanced_learns_checks_pass_but_for_sparse_images():
    augmenter = Augmenter(rotation=9, noise=0.1, balance=True, image_shape=(1, -1), random_state=0)
    passed = []
    for estimator, check in estimator_checks_generator(augmenter):
        if check.func.__name__ == "check_samplers_pandas_sparse":
            with pytest.raises(TypeError, match="Sparse data"):  # the contract has no sparse X
                check(estimator)
        else:
            check(estimator)
            passed.append(check.func.__name__)
    assert len(passed) >= 13

"""JPEG files to small gray images: ours against the loaders people use."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from bench import Row
from bench._peers import load_peer
from bench._scratch import scratch_folder

SIDE, THREADS = 224, 2


def make_files(folder, count, height, width, mode, spread=50):
    """Write X-ray-like JPEGs (soft shapes, fine texture, noise), up to `spread` pixels apart."""
    from PIL import Image

    folder.mkdir(parents=True)
    random = np.random.RandomState(0)
    for k in range(count):
        sides = [side + random.randint(-spread, spread + 1) for side in (height, width)]
        Image.fromarray(texture(random, *sides)).convert(mode).save(folder / f"{k}.jpg", quality=90)
    return sorted(str(path) for path in folder.iterdir())


def texture(random, height, width):
    from PIL import Image

    image = random.randn(height, width).astype(np.float32) * 2
    for cells, strength in ((6, 60), (24, 60), (96, 40), (300, 20)):
        coarse = Image.fromarray(random.rand(cells, cells).astype(np.float32))
        image += strength * np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    return np.clip(image, 0, 255).astype(np.uint8)


def pillow(paths, draft):
    from PIL import Image

    def load_one(path):
        with Image.open(path) as picture:
            # Decodes to gray at once; reduced to no less than twice the size, as ours does.
            picture.draft("L", (2 * SIDE, 2 * SIDE) if draft else picture.size)
            gray = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        return np.asarray(gray)

    return in_threads(load_one, paths)


def in_threads(load_one, paths):
    def run():
        with ThreadPoolExecutor(THREADS) as pool:
            np.stack(list(pool.map(load_one, paths)))

    return run


def opencv(paths, quick, draft):
    cv2 = load_peer("cv2", quick)
    if isinstance(cv2, str):
        return cv2
    # Half of 1000 pixels and of 1360 is the smallest scale that is twice the size wanted.
    flags = cv2.IMREAD_REDUCED_GRAYSCALE_2 if draft else cv2.IMREAD_GRAYSCALE

    def load_one(path):
        return cv2.resize(cv2.imread(path, flags), (SIDE, SIDE), interpolation=cv2.INTER_AREA)

    return in_threads(load_one, paths)


def torchvision(paths, draft):
    if draft:
        return "torchvision has no reduced decoding"
    from torchvision.io import ImageReadMode, decode_image
    from torchvision.transforms.v2.functional import resize

    def load_one(path):
        return resize(decode_image(path, ImageReadMode.GRAY), [SIDE, SIDE], antialias=True).numpy()

    def run():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torchvision announces that decoding will move out
            threaded()

    threaded = in_threads(load_one, paths)
    return run


def dataloader(root, draft):
    """Return torch's loader with two processes that stay, and gray images from the start."""
    from PIL import Image
    from torch.utils.data import DataLoader
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import v2

    def gray(path):
        with Image.open(path) as picture:
            picture.draft("L", (2 * SIDE, 2 * SIDE) if draft else picture.size)
            return picture.convert("L")

    steps = v2.Compose([v2.Resize((SIDE, SIDE)), v2.PILToTensor()])
    images = ImageFolder(root, steps, loader=gray)
    loader = DataLoader(images, 32, num_workers=THREADS, persistent_workers=True)

    def run():
        for _ in loader:
            pass

    return run


def make(count, height, width, mode, draft=False):
    """Return what makes the contenders of one row."""

    def make_contenders(quick):
        from skmedimg import ImageLoader

        root = scratch_folder()
        paths = make_files(root / "class", count // (20 if quick else 1), height, width, mode)
        ours = ImageLoader(SIDE, draft=draft, n_jobs=THREADS).fit(paths)
        return {
            "ours": lambda: ours.transform(paths),
            "Pillow, 2 threads": pillow(paths, draft),
            "OpenCV, 2 threads": opencv(paths, quick, draft),
            "torchvision, 2 threads": torchvision(paths, draft),
            "DataLoader, 2 workers": dataloader(root, draft),
        }

    return make_contenders


WHY = (
    "decoding and the exact antialiased filter take what they take in Pillow, whose code they are; "
    "ours keeps both cores at them. OpenCV's filter after a reduced decoding is coarser and faster."
)


def row(name, count, height, width, mode, draft=False):
    kind = "gray" if mode == "L" else "colored"
    how = "decoded at a reduced scale" if draft else "every pixel counted"
    return Row(
        name=name,
        work=f"{count} {kind} JPEGs of about {width}x{height} to {'' if mode == 'L' else 'gray '}"
        f"{SIDE}x{SIDE}, {how}",
        make=make(count, height, width, mode, draft),
        goals={"OpenCV, 2 threads": 1, "torchvision, 2 threads": 1},
        repeats=7,
        why=WHY,
        threads=THREADS,
        processes=THREADS + 1,
    )


ROWS = [
    row("load", 200, 1360, 1650, "L"),
    row("load-draft", 200, 1360, 1650, "L", draft=True),
    row("load-1000", 300, 1000, 1000, "L"),
    row("load-1000-color", 300, 1000, 1000, "RGB"),
    row("load-1000-draft", 300, 1000, 1000, "L", draft=True),
]

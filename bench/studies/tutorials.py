"""Run the tutorials on the real images and store what they print and draw in their pages.

`SKMEDIMG_DATA=FOLDER python -m bench.studies.tutorials chest [--check]`. With `--check` nothing is
written; it says where the output differs from the stored one.
"""

import argparse
import contextlib
import difflib
import io
import json
import os
import re
import tempfile
import time
from pathlib import Path

import numpy as np

from docs import _tutorials as tutorials

MOST_BYTES = 60_000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="+", choices=sorted(tutorials.pages()))
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    data = Path(os.environ["SKMEDIMG_DATA"]).resolve()
    for name in options.pages:
        path = tutorials.pages()[name]
        text = path.read_text("utf-8")
        seconds = time.process_time()
        with work_folder(data) as folder:
            outputs, figures = run(text, folder)
        new = tutorials.with_outputs(text, outputs)
        if options.check:
            lines = difflib.unified_diff(text.splitlines(), new.splitlines(), lineterm="", n=0)
            print("\n".join(lines) or f"{name}: as stored")
            continue
        path.write_text(new, "utf-8")
        for place, picture in figures.items():
            (path.parent / place).parent.mkdir(exist_ok=True)
            (path.parent / place).write_bytes(picture)
        note(name, path, time.process_time() - seconds)


@contextlib.contextmanager
def work_folder(data):
    """Enter an empty folder that has the images where the pages expect them."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "skmedimg_data"
        (home / "chest_xray").mkdir(parents=True)
        (home / "chest_xray" / "chest_xray").symlink_to(data / "chest_pneumonia")
        (home / "brain_mri").symlink_to(data / "brain_mri")
        os.environ["SKMEDIMG_DATA_HOME"] = str(home)
        before = os.getcwd()
        os.chdir(folder)
        write_lungs(data / "lungs_4class_128.npz", Path("lungs"))
        try:
            yield folder
        finally:
            os.chdir(before)


def write_lungs(archive, folder):
    """Write the images of children and their masks, all CC BY 4.0, as files."""
    from PIL import Image

    with np.load(archive) as file:
        children = np.flatnonzero(file["label_names"][file["labels"]] != "covid")
        images, masks, names = (file[key] for key in ("images", "masks", "names"))
    for i in children:
        name = Path(names[i].removeprefix("train/")).with_suffix(".png")
        for kind, picture in (("images", images[i]), ("masks", masks[i] * 255)):
            (folder / kind / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(folder / kind / name)


def run(text, folder):
    """Return what each fence of a page printed, and its figures by their places."""
    import matplotlib.pyplot as plt

    outputs, figures, names = [], {}, {"__name__": "__main__"}
    for block in tutorials.read(text)[0]:
        begin = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(block.code, "page", "exec"), names)
        drawn = [plt.figure(number) for number in plt.get_fignums()]
        if len(drawn) != len(block.figures):
            raise SystemExit(f"{len(drawn)} figures, not {block.figures}, by:\n{block.code}")
        figures |= {p: as_webp(f) for p, f in zip(block.figures, drawn, strict=True)}
        plt.close("all")
        outputs.append(without_paths(printed.getvalue(), folder))
        print(f"{time.perf_counter() - begin:.1f} s\n{block.code}{outputs[-1]}", flush=True)
    return outputs, figures


def without_paths(text, folder):
    """Return printed text with the reader's folder instead of the one of this run."""
    for place in {folder, os.path.realpath(folder)}:
        text = text.replace(f"{place}/skmedimg_data", "~/skmedimg_data").replace(f"{place}/", "")
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).strip("\n")
    return f"{text}\n" if text else ""


def as_webp(figure):
    """Return a figure as WebP of at most 60 kB."""
    from PIL import Image

    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=100, bbox_inches="tight")
    image = Image.open(drawn).convert("RGB")
    for quality in (85, 70, 55, 40):
        packed = io.BytesIO()
        image.save(packed, "webp", quality=quality, method=6)
        if packed.tell() <= MOST_BYTES:
            return packed.getvalue()
    raise SystemExit(f"a figure of {image.size} pixels has more than {MOST_BYTES} bytes")


def note(name, path, seconds):
    """Keep the digest of a page with its outputs, which a test compares."""
    import skmedimg

    place = tutorials.RESULTS
    known = json.loads(place.read_text("utf-8")) if place.exists() else {}
    facts = {"digest": tutorials.digest(path), "version": skmedimg.__version__}
    known[name] = facts | {"cpu seconds": round(seconds)}
    place.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()

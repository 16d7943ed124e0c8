"""Names that a locale cannot read, and letters that a terminal cannot show, end nothing."""

import json
import os
import subprocess
import sys

import pytest
from PIL import Image

from skmedimg.datasets import make_lesions
from skmedimg.evaluation import TrainingCurvesDisplay

# C, and nothing that makes UTF-8 of it: names are bytes, and files opened without a word ASCII.
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
UNICODE = {"PYTHONUTF8": "1"}
LESION, LATIN = "läsion é".encode(), "läsion é".encode("latin-1")

if sys.platform != "linux":
    pytest.skip("file names are bytes on Linux alone", allow_module_level=True)


@pytest.fixture(scope="module")
def make_folder(tmp_path_factory):
    """Return a function that writes 24 scans below a folder of the given name."""
    data = make_lesions(24, size=32, patients=12, noise=0.05, random_state=0)

    def make(ill):
        root = os.fsencode(tmp_path_factory.mktemp("é"))
        for name in (b"gesund", ill):
            os.makedirs(os.path.join(root, b"scans", name))
        for row, image in enumerate(data.images):
            name = b"p%02d %s %d.png" % (data.groups[row], ill, row)
            path = os.path.join(root, b"scans", (b"gesund", ill)[data.target[row]], name)
            with open(path, "wb") as file:
                Image.fromarray(image).save(file, format="png")
        return root

    return make


def run(command, env):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    paths = ":".join(path for path in sys.path if path)
    env = {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg", **kept, **env}
    return subprocess.run([sys.executable, *command], env=env, capture_output=True)


SETUP = """
import os, sys, warnings
import numpy as np
import skmedimg as sk
from skmedimg import recipes, saving
from skmedimg.__main__ import main, print_any_text
from skmedimg.evaluation import PredictionGallery

warnings.simplefilter("ignore")
root = sys.argv[1]
os.chdir(root)
data = sk.load_image_folder(os.path.join(root, "scans"), group_pattern=r"p\\d+")
paths, labels = np.array(data.paths), data.target
if len(sys.argv) > 2:
    assert (sk.load_image_table(sys.argv[2]).paths == paths).all()
"""

LIBRARY = """
last = sk.ShallowMLP(max_epochs=2, random_state=0)
model = sk.Pipeline([sk.ImageLoader((32, 32)), sk.HOG(), last])
found = sk.compare(
    {labels[-1]: model}, paths, labels, groups=data.groups, cv=2, repeats=1,
    pos_label=data.target_names[1], random_state=0, verbose=0,
    checkpoint=os.path.join(root, "kept " + labels[-1]),
)
found.to_json(labels[-1] + ".json")
assert repr(sk.evaluation.Comparison.from_json(labels[-1] + ".json").tests()) == repr(found.tests())
found.plot()
PredictionGallery.from_comparison(found, paths, labels[-1])

model.fit(paths, labels)
saving.save(model, labels[-1] + ".skmed", X=paths, y=labels, notes=labels[-1])
assert (saving.load(labels[-1] + ".skmed").predict(paths) == model.predict(paths)).all()
assert saving.read_card(labels[-1] + ".skmed").notes == labels[-1]
saving.to_onnx(model, labels[-1] + ".onnx")
audit = sk.audit(np.append(paths, paths[:2]), probes=False)
audit.plot()
assert len([recipes.recipe_card(name) for name in recipes.list_recipes()]) == 35
ascii(found), ascii(data.report), ascii(audit)
"""

COMMANDS = """
print_any_text()
scans = os.path.join(root, "scans")
assert main(["compare", scans, "--models", "hog-linear", "--cv", "2", "--repeats", "1",
             "--size", "32", "--positive", labels[-1], "--groups", r"p\\d+",
             "--out", labels[-1] + ".html", "--save", "m.skmed"]) == 0
assert main(["predict", "m.skmed", paths[0]]) == 0
print("done")
"""


def write_table(root):
    """Write a table of the scans below a folder, in UTF-8."""
    path = os.path.join(root, b"table.csv")
    scans = os.path.join(root, b"scans")
    listed = [(label, name) for label in sorted(os.listdir(scans))
              for name in sorted(os.listdir(os.path.join(scans, label)))]  # fmt: skip
    rows = [b"scans/%s/%s,%s" % (label, name, label) for label, name in listed]
    with open(path, "wb") as file:
        file.write(b"\n".join([b"path,label", *rows]))
    return path


@pytest.mark.slow
@pytest.mark.parametrize(("env", "name"), [(ASCII, LESION), (UNICODE, LATIN)])
def test_names_that_the_locale_cannot_read_go_all_the_way(make_folder, env, name):
    root = make_folder(name)
    tables = [write_table(root)] if name == LESION else []  # a table is UTF-8, or nothing
    # The library is tried in one of the two: that costs more than the commands.
    script = SETUP + (LIBRARY if env is ASCII else "") + COMMANDS
    done = run(["-c", script, root, *tables], env)
    assert done.stdout.endswith(b"done\n"), done.stderr.decode("utf-8", "replace")
    assert b"p(" + name + b")" in done.stdout
    with open(os.path.join(root, name + b".html"), "rb") as file:
        assert name in file.read()
    if env is ASCII:
        with open(os.path.join(root, name + b".json"), "rb") as file:
            assert json.load(file)["random_state"] == 0


def test_the_command_line_spells_out_what_its_terminal_lacks(make_folder):
    scans = os.path.join(make_folder(LESION), b"scans")
    env = {"PYTHONUTF8": "1", "PYTHONIOENCODING": "ascii"}
    done = run(["-m", "skmedimg", "audit", scans, "--no-probes"], env)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    assert rb"2 classes (gesund 12, l\xe4sion \xe9 12)" in done.stdout


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        (os.fsdecode(LATIN), r"l\xe4sion \xe9"),
        ("läsion é", "läsion é"),
        (LESION.decode("ascii", "surrogateescape"), "läsion é"),
    ],
)
def test_what_was_no_text_is_readable_in_drawings(name, drawn, closed_figures):
    display = TrainingCurvesDisplay([[{"train_loss": 0.5}]], name).plot()
    assert display.ax_.get_title("left") == drawn

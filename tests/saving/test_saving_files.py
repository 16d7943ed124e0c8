"""A saved file is the same model or a clear error, whatever happened to its bytes."""

import io
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from skmedimg import HOG, Pipeline, ShallowMLP
from skmedimg.saving import load, read_card, save
from tests.saving._signed import write_signed

ROWS = np.random.default_rng(0).normal(size=(60, 4))
LABELS = np.arange(60) % 3


@pytest.fixture(scope="module")
def model(lesions):
    model = Pipeline([HOG(), ShallowMLP((4,), max_epochs=2, random_state=0)])
    return model.fit(lesions.images, np.array(["no", "yes"])[lesions.target])


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    return save(model, tmp_path_factory.mktemp("models") / "model.skmed")


def contents(path):
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def rewritten(path, target, change=None, members=None, signed=False):
    """Copy a saved model with its settings or members changed, with a digest that fits or not."""
    content = contents(path) | (members or {})
    manifest = json.loads(content.pop("manifest.json"))
    if change is not None:
        change(manifest)
    if signed:
        settings = {key: manifest[key] for key in ("skmedimg", "sklearn", "model")}
        write_signed(target, settings, content)
        return target
    with zipfile.ZipFile(target, "w") as file:
        for name, value in {"manifest.json": json.dumps(manifest).encode(), **content}.items():
            file.writestr(name, value)
    return target


# The format ----------------------------------------------------------------------------------


def test_the_library_reads_the_weights_of_a_saved_model(saved, model):
    tensors = safetensors.numpy.load(contents(saved)["arrays.safetensors"])
    weights = model[-1].net_.module_.state_dict()["0.weight"].cpu().numpy()
    assert any(np.array_equal(each, weights.ravel()) for each in tensors.values())


HEADERS = [
    {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}},
    {"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}},
    {"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 8]}},
    {"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}},
    {"a": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 8]}},
    {"a": {"dtype": "BF16", "shape": [4], "data_offsets": [0, 8]}},
    {"a": {"dtype": "F32", "shape": [2]}},
    {"a": [0, 8]}, {}, [],
]  # fmt: skip


@pytest.mark.parametrize("header", HEADERS, ids=str)
def test_tensors_that_do_not_lie_where_they_say_are_refused(header, saved, tmp_path):
    text = json.dumps(header).encode()
    members = {"arrays.safetensors": len(text).to_bytes(8, "little") + text + bytes(8)}
    with pytest.raises(ValueError, match=r"m' cannot be loaded: "):
        load(rewritten(saved, tmp_path / "m", members=members, signed=True))


@pytest.mark.parametrize("content", [b"", bytes(7), b"\xff" * 8, (2).to_bytes(8, "little") + b"{"])
def test_a_header_that_is_not_there_is_refused(content, saved, tmp_path):
    members = {"arrays.safetensors": content}
    with pytest.raises(ValueError, match=r"m' cannot be loaded: .*[Hh]eader"):
        load(rewritten(saved, tmp_path / "m", members=members, signed=True))


# Damage --------------------------------------------------------------------------------------


def outcome(path, images, expected):
    """Load a damaged file: the same model or a ValueError that names the file, nothing else."""
    try:
        again = load(path)
    except ValueError as error:
        return "refused" if repr(str(path)) in str(error) else "refused, but of what file?"
    np.testing.assert_array_equal(again.predict_proba(images), expected)
    return "loaded"


def test_a_file_cut_off_anywhere_is_refused(saved, model, lesions, tmp_path):
    content, target = Path(saved).read_bytes(), tmp_path / "m"
    for length in np.linspace(0, len(content) - 1, 150).astype(int):
        target.write_bytes(content[:length])
        assert outcome(target, lesions.images[:4], None) == "refused"


def test_a_byte_changed_anywhere_gives_the_same_model_or_is_refused(
    saved, model, lesions, tmp_path
):
    content, target = Path(saved).read_bytes(), tmp_path / "m"
    images = lesions.images[:4]
    expected = model.predict_proba(images)
    draws = np.random.default_rng(0)
    # the ends are where the zip says what is in it
    ends = np.r_[np.arange(80), len(content) - 1 - np.arange(250)]
    outcomes = []
    for place in np.r_[ends, draws.integers(len(content), size=80)]:
        changed = bytearray(content)
        changed[place] ^= int(draws.integers(1, 256))
        target.write_bytes(changed)
        outcomes.append(outcome(target, images, expected))
    assert outcomes.count("refused") > 150
    assert {*outcomes} == {"refused", "loaded"}


@pytest.mark.parametrize("name", ["manifest.json", "arrays.safetensors", "card.json", "card.md"])
def test_a_changed_member_is_noticed(saved, tmp_path, name):
    content = contents(saved)[name].replace(b"1", b"2")
    changed = rewritten(saved, tmp_path / "m", members={name: content})
    with pytest.raises(ValueError, match="changed after it was saved"):
        load(changed)


def test_a_member_too_many_or_too_few_is_noticed(saved, tmp_path):
    with pytest.raises(ValueError, match="changed after it was saved"):
        load(rewritten(saved, tmp_path / "m", members={"../../escaped": b"x"}))
    with pytest.raises(ValueError, match="changed after it was saved"):
        load(rewritten(saved, tmp_path / "m", lambda manifest: manifest["members"].clear()))
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_other_formats_and_other_files_say_what_they_are(saved, tmp_path):
    def version(number):
        return rewritten(saved, tmp_path / "m", lambda manifest: manifest.update(version=number))

    with pytest.raises(ValueError, match=r"in format 99, .* reads 2; update it: pip"):
        load(version(99))
    with pytest.raises(ValueError, match=r"in format 1, .* load it with"):
        load(version(1))
    with pytest.raises(ValueError, match="is not a model saved by skmedimg"):
        load(rewritten(saved, tmp_path / "n", lambda manifest: manifest.update(format="x")))
    for content in (b"", b"PK", pickle.dumps([1]), b"\x89PNG\r\n\x1a\n"):
        (tmp_path / "p").write_bytes(content)
        with pytest.raises(ValueError, match="not a model .* or it is damaged"):
            load(tmp_path / "p")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing")


@pytest.mark.parametrize("library", ["skmedimg", "sklearn"])
def test_another_version_of_a_library_is_warned_of(saved, tmp_path, library):
    def change(manifest):
        manifest[library] = "7.0.0"

    path = rewritten(saved, tmp_path / "m", change, signed=True)
    with pytest.warns(UserWarning, match=f"was saved with {library} 7.0.0 and is loaded with"):
        load(path)


# Malice: the digest fits, for who writes a file can sign it ------------------------------------


@pytest.mark.parametrize(
    "name", ["os.system", "builtins.eval", "skmedimg.evaluation.audit",
             "sklearn.cluster.HDBSCAN", "skmedimg.saving.load",
             "sklearn.pipeline.make_pipeline", "skmedimg", "", "a.b"],
)  # fmt: skip
def test_a_file_that_asks_for_another_class_is_refused_by_name(saved, tmp_path, name):
    def change(manifest):
        manifest["model"]["class"] = name

    with pytest.raises(ValueError, match=f"asks for '{name}'"):
        load(rewritten(saved, tmp_path / "m", change, signed=True))


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_pickle_in_place_of_a_member_is_never_opened(saved, tmp_path):
    buffer = io.BytesIO()
    np.save(buffer, np.array([Bomb(tmp_path / "exploded")], dtype=object), allow_pickle=True)
    for content in (buffer.getvalue(), pickle.dumps(Bomb(tmp_path / "exploded"))):
        members = {"arrays.safetensors": content}
        with pytest.raises(ValueError, match="cannot be loaded"):
            load(rewritten(saved, tmp_path / "m", members=members, signed=True))
    assert not (tmp_path / "exploded").exists()


def change_of(name, value):
    def change(manifest):
        manifest["model"]["state"]["steps"]["list"][1]["tuple"][1]["state"][name] = value

    return change


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_units", {"tuple": [5]}), ("hidden_units", {"tuple": [10**15]}),
        ("hidden_units", {"tuple": [10**8]}),
        ("image_shape_", {"tuple": ["a"]}), ("net_", None), ("net_", {"dict": []}),
        ("activation", "system"), ("classes_", {"array": {"name": "nowhere"}}),
        ("classes_", {"array": {"name": "0", "shape": [9**9], "order": "C"}}),
        ("classes_", {"array": {"name": "0", "shape": [1], "order": "C", "dtype": "O"}}),
        ("classes_", {"unheard-of": 1}), ("classes_", {"float": []}),
    ],
    ids=str,
)  # fmt: skip
def test_settings_that_make_no_model_are_refused(saved, tmp_path, name, value):
    with pytest.raises(ValueError, match=r"m' cannot be loaded: "):
        load(rewritten(saved, tmp_path / "m", change_of(name, value), signed=True))


def test_settings_nested_too_deep_are_refused(saved, tmp_path):
    text = contents(saved)["manifest.json"].replace(b'"verbose": 0', b'"x": ' + b"[" * 10**6)
    target = tmp_path / "m"
    with zipfile.ZipFile(target, "w") as file:
        for name, value in {**contents(saved), "manifest.json": text}.items():
            file.writestr(name, value)
    with pytest.raises(ValueError, match="not a model .* or it is damaged"):
        load(target)


def test_a_packed_file_is_refused_before_it_is_unpacked(saved, tmp_path):
    target = tmp_path / "m"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for name, value in contents(saved).items():
            file.writestr(name, value if name.endswith("json") else bytes(2 << 20))
    assert target.stat().st_size < 1 << 20
    with pytest.raises(ValueError, match="its members are not stored so"):
        load(target)


def test_settings_that_are_too_long_are_refused(saved, tmp_path):
    longer = rewritten(saved, tmp_path / "m", lambda manifest: manifest.update(more="x" * 2**24))
    with pytest.raises(ValueError, match="has settings of more than 16 MB"):
        load(longer)


@pytest.mark.parametrize(
    "name", ["builtins.print", "numpy.load", "sklearn.metrics.make_scorer", "os.system", "print"]
)
def test_a_function_that_is_not_listed_is_refused_by_name(saved, tmp_path, name):
    changed = rewritten(saved, tmp_path / "m", change_of("verbose", {"named": name}), signed=True)
    with pytest.raises(ValueError, match=f"asks for '{name}'"):
        load(changed)


@pytest.mark.parametrize(
    ("column", "value"),
    [("left_child", 10**9), ("right_child", 0), ("feature", 4), ("feature", -1)],
)
def test_a_tree_that_points_where_there_is_nothing_is_refused(tmp_path, column, value):
    forest = RandomForestClassifier(1, random_state=0).fit(ROWS, LABELS)
    nodes = forest.estimators_[0].tree_.__getstate__()["nodes"]
    saved = save(forest, tmp_path / "m")
    expected = nodes[column].copy()
    tensors = safetensors.numpy.load(contents(saved)["arrays.safetensors"])
    name = next(n for n, each in tensors.items() if np.array_equal(each, expected))
    tensors[name][0] = value
    members = {"arrays.safetensors": safetensors.numpy.save(tensors)}
    with pytest.raises(ValueError, match="nodes that point where there is nothing"):
        load(rewritten(saved, tmp_path / "n", members=members, signed=True))


def test_a_forest_that_claims_fewer_features_than_its_trees_is_refused(tmp_path):
    saved = save(RandomForestClassifier(1, random_state=0).fit(ROWS, LABELS), tmp_path / "m")

    def change(manifest):
        manifest["model"]["state"]["n_features_in_"] = 1

    with pytest.raises(ValueError, match="as many features as its estimator"):
        load(rewritten(saved, tmp_path / "n", change, signed=True))


# The card ------------------------------------------------------------------------------------


def test_the_card_tells_what_the_model_was_made_of(model, lesions, tmp_path):
    labels = np.array(["no", "yes"])[lesions.target]
    path = save(
        model, tmp_path / "m", X=lesions.images, y=labels, groups=lesions.groups,
        metrics={"AUC": np.float32(0.5), "test": {"n": 3, "nan": float("nan")}},
        notes="For *research*.",
    )  # fmt: skip
    card = read_card(path)
    assert card.model == "ShallowMLP"
    assert card.recipe.startswith("Pipeline(steps=[('hog', HOG()),")
    assert card.classes == ["no", "yes"]
    assert card.data["patients"] == len(np.unique(lesions.groups))
    assert card.data["rows"] == 24
    assert card.data["per class"] == {"no": 12, "yes": 12}
    assert card.metrics == {"AUC": 0.5, "test": {"n": 3, "nan": None}}
    assert card.training["shallowmlp"]["epochs"] == 2
    assert {"skmedimg", "python", "numpy", "torch", "sklearn"} <= {*card.versions}
    text = str(card)
    for words in ("For *research*.", "- 1: yes", "- AUC: 0.5", "not prove", "- rows: 24"):
        assert words in text
    assert contents(path)["card.md"].decode() == text == card._repr_markdown_()


def test_the_digest_of_the_card_is_that_of_a_comparison_of_the_same_data(tmp_path):
    from skmedimg import compare

    linear = LogisticRegression().fit(ROWS, LABELS)
    compared = compare({"linear": linear}, ROWS, LABELS, cv=2, verbose=0, audit=False, repeats=1)
    card = read_card(save(linear, tmp_path / "m", X=ROWS, y=LABELS))
    assert card.data["digest"] == compared.digest


def test_a_model_saved_with_nothing_said_has_a_card_too(tmp_path):
    card = read_card(save(ShallowMLP((4,)), tmp_path / "m"))
    assert (card.model, card.recipe) == ("ShallowMLP", "ShallowMLP(hidden_units=(4,))")
    assert card.classes == []
    assert card.data == card.metrics == card.training == {}


def test_a_card_without_what_belongs_on_it_is_refused(saved, tmp_path):
    members = {"card.json": b'{"model": 1}'}
    with pytest.raises(ValueError, match="no model card"):
        read_card(rewritten(saved, tmp_path / "m", members=members, signed=True))
    assert "card.json" in contents(saved)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"X": ROWS, "y": LABELS[:3]}, "y needs one entry per row of X, but has 3 for 60 rows"),
        ({"X": ROWS, "groups": LABELS[:3]}, "groups needs one entry per row"),
        ({"y": LABELS}, "y describes what the model was fitted on: pass X="),
        ({"metrics": {"AUC": object()}}, "metrics needs a number for 'AUC', but has <object"),
        ({"metrics": {"AUC": {"mean": "high"}}}, "metrics needs a number for 'mean'"),
        ({"metrics": [1]}, r"metrics needs a dict of names and numbers, but is \[1\]"),
        ({"notes": 5}, "notes needs text, a str, but is 5"),
        ({"model": None}, "model needs an estimator, .* but is NoneType"),
        ({"model": LogisticRegression}, "model needs an estimator, .* but is the class Logistic"),
    ],
)
def test_what_cannot_stand_in_a_card_is_named(given, fault, model, tmp_path):
    with pytest.raises((TypeError, ValueError), match=fault):
        save(path=tmp_path / "m", **{"model": model, **given})
    assert not list(tmp_path.iterdir())

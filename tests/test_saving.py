"""What is saved comes back to the bit, and a saved file cannot run anything."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from skmedimg import HOG, ImageLoader, Pipeline, ScratchCNN, ShallowMLP, TransferClassifier
from skmedimg.datasets import make_lesions
from skmedimg.saving import load, save


@pytest.fixture(scope="module")
def lesions():
    return make_lesions(40, size=32, random_state=0)


@pytest.fixture(scope="module")
def saved(lesions, tmp_path_factory):
    model = Pipeline([HOG(), StandardScaler(), ShallowMLP((4,), max_epochs=2, random_state=0)])
    model.fit(lesions.images, np.array(["no", "yes"])[lesions.target])
    return save(model, tmp_path_factory.mktemp("models") / "model.skmed")


def rewritten(path, target, change=None, **files):
    """Copy a saved model with its settings changed, or with files replaced."""
    with zipfile.ZipFile(path) as file:
        content = {name: file.read(name) for name in file.namelist()}
    if change is not None:
        manifest = json.loads(content["manifest.json"])
        change(manifest)
        content["manifest.json"] = json.dumps(manifest).encode()
    content |= {name.replace("__", "/"): value for name, value in files.items()}
    with zipfile.ZipFile(target, "w") as file:
        for name, value in content.items():
            file.writestr(name, value)
    return target


MODELS = {
    "cnn": lambda: ScratchCNN((4, 8), norm="batch", max_epochs=2, random_state=0),
    "early stopping": lambda: ScratchCNN((4,), early_stopping=True, max_epochs=2, random_state=0),
    "hog": lambda: Pipeline([HOG(), ShallowMLP((4,), max_epochs=2, random_state=0)]),
    "transfer": lambda: TransferClassifier(
        "squeezenet1_1", weights=None, max_epochs=1, random_state=0
    ),
    "linear": lambda: make_pipeline(HOG(), PCA(5, random_state=0), LogisticRegression()),
    "bayes": lambda: make_pipeline(HOG(), GaussianNB()),
    "svm": lambda: make_pipeline(HOG(), SVC(random_state=0)),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("labels", [[0, 1], ["no", "yes"], [False, True]])
def test_a_model_comes_back_to_the_bit(name, labels, lesions, tmp_path):
    model = MODELS[name]().fit(lesions.images, np.array(labels)[lesions.target])
    again = load(save(model, tmp_path / "m"))
    assert type(again) is type(model)
    method = "predict_proba" if hasattr(model, "predict_proba") else "decision_function"
    expected = getattr(model, method)(lesions.images)
    np.testing.assert_array_equal(getattr(again, method)(lesions.images), expected)
    np.testing.assert_array_equal(again.predict(lesions.images), model.predict(lesions.images))
    assert repr(again) == repr(model)


def test_a_model_that_came_back_learns_on_as_if_it_had_stayed(lesions, tmp_path):
    model = ShallowMLP((4,), max_epochs=2, warm_start=True, random_state=0)
    model.fit(lesions.images, lesions.target)
    again = load(save(model, tmp_path / "m"))
    for each in (model, again):
        each.fit(lesions.images, lesions.target)
    expected = model.predict_proba(lesions.images)
    np.testing.assert_array_equal(again.predict_proba(lesions.images), expected)
    assert again.history_ == model.history_


def test_a_pipeline_from_files_predicts_files(lesions, tmp_path):
    from PIL import Image

    paths = [str(tmp_path / f"{row}.png") for row in range(40)]
    for path, image in zip(paths, lesions.images, strict=True):
        Image.fromarray(image).save(path)
    model = Pipeline([ImageLoader((24, 24)), HOG(), LogisticRegression()])
    model.fit(paths, lesions.target)
    again = load(save(model, tmp_path / "m"))
    np.testing.assert_array_equal(again.predict_proba(paths), model.predict_proba(paths))


@pytest.mark.parametrize(
    ("model", "where"),
    [
        (RandomForestClassifier(2), r"model is a sklearn.ensemble.*RandomForestClassifier"),
        (make_pipeline(FunctionTransformer(np.log)), r"model\.steps\[0\]\[1\] is a .*FunctionTra"),
        (ShallowMLP(callbacks=[print]), r"model\.callbacks\[0\] is a builtins.*function"),
        (ShallowMLP(random_state=np.random.RandomState(0)), r"model\.random_state is a numpy"),
    ],
)
def test_what_cannot_be_saved_safely_is_named(model, where, tmp_path):
    with pytest.raises(TypeError, match=where):
        save(model, tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_a_class_of_the_same_name_is_not_taken_for_ours(tmp_path):
    imposter = type("ShallowMLP", (ShallowMLP,), {"__module__": "elsewhere"})
    with pytest.raises(TypeError, match=r"model is a elsewhere.ShallowMLP"):
        save(imposter(), tmp_path / "m")


@pytest.mark.parametrize(
    "name", ["os.system", "builtins.eval", "skmedimg.audit", "sklearn.ensemble.BaggingClassifier",
             "skmedimg.saving.load", "sklearn.pipeline.make_pipeline"],
)  # fmt: skip
def test_a_file_that_asks_for_another_class_is_refused_by_name(saved, tmp_path, name):
    import skmedimg.saving as saving

    def change(manifest):
        manifest["model"]["class"] = name
        del manifest["digest"]
        stored = zipfile.ZipFile(saved)
        arrays = [stored.read(f"arrays/{i}.npy") for i in range(len(stored.namelist()) - 1)]
        manifest["digest"] = saving._digest(manifest, arrays)

    with pytest.raises(ValueError, match=f"asks for '{name}'"):
        load(rewritten(saved, tmp_path / "m", change))


def test_a_pickle_in_place_of_an_array_is_never_opened(saved, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    buffer = io.BytesIO()
    np.save(buffer, np.array([Bomb()], dtype=object), allow_pickle=True)
    changed = rewritten(saved, tmp_path / "m", **{"arrays__0.npy": buffer.getvalue()})
    with pytest.raises(ValueError, match="digest does not fit"):
        load(changed)
    (tmp_path / "p").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match="is no model saved by skmedimg"):
        load(tmp_path / "p")
    assert not (tmp_path / "exploded").exists()


def test_a_changed_file_is_noticed(saved, tmp_path):
    def change(manifest):
        manifest["model"]["state"]["verbose"] = True

    with pytest.raises(ValueError, match="changed after it was saved"):
        load(rewritten(saved, tmp_path / "m", change))


def test_a_file_of_another_format_or_version_says_so(saved, tmp_path):
    with pytest.raises(ValueError, match=r"was saved in format 99 .* load it with skmedimg"):
        load(rewritten(saved, tmp_path / "m", lambda manifest: manifest.update(version=99)))
    with pytest.raises(ValueError, match="is no model saved by skmedimg"):
        load(rewritten(saved, tmp_path / "n", lambda manifest: manifest.update(format="x")))


def test_a_truncated_file_says_so(saved, tmp_path):
    with open(saved, "rb") as file:
        (tmp_path / "m").write_bytes(file.read()[:-100])
    with pytest.raises(ValueError, match="is no model saved by skmedimg, or it is damaged"):
        load(tmp_path / "m")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing")


def test_another_version_of_scikit_learn_is_warned_of(saved, tmp_path, monkeypatch):
    import skmedimg.saving as saving

    monkeypatch.setattr(saving, "__version__", "7.0.0")
    with pytest.warns(UserWarning, match="was saved with skmedimg"):
        load(saved)


def test_settings_of_every_kind_come_back(tmp_path):
    model = ShallowMLP(
        class_weight={0: 1.5, "a": np.float32(2)}, learning_rate=float("inf"), image_shape=(4, -1)
    )
    again = load(save(model, tmp_path / "m"))
    assert again.get_params() == model.get_params()
    assert isinstance(again.class_weight["a"], np.float32)
    assert again.image_shape == (4, -1)

"""Every public name is documented, shown at work, listed and announced."""

import inspect
import re
from pathlib import Path

import pytest

import skmedimg

ROOT = Path(__file__).parents[1]
SHARED = (
    *("max_epochs", "batch_size", "learning_rate", "optimizer", "weight_decay", "schedule"),
    *("gradient_clip", "accumulate", "ema_decay", "class_weight", "early_stopping"),
    *("validation_fraction", "n_iter_no_change", "augment", "mixup", "predict_augment"),
    *("image_shape", "callbacks", "device", "precision"),
    *("reuse_memory", "random_state", "warm_start", "verbose"),
)
# Where one model must say more or other things about a shared parameter than the others do.
OWN_WORDS = {
    ("neural.NetworkClassifier", "image_shape"),
    ("neural.NetworkSegmenter", "batch_size"),
    ("neural.NetworkSegmenter", "class_weight"),
    ("neural.ShallowMLP", "image_shape"),
    ("neural.TransferClassifier", "image_shape"),
    ("neural.UNetSegmenter", "batch_size"),
    ("neural.UNetSegmenter", "class_weight"),
}


def public_names():
    """Names of all public objects, each by its module: `neural.ShallowMLP`."""
    exported = {name: getattr(skmedimg, name) for name in skmedimg.__all__}
    modules = {name: thing for name, thing in exported.items() if inspect.ismodule(thing)}
    return {f"{module}.{name}" for module, held in modules.items() for name in held.__all__}


def public(name):
    module, _, rest = name.partition(".")
    return getattr(getattr(skmedimg, module), rest)


def documented_things():
    """Public functions and classes; constants and warnings have nothing to show."""
    things = {name: public(name) for name in sorted(public_names())}
    return {name: thing for name, thing in things.items() if callable(thing) and not raised(thing)}


def raised(thing):
    return inspect.isclass(thing) and issubclass(thing, Exception)


def sections(text):
    """Return the sections of a numpydoc text: heading -> body."""
    pieces = re.split(r"^(\w[\w ]+)\n-{3,}\n", inspect.cleandoc(text or ""), flags=re.MULTILINE)
    return dict(zip(["", *pieces[1::2]], pieces[0::2], strict=True))


def parameters(text, section="Parameters"):
    """Return the documented parameters in their order: name -> what is said, in one line."""
    body = sections(text).get(section, "").replace("\\\n", "") + "\n"
    pieces = re.split(r"^(\*{0,2}\w[\w, *]*?)(?: : .*)?\n", body, flags=re.MULTILINE)
    pairs = zip(pieces[1::2], pieces[2::2], strict=True)
    return {name: " ".join(said.split()) for names, said in pairs for name in names.split(", ")}


def signature(thing):
    """Names of the parameters of a callable, with their stars."""
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    found = inspect.signature(thing).parameters.values()
    return [stars.get(p.kind, "") + p.name for p in found if p.name != "self"]


def networks():
    """Public estimators that take the shared training parameters."""
    classes = {n: thing for n, thing in documented_things().items() if inspect.isclass(thing)}
    return {n: c for n, c in classes.items() if {"max_epochs", "precision"} <= set(signature(c))}


def undocumented_order(thing):
    """Documented and real parameters where they differ; results, made by us alone, have none."""
    documented = list(parameters(thing.__doc__))
    result = inspect.isclass(thing) and not documented and "Attributes" in sections(thing.__doc__)
    return None if result or documented == signature(thing) else (documented, signature(thing))


def silent_methods(thing):
    members = vars(thing) if inspect.isclass(thing) else {}
    methods = [name for name in members if inspect.isfunction(members[name]) and name[0] != "_"]
    return [name for name in methods if not inspect.getdoc(getattr(thing, name))]


def unexplained(thing):
    """List "method.parameter" of the parameters and attributes that have a type and no text."""
    kinds = reversed(thing.__mro__) if inspect.isclass(thing) else ()  # children replace parents
    ours = [vars(kind) for kind in kinds if kind.__module__.startswith("skmedimg")]
    texts = {n: inspect.getdoc(value) for own in ours for n, value in own.items() if n[0] != "_"}
    return [
        f"{name}.{parameter}"
        for name, text in {"": thing.__doc__, **texts}.items()
        for section in ("Parameters", "Attributes")
        for parameter, said in parameters(text, section).items()
        if not said
    ]


def test_a_public_name_shows_an_example_that_runs():
    examples = {n: sections(t.__doc__).get("Examples", "") for n, t in documented_things().items()}
    assert [name for name, example in examples.items() if ">>>" not in example] == []


def test_parameters_are_documented_in_the_order_of_the_signature():
    faults = {name: undocumented_order(thing) for name, thing in documented_things().items()}
    assert {name: fault for name, fault in faults.items() if fault} == {}


def test_every_documented_parameter_is_explained():
    silent = {name: unexplained(thing) for name, thing in documented_things().items()}
    assert {name: found for name, found in silent.items() if found} == {}


def test_public_methods_say_what_they_do():
    silent = {name: silent_methods(thing) for name, thing in documented_things().items()}
    assert {name: methods for name, methods in silent.items() if methods} == {}


def test_the_reference_lists_the_public_names_and_no_others():
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    parts = re.split(r"^\.\. currentmodule:: skmedimg\.(\w+)$", page, flags=re.MULTILINE)
    listed = [
        f"{module}.{name}"
        for module, part in zip(parts[1::2], parts[2::2], strict=True)
        for name in re.findall(r"^   ([\w.]+)$", part, re.MULTILINE)
    ]
    assert sorted(listed) == sorted(public_names())


def seen_also():
    """Pages and the names that their See Also sections list."""
    for name, thing in documented_things().items():
        methods = vars(thing).values() if inspect.isclass(thing) else ()
        for each in (thing, *methods):
            body = sections(inspect.getdoc(each)).get("See Also", "") if callable(each) else ""
            for names in re.findall(r"^(\S.*?)(?: : .*)?$", body, flags=re.MULTILINE):
                yield from ((f"skmedimg.{name}", other) for other in names.split(", "))


def is_linked(page, name):
    """Whether Sphinx finds a name on a page: in full, below the page, or beside it."""
    pages = {f"skmedimg.{each}": public(each) for each in public_names()}
    for full in (name, f"{page}.{name}", f"{page.rpartition('.')[0]}.{name}"):
        owner, _, member = full.rpartition(".")
        if full in pages or hasattr(pages.get(owner), member):
            return True
    return False


def test_what_is_seen_also_is_a_link():
    found = list(seen_also())
    assert len(found) > 50
    assert [(page, name) for page, name in found if not is_linked(page, name)] == []


def test_the_changelog_announces_every_public_name():
    changelog = (ROOT / "docs" / "changelog.md").read_text("utf-8")
    words = set(re.findall(r"\w+", changelog))
    missing = {name for name in public_names() if name.split(".")[-1] not in words}
    assert not missing, f"docs/changelog.md lacks {', '.join(sorted(missing))}"


@pytest.mark.parametrize("parameter", SHARED)
def test_a_shared_parameter_is_documented_word_for_word_alike(parameter):
    said = {name: parameters(c.__doc__).get(parameter) for name, c in networks().items()}
    said = {name: text for name, text in said.items() if (name, parameter) not in OWN_WORDS}
    assert len(set(said.values()) - {None}) == 1, said


def test_shared_parameters_come_last_and_in_one_order():
    tails = {n: [p for p in signature(c) if p in SHARED] for n, c in networks().items()}
    assert {name: signature(c)[-len(tails[name]) :] for name, c in networks().items()} == tails
    assert all(tail == [p for p in SHARED if p in tail] for tail in tails.values())


def test_parameters_reads_what_numpydoc_means():
    text = """Say.

    Parameters
    ----------
    a, b : int, default=3
        First
        words.
    **params : dict of str
        More.

    Returns
    -------
    c : int
        Not this one.
    """
    assert parameters(text) == {"a": "First words.", "b": "First words.", "**params": "More."}

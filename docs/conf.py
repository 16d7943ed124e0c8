"""Sphinx configuration: the pages, their theme, and what is generated before they are read."""

import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))  # bench and docs are no installed packages
os.environ.setdefault("MPLBACKEND", "Agg")

import skmedimg
from bench import _page as speed_goals_page
from bench import _user_page as benchmarks_page
from docs import _backbones_page as backbones_page
from docs import _bibliography_page as bibliography_page
from docs import _command_line_page as command_line_page
from docs import _recipes_page as recipes_page
from docs import _tutorials as tutorials
from docs._glossary_tips import add_tips
from docs._guide_links import chapters_by_name, link_names, public_names
from docs._inherited_methods import inherited_methods
from docs._methods_by_purpose import methods_by_purpose

project = "skmedimg"
author = "skmedimg developers"
copyright = f"2026, {author}"
version = release = skmedimg.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]

autosummary_generate = True
autosummary_context = {
    "chapters": chapters_by_name(),
    "inherited": inherited_methods(),
    "purposes": methods_by_purpose(),
}
# Single backticks in docstrings are names: links where there is such a name, else code.
default_role = "py:obj"
# On macOS and Windows the pages of `HOG` and `hog` would be one file.
CLASSES = {full.lower() for full in public_names().values() if not full.islower()}
autosummary_filename_map = {name: f"{name}-function" for name in sorted(CLASSES)}
numpydoc_show_class_members = False
# Links into the documentation of other libraries need a network while the pages are built.
OTHERS = {
    "python": "https://docs.python.org/3/",
    "numpy": "https://numpy.org/doc/stable/",
    "sklearn": "https://scikit-learn.org/stable/",
    "skimage": "https://scikit-image.org/docs/stable/",
    "skorch": "https://skorch.readthedocs.io/en/stable/",
    "torch": "https://docs.pytorch.org/docs/stable/",
    "optuna": "https://optuna.readthedocs.io/en/stable/",
}
ONLINE = os.environ.get("SKMEDIMG_DOCS_ONLINE") == "1"
intersphinx_mapping = {name: (address, None) for name, address in OTHERS.items() if ONLINE}
intersphinx_timeout = 10
# Docstrings inherited from scikit-learn point to its glossary.
suppress_warnings = ["ref.term"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
copybutton_prompt_text = ">>> |\\.\\.\\. |\\$ "
copybutton_prompt_is_regexp = True

sphinx_gallery_conf = {
    "examples_dirs": str(HERE.parent / "examples"),
    "gallery_dirs": "auto_examples",
    "within_subsection_order": "docs._gallery_order.TeachingOrder",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"(^|/)(?!plot_)[^/]*\.py$",
    "abort_on_example_error": True,
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("skmedimg",),
    "download_all_examples": False,
    "remove_config_comments": True,
    "reset_modules": ("matplotlib",),
    "show_memory": False,
}

html_theme = "pydata_sphinx_theme"
html_title = "skmedimg"
html_static_path = ["_static"]
html_css_files = ["skmedimg.css"]
html_sidebars = {
    "index": [],
    "install": [],
    "data_sets": [],
    "first_contribution": [],
    "speed_goals": [],
    "getting_started": [],
    "backbones": [],
    "recipes": [],
    "benchmarks": [],
    "reproduction": [],
    "changelog": [],
}
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 8,
    "show_prev_next": False,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
}

RESULTS = [
    f"skmedimg.evaluation.{name}"
    for name in ("Comparison", "LearningCurve", "PairwiseTests", "Audit")
]


def write_pages(app):
    """Write what comes from committed results and tables, so that it is never stale."""
    (HERE / "speed_goals.md").write_text(speed_goals_page.page(), "utf-8")
    (HERE / "benchmarks.md").write_text(benchmarks_page.page(), "utf-8")
    benchmarks_page.draw(HERE / "benchmarks.svg")
    (HERE / "backbones.md").write_text(backbones_page.page(), "utf-8")
    (HERE / "recipes.md").write_text(recipes_page.page(), "utf-8")
    (HERE / "command_line.md").write_text(command_line_page.page(), "utf-8")
    (HERE / "howto" / "bibliography.md").write_text(bibliography_page.page(), "utf-8")
    tutorials.write_downloads()


def skip_foreign(app, what, name, member, skip, options):
    """Leave out members inherited from other libraries; the page lists them with a link."""
    origin = getattr(member, "fget", member)
    module = getattr(origin, "__module__", None) or ""
    return skip or not module.startswith("skmedimg") or None


def hide_constructor(app, what, name, obj, options, signature, annotation):
    """Leave out the constructors of results, which `compare` and others make."""
    return ("", annotation) if name in RESULTS else None


def escape_types(app, what, name, obj, options, lines):
    """Keep `(n_features_in_,)` in the type of a parameter from being read as a link."""
    for i, line in enumerate(lines):
        head, colon, kind = line.partition(" : ")
        if colon and re.fullmatch(r"\*{0,2}\w+", head.strip()):
            lines[i] = head + colon + re.sub(r"(?<!`)\b(\w+)_\b(?!`)", r"\1\\_", kind)


def setup(app):
    app.connect("builder-inited", write_pages, priority=1)
    app.connect("autodoc-process-docstring", escape_types, priority=1)
    app.connect("autodoc-process-signature", hide_constructor)
    app.connect("autodoc-skip-member", skip_foreign)
    app.connect("doctree-read", link_names)
    app.connect("doctree-read", add_tips, priority=600)  # after the links, which stay links

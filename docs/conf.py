"""Sphinx configuration: the site that `make docs` builds, without a network."""

import os
import sys
import warnings
from pathlib import Path

import matplotlib
import numpydoc.xref

import galaxy_sklearn

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_ext"))
from public import own_methods, own_properties, scikit_learn_methods, type_names  # noqa: E402

# Examples run in this process. TensorFlow is told to be quiet before it starts.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Diagrams of estimators in the gallery lead to the API pages of this very build.
os.environ["GALAXY_SKLEARN_DOCS"] = ".."
matplotlib.use("agg")
# agg, which draws into files, says that it cannot show a window.
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")

project = "galaxy_sklearn"
author = "The galaxy_sklearn developers"
release = version = galaxy_sklearn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_parser",
    "sphinx_design",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "code_links",
    "commands",
    "survey_pages",
]
exclude_patterns = ["_build", "_ext", "_templates"]
templates_path = ["_templates"]
nitpicky = True
# What other packages document; names of ours are all checked.
nitpick_ignore_regex = [("py:.*", r"(keras|matplotlib|numpy|pandas|sklearn)\..*")]
# Functions in the configuration cannot be kept between builds.
suppress_warnings = ["config.cache"]
default_role = "literal"

# API reference: an object is documented under its shortest public name.
autodoc_typehints = "none"
autosummary_context = {
    "own_methods": own_methods,
    "own_properties": own_properties,
    "scikit_learn_methods": scikit_learn_methods,
}
numpydoc_class_members_toctree = False
numpydoc_show_class_members = False
# In the types of parameters our own classes become links. numpydoc would also link those of Python
# and NumPy, whose documentation is not here.
numpydoc.xref.DEFAULT_LINKS.clear()
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"
numpydoc_xref_aliases = type_names()

toc_object_entries_show_parents = "hide"

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": "/plot_",
    "ignore_pattern": r"(^|/)(?!plot_)[^/]*\.py$",
    "within_subsection_order": "FileNameSortKey",
    "doc_module": ("galaxy_sklearn",),
    "backreferences_dir": "api/backreferences",
    "abort_on_example_error": True,
    "reset_modules": ("matplotlib",),
    # The pictures of displays are shown, not their names in memory.
    "ignore_repr_types": r"matplotlib\.|galaxy_sklearn\.displays",
    "image_srcset": ["2x"],
    "thumbnail_size": (400, 280),
    "min_reported_time": 1,
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
    "plot_gallery": "True",
}

html_theme = "pydata_sphinx_theme"
html_title = f"galaxy_sklearn {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_context = {"default_mode": "auto"}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "galaxy_sklearn"},
    "header_links_before_dropdown": 5,
    "navbar_align": "left",
    "navigation_with_keys": False,
    "show_nav_level": 1,
    "show_prev_next": True,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "back_to_top_button": True,
}
html_sidebars = {"getting_started": [], "changelog": [], "contributing": []}
copyright = f"{author}. BSD 3-clause licence"

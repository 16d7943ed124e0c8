"""What commands read: a folder of images or a table of them, their sites, and other hospitals."""

import os
import re

from skmedimg.cli._exit_codes import DataError
from skmedimg.cli._messages import say


def is_table(source):
    """Tell whether a FOLDER is a table of images."""
    return source.lower().endswith(".csv")


def read_images(source, options, n_jobs=None, columns=None):
    """Return the Bunch of a folder or table; files that cannot be used are left out and listed."""
    try:
        data = _read_table(source, options, n_jobs, columns) if is_table(source) else None
        data = data or _read_folder(source, options, n_jobs)
    except ValueError as error:
        raise DataError(str(error)) from error
    for line in str(data.report).splitlines():
        say(line)
    return data


def kept_columns(options):
    """Return the names that `--columns` lists, each once."""
    names = options.columns.split(",") if options.columns else []
    return list(dict.fromkeys(name.strip() for name in names))


def read_columns(options):
    """Return the columns to read of a table, the site last; None for none."""
    names = kept_columns(options)
    if options.site is not None and is_table(options.folder) and options.site not in names:
        names.append(options.site)
    return names or None


def site_of_each(data, options):
    """Return the site of each image as `--site` says, or None; a column leaves `data.columns`."""
    if options.site is None:
        return None
    if not is_table(options.folder):
        return _sites_of_paths(data.paths, options.folder, options.site)
    site = data.columns[options.site].astype(str).to_numpy()
    missing = data.columns[options.site].isna().to_numpy()
    if missing.any():
        raise DataError(
            f"--site: the column {options.site!r} has no value for {missing.sum()} of "
            f"{len(missing)} images, such as {data.paths[missing.argmax()]!r}: complete it."
        )
    if options.site not in kept_columns(options):
        rest = data.columns.drop(columns=options.site)
        data.columns = rest if len(rest.columns) else None
    return site


def read_external(options):
    """Return {name: Bunch} of `--external NAME=FOLDER`, or None."""
    if not options.external:
        return None
    columns = kept_columns(options) or None
    found = {}
    for name, source in external_sources(options).items():
        say(f"reading {name}")
        found[name] = read_images(source, options, columns=columns)
    return found


def external_sources(options):
    """Return {name: folder or table} of `--external`; what is missing or named twice raises."""
    sources = {}
    for text in options.external or ():
        name, equals, source = text.partition("=")
        if not (name and equals and source):
            raise DataError(f"--external needs NAME=FOLDER, such as Cairo=cairo/, got {text!r}.")
        if name in sources:
            raise DataError(f"--external names {name!r} twice.")
        if not os.path.exists(source):
            raise DataError(f"--external {name}: there is no {source!r}.")
        sources[name] = source
    return sources


def site_group(pattern):
    """Return which group of a match is the site: the one named site, or the whole match."""
    return "site" if "site" in re.compile(pattern).groupindex else 0


def _read_folder(folder, options, n_jobs):
    from skmedimg import load_image_folder

    for name in ("path_column", "label_column", "columns"):
        if getattr(options, name, None):
            raise DataError(
                f"--{name.replace('_', '-')} is for tables, such as images.csv with a row per "
                f"image, but {folder!r} is none."
            )
    # One damaged file must not end the work on a thousand; the report names it.
    return load_image_folder(
        folder,
        group_pattern=None if options.groups == "auto" else options.groups,
        merge_validation=getattr(options, "merge_validation", False),
        on_error="skip-report",
        n_jobs=n_jobs,
        verbose=1,
    )


def _read_table(table, options, n_jobs, columns):
    from skmedimg import load_image_table

    if getattr(options, "merge_validation", False):
        raise DataError("--merge-validation is for folders; a table has no validation images.")
    try:
        return load_image_table(
            table,
            path=options.path_column or "path",
            label=options.label_column or "label",
            group=None if options.groups == "auto" else options.groups,
            columns=columns,
            on_error="skip-report",
            n_jobs=n_jobs,
            verbose=1,
        )
    except ValueError as error:
        if "is not a column" in str(error):
            raise DataError(f"{error} Name it by {_option_of(str(error))}.") from error
        raise


def _option_of(text):
    """Return the option for a column that the loader did not find."""
    options = {"path": "--path-column", "label": "--label-column", "group": "--groups"}
    return options.get(text.partition("=")[0], "--columns or --site")


def _sites_of_paths(paths, folder, pattern):
    """Return the site in the path of each image below a folder, by a regular expression."""
    import numpy as np

    try:
        group = site_group(pattern)
    except re.error as error:
        raise DataError(f"--site {pattern!r} is no regular expression: {error}.") from error
    images = [os.path.relpath(path, folder).replace(os.sep, "/") for path in paths]
    matches = [re.search(pattern, image) for image in images]
    found = [(match.group(group) or "") if match else "" for match in matches]
    strangers = [image for image, site in zip(images, found, strict=True) if not site]
    if strangers:
        raise DataError(
            f"--site {pattern!r} finds no site in {len(strangers)} of {len(images)} paths, such as "
            f"{strangers[0]!r}; every image needs one."
        )
    return np.array(found)

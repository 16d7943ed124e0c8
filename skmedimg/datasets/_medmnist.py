"""The two-dimensional sets of MedMNIST, as arrays."""

import os
import zipfile
from collections import namedtuple

import numpy as np

from skmedimg._sklearn import Options, validate_params
from skmedimg.datasets._data_set import DataSet
from skmedimg.datasets._fetch_file import digest_of, fetch_file
from skmedimg.datasets._medmnist_table import MEDMNIST, SIZES
from skmedimg.datasets._public_sets import FETCH_PARAMETERS, data_folder, refuse_to_download

_Facts = namedtuple("_Facts", "title page size license")

URL = "https://zenodo.org/records/10519652/files/{}?download=1"
_PAGE = "https://medmnist.com"
_CITATION = "Yang et al. (2023), https://doi.org/10.1038/s41597-022-01721-8"
_PARTS = {"train": "train", "val": "validation", "test": "test"}
_REFUSED = {
    "chestmnist": "an image may have several labels at once, which skmedimg does not support",
    **dict.fromkeys(
        (
            *("organmnist3d", "nodulemnist3d", "adrenalmnist3d", "fracturemnist3d"),
            *("vesselmnist3d", "synapsemnist3d"),
        ),
        "its images are volumes, which skmedimg does not support",
    ),
}
# Of the labels and the headers of an archive.
_OVERHEAD = 64 << 20


@validate_params(
    {"name": [str], "size": [Options(int, set(SIZES))], **FETCH_PARAMETERS},
    prefer_skip_nested_validation=True,
)
def fetch_medmnist(name, size=28, *, from_folder=None, data_home=None, download=False, verbose=0):
    """Load one of the two-dimensional sets of MedMNIST as arrays.

    Small images of many kinds [1]_, split into training, validation and test set. They have no
    patient identifiers, so scores of other splits than the published one may be too good.

    Parameters
    ----------
    name : str
        "pathmnist", "dermamnist", "octmnist", "pneumoniamnist", "retinamnist", "breastmnist",
        "bloodmnist", "tissuemnist", "organamnist", "organcmnist" or "organsmnist".
    size : {28, 64, 128, 224}, default=28
        Pixels per side. All images are held in memory: those of "pathmnist" at 224 are 16 GB.
    from_folder : str, os.PathLike or None, default=None
        Folder with the file of the set, such as ``pneumoniamnist_64.npz``, for those who have it:
        nothing is downloaded then. The package medmnist keeps them in ``~/.medmnist``.
    data_home : str, os.PathLike or None, default=None
        Folder that downloads are kept in. None: the one that the environment variable
        SKMEDIMG_DATA_HOME names, or ``~/skmedimg_data``.
    download : bool, default=False
        Whether to download the data set if it is not there. False raises an error that says where
        it is, how large it is, and under which license.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With, all n of them in one order:

        images : ndarray (n, size, size) or (n, size, size, 3) of uint8
            The images.
        target : ndarray (n,) of str
            The classes, by name.
        target_names : ndarray (n_classes,)
            Names of the classes, in the order of MedMNIST's numbers.
        groups : None
            The patients are not known.
        split : ndarray (n,) of str
            "train", "validation" or "test".
        DESCR : str
            Source and license.

    See Also
    --------
    fetch_chest_xray : The X-rays of "pneumoniamnist" as published, with patients.

    References
    ----------
    .. [1] J. Yang et al. "MedMNIST v2: A large-scale lightweight benchmark for 2D and 3D biomedical
           image classification". Scientific Data 10, 2023, 41.
           https://doi.org/10.1038/s41597-022-01721-8

    Examples
    --------
    >>> import tempfile
    >>> from skmedimg.datasets import fetch_medmnist
    >>> try:
    ...     fetch_medmnist("pneumoniamnist", 64, data_home=tempfile.gettempdir())
    ... except FileNotFoundError as error:
    ...     print(error)
    This data set is not in '.../pneumoniamnist_64.npz'.
    Chest X-rays of children: https://medmnist.com
    Write fetch_medmnist("pneumoniamnist", 64, download=True) to download at most 24 MB ...
    """
    facts = _facts(name, size)
    file = f"{name}.npz" if size == 28 else f"{name}_{size}.npz"
    digest = f"md5:{facts.md5[SIZES.index(size)]}"
    if from_folder is not None:
        path = _own_file(from_folder, file, digest)
    else:
        path = _downloaded_file(name, size, file, digest, data_home, download, verbose)
    return _loaded(path, facts, size)


def _facts(name, size):
    if name in _REFUSED:
        raise ValueError(f"name={name!r} is not supported: {_REFUSED[name]}.")
    if name not in MEDMNIST:
        raise ValueError(f"name={name!r} is not a set of MedMNIST. The sets are {[*MEDMNIST]}.")
    return MEDMNIST[name]


def _bytes(facts, size):
    """Return the bytes of all pixels; the files are compressed, so these are the most."""
    return sum(facts.samples) * size * size * facts.channels


def _own_file(folder, file, digest):
    path = os.path.join(os.path.abspath(folder), file)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"from_folder={os.fspath(folder)!r} has no file {file!r}.")
    if (found := digest_of(path, "md5")) != digest:
        raise ValueError(
            f"{path!r} is not the published file: its digest is {found}, not {digest}. Versions of "
            "MedMNIST before 3.0 have other files; download this one again."
        )
    return path


def _downloaded_file(name, size, file, digest, data_home, download, verbose):
    """Return the file in the folder of downloads, whose digest was checked when it came."""
    facts = MEDMNIST[name]
    path = os.path.join(data_folder(data_home), "medmnist", file)
    if not os.path.isfile(path):
        if not download:
            most = f"at most {_bytes(facts, size) / 1e6:,.0f} MB"
            line = f"fetch_medmnist({name!r}, {size}, download=True)".replace("'", '"')
            refuse_to_download(_Facts(facts.title, _PAGE, most, facts.license), path, line)
        limit = _bytes(facts, size) + _OVERHEAD
        fetch_file(URL.format(file), path, digest=digest, limit=limit, verbose=verbose)
    return path


def _loaded(path, facts, size):
    """Read the arrays of all parts and join them."""
    images, labels, split = [], [], []
    try:
        with np.load(path, allow_pickle=False) as arrays:
            for part, name in _PARTS.items():
                images.append(arrays[f"{part}_images"])
                labels.append(arrays[f"{part}_labels"].ravel())
                split += [name] * len(images[-1])
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path!r} cannot be read ({error}). Download it again.") from error
    names = np.array(facts.labels)
    return DataSet(
        images=np.concatenate(images),
        target=names[np.concatenate(labels).astype(int)],
        target_names=names,
        groups=None,
        split=np.array(split),
        DESCR=(
            f"{facts.title} of MedMNIST, {size} x {size} pixels.\nSource: {_PAGE}\n"
            f"License: {facts.license}\nCite: {_CITATION}\n"
        ),
    )

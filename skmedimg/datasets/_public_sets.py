"""Public data sets: where they are, how they are checked, and the functions that load them."""

import hashlib
import os
import shutil
from collections import namedtuple
from pathlib import Path

from skmedimg._sklearn import validate_params
from skmedimg._warnings import warn_user
from skmedimg.datasets._fetch_file import digest_of, fetch_file
from skmedimg.datasets._group_patterns import CHEST_XRAY_PATIENT
from skmedimg.datasets._image_folder import load_image_folder
from skmedimg.datasets._unpack_zip import unpack_zip

PublicSet = namedtuple(
    "PublicSet", "title page url size archive_bytes digest license citation n_images wanted top"
)

# The archives' digests are those that several projects recorded independently of each other;
# neither publisher gives one. Kaggle packs an archive anew, so there the content is compared.
SETS = {
    "chest_xray": PublicSet(
        title="Chest X-rays of children, with and without pneumonia",
        page="https://data.mendeley.com/datasets/rscbjbr9sj/2",
        url="https://data.mendeley.com/public-files/datasets/rscbjbr9sj/files/"
        "f12eaf6d-6023-432f-acc9-80c9d7393433/file_downloaded",
        size="1.2 GB",
        archive_bytes=1_235_512_464,
        digest="sha256:13efc055629733dbab07877f8b3c9f81097840dbcdaa326a8542322c2281ce36",
        license="CC BY 4.0",
        citation="Kermany et al. (2018), https://doi.org/10.1016/j.cell.2018.02.010",
        n_images=5856,
        wanted=("chest_xray/", (".jpeg",)),
        top="chest_xray",
    ),
    "brain_mri": PublicSet(
        title="Brain MRI slices, with and without a tumor",
        page="https://www.kaggle.com/datasets/navoneel/brain-mri-images-for-brain-tumor-detection",
        url="https://www.kaggle.com/api/v1/datasets/download/"
        "navoneel/brain-mri-images-for-brain-tumor-detection",
        size="about 16 MB",
        archive_bytes=None,
        digest=None,
        license="not stated by the publisher",
        citation="Chakrabarty (2019), Kaggle",
        n_images=253,
        # The archive holds every image a second time, in brain_tumor_dataset/.
        wanted=(("no/", "yes/"), (".jpg", ".jpeg", ".png")),
        top="",
    ),
    "lungs": PublicSet(
        title="Chest X-rays of Montgomery County with masks of both lungs",
        page="https://lhncbc.nlm.nih.gov/LHC-downloads/downloads.html",
        url="https://openi.nlm.nih.gov/imgs/collections/NLM-MontgomeryCXRSet.zip",
        size="about 620 MB",
        archive_bytes=None,
        digest="sha256:54601e952315d8f67383e9202a6e145997ade429f54f7e0af44b4e158714f424",
        license="no named one: free to use, the National Library of Medicine asks to be cited",
        citation="Jaeger et al. (2014), https://doi.org/10.3978/j.issn.2223-4292.2014.11.20",
        n_images=138,
        wanted=("MontgomerySet/", (".png",)),
        top="MontgomerySet",
    ),
}
# SHA-256 of the sorted lines "SHA-256  folder/name" of the 253 files: what sha256sum prints.
_BRAIN_MRI_CONTENT = "a535be456d3d20f867621a803e0e5266362f6757710e05ddfbf60c7ecb530e38"
_MAX_FILES = 20_000
_MAX_BYTES = 4 << 30
FETCH_PARAMETERS = {
    "from_folder": [str, os.PathLike, None],
    "data_home": [str, os.PathLike, None],
    "download": ["boolean"],
    "verbose": ["verbose"],
}


@validate_params(FETCH_PARAMETERS, prefer_skip_nested_validation=True)
def fetch_chest_xray(*, from_folder=None, data_home=None, download=False, verbose=0):
    """Load 5,856 chest X-rays of children, labeled normal or pneumonia (1.2 GB, CC BY 4.0).

    The images of Kermany et al. [1]_ with their split into training and test set. The patients come
    from the file names.

    Parameters
    ----------
    from_folder : str, os.PathLike or None, default=None
        Folder of the unpacked images, for those who have them: nothing is downloaded then.
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
        That of :func:`load_image_folder`: `paths`, `target`, `target_names`, `groups` (the
        patients), `split` ("train" or "test") and `report`, and `DESCR`, the source and license.

    See Also
    --------
    load_image_folder : The same for a folder of your own.

    References
    ----------
    .. [1] D. S. Kermany et al. "Identifying Medical Diagnoses and Treatable Diseases by Image-Based
           Deep Learning". Cell 172(5), 2018, 1122-1131.
           https://doi.org/10.1016/j.cell.2018.02.010

    Examples
    --------
    >>> import tempfile
    >>> from skmedimg.datasets import fetch_chest_xray
    >>> try:
    ...     fetch_chest_xray(data_home=tempfile.gettempdir())
    ... except FileNotFoundError as error:
    ...     print(error)
    This data set is not in '.../chest_xray'.
    Chest X-rays of children, with and without pneumonia: https://...
    Write fetch_chest_xray(download=True) to download 1.2 GB (license: CC BY 4.0), or ...
    """
    folder = _folder_of("chest_xray", from_folder, data_home, download, verbose)
    data = load_image_folder(
        folder,
        group_pattern=CHEST_XRAY_PATIENT,
        verify=from_folder is not None,
        verbose=verbose,
    )
    return _described("chest_xray", data)


@validate_params(FETCH_PARAMETERS, prefer_skip_nested_validation=True)
def fetch_brain_mri(*, from_folder=None, data_home=None, download=False, verbose=0):
    """Load 253 MRI slices of brains, labeled no or yes for a tumor (16 MB, license not stated).

    The set has no patient identifiers and many duplicates. Pass ``audit(...).groups()`` as
    `groups`, so that copies of one image stay on one side of every split.

    Parameters
    ----------
    from_folder : str, os.PathLike or None, default=None
        Folder of the unpacked images, for those who have them: nothing is downloaded then.
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
        That of :func:`load_image_folder`: `paths`, `target`, `target_names`, `groups` (None: the
        patients are not known) and `report`, and `DESCR`, the source and license.

    See Also
    --------
    skmedimg.evaluation.audit : Finds the duplicates.

    Examples
    --------
    >>> import tempfile
    >>> from skmedimg.datasets import fetch_brain_mri
    >>> try:
    ...     fetch_brain_mri(data_home=tempfile.gettempdir())
    ... except FileNotFoundError as error:
    ...     print(error)
    This data set is not in '.../brain_mri'.
    Brain MRI slices, with and without a tumor: https://...
    Write fetch_brain_mri(download=True) to download about 16 MB (license: not stated ...), or ...
    """
    folder = _folder_of("brain_mri", from_folder, data_home, download, verbose)
    data = load_image_folder(folder, verify=from_folder is not None, verbose=verbose)
    return _described("brain_mri", data)


@validate_params(FETCH_PARAMETERS, prefer_skip_nested_validation=True)
def fetch_lungs(*, from_folder=None, data_home=None, download=False, verbose=0):
    """Load 138 chest X-rays with a mask of each lung, labeled normal or tuberculosis (620 MB).

    The set of Montgomery County [1]_: one X-ray of each patient, 4020 x 4892 pixels.

    Parameters
    ----------
    from_folder : str, os.PathLike or None, default=None
        Folder of the unpacked images, for those who have them: nothing is downloaded then.
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
        That of :func:`load_image_folder`: `paths`, `masks` (two files per image, the left and the
        right lung, which are read as one), `target`, `target_names`, `groups` (the patients) and
        `report`, and `DESCR`, the source and license.

    See Also
    --------
    skmedimg.images.load_masks : Reads the masks.

    References
    ----------
    .. [1] S. Jaeger et al. "Two public chest X-ray datasets for computer-aided screening of
           pulmonary diseases". Quantitative Imaging in Medicine and Surgery 4(6), 2014, 475-477.
           https://doi.org/10.3978/j.issn.2223-4292.2014.11.20

    Examples
    --------
    >>> import tempfile
    >>> from skmedimg.datasets import fetch_lungs
    >>> try:
    ...     fetch_lungs(data_home=tempfile.gettempdir())
    ... except FileNotFoundError as error:
    ...     print(error)
    This data set is not in '.../lungs'.
    Chest X-rays of Montgomery County with masks of both lungs: https://...
    Write fetch_lungs(download=True) to download about 620 MB (license: no named one: ...), or ...
    """
    folder = _folder_of("lungs", from_folder, data_home, download, verbose)
    data = load_image_folder(
        os.path.join(folder, "CXR_png"),
        group_pattern=r"MCUCXR_\d+",
        labels_from=_lung_label,
        verify=from_folder is not None,
        verbose=verbose,
    )
    data.masks = _lung_masks(folder, data.paths)
    return _described("lungs", data)


def _lung_label(path):
    labels = {"_0": "normal", "_1": "tuberculosis"}
    if path.stem[-2:] not in labels:
        raise ValueError(f"{path} is not an image of this set: their names end with _0 or _1.")
    return labels[path.stem[-2:]]


def _lung_masks(folder, paths):
    """Return the files of the left and the right lung of each image."""
    import numpy as np

    masks = np.empty(len(paths), dtype=object)
    for i, path in enumerate(paths):
        name = os.path.basename(path)
        masks[i] = tuple(
            os.path.join(folder, "ManualMask", side, name) for side in ("leftMask", "rightMask")
        )
        for mask in masks[i]:
            if not os.path.isfile(mask):
                raise FileNotFoundError(f"{path} has no mask {mask}.")
    return masks


# Where a set is, and what it says about itself.


def data_folder(data_home):
    """Return the folder that downloads are kept in."""
    home = data_home or os.environ.get("SKMEDIMG_DATA_HOME") or Path.home() / "skmedimg_data"
    return os.path.abspath(os.path.expanduser(home))


def refuse_to_download(facts, place, line):
    """Raise the error of a data set that is not there and that nobody asked to download."""
    raise FileNotFoundError(
        f"This data set is not in {place!r}.\n"
        f"{facts.title}: {facts.page}\n"
        f"Write {line} to download {facts.size} (license: {facts.license}), or pass from_folder= "
        "if you have it."
    )


def _folder_of(name, from_folder, data_home, download, verbose):
    """Return the folder of a set's images: the user's, or the unpacked download."""
    facts = SETS[name]
    if from_folder is not None:
        return _own_folder(name, os.path.abspath(from_folder))
    folder = os.path.join(data_folder(data_home), name)
    if not os.path.isdir(folder):
        if not download:
            refuse_to_download(facts, folder, f"fetch_{name}(download=True)")
        _download(name, folder, verbose)
    return os.path.join(folder, facts.top) if facts.top else folder


def _own_folder(name, folder):
    """Return the part of the user's folder that holds the images; warn if it is another set."""
    facts = SETS[name]
    if not os.path.isdir(folder):
        raise NotADirectoryError(f"from_folder={folder!r} is not a folder.")
    if facts.top and os.path.isdir(os.path.join(folder, facts.top)):
        folder = os.path.join(folder, facts.top)
    if name == "brain_mri" and brain_mri_digest(folder) != _BRAIN_MRI_CONTENT:
        warn_user(f"{folder!r} does not hold the 253 published files, or others beside them.")
    return folder


def _download(name, folder, verbose):
    facts = SETS[name]
    archive = f"{folder}.zip"
    limit = facts.archive_bytes or _MAX_BYTES
    if not os.path.isfile(archive):
        fetch_file(facts.url, archive, digest=facts.digest, limit=limit, verbose=verbose)
    start, endings = facts.wanted

    def wanted(member):
        hidden = os.path.basename(member).startswith(".")  # macOS adds ._NAME to each NAME
        return member.startswith(start) and member.lower().endswith(endings) and not hidden

    unpack_zip(archive, folder, wanted=wanted, max_files=_MAX_FILES, max_bytes=_MAX_BYTES)
    if name == "brain_mri" and (found := brain_mri_digest(folder)) != _BRAIN_MRI_CONTENT:
        shutil.rmtree(folder)
        os.unlink(archive)
        raise ValueError(
            f"{facts.url} does not hold the 253 published images: their digest is {found}, not "
            f"{_BRAIN_MRI_CONTENT}. Nothing was kept."
        )
    os.unlink(archive)


def brain_mri_digest(folder):
    """Return one digest of the names and contents of all files in the folders `no` and `yes`."""
    lines = []
    for kind in ("no", "yes"):
        for path in Path(folder, kind).glob("*"):
            digest = digest_of(path, "sha256").removeprefix("sha256:")
            lines.append(f"{digest}  {kind}/{path.name}\n")
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def _described(name, data):
    """Add where the set comes from, and warn where images are missing."""
    facts = SETS[name]
    if len(data.paths) != facts.n_images:
        data.report.warn(
            f"{len(data.paths):,} images are here; {facts.n_images:,} were published. Name the "
            "difference where you publish results."
        )
    data.DESCR = (
        f"{facts.title}.\nSource: {facts.page}\nLicense: {facts.license}\nCite: {facts.citation}\n"
    )
    return data

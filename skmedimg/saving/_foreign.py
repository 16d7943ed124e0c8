"""Estimators of scikit-learn that are not listed: through skops, which audits their parts."""

import copy
import io
import zipfile

from skmedimg.saving._classes import own_classes
from skmedimg.saving._local_paths import find_changes, without_folders

_ROOMS = ("sklearn.", "imblearn.")

# Types that skops does not know, and that do nothing but hold numbers and arrays.
_VOUCHED = (
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.utils._bunch.Bunch",
)


def pack_foreign(value, where):
    """Return the bytes in which skops holds an estimator of scikit-learn.

    Parameters
    ----------
    value : object
    where : str
        How one comes to the value, for the error.

    Returns
    -------
    content : bytes
    """
    kind = type(value)
    if not f"{kind.__module__}.".startswith(_ROOMS):
        raise TypeError(_refusal(kind, where))
    skops = _skops(f"{where} is a {kind.__name__}, which is saved")
    if find_changes(value, without_folders):
        value = copy.deepcopy(value)
        for _, table, name, new in find_changes(value, without_folders):
            table[name] = new
    try:
        content = skops.dumps(value)
    except Exception as error:  # whatever a state that skops does not know makes it say
        raise TypeError(_refusal(kind, where)) from error
    unknown = _unknown(skops, content)
    if unknown:
        raise TypeError(f"{_refusal(kind, where)} Not known in it: {', '.join(unknown)}.")
    return content


def unpack_foreign(content):
    """Return the estimator that skops holds, if all it is made of is known by name.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    value : estimator
    """
    _refuse_packed(content)
    skops = _skops("the file holds an estimator that is loaded")
    unknown = _unknown(skops, content)
    if unknown:
        raise ValueError(
            f"the file asks for {', '.join(map(repr, unknown))}, not among the types that load."
        )
    return skops.loads(content, trusted=_known_names())


def _unknown(skops, content):
    """List the types that neither skops nor this package vouches for."""
    return sorted(set(skops.get_untrusted_types(data=content)) - set(_known_names()))


def _refuse_packed(content):
    """Nothing in it may become larger in memory than it is on disk."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        infos = archive.infolist()
    packed = any(info.compress_type != zipfile.ZIP_STORED for info in infos)
    if packed or sum(info.file_size for info in infos) > len(content):
        raise ValueError("the file holds an estimator that is packed, which we never save.")


def _known_names():
    return [*_VOUCHED, *(f"{kind.__module__}.{kind.__qualname__}" for kind in own_classes())]


def _skops(what):
    try:
        from skops import io as skops_io
    except ImportError as error:
        raise ImportError(f'{what} through skops: pip install "skmedimg[safe]".') from error
    return skops_io


def _refusal(kind, where):
    return (
        f"{where} is a {kind.__module__}.{kind.__qualname__}, which cannot be saved without code. "
        "Saved are this package's estimators, those of scikit-learn that skops knows, numbers, "
        "text and arrays. Replace it by a name or None, save the best_estimator_ of a search, or "
        "use pickle and trust the file."
    )

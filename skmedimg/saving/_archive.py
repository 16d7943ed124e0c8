"""The file a model is kept in: a zip of members that are stored, not packed, each with a digest."""

import json
import os
import zipfile

from skmedimg._files import whole_file
from skmedimg._provenance import sha256

MANIFEST = "manifest.json"
FORMAT, VERSION = "skmedimg-model", 2
# JSON becomes many Python objects, several times as large as its text.
_MOST_JSON = 16 << 20


def write_archive(path, manifest, members):
    """Write a file that is there whole or not at all.

    Parameters
    ----------
    path : str
    manifest : dict
        Of what JSON can hold.
    members : dict of str to list of bytes-like
        Pieces of each member by its name.
    """
    digests = {name: sha256(pieces) for name, pieces in members.items()}
    manifest = {"format": FORMAT, "version": VERSION, **manifest, "members": digests}
    manifest["digest"] = sha256([_canonical(manifest)])
    with whole_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, pieces in {MANIFEST: [json.dumps(manifest).encode()], **members}.items():
            # the same model makes the same bytes: members have no date
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as member:
                for piece in pieces:
                    member.write(piece)


def read_archive(path, only=None):
    """Return what a file holds, once everything in it has been checked.

    Parameters
    ----------
    path : str
    only : str or None, default=None
        The one member that is wanted.

    Returns
    -------
    manifest : dict
    members : dict of str to bytes
    """
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return _checked(path, archive, os.fstat(file.fileno()).st_size, only)
        except Unreadable:
            raise
        except Exception as error:  # a zip reader may say anything of bytes that are no zip
            raise ValueError(
                f"{path!r} is not a model saved by skmedimg, or it is damaged."
            ) from error


class Unreadable(ValueError):
    """A file that is no model, or one that must not be believed."""


def _checked(path, archive, size, only):
    # In this order: sizes before anything is read into memory, the manifest's
    # digest before it is believed, each member's digest before it is used.
    sizes = _sizes(path, archive, size)
    if sizes[MANIFEST] > _MOST_JSON:
        raise Unreadable(f"{path!r} has settings of more than {_MOST_JSON >> 20} MB.")
    manifest = json.loads(archive.read(MANIFEST))
    _check_version(path, manifest)
    digests = manifest["members"]
    rest = {name: value for name, value in manifest.items() if name != "digest"}
    if manifest.get("digest") != sha256([_canonical(rest)]) or {*sizes} != {MANIFEST, *digests}:
        raise Unreadable(_changed(path))
    members = {name: archive.read(name) for name in digests if only in (None, name)}
    for name, content in members.items():
        if sha256([content]) != digests[name]:
            raise Unreadable(_changed(path))
    return manifest, members


def _sizes(path, archive, size):
    """Return how large each member is; nothing can be larger in memory than it is on disk."""
    infos = archive.infolist()
    sizes = {info.filename: info.file_size for info in infos}
    # Members that are not compressed cannot be a zip bomb; twice the same
    # name could show one content to the check and another to the reader.
    packed = any(info.compress_type != zipfile.ZIP_STORED for info in infos)
    if packed or len(sizes) < len(infos) or sum(info.file_size for info in infos) > size:
        raise Unreadable(
            f"{path!r} is not a model saved by skmedimg: its members are not stored so."
        )
    return sizes


def _check_version(path, manifest):
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise Unreadable(f"{path!r} is not a model saved by skmedimg.")
    version, writer = manifest.get("version"), manifest.get("skmedimg")
    if version == VERSION:
        return
    newer = isinstance(version, int) and version > VERSION
    if newer:
        way_out = 'update it: pip install --upgrade "skmedimg"'
    else:
        way_out = "load it with the skmedimg that saved it, and save it anew"
    raise Unreadable(
        f"{path!r} was saved by skmedimg {writer} in format {version!r}, and this version reads "
        f"{VERSION}; {way_out}."
    )


def _changed(path):
    return f"{path!r} was changed after it was saved: its digest does not fit."


def _canonical(manifest):
    # Sorted keys: a digest needs one text for equal manifests.
    return json.dumps(manifest, sort_keys=True).encode()

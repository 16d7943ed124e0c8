"""Unpack an archive from outside: within limits, and within one folder."""

import os
import re
import secrets
import shutil
import stat
import zipfile

_CHUNK = 1 << 20
# "C:", streams of NTFS and characters that Windows has no files with.
_ODD = re.compile(r'[\\:*?"<>|\x00-\x1f]')


def unpack_zip(archive, folder, *, wanted, max_files, max_bytes):
    """Unpack the files of a zip archive that `wanted(name)` accepts into a new folder.

    The folder is there whole or not at all. Names that lead out of it, links, encrypted files, and
    archives that are damaged or hold more than `max_files` or `max_bytes` are refused.
    """
    part = f"{folder}.{secrets.token_hex(4)}.part"
    try:
        with zipfile.ZipFile(archive) as file:
            members = [each for each in file.infolist() if not each.is_dir()]
            _check(archive, members, max_files, max_bytes)
            for member in members:
                if wanted(member.filename):
                    _unpack(file, member, part)
        if not os.path.isdir(part):
            raise ValueError(f"{archive!r} holds none of the files of this data set.")
        os.rename(part, folder)
    # NotImplementedError: zipfile knows no such compression, as in a header that was damaged.
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise ValueError(
            f"{archive!r} is damaged or incomplete ({error}). Delete it and download it again."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _check(archive, members, max_files, max_bytes):
    """Raise before anything is written where one of the members may not be unpacked."""
    if len(members) > max_files:
        raise ValueError(f"{archive!r} holds {len(members)} files, more than {max_files}.")
    total = sum(member.file_size for member in members)
    if total > max_bytes:
        raise ValueError(f"{archive!r} holds {total:,} bytes, more than {max_bytes:,}.")
    seen = set()
    for member in members:
        # In `orig_filename` zipfile has not yet changed anything.
        if fault := _fault(member, member.orig_filename):
            raise ValueError(f"{archive!r} holds {member.orig_filename!r}, {fault}.")
        key = member.filename.lower()
        if key in seen:
            raise ValueError(f"{archive!r} holds {member.filename!r} twice.")
        seen.add(key)


def _fault(member, name):
    parts = name.split("/")
    if not all(parts) or {".", ".."} & set(parts) or _ODD.search(name):
        return "a name that leads out of the folder or that not every system can have"
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return "which is a link or a device, not a file"
    return "which is encrypted" if member.flag_bits & 1 else None


def _unpack(file, member, folder):
    path = os.path.join(folder, *member.filename.split("/"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    left = member.file_size
    with file.open(member) as source, open(path, "xb") as target:
        # zipfile reads at most the announced size, and compares its checksum at the end.
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            target.write(chunk)
    if left:
        raise zipfile.BadZipFile(f"{member.filename!r} lacks {left} bytes")

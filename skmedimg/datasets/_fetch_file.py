"""Download a file that can be resumed, and check that it is the one that was published."""

import hashlib
import os
import urllib.error
import urllib.request

_CHUNK = 1 << 20
_TIMEOUT = 30
# Mendeley refuses what calls itself Python-urllib.
_AGENT = "Mozilla/5.0 (compatible; skmedimg)"


def fetch_file(url, path, *, digest=None, limit, verbose=0):
    """Download `url` to `path`; what an interrupted call left in `path`.part is continued.

    `digest` is "sha256:..." or "md5:...". More than `limit` bytes are refused.
    """
    part = f"{path}.part"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    while True:
        before = _size(part)
        try:
            _continue(url, part, limit, verbose)
            break
        except (OSError, urllib.error.HTTPError) as error:
            # A connection that was cut is taken up again as long as each attempt brings something.
            if isinstance(error, _TooLarge) or _size(part) <= before:
                raise OSError(
                    f"{url} cannot be downloaded: {error}. {_size(part):,} bytes are kept in "
                    f"{part!r}; call again to continue, or download the file elsewhere and pass "
                    "from_folder=."
                ) from error
    if digest is not None and (found := digest_of(part, digest.partition(":")[0])) != digest:
        os.unlink(part)  # to continue it would give the same
        raise ValueError(
            f"{url} is not the published file: its digest is {found}, not {digest}. It was "
            "deleted. The file was changed, or damaged on the way; call again, or download it "
            "elsewhere and pass from_folder=."
        )
    os.replace(part, path)


class _TooLarge(OSError):
    """More bytes than were announced."""


def digest_of(path, algorithm):
    """Return the digest of a file, "sha256:..." or "md5:..."."""
    with open(path, "rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


def _size(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def _continue(url, part, limit, verbose):
    """Append to `part` what it lacks; write it anew where the server knows no ranges."""
    done = _size(part)
    headers = {"User-Agent": _AGENT, "Accept-Encoding": "identity"}
    if done:
        headers["Range"] = f"bytes={done}-"
    request = urllib.request.Request(url, headers=headers)
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != 416:  # there is nothing after the bytes that are here
            raise
        if error.headers.get("Content-Range") != f"bytes */{done}":
            os.unlink(part)
            _continue(url, part, limit, verbose)
        return
    with response:
        resumed = response.status == 206
        start = done if resumed else 0
        if resumed and not response.headers.get("Content-Range", "").startswith(f"bytes {done}-"):
            raise OSError("the server sent another range than was asked for")
        length = response.headers.get("Content-Length")
        total = None if length is None else start + int(length)
        if total is not None and total > limit:
            raise _TooLarge(f"{total:,} bytes are announced, at most {limit:,} are expected")
        _write(response, part, start, total, limit, verbose)


def _write(response, part, start, total, limit, verbose):
    from tqdm import tqdm

    name = os.path.basename(part).removesuffix(".part")
    bar = tqdm(
        total=total, initial=start, desc=name, unit="B", unit_scale=True, disable=not verbose
    )
    with open(part, "ab" if start else "wb") as file, bar:
        while chunk := response.read(_CHUNK):
            start += len(chunk)
            if start > limit:
                raise _TooLarge(f"more than {limit:,} bytes came")
            file.write(chunk)
            bar.update(len(chunk))
    # http.client ends quietly where a connection is cut between two chunks.
    if total is not None and start < total:
        raise OSError(f"the connection ended after {start:,} of {total:,} bytes")

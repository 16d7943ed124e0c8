"""Download published weights, or raise an error that says how to get them by hand."""

import os
import urllib.request

import torch


def download(url, name):
    """Return the file of published weights, fetched through torch.hub if it is not there."""
    file = place_of(url)
    if not os.path.exists(file):
        check_reachable(url, name, f"put it at {file}, pass weights=PATH to it")
        torch.hub.load_state_dict_from_url(url, progress=False, check_hash=True)
    return file


def place_of(url):
    """Return the path of the file of published weights, whether it is there or not."""
    # torch.hub's own cache: files downloaded by other programs are found too.
    return os.path.join(torch.hub.get_dir(), "checkpoints", os.path.basename(url))


def check_reachable(url, name, then):
    """Raise an OSError with the way out if a URL cannot be reached within ten seconds."""
    # The hub clients would retry for minutes and not say which file to fetch by hand.
    try:
        request = urllib.request.Request(url, method="HEAD")
        urllib.request.urlopen(request, timeout=10).close()
    except OSError as error:
        raise OSError(
            f"The weights of {name} are not on this machine and cannot be downloaded ({error}). "
            f"Download {url} elsewhere and {then}, or pass weights=None to start from random ones."
        ) from error

"""Fetch published weights, or say at once why that cannot be done."""

import os
import urllib.request

import torch


def download(url, name):
    """Return the file of published weights, fetched through torch.hub if it is not there.

    Parameters
    ----------
    url : str
    name : str
        The backbone, for the error.

    Returns
    -------
    path : str
    """
    file = os.path.join(torch.hub.get_dir(), "checkpoints", os.path.basename(url))
    if not os.path.exists(file):
        knock(url, name, f"put it at {file}, pass weights=PATH to it")
        torch.hub.load_state_dict_from_url(url, progress=False, check_hash=True)
    return file


def knock(url, name, then):
    """Ask whether a file can be had: hub clients would wait for minutes and say little.

    Parameters
    ----------
    url : str
    name : str
        The backbone, for the error.
    then : str
        What to do with a file that was fetched by hand, for the error.
    """
    try:
        request = urllib.request.Request(url, method="HEAD")
        urllib.request.urlopen(request, timeout=10).close()
    except OSError as error:
        raise OSError(
            f"The weights of {name} are not on this machine and cannot be downloaded ({error}). "
            f"Download {url} elsewhere and {then}, or pass weights=None to start from random ones."
        ) from error

"""What a backbone costs and where its weights are: for the command line and the documentation."""

import csv
import os
from pathlib import Path
from typing import NamedTuple

from torchvision import models

from skmedimg.networks._backbone_table import BACKBONES
from skmedimg.networks._download import place_of
from skmedimg.networks._efficientnet_lite import find_file

# Written by bench/studies/backbone_costs.py, which measures the seconds.
COSTS = Path(__file__).with_name("backbone_costs.csv")
INSTALL = 'pip install "skmedimg[weights]"'


class BackboneFacts(NamedTuple):
    """One backbone, as the list of backbones shows it; costs are None where nobody measured them.

    Attributes
    ----------
    name : str
    parameters : int
        Without the classifier.
    megabytes : float
        Size of the file of published weights.
    size, minimum : int
        Side of the images that the weights were made for, and the smallest side.
    seconds : float
        Time for the features of 100 images of this size, on one core of a CPU.
    license : str
        Of the published weights.
    source : str
        What brings them: an address, or a line to write.
    place : str
        The file that is used if it is there; "" for a package.
    is_here : bool
    """

    name: str
    parameters: int | None
    megabytes: float | None
    size: int
    minimum: int
    seconds: float | None
    license: str
    source: str
    place: str
    is_here: bool


def backbone_facts():
    """Return the facts of every backbone of the table, in its order."""
    costs = read_costs()
    return [_facts(name, row, costs.get(name, {})) for name, row in BACKBONES.items()]


def read_costs():
    """Return {name: {"parameters", "megabytes", "seconds"}} of the backbones that were measured."""
    with COSTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        row["name"]: {
            "parameters": int(row["parameters"]),
            "megabytes": float(row["megabytes"]),
            "seconds": float(row["seconds"]),
        }
        for row in rows
    }


def weights_are_here(name):
    """Return whether the published weights of a backbone of the table are on this machine."""
    return _facts(name, BACKBONES[name], {}).is_here


def _facts(name, row, cost):
    if row.package:
        place = find_file() or ""
        license, source = "Apache 2.0", INSTALL
    else:
        source = models.get_model_weights(name).DEFAULT.url
        place = place_of(source)
        license = "BSD 3-Clause"
    return BackboneFacts(
        name,
        cost.get("parameters"),
        cost.get("megabytes"),
        row.size,
        row.minimum,
        cost.get("seconds"),
        license,
        source,
        place,
        bool(place) and os.path.exists(place),
    )

"""Write model files as anybody could who has read how they are made: digests that fit."""

import hashlib
import json
import zipfile

MANIFEST = "manifest.json"


def write_signed(path, settings, members):
    """Write a model file of settings and {name: bytes}, with the digests that belong to them."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    manifest = {"format": "skmedimg-model", "version": 2, **settings, "members": digests}
    text = json.dumps(manifest, sort_keys=True).encode()
    manifest["digest"] = hashlib.sha256(text).hexdigest()
    with zipfile.ZipFile(path, "w") as file:
        for name, content in {MANIFEST: json.dumps(manifest).encode(), **members}.items():
            file.writestr(name, content)


def read_members(path):
    """Return the manifest of a model file, and its other members as {name: bytes}."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    return json.loads(members.pop(MANIFEST)), members

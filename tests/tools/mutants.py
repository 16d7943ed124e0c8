"""Damaged files: what a reader must survive."""

import gzip
import io
import struct
import zipfile
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from skmedimg.images import ImageReadError, read_image
from tests.saving._signed import read_members, write_signed

_NUMBERS = (0, 1, 2, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 10**5, 2**31 - 1, 2**32 - 1)
_SURPRISES = (
    *(None, True, 0, -1, 1.5, 3, 10**4, 10**9, 10**20, float("nan"), "", "x", "sgd", "..", [], {}),
    *([-1], [10**9], {"class": "skmedimg.neural.ScratchCNN"}, {"array": 10**6}, {"tuple": [0, 0]}),
)
_PNG_HEAD = 8


def survive_mutations(path, whole, seeds):
    """Read mutants of a file: an image or an ImageReadError that names it, nothing else."""
    refusals = []
    for seed in seeds:
        path.write_bytes(mutant(whole, np.random.RandomState(seed)))
        try:
            assert read_image(path, max_pixels=10**6).ndim in (2, 3)
        except ImageReadError as error:
            refusals.append(str(error))
    assert refusals
    assert all(path.name in refusal for refusal in refusals)


def mutant(data, random):
    """Return the bytes with some of them changed, cut out, doubled, or cut off."""
    data = bytearray(data)
    for _ in range(random.randint(1, 8)):
        place = random.randint(len(data))
        data[place] = random.choice([0, 255, random.randint(256)])
    start, length = random.randint(len(data)), random.randint(1, 40)
    edits = (data, data[:start], data[:start] + data[start + length :], data[:start] + data)
    return bytes(edits[random.randint(4)]) or b"\0"


def renumbered(data, random):
    """Return the bytes with a few numbers that programs trip over, mostly in the header."""
    data = bytearray(data.ljust(8, b"\0"))
    for _ in range(random.randint(1, 4)):
        code = random.choice(["<H", ">H", "<I", ">I"])
        most = len(data) - 4
        place = random.randint(min(most, 400) if random.randint(3) else most)
        number = _NUMBERS[random.randint(len(_NUMBERS))] % 256 ** struct.calcsize(code)
        struct.pack_into(code, data, place, number)
    return bytes(data)


def with_checksums(kind):
    """Return a way to damage what checksums of a container would give away, and to mend them."""
    through = {"png": _through_png, "gzip": _through_gzip, "zip": _through_zip}[kind]

    def damage(data, random, mutate):
        return through(data, random, mutate) if random.randint(2) else mutate(data, random)

    return damage


def forged_model(data, random, mutate):
    """Change what a saved model says and sign it anew, as whoever made the file could."""
    manifest, members = read_members(io.BytesIO(data))
    del manifest["digest"]
    if random.randint(3):
        for _ in range(random.randint(1, 4)):
            _replace_one(manifest["model"], random)
    else:
        name = sorted(members)[random.randint(len(members))]
        members[name] = mutate(members[name], random)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.skmed"
        write_signed(path, manifest, members)
        return path.read_bytes()


def _replace_one(tree, random):
    """Put a value that nobody expects somewhere into a tree of dicts and lists."""
    while True:
        keys = list(tree) if isinstance(tree, dict) else range(len(tree))
        if not len(keys):
            return
        key = keys[random.randint(len(keys))]
        inner = tree[key]
        if not isinstance(inner, (dict, list)) or not inner or not random.randint(8):
            tree[key] = _SURPRISES[random.randint(len(_SURPRISES))]
            return
        tree = inner


def without_checksums(data, random, mutate):
    """Damage a file as it lies there."""
    return mutate(data, random)


def _through_png(data, random, mutate):
    """Damage the contents of one chunk."""
    chunks, place = [], _PNG_HEAD
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        chunks.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    if not data.startswith(b"\x89PNG"):
        return mutate(data, random)
    hit = random.randint(len(chunks))
    kind, content = chunks[hit]
    packed = kind == b"IDAT" and random.randint(2)
    content = zlib.decompress(content) if packed else content
    content = mutate(content or b"\0", random)
    chunks[hit] = kind, zlib.compress(content) if packed else content
    return data[:_PNG_HEAD] + b"".join(
        struct.pack(">I", len(content)) + kind + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )  # fmt: skip


def _through_gzip(data, random, mutate):
    return gzip.compress(mutate(gzip.decompress(data), random), compresslevel=1)


def _through_zip(data, random, mutate):
    """Damage one member of an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    hit = sorted(members)[random.randint(len(members))]
    members[hit] = mutate(members[hit] or b"\0", random)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()

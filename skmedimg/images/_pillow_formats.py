"""Read JPEG, PNG, TIFF, BMP, WebP, GIF and PGM/PPM files with Pillow."""

import re

import numpy as np
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from skmedimg.images._limits import ImageReadError, check_frame, check_pixels

# Only these decoders ever run, by the first bytes of a file. Image.open would also try formats like
# EPS, for which it starts Ghostscript.
READERS = {
    b"\xff\xd8\xff": ("JPEG", JpegImagePlugin.JpegImageFile),
    b"\x89PNG\r\n\x1a\n": ("PNG", PngImagePlugin.PngImageFile),
    b"II*\0": ("TIFF", TiffImagePlugin.TiffImageFile),
    b"MM\0*": ("TIFF", TiffImagePlugin.TiffImageFile),
    b"II+\0": ("TIFF", TiffImagePlugin.TiffImageFile),
    b"MM\0+": ("TIFF", TiffImagePlugin.TiffImageFile),
    b"BM": ("BMP", BmpImagePlugin.BmpImageFile),
    b"RIFF": ("WebP", WebPImagePlugin.WebPImageFile),
    b"GIF8": ("GIF", GifImagePlugin.GifImageFile),
    b"P2": ("PGM", PpmImagePlugin.PpmImageFile),
    b"P5": ("PGM", PpmImagePlugin.PpmImageFile),
    b"P6": ("PPM", PpmImagePlugin.PpmImageFile),
}
# Bytes per pixel of the layouts of 16-bit channels.
_DEEP_BYTES = {"RGB;16B": 6, "RGBA;16B": 8}
# What undoes each EXIF orientation; 1 is upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION = 0x0112

# Progressive JPEGs have about ten scans. Each scan works on all pixels, and can be ten bytes.
_MAX_SCANS = 100
_START_OF_SCAN = b"\xff\xda"

# PGM and PPM: Pillow reads the header byte by byte, and copies a block of pixels per comment in it.
_MAX_HEADER = 2**16
_MAX_COMMENTS = 1000

# Frames that are counted for a message, of formats whose header does not say how many there are.
# Those of TIFF are found without decoding them.
_COUNTED = {"TIFF": 20, "GIF": 1}

_ALPHA_BLOCK = 2**16  # pixels


def signature_of(head):
    """Return the key of `READERS` that a file starts with, or None."""
    return next((signature for signature in READERS if head.startswith(signature)), None)


def read_picture(path, file, head, color, frame, max_pixels, draft_size):
    """Return the pixels of a file of one of `READERS`, upright and without transparency."""
    name, reader = READERS[signature_of(head)]
    with open_picture(path, file, head, max_pixels) as picture:
        _seek(path, picture, frame)
        # Once more: another page may be larger than the first.
        check_pixels(path, *picture.size, max_pixels)
        # 16-bit color: Pillow has no mode for it.
        if name == "PNG" and picture.mode[0] != "I" and "16B" in str(picture.tile[0]):
            layout = picture.tile[0].args
            check_pixels(path, *picture.size, max_pixels, _DEEP_BYTES.get(layout, 0))
            return _without_alpha(_deep_png(file, reader, layout))
        if name == "JPEG":
            _check_scans(path, file, picture)
            _draft(picture, color, draft_size)
        picture.load()
        return plain_picture(upright(picture, name), path)


def open_picture(path, file, head, max_pixels):
    """Return a picture that is not decoded yet; raise where its header gives too many pixels."""
    name, reader = READERS[signature_of(head)]
    if name == "WebP":  # the decoder allocates the canvas before the picture is open
        check_pixels(path, *webp_size(head), max_pixels)
    if name in ("PGM", "PPM"):
        _check_comments(path, file)
    # Not Image.open: its size limit is a global setting. Without the name of the file, because
    # Pillow would map the file by it.
    picture = reader(file)
    check_pixels(path, *picture.size, max_pixels)
    return picture


def webp_size(head):
    """Return (width, height) from the first bytes of a WebP file (RFC 9649)."""
    if head[12:16] == b"VP8X":
        return tuple(int.from_bytes(head[k : k + 3], "little") + 1 for k in (24, 27))
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return tuple(int.from_bytes(head[k : k + 2], "little") & 0x3FFF for k in (26, 28))


def _seek(path, picture, frame):
    """Go to a frame of a picture; raise where it has others and none is chosen."""
    if picture.format not in _COUNTED:
        picture.seek(check_frame(path, frame, getattr(picture, "n_frames", 1)))
        return
    # Not n_frames: it walks through all frames, in minutes where there are many.
    last = frame
    if frame is None:
        last = _COUNTED[picture.format] if picture.is_animated else 0
    for number in range(1, last + 1):
        try:
            picture.seek(number)
        except EOFError:
            check_frame(path, frame, number)
    check_frame(path, frame, last + 1, exact=False)


def _check_scans(path, file, picture):
    """Raise where a JPEG, which was read up to the first scan, has very many."""
    # After a baseline scan of all colors nothing more is decoded, and most files have such a one:
    # two bytes of marker, two of length, one of count, two per color and three of settings.
    pixels = file.tell()
    file.seek(pixels - 8 - 2 * picture.layers)
    if file.read(2) == _START_OF_SCAN and "progressive" not in picture.info:
        return
    file.seek(pixels)
    scans = 1 + file.count(_START_OF_SCAN)
    if scans > _MAX_SCANS:
        raise ImageReadError(
            f"{path!r} has {scans} scans, as no camera writes; at most {_MAX_SCANS} are read."
        )


def _check_comments(path, file):
    """Raise where comments make the header of a PGM or PPM long, or fill its pixels."""
    head = file.read(_MAX_HEADER)
    # The kind, width, height and largest value; a shorter file is for Pillow to judge.
    tokens = re.sub(rb"#[^\r\n]*", b"", head).split()
    if len(head) == _MAX_HEADER and len(tokens) < 4:
        raise ImageReadError(f"{path!r} has a header of more than {_MAX_HEADER} bytes.")
    if head[:2] == b"P2" and (comments := head.count(b"#") + file.count(b"#")) > _MAX_COMMENTS:
        raise ImageReadError(f"{path!r} has {comments} comments; at most {_MAX_COMMENTS} are read.")
    file.seek(0)


def _draft(picture, color, draft_size):
    """Set the JPEG decoder to skip colors, and to reduce by 2, 4 or 8 where that is enough."""
    height, width = draft_size or picture.size[::-1]
    # Orientations above 4 swap the sides: the decoder works on the image before it is turned.
    if draft_size and picture.getexif().get(_ORIENTATION, 1) > 4:
        height, width = width, height
    picture.draft("L" if color == "gray" else picture.mode, (width, height))


def _deep_png(file, reader, layout):
    """Return a PNG of 16-bit channels; Pillow keeps one byte of each, so it is decoded twice."""
    if layout == "LA;16B":  # gray and alpha of 16 bits are as wide as four channels of 8
        return _decoded_as(file, reader, "RGBA").view(">u2").astype(np.uint16)
    # Pillow keeps the high byte of each channel. Stored numbers are big-endian ("16B"), so if
    # they are read as little-endian ("16L"), it keeps the low byte.
    pixels = _decoded_as(file, reader, layout).astype(np.uint16)
    pixels <<= 8  # in place, as all of this is large
    pixels |= _decoded_as(file, reader, layout[:-1] + "L")
    return pixels


def _decoded_as(file, reader, rawmode):
    """Return a PNG decoded with another layout of its bytes than its header asks for."""
    file.seek(0)
    with reader(file) as picture:
        picture.tile = [picture.tile[0]._replace(args=rawmode)]
        picture.load()
        return np.asarray(upright(picture, "PNG"))


def upright(picture, name):
    """Return a picture turned as its EXIF orientation says."""
    orientation = picture.getexif().get(_ORIENTATION)
    turn = None if name == "TIFF" else _UPRIGHT.get(orientation)  # Pillow turns TIFF by itself
    return picture if turn is None else picture.transpose(turn)


def plain_picture(picture, path):
    """Return a picture of any mode as gray or RGB: a picture of 8 bits, or an array."""
    mode = picture.mode
    # A palette of grays means a gray image.
    if mode == "P":
        mode = "L" if _has_gray_palette(picture) else "RGB"
    elif mode in ("1", "CMYK", "YCbCr", "RGBX", "PA", "La", "RGBa"):
        mode = {"1": "L", "PA": "RGBA", "La": "LA", "RGBa": "RGBA"}.get(mode, "RGB")
    if "transparency" in picture.info and mode in ("L", "RGB"):
        mode = {"L": "LA", "RGB": "RGBA"}[mode]
    # Pillow opens 16-bit PNG and PGM as 32-bit "I"; TIFF of mode "I" really has 32 bits.
    if mode.startswith("I;16") or (mode == "I" and picture.format in ("PNG", "PPM")):
        return np.array(picture).astype(np.uint16)
    if mode not in ("L", "LA", "RGB", "RGBA", "I", "F"):
        raise ImageReadError(f"{path!r} has pixels of mode {mode!r}; store it as gray or RGB.")
    picture = picture if mode == picture.mode else picture.convert(mode)
    return picture if mode in ("L", "RGB") else _without_alpha(np.array(picture))


def _has_gray_palette(picture):
    palette = np.reshape(picture.getpalette("RGB"), (-1, 3))
    return bool((palette == palette[:, :1]).all())


def _without_alpha(pixels):
    """Return pixels without alpha, on black: colors under transparent pixels are arbitrary."""
    if pixels.ndim == 2 or pixels.shape[2] in (1, 3):
        return pixels
    full = int(np.iinfo(pixels.dtype).max)
    # Products of two values need twice the bits.
    wide = np.uint16 if pixels.dtype == np.uint8 else np.uint32
    sides, channels = pixels.shape[:2], pixels.shape[2] - 1
    pixels = pixels.reshape(-1, channels + 1)
    values = np.array(pixels[:, :-1])
    # Block by block: the products of a whole image would take twice its memory.
    for start in range(0, len(pixels), _ALPHA_BLOCK):
        block = slice(start, start + _ALPHA_BLOCK)
        alpha = pixels[block, -1:]
        if (alpha != full).any():  # rounded division
            values[block] = (values[block].astype(wide) * alpha + full // 2) // full
    return values.reshape(sides if channels == 1 else (*sides, channels))

"""Read JPEG, PNG, TIFF, BMP, WebP, GIF and PGM/PPM files with Pillow."""

import mmap

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


def signature_of(head):
    """Return the key of `READERS` that a file starts with, or None."""
    return next((signature for signature in READERS if head.startswith(signature)), None)


def read_picture(path, head, color, frame, max_pixels, draft_size):
    """Return the pixels of a file of one of `READERS`, upright and without transparency."""
    name, reader = READERS[signature_of(head)]
    with open(path, "rb") as file, open_picture(path, file, head, max_pixels) as picture:
        picture.seek(check_frame(path, frame, getattr(picture, "n_frames", 1)))
        # Once more: another page may be larger than the first.
        check_pixels(path, *picture.size, max_pixels)
        # 16-bit color: Pillow has no mode for it.
        if name == "PNG" and picture.mode[0] != "I" and "16B" in str(picture.tile[0]):
            return _without_alpha(_deep_png(path, reader))
        if name == "JPEG":
            _draft(picture, color, draft_size)
        picture.load()
        return _plain(_upright(picture, name), path)


def open_picture(path, file, head, max_pixels):
    """Return a picture that is not decoded yet; raise where its header gives too many pixels."""
    name, reader = READERS[signature_of(head)]
    if name == "WebP":  # the decoder allocates the canvas before the picture is open
        check_pixels(path, *webp_size(head), max_pixels)
    if name == "PNG":  # a chunk may promise 4 GB; a map never gives more than there is
        file = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    picture = reader(file, path)  # not Image.open: its size limit is a global setting
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


def _draft(picture, color, draft_size):
    """Set the JPEG decoder to skip colors, and to reduce by 2, 4 or 8 where that is enough."""
    height, width = draft_size or picture.size[::-1]
    # Orientations above 4 swap the sides: the decoder works on the image before it is turned.
    if draft_size and picture.getexif().get(_ORIENTATION, 1) > 4:
        height, width = width, height
    picture.draft("L" if color == "gray" else picture.mode, (width, height))


def _deep_png(path, reader):
    """Return a PNG of 16-bit channels; Pillow keeps one byte of each, so it is decoded twice."""
    with open(path, "rb") as file, reader(file, path) as picture:
        layout = picture.tile[0].args
        # Pillow keeps the high byte of each channel. Stored numbers are big-endian ("16B"), so if
        # they are read as little-endian ("16L"), it keeps the low byte.
        rawmodes = ("RGBA",) if layout == "LA;16B" else (layout, layout[:-1] + "L")
    planes = [_decoded_as(path, reader, rawmode) for rawmode in rawmodes]
    if len(planes) == 1:  # gray and alpha of 16 bits are as wide as four channels of 8
        return planes[0].view(">u2").astype(np.uint16)
    return planes[0].astype(np.uint16) << 8 | planes[1]


def _decoded_as(path, reader, rawmode):
    """Return a PNG decoded with another layout of its bytes than its header asks for."""
    with open(path, "rb") as file, reader(file, path) as picture:
        picture.tile = [picture.tile[0]._replace(args=rawmode)]
        picture.load()
        return np.array(_upright(picture, "PNG"))


def _upright(picture, name):
    orientation = picture.getexif().get(_ORIENTATION)
    turn = None if name == "TIFF" else _UPRIGHT.get(orientation)  # Pillow turns TIFF by itself
    return picture if turn is None else picture.transpose(turn)


def _plain(picture, path):
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
    values, alpha = pixels[..., :-1], pixels[..., -1:]
    if (alpha != full).any():
        # Rounded division, in integers wide enough for 65535 * 65535.
        values = (values.astype(np.uint64) * alpha + full // 2) // full
    return (values[..., 0] if values.shape[2] == 1 else values).astype(pixels.dtype)

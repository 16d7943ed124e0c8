"""read_image gives what the files hold, and one kind of error for what they do not."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from skmedimg.images import ImageReadError, read_image
from tests.tools.mutants import survive_mutations

GRAY = np.random.RandomState(0).randint(0, 256, (37, 53)).astype(np.uint8)
RGB = np.random.RandomState(1).randint(0, 256, (37, 53, 3)).astype(np.uint8)
DEEP = np.random.RandomState(2).randint(0, 65536, (37, 53)).astype(np.uint16)
SMOOTH = np.add.outer(np.arange(64), np.arange(96)).astype(np.uint8)


@pytest.fixture
def save(tmp_path):
    """Write an array or a Pillow image to a file and return its path."""

    def write(image, name, **options):
        path = tmp_path / name
        picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
        picture.save(path, **options)
        return path

    return write


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, color_type, rows):
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "pgm"])
def test_gray_files_equal_what_scikit_image_reads(save, suffix):
    from skimage.io import imread

    path = save(GRAY, f"a.{suffix}")
    np.testing.assert_array_equal(read_image(path), imread(path))
    np.testing.assert_array_equal(read_image(path), GRAY)


@pytest.mark.parametrize("suffix", ["png", "tiff", "bmp", "webp", "ppm"])
def test_color_files_come_back_to_the_bit(save, suffix):
    options = {"lossless": True} if suffix == "webp" else {}
    np.testing.assert_array_equal(read_image(save(RGB, f"a.{suffix}", **options)), RGB)


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_16_bit_files_stay_16_bit(save, suffix):
    image = read_image(save(DEEP, f"a.{suffix}"), color="gray")
    assert image.dtype == np.uint16
    np.testing.assert_array_equal(image, DEEP)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_compressed_tiff_files_are_read(save, compression):
    np.testing.assert_array_equal(read_image(save(GRAY, "a.tif", compression=compression)), GRAY)


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_32_bit_tiff_files_keep_their_values(save, dtype):
    image = (DEEP.astype(dtype) - 1000) * 3
    np.testing.assert_array_equal(read_image(save(image, "a.tif")), image)


def test_big_endian_tiff_comes_in_native_order(save):
    picture = Image.frombytes("I;16B", (53, 37), DEEP.astype(">u2").tobytes())
    image = read_image(save(picture, "a.tif"))
    assert image.dtype == np.dtype(np.uint16)
    np.testing.assert_array_equal(image, DEEP)


@pytest.mark.parametrize(("color_type", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_16_bit_channels_of_png_are_not_cut_to_8_bits(tmp_path, color_type, channels):
    values = np.random.RandomState(3).randint(0, 65536, (2, 3, channels)).astype(">u2")
    if channels in (2, 4):
        values[..., -1] = 65535
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    (tmp_path / "a.png").write_bytes(png(3, 2, 16, color_type, rows))
    colors = values.astype(np.uint16)[..., : 3 if channels > 2 else 1]
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), np.squeeze(colors))


def test_both_bytes_of_filtered_16_bit_rows_equal_what_pillow_decodes(tmp_path):
    rows = [np.random.RandomState(k).randint(0, 256, 7 * 6).astype(np.uint8) for k in range(10)]
    swapped = [row.reshape(-1, 2)[:, ::-1].ravel() for row in rows]
    for name, lines in (("a.png", rows), ("swapped.png", swapped)):
        filtered = b"".join(bytes([k % 5]) + line.tobytes() for k, line in enumerate(lines))
        (tmp_path / name).write_bytes(png(7, 10, 16, 2, filtered))
    image = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(image >> 8, np.asarray(Image.open(tmp_path / "a.png")))
    np.testing.assert_array_equal(image & 255, np.asarray(Image.open(tmp_path / "swapped.png")))


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_few_bits_span_the_whole_range_of_8(tmp_path, depth):
    (tmp_path / "a.png").write_bytes(
        png(2, 1, depth, 0, bytes([0, (2**depth - 1) << (8 - 2 * depth)]))
    )
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), [[0, 255]])


def test_jpeg_equals_pillow(save):
    path = save(RGB, "a.jpg", quality=95)
    np.testing.assert_array_equal(read_image(path), np.asarray(Image.open(path)))


def test_gray_of_a_color_jpeg_is_its_luminance(save):
    path = save(np.repeat(SMOOTH[..., None], 3, axis=2), "a.jpg", quality=95)
    gray = np.asarray(Image.open(path).convert("L")).astype(int)
    assert abs(read_image(path, color="gray") - gray).max() <= 1


def test_colors_turn_gray_as_in_pillow(save):
    np.testing.assert_array_equal(
        read_image(save(RGB, "a.png"), color="gray"), np.asarray(Image.fromarray(RGB).convert("L"))
    )


def test_gray_becomes_three_equal_channels(save):
    np.testing.assert_array_equal(
        read_image(save(GRAY, "a.png"), color="rgb"), np.stack([GRAY] * 3, axis=-1)
    )


def test_a_palette_is_looked_up(save):
    picture = Image.fromarray(RGB).quantize(16)
    np.testing.assert_array_equal(
        read_image(save(picture, "a.png")), np.asarray(picture.convert("RGB"))
    )


def test_a_gray_palette_is_kept_gray(save):
    picture = Image.fromarray(GRAY // 128)
    picture.putpalette([0, 0, 0, 200, 200, 200])
    np.testing.assert_array_equal(read_image(save(picture, "a.png")), GRAY // 128 * 200)


def test_transparent_pixels_become_black(save):
    pixels = np.array([[[200, 100, 50, 255], [200, 100, 50, 0], [200, 100, 50, 128]]], np.uint8)
    np.testing.assert_array_equal(
        read_image(save(pixels, "a.png")), [[[200, 100, 50], [0, 0, 0], [100, 50, 25]]]
    )


def test_a_transparent_gray_level_becomes_black(save):
    image = np.array([[7, 9]], np.uint8)
    np.testing.assert_array_equal(read_image(save(image, "a.png", transparency=9)), [[7, 0]])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_images_are_turned_upright_as_pillow_turns_them(save, suffix, orientation):
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(SMOOTH, f"a.{suffix}", exif=exif)
    # From memory: Pillow 13 maps an uncompressed TIFF by its name, with the sides swapped.
    with Image.open(io.BytesIO(path.read_bytes())) as picture:
        expected = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    np.testing.assert_array_equal(read_image(path, color="rgb"), expected)


def test_draft_reads_at_a_smaller_scale_but_not_below_what_is_wanted(save):
    path = save(np.kron(SMOOTH, np.ones((8, 8))).astype(np.uint8), "a.jpg")
    assert read_image(path).shape == (512, 768)
    assert read_image(path, draft_size=(100, 100)).shape == (128, 192)
    assert read_image(path, draft_size=(130, 100)).shape == (256, 384)


def test_draft_minds_that_an_image_will_be_turned(save):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save(np.kron(SMOOTH, np.ones((8, 8))).astype(np.uint8), "a.jpg", exif=exif)
    assert read_image(path).shape == (768, 512)
    assert read_image(path, draft_size=(384, 200)).shape == (384, 256)


def test_the_content_decides_and_not_the_name(save):
    path = save(GRAY, "a.png")
    np.testing.assert_array_equal(read_image(path.rename(path.with_suffix(".jpg"))), GRAY)


def test_names_with_spaces_and_accents_are_read(save):
    np.testing.assert_array_equal(read_image(save(GRAY, "tête à gauche (1) ü日本.png")), GRAY)


def test_pages_of_a_tiff_are_refused_unless_one_is_chosen(save):
    pages = [Image.fromarray(GRAY), Image.fromarray(255 - GRAY)]
    path = save(pages[0], "a.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(ImageReadError, match=r"a\.tif.*holds 2 images.*frame=i"):
        read_image(path)
    np.testing.assert_array_equal(read_image(path, frame=1), 255 - GRAY)
    with pytest.raises(ImageReadError, match="no frame=2"):
        read_image(path, frame=2)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "BMP", "PPM"])
def test_a_truncated_file_is_named(tmp_path, kind):
    path = tmp_path / "cut.img"
    data = encoded(GRAY, kind)
    path.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(ImageReadError, match=r"cut\.img' cannot be decoded: \S+"):
        read_image(path)


def test_empty_files_folders_and_pipes_are_named_and_nothing_hangs(tmp_path):
    (tmp_path / "empty.png").touch()
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ImageReadError, match=r"empty\.png' is empty"):
        read_image(tmp_path / "empty.png")
    with pytest.raises(ImageReadError, match=r"pipe\.png' is not a file but"):
        read_image(tmp_path / "pipe.png")
    with pytest.raises(ImageReadError, match="is not a file but a folder"):
        read_image(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"missing\.png"):
        read_image(tmp_path / "missing.png")


class Bomb:
    """Would write a file if anything unpickled it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_pickles_and_texts_are_no_images(tmp_path):
    import pickle

    (tmp_path / "a.png").write_bytes(pickle.dumps(Bomb(tmp_path / "proof")))
    np.save(tmp_path / "b.npy", np.array([Bomb(tmp_path / "proof")]), allow_pickle=True)
    (tmp_path / "c.jpg").write_text("<html>not found</html>")
    for name in ("a.png", "b.npy", "c.jpg"):
        with pytest.raises(ImageReadError, match=f"{name}' is not an image: it starts with"):
            read_image(tmp_path / name)
    assert not (tmp_path / "proof").exists()


@pytest.mark.parametrize("width", [20_000, 2**31 - 1])
def test_decompression_bombs_are_refused_before_decoding(tmp_path, width):
    (tmp_path / "bomb.png").write_bytes(png(width, 20_000, 8, 0, b""))
    with pytest.raises(ImageReadError, match=rf"bomb\.png' has {width} x 20000 pixels.*max_pixels"):
        read_image(tmp_path / "bomb.png")


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0"}])
def test_the_size_in_a_webp_header_is_found_without_decoding(tmp_path, options):
    (tmp_path / "half.webp").write_bytes(encoded(RGB, "WEBP", **options)[:132])
    with pytest.raises(ImageReadError, match="53 x 37 pixels, more than max_pixels=1960"):
        read_image(tmp_path / "half.webp", max_pixels=53 * 37 - 1)


@pytest.mark.parametrize("lossless", [True, False])
def test_webp_bombs_are_refused_before_their_canvas_is_allocated(tmp_path, lossless):
    data = encoded(np.zeros((16_000, 16), np.uint8), "WEBP", lossless=lossless)
    (tmp_path / "bomb.webp").write_bytes(data)
    with pytest.raises(ImageReadError, match=r"16 x 16000 pixels, more than max_pixels=1000"):
        read_image(tmp_path / "bomb.webp", max_pixels=1000)


def test_the_size_limit_is_ours_and_not_the_global_one_of_pillow(save, monkeypatch):
    path = save(GRAY, "a.png")
    with pytest.raises(ImageReadError, match="max_pixels=1960"):
        read_image(path, max_pixels=1960)
    assert read_image(path, max_pixels=1961).shape == (37, 53)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert read_image(path).shape == (37, 53)


def test_pages_are_held_to_the_size_limit_too(save):
    pages = [Image.new("L", (4, 4)), Image.new("L", (400, 400))]
    path = save(pages[0], "a.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(ImageReadError, match="400 x 400"):
        read_image(path, frame=1, max_pixels=1000)


def test_modes_without_gray_or_rgb_are_named(save):
    with pytest.raises(ImageReadError, match=r"a\.tif' has pixels of mode 'LAB'"):
        read_image(save(Image.new("LAB", (4, 4)), "a.tif"))


def test_values_that_are_not_finite_are_refused(save):
    with pytest.raises(ImageReadError, match="NaN or infinite"):
        read_image(save(np.full((4, 4), np.nan, np.float32), "a.tif"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"color": "bw"}, "color needs to be"),
        ({"frame": -1}, "frame needs to be"),
        ({"window": (40,)}, "window needs to be"),
        ({"max_pixels": 0}, "max_pixels needs to be"),
    ],
)
def test_wrong_options_are_named(save, options, message):
    with pytest.raises(ValueError, match=message):
        read_image(save(GRAY, "a.png"), **options)


def test_the_array_is_the_callers_own(save):
    for name in ("a.png", "a.jpg", "a.tif"):
        read_image(save(GRAY, name))[0, 0] = 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF", "PPM"])
def test_mutated_pictures_are_read_or_refused_in_one_way(tmp_path, kind):
    whole = encoded(np.repeat(SMOOTH[:24, :24, None], 3, axis=2), kind)
    survive_mutations(tmp_path / "mutant.img", whole, range(150))

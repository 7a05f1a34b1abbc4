"""Small pictures of every kind, and folders of them, for the tests of data sets."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = ("red", "lime", "blue", "white")


def content(image: Image.Image, ending: str = "png", **options) -> bytes:
    """An image as the bytes of a file."""
    file = io.BytesIO()
    image.save(file, {"jpg": "jpeg", "tif": "tiff"}.get(ending, ending), **options)
    return file.getvalue()


def plain(colour: str = "red", size: tuple[int, int] = (8, 8), ending: str = "png") -> bytes:
    return content(Image.new("RGB", size, colour), ending)


def noise(ending: str = "jpg") -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    return content(Image.fromarray(pixels), ending)


def enormous(side: int = 60_000) -> bytes:
    """A PNG whose header alone promises side x side pixels."""
    header = struct.pack(">II", side, side) + bytes([8, 2, 0, 0, 0])
    parts = []
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")):
        parts.append(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return content(Image.new("RGB", (8, 8), "red"), "jpg", exif=exif)


def animated() -> bytes:
    first, *others = [Image.new("RGB", (8, 8), colour) for colour in COLOURS]
    return content(first, "gif", save_all=True, append_images=others)


def put(folder: Path, name: str, data: bytes | None = None) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(plain() if data is None else data)


def labelled(folder: Path) -> Path:
    """Four pictures a.png to d.png, all in the training split, and a table of two attributes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, colour in zip("abcd", COLOURS, strict=True):
        put(folder, f"{name}.png", plain(colour))
    (folder / "labels.csv").write_text(
        "file,grin,age,split\na.png,1,10,train\nb.png,0,20,train\nc.png,1,30,train\nd.png,0,50,train\n"
    )
    return folder


def table(folder: Path, text: str, encoding: str = "utf-8") -> None:
    (folder / "labels.csv").write_bytes(text.encode(encoding))

"""Writes pillow.json: what Pillow makes of small pictures, for test_augment.cpp and test_image.cpp.

Run with Pillow 12 installed: python3 tests/data/make_pillow.py
(Pillow 13 resizes down before across where that is cheaper; the recipe is older.)
"""
import io
import json
import pathlib

import PIL
from PIL import Image, ImageEnhance, ImageOps

assert int(PIL.__version__.split(".")[0]) < 13, "Pillow 12 or older is needed"
BICUBIC = Image.Resampling.BICUBIC
STEPS = [ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color]


def pattern(width, height):
    """pattern() in the tests is the same."""
    image = Image.new("RGB", (width, height))
    for y in range(height):
        for x in range(width):
            image.putpixel((x, y), tuple(
                (x * x * 7 + y * y * 13 + x * y * (c + 3) + 31 * c) % 256 for c in range(3)))
    return image


def levels(image):
    return list(image.convert("RGB").tobytes())


def resized(width, height, out, box, mirror):
    image = pattern(width, height)
    if mirror:
        image = ImageOps.mirror(image)
    x, y, w, h = box
    return image.crop((x, y, x + w, y + h)).resize(out, BICUBIC)


def resize_case(width, height, out, box=None, mirror=False):
    box = box or [0, 0, width, height]
    return {"width": width, "height": height, "out": out, "box": box, "mirror": mirror,
            "rgb": levels(resized(width, height, out, box, mirror))}


def colour_case(step, factor):
    return {"step": step, "factor": factor,
            "rgb": levels(STEPS[step](pattern(12, 12)).enhance(factor))}


def chain_case(mirror, box, order, factors):
    image = resized(16, 16, (16, 16), box, mirror)
    for step in order:
        image = STEPS[step](image).enhance(factors[step])
    return {"mirror": mirror, "box": box, "order": order, "factors": factors, "rgb": levels(image)}


def file_case(name, image, **options):
    stream = io.BytesIO()
    image.save(stream, **options)
    return {"name": name, "hex": stream.getvalue().hex(), "width": image.width,
            "height": image.height, "rgb": levels(Image.open(stream))}


FACTORS = [0.0, 0.6, 0.7310586, 0.9, 1.0, 1.1, 1.2345679, 1.4, 2.5]
small = pattern(5, 4)
cases = {
    "pillow": PIL.__version__,
    "resize": [
        resize_case(7, 5, [12, 12]),
        resize_case(23, 17, [8, 8]),
        resize_case(40, 31, [9, 13]),
        resize_case(6, 6, [6, 6]),
        resize_case(9, 14, [9, 10]),
        resize_case(1, 1, [4, 4]),
        resize_case(2, 9, [5, 5]),
        resize_case(30, 30, [1, 2]),
        resize_case(16, 12, [11, 11], [2, 1, 9, 7]),
        resize_case(16, 12, [11, 11], [5, 3, 9, 7], mirror=True),
        resize_case(33, 20, [8, 8], [3, 1, 29, 19], mirror=True),
    ],
    "colour": [colour_case(step, factor) for step in range(3) for factor in FACTORS],
    "chain": [
        chain_case(False, [1, 2, 14, 13], [0, 1, 2], [0.6, 1.4, 1.3]),
        chain_case(True, [0, 1, 15, 14], [1, 2, 0], [1.37, 0.63, 0.71]),
        chain_case(True, [2, 0, 13, 16], [2, 0, 1], [1.1, 1.39, 0.6]),
        chain_case(False, [0, 0, 16, 16], [2, 1, 0], [0.83, 0.77, 1.4]),
    ],
    "files": [
        file_case("grey.png", small.convert("L"), format="PNG"),
        file_case("palette.png", small.quantize(16), format="PNG"),
        file_case("alpha.png", small.convert("RGBA"), format="PNG"),
        file_case("grey.jpg", Image.linear_gradient("L").resize((9, 7)), format="JPEG", quality=90),
        file_case("progressive.jpg", Image.linear_gradient("L").resize((9, 7)).convert("RGB"),
                  format="JPEG", quality=90, progressive=True, subsampling=0),
    ],
}
out = pathlib.Path(__file__).with_name("pillow.json")
lines = []
for key, value in cases.items():
    if isinstance(value, list):
        text = "[\n" + ",\n".join(json.dumps(v, separators=(",", ":")) for v in value) + "]"
    else:
        text = json.dumps(value)
    lines.append(f"{json.dumps(key)}: {text}")
out.write_text("{" + ",\n".join(lines) + "}\n")

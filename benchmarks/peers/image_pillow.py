"""Image preparation with Pillow and NumPy, one thread: what the authors' evaluation transform does to a JPEG in memory.

usage: image_pillow.py IMAGE
For each line that it reads, "decode" or "transform", it works for a fraction of a second and prints images per second,
so that the caller can measure itself in between.
"""
import io
import sys
import time

import numpy as np
from PIL import Image

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)
SECONDS = 0.25


def decode(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image if image.mode == "RGB" else image.convert("RGB")


def transform(data):
    image = decode(data).resize((256, 256), Image.BICUBIC).crop((16, 16, 240, 240))
    values = np.asarray(image).transpose(2, 0, 1).astype(np.float32, order="C")
    values /= 255
    values -= MEAN[:, None, None]
    values /= STD[:, None, None]
    return values


def images_per_second(work, data):
    start, count = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - start) < SECONDS:
        work(data)
        count += 1
    return count / elapsed


with open(sys.argv[1], "rb") as file:
    encoded = file.read()
for line in sys.stdin:
    print(images_per_second({"decode": decode, "transform": transform}[line.strip()], encoded), flush=True)

"""The authors' training transform with Pillow and NumPy, one thread, on decoded photographs.

usage: augment_pillow.py FOLDER
The chain is timm 0.4.12's for rand-m9-mstd0.5-inc1: a random resized crop (bicubic, 224), a flip, two of fifteen operations with
probability 1/2 each, normalisation, random erasing with probability 1/4. For each line that it reads, the name of a part ("all",
"crop", or an operation's), it works for a fraction of a second of processor time and prints images per second, so that the caller
can measure itself in between.
"""
import math
import os
import random
import sys
import time

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

SIZE, SECONDS = 224, 0.5
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)
FILL = (124, 116, 104)


def crop(image):
    width, height = image.size
    for _ in range(10):
        area = random.uniform(0.08, 1) * width * height
        ratio = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if w <= width and h <= height:
            top, left = random.randint(0, height - h), random.randint(0, width - w)
            return image.crop((left, top, left + w, top + h)).resize((SIZE, SIZE), Image.BICUBIC)
    side = min(width, height)
    return image.crop((0, 0, side, side)).resize((SIZE, SIZE), Image.BICUBIC)


def affine(image, *matrix):
    return image.transform(image.size, Image.AFFINE, matrix, resample=Image.BICUBIC, fillcolor=FILL)


def solarize_add(image, addend):
    table = [min(255, i + addend) if i < 128 else i for i in range(256)]
    return image.point(table * 3)


def signed(value):
    return -value if random.random() > 0.5 else value


OPERATIONS = {
    "AutoContrast": lambda image, m: ImageOps.autocontrast(image),
    "Equalize": lambda image, m: ImageOps.equalize(image),
    "Invert": lambda image, m: ImageOps.invert(image),
    "Rotate": lambda image, m: image.rotate(signed(m * 30), resample=Image.BICUBIC, fillcolor=FILL),
    "PosterizeIncreasing": lambda image, m: ImageOps.posterize(image, 4 - int(m * 4)),
    "SolarizeIncreasing": lambda image, m: ImageOps.solarize(image, 256 - int(m * 256)),
    "SolarizeAdd": lambda image, m: solarize_add(image, int(m * 110)),
    "ColorIncreasing": lambda image, m: ImageEnhance.Color(image).enhance(1 + signed(m * 0.9)),
    "ContrastIncreasing": lambda image, m: ImageEnhance.Contrast(image).enhance(1 + signed(m * 0.9)),
    "BrightnessIncreasing": lambda image, m: ImageEnhance.Brightness(image).enhance(1 + signed(m * 0.9)),
    "SharpnessIncreasing": lambda image, m: ImageEnhance.Sharpness(image).enhance(1 + signed(m * 0.9)),
    "ShearX": lambda image, m: affine(image, 1, signed(m * 0.3), 0, 0, 1, 0),
    "ShearY": lambda image, m: affine(image, 1, 0, 0, signed(m * 0.3), 1, 0),
    "TranslateXRel": lambda image, m: affine(image, 1, 0, signed(m * 0.45) * image.size[0], 0, 1, 0),
    "TranslateYRel": lambda image, m: affine(image, 1, 0, 0, 0, 1, signed(m * 0.45) * image.size[1]),
}
NAMES = list(OPERATIONS)


def rand_augment(image):
    for name in np.random.choice(NAMES, 2):
        if random.random() <= 0.5:
            image = OPERATIONS[name](image, min(10, max(0, random.gauss(9, 0.5))) / 10)
    return image


def normalize(image):
    values = np.asarray(image).transpose(2, 0, 1).astype(np.float32, order="C")
    values /= 255
    values -= MEAN[:, None, None]
    values /= STD[:, None, None]
    return values


def erase(values):
    if random.random() > 0.25:
        return
    for _ in range(10):
        area = random.uniform(0.02, 1 / 3) * SIZE * SIZE
        ratio = math.exp(random.uniform(math.log(0.3), math.log(1 / 0.3)))
        h, w = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if w < SIZE and h < SIZE:
            top, left = random.randint(0, SIZE - h), random.randint(0, SIZE - w)
            values[:, top:top + h, left:left + w] = GENERATOR.standard_normal((3, h, w), np.float32)
            return


def transform(image):
    image = crop(image)
    if random.random() < 0.5:
        image = image.transpose(Image.FLIP_LEFT_RIGHT)
    values = normalize(rand_augment(image))
    erase(values)
    return values


GENERATOR = np.random.default_rng()
folder = sys.argv[1]
photographs = [Image.open(os.path.join(folder, name)).convert("RGB") for name in sorted(os.listdir(folder)) if name.lower().endswith((".jpg", ".jpeg"))][:32]
squares = [image.resize((SIZE, SIZE)) for image in photographs]
for line in sys.stdin:
    part = line.strip()
    work = {"all": transform, "crop": crop}.get(part) or (lambda image: OPERATIONS[part](image, 0.9))
    images = photographs if part in ("all", "crop") else squares
    start, count = time.process_time(), 0
    while (elapsed := time.process_time() - start) < SECONDS:
        work(images[count % len(images)])
        count += 1
    print(count / elapsed, flush=True)

#!/usr/bin/env python3
"""Makes the training set of the shipped classifier: CIFAR-10 as JPEG and, to its training images, 10,499 photographs of Tiny ImageNet.

usage: add_tiny_imagenet.py TINY CIFAR OUTPUT
  TINY    the unpacked tiny-imagenet-200 (http://cs231n.stanford.edu/tiny-imagenet-200.zip)
  CIFAR   a folder of CIFAR-10's images, with train/CLASS/*.jpg and test/CLASS/*.jpg
  OUTPUT  a folder that is not there yet

The photographs, 64×64 pixels, are shrunk to 32×32 and stored as JPEG of quality 75, as CIFAR's images are, so that neither size
nor sharpness tells which set an image is from. Needs Pillow (9.4 made the shipped network's set).
"""
import pathlib
import shutil
import sys

from PIL import Image

# Tiny ImageNet's classes that are one of CIFAR-10's. It has no airplane, no deer (gazelles are none) and no horse.
CLASSES = {
    "automobile": ["n02814533", "n03100240", "n03670208", "n04285008"],  # beach wagon, convertible, limousine, sports car
    "bird": ["n01855672", "n02002724", "n02056570", "n02058221"],  # goose, black stork, king penguin, albatross
    "cat": ["n02123045", "n02123394", "n02124075"],  # tabby, Persian cat, Egyptian cat
    # Chihuahua, Yorkshire terrier, golden retriever, Labrador retriever, German shepherd, standard poodle
    "dog": ["n02085620", "n02094433", "n02099601", "n02099712", "n02106662", "n02113799"],
    "frog": ["n01641577", "n01644900"],  # bullfrog, tailed frog
    "ship": ["n03662601"],  # lifeboat
    "truck": ["n03796401"],  # moving van
}

# Another crop of the bullfrog in photographs.tsv: the photographs of the list are not trained on.
LEFT_OUT = {"n01641577_245"}


def add(tiny, output):
    count = 0
    for name, synsets in CLASSES.items():
        for synset in synsets:
            photographs = sorted((tiny / "train" / synset / "images").glob("*.JPEG"))
            if not photographs:
                sys.exit(f"add_tiny_imagenet.py: {tiny} has no photographs of {synset}")
            for photograph in photographs:
                if photograph.stem in LEFT_OUT:
                    continue
                with Image.open(photograph) as image:
                    small = image.convert("RGB").resize((32, 32), Image.BICUBIC)
                small.save(output / "train" / name / f"{photograph.stem}.jpg", quality=75)
                count += 1
    return count


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    tiny, cifar, output = map(pathlib.Path, sys.argv[1:])
    if output.exists():
        sys.exit(f"add_tiny_imagenet.py: {output} is there already")
    shutil.copytree(cifar, output)
    print(f"{add(tiny, output)} photographs added to {output}")

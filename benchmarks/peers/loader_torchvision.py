"""Images/s of torchvision's training pipeline on a folder of classes: Pillow decoding, RandomResizedCrop (bicubic), flip, normalisation.

usage: loader_torchvision.py FOLDER [SIZE [EPOCHS]]
Prints images per second and images per second of processor time, which other programs on the machine disturb less. One
process without workers, so that a core is a core.
"""
import sys
import time

import torch
from torchvision import transforms
from torchvision.datasets import ImageFolder

torch.set_num_threads(1)
size = int(sys.argv[2]) if len(sys.argv) > 2 else 224
transform = transforms.Compose([
    transforms.RandomResizedCrop(size, interpolation=transforms.InterpolationMode.BICUBIC),
    transforms.RandomHorizontalFlip(),
    transforms.ToTensor(),
    transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
])
# The usual set holds a .gif that our loader passes over.
dataset = ImageFolder(sys.argv[1], transform, is_valid_file=lambda path: path.lower().endswith((".jpg", ".jpeg", ".png", ".webp", ".bmp")))
loader = torch.utils.data.DataLoader(dataset, batch_size=8, shuffle=True, drop_last=True)
for epoch in range(int(sys.argv[3]) if len(sys.argv) > 3 else 4):
    wall, cpu, images = time.perf_counter(), time.process_time(), 0
    for batch, _ in loader:
        images += len(batch)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"epoch {epoch + 1}: {images} images, {images / wall:.0f} images/s, {images / cpu:.0f} a core", flush=True)

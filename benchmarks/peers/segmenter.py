#!/usr/bin/env python3
"""Measures a segmentation network in turns with its export in ONNX Runtime, and once the memory of a sliding window.

    dotnet build -c Release ../PolaFormer.Benchmarks && dotnet build -c Release ../PolaFormer.OnnxRuntimePeer
    segmenter.py [--model polapp_b1_ham] [--side 512] [--rounds 5]

Ours goes from images to the class of every pixel; the export to the logits of every pixel, from which classes are still to be found. A
ratio is the median of the rounds' own ratios. The product limit is the time of the network's multiply-adds at the speed of the best
matrix product, measured in the same process.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile

BENCHMARKS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def program(name):
    return ["dotnet", os.path.join(BENCHMARKS, name, "bin", "Release", "net10.0", f"{name}.dll")]


def line_of(*command):
    return json.loads(subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="polapp_b1_ham")
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6, help="measuring time of one competitor in one round")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--slide", type=int, nargs=3, default=[2048, 1024, 512], metavar=("WIDTH", "HEIGHT", "WINDOW"))
    options = parser.parse_args()
    ours = program("PolaFormer.Benchmarks") + ["--quick", "segmenter", options.model]
    with tempfile.TemporaryDirectory() as folder:
        onnx = os.path.join(folder, "network.onnx")
        subprocess.run([*ours, "export", onnx], check=True)
        peer = program("PolaFormer.OnnxRuntimePeer") + [onnx, "--size", options.side, options.side, "--threads", options.threads, "--seconds", options.seconds]
        rounds = []
        for turn in range(options.rounds):
            runs = [lambda: line_of(*ours, "whole", options.side, options.seconds, options.threads), lambda: line_of(*peer)]
            results = [None, None]
            for which in (0, 1) if turn % 2 == 0 else (1, 0):
                results[which] = runs[which]()
            rounds.append(results)
            mine, other = results
            print(f"round {turn + 1}: ours {mine['median_ms']:.1f} ms, {other['peer']} {other['median_ms']:.1f} ms, ratio {mine['median_ms'] / other['median_ms']:.3f}, product limit {mine['product_limit_ms']:.1f} ms", flush=True)
    median = lambda of: statistics.median(of(mine, other) for mine, other in rounds)
    print(f"{options.model} at {options.side}x{options.side}, {options.threads} threads: ours {median(lambda a, b: a['median_ms']):.1f} ms, {rounds[0][1]['peer']} {median(lambda a, b: b['median_ms']):.1f} ms")
    print(f"ratio {median(lambda a, b: a['median_ms'] / b['median_ms']):.3f}; to the product limit {median(lambda a, b: a['median_ms'] / a['product_limit_ms']):.3f}")
    print(f"classes of every pixel: fused {median(lambda a, b: a['classes_ms']):.2f} ms, resized and compared {median(lambda a, b: a['classes_composed_ms']):.2f} ms")
    slide = line_of(*ours, "slide", *options.slide, options.threads)
    print(f"{options.slide[0]}x{options.slide[1]} through windows of {options.slide[2]}: {slide['seconds']:.1f} s, tensors {slide['peak_tensor_bytes'] / 1e6:.0f} MB, process {slide['peak_rss_bytes'] / 1e6:.0f} MB at most")


main()

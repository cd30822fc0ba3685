"""Reads event files of ours with TensorBoard's own message definitions.

    python3 check_events.py FILE… [--protos FOLDER]

Takes the definitions from the tensorboard package where it is installed; otherwise compiles event.proto of FOLDER, a checkout of
TensorBoard (with tensorboard/compat/proto/), by protoc. Prints each curve's length and ends, checks every checksum, and fails where a
field is unknown to the definitions. Needs python3-protobuf.
"""
import argparse
import importlib
import os
import struct
import subprocess
import sys
import tempfile


def crc32c(data, table=[]):
    """Castagnoli's CRC, a bit at a time into a table."""
    if not table:
        for value in range(256):
            for _ in range(8):
                value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
            table.append(value)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return (crc >> 15 | crc << 17) + 0xA282EAD8 & 0xFFFFFFFF


def event_class(protos):
    if protos is None:
        return importlib.import_module("tensorboard.compat.proto.event_pb2").Event
    folder = tempfile.mkdtemp()
    names = [name for name in os.listdir(os.path.join(protos, "tensorboard", "compat", "proto")) if name.endswith(".proto")]
    subprocess.run(["protoc", f"--proto_path={protos}", f"--python_out={folder}", *(f"tensorboard/compat/proto/{name}" for name in names)], check=True)
    sys.path.insert(0, folder)
    return importlib.import_module("tensorboard.compat.proto.event_pb2").Event


def records(path):
    with open(path, "rb") as file:
        while header := file.read(12):
            length, check = struct.unpack("<QI", header)
            if masked(header[:8]) != check:
                sys.exit(f"FAILED {path}: the checksum of a length is wrong")
            data, (check,) = file.read(length), struct.unpack("<I", file.read(4))
            if masked(data) != check:
                sys.exit(f"FAILED {path}: the checksum of an event is wrong")
            yield data


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--protos")
    options = parser.parse_args()
    if crc32c(b"123456789") != 0xE3069283:
        sys.exit("FAILED: the checksum of this script is wrong")
    event_type, curves = event_class(options.protos), {}
    for path in sorted(options.files):
        for number, data in enumerate(records(path)):
            event = event_type.FromString(data)
            known = event_type.FromString(data)
            known.DiscardUnknownFields()
            if known.SerializeToString(deterministic=True) != event.SerializeToString(deterministic=True):
                sys.exit(f"FAILED {path}: event {number} has a field that TensorBoard does not know")
            if number == 0 and event.file_version != "brain.Event:2":
                sys.exit(f"FAILED {path}: it opens with {event}")
            if event.HasField("session_log") and event.session_log.status == event.session_log.START:
                # As TensorBoard: a START drops the points from its step on.
                curves = {tag: [point for point in points if point[0] < event.step] for tag, points in curves.items()}
            for value in event.summary.value:
                if value.WhichOneof("value") != "simple_value":
                    sys.exit(f"FAILED {path}: {value.tag} has no simple_value")
                curves.setdefault(value.tag, []).append((event.step, value.simple_value))
    for tag, points in sorted(curves.items()):
        steps = [step for step, _ in points]
        if steps != sorted(set(steps)):
            sys.exit(f"FAILED: the steps of {tag} do not rise")
        print(f"{tag}: {len(points)} points, steps {steps[0]} to {steps[-1]}, {points[0][1]:.6g} to {points[-1][1]:.6g}")


if __name__ == "__main__":
    main()

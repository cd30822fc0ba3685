using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Google.Protobuf;
using PolaFormer.Training.Reporting.Events;

namespace PolaFormer.Training.Reporting;

/// <summary>
/// An event file of TensorBoard. Each event is a TFRecord: length (u64), masked CRC-32C of the length, data, masked CRC-32C of the
/// data, all little-endian.
/// </summary>
internal sealed class EventFile
{
    private readonly TimeProvider _clock;
    private readonly string _path;

    /// <summary>Starts a file of its own, <c>events.out.tfevents.SECONDS.polaformer</c>; TensorBoard reads a folder's files in the order of their names.</summary>
    public EventFile(string folder, TimeProvider clock)
    {
        _clock = clock;
        long second = clock.GetUtcNow().ToUnixTimeSeconds();
        while (Path.Exists(_path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"events.out.tfevents.{second:D10}.polaformer"))))
            second++;
        Append(new Event { FileVersion = "brain.Event:2" });
    }

    /// <summary>Stamps an event with the time and appends it.</summary>
    public void Append(Event entry)
    {
        entry.WallTime = (_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;
        byte[] data = entry.ToByteArray();
        Span<byte> length = stackalloc byte[12], check = stackalloc byte[4];
        BinaryPrimitives.WriteInt64LittleEndian(length, data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(length[8..], MaskedCrc(length[..8]));
        BinaryPrimitives.WriteUInt32LittleEndian(check, MaskedCrc(data));
        AppendedFile.Append(_path, [.. length, .. data, .. check]);
    }

    /// <summary>CRC-32C, turned right by 15 bits and with a constant added, so that data may hold checksums itself.</summary>
    internal static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
            crc = BitOperations.Crc32C(crc, value);
        return BitOperations.RotateRight(~crc, 15) + 0xA282EAD8;
    }
}

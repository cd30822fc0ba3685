using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using PolaFormer.Files;

namespace PolaFormer.Analysis.Report;

/// <summary>Arrays as an .npz file, which NumPy's <c>load</c> reads: a ZIP archive with a file in NumPy's format (1.0) for each.</summary>
public static class NpzFile
{
    private const int Alignment = 64, Preamble = 10;

    // The same arrays give the same bytes.
    private static readonly DateTimeOffset s_time = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Writes the file, whole or not at all.</summary>
    /// <exception cref="ArgumentException">An array's elements are not as many as its extents say, or two have one name.</exception>
    /// <exception cref="FileException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<NpzArray> arrays)
    {
        foreach (NpzArray array in arrays)
        {
            if (array.Shape.Aggregate(1L, (count, extent) => count * extent) != array.Values.Length)
                throw new ArgumentException($"The array '{array.Name}' of {array.Values.Length} elements is not of shape ({string.Join(", ", array.Shape)}).", nameof(arrays));
        }

        if (arrays.GroupBy(array => array.Name).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new ArgumentException($"Two arrays are called '{twice.Key}'.", nameof(arrays));
        OutputFile.Write(path, stream =>
        {
            using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
            foreach (NpzArray array in arrays)
            {
                ZipArchiveEntry entry = archive.CreateEntry($"{array.Name.Replace('/', '_')}.npy");
                entry.LastWriteTime = s_time;
                using Stream file = entry.Open();
                file.Write(Header(array.Shape));
                file.Write(Bytes(array.Values));
            }
        });
    }

    // The header is padded with spaces, so that the elements begin at a multiple of 64 bytes.
    private static byte[] Header(IReadOnlyList<int> shape)
    {
        string extents = string.Concat(shape.Select(extent => $"{extent}, "));
        string text = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({(shape.Count == 1 ? extents.TrimEnd() : extents.TrimEnd(' ', ','))}), }}";
        int length = ((Preamble + text.Length + 1 + Alignment - 1) / Alignment * Alignment) - Preamble;
        byte[] header = new byte[Preamble + length];
        ((ReadOnlySpan<byte>)[0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0]).CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), (ushort)length);
        Encoding.ASCII.GetBytes(text.PadRight(length - 1) + "\n").CopyTo(header, Preamble);
        return header;
    }

    private static byte[] Bytes(float[] values)
    {
        byte[] bytes = MemoryMarshal.AsBytes<float>(values).ToArray();
        if (!BitConverter.IsLittleEndian)
        {
            for (int i = 0; i < bytes.Length; i += sizeof(float))
                bytes.AsSpan(i, sizeof(float)).Reverse();
        }

        return bytes;
    }
}

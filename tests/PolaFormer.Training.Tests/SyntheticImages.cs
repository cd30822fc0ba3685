using System.Buffers.Binary;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Training.Tests;

/// <summary>A folder of small noisy images whose class is their colour, removed on disposal.</summary>
internal sealed class SyntheticImages : IDisposable
{
    private const int Side = 32;
    private static readonly string[] Classes = ["blue", "green", "red"];

    public SyntheticImages(int trainPerClass, int evaluationPerClass)
    {
        for (int label = 0; label < Classes.Length; label++)
        {
            Write("train", label, trainPerClass);
            Write("val", label, evaluationPerClass);
        }
    }

    public string Path { get; } = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private void Write(string split, int label, int count)
    {
        string folder = Directory.CreateDirectory(System.IO.Path.Combine(Path, split, Classes[label])).FullName;
        for (int i = 0; i < count; i++)
            File.WriteAllBytes(System.IO.Path.Combine(folder, $"{i:D3}.bmp"), Bitmap(label, new Philox((ulong)label, (ulong)(i + (split == "val" ? 1000 : 0)))));
    }

    // 24-bit BMP, blue first, which is also the order of the classes.
    private static byte[] Bitmap(int label, Philox noise)
    {
        const int header = 54;
        byte[] file = new byte[header + (Side * Side * 3)];
        "BM"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(2), file.Length);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), header);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(14), 40);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(18), Side);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), Side);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(26), 1);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(28), 24);
        for (int i = 0; i < Side * Side * 3; i++)
            file[header + i] = (byte)((i % 3 == label ? 100 : 0) + (150 * noise.Uniform((ulong)i)));
        return file;
    }
}

using System.Runtime.InteropServices;
using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Masks;

namespace PolaFormer.Detection;

/// <summary>What a detector found in an image, in pixels of the photograph, by falling score.</summary>
/// <param name="Boxes">A box for each object.</param>
/// <param name="Scores">Its score.</param>
/// <param name="Labels">Its class.</param>
/// <param name="Masks">Its mask; null where the network has none.</param>
public sealed record ImageDetections(Box[] Boxes, float[] Scores, int[] Labels, RunLengthMask[]? Masks = null)
{
    /// <summary>Nothing.</summary>
    public static ImageDetections None => new([], [], []);

    /// <summary>How many.</summary>
    public int Count => Boxes.Length;

    /// <summary>The same, class after class.</summary>
    public ImageDetections ByClass() => Chosen([.. Enumerable.Range(0, Count).OrderBy(i => Labels[i])]);

    /// <summary>Those from a score on.</summary>
    public ImageDetections From(float score) => Chosen([.. Enumerable.Range(0, Count).Where(i => Scores[i] >= score)]);

    /// <summary>Writes what <see cref="Read"/> reads, to the bit.</summary>
    internal static void Write(BinaryWriter writer, ImageDetections found)
    {
        writer.Write(found.Count);
        writer.Write(MemoryMarshal.AsBytes<Box>(found.Boxes));
        writer.Write(MemoryMarshal.AsBytes<float>(found.Scores));
        writer.Write(MemoryMarshal.AsBytes<int>(found.Labels));
        writer.Write(found.Masks is not null);
        foreach (RunLengthMask mask in found.Masks ?? [])
        {
            writer.Write(mask.Height);
            writer.Write(mask.Width);
            writer.Write(mask.Counts.Length);
            writer.Write(MemoryMarshal.AsBytes(mask.Counts));
        }
    }

    /// <summary>Reads what <see cref="Write"/> writes.</summary>
    internal static ImageDetections Read(BinaryReader reader)
    {
        int count = reader.ReadInt32();
        var found = new ImageDetections(Values<Box>(count), Values<float>(count), Values<int>(count));
        return reader.ReadBoolean() ? found with { Masks = [.. Enumerable.Range(0, count).Select(_ => new RunLengthMask(reader.ReadInt32(), reader.ReadInt32(), Values<uint>(reader.ReadInt32())))] } : found;

        T[] Values<T>(int length)
            where T : struct
        {
            var values = new T[length];
            reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
            return values;
        }
    }

    private ImageDetections Chosen(int[] numbers) => new(
        [.. numbers.Select(i => Boxes[i])], [.. numbers.Select(i => Scores[i])], [.. numbers.Select(i => Labels[i])], Masks is null ? null : [.. numbers.Select(i => Masks[i])]);
}

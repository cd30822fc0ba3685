using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors.Tests.Kernels.Attention;

/// <summary>
/// A (images × tokens × channels) array inside wider rows, as a column slice of a projection is; pinned, so that its
/// pointer may be used. The floats around it are NaN: a kernel that reads or writes them is found out.
/// </summary>
internal sealed unsafe class SlicedRows
{
    private readonly float[] _memory;

    public SlicedRows(int images, int tokens, int channels, int before = 3, int after = 5)
    {
        (Images, Tokens, Channels, Before) = (images, tokens, channels, before);
        Stride = before + channels + after;
        BatchStride = (tokens * Stride) + 7;
        _memory = GC.AllocateArray<float>((int)(images * BatchStride), pinned: true);
        _memory.AsSpan().Fill(float.NaN);
    }

    public int Images { get; }
    public int Tokens { get; }
    public int Channels { get; }
    public int Before { get; }
    public nint Stride { get; }
    public nint BatchStride { get; }

    public float* Pointer => (float*)Unsafe.AsPointer(ref _memory[Before]);

    public Rows View => new(Pointer, Stride, BatchStride);

    public float this[int image, int token, int channel]
    {
        get => Pointer[(image * BatchStride) + (token * Stride) + channel];
        set => Pointer[(image * BatchStride) + (token * Stride) + channel] = value;
    }

    public static SlicedRows Random(System.Random random, int images, int tokens, int channels, double zeros = 0.1)
    {
        var rows = new SlicedRows(images, tokens, channels);
        for (int i = 0; i < images; i++)
            for (int t = 0; t < tokens; t++)
                for (int c = 0; c < channels; c++)
                    rows[i, t, c] = random.NextDouble() < zeros ? 0 : (float)((2 * random.NextDouble()) - 1);
        return rows;
    }

    /// <summary>The content as (images · tokens · channels) doubles.</summary>
    public double[] ToDoubles()
    {
        double[] values = new double[Images * Tokens * Channels];
        int at = 0;
        for (int i = 0; i < Images; i++)
            for (int t = 0; t < Tokens; t++)
                for (int c = 0; c < Channels; c++)
                    values[at++] = this[i, t, c];
        return values;
    }

    public void AssertSurroundingsUntouched()
    {
        for (int i = 0; i < Images; i++)
            for (int t = 0; t < Tokens; t++)
                for (int c = 0; c < Stride - Channels; c++)
                    Assert.True(float.IsNaN(this[i, t, Channels + c - (c >= Stride - Channels - Before ? (int)Stride : 0)]), "wrote outside its columns");
    }
}

/// <summary>A pinned vector.</summary>
internal sealed unsafe class Floats
{
    private readonly float[] _memory;

    public Floats(long length) => _memory = GC.AllocateArray<float>((int)Math.Max(length, 1), pinned: true);

    public Floats(IEnumerable<double> values)
    {
        float[] source = values.Select(value => (float)value).ToArray();
        _memory = GC.AllocateArray<float>(source.Length, pinned: true);
        source.CopyTo(_memory, 0);
    }

    public float* Pointer => (float*)Unsafe.AsPointer(ref _memory[0]);

    public double[] ToDoubles() => [.. _memory.Select(value => (double)value)];

    public static Floats Random(System.Random random, int length, double from, double to) =>
        new(Enumerable.Range(0, length).Select(_ => from + ((to - from) * random.NextDouble())));
}

internal static class Close
{
    /// <summary>Every element within <paramref name="tolerance"/> times the largest expected magnitude.</summary>
    public static void AssertClose(double[] expected, double[] actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        double scale = Math.Max(expected.Max(Math.Abs), 0.02);   // below that it is a difference of larger terms
        for (int i = 0; i < expected.Length; i++)
        {
            // The message is made where it is needed alone: formatting takes longer than comparing.
            if (!(Math.Abs(expected[i] - actual[i]) <= tolerance * scale))
                Assert.Fail($"{what}[{i}]: expected {expected[i]:G9}, got {actual[i]:G9}, off by {Math.Abs(expected[i] - actual[i]) / scale:E2} of scale {scale:G4}");
        }
    }
}

using System.Runtime.InteropServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Tests.Kernels;

/// <summary>Values and comparisons that the tests of the kernels share.</summary>
internal static class KernelTesting
{
    /// <summary>Lengths around the vector widths, blocks and grains.</summary>
    public static readonly int[] Lengths = [0, 1, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 1000, 1025, 70001];

    public static float[] Values(int count, int seed, float scale = 1, float shift = 0)
    {
        var random = new System.Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = ((float)((random.NextDouble() * 2) - 1) * scale) + shift;
        return values;
    }

    /// <summary>Distance in units of the last place of the right value; 0 for equal infinities and NaNs.</summary>
    public static double Ulps(double right, float value)
    {
        float rounded = (float)right;
        if (float.IsNaN(rounded) || float.IsNaN(value))
            return float.IsNaN(rounded) && float.IsNaN(value) ? 0 : double.PositiveInfinity;
        if (rounded == value)
            return 0;
        if (float.IsInfinity(rounded) || float.IsInfinity(value))
            return Math.Abs(right) > float.MaxValue * 0.9999999 && float.Abs(value) == float.MaxValue ? 1 : double.PositiveInfinity;
        double unit = Math.Max(MathF.BitIncrement(MathF.Abs(rounded)) - (double)MathF.Abs(rounded), float.Epsilon);
        return Math.Abs(value - right) / unit;
    }

    public static void AssertClose(ReadOnlySpan<double> right, ReadOnlySpan<float> values, double relative, double absolute)
    {
        Assert.Equal(right.Length, values.Length);
        for (int i = 0; i < right.Length; i++)
        {
            if (double.IsNaN(right[i]) ? !float.IsNaN(values[i]) : !(right[i] == values[i] || Math.Abs(right[i] - values[i]) <= absolute + (relative * Math.Abs(right[i]))))
                Assert.Fail($"At {i}: {values[i]:R} where {right[i]:R} is right.");
        }
    }

    /// <summary>Values must agree to the bit. Comparing spans takes a small part of the time that comparing elements as objects does.</summary>
    public static void AssertSameBits<T>(ReadOnlySpan<T> right, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        Assert.Equal(right.Length, values.Length);
        ReadOnlySpan<byte> expected = MemoryMarshal.AsBytes(right), actual = MemoryMarshal.AsBytes(values);
        if (!expected.SequenceEqual(actual))
        {
            int at = expected.CommonPrefixLength(actual) / (expected.Length / right.Length);
            Assert.Fail($"At {at}: {values[at]} where {right[at]} is right.");
        }
    }

    /// <summary>The results of a kernel with 1, 2 and 3 threads must agree to the bit.</summary>
    public static void AssertSameForAnyThreadCount(Func<float[]> run)
    {
        int before = Workers.ThreadCount;
        try
        {
            Workers.ThreadCount = 1;
            float[] one = run();
            foreach (int threads in (int[])[2, 3])
            {
                Workers.ThreadCount = threads;
                AssertSameBits<float>(one, run());
            }
        }
        finally
        {
            Workers.ThreadCount = before;
        }
    }
}

using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors.Tests.Kernels;

public unsafe class HalfConversionTests
{
    private static float[] Widen<T>(DType type, params T[] values) where T : unmanaged
    {
        float[] result = new float[values.Length];
        fixed (T* source = values)
        fixed (float* destination = result)
            HalfConversion.ToFloat32(type, source, destination, values.Length);
        return result;
    }

    private static T[] Narrow<T>(DType type, params float[] values) where T : unmanaged
    {
        var result = new T[values.Length];
        fixed (float* source = values)
        fixed (T* destination = result)
            HalfConversion.FromFloat32(source, type, destination, values.Length);
        return result;
    }

    [Fact]
    public void Every_half_and_bfloat16_survives_the_way_there_and_back()
    {
        ushort[] all = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i)];
        float[] halves = Widen(DType.Float16, all), brains = Widen(DType.BFloat16, all);
        ushort[] halvesBack = Narrow<ushort>(DType.Float16, halves), brainsBack = Narrow<ushort>(DType.BFloat16, brains);
        for (int i = 0; i < all.Length; i++)
        {
            if (float.IsNaN(halves[i]))
                Assert.True(Half.IsNaN(BitConverter.UInt16BitsToHalf(halvesBack[i])));
            else
                Assert.Equal(all[i], halvesBack[i]);
            Assert.Equal((float)BitConverter.UInt16BitsToHalf(all[i]), halves[i]);
            if (float.IsNaN(brains[i]))
                Assert.True((brainsBack[i] & 0x7FFF) > 0x7F80);
            else
                Assert.Equal(all[i], brainsBack[i]);
        }
    }

    [Fact]
    public void Narrowing_rounds_to_the_nearest_and_ties_to_even()
    {
        Assert.Equal([0x3F80, 0x3F82, 0x3F81, 0x7F80], Narrow<ushort>(DType.BFloat16, 1.00390625f, 1.01171875f, 1.00390637f, float.MaxValue));
        Assert.Equal([(Half)1, Half.PositiveInfinity, (Half)0], Narrow<Half>(DType.Float16, 1.00048828125f, 65520f, 2.9e-8f));
    }

    [Fact]
    public void Integers_are_held_at_their_limits_and_cut_towards_zero()
    {
        Assert.Equal([(byte)0, 255, 3, 0], Narrow<byte>(DType.UInt8, -5, 300, 3.9f, float.NaN));
        Assert.Equal([(sbyte)-128, 127, -3], Narrow<sbyte>(DType.Int8, -500, 300, -3.9f));
        Assert.Equal([int.MaxValue, int.MinValue], Narrow<int>(DType.Int32, float.PositiveInfinity, float.NegativeInfinity));
        Assert.Equal([1L << 40], Narrow<long>(DType.Int64, 1L << 40));
        Assert.Equal([(short)-7], Narrow<short>(DType.Int16, -7));
        Assert.Equal([(byte)1, 0, 1], Narrow<byte>(DType.Bool, -2, 0, float.NaN));
    }

    [Fact]
    public void Every_type_widens()
    {
        Assert.Equal([-3f, 4f], Widen(DType.Int64, -3L, 4L));
        Assert.Equal([16777216f], Widen(DType.Int32, 16777217));
        Assert.Equal([-3f], Widen(DType.Int16, (short)-3));
        Assert.Equal([-3f], Widen(DType.Int8, (sbyte)-3));
        Assert.Equal([200f], Widen(DType.UInt8, (byte)200));
        Assert.Equal([0f, 1f, 1f], Widen<byte>(DType.Bool, 0, 1, 7));
        Assert.Equal([0.1f, float.PositiveInfinity, float.NaN], Widen(DType.Float64, 0.1, 1e300, double.NaN));
        Assert.Equal([1.5f], Widen(DType.Float32, 1.5f));
        Assert.Equal([1.5], Narrow<double>(DType.Float64, 1.5f));
        Assert.Equal([1.5f], Narrow<float>(DType.Float32, 1.5f));
    }
}

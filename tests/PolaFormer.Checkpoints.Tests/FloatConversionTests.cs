using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints.Tests;

public class FloatConversionTests
{
    [Fact]
    public void BFloat16IsTheNearestTiesToEven()
    {
        Random random = new(1);
        for (int i = 0; i < 100_000; i++)
        {
            float value = BitConverter.UInt32BitsToSingle((uint)random.NextInt64(1L << 32));
            if (!float.IsFinite(value))
                continue;
            uint bits = BitConverter.SingleToUInt32Bits(value), lower = bits & 0xFFFF0000, upper = lower + 0x10000;
            uint below = bits - lower, above = upper - bits;
            uint expected = below < above || below == above && ((lower >> 16) & 1) == 0 ? lower : upper;
            Assert.Equal((ushort)(expected >> 16), ToHalf(DType.BFloat16, value));
        }
    }

    [Theory]
    [InlineData(0f, 0x0000)]
    [InlineData(-0f, 0x8000)]
    [InlineData(float.PositiveInfinity, 0x7F80)]
    [InlineData(float.NegativeInfinity, 0xFF80)]
    [InlineData(float.MaxValue, 0x7F80)]
    [InlineData(1.00390625f, 0x3F80)]
    [InlineData(1.01171875f, 0x3F82)]
    public void BFloat16OfSpecialValues(float value, int expected) => Assert.Equal(expected, ToHalf(DType.BFloat16, value));

    [Fact]
    public void ANaNStaysOneWhateverItsPayload()
    {
        foreach (uint bits in (uint[])[0x7F800001, 0x7FFFFFFF, 0xFF80FFFF, 0x7FC00000])
            Assert.True(float.IsNaN(BitConverter.UInt32BitsToSingle((uint)ToHalf(DType.BFloat16, BitConverter.UInt32BitsToSingle(bits)) << 16)));
    }

    [Fact]
    public void Float16EqualsTheLibrarysConversion()
    {
        Random random = new(2);
        for (int i = 0; i < 1_000_000; i++)
        {
            // A third around the halves' subnormals, a third in their whole range, a third anything.
            uint bits = (i % 3) switch { 0 => (uint)random.Next(0x3200_0000, 0x3900_0000), 1 => (uint)random.Next(0x3800_0000, 0x4790_0000), _ => (uint)random.NextInt64(1L << 32) };
            float value = BitConverter.UInt32BitsToSingle(i % 2 == 0 ? bits : bits ^ 0x8000_0000);
            if (!float.IsNaN(value))
                Assert.Equal(BitConverter.HalfToUInt16Bits((Half)value), ToHalf(DType.Float16, value));
        }
    }

    [Fact]
    public void EveryHalfWidensAsInTheLibrary()
    {
        for (int i = 0; i < 65536; i++)
        {
            float[] value = new float[1];
            FloatConversion.ToFloat32(DType.Float16, BitConverter.GetBytes((ushort)i), value);
            Assert.Equal((float)BitConverter.UInt16BitsToHalf((ushort)i), value[0]);
        }
    }

    [Theory]
    [InlineData(DType.Float16)]
    [InlineData(DType.BFloat16)]
    public void EveryHalfSurvivesTheWayThroughFloat32(DType type)
    {
        byte[] halves = new byte[2 * 65536];
        for (int i = 0; i < 65536; i++)
            BitConverter.TryWriteBytes(halves.AsSpan(2 * i), (ushort)i);
        float[] floats = new float[65536];
        FloatConversion.ToFloat32(type, halves, floats);
        byte[] back = new byte[halves.Length];
        FloatConversion.FromFloat32(type, floats, back);
        for (int i = 0; i < 65536; i++)
            if (!float.IsNaN(floats[i]))
                Assert.Equal((ushort)i, BitConverter.ToUInt16(back, 2 * i));
    }

    [Theory]
    [InlineData(DType.Int64, new byte[] { 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF }, -2f)]
    [InlineData(DType.Int32, new byte[] { 0, 0, 1, 0 }, 65536f)]
    [InlineData(DType.Int16, new byte[] { 0, 0x80 }, -32768f)]
    [InlineData(DType.Int8, new byte[] { 0x80 }, -128f)]
    [InlineData(DType.UInt8, new byte[] { 0x80 }, 128f)]
    [InlineData(DType.Bool, new byte[] { 2 }, 1f)]
    [InlineData(DType.Float64, new byte[] { 0, 0, 0, 0, 0, 0, 0xF8, 0x3F }, 1.5f)]
    public void IntegersAndDoublesAreConverted(DType type, byte[] bytes, float expected)
    {
        float[] value = new float[1];
        FloatConversion.ToFloat32(type, bytes, value);
        Assert.Equal(expected, value[0]);
    }

    private static ushort ToHalf(DType type, float value)
    {
        Span<byte> bytes = stackalloc byte[2];
        FloatConversion.FromFloat32(type, [value], bytes);
        return BitConverter.ToUInt16(bytes);
    }
}

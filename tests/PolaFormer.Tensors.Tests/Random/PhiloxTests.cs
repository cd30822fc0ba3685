using PolaFormer.Tensors.Random;

namespace PolaFormer.Tensors.Tests.Random;

public class PhiloxTests
{
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Ten_rounds_give_the_known_answers(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint r0, uint r1, uint r2, uint r3)
    {
        Assert.Equal((r0, r1, r2, r3), Philox.Rounds(c0, c1, c2, c3, k0, k1));
    }

    [Fact]
    public void A_value_depends_on_its_index_alone()
    {
        var philox = new Philox(42, 7);
        uint[] bits = new uint[1000];
        float[] uniform = new float[1000], normal = new float[1000];
        philox.FillUInt32(bits, 0);
        philox.FillUniform(uniform, 0);
        philox.FillNormal(normal, 0);
        foreach ((int from, int count) in ((int, int)[])[(0, 1), (1, 1), (1, 2), (3, 300), (254, 5), (255, 600), (511, 489)])
        {
            uint[] someBits = new uint[count];
            float[] someUniform = new float[count], someNormal = new float[count];
            philox.FillUInt32(someBits, (ulong)from);
            philox.FillUniform(someUniform, (ulong)from);
            philox.FillNormal(someNormal, (ulong)from);
            Assert.Equal(bits[from..(from + count)], someBits);
            Assert.Equal(uniform[from..(from + count)], someUniform);
            Assert.Equal(normal[from..(from + count)], someNormal);
            Assert.Equal(bits[from], philox.UInt32((ulong)from));
            Assert.Equal(uniform[from], philox.Uniform((ulong)from));
            Assert.Equal(normal[from], philox.Normal((ulong)from));
        }
    }

    [Fact]
    public void Seeds_and_streams_differ()
    {
        Philox[] philoxes = [new(1, 0), new(2, 0), new(1, 1), new(1UL << 32, 0), new(1, 1UL << 32)];
        Assert.Equal(philoxes.Length, philoxes.Select(p => p.UInt32(5)).Distinct().Count());
    }

    [Fact]
    public void Moments_are_those_of_the_distributions()
    {
        const int Count = 400_000;
        var philox = new Philox(3, 4);
        float[] uniform = new float[Count], normal = new float[Count];
        philox.FillUniform(uniform, 0);
        philox.FillNormal(normal, 0);
        Assert.InRange(uniform.Min(), 0f, 1e-4f);
        Assert.InRange(uniform.Max(), 0.9999f, 0.99999994f);
        Assert.Equal(0.5, uniform.Average(v => (double)v), 3e-3);
        Assert.Equal(1 / 12.0, uniform.Average(v => (v - 0.5) * (v - 0.5)), 1e-3);
        Assert.Equal(0, normal.Average(v => (double)v), 8e-3);
        Assert.Equal(1, normal.Average(v => (double)v * v), 1e-2);
        Assert.Equal(0, normal.Average(v => (double)v * v * v), 3e-2);
        Assert.Equal(3, normal.Average(v => Math.Pow(v, 4)), 0.1);
        Assert.Equal(0, normal.Zip(normal.Skip(1), (a, b) => (double)a * b).Average(), 8e-3);
    }
}

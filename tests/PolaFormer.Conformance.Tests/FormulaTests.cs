using PolaFormer.Tensors;

namespace PolaFormer.Conformance.Tests;

/// <summary>The worked examples of the fixtures' SPEC §2, bit by bit.</summary>
public class FormulaTests
{
    [Fact]
    public void InputsFollowFromTheirName()
    {
        Assert.Equal(0x1ebbae8f5810b65bUL, FormulaValues.Seed("input"));
        Assert.Equal(1641119, FormulaValues.Mantissa(FormulaValues.Seed("input"), 0));
        float[] values = FormulaValues.Symmetric("input", 150528);
        Assert.Equal([0xbf4deac2, 0x3e9c045c, 0xbe4dd348], Bits(values[0], values[1], values[150527]));
    }

    [Theory]
    [InlineData("block1.0.attn.qg.weight", new[] { 128, 64 }, 0, 0x3e518780)]
    [InlineData("block1.0.attn.qg.weight", new[] { 128, 64 }, 1, 0x3e3bc57c)]
    [InlineData("block1.0.attn.qg.weight", new[] { 128, 64 }, 8191, 0x3de4e5f5)]
    [InlineData("layers.0.blocks.0.norm1.weight", new[] { 96 }, 0, 0x3f763336)]
    [InlineData("layers.0.blocks.0.norm1.weight", new[] { 96 }, 95, 0x3f87b20b)]
    [InlineData("patch_embed.proj.1.running_var", new[] { 16 }, 0, 0x3fb5d6fe)]
    [InlineData("layers.0.blocks.0.gamma_1", new[] { 1, 32, 1, 1 }, 0, 0x3f480f5a)]
    [InlineData("layers.0.blocks.0.pos.weight", new[] { 32, 1, 3, 3 }, 0, 0x3d31948b)]
    public void WeightsFollowFromNameAndShape(string name, int[] shape, int index, int bits) =>
        Assert.Equal(bits, BitConverter.SingleToInt32Bits(FormulaValues.Entry("", name, new Shape(shape))[index]));

    [Fact]
    public void TheSmoothImageHasTheLevelsOfTheSpecification()
    {
        float[] image = FormulaValues.SmoothImage(224, 224);
        Assert.Equal([0, 61, 122], Levels(image, 0, 0));
        Assert.Equal([207, 189, 74], Levels(image, 112, 112));
        Assert.Equal([108, 122, 158], Levels(image, 10, 200));
    }

    private static uint[] Bits(params float[] values) => Array.ConvertAll(values, BitConverter.SingleToUInt32Bits);

    private static int[] Levels(float[] image, int y, int x)
    {
        (float Mean, float Deviation)[] channels = [(0.485f, 0.229f), (0.456f, 0.224f), (0.406f, 0.225f)];
        return [.. channels.Select((channel, c) => (int)MathF.Round(255 * ((image[(((c * 224) + y) * 224) + x] * channel.Deviation) + channel.Mean)))];
    }
}

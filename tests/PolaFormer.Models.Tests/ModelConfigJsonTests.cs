using PolaFormer.Tensors;

namespace PolaFormer.Models.Tests;

public class ModelConfigJsonTests
{
    [Theory]
    [MemberData(nameof(RegistryTests.Names), MemberType = typeof(RegistryTests))]
    public void WhatIsWrittenReadsBack(string name)
    {
        using IDisposable meta = new MetaDevice().Use();
        VisionModel model = ModelRegistry.Find(name).Create();
        (string family, string json) = ModelConfigJson.Write(model);
        VisionModel copy = ModelConfigJson.Read(family, json).Create();
        Assert.Equal(model.StateDict().Select(entry => (entry.Name, entry.Tensor.Shape)), copy.StateDict().Select(entry => (entry.Name, entry.Tensor.Shape)));
        Assert.Equal(json, ModelConfigJson.Write(copy).Json);
    }

    [Theory]
    [InlineData("resnet", "{}")]
    [InlineData("polaformer_pp", "null")]
    [InlineData("polaformer_pp", "{")]
    [InlineData("polaformer_pp", """{"WIDTH": 3}""")]
    [InlineData("polaformer_pp", """{"DEPTHS": null}""")]
    [InlineData("polaformer_pp", """{"DEPTHS": [2, 2]}""")]
    [InlineData("polaformer_pp", """{"DEPTHS": [2, 2, 2, 2000000000]}""")]
    [InlineData("polaformer_pp", """{"NUM_HEADS": [0, 2, 4, 12]}""")]
    [InlineData("polaformer_pp", """{"NUM_HEADS": [3, 2, 4, 12]}""")]
    [InlineData("polaformer_pp", """{"EMBED_DIMS": [32, 64, 128, 1000000000]}""")]
    [InlineData("polaformer_pp", """{"FLAGS": ["l", "l", "v", "x"]}""")]
    [InlineData("polaformer_pp", """{"FLAGS": ["lvr", "l", "v", "v"]}""")]
    [InlineData("polaformer_pp", """{"FLAGS": ["l", "l", "v", null]}""")]
    [InlineData("polaformer_pp", """{"IMAGE_SIZE": -1}""")]
    [InlineData("polaformer_pp", """{"CONV_DEPTHS": [1]}""")]
    [InlineData("polaformer_pp", """{"CONV_DEPTHS": [1, 1, 1, 2000000000]}""")]
    [InlineData("pola_pvt", """{"PATCH_SIZE": 0}""")]
    [InlineData("pola_pvt", """{"ATTN_TYPE": "LL"}""")]
    [InlineData("pola_pvt", """{"LA_SR_RATIOS": [0, 1, 1, 1]}""")]
    [InlineData("pola_swin", """{"WINDOW_SIZE": 0}""")]
    [InlineData("pola_swin", """{"EMBED_DIM": 2147483647}""")]
    [InlineData("pola_swin", """{"ATTN_TYPE": "M99999999999"}""")]
    public void WrongConfigurationsAreErrorsOfOneLine(string family, string json)
    {
        using IDisposable meta = new MetaDevice().Use();
        var error = Assert.Throws<ArgumentException>(() => ModelConfigJson.Read(family, json).Create());
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("r")]
    [InlineData("f")]
    public void AStageMayHoldAnyMixtureOfAttentions(string flag) =>
        RequireSameWhenOptimized(Small with { Flags = [$"l{flag}v{flag}", flag] });

    [Fact]
    public void AStageMayBeginWithConvolutions()
    {
        PolaFormerPlusPlusConfig config = Small with { Depths = [0, 2], ConvDepths = [2, 1] };
        RequireSameWhenOptimized(config);
        string[] own = [.. new PolaFormerPlusPlus(config).NamedParameters().Select(entry => entry.Name).Where(name => name.Contains(".convs.", StringComparison.Ordinal))];
        Assert.Equal(3 * 4, own.Length);
        Assert.Contains("layers.1.convs.0.norm.weight", own);
    }

    private static PolaFormerPlusPlusConfig Small { get; } = new() { ImageSize = 32, NumClasses = 3, EmbedDims = [8, 16], Depths = [4, 2], NumHeads = [1, 2], MlpRatios = [2, 2], Flags = ["l", "v"], LayerScales = [true, false], LayerInitValues = [1, 1], Projection = 8, StemReductions = 1 };

    private static void RequireSameWhenOptimized(PolaFormerPlusPlusConfig config)
    {
        var model = new PolaFormerPlusPlus(config);
        model.Initialize(1);
        float[] logits = model.Forward(TestImages.Make(2, 32)).ToArray();
        Assert.All(logits, value => Assert.True(float.IsFinite(value)));
        model.OptimizeForInference();
        float[] frozen = model.Forward(TestImages.Make(2, 32)).ToArray();
        for (int i = 0; i < logits.Length; i++)
            Assert.Equal(logits[i], frozen[i], 1e-5f * logits.Max(MathF.Abs));
    }
}

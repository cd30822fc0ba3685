using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training.Tests.Optimization;

public sealed class LayerDecayTests
{
    [Theory]
    [InlineData("pola_pvt_tiny", 8, "pos_embed1", "block2.0.attn.qg.weight", 3, "head.weight")]
    [InlineData("pola_swin_tiny", 12, "patch_embed.proj.weight", "layers.1.blocks.1.mlp.fc1.weight", 4, "head.weight")]
    [InlineData("polaformer_pp_b1", 10, "patch_embed.proj.0.weight", "layers.2.blocks.0.attn.proj.weight", 5, "proj.weight")]
    public void BlocksAreCountedInOrder(string model, int blocks, string first, string within, int layer, string last)
    {
        using IDisposable meta = new MetaDevice().Use();
        var decay = new LayerDecay(ModelRegistry.Find(model).Create().NamedParameters().Select(entry => entry.Name), 0.5);
        Assert.Equal(blocks + 2, decay.LayerCount);
        Assert.Equal([0, layer, blocks + 1], new[] { first, within, last }.Select(decay.LayerOf));
        Assert.Equal([Math.Pow(0.5, blocks + 1), 1], [decay.ScaleOf(first), decay.ScaleOf(last)]);
    }

    [Fact]
    public void EveryParameterIsInOneGroup()
    {
        using IDisposable meta = new MetaDevice().Use();
        VisionModel model = ModelRegistry.Find("polaformer_pp_b0").Create();
        IReadOnlyList<ParameterGroup> groups = ParameterGroup.Split(model, 0.05, layerDecay: 0.75);
        Assert.Equal(model.NamedParameters().Select(entry => entry.Name).Order(), groups.SelectMany(group => group.Parameters).Select(entry => entry.Name).Order());
        Assert.Equal(10, groups.Select(group => group.LearningRateScale).Distinct().Count());
    }
}

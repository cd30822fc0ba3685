using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training.Tests.Optimization;

public sealed class LayerDecayTests
{
    [Theory]
    [InlineData("pola_pvt_tiny", 8, "pos_embed1", "block2.0.attn.qg.weight", 3, "head.weight")]
    [InlineData("pola_swin_tiny", 12, "patch_embed.proj.weight", "layers.1.blocks.1.mlp.fc1.weight", 4, "head.weight")]
    [InlineData("pola_swin_tiny", 12, "patch_embed.proj.weight", "layers.0.downsample.reduction.weight", 2, "norm.weight")]
    [InlineData("deit_tiny", 12, "cls_token", "blocks.3.mlp.fc1.weight", 4, "norm.weight")]
    [InlineData("deit_tiny_distilled", 12, "dist_token", "blocks.11.attn.qkv.weight", 12, "head_dist.weight")]
    [InlineData("cswin_tiny", 25, "stage1_conv_embed.0.weight", "merge1.conv.weight", 1, "head.weight")]
    [InlineData("cswin_tiny", 25, "stage1_conv_embed.2.weight", "stage3.0.qkv.weight", 4, "norm.weight")]
    [InlineData("pvt_v2_b1", 8, "patch_embed1.proj.weight", "block2.0.mlp.fc1.weight", 3, "head.weight")]
    [InlineData("pvt_tiny", 8, "cls_token", "patch_embed3.proj.weight", 4, "norm.weight")]
    [InlineData("polaformer_pp_b1", 10, "patch_embed.proj.0.weight", "layers.2.blocks.0.attn.proj.weight", 5, "proj.weight")]
    public void BlocksAreCountedInOrder(string model, int blocks, string first, string within, int layer, string last)
    {
        using IDisposable meta = new MetaDevice().Use();
        var decay = new LayerDecay(ModelRegistry.Find(model).Create(), 0.5);
        Assert.Equal(blocks + 2, decay.LayerCount);
        Assert.Equal([0, layer, blocks + 1], new[] { first, within, last }.Select(decay.LayerOf));
        Assert.Equal([Math.Pow(0.5, blocks + 1), 1], [decay.ScaleOf(first), decay.ScaleOf(last)]);
    }

    public static TheoryData<string> Models => [.. ModelRegistry.All.Select(entry => entry.Name)];

    [Theory]
    [MemberData(nameof(Models))]
    public void EveryNetworkHasALayerForEachOfItsBlocks(string name)
    {
        using IDisposable meta = new MetaDevice().Use();
        VisionModel model = ModelRegistry.Find(name).Create();
        var decay = new LayerDecay(model, 0.5);
        int attentions = model.Modules().OfType<NN.DropPath>().Count() / 2;
        Assert.Equal(attentions + 2, decay.LayerCount);
        Assert.Equal(Enumerable.Range(0, decay.LayerCount), model.NamedParameters().Select(entry => decay.LayerOf(entry.Name)).Distinct().Order());
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

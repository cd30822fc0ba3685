using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Analysis.Tests;

/// <summary>What is seen of each family of networks.</summary>
public class AttentionProbeTests
{
    [Fact]
    public void EveryLayerOfAPolaPvtIsSeenWithItsGridAndGates()
    {
        IReadOnlyList<ProbedLayer> layers = Probe(new Pvt(new PvtConfig { ImageSize = 32, NumClasses = 3, EmbedDims = [8, 16], Depths = [1, 2], NumHeads = [1, 2], MlpRatios = [2, 2], SrRatios = [2, 1], LaSrRatios = [2, 1], AttnType = "LS" }));
        Assert.Equal(["block1.0.attn", "block2.0.attn", "block2.1.attn"], layers.Select(layer => layer.Name));
        Assert.Equal((8, 8, 64, 16, 2), (layers[0].Height, layers[0].Width, layers[0].Queries, layers[0].Keys, layers[0].KeyStride));
        Assert.Single(GateProfile.Of(layers[0]));
        Assert.All(layers[0].Sharpness, exponent => Assert.InRange(exponent, 1, 5));
        Assert.Empty(GateProfile.Of(layers[1]));
        Assert.Empty(layers[1].Sharpness);
    }

    [Fact]
    public void WindowsOfASwinAreLaidOutOverTheImage()
    {
        IReadOnlyList<ProbedLayer> layers = Probe(new Swin(new SwinConfig { ImageSize = 32, NumClasses = 3, EmbedDim = 8, Depths = [2], NumHeads = [2], WindowSize = 4, AttnType = "L" }));
        Assert.All(layers, layer => Assert.Equal((8, 8, 64, 64), (layer.Height, layer.Width, layer.Queries, layer.Keys)));

        // Token (0, 0) sees its window of 4×4, and in the shifted block the corners of the image that were rolled together.
        Assert.Equal([0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27], Seen(layers[0], 0));
        Assert.Equal([0, 1, 6, 7, 8, 9, 14, 15, 48, 49, 54, 55, 56, 57, 62, 63], Seen(layers[1], 0));
    }

    [Fact]
    public void APlusPlusShowsGatesTemperaturesAndItsLocalTerm()
    {
        IReadOnlyList<ProbedLayer> layers = Probe(new PolaFormerPlusPlus(new PolaFormerPlusPlusConfig
        {
            ImageSize = 32,
            NumClasses = 3,
            StemReductions = 1,
            EmbedDims = [8, 16],
            Depths = [1, 1],
            NumHeads = [2, 2],
            MlpRatios = [2, 2],
            Flags = ["l", "v"],
            LayerScales = [true, true],
            LayerInitValues = [1, 1],
            Projection = 16,
            DropPathRate = 0,
        }));
        Assert.Equal(2, layers.Count);
        Assert.Equal(2, GateProfile.Of(layers[0]).Count);
        Assert.All(layers[0].Sharpness, temperature => Assert.InRange(temperature, 0, 1));
        int keys = layers[0].Keys;
        Assert.True(EffectiveRank.Of(AttentionWeights.WholeMaps(layers[0])[0], keys) > EffectiveRank.Of(AttentionWeights.Maps(layers[0])[0], keys));
        Assert.All(EntropyProfile.Of(layers[0], rows: 3), profile => Assert.InRange(profile.Entropy!.Value, 0, profile.Uniform));
    }

    [Fact]
    public void MoreThanOneImageIsRefused() =>
        Assert.Throws<ArgumentException>(() => AttentionProbe.Run(new Pvt(new PvtConfig { ImageSize = 32 }), Tensor.Zeros([2, 32, 32, 3])));

    private static IReadOnlyList<ProbedLayer> Probe(VisionModel model)
    {
        model.Initialize(5);
        model.Evaluate();
        Tensor image = Tensor.Empty([1, 32, 32, 3]);
        new Philox(1, 2).FillNormal(image.AsSpan<float>(), 0);
        return AttentionProbe.Run(model, image);
    }

    // Keys of a weight above 0 in any head or stream: one alone can weigh a key with exactly nothing.
    private static int[] Seen(ProbedLayer layer, int query)
    {
        float[][] row = AttentionWeights.Row(layer, query);
        return [.. Enumerable.Range(0, layer.Keys).Where(key => row.Any(weights => weights[key] > 0))];
    }
}

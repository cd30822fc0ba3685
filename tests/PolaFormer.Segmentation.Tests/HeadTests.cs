using PolaFormer.NN;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Segmentation.Tests;

/// <summary>Heads of other shapes than the published ones, on maps of odd sizes.</summary>
public sealed class HeadTests
{
    private static readonly Dictionary<string, DecodeHeadConfig> s_heads = new()
    {
        ["FCN of large, spread kernels"] = new FcnHeadConfig { InChannels = [6], InIndex = [2], Channels = 5, NumClasses = 3, NumConvs = 2, KernelSize = 5, Dilation = 3 },
        ["FCN with group norms"] = new FcnHeadConfig { InChannels = [6], InIndex = [2], Channels = 6, NumClasses = 3, NumConvs = 1, Norm = NormKind.Group, NormGroups = 3, ConcatInput = true },
        ["UperNet of two maps with pools larger than the last one"] = new UperHeadConfig { InChannels = [5, 7], InIndex = [1, 3], Channels = 4, NumClasses = 3, PoolScales = [1, 4, 9], Norm = NormKind.None },
        ["UperNet with corners in place"] = new UperHeadConfig { InChannels = [4, 5, 6, 7], InIndex = [0, 1, 2, 3], Channels = 4, NumClasses = 2, PoolScales = [2], Norm = NormKind.Group, NormGroups = 2, AlignCorners = true },
        ["Semantic FPN from the second map on"] = new SemanticFpnHeadConfig { InChannels = [5, 6, 7], InIndex = [1, 2, 3], FeatureStrides = [8, 16, 32], Channels = 4, NumClasses = 2, Norm = NormKind.None },
        ["Semantic FPN of maps of one size"] = new SemanticFpnHeadConfig { InChannels = [4, 5], InIndex = [0, 1], FeatureStrides = [4, 4], Channels = 3, NumClasses = 2, Norm = NormKind.None },
        ["LightHam of groups of channels"] = new LightHamHeadConfig { InChannels = [4, 7], InIndex = [0, 3], Channels = 6, NumClasses = 3, HamChannels = 12, Norm = NormKind.Group, NormGroups = 3, Factorization = new FactorizationOptions { Groups = 3, Rank = 2, TrainingSteps = 0 } },
        ["LightHam of places"] = new LightHamHeadConfig { InChannels = [6], InIndex = [2], Channels = 4, NumClasses = 1, HamChannels = 8, Norm = NormKind.None, AlignCorners = true, Factorization = new FactorizationOptions { Rank = 3, IsSpatial = false, TrainingSteps = 1 } },
    };

    public static TheoryData<string> Heads => [.. s_heads.Keys];

    [Theory]
    [MemberData(nameof(Heads))]
    public void LogitsHaveTheSizeOfTheFirstMapAndEveryParameterLearns(string name)
    {
        DecodeHead head = s_heads[name].Create();
        head.Initialize(1);
        head.Train();
        Tensor[] maps = [Noise(13, 9, 4), Noise(7, 5, 5), Noise(4, 3, 6), Noise(2, 1, 7)];
        Tensor first = maps[s_heads[name].InIndex[0]];
        using var tape = Tape.Start();
        Tensor logits = head.ForwardMaps(maps);
        Assert.Equal(new Shape(2, first.Shape[1], first.Shape[2], s_heads[name].NumClasses), logits.Shape);
        tape.Backward((logits * logits).Sum());
        Assert.All(head.NamedParameters(), entry =>
        {
            Assert.NotNull(entry.Parameter.Grad);
            Assert.All(entry.Parameter.Grad.ToArray(), value => Assert.True(float.IsFinite(value), entry.Name));
        });
    }

    private static Tensor Noise(int height, int width, int channels)
    {
        float[] values = new float[2 * height * width * channels];
        new Philox(3, (ulong)channels).FillNormal(values, 0);
        return Tensor.From(values, [2, height, width, channels]);
    }
}

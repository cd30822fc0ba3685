using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Models.Tests;

/// <summary>Every host holds every registered attention.</summary>
public class HostTests
{
    private static readonly Dictionary<string, VisionModelConfig> Hosts = ModelRegistry.Families.SelectMany(family => family.Tiny).ToDictionary();

    public static TheoryData<string, string> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, string>();
            foreach (string host in Hosts.Keys)
            {
                foreach (AttentionEntry entry in AttentionRegistry.All)
                    pairs.Add(host, entry.Name);
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void AnyAttentionRunsForwardAndBackward(string host, string attention)
    {
        VisionModelConfig config = Hosts[host] with { Attention = [attention], DropPathRate = 0 };
        VisionModel model = config.Create();
        model.Initialize(1);
        model.Train();
        Tensor images = TestImages.Make(2, config.ImageSize);
        using (var tape = Tape.Start())
            tape.Backward(model.Forward(images).LogSoftmax().Slice(1, 1, 1).Mean());
        foreach ((string name, Parameter parameter) in model.NamedParameters())
        {
            if (HasNoGradient(model, attention, name))
                Assert.True(parameter.Grad is null, name);
            else
                Assert.All((parameter.Grad ?? throw new InvalidOperationException($"{name} has no gradient.")).ToArray(), value => Assert.True(float.IsFinite(value), name));
        }

        Assert.Contains(model.NamedParameters(), entry => entry.Name.Contains("qkv", StringComparison.Ordinal) || entry.Name.Contains("kv.weight", StringComparison.Ordinal));

        // A checkpoint's description builds the same network again.
        (string family, string json) = ModelConfigJson.Write(model);
        VisionModel again = ModelConfigJson.Read(family, json).Create();
        Assert.Equal(Names(model), Names(again));

        model.Evaluate();
        float[] logits = model.Forward(images).ToArray();
        Assert.All(logits, value => Assert.True(float.IsFinite(value)));
        model.OptimizeForInference();
        float[] frozen = model.Forward(images).ToArray();
        for (int i = 0; i < logits.Length; i++)
            Assert.Equal(logits[i], frozen[i], 1e-4f * logits.Max(MathF.Abs));
    }

    public static TheoryData<string> OddHosts => [.. OddHeads.Keys];

    // 5, 9, 3 or 7 channels a head.
    private static readonly Dictionary<string, VisionModelConfig> OddHeads = new()
    {
        ["deit"] = (DeiTConfig)Hosts["deit"] with { EmbedDim = 10 },
        ["pvt"] = (PvtConfig)Hosts["pvt"] with { EmbedDims = [10, 18] },
        ["pola_pvt"] = (PvtConfig)Hosts["pola_pvt"] with { EmbedDims = [18, 6] },
        ["pvt_v2"] = (PvtV2Config)Hosts["pvt_v2"] with { EmbedDims = [14, 10] },
        ["swin"] = (SwinConfig)Hosts["swin"] with { EmbedDim = 9, NumHeads = [1, 2] },
        ["cswin"] = (CSWinConfig)Hosts["cswin"] with { EmbedDim = 12, NumHeads = [4, 8] },
    };

    [Theory]
    [MemberData(nameof(OddHosts))]
    public void AHeadMayHaveAnOddNumberOfChannels(string host)
    {
        foreach (string attention in (string[])["polarity", "polarity++"])
        {
            VisionModel model = (OddHeads[host] with { Attention = [attention], DropPathRate = 0 }).Create();
            model.Initialize(1);
            (float[] logits, float[] gradient) = Run(model);
            Composition.IsForced = true;
            try
            {
                (float[] composed, float[] composedGradient) = Run(model);
                AssertClose(composed, logits);
                AssertClose(composedGradient, gradient);
            }
            finally
            {
                Composition.IsForced = false;
            }
        }

        static (float[] Logits, float[] Gradient) Run(VisionModel model)
        {
            model.ZeroGrad();
            using var tape = Tape.Start();
            Tensor y = model.Forward(TestImages.Make(2, 32));
            float[] logits = y.ToArray();
            tape.Backward(y.LogSoftmax().Slice(1, 1, 1).Mean());
            return (logits, [.. model.Parameters().SelectMany(parameter => parameter.Grad?.ToArray() ?? [])]);
        }

        static void AssertClose(float[] expected, float[] actual)
        {
            Assert.Equal(expected.Length, actual.Length);
            float tolerance = 1e-4f * expected.Max(MathF.Abs);
            for (int i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i], actual[i], tolerance);
        }
    }

    [Theory]
    [InlineData("deit", "softmax")]
    [InlineData("distilled deit", "softmax")]
    [InlineData("pooled deit", "polarity")]
    [InlineData("pooled deit", "focused")]
    [InlineData("pvt", "softmax")]
    [InlineData("pvt_v2", "softmax")]
    [InlineData("pvt_v2", "polarity")]
    [InlineData("swin", "window")]
    [InlineData("swin", "focused")]
    [InlineData("cswin", "softmax")]
    [InlineData("cswin", "focused")]
    public void EveryParameterReceivesAGradient(string host, string attention)
    {
        VisionModelConfig config = Hosts[host] with { Attention = [attention], DropPathRate = 0 };
        VisionModel model = config.Create();
        model.Initialize(1);
        model.Train();
        using (var tape = Tape.Start())
            tape.Backward(model.Forward(TestImages.Make(2, config.ImageSize)).LogSoftmax().Slice(1, 1, 1).Mean());
        Assert.Empty(model.NamedParameters().Where(entry => entry.Parameter.Grad is not { } gradient || gradient.ToArray().All(value => value == 0)).Select(entry => entry.Name));
    }

    [Theory]
    [InlineData("deit", "window", "softmax")]
    [InlineData("pvt", "softmax")]
    [InlineData("swin", "polarity", "elu", "relu")]
    public void AsManyAttentionsAsStagesAreNeeded(string host, params string[] attention)
    {
        // One stands for all of them.
        if (attention.Length == 1)
            Assert.Equal(2, (Hosts[host] with { Attention = attention }).Create().Modules().OfType<AttentionLayer>().Count());
        else
            Assert.Contains($"{attention.Length} entries", Assert.Throws<ArgumentException>(() => (Hosts[host] with { Attention = attention }).Create()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void StagesMayDiffer()
    {
        VisionModel model = (Hosts["pvt_v2"] with { Attention = ["polarity", "elu"] }).Create();
        Assert.Equal(["PolarityAttention", "EluLinearAttention"], model.Modules().OfType<AttentionLayer>().Select(layer => layer.Mechanism.GetType().Name));
    }

    [Fact]
    public void AnUnknownAttentionListsThoseThereAre()
    {
        var error = Assert.Throws<ArgumentException>(() => ModelRegistry.Find("deit_tiny").WithAttention(["polarty"]).Create());
        Assert.Contains("'polarty'", error.Message, StringComparison.Ordinal);
        Assert.Contains("polarity++", error.Message, StringComparison.Ordinal);
    }

    // The norm that Pola-PVT's authors keep in the state dict and do not use; projections of queries that no mechanism reads.
    private static bool HasNoGradient(VisionModel model, string attention, string name) =>
        (model is Pvt { Config.ClassToken: false } && name is "norm.weight" or "norm.bias")
        || (attention is "synthesizer-random" or "synthesizer-factorized" && (name.EndsWith(".q.weight", StringComparison.Ordinal) || name.EndsWith(".q.bias", StringComparison.Ordinal)));

    private static IEnumerable<(string, Shape)> Names(Module model) => model.StateDict().Select(entry => (entry.Name, entry.Tensor.Shape));
}

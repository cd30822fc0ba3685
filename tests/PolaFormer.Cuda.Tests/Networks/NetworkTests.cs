using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Models;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Cuda.Tests.Networks;

/// <summary>That whole networks on the kernels are the processor's: results, gradients, and what training does.</summary>
public class NetworkTests
{
    private static readonly Dictionary<string, VisionModelConfig> s_hosts = ModelRegistry.Families.SelectMany(family => family.Tiny).ToDictionary();

    public static TheoryData<string, string?> Networks =>
    [
        .. s_hosts.Keys.Select(host => ((string, string?))(host, null)),
        .. AttentionRegistry.All.Select(entry => ((string, string?))("deit", entry.Name)),
    ];

    [Theory]
    [MemberData(nameof(Networks))]
    public void A_network_and_its_gradients_are_the_processors(string host, string? attention)
    {
        VisionModelConfig config = s_hosts[host] with { DropPathRate = 0 };
        if (attention is not null)
            config = config with { Attention = [attention] };
        (float[] Logits, Dictionary<string, float[]> Gradients) expected = Run(config, Device.Cpu), actual = Run(config, FibreDevice.Create(order: 0));

        AssertClose(1e-5, expected.Logits, actual.Logits, "logits");
        Assert.Equal(expected.Gradients.Keys, actual.Gradients.Keys);
        float[] All(Dictionary<string, float[]> gradients) => [.. gradients.Values.SelectMany(values => values)];
        AssertClose(1e-4, All(expected.Gradients), All(actual.Gradients), "gradients");
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void Mixed_precision_differs_by_the_rounding_of_products(string host)
    {
        Mixed(s_hosts[host]);
    }

    // As the first stages of polaformer_pp_b4 and b5 have them.
    [Fact]
    public void Heads_of_96_channels_are_fused_in_mixed_precision()
    {
        FibreRuntime runtime = Mixed((PolaFormerPlusPlusConfig)s_hosts["polaformer_pp"] with { EmbedDims = [96, 16], NumHeads = [1, 2] });
        Assert.Contains("query_gradients", runtime.Launched);
    }

    private static FibreRuntime Mixed(VisionModelConfig config)
    {
        config = config with { DropPathRate = 0 };
        var runtime = new FibreRuntime(order: 0);
        var mixed = new CudaDevice(runtime, "cuda:0") { IsMixedPrecision = true };
        (float[] Logits, Dictionary<string, float[]> Gradients) expected = Run(config, Device.Cpu), actual = Run(config, mixed);

        // bfloat16 has 8 bits.
        AssertClose(2e-2, expected.Logits, actual.Logits, "logits");
        Assert.NotEqual(expected.Logits, actual.Logits, (a, b) => Math.Abs(a - b) < 1e-5);
        AssertClose(5e-2, [.. expected.Gradients.Values.SelectMany(values => values)], [.. actual.Gradients.Values.SelectMany(values => values)], "gradients");
        return runtime;
    }

    public static TheoryData<string> Hosts => [.. s_hosts.Keys];

    [Theory]
    [MemberData(nameof(Hosts))]
    public void A_network_made_for_inference_gives_the_same_results(string host)
    {
        VisionModelConfig config = s_hosts[host];
        CudaDevice device = FibreDevice.Create(order: 0);
        VisionModel here = config.Create(), there = config.Create();
        here.Initialize(1);
        here.Evaluate();
        there.Initialize(1);
        there.To(device);
        there.OptimizeForInference();

        AssertClose(1e-5, here.Forward(Images(2, config.ImageSize, Device.Cpu)).ToArray(), there.Forward(Images(2, config.ImageSize, device)).ToArray(), "logits");
        Assert.Contains("Move it before", Assert.Throws<InvalidOperationException>(() => there.To(Device.Cpu)).Message);
    }

    [Theory]
    [InlineData("pola_pvt", false)]
    [InlineData("polaformer_pp", true)]
    public void A_repeated_pass_takes_new_images_and_keeps_its_memory_to_itself(string host, bool isMixed)
    {
        VisionModelConfig config = s_hosts[host];
        CudaDevice device = FibreDevice.Create(order: 0);
        device.IsMixedPrecision = isMixed;
        using IDisposable use = device.Use();
        VisionModel model = config.Create();
        model.Initialize(1);
        model.To(device);
        model.OptimizeForInference();
        Tensor images = Images(2, config.ImageSize, device), others = images * 0.5f;
        float[] first = model.Forward(images).ToArray(), second = model.Forward(others).ToArray();

        using RepeatedPass pass = device.Repeat(() => model.Forward(images));

        for (int run = 0; run < 3; run++)
            Assert.Equal(first, pass.Run().ToArray());
        Assert.Null(pass.WhyNotWhole);
        Tensor kept = model.Forward(others);
        images.CopyFrom(others.ToArray());
        Assert.Equal(second, pass.Run().ToArray());
        Assert.Equal(second, kept.ToArray());
    }

    private static (float[] Logits, Dictionary<string, float[]> Gradients) Run(VisionModelConfig config, Device device)
    {
        VisionModel model = config.Create();
        model.Initialize(1);
        model.Train();
        model.To(device);
        using var tape = Tape.Start();
        Tensor logits = model.Forward(Images(2, config.ImageSize, device));
        tape.Backward(logits.LogSoftmax().Slice(1, 1, 1).Mean());
        return (logits.ToArray(), model.NamedParameters().Where(entry => entry.Parameter.Grad is not null).ToDictionary(entry => entry.Name, entry => entry.Parameter.Grad!.ToArray()));
    }

    private static Tensor Images(int count, int size, Device device)
    {
        var values = new float[count * size * size * 3];
        new Philox(3, 5).FillNormal(values, 0);
        return Tensor.From(values, [count, size, size, 3], device);
    }

    private static void AssertClose(double tolerance, float[] expected, float[] actual, string what) =>
        Distance.AssertWithin(tolerance, [.. expected.Select(value => (double)value)], [.. actual.Select(value => (double)value)], what);
}

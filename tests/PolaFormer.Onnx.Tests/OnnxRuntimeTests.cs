using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Onnx.Tests;

/// <summary>ONNX Runtime computes from an exported file what the network computes here.</summary>
public class OnnxRuntimeTests
{
    // The fixtures' tolerance: 2e-5 of the largest logit against the truth, for each of two computations in float32.
    private const double Tolerance = 2 * 2e-5;

    public static TheoryData<string, int, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int, int>();
            foreach (string name in new[] { "polaformer_pp_cifar", "pola_pvt_tiny", "pola_swin_tiny", "polaformer_pp_b0" })
            {
                foreach (int batch in new[] { 1, 3 })
                {
                    foreach (int seed in new[] { 1, 2 })
                        cases.Add(name, batch, seed);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void LogitsAgree(string name, int batch, int seed) => Compare(ModelRegistry.Find(name).Create(), batch, seed, new OnnxExportOptions());

    [Theory]
    [InlineData(PowerForm.Pow, 17)]
    [InlineData(PowerForm.ExpLog, 18)]
    [InlineData(PowerForm.ExpLog, 20)]
    public void FormsAndOperatorSetsAgree(PowerForm power, int opset)
    {
        foreach (string name in new[] { "pola_pvt_tiny", "polaformer_pp_cifar" })
            Compare(ModelRegistry.Find(name).Create(), 2, 3, new OnnxExportOptions { Power = power, Opset = opset });
    }

    [Theory]
    [InlineData("pola_pvt_small")]
    [InlineData("pola_swin_small")]
    [InlineData("polaformer_pp_b1")]
    [InlineData("polaformer_pp_b2")]
    public void LargerVariantsAgree(string name) => Compare(ModelRegistry.Find(name).Create(), 2, 4, new OnnxExportOptions());

    [Fact]
    public void LargeBatchesAgree() => Compare(ModelRegistry.Find("polaformer_pp_cifar").Create(), 17, 5, new OnnxExportOptions());

    [Fact]
    public void ReducedKeysAndPositionsOfAnotherSizeAgree()
    {
        var config = new PvtConfig { ImageSize = 64, NumClasses = 10, AttnType = "LLSS", LaSrRatios = [8, 4, 2, 1], DropPathRate = 0 };
        Compare(new Pvt(config), 3, 6, new OnnxExportOptions());
    }

    [Fact]
    public void HeadsOfAnOddNumberOfChannelsAgree()
    {
        var config = new PvtConfig { ImageSize = 64, NumClasses = 10, EmbedDims = [9, 18, 15, 28], NumHeads = [1, 2, 3, 4], MlpRatios = [2, 2, 2, 2], AttnType = "LLLL", DropPathRate = 0 };
        Compare(new Pvt(config), 2, 8, new OnnxExportOptions());
    }

    [Theory]
    [InlineData(PowerForm.ExpLog)]
    [InlineData(PowerForm.Pow)]
    public void ZeroQueriesAndExponentsOfOneAgree(PowerForm power)
    {
        VisionModel model = new Pvt(new PvtConfig { ImageSize = 64, NumClasses = 10, DropPathRate = 0 });
        Compare(model, 1, 7, new OnnxExportOptions { Power = power }, parameters =>
        {
            foreach ((string name, Parameter parameter) in parameters)
            {
                Span<float> values = parameter.AsSpan<float>();
                if (name.Contains(".qg.", StringComparison.Ordinal))
                    values[..(values.Length / 4)].Clear();
                else if (name.EndsWith("power", StringComparison.Ordinal))
                    values[..(values.Length / 2)].Fill(-200);
            }
        });
    }

    private static void Compare(VisionModel model, int batch, int seed, OnnxExportOptions options, Action<IEnumerable<(string, Parameter)>>? change = null)
    {
        RandomWeights.Fill(model, (ulong)seed);
        change?.Invoke(model.NamedParameters());
        using var folder = new TemporaryFolder();
        string file = folder.PathOf("model.onnx");
        OnnxExporter.Export(model, file, options);

        Tensor images = Tensor.Empty([batch, model.ImageSize, model.ImageSize, 3]);
        new Philox((ulong)seed, 7).FillNormal(images.AsSpan<float>(), 0);
        float[] expected = model.Forward(images).ToArray();
        float[] actual = OnnxRuntime.Run(file, images);

        Assert.Equal(expected.Length, actual.Length);
        double scale = expected.Max(value => Math.Abs((double)value));
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs((double)expected[i] - actual[i]) <= Tolerance * scale, $"Logit {i} is {actual[i]:R} in ONNX Runtime, {expected[i]:R} here; the largest is {scale:E2}.");
    }
}

using PolaFormer.Models;
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

    private static void Compare(VisionModel model, int batch, int seed, OnnxExportOptions options)
    {
        OnnxRuntime.Require();
        RandomWeights.Fill(model, (ulong)seed);
        using var folder = new TemporaryFolder();
        string file = folder.PathOf("model.onnx");
        OnnxExporter.Export(model, file, options);

        Tensor images = Tensor.Empty([batch, model.ImageSize, model.ImageSize, 3]);
        new Philox((ulong)seed, 7).FillNormal(images.AsSpan<float>(), 0);
        float[] expected = model.Forward(images).ToArray();
        float[] actual = OnnxRuntime.Run(file, images);

        Assert.Equal(expected.Length, actual.Length);
        double scale = expected.Max(value => Math.Abs((double)value));
        double difference = expected.Zip(actual, (a, b) => Math.Abs((double)a - b)).Max();
        TestContext.Current.TestOutputHelper?.WriteLine($"largest difference {difference:E2} of {scale:E2}: {difference / scale:E2}");
        Assert.True(difference <= Tolerance * scale, $"Logits differ by {difference:E2} where the largest is {scale:E2}.");
    }
}

using PolaFormer.Models;
using PolaFormer.Models.Necks;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Onnx.Tests;

/// <summary>ONNX Runtime computes from exported segmentation networks what they compute here.</summary>
public class SegmenterTests
{
    private const double Tolerance = 1e-4;

    private static readonly Dictionary<string, SegmenterConfig> s_networks = new()
    {
        ["light ham"] = SegmenterRegistry.Find("polapp_nano_ham").Config.WithClasses(5),
        ["semantic fpn"] = new()
        {
            Backbone = new PvtConfig { ImageSize = 64, EmbedDims = [8, 16, 24, 32], NumHeads = [1, 2, 3, 4], MlpRatios = [2, 2, 2, 2], Depths = [1, 1, 1, 1], AttnType = "LLLL", DropPathRate = 0 },
            Neck = new FpnConfig { InChannels = [8, 16, 24, 32], OutChannels = 12, Outputs = 4 },
            Head = new SemanticFpnHeadConfig { InChannels = [12, 12, 12, 12], InIndex = [0, 1, 2, 3], Channels = 8, NumClasses = 5 },
        },
        ["upernet"] = new()
        {
            Backbone = new SwinConfig { EmbedDim = 8, Depths = [1, 1, 2, 1], NumHeads = [1, 2, 4, 4], Windows = [8, 4, 3, 3], AttnType = "LLSS", MlpRatio = 2, DropPathRate = 0 },
            Head = new UperHeadConfig { InChannels = [8, 16, 32, 64], InIndex = [0, 1, 2, 3], Channels = 8, NumClasses = 5 },
        },
    };

    [Theory]
    [InlineData("light ham", 64, 96)]
    [InlineData("semantic fpn", 64, 96)]
    [InlineData("upernet", 64, 96)]
    public void LogitsOfAFixedSizeAgree(string name, int height, int width) => HoldToOnnxRuntime(Make(name), OnnxImageSize.Fixed(height, width), (height, width));

    [Theory]
    [InlineData("light ham")]
    [InlineData("semantic fpn")]
    [InlineData("upernet")]
    public void LogitsOfOneFileAgreeAtSeveralSizes(string name)
    {
        Segmenter network = Make(name);
        int side = network.SizeDivisor;
        HoldToOnnxRuntime(network, OnnxImageSize.Open(side), (2 * side, 3 * side), (3 * side, side), (side, side));
    }

    [Fact]
    public void AnOpenSizeNeedsPrimesThatNoExtentHas()
    {
        Segmenter network = s_networks["light ham"].WithClasses(11 * 13).Create();
        network.Initialize(3);
        HoldToOnnxRuntime(network, OnnxImageSize.Open(32), (64, 32));
    }

    private static Segmenter Make(string name)
    {
        Segmenter network = s_networks[name].Create();
        network.Initialize(3);
        network.Evaluate();
        return network;
    }

    private static void HoldToOnnxRuntime(Segmenter network, OnnxImageSize size, params (int Height, int Width)[] images)
    {
        string file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".onnx");
        try
        {
            OnnxExporter.ExportMaps(network, size, file, metadata: new Dictionary<string, string> { ["architecture"] = "tiny" });
            foreach ((int height, int width) in images)
                HoldToOnnxRuntime(network, file, height, width);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static void HoldToOnnxRuntime(Segmenter network, string file, int height, int width)
    {
        Tensor images = Tensor.Empty([2, height, width, 3]);
        new Philox(7, 7).FillNormal(images.AsSpan<float>(), 0);
        float[] expected = network.Forward(images).Permute(0, 3, 1, 2).ToArray(), actual = OnnxRuntime.Run(file, images);
        Assert.Equal(expected.Length, actual.Length);
        double scale = expected.Max(value => Math.Abs((double)value));
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs((double)expected[i] - actual[i]) <= Tolerance * scale, $"Logit {i} of {height}×{width} pixels is {actual[i]:R} in ONNX Runtime, {expected[i]:R} here; the largest is {scale:E2}.");
    }
}

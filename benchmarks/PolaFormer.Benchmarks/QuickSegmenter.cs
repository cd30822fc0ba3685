using System.Globalization;
using System.Text.Json;
using PolaFormer.Measurement;
using PolaFormer.Onnx;
using PolaFormer.Segmentation;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Inference;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Threading;
using PolaFormer.Vision;

namespace PolaFormer.Benchmarks;

/// <summary>
/// Segmentation networks with drawn weights, a line of JSON each, for peers/segmenter.py: <c>-- --quick segmenter NAME whole SIDE SECONDS
/// THREADS</c>, images to the class of every pixel; <c>NAME profile SIDE SECONDS THREADS</c>, its calls as a table; <c>NAME slide WIDTH HEIGHT WINDOW THREADS</c>, a photograph through windows, once;
/// <c>NAME export FILE.onnx</c>.
/// </summary>
internal static class QuickSegmenter
{
    /// <summary>Does what is asked for.</summary>
    public static void Run(string[] arguments)
    {
        switch (arguments)
        {
            case [var name, "whole", var side, var seconds, var threads]:
                Workers.ThreadCount = Whole(threads);
                MeasureWhole(name, Whole(side), TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)));
                break;
            case [var name, "profile", var side, var seconds, var threads]:
                Workers.ThreadCount = Whole(threads);
                PrintProfile(name, Whole(side), TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)));
                break;
            case [var name, "slide", var width, var height, var window, var threads]:
                Workers.ThreadCount = Whole(threads);
                MeasureSlide(name, Whole(width), Whole(height), Whole(window));
                break;
            case [var name, "export", var file]:
                Segmenter network = Network(name);
                OnnxExporter.ExportMaps(network, OnnxImageSize.Open(network.SizeDivisor), file);
                break;
            default:
                Console.Error.WriteLine("usage: --quick segmenter NAME whole|profile SIDE SECONDS THREADS | NAME slide WIDTH HEIGHT WINDOW THREADS | NAME export FILE.onnx");
                break;
        }

        static int Whole(string text) => int.Parse(text, CultureInfo.InvariantCulture);
    }

    private static void MeasureWhole(string name, int side, TimeSpan duration)
    {
        using GradMode mode = GradMode.Disable();
        Segmenter network = Network(name);
        network.OptimizeForInference();
        Tensor images = Tensor.Empty([1, side, side, Image.Channels]);
        images.FillNormal(new Tensors.Random.Philox(1, 0), 1);
        Tensor logits = network.ForwardLogits(images);
        List<double> whole = Measured(() => network.ForwardLogits(images).InterpolatedArgMax(side, side, InterpolationMode.Bilinear), duration);
        List<double> fused = Measured(() => logits.InterpolatedArgMax(side, side, InterpolationMode.Bilinear), duration / 8);
        List<double> composed = Measured(() => logits.Interpolate(side, side, InterpolationMode.Bilinear).ArgMax(), duration / 8);
        double flops = 2.0 * MacsOf(name, side), peak = Sampling.MatrixProductPeak();
        Print(new()
        {
            ["median_ms"] = Sampling.Median(whole),
            ["classes_ms"] = Sampling.Median(fused),
            ["classes_composed_ms"] = Sampling.Median(composed),
            ["product_limit_ms"] = flops / peak / 1e6,
            ["peak_tensor_bytes"] = Device.Cpu.MemoryStatistics.PeakBytesInUse,
        });
    }

    private static void PrintProfile(string name, int side, TimeSpan duration)
    {
        using GradMode mode = GradMode.Disable();
        Segmenter network = Network(name);
        network.OptimizeForInference();
        Profile profile = Profile.Measure(
            () =>
            {
                Tensor images = Tensor.Empty([1, side, side, Image.Channels]);
                images.FillNormal(new Tensors.Random.Philox(1, 0), 1);
                return () =>
                {
                    using var scope = MemoryScope.Enter();
                    network.ForwardLogits(images).InterpolatedArgMax(side, side, InterpolationMode.Bilinear);
                };
            },
            duration,
            Sampling.MatrixProductPeak());
        foreach (ProfileEntry call in profile.ByLayer())
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{call.Module,-40} {call.Operator,-30} {call.Result,-22} {call.Calls,3} {call.Ms,8:0.00} ms {2e-6 * call.Macs / call.Ms,7:0.0} GFLOP/s {1e-6 * call.Bytes / call.Ms,6:0.0} GB/s"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"whole {profile.StepMs:0.0} ms, outside calls {profile.OutsideCallsMs:0.0} ms, products {profile.GemmPeak:0} GFLOP/s"));
    }

    private static void MeasureSlide(string name, int width, int height, int window)
    {
        Segmenter network = Network(name);
        network.OptimizeForInference();
        var segmenter = new ImageSegmenter(network, ClassNames.Ade20K) { Pipeline = new TestPipeline { Scale = (width, height) }, Window = new SlidingWindow(window, window, 2 * window / 3, 2 * window / 3) };
        using var photo = new Image(width, height);
        for (int y = 0; y < height; y++)
        {
            for (int i = 0; i < photo.Row(y).Length; i++)
                photo.Row(y)[i] = (byte)((i * 7) + (y * 13) + (i * y));
        }

        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        segmenter.Segment(photo);
        Print(new()
        {
            ["seconds"] = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds,
            ["peak_tensor_bytes"] = Device.Cpu.MemoryStatistics.PeakBytesInUse,
            ["peak_rss_bytes"] = Sampling.PeakResidentBytes(),
        });
    }

    private static List<double> Measured(Func<Tensor> pass, TimeSpan duration)
    {
        void Scoped()
        {
            using var scope = MemoryScope.Enter();
            pass();
        }

        Sampling.WarmUp(Scoped, duration / 3);
        return Sampling.Times(Scoped, duration);
    }

    private static Segmenter Network(string name)
    {
        Segmenter network = SegmenterRegistry.Find(name).Config.Create();
        network.Initialize(1);
        network.Evaluate();
        return network;
    }

    private static long MacsOf(string name, int side)
    {
        var meta = new MetaDevice();
        using IDisposable use = meta.Use();
        Segmenter network = SegmenterRegistry.Find(name).Config.Create();
        network.Evaluate();
        network.ForwardLogits(Tensor.Empty([1, side, side, Image.Channels]));
        return meta.MultiplyAccumulates;
    }

    private static void Print(Dictionary<string, double> figures) => Console.WriteLine(JsonSerializer.Serialize(figures));
}

using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;
using PolaFormer.Vision.Transforms.Operations;

namespace PolaFormer.Benchmarks;

/// <summary>
/// Images/s of the authors' training transform and of its parts on one thread, after decoding, in turns with Pillow where Python has
/// it. Seconds are the processor's: neighbours on a shared machine cost nothing.
/// </summary>
internal static class QuickAugment
{
    private const int Rounds = 9, Size = 224, Photographs = 32;
    private static readonly TimeSpan s_round = TimeSpan.FromSeconds(0.5);

    /// <summary>Prints medians and ratios for a folder of JPEG files.</summary>
    public static void Run(string[] arguments)
    {
        if (arguments is not [var folder])
        {
            Console.Error.WriteLine("usage: --quick augment FOLDER");
            return;
        }
        Image[] images = [.. Directory.EnumerateFiles(folder)
            .Where(path => Path.GetExtension(path).ToLowerInvariant() is ".jpg" or ".jpeg")
            .Order(StringComparer.Ordinal).Take(Photographs).Select(path => ImageDecoder.Decode(path))];
        Image[] squares = [.. images.Select(image => Resampling.Resize(image, Size, Size, ResamplingFilter.Bicubic))];
        FillColor fill = FillColor.FromMean([0.485f, 0.456f, 0.406f]);
        var crop = new RandomResizedCrop(Size);
        var transform = new TrainTransform(
            Size, [crop, new HorizontalFlip(), new RandAugment(RandAugmentPolicy.Parse("rand-m9-mstd0.5-inc1"), fill)], erasing: new RandomErasing(0.25));
        float[] values = new float[Size * Size * Image.Channels];
        (string Name, Action<int> Work)[] cases =
        [
            ("all", i => transform.Apply(images[i % images.Length], new SampleRandom(1, 0, i), values)),
            ("crop", i => crop.Apply(images[i % images.Length], new SampleRandom(1, 0, i)).Dispose()),
            .. RandAugmentOperation.All(isIncreasing: true).Select(operation => (operation.Name, (Action<int>)(i =>
                operation.Apply(squares[i % squares.Length], operation.ArgumentOf(9, isNegated: i % 2 == 1) ?? 0, ResamplingFilter.Bicubic, fill).Dispose()))),
        ];
        using PillowPeer? pillow = PillowPeer.Start("augment_pillow.py", folder);
        Console.WriteLine($"{"images/s, medians",-22} {"here",8} {"Pillow",8} {"ratio",6}");
        foreach ((string name, Action<int> work) in cases)
        {
            double[] rates = new double[Rounds];
            double[] peerRates = new double[Rounds];
            double[] ratios = new double[Rounds];
            for (int round = -1; round < Rounds; round++)
            {
                double rate = Measure(work), peer = pillow?.Ask(name) ?? double.NaN;
                if (round >= 0)
                    (rates[round], peerRates[round], ratios[round]) = (rate, peer, rate / peer);
            }
            Console.WriteLine($"{name,-22} {Median(rates),8:F0} {Median(peerRates),8:F0} {Median(ratios),6:F2}");
        }
    }

    private static double Measure(Action<int> work)
    {
        TimeSpan start = Environment.CpuUsage.TotalTime, used;
        int count = 0;
        do
        {
            for (int end = count + Photographs; count < end; count++)
                work(count);
            used = Environment.CpuUsage.TotalTime - start;
        }
        while (used < s_round);
        return count / used.TotalSeconds;
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);
}

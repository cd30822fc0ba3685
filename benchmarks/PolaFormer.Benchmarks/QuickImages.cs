using System.Diagnostics;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Benchmarks;

/// <summary>Images/s from the bytes of a file to normalised network input on one thread, in turns with Pillow where Python has it.</summary>
internal static class QuickImages
{
    private const int Rounds = 9;
    private static readonly TimeSpan s_round = TimeSpan.FromSeconds(0.25);

    /// <summary>Prints medians and ratios for one image file.</summary>
    public static void Run(string[] arguments)
    {
        if (arguments is not [var path])
        {
            Console.Error.WriteLine("usage: --quick images IMAGE");
            return;
        }
        byte[] data = File.ReadAllBytes(path);
        var transform = new EvalTransform();
        float[] values = new float[224 * 224 * Image.Channels];
        (string Name, string Peer, Action Work)[] cases =
        [
            ("decode", "decode", () => ImageDecoder.Decode(data).Dispose()),
            ("exact transform", "transform", () => Transform(ImageDecodeOptions.Default)),
            ("fast transform", "transform", () => Transform(new() { MinimumSize = transform.ResizeSize })),
        ];
        using PillowPeer? pillow = PillowPeer.Start("image_pillow.py", path);
        double[,] rates = new double[cases.Length, Rounds];
        double[,] peerRates = new double[cases.Length, Rounds];
        for (int round = -1; round < Rounds; round++)
            for (int i = 0; i < cases.Length; i++)
            {
                double rate = Measure(cases[i].Work), peer = pillow?.Ask(cases[i].Peer) ?? double.NaN;
                if (round >= 0)
                    (rates[i, round], peerRates[i, round]) = (rate, peer);
            }
        Console.WriteLine($"{"images/s, medians",-20} {"here",8} {"Pillow",8} {"ratio",6}");
        for (int i = 0; i < cases.Length; i++)
            Console.WriteLine($"{cases[i].Name,-20} {Median(rates, i),8:F0} {Median(peerRates, i),8:F0} {Median(rates, i) / Median(peerRates, i),6:F2}");

        void Transform(ImageDecodeOptions options)
        {
            using Image image = ImageDecoder.Decode(data, options);
            transform.Apply(image, values);
        }
    }

    private static double Measure(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        int count = 0;
        for (; Stopwatch.GetElapsedTime(start) < s_round; count++)
            work();
        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Median(double[,] rates, int row) =>
        Enumerable.Range(0, Rounds).Select(round => rates[row, round]).Order().ElementAt(Rounds / 2);
}

using System.Diagnostics;

namespace PolaFormer.Distributed;

/// <summary>What a message each way between two workers takes: α + β·bytes, fitted to measured times.</summary>
/// <param name="Latency">α, seconds.</param>
/// <param name="SecondsPerByte">β.</param>
/// <param name="Measured">Bytes each way, and the median of the times in seconds.</param>
public sealed record LinkTimes(double Latency, double SecondsPerByte, IReadOnlyList<(int Bytes, double Seconds)> Measured)
{
    private const int Smallest = 8, Largest = 16 << 20, Growth = 8, Before = 3;

    /// <summary>Exchanges messages of 8 bytes to 16 MiB between worker 0 and the last one, which may be furthest from it. All call it.</summary>
    /// <param name="group">Two workers or more.</param>
    /// <param name="rounds">Messages of each size whose median is taken.</param>
    /// <returns>The times that worker 0 has, on all.</returns>
    /// <exception cref="WorkerException">There is one worker alone, or the connection failed.</exception>
    public static LinkTimes Measure(WorkerGroup group, int rounds = 51)
    {
        if (group.Size == 1)
            throw new WorkerException("There is one worker alone: start two with mpirun -n 2, on the machines between which messages are to be measured.");
        var medians = new List<(int, double)>();
        byte[] sent = new byte[Largest], received = new byte[Largest];
        bool isEnd = group.IsFirst || group.Rank == group.Size - 1;
        for (int bytes = Smallest; bytes <= Largest; bytes *= Growth)
        {
            double[] times = new double[Before + rounds];
            for (int i = 0; i < times.Length && isEnd; i++)
            {
                int other = group.Size - 1 - group.Rank;
                long start = Stopwatch.GetTimestamp();
                group.Exchange(other, sent.AsSpan(0, bytes), other, received.AsSpan(0, bytes));
                times[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }

            byte[] median = BitConverter.GetBytes(times[Before..].Order().ElementAt(rounds / 2));
            group.Broadcast(median);
            medians.Add((bytes, BitConverter.ToDouble(median)));
        }

        return Fit(medians);
    }

    /// <summary>The α and β, not below 0, whose times differ least from measured ones, relative to these.</summary>
    /// <param name="measured">Bytes and seconds, of two sizes or more.</param>
    public static LinkTimes Fit(IReadOnlyList<(int Bytes, double Seconds)> measured)
    {
        // Least squares of (α + β·bytes − t) / t.
        double one = 0, bytes = 0, squares = 0, times = 0, products = 0;
        foreach ((int length, double seconds) in measured)
        {
            double weight = 1 / (seconds * seconds);
            one += weight;
            bytes += weight * length;
            squares += weight * length * length;
            times += weight * seconds;
            products += weight * length * seconds;
        }

        double determinant = (one * squares) - (bytes * bytes);
        double beta = ((one * products) - (bytes * times)) / determinant, alpha = ((squares * times) - (bytes * products)) / determinant;
        if (alpha < 0)
            (alpha, beta) = (0, products / squares);
        else if (beta < 0)
            (alpha, beta) = (times / one, 0);
        return new LinkTimes(alpha, beta, measured);
    }

    /// <summary>Seconds of a message each way.</summary>
    public double SecondsOf(long bytes) => Latency + (SecondsPerByte * bytes);

    /// <summary>Seconds of a sum over workers along the tree.</summary>
    /// <param name="bytes">Bytes that each worker has.</param>
    /// <param name="workers">A power of two.</param>
    public double SecondsOfSum(long bytes, int workers) => (2 * Math.Log2(workers) * Latency) + (2 * SecondsPerByte * bytes * (workers - 1) / workers);
}

using System.Runtime.InteropServices;
using PolaFormer.Distributed;

namespace PolaFormer.Training;

/// <summary>How several workers shared the steps of an epoch.</summary>
/// <param name="Workers">How many they are.</param>
/// <param name="CommunicationSeconds">Time in which gradients were under way between workers, the mean over them.</param>
/// <param name="WaitedSeconds">Time in which a worker waited for gradients, its own being done: the part that nothing hides, the mean over the workers.</param>
/// <param name="Imbalance">Time in which the slowest worker computed and loaded its batches, over the mean of all; 1 where all take as long.</param>
/// <param name="SlowestWorker">Number of the slowest worker.</param>
public sealed record SharedWork(int Workers, double CommunicationSeconds, double WaitedSeconds, double Imbalance, int SlowestWorker)
{
    /// <summary>The times of all workers as one; every worker calls it.</summary>
    /// <param name="group">The workers.</param>
    /// <param name="own">Times of this one.</param>
    /// <exception cref="WorkerException">The connection failed.</exception>
    internal static SharedWork Of(WorkerGroup group, WorkTimes own)
    {
        double[] all = MemoryMarshal.Cast<byte, double>(group.Gather(MemoryMarshal.AsBytes<double>([own.Compute.TotalSeconds, own.Exchange.TotalSeconds, own.Wait.TotalSeconds]))).ToArray();
        double[] compute = [.. Enumerable.Range(0, group.Size).Select(worker => all[3 * worker])];
        int slowest = Array.IndexOf(compute, compute.Max());
        double mean = compute.Average();
        return new SharedWork(
            group.Size, Enumerable.Range(0, group.Size).Average(worker => all[(3 * worker) + 1]), Enumerable.Range(0, group.Size).Average(worker => all[(3 * worker) + 2]),
            mean > 0 ? compute[slowest] / mean : 1, slowest);
    }
}

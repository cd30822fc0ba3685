using System.Globalization;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Measurement;

/// <summary>Finds out with small batches whether a large one has room, before it takes the memory.</summary>
public static class BatchMemory
{
    /// <summary>Makes sure that a batch has room. Of a device beside the processor nothing is foretold: it says so itself.</summary>
    /// <param name="batch">Images.</param>
    /// <param name="imageSize">Side of an image.</param>
    /// <param name="stepOf">Makes the step for a number of images.</param>
    /// <exception cref="ArgumentException">There is no room; the message says how many images fit.</exception>
    public static void Check(int batch, int imageSize, Func<int, Action> stepOf)
    {
        long values = 3L * imageSize * imageSize;
        if (batch * values > int.MaxValue)
            throw new ArgumentException($"--batch {batch}: a tensor holds at most {int.MaxValue / values} images of {imageSize}×{imageSize} pixels.");
        if (batch == 1 || Device.Default != Device.Cpu)
            return;
        long one = PeakOf(stepOf(1)), more = Math.Max(PeakOf(stepOf(2)) - one, 0) + (values * sizeof(float));
        double free = MachineMemory.FreeBytesForTensors - one;
        if ((batch - 1) * (double)more > free)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"--batch {batch} takes about {((batch * (double)more) + one) / 1e9:0.#} GB for tensors, and {MachineMemory.FreeBytesForTensors / 1e9:0.#} of {MachineMemory.TotalBytes / 1e9:0.#} GB are free. About {Math.Max(1, Math.Floor(free / more)):0} images have room."));
        }
    }

    private static long PeakOf(Action step)
    {
        // The first step makes what stays: gradients, and weights in the kernels' layout.
        step();
        return Device.Default.MemoryStatistics.PeakOf(step);
    }
}

using System.Globalization;
using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Measurement;

/// <summary>What a pass of a network takes, found out with small batches before a large one takes the memory.</summary>
/// <param name="One">Bytes of tensors that a pass of one image takes beyond what stays.</param>
/// <param name="Each">Bytes that every further image adds.</param>
/// <param name="Free">Bytes that tensors may take.</param>
public sealed record BatchMemory(long One, long Each, long Free)
{
    // The rest is for batches that are made ahead, and for what else the machine does in the hours of a run.
    private const double ShareOfMemory = 0.8;

    // Mixed images are pairs, and a batch norm has no statistics of one image.
    private const int SmallestPart = 2;

    /// <summary>Runs passes of one image and of two. Of a device beside the processor nothing is foretold: it says so itself, and the result is null.</summary>
    /// <param name="stepOf">Makes the pass for a number of images.</param>
    /// <param name="imageSize">Side of an image.</param>
    public static BatchMemory? Of(Func<int, Action> stepOf, int imageSize)
    {
        if (Device.Default != Device.Cpu)
            return null;
        long one = PeakOf(stepOf(1)), more = Math.Max(PeakOf(stepOf(2)) - one, 0) + (ValuesOf(imageSize) * sizeof(float));
        return new BatchMemory(one, more, MachineMemory.FreeBytesForTensors);
    }

    /// <summary>Runs training steps of a recipe's classifier.</summary>
    /// <inheritdoc cref="Of(Func{int, Action}, int)"/>
    /// <param name="config">The recipe.</param>
    /// <exception cref="ConfigurationException">A key asks for what is not supported.</exception>
    public static BatchMemory? OfTraining(TrainingConfig config) => Of(NetworkPass.Training(() =>
    {
        VisionModel model = ConfiguredModel.Create(config).Model;
        model.UseCheckpoint = config.Train.UseCheckpoint;
        model.Initialize((ulong)config.Seed);
        return model;
    }), config.Data.ImgSize);

    /// <summary>Bytes that a batch takes.</summary>
    public long BytesOf(int batch) => One + ((batch - 1) * Each);

    /// <summary>
    /// How many equal parts of a batch, one after another, have room in four fifths of the free memory: as few as a power of two allows, and
    /// none smaller than two images.
    /// </summary>
    public int PartsOf(int batch)
    {
        int parts = 1;
        while (batch % (2 * parts) == 0 && batch / (2 * parts) >= SmallestPart && BytesOf(batch / parts) > ShareOfMemory * Free)
            parts *= 2;
        return parts;
    }

    /// <summary>Makes sure that a batch has room. Of a device beside the processor nothing is foretold: it says so itself.</summary>
    /// <param name="batch">Images.</param>
    /// <param name="imageSize">Side of an image.</param>
    /// <param name="stepOf">Makes the step for a number of images.</param>
    /// <exception cref="ArgumentException">There is no room; the message says how many images fit.</exception>
    public static void Check(int batch, int imageSize, Func<int, Action> stepOf)
    {
        long values = ValuesOf(imageSize);
        if (batch * values > int.MaxValue)
            throw new ArgumentException($"--batch {batch}: a tensor holds at most {int.MaxValue / values} images of {imageSize}×{imageSize} pixels.");
        if (batch == 1 || Of(stepOf, imageSize) is not { } memory || memory.BytesOf(batch) <= memory.Free)
            return;
        throw new ArgumentException(string.Create(
            CultureInfo.InvariantCulture,
            $"--batch {batch} takes about {memory.BytesOf(batch) / 1e9:0.#} GB for tensors, and {memory.Free / 1e9:0.#} of {MachineMemory.TotalBytes / 1e9:0.#} GB are free. About {Math.Max(1, 1 + ((memory.Free - memory.One) / memory.Each)):0} images have room."));
    }

    private static long ValuesOf(int imageSize) => 3L * imageSize * imageSize;

    private static long PeakOf(Action step)
    {
        // The first step makes what stays: gradients, and weights in the kernels' layout.
        step();
        return Device.Default.MemoryStatistics.PeakOf(step);
    }
}

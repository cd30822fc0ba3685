using PolaFormer.Pipelines;
using PolaFormer.Tensors;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.DependencyInjection;

/// <summary>A classifier as a service: which, and how it computes. The defaults are a server's. Names of keys in a configuration are those of the properties.</summary>
public sealed class PolaFormerOptions
{
    /// <summary>A safetensors or PyTorch file; required.</summary>
    public string Checkpoint { get; set; } = "";

    /// <summary>The registered architecture of the checkpoint; null to find it out.</summary>
    public string? ModelName { get; set; }

    /// <summary>Names of the classes; null for those in the checkpoint, or ImageNet's for 1,000 classes.</summary>
    public IReadOnlyList<string>? Labels { get; set; }

    /// <summary>The views of an image whose probabilities are averaged.</summary>
    public ImageViews Views { get; set; }

    /// <summary>Whether large JPEGs are decoded at reduced size: a fraction of the time, slightly different pixels.</summary>
    public bool FastDecoding { get; set; }

    /// <summary>Images of more pixels (width · height) are refused before memory is taken.</summary>
    public long PixelLimit { get; set; } = 50_000_000;

    /// <summary>Image files of more bytes are refused.</summary>
    public long ByteLimit { get; set; } = 32 << 20;

    /// <summary>Threads that one batch computes with, at least 1.</summary>
    public int Threads { get; set; } = 1;

    /// <summary>Batches that are computed at the same time, each on <see cref="Threads"/>, at least 1; the processors of the machine by default.</summary>
    public int Parallelism { get; set; } = Environment.ProcessorCount;

    /// <summary>Images of a batch at most, at least 1.</summary>
    public int BatchSize { get; set; } = 16;

    /// <summary>How long the first image of a batch waits for others; zero, the default, not to wait.</summary>
    public TimeSpan BatchDelay { get; set; } = TimeSpan.Zero;

    /// <summary>Requests that may wait, at least 1; more are refused (<see cref="QueueFullException"/>).</summary>
    public int Capacity { get; set; } = 256;

    /// <summary>Where the network computes: <c>cpu</c>, or a kind of device that the program has registered (<see cref="Device.Register"/>) and its number, <c>cuda:0</c>.</summary>
    public string Device { get; set; } = "cpu";

    internal ClassifierOptions ToClassifierOptions() => new()
    {
        ModelName = ModelName,
        Labels = Labels,
        Views = Views,
        Decoding = ImageDecodeOptions.Photograph with { PixelLimit = PixelLimit, ByteLimit = ByteLimit },
        FastDecoding = FastDecoding,
        Threads = Threads,
        BatchSize = BatchSize,
        Device = Tensors.Device.Open(Device),
    };
}

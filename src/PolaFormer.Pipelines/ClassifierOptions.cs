using PolaFormer.Tensors;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Pipelines;

/// <summary>How <see cref="ImageClassifier.Load(string, ClassifierOptions)"/> makes a classifier, and how that computes.</summary>
public sealed record ClassifierOptions
{
    /// <summary>For programs that answer many requests at once: every request computes on the thread that asks.</summary>
    public static ClassifierOptions Server { get; } = new() { Threads = 1 };

    /// <summary>The registered architecture; null to find it out.</summary>
    public string? ModelName { get; init; }

    /// <summary>Names of the classes; null for those in the checkpoint, or ImageNet's for 1,000 classes.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Whether the network is optimised for inference; its attention and weights cannot be read then.</summary>
    public bool OptimizeForInference { get; init; } = true;

    /// <summary>The views of an image whose probabilities are averaged.</summary>
    public ImageViews Views { get; init; }

    /// <summary>Limits of image files, and whether the camera's orientation is applied; it is by default.</summary>
    public ImageDecodeOptions Decoding { get; init; } = ImageDecodeOptions.Photograph;

    /// <summary>Whether large JPEGs are decoded at reduced size: a fraction of the time, slightly different pixels.</summary>
    public bool FastDecoding { get; init; }

    /// <summary>
    /// Threads that one request computes with at most, the caller included, at least 1; null for <see cref="Tensors.Threading.Workers.ThreadCount"/>, by
    /// default all processors. One image on all processors is answered soonest; many requests at once take least processor time with 1.
    /// </summary>
    public int? Threads { get; init; }

    /// <summary>Images that go through the network together at most, at least 1; memory grows with it.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Where the network computes; null for the default device of the thread that loads.</summary>
    public Device? Device { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">A number is below 1.</exception>
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Threads ?? 1, 1, nameof(Threads));
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchSize, 1, nameof(BatchSize));
    }
}

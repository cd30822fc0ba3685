using PolaFormer.Segmentation.Data;

namespace PolaFormer.Segmentation.Scoring;

/// <summary>Pixels of every class, added up over images: as predicted, as labelled, and both (mmsegmentation's intersect_and_union). Ignored pixels count nowhere.</summary>
public sealed class PixelCounts
{
    /// <summary>Starts at zero.</summary>
    /// <param name="classes">Number of classes.</param>
    public PixelCounts(int classes) => (Intersection, Predicted, Labelled) = (new long[classes], new long[classes], new long[classes]);

    /// <summary>Pixels whose class was predicted rightly.</summary>
    public long[] Intersection { get; }

    /// <summary>Pixels of each predicted class.</summary>
    public long[] Predicted { get; }

    /// <summary>Pixels of each labelled class.</summary>
    public long[] Labelled { get; }

    /// <summary>Number of classes.</summary>
    public int Classes => Labelled.Length;

    /// <summary>Pixels that are of a class by prediction or label.</summary>
    public long[] Union => [.. Enumerable.Range(0, Classes).Select(c => Predicted[c] + Labelled[c] - Intersection[c])];

    /// <summary>Counts an image. Values beyond the classes, other than <see cref="LabelMap.Ignored"/> among the labels, are of no class.</summary>
    /// <param name="prediction">The predicted classes.</param>
    /// <param name="labels">The labels of the same pixels.</param>
    /// <exception cref="ArgumentException">There are not as many of both.</exception>
    public void Add(ReadOnlySpan<byte> prediction, ReadOnlySpan<byte> labels)
    {
        if (prediction.Length != labels.Length)
            throw new ArgumentException($"{prediction.Length} predicted pixels for {labels.Length} labels.", nameof(prediction));
        for (int i = 0; i < labels.Length; i++)
        {
            if (labels[i] == LabelMap.Ignored)
                continue;
            if (prediction[i] < Classes)
                Predicted[prediction[i]]++;
            if (labels[i] >= Classes)
                continue;
            Labelled[labels[i]]++;
            if (prediction[i] == labels[i])
                Intersection[labels[i]]++;
        }
    }

    /// <summary>Adds the counts of other images.</summary>
    public void Add(PixelCounts other)
    {
        for (int c = 0; c < Classes; c++)
        {
            Intersection[c] += other.Intersection[c];
            Predicted[c] += other.Predicted[c];
            Labelled[c] += other.Labelled[c];
        }
    }
}

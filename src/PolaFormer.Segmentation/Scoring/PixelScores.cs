using PolaFormer.Segmentation.Data;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Segmentation.Scoring;

/// <summary>
/// The scores of <see cref="SegmentationScores"/> for batches in training, by operators: no value is read, so that a training step may
/// be repeated by a device as a whole.
/// </summary>
internal sealed class PixelScores
{
    // Places of the labels that a map of logits is held against, which follow from sizes alone.
    private (Shape Of, Tensor Places)? _nearest;

    /// <summary>Classes of pixels as <see cref="Sums"/> takes them, the number of classes where they are ignored or none: (B·height·width).</summary>
    public static Tensor Labels(IReadOnlyList<LabelMap> labels, int classes, Device device)
    {
        float[] values = [.. labels.SelectMany(map => map.Values.Select(label => (float)Math.Min(label, classes)))];
        return Tensor.From(values, [values.Length], device);
    }

    /// <summary>Mean intersection over union, mean accuracy of the classes and accuracy of the pixels, times the number of images; 0 for what no pixel tells.</summary>
    /// <param name="logits">(B, h, w, classes).</param>
    /// <param name="labels">Those of the images' pixels (<see cref="Labels"/>), of which the nearest are taken.</param>
    /// <param name="height">Rows of an image.</param>
    /// <param name="width">Columns of an image.</param>
    public Tensor Sums(Tensor logits, Tensor labels, int height, int width)
    {
        int classes = logits.Shape[3];
        Tensor label = labels.Gather(0, NearestPlaces(logits, height, width)), predicted = logits.ArgMax().To(DType.Float32).Reshape(-1);
        Tensor none = Tensor.Full([1], classes, logits.Device), one = Tensor.Full([1], 1, logits.Device);
        Tensor right = Counts(Tensor.Where(predicted.Compare(Comparison.Equal, label), label, none)), labelled = Counts(label);
        Tensor found = Counts(Tensor.Where(label.Compare(Comparison.Less, classes), predicted, none)), union = found + labelled - right;
        Tensor all = labelled.Sum().Reshape(1);
        Tensor scores = Tensor.Concat(0, MeanOf(right, union), MeanOf(right, labelled), right.Sum().Reshape(1) / Tensor.Where(all.Compare(Comparison.Greater, 0), all, one));

        // Rounding may lead a mean of ones beyond it.
        return Tensor.Where(scores.Compare(Comparison.Greater, 1), one, scores) * logits.Shape[0];

        Tensor Counts(Tensor values) => values.To(DType.Int64).CountEach(classes + 1).Slice(0, 0, classes);

        // Over the classes that occur.
        Tensor MeanOf(Tensor share, Tensor whole)
        {
            Tensor occurs = whole.Compare(Comparison.Greater, 0), number = occurs.Sum().Reshape(1);
            return (share / Tensor.Where(occurs, whole, one)).Sum().Reshape(1) / Tensor.Where(number.Compare(Comparison.Greater, 0), number, one);
        }
    }

    // As OpenCV's resize of maps of classes takes them (Vision.OpenCv.NearestResize).
    private Tensor NearestPlaces(Tensor logits, int height, int width)
    {
        if (_nearest is { } known && known.Of == logits.Shape)
            return known.Places;
        (int images, int rows, int columns) = (logits.Shape[0], logits.Shape[1], logits.Shape[2]);
        long[] places = new long[images * rows * columns];
        for (int i = 0; i < places.Length; i++)
        {
            (int image, int y, int x) = (i / (rows * columns), i / columns % rows, i % columns);
            places[i] = ((((long)image * height) + ((long)y * height / rows)) * width) + ((long)x * width / columns);
        }

        Tensor made = MemoryScope.OutsideScopes(() => Tensor.From(places, [places.Length], logits.Device));
        _nearest = (logits.Shape, made);
        return made;
    }
}

using PolaFormer.Tensors;

namespace PolaFormer.Detection.Losses;

/// <summary>Losses of each row's classification, before averaging.</summary>
public static class ClassLosses
{
    /// <summary>Cross-entropy of logits (rows, classes) against a class each: (rows).</summary>
    public static Tensor Softmax(Tensor logits, ReadOnlySpan<int> labels)
    {
        int classes = logits.Shape[1];
        float[] targets = new float[labels.Length * classes];
        for (int i = 0; i < labels.Length; i++)
            targets[(i * classes) + labels[i]] = 1;
        return logits.CrossEntropy(Tensor.From(targets, logits.Shape, logits.Device));
    }

    /// <summary>Binary cross-entropy of logits (rows, classes); a label from the number of classes on is of none.</summary>
    public static Tensor Sigmoid(Tensor logits, ReadOnlySpan<int> labels)
    {
        int classes = logits.Shape[1];
        float[] targets = new float[labels.Length * classes];
        for (int i = 0; i < labels.Length; i++)
        {
            if (labels[i] >= 0 && labels[i] < classes)
                targets[(i * classes) + labels[i]] = 1;
        }

        return logits.SigmoidCrossEntropy(Tensor.From(targets, logits.Shape, logits.Device));
    }

    /// <summary>Mean binary cross-entropy of each object's own mask: logits (n, height, width, classes) and targets (n, height, width).</summary>
    public static Tensor Mask(Tensor logits, Tensor targets, ReadOnlySpan<int> labels) =>
        OfLabels(logits, labels).SigmoidCrossEntropy(targets).Mean();

    /// <summary>The channel of each object's class: (n, height, width, classes) → (n, height, width).</summary>
    public static Tensor OfLabels(Tensor maps, ReadOnlySpan<int> labels)
    {
        (int count, int height, int width, int classes) = (maps.Shape[0], maps.Shape[1], maps.Shape[2], maps.Shape[3]);
        long[] rows = new long[count];
        for (int i = 0; i < count; i++)
            rows[i] = ((long)i * classes) + labels[i];
        Tensor table = maps.Permute(0, 3, 1, 2).Reshape(count * classes, height * width);
        return table.Embedding(Tensor.From(rows, [count], maps.Device)).Reshape(count, height, width);
    }

    /// <summary>Percentage of rows whose largest logit, the first of equals, is that of the label; 0 without rows.</summary>
    public static float Accuracy(ReadOnlySpan<float> logits, ReadOnlySpan<int> labels)
    {
        if (labels.Length == 0)
            return 0;
        int classes = logits.Length / labels.Length, right = 0;
        for (int i = 0; i < labels.Length; i++)
            right += IndexOfLargest(logits.Slice(i * classes, classes)) == labels[i] ? 1 : 0;
        return 100f * right / labels.Length;
    }

    /// <summary>The place of the largest value, the first of equals.</summary>
    public static int IndexOfLargest(ReadOnlySpan<float> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
            best = values[i] > values[best] ? i : best;
        return best;
    }
}

using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;

namespace PolaFormer.Detection.Heads;

/// <summary>What the anchors of an image are to become.</summary>
/// <param name="Labels">The class of each anchor; the number of classes for none.</param>
/// <param name="LabelWeights">1 where the class counts.</param>
/// <param name="Boxes">The deltas to the object, or its box, of positive anchors.</param>
/// <param name="Positive">Numbers of the positive anchors.</param>
/// <param name="Negatives">How many anchors are negative.</param>
public sealed record DenseTargets(int[] Labels, float[] LabelWeights, Box[] Boxes, int[] Positive, int Negatives)
{
    /// <summary>Assigns the anchors of an image, and chooses some where there is a sampler.</summary>
    /// <param name="anchors">All anchors.</param>
    /// <param name="valid">Which of them begin in the padded image.</param>
    /// <param name="image">The image.</param>
    /// <param name="objects">What is in it.</param>
    /// <param name="numClasses">Classes.</param>
    /// <param name="coder">Makes deltas; null where boxes are compared.</param>
    /// <param name="training">Assigner and sampler.</param>
    /// <param name="permute">Draws the choice.</param>
    public static DenseTargets Of(
        Box[] anchors, bool[] valid, ImageInfo image, ImageObjects objects, int numClasses, BoxCoder? coder, DenseTraining training, Func<int, int[]> permute)
    {
        bool[] isInside = AnchorGenerator.Inside(anchors, valid, image.Height, image.Width, training.AllowedBorder);
        int[] inside = Chosen(isInside);
        Box[] boxes = inside.Length == anchors.Length ? anchors : Array.ConvertAll(inside, i => anchors[i]);

        // A sampler stands for proposals, which have one class.
        int[]? classes = training.Sampler is null ? objects.Labels : null;
        Assignment assignment = training.Assigner.Assign(boxes, objects.Boxes, classes, objects.Ignored);
        SampledBoxes sampled = training.Sampler?.Sample(assignment, boxes, objects.Boxes, classes, permute) ?? SampledBoxes.All(assignment, boxes, objects.Boxes);
        int[] labels = new int[anchors.Length];
        Array.Fill(labels, numClasses);
        float[] weights = new float[anchors.Length];
        foreach (int i in sampled.Negative)
            weights[inside[i]] = 1;
        for (int i = 0; i < sampled.Positive.Length; i++)
        {
            int anchor = inside[sampled.Positive[i]];
            (labels[anchor], weights[anchor]) = (sampled.Labels[i], 1);
        }

        Box[] wanted = coder is { } deltas ? [.. sampled.PositiveBoxes.Select((box, i) => deltas.Encode(box, sampled.ObjectBoxes[i]))] : sampled.ObjectBoxes;
        return new DenseTargets(labels, weights, wanted, [.. sampled.Positive.Select(i => inside[i])], sampled.Negative.Length);
    }

    private static int[] Chosen(bool[] isChosen)
    {
        var numbers = new List<int>(isChosen.Length);
        for (int i = 0; i < isChosen.Length; i++)
        {
            if (isChosen[i])
                numbers.Add(i);
        }

        return [.. numbers];
    }
}

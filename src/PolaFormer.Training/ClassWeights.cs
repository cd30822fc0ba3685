using PolaFormer.Tensors;

namespace PolaFormer.Training;

/// <summary>Weights of the classes in the loss, for data in which some classes have more examples than others.</summary>
public static class ClassWeights
{
    /// <summary>
    /// N / (classes · examples of the class): the mean over all examples of the weighted loss is the mean over the classes of their mean
    /// losses, and the mean weight of an example is 1, so that learning rates keep their meaning.
    /// </summary>
    /// <param name="counts">Examples of each class; of none the weight is 0.</param>
    public static float[] Balanced(IReadOnlyList<int> counts)
    {
        double all = counts.Sum(count => (double)count);
        int classes = counts.Count(count => count > 0);
        return [.. counts.Select(count => count == 0 ? 0 : (float)(all / (classes * (double)count)))];
    }

    /// <summary>Targets whose cross-entropy is the weighted one: −Σ w[c]·t[i, c]·log p[i, c].</summary>
    /// <param name="targets">Target probabilities (rows, classes).</param>
    /// <param name="weights">A weight for each class.</param>
    public static Tensor Apply(Tensor targets, float[] weights) => targets * Tensor.From(weights, [1, weights.Length], targets.Device);
}

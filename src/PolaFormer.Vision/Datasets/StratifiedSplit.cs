using PolaFormer.Tensors.Random;

namespace PolaFormer.Vision.Datasets;

/// <summary>Divides a folder of classes that has no split: by chance, each class in the same proportion.</summary>
public static class StratifiedSplit
{
    // Sets these draws apart from those of orders and samples.
    private const ulong Stream = 3UL << 61;

    /// <summary>Divides the images; the same for the same folder and seed.</summary>
    /// <param name="images">The folder.</param>
    /// <param name="part">Part of each class that is kept for evaluation, above 0 and below 1: at least one image, and at most all but one.</param>
    /// <param name="seed">Seed of the draws.</param>
    /// <returns>What to train on and what to evaluate on, each in the folder's order.</returns>
    /// <exception cref="ImageException">A class has a single image.</exception>
    public static (ImageSubset Train, ImageSubset Evaluation) Divide(ImageFolder images, double part, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(part);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(part, 1);
        var philox = new Philox(seed, Stream);
        var train = new List<int>();
        var evaluation = new List<int>();
        foreach (IGrouping<int, int> group in Enumerable.Range(0, images.Count).GroupBy(images.LabelOf))
        {
            int[] drawn = [.. group.OrderBy(index => philox.UInt32((ulong)index)).ThenBy(index => index)];
            if (drawn.Length == 1)
                throw new ImageException($"{images.Classes[group.Key]}: the class has a single image, and one is needed to train on and one to evaluate on. Add images, or make the folders train/ and val/ yourself");
            int kept = Math.Clamp((int)Math.Round(part * drawn.Length), 1, drawn.Length - 1);
            evaluation.AddRange(drawn[..kept]);
            train.AddRange(drawn[kept..]);
        }

        return (new ImageSubset(images, [.. train.Order()]), new ImageSubset(images, [.. evaluation.Order()]));
    }
}

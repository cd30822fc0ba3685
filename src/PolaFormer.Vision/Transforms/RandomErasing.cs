namespace PolaFormer.Vision.Transforms;

/// <summary>
/// Overwrites random rectangles of a normalised image (Zhong et al. 2017), as timm 0.4.12 draws them: 2 % to a third of the area,
/// divided by their number, with sides of ratio 0.3 … 1/0.3.
/// </summary>
public sealed class RandomErasing
{
    private const int Attempts = 10;
    private const double SmallestArea = 0.02, LargestArea = 1.0 / 3, LowestRatio = 0.3;

    private readonly double _probability;
    private readonly ErasingMode _mode;
    private readonly int _maxCount;

    /// <summary>Makes the step.</summary>
    /// <param name="probability">Chance that an image is changed, in [0, 1].</param>
    /// <param name="mode">What the rectangles hold.</param>
    /// <param name="maxCount">From 1 to as many rectangles are drawn.</param>
    public RandomErasing(double probability, ErasingMode mode = ErasingMode.Pixel, int maxCount = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(probability);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(probability, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxCount, 1);
        (_probability, _mode, _maxCount) = (probability, mode, maxCount);
    }

    /// <summary>Applies the step in place.</summary>
    /// <param name="values">The normalised image: (height, width, 3).</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="random">Where the step draws from.</param>
    public void Apply(Span<float> values, int width, int height, IRandomSource random)
    {
        if (random.Uniform(0, 1) > _probability)
            return;
        int count = _maxCount == 1 ? 1 : random.Integer(1, _maxCount);
        for (int i = 0; i < count; i++)
            if (Draw(width, height, count, random) is { } box)
                Erase(values, width, box, random);
    }

    /// <summary>A rectangle; null where ten attempts gave none that fits.</summary>
    internal static PixelRect? Draw(int width, int height, int count, IRandomSource random)
    {
        double pixels = (double)width * height, logRatio = Math.Log(1 / LowestRatio);
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            double area = random.Uniform(SmallestArea, LargestArea) * pixels / count;
            double ratio = Math.Exp(random.Uniform(Math.Log(LowestRatio), logRatio));
            int h = (int)Math.Round(Math.Sqrt(area * ratio)), w = (int)Math.Round(Math.Sqrt(area / ratio));
            if (w >= width || h >= height)
                continue;
            int y = random.Integer(0, height - h);
            return new(random.Integer(0, width - w), y, w, h);
        }
        return null;
    }

    private void Erase(Span<float> values, int width, PixelRect box, IRandomSource random)
    {
        Span<float> color = stackalloc float[Image.Channels];
        if (_mode == ErasingMode.Rand)
            random.FillNormal(color);
        for (int y = 0; y < box.Height; y++)
        {
            Span<float> row = values.Slice((((box.Y + y) * width) + box.X) * Image.Channels, box.Width * Image.Channels);
            if (_mode == ErasingMode.Pixel)
            {
                random.FillNormal(row);
                continue;
            }
            for (int i = 0; i < row.Length; i += Image.Channels)
                color.CopyTo(row[i..]);
        }
    }
}

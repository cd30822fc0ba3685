using PolaFormer.Vision.Transforms.Operations;

namespace PolaFormer.Vision.Transforms;

/// <summary>Changes brightness, contrast and saturation by random factors in a random order, as torchvision does.</summary>
public sealed class ColorJitter : IImageStep
{
    /// <summary>torchvision permutes four; hue, the fourth, is not changed by timm's recipe.</summary>
    private const int Properties = 4;

    private readonly double _low;
    private readonly double _high;

    /// <summary>Makes the step.</summary>
    /// <param name="strength">Factors are drawn from [max(0, 1 − strength), 1 + strength].</param>
    public ColorJitter(double strength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(strength);
        (_low, _high) = (Math.Max(0, 1 - strength), 1 + strength);
    }

    /// <inheritdoc/>
    public Image Apply(Image image, IRandomSource random)
    {
        Span<int> order = [0, 1, 2, 3];
        for (int i = 0; i < Properties - 1; i++)
        {
            int other = random.Integer(i, Properties - 1);
            (order[i], order[other]) = (order[other], order[i]);
        }
        double brightness = random.Uniform(_low, _high), contrast = random.Uniform(_low, _high), saturation = random.Uniform(_low, _high);
        Image current = image;
        foreach (int property in order)
        {
            Image next = property switch
            {
                0 => Enhancement.Brightness(current, brightness),
                1 => Enhancement.Contrast(current, contrast),
                2 => Enhancement.Color(current, saturation),
                _ => current,
            };
            if (!ReferenceEquals(current, next) && !ReferenceEquals(current, image))
                current.Dispose();
            current = next;
        }
        return current;
    }
}

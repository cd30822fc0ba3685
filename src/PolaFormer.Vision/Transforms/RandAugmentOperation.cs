using PolaFormer.Vision.Transforms.Operations;

namespace PolaFormer.Vision.Transforms;

/// <summary>One operation of <see cref="RandAugment"/>: what it does, and how its argument follows from the magnitude.</summary>
public sealed class RandAugmentOperation
{
    private readonly Func<double, double>? _level;
    private readonly double _center;
    private readonly Func<Image, double, ResamplingFilter, FillColor, Image> _apply;

    private RandAugmentOperation(
        string name, double weight, Func<double, double>? level, Func<Image, double, ResamplingFilter, FillColor, Image> apply, bool isSigned = false, bool isGeometric = false, double center = 0)
    {
        (Name, Weight, _level, _apply, IsSigned, IsGeometric, _center) = (name, weight, level, apply, isSigned, isGeometric, center);
    }

    /// <summary>timm's name.</summary>
    public string Name { get; }

    /// <summary>Chance in the weighted choice.</summary>
    public double Weight { get; }

    /// <summary>Whether the argument lies to either side of a middle, at random.</summary>
    public bool IsSigned { get; }

    /// <summary>Whether pixels move.</summary>
    public bool IsGeometric { get; }

    /// <summary>timm's fifteen, in its order.</summary>
    /// <param name="isIncreasing">Whether each does more with a larger magnitude; the plain ones need not.</param>
    public static RandAugmentOperation[] All(bool isIncreasing)
    {
        string suffix = isIncreasing ? "Increasing" : "";
        return
        [
            Plain("AutoContrast", 0.025, PointOperations.AutoContrast),
            Plain("Equalize", 0.005, PointOperations.Equalize),
            Plain("Invert", 0, PointOperations.Invert),
            Geometric("Rotate", 0.3, 30, (image, degrees) => AffineMatrix.Rotation(degrees, image.Width, image.Height)),
            Whole("Posterize" + suffix, 0, level => isIncreasing ? 4 - (int)(level * 4) : (int)(level * 4), PointOperations.Posterize),
            Whole("Solarize" + suffix, 0.005, level => isIncreasing ? 256 - (int)(level * 256) : (int)(level * 256), PointOperations.Solarize),
            Whole("SolarizeAdd", 0.005, level => (int)(level * 110), (image, addend) => PointOperations.SolarizeAdd(image, (byte)addend)),
            Enhancing("Color", 0.025, Enhancement.Color),
            Enhancing("Contrast", 0.005, Enhancement.Contrast),
            Enhancing("Brightness", 0.005, Enhancement.Brightness),
            Enhancing("Sharpness", 0.025, Enhancement.Sharpness),
            Geometric("ShearX", 0.2, 0.3, (_, factor) => AffineMatrix.ShearX(factor)),
            Geometric("ShearY", 0.2, 0.3, (_, factor) => AffineMatrix.ShearY(factor)),
            Geometric("TranslateXRel", 0.1, 0.45, (image, part) => AffineMatrix.Translation(part * image.Width, 0)),
            Geometric("TranslateYRel", 0.1, 0.45, (image, part) => AffineMatrix.Translation(0, part * image.Height)),
        ];

        // With "increasing", 1 is no change and both directions from it are; else 0.1 … 1.9.
        RandAugmentOperation Enhancing(string name, double weight, Func<Image, double, Image> apply) => isIncreasing
            ? new(name + suffix, weight, level => level * 0.9, (image, factor, _, _) => apply(image, factor), isSigned: true, center: 1)
            : new(name, weight, level => (level * 1.8) + 0.1, (image, factor, _, _) => apply(image, factor));
    }

    /// <summary>The argument at a magnitude; null for an operation without.</summary>
    /// <param name="magnitude">0 … 10.</param>
    /// <param name="isNegated">Whether a signed operation goes to the lower side; nothing to others.</param>
    public double? ArgumentOf(double magnitude, bool isNegated)
    {
        if (_level is null)
            return null;
        double level = _level(magnitude / RandAugmentPolicy.MaxMagnitude);
        return _center + (isNegated && IsSigned ? -level : level);
    }

    /// <summary>Applies the operation and gives a new image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="argument">What <see cref="ArgumentOf"/> gives; anything for an operation without.</param>
    /// <param name="filter">Bilinear or bicubic, for a geometric operation.</param>
    /// <param name="fill">What a geometric operation fills with.</param>
    public Image Apply(Image image, double argument, ResamplingFilter filter, FillColor fill) => _apply(image, argument, filter, fill);

    private static RandAugmentOperation Plain(string name, double weight, Func<Image, Image> apply) =>
        new(name, weight, null, (image, _, _, _) => apply(image));

    private static RandAugmentOperation Whole(string name, double weight, Func<double, int> level, Func<Image, int, Image> apply) =>
        new(name, weight, x => level(x), (image, argument, _, _) => apply(image, (int)argument));

    private static RandAugmentOperation Geometric(string name, double weight, double most, Func<Image, double, AffineMatrix> matrix) =>
        new(name, weight, level => level * most, (image, argument, filter, fill) => AffineTransform.Apply(image, matrix(image, argument), filter, fill), isSigned: true, isGeometric: true);
}

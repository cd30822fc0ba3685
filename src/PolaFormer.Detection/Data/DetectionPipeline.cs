using PolaFormer.Vision.Transforms;

namespace PolaFormer.Detection.Data;

/// <summary>Photographs to the input of a detector: steps, then normalisation and zeros up to a multiple of a side.</summary>
/// <param name="steps">What changes the image.</param>
/// <param name="divisor">Sides are padded to multiples of it.</param>
public sealed class DetectionPipeline(IReadOnlyList<IAnnotatedStep> steps, int divisor = 32)
{
    /// <summary>The shorter sides of the multi-scale schedules.</summary>
    private static readonly int[] s_shortSides = [480, 512, 544, 576, 608, 640, 672, 704, 736, 768, 800];

    /// <summary>The 1x schedules: (1333, 800) and flips.</summary>
    public static DetectionPipeline Plain { get; } = new([new ResizeStep([(1333, 800)]), new FlipStep()]);

    /// <summary>The 3x schedules: flips, then one of eleven sizes, or a smaller size, a window of it, and again one of eleven.</summary>
    public static DetectionPipeline MultiScale { get; } = new(
    [
        new FlipStep(),
        new PolicyStep(
        [
            [new ResizeStep([.. s_shortSides.Select(side => (side, 1333))])],
            [new ResizeStep([(400, 1333), (500, 1333), (600, 1333)]), new CropStep(384, 600), new ResizeStep([.. s_shortSides.Select(side => (side, 1333))])],
        ]),
    ]);

    /// <summary>Without chance: one size.</summary>
    public static DetectionPipeline ForTest(int longSide = 1333, int shortSide = 800) => new([new ResizeStep([(longSide, shortSide)])]);

    /// <summary>The steps alone.</summary>
    public AnnotatedImage Change(AnnotatedImage image, IRandomSource random) => steps.Aggregate(image, (changed, step) => step.Apply(changed, random));

    /// <summary>The network's input.</summary>
    public DetectionInput Apply(AnnotatedImage image, IRandomSource random)
    {
        AnnotatedImage changed = Change(image, random);
        int height = Padded(changed.Image.Height), width = Padded(changed.Image.Width);
        float[] pixels = new float[height * width * Vision.Image.Channels];
        MeanStdNormalization.ImageNet.Apply(changed.Image, pixels, width);
        var info = new ImageInfo
        {
            Height = changed.Image.Height,
            Width = changed.Image.Width,
            PaddedHeight = height,
            PaddedWidth = width,
            OriginalHeight = image.OriginalHeight,
            OriginalWidth = image.OriginalWidth,
            ScaleX = changed.ScaleX,
            ScaleY = changed.ScaleY,
        };
        return new DetectionInput(pixels, info, new ImageObjects(changed.Boxes, changed.Labels, changed.Masks?.Padded(height, width)) { Ignored = changed.Ignored });
    }

    private int Padded(int side) => (side + divisor - 1) / divisor * divisor;
}

using System.Diagnostics;
using PolaFormer.Tensors;
using PolaFormer.Training.Configuration;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Training;

/// <summary>
/// Mixes the images of a batch and their targets as timm 0.4.12 does: mixup (Zhang et al. 2017) or cutmix (Yun et al. 2019). What
/// is drawn depends on seed and step only.
/// </summary>
public sealed class Mixup
{
    private readonly double _mixupAlpha;
    private readonly double _cutmixAlpha;
    private readonly double _probability;
    private readonly double _switchProbability;
    private readonly (double Min, double Max)? _minMax;
    private readonly MixupMode _mode;
    private readonly int _numClasses;
    private readonly double _smoothing;

    /// <summary>Reads the options.</summary>
    /// <param name="config">AUG.</param>
    /// <param name="numClasses">Classes.</param>
    /// <param name="smoothing">MODEL.LABEL_SMOOTHING: the share of each target spread over all classes.</param>
    /// <exception cref="ConfigurationException">A key has a value that is not supported.</exception>
    public Mixup(AugmentationConfig config, int numClasses, double smoothing)
    {
        ConfigurationRules.Check(config, "AUG.");
        _mode = config.MixupMode switch
        {
            "batch" => MixupMode.Batch,
            "pair" => MixupMode.Pair,
            "elem" => MixupMode.Elem,
            var other => throw new UnreachableException(other),
        };
        _minMax = config.CutmixMinmax switch
        {
            null => null,
            [var min, var max] when min <= max => (min, max),
            _ => throw new ConfigurationException($"AUG.CUTMIX_MINMAX: {ConfigurationValue.Show(config.CutmixMinmax)} falls; it takes the smallest and the largest side of the box as parts of the image's, such as [0.2, 0.8]."),
        };
        _mixupAlpha = config.Mixup;
        _cutmixAlpha = _minMax is null ? config.Cutmix : 1;
        _probability = config.MixupProb;
        _switchProbability = config.MixupSwitchProb;
        _numClasses = numClasses;
        _smoothing = smoothing;
    }

    /// <summary>Whether a configuration asks for mixing.</summary>
    public static bool IsWanted(AugmentationConfig config) => config.Mixup > 0 || config.Cutmix > 0 || config.CutmixMinmax is not null;

    /// <summary>Mixes a batch.</summary>
    /// <param name="images">(B, height, width, 3), an even B.</param>
    /// <param name="labels">Class of each image.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="step">Number of the training step.</param>
    /// <returns>The mixed images and their target probabilities (B, classes).</returns>
    public (Tensor Images, Tensor Targets) Apply(Tensor images, ReadOnlySpan<int> labels, ulong seed, long step)
    {
        var mixtures = new Mixture[labels.Length];
        Draw(mixtures, images.Shape[2], images.Shape[1], SampleRandom.OfBatch(seed, step));
        return Apply(images, labels, mixtures);
    }

    /// <summary>Mixes a batch in a given way.</summary>
    /// <param name="images">(B, height, width, 3), an even B.</param>
    /// <param name="labels">Class of each image.</param>
    /// <param name="mixtures">What each image takes from its partner, the image as far from the end.</param>
    /// <returns>The mixed images and their target probabilities (B, classes).</returns>
    public (Tensor Images, Tensor Targets) Apply(Tensor images, ReadOnlySpan<int> labels, ReadOnlySpan<Mixture> mixtures)
    {
        int count = labels.Length;
        if (images.Shape.Rank != 4 || images.Shape[0] != count || mixtures.Length != count || count % 2 != 0)
            throw new ArgumentException($"Mixing takes an even number of images, and a label and a mixture for each; got {images.Shape}, {count} and {mixtures.Length}.");
        return (Mixture.Apply(images, mixtures), SoftTargets.Mixed(labels, _numClasses, _smoothing, mixtures, images.Device));
    }

    /// <summary>What each image of a batch takes from its partner.</summary>
    internal void Draw(Span<Mixture> mixtures, int width, int height, IRandomSource random)
    {
        switch (_mode)
        {
            case MixupMode.Batch:
                mixtures.Fill(Draw(width, height, random));
                break;
            case MixupMode.Pair:
                for (int i = 0; i < mixtures.Length / 2; i++)
                    mixtures[i] = mixtures[^(i + 1)] = Draw(width, height, random);
                break;
            default:
                foreach (ref Mixture mixture in mixtures)
                    mixture = Draw(width, height, random);
                break;
        }
    }

    private Mixture Draw(int width, int height, IRandomSource random)
    {
        if (random.Uniform(0, 1) >= _probability)
            return Mixture.None;
        bool cuts = _cutmixAlpha > 0 && (_mixupAlpha == 0 || random.Uniform(0, 1) < _switchProbability);
        double alpha = cuts ? _cutmixAlpha : _mixupAlpha;
        double lambda = BetaDistribution.Draw(alpha, alpha, random);
        if (lambda == 1 || !cuts)
            return Mixture.Sum(lambda);
        if (_minMax is { } sides)
            return Mixture.Cut(DrawBox(sides, width, height, random), width, height);
        int centerY = random.Integer(0, height - 1);
        return Mixture.Cut(lambda, random.Integer(0, width - 1), centerY, width, height);
    }

    // NumPy's upper bounds are exclusive.
    private static PixelRect DrawBox((double Min, double Max) sides, int width, int height, IRandomSource random)
    {
        int h = DrawSide(height), w = DrawSide(width);
        int y = random.Integer(0, Math.Max(height - h - 1, 0));
        return new PixelRect(random.Integer(0, Math.Max(width - w - 1, 0)), y, w, h);

        int DrawSide(int size)
        {
            int low = (int)(size * sides.Min);
            return random.Integer(low, Math.Max((int)(size * sides.Max) - 1, low));
        }
    }
}

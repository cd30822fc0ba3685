using System.Runtime.InteropServices;
using System.Security.Cryptography;
using PolaFormer.Training.Configuration;
using PolaFormer.Vision;
using PolaFormer.Vision.Datasets;
using PolaFormer.Vision.Loading;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Training;

/// <summary>The images of a run: what is trained on, what is evaluated on, and how both are prepared.</summary>
public sealed class TrainingData
{
    // Statistics of CIFAR-10's training images.
    private static readonly float[] CifarMean = [0.4914f, 0.4822f, 0.4465f];
    private static readonly float[] CifarStd = [0.2470f, 0.2435f, 0.2616f];
    private static readonly float[] ImageNetMean = [0.485f, 0.456f, 0.406f];
    private static readonly float[] ImageNetStd = [0.229f, 0.224f, 0.225f];

    private const long SmallImagesCacheBytes = 1L << 30;

    private readonly IImageDataset _images;

    private TrainingData(DataLoader train, DataLoader evaluation, IImageDataset evaluationImages, float[] mean, float[] std, bool centerCrop, IImageDataset images)
    {
        (Train, Evaluation, EvaluationImages, Mean, Std, CenterCrop, _images) = (train, evaluation, evaluationImages, mean, std, centerCrop, images);
    }

    /// <summary>Augmented, shuffled batches; a last, smaller one is left out.</summary>
    public DataLoader Train { get; }

    /// <summary>Every evaluation image once, in order.</summary>
    public DataLoader Evaluation { get; }

    /// <summary>The images of <see cref="Evaluation"/> as they are stored.</summary>
    public IImageDataset EvaluationImages { get; }

    /// <summary>Names of the classes; their positions are the labels.</summary>
    public IReadOnlyList<string> Classes => EvaluationImages.Classes;

    /// <summary>Subtracted from red, green and blue in [0, 1].</summary>
    public IReadOnlyList<float> Mean { get; }

    /// <summary>Red, green and blue are divided by it.</summary>
    public IReadOnlyList<float> Std { get; }

    /// <summary>Whether evaluation images are resized to 256/224 of the size and cut in the middle.</summary>
    public bool CenterCrop { get; }

    /// <summary>
    /// Opens DATA.DATA_PATH. DATASET <c>cifar10</c>: images of the network's size, shifted and flipped; <c>imagenet</c>:
    /// photographs, cropped, resized and flipped.
    /// </summary>
    /// <param name="config">The recipe.</param>
    /// <param name="badImage">Called once, from any thread, with a line about each image that BAD_IMAGES <c>skip</c> leaves out.</param>
    /// <exception cref="ConfigurationException">DATASET, INTERPOLATION, CACHE_MODE or BAD_IMAGES is unknown, or the classes are not NUM_CLASSES.</exception>
    /// <exception cref="ImageException">Nothing of the kind is at the path, or a label is not below NUM_CLASSES.</exception>
    public static TrainingData Open(TrainingConfig config, Action<string>? badImage = null)
    {
        DataConfig data = config.Data;
        ConfigurationRules.Check(data, "DATA.");
        bool isSmall = data.Dataset == "cifar10";
        (float[] mean, float[] std) = isSmall ? (CifarMean, CifarStd) : (ImageNetMean, ImageNetStd);
        var normalization = new Normalization(mean, std);
        ResamplingFilter filter = data.Interpolation == "bicubic" ? ResamplingFilter.Bicubic : ResamplingFilter.Bilinear;
        bool centerCrop = !isSmall && config.Test.Crop;

        (IImageDataset train, IImageDataset evaluation) = OpenSplits(config);
        if (!train.Classes.SequenceEqual(evaluation.Classes))
            throw new ConfigurationException($"{data.DataPath}: {ClassDifference.Describe("the training images", train.Classes, "the evaluation images", evaluation.Classes)}. Give the folders of both the same names.");
        if (train.Classes.Count != config.Model.NumClasses)
            throw new ConfigurationException($"MODEL.NUM_CLASSES is {config.Model.NumClasses}, but {data.DataPath} holds {train.Classes.Count} classes. Set it to {train.Classes.Count}.");
        if (train.Count < data.BatchSize)
            throw new ConfigurationException($"DATA.BATCH_SIZE is {data.BatchSize}, but {data.DataPath} holds {train.Count} training images. Set it to at most that.");

        var options = new DataLoaderOptions
        {
            BatchSize = MicroBatches.SizeOf(config),
            Seed = (ulong)config.Seed,
            Workers = Math.Min(data.NumWorkers, Environment.ProcessorCount),
            CacheBytes = isSmall ? SmallImagesCacheBytes : 0,
            BadImages = data.BadImages == "skip" ? BadImagePolicy.Skip : BadImagePolicy.Fail,
            BadImageAdvice = ". Set DATA.BAD_IMAGES to skip to leave such images out.",
            Report = badImage,
        };
        IImageTransform augmentation = TrainingAugmentation.Create(config.Aug, data, mean, std);
        var preparation = new EvalTransform(data.ImgSize, centerCrop ? EvalResize.SquareThenCrop : EvalResize.Square, filter, normalization);
        return new TrainingData(
            new DataLoader(train, augmentation, options with { Shuffle = true, DropLast = true, BalancedBy = data.Balanced ? LabelsOf(train) : null }),
            new DataLoader(evaluation, preparation, options with { BatchSize = data.BatchSize }), evaluation, mean, std, centerCrop, train);
    }

    /// <summary>Training images of each class.</summary>
    public IReadOnlyList<int> CountsOfClasses()
    {
        int[] counts = new int[Classes.Count];
        foreach (int label in LabelsOf(_images))
            counts[label]++;
        return counts;
    }

    /// <summary>The images to train and to evaluate on: those of the folders, archives or shards for both, or a folder of classes divided by DATA.HOLD_OUT and SEED.</summary>
    /// <exception cref="ImageException">Nothing of the kind is at DATA_PATH.</exception>
    public static (IImageDataset Train, IImageDataset Evaluation) OpenSplits(TrainingConfig config)
    {
        DataConfig data = config.Data;
        if (data.ZipMode || !ImageDatasets.IsWithoutSplits(data.DataPath))
            return (OpenSplit(config, "train"), OpenSplit(config, "val"));
        var images = new ImageFolder(data.DataPath);
        return data.HoldOut == 1 ? (images, images) : StratifiedSplit.Divide(images, data.HoldOut, (ulong)config.Seed);
    }

    /// <summary>Number and labels of the training images, the latter as a digest: other images have another description.</summary>
    public string Describe() => $"{_images.Count} images, {Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(LabelsOf(_images).AsSpan())))}";

    private static IImageDataset OpenSplit(TrainingConfig config, string split)
    {
        DataConfig data = config.Data;
        return data.ZipMode
            ? ImageDatasets.OpenMapped(data.DataPath, split, config.Model.NumClasses, inMemory: data.CacheMode == "full")
            : ImageDatasets.Open(data.DataPath, split, config.Model.NumClasses);
    }

    /// <summary>Images of a batch as pixels: the normalisation is taken back.</summary>
    /// <param name="batch">A batch of <see cref="Train"/> or <see cref="Evaluation"/>.</param>
    /// <param name="most">The most images.</param>
    public IReadOnlyList<Image> PixelsOf(Batch batch, int most)
    {
        int side = batch.ImageSize, length = side * side * Image.Channels;
        var images = new List<Image>();
        for (int i = 0; i < Math.Min(batch.Count, most); i++)
        {
            ReadOnlySpan<float> values = batch.Images.Slice(i * batch.ViewCount * length, length);
            byte[] pixels = new byte[length];
            for (int j = 0; j < length; j++)
                pixels[j] = (byte)Math.Clamp(MathF.Round(255 * ((values[j] * Std[j % Image.Channels]) + Mean[j % Image.Channels])), 0, 255);
            images.Add(new Image(side, side, pixels));
        }

        return images;
    }

    private static int[] LabelsOf(IImageDataset images) => [.. Enumerable.Range(0, images.Count).Select(images.LabelOf)];
}

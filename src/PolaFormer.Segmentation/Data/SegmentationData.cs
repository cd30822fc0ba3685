using PolaFormer.Files;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Segmentation.Data;

/// <summary>The images of a recipe with the class of every pixel.</summary>
/// <param name="Train">Images to learn from.</param>
/// <param name="Evaluation">Images to be measured on.</param>
/// <param name="Classes">The classes.</param>
public sealed record SegmentationData(ISegmentationDataset Train, ISegmentationDataset Evaluation, ClassNames Classes)
{
    private const long MaxClassBytes = 64 << 20;

    /// <summary>
    /// Opens DATA.DATA_PATH: <c>images/</c> and <c>annotations/</c>, in each <c>training/</c> and <c>validation/</c>, or all files, of
    /// which DATA.HOLD_OUT is held out.
    /// </summary>
    /// <param name="config">The recipe.</param>
    /// <param name="classes">The classes; those of SEGMENTATION.CLASSES where null.</param>
    /// <exception cref="FileException">The file of the classes cannot be read.</exception>
    /// <exception cref="Vision.ImageException">Images or masks are missing.</exception>
    public static SegmentationData Open(TrainingConfig config, ClassNames? classes = null)
    {
        SegmentationConfig keys = config.Segmentation;
        classes ??= keys.Classes.Length > 0 ? ReadClasses(keys.Classes) : ClassNames.Ade20K;
        var options = new MaskFolderOptions
        {
            ReduceZeroLabel = keys.ReduceZeroLabel || classes.Names.SequenceEqual(ClassNames.Ade20K.Names),
            Colors = keys.ColorMasks ? classes : null,
            Classes = classes.Names.Count,
        };
        string images = Path.Combine(config.Data.DataPath, "images"), masks = Path.Combine(config.Data.DataPath, "annotations");
        if (Directory.Exists(Path.Combine(images, "training")))
            return new SegmentationData(OfSplit("training"), OfSplit("validation"), classes);
        var all = MaskFolder.Open(images, masks, options);
        if (all.Count == 1 || config.Data.HoldOut == 1)
            return new SegmentationData(all, all, classes);
        (MaskFolder train, MaskFolder evaluation) = all.Split(1 - config.Data.HoldOut, (ulong)config.Seed);
        return new SegmentationData(train, evaluation, classes);

        MaskFolder OfSplit(string split) => MaskFolder.Open(Path.Combine(images, split), Path.Combine(masks, split), options);
    }

    private static ClassNames ReadClasses(string file)
    {
        try
        {
            return ClassNames.Parse(string.Join('\n', InputFile.ReadAllLines(file, MaxClassBytes)));
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            throw new FileException(file, error.Message);
        }
    }
}

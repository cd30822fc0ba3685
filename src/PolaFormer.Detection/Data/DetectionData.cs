using PolaFormer.Files;
using PolaFormer.Tensors.Random;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Detection.Data;

/// <summary>The images of a recipe with their objects.</summary>
/// <param name="Train">Images to learn from.</param>
/// <param name="Evaluation">Images to be measured on.</param>
/// <param name="LeftOut">What of the annotations was left out, a line each.</param>
public sealed record DetectionData(IDetectionDataset Train, IDetectionDataset Evaluation, IReadOnlyList<string> LeftOut)
{
    /// <summary>The DATA.DATASET of scenes that are drawn.</summary>
    internal const string DrawnShapes = "shapes";

    /// <summary>
    /// Opens DATA.DATA_PATH: COCO's form (<c>train2017/</c>, <c>val2017/</c>, <c>annotations/instances_*.json</c>), YOLO's
    /// (<c>images/</c>, <c>labels/</c>, <c>classes.txt</c>) or Pascal VOC's (<c>JPEGImages/</c>, <c>Annotations/</c>); of the latter
    /// two DATA.HOLD_OUT is held out. Where DATA.DATASET is <c>shapes</c>, scenes are drawn on its photographs, and others on its
    /// folder <c>held/</c> where there is one.
    /// </summary>
    /// <param name="config">The recipe.</param>
    /// <exception cref="FileException">The annotations cannot be read, or the folder has none of these forms.</exception>
    /// <exception cref="ConfigurationException">DETECTION.IMAGES names an image that is not there.</exception>
    public static DetectionData Open(TrainingConfig config)
    {
        if (config.Data.Dataset == DrawnShapes)
            return Shapes(config);
        string root = config.Data.DataPath, annotations = Path.Combine(root, "annotations");
        if (Directory.Exists(annotations))
        {
            if (config.Detection.Images.Length > 0)
                return OfImages(OfCoco("val2017").Folder, config.Detection.Images);
            (DetectionFolder train, IReadOnlyList<string> trainLeft) = OfCoco("train2017");
            (DetectionFolder evaluation, IReadOnlyList<string> evaluationLeft) = OfCoco("val2017");
            return new DetectionData(train, evaluation, [.. trainLeft, .. evaluationLeft]);
        }

        DetectionFolder all = Directory.Exists(Path.Combine(root, "labels")) ? LabelFolder.OfYolo(root)
            : Directory.Exists(Path.Combine(root, "Annotations")) ? LabelFolder.OfVoc(root)
            : throw new FileException(root, "the folder holds neither annotations/ (COCO) nor labels/ (YOLO) nor Annotations/ (Pascal VOC).");
        if (config.Detection.Images.Length > 0)
            return OfImages(all, config.Detection.Images);
        if (all.Images.Count == 1 || config.Data.HoldOut == 1)
            return new DetectionData(all, all, []);
        var random = new Philox((ulong)config.Seed, 0);
        CocoImage[] order = [.. all.Images.Select((image, i) => (image, Key: random.UInt32((ulong)i))).OrderBy(entry => entry.Key).Select(entry => entry.image)];
        int held = Math.Clamp((int)Math.Round(order.Length * config.Data.HoldOut), 1, Math.Max(1, order.Length - 1));
        return new DetectionData(all.With(order[held..]), all.With(order[..held]), []);

        (DetectionFolder Folder, IReadOnlyList<string> LeftOut) OfCoco(string split) =>
            DetectionFolder.OfCoco(Path.Combine(root, split), Path.Combine(annotations, $"instances_{split}.json"));
    }

    private static DetectionData OfImages(DetectionFolder all, int[] numbers)
    {
        ILookup<long, CocoImage> images = all.Images.ToLookup(image => image.Id);
        int[] missing = [.. numbers.Where(number => !images.Contains(number))];
        if (missing.Length > 0)
            throw new ConfigurationException($"DETECTION.IMAGES: the data have no image {missing[0]}{(missing.Length > 1 ? $", nor {missing.Length - 1} others" : "")}. Give numbers of images that are annotated and there.");
        DetectionFolder chosen = all.With([.. numbers.Distinct().SelectMany(number => images[number])]);
        return new DetectionData(chosen, chosen, []);
    }

    private static DetectionData Shapes(TrainingConfig config)
    {
        string root = config.Data.DataPath, held = Path.Combine(root, "held");
        ulong seed = (ulong)config.Seed;
        return new DetectionData(
            new ShapeScenes(config.Detection.Scenes, config.Data.ImgSize, 2 * seed, root),
            new ShapeScenes(Math.Max(1, (int)Math.Round(config.Detection.Scenes * config.Data.HoldOut)), config.Data.ImgSize, (2 * seed) + 1, Directory.Exists(held) ? held : root),
            []);
    }
}

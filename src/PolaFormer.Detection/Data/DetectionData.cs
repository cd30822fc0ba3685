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
    private const int SceneSide = 320;

    /// <summary>
    /// Opens DATA.DATA_PATH: COCO's form (<c>train2017/</c>, <c>val2017/</c>, <c>annotations/instances_*.json</c>), YOLO's
    /// (<c>images/</c>, <c>labels/</c>, <c>classes.txt</c>) or Pascal VOC's (<c>JPEGImages/</c>, <c>Annotations/</c>); of the latter
    /// two DATA.HOLD_OUT is held out. Where DATA.DATASET is <c>shapes</c>, scenes are drawn on its photographs, and others on its
    /// folder <c>held/</c> where there is one.
    /// </summary>
    /// <param name="config">The recipe.</param>
    /// <exception cref="FileException">The annotations cannot be read, or the folder has none of these forms.</exception>
    public static DetectionData Open(TrainingConfig config)
    {
        if (config.Data.Dataset == "shapes")
            return Shapes(config);
        string root = config.Data.DataPath, annotations = Path.Combine(root, "annotations");
        if (Directory.Exists(annotations))
        {
            (DetectionFolder train, IReadOnlyList<string> trainLeft) = OfCoco("train2017");
            (DetectionFolder evaluation, IReadOnlyList<string> evaluationLeft) = OfCoco("val2017");
            return new DetectionData(train, evaluation, [.. trainLeft, .. evaluationLeft]);
        }

        DetectionFolder all = Directory.Exists(Path.Combine(root, "labels")) ? LabelFolder.OfYolo(root)
            : Directory.Exists(Path.Combine(root, "Annotations")) ? LabelFolder.OfVoc(root)
            : throw new FileException(root, "the folder holds neither annotations/ (COCO) nor labels/ (YOLO) nor Annotations/ (Pascal VOC).");
        if (all.Images.Count == 1 || config.Data.HoldOut == 1)
            return new DetectionData(all, all, []);
        var random = new Philox((ulong)config.Seed, 0);
        CocoImage[] order = [.. all.Images.Select((image, i) => (image, Key: random.UInt32((ulong)i))).OrderBy(entry => entry.Key).Select(entry => entry.image)];
        int held = Math.Clamp((int)Math.Round(order.Length * config.Data.HoldOut), 1, Math.Max(1, order.Length - 1));
        return new DetectionData(all.With(order[held..]), all.With(order[..held]), []);

        (DetectionFolder Folder, IReadOnlyList<string> LeftOut) OfCoco(string split) =>
            DetectionFolder.OfCoco(Path.Combine(root, split), Path.Combine(annotations, $"instances_{split}.json"));
    }

    private static DetectionData Shapes(TrainingConfig config)
    {
        string root = config.Data.DataPath, held = Path.Combine(root, "held");
        ulong seed = (ulong)config.Seed;
        return new DetectionData(
            new ShapeScenes(config.Detection.Scenes, SceneSide, 2 * seed, root),
            new ShapeScenes(Math.Max(1, (int)Math.Round(config.Detection.Scenes * config.Data.HoldOut)), SceneSide, (2 * seed) + 1, Directory.Exists(held) ? held : root),
            []);
    }
}

using System.Globalization;
using System.Numerics;
using PolaFormer.Checkpoints;
using PolaFormer.Models;

namespace PolaFormer.Training;

/// <summary>The recipe for a folder of classes that comes without one: by the number of its images, and from a trained network where one is given.</summary>
public static class FolderRecipe
{
    // Images from which a run has fewer epochs, and images a class from which batches are mixed.
    private const int SmallSet = 1000, LargeSet = 10_000, MixedClass = 300;
    private const int LargestBatch = 64, SmallestSize = 64;

    // Peak rate of AdamW for 16 images a step; it grows as the root of the batch. Recipes give rates for 512 images.
    private const double Peak = 5e-4, PeakBatch = 16, ReferenceBatch = 512;

    /// <summary>Keys of a recipe and their values in turn, as <see cref="Configuration.ConfigurationReader.Apply"/> takes them: those that are given behind them come before these.</summary>
    /// <param name="data">What the folder holds.</param>
    /// <param name="start">The trained network to start from; null to train from the beginning.</param>
    /// <param name="model">Registered network to train; null for that of <paramref name="start"/>.</param>
    /// <exception cref="ArgumentException">Neither is given, or there is no such network.</exception>
    public static IReadOnlyList<string> KeysFor(DataInspection data, ModelDescription? start, string? model)
    {
        int images = data.TrainCount, batch = BatchOf(images), epochs = (images < SmallSet ? 30 : images < LargeSet ? 15 : 6) * (start is null ? 4 : 1);
        double rate = Peak * Math.Sqrt(batch / PeakBatch) * ReferenceBatch / batch;
        bool isMixed = data.TrainCounts.Min() >= MixedClass;
        List<string> keys = [.. NetworkOf(start, model)];
        void Set(string key, object value) => keys.AddRange([key, Convert.ToString(value, CultureInfo.InvariantCulture)!]);
        Set("MODEL.NUM_CLASSES", data.Classes.Count);
        Set("MODEL.DROP_PATH_RATE", 0.05);
        Set("DATA.DATASET", "imagenet");
        Set("DATA.BATCH_SIZE", batch);
        Set("DATA.BALANCED", data.IsUneven ? "true" : "false");
        Set("DATA.BAD_IMAGES", data.Unreadable.Count > 0 ? "skip" : "fail");
        Set("TRAIN.EPOCHS", epochs);
        Set("TRAIN.WARMUP_EPOCHS", Math.Max(epochs / 15, 1));
        Set("TRAIN.PATIENCE", Math.Max(epochs / 3, 5));
        Set("TRAIN.BASE_LR", rate);
        Set("TRAIN.WARMUP_LR", rate / 100);
        Set("TRAIN.MIN_LR", rate / 100);
        Set("TRAIN.LAYER_DECAY", start is null ? 1 : 0.8);
        Set("AUG.MIXUP", 0);
        Set("AUG.CUTMIX", isMixed ? 1 : 0);
        Set("AUG.MIXUP_PROB", 0.3);
        Set("AUG.SCALE", "[0.25, 1]");
        Set("PRINT_FREQ", Math.Max(images / batch / 4, 1));
        return keys;
    }

    // At least eight steps an epoch.
    private static int BatchOf(int images) => Math.Clamp((int)BitOperations.RoundUpToPowerOf2((uint)(images / 8) + 1) / 2, 2, LargestBatch);

    private static IEnumerable<string> NetworkOf(ModelDescription? start, string? model)
    {
        if (model is not null)
            return ["MODEL.TYPE", model, "MODEL.NAME", model, "DATA.IMG_SIZE", SizeOf(ModelRegistry.Find(model).ImageSize)];
        ArgumentNullException.ThrowIfNull(start);
        string[] size = ["DATA.IMG_SIZE", SizeOf(start.ImageSize)];
        if (start.Config is null)
            return ["MODEL.TYPE", start.Model, "MODEL.NAME", start.Model, .. size];
        if (ModelConfigJson.Read(start.Model, start.Config).Config is not PolaFormerPlusPlusConfig shape)
            throw new ArgumentException($"The network to start from has a shape of {start.Model} that is not registered; name the recipe that it was trained by with --cfg.");
        return
        [
            "MODEL.TYPE", start.Model, "MODEL.NAME", start.Model, .. size,
            "MODEL.PP.EMBED_DIMS", List(shape.EmbedDims), "MODEL.PP.DEPTHS", List(shape.Depths), "MODEL.PP.NUM_HEADS", List(shape.NumHeads),
            "MODEL.PP.MLP_RATIOS", List(shape.MlpRatios), "MODEL.PP.FLAGS", List(shape.Flags), "MODEL.PP.LAYER_SCALES", List(shape.LayerScales).ToLowerInvariant(),
            "MODEL.PP.LAYER_INIT_VALUES", List(shape.LayerInitValues), "MODEL.PP.PROJECTION", $"{shape.Projection}", "MODEL.PP.STEM_REDUCTIONS", $"{shape.StemReductions}",
            "MODEL.PP.CONV_DEPTHS", List(shape.ConvDepths),
        ];
    }

    // Small networks see photographs at twice the size of small images; they take any.
    private static string SizeOf(int own) => Math.Max(own, SmallestSize).ToString(CultureInfo.InvariantCulture);

    private static string List<T>(IEnumerable<T> values) => $"[{string.Join(", ", values.Select(value => Convert.ToString(value, CultureInfo.InvariantCulture)))}]";
}

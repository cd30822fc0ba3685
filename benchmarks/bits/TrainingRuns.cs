using PolaFormer.Training;
using PolaFormer.Training.Configuration;
using PolaFormer.Training.Tests;

/// <summary>Runs of the trainer from recipes, on a few made-up images, and the digests of the states that they save.</summary>
internal static class TrainingRuns
{
    private static readonly string[] s_network =
    [
        "MODEL.TYPE", "polaformer_pp", "MODEL.PP.EMBED_DIMS", "[16, 32]", "MODEL.PP.DEPTHS", "[1, 1]", "MODEL.PP.NUM_HEADS", "[1, 2]", "MODEL.PP.MLP_RATIOS", "[2, 2]",
        "MODEL.PP.FLAGS", "[l, v]", "MODEL.PP.LAYER_SCALES", "[true, true]", "MODEL.PP.LAYER_INIT_VALUES", "[1, 1]", "MODEL.PP.PROJECTION", "16",
        "DATA.BATCH_SIZE", "8", "DATA.NUM_WORKERS", "1", "MODEL.NUM_CLASSES", "3", "TRAIN.EPOCHS", "2", "TRAIN.WARMUP_EPOCHS", "0", "TRAIN.BASE_LR", "0.2",
    ];

    private static readonly (string Name, string[] Options)[] s_runs =
    [
        ("adamw, average, norm clipped", ["TRAIN.MODEL_EMA", "true", "TRAIN.MODEL_EMA_WARMUP", "true", "TRAIN.CLIP_GRAD", "0.5", "TRAIN.LAYER_DECAY", "0.8"]),
        ("sgd, values clipped, mixup", ["TRAIN.OPTIMIZER.NAME", "sgd", "TRAIN.CLIP_GRAD", "0.01", "TRAIN.CLIP_MODE", "value", "AUG.MIXUP", "0.8"]),
        ("muon, accumulation, cutmix", ["TRAIN.OPTIMIZER.NAME", "muon", "TRAIN.ACCUMULATION_STEPS", "2", "AUG.CUTMIX", "1", "AUG.MIXUP_MODE", "elem"]),
        ("rates that diverge, steps skipped", ["TRAIN.OPTIMIZER.NAME", "sgd", "TRAIN.BASE_LR", "1000", "TRAIN.CLIP_GRAD", "None", "TRAIN.ON_NAN", "skip"]),
    ];

    /// <summary>Trains each and tells its name and the bytes of its state.</summary>
    public static void Print(Action<string, byte[]> digest, string recipe)
    {
        using var images = new SyntheticImages(trainPerClass: 16, evaluationPerClass: 4);
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            foreach ((string name, string[] options) in s_runs)
            {
                string run = Path.Combine(folder, "run");
                TrainingConfig config = ConfigurationReader.Read(recipe, [.. s_network, "DATA.DATA_PATH", images.Path, .. options]);
                ConfiguredTrainer.Create(config, run).Run();
                digest(name, File.ReadAllBytes(Path.Combine(run, "resume.safetensors")));
                Directory.Delete(run, recursive: true);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

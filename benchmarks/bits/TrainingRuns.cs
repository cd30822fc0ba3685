using System.Buffers.Binary;
using PolaFormer.Tensors.Random;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;

/// <summary>Runs of the trainer from recipes, on a few made-up images, and the digests of the states that they save.</summary>
internal static class TrainingRuns
{
    private const int Side = 32, Classes = 3;

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
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            for (int label = 0; label < Classes; label++)
            {
                Write(Path.Combine(folder, "images", "train"), label, 16);
                Write(Path.Combine(folder, "images", "val"), label, 4);
            }

            foreach ((string name, string[] options) in s_runs)
            {
                string run = Path.Combine(folder, "run");
                TrainingConfig config = ConfigurationReader.Read(recipe, [.. s_network, "DATA.DATA_PATH", Path.Combine(folder, "images"), .. options]);
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

    private static void Write(string split, int label, int count)
    {
        string folder = Directory.CreateDirectory(Path.Combine(split, $"class{label}")).FullName;
        for (int i = 0; i < count; i++)
            File.WriteAllBytes(Path.Combine(folder, $"{i:D3}.bmp"), Bitmap(label, new Philox((ulong)label, (ulong)(split.Length + i))));
    }

    // 24-bit BMP.
    private static byte[] Bitmap(int label, Philox noise)
    {
        const int header = 54;
        byte[] file = new byte[header + (Side * Side * 3)];
        "BM"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(2), file.Length);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), header);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(14), 40);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(18), Side);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), Side);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(26), 1);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(28), 24);
        for (int i = 0; i < Side * Side * 3; i++)
            file[header + i] = (byte)((i % 3 == label ? 100 : 0) + (150 * noise.Uniform((ulong)i)));
        return file;
    }
}

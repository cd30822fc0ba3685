using PolaFormer.Training.Configuration;

namespace PolaFormer.Training.Tests;

/// <summary>Runs of a tiny network on a few images, each in a folder of its own; all goes on disposal.</summary>
internal sealed class TinyRuns : IDisposable
{
    private readonly SyntheticImages _images = new(trainPerClass: 8, evaluationPerClass: 2);
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    /// <summary>The images.</summary>
    public string Images => _images.Path;

    /// <summary>A run's folder.</summary>
    public string this[string name] => Path.Combine(_folder, name);

    public void Dispose()
    {
        _images.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    public Trainer NewTrainer(string name, int epochs, params string[] options) => ConfiguredTrainer.Create(Config(epochs, options), this[name]);

    // False where it was stopped, or died.
    public bool Train(string name, int epochs, Course? course = null, CancellationToken stop = default, params string[] options)
    {
        try
        {
            return NewTrainer(name, epochs, options).Run(course, stop);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    public byte[] Bytes(string name, string file = "last") => File.ReadAllBytes(Path.Combine(this[name], $"{file}.safetensors"));

    public void Damage(string name, string file)
    {
        byte[] bytes = Bytes(name, file);
        bytes[^1000] ^= 4;
        File.WriteAllBytes(Path.Combine(this[name], $"{file}.safetensors"), bytes);
    }

    public TrainingConfig Config(int epochs, params string[] options)
    {
        string[] own =
        [
            "MODEL.TYPE", "polaformer_pp", "MODEL.PP.EMBED_DIMS", "[8, 16]", "MODEL.PP.DEPTHS", "[1, 1]", "MODEL.PP.NUM_HEADS", "[1, 2]", "MODEL.PP.MLP_RATIOS", "[2, 2]",
            "MODEL.PP.FLAGS", "[l, v]", "MODEL.PP.LAYER_SCALES", "[true, true]", "MODEL.PP.LAYER_INIT_VALUES", "[1, 1]", "MODEL.PP.PROJECTION", "16",
            "DATA.DATA_PATH", _images.Path, "DATA.BATCH_SIZE", "8", "DATA.NUM_WORKERS", "1", "MODEL.NUM_CLASSES", "3",
            "TRAIN.EPOCHS", $"{epochs}", "TRAIN.WARMUP_EPOCHS", "0", "TRAIN.BASE_LR", "0.2",
        ];
        return ConfigurationReader.Read(Path.Combine(SharedData.Repository, "configs", "polaformer_pp_cifar.yaml"), [.. own, .. options]);
    }
}

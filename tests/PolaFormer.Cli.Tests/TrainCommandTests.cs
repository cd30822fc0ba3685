using PolaFormer.Training.Tests;

namespace PolaFormer.Cli.Tests;

/// <summary>What <c>train</c> tells on the command line.</summary>
public sealed class TrainCommandTests : IDisposable
{
    private readonly SyntheticImages _images = new(trainPerClass: 4, evaluationPerClass: 1);
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    private string Run => Path.Combine(_folder, "run");

    public void Dispose()
    {
        _images.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task AFinishedRunIsEvaluatedAndSaysThatItIsFinished()
    {
        Assert.Equal(0, (await Train("--epochs", "1")).ExitCode);
        (int code, string output, _) = await Train("--epochs", "1");
        Assert.Equal(0, code);
        Assert.Contains("The run is finished: 1 epoch in", output);
        (code, output, _) = await Train("--json", "--opts", "EVAL_MODE", "true");
        Assert.Equal(0, code);
        Assert.StartsWith("""{"images":3,""", output, StringComparison.Ordinal);
        (code, _, string error) = await Train("--epochs", "2", "--opts", "DATA.BATCH_SIZE", "4");
        Assert.Equal(1, code);
        Assert.Contains("steps", error);
    }

    [Theory]
    [InlineData("TRAIN.EPOCHS: -3", "--epochs", "-3")]
    [InlineData("TRAIN.BASE_LR: -1", "--opts", "TRAIN.BASE_LR", "-1")]
    [InlineData("DATA.NUM_WORKERS: -1", "--opts", "DATA.NUM_WORKERS", "-1")]
    public async Task AValueOutOfRangeIsOneLineWithKeyAndRange(string start, params string[] options)
    {
        (int code, _, string error) = await Train(options);
        Assert.Equal(1, code);
        Assert.StartsWith($"polaformer: {start} is out of range", error, StringComparison.Ordinal);
        Assert.Equal('\n', Assert.Single(error, char.IsControl));
        Assert.False(Directory.Exists(Run));
    }

    [Fact]
    public async Task ARecipeThatSomebodyWroteIsNotReplacedByTheResolvedOne()
    {
        Directory.CreateDirectory(Run);
        string recipe = Path.Combine(Run, "config.yaml");
        const string Text = "# mine\nSEED: 5\n";
        File.WriteAllText(recipe, Text);
        (int code, _, string error) = await Polaformer.Run("train", "--cfg", recipe, "--data", _images.Path, "--output", Run);
        Assert.Equal(1, code);
        Assert.Contains("would write its own configuration over it", error);
        Assert.Equal(Text, File.ReadAllText(recipe));
    }

    private Task<(int ExitCode, string Output, string Error)> Train(params string[] options) => Polaformer.Run(
    [
        "train", "--cfg", Path.Combine(Polaformer.Root, "configs", "polaformer_pp_cifar.yaml"), "--data", _images.Path, "--output", Run, .. options,
        .. options.Contains("--opts") ? Array.Empty<string>() : ["--opts"],
        "MODEL.TYPE", "polaformer_pp", "MODEL.PP.EMBED_DIMS", "[8, 16]", "MODEL.PP.DEPTHS", "[1, 1]", "MODEL.PP.NUM_HEADS", "[1, 2]", "MODEL.PP.MLP_RATIOS", "[2, 2]",
        "MODEL.PP.FLAGS", "[l, v]", "MODEL.PP.LAYER_SCALES", "[true, true]", "MODEL.PP.LAYER_INIT_VALUES", "[1, 1]", "MODEL.PP.PROJECTION", "16", "MODEL.NUM_CLASSES", "3",
        .. options.Contains("DATA.BATCH_SIZE") ? Array.Empty<string>() : ["DATA.BATCH_SIZE", "2"],
    ]);
}

using System.Diagnostics;
using System.Globalization;
using PolaFormer.Tensors.Random;
using PolaFormer.Training.Tests;

namespace PolaFormer.Cli.Tests;

/// <summary>
/// Runs of the command line in processes of their own, to be killed: a tiny network, of which every step is logged and the state
/// saved every 60 ms. One run of them all is never killed; the others must end like it.
/// </summary>
public class KilledRuns : IAsyncLifetime
{
    /// <summary>Name of the environment variable with the number of kills at random moments; the other kinds take shares of it.</summary>
    public const string Variable = "POLAFORMER_KILLS";

    private const int DefaultKills = 12, StepsPerEpoch = 50, StepsPerKill = 42;

    private readonly Lazy<SyntheticImages> _images = new(() => new SyntheticImages(trainPerClass: 67, evaluationPerClass: 4));
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    private int _failedSaves;

    /// <summary>Saves that failed in all runs, as on a full disk.</summary>
    public int FailedSaves => _failedSaves;

    /// <summary>Kills at random moments.</summary>
    public static int Kills { get; } = int.TryParse(Environment.GetEnvironmentVariable(Variable), NumberStyles.None, CultureInfo.InvariantCulture, out int kills) ? kills : DefaultKills;

    /// <summary>The arguments that every run has.</summary>
    protected virtual IEnumerable<string> Arguments =>
    [
        // As many steps as the kills leave time for: 1,000 at least.
        "--data", _images.Value.Path, "--cfg", Path.Combine(Polaformer.Root, "configs", "polaformer_pp_cifar.yaml"), "--threads", "1", "--opts",
        "MODEL.TYPE", "polaformer_pp", "MODEL.PP.EMBED_DIMS", "[8, 16]", "MODEL.PP.DEPTHS", "[1, 1]", "MODEL.PP.NUM_HEADS", "[1, 2]", "MODEL.PP.MLP_RATIOS", "[2, 2]",
        "MODEL.PP.FLAGS", "[l, v]", "MODEL.PP.LAYER_SCALES", "[true, true]", "MODEL.PP.LAYER_INIT_VALUES", "[1, 1]", "MODEL.PP.PROJECTION", "16", "MODEL.NUM_CLASSES", "3",
        "MODEL.DROP_PATH_RATE", "0.3", "DATA.BATCH_SIZE", "4", "TRAIN.MODEL_EMA", "true", "AUG.MIXUP", "0.8", "AUG.CUTMIX", "1", "AUG.REPROB", "0.25", "PRINT_FREQ", "1", "SAVE_MINUTES", "0.001",
        "TRAIN.EPOCHS", $"{Math.Max(20, Kills * StepsPerKill / StepsPerEpoch)}",
    ];

    /// <summary>The folder of the run that is never killed.</summary>
    public string Whole => this["whole"];

    /// <summary>A run's folder.</summary>
    public string this[string name] => Path.Combine(_folder, name);

    public async ValueTask InitializeAsync() => await Finish(Whole);

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_images.IsValueCreated)
            _images.Value.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>Continues a run to its end.</summary>
    public async Task Finish(string folder)
    {
        using Process process = Start(folder, out _);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
    }

    /// <summary>Starts or continues a run.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="firstStep">Done at the first step, or the end.</param>
    public Process Start(string folder, out Task firstStep) => TrainingProcess.Start(
        ["--output", folder, .. Arguments], out firstStep,
        line => _ = line.Contains("The run goes on", StringComparison.Ordinal) ? Interlocked.Increment(ref _failedSaves) : 0);

    /// <summary>Kills a run at random moments: most while steps are made or saved, some while the process starts.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="kills">How often.</param>
    public async Task KillAtRandomMoments(string folder, int kills)
    {
        var chance = new Philox(20260101, 0);
        for (uint i = 0; i < kills; i++)
        {
            bool isStarting = i % 6 == 5;
            using Process process = Start(folder, out Task firstStep);
            if (!isStarting)
                await firstStep.WaitAsync(TestContext.Current.CancellationToken);
            await KillAfter(process, (isStarting ? 700 : 150) * chance.Uniform(i));
        }
    }

    /// <summary>Kills a process after a time.</summary>
    public static async Task KillAfter(Process process, double milliseconds)
    {
        await Task.Delay((int)milliseconds, TestContext.Current.CancellationToken);
        await Kill(process);
    }

    /// <summary>Kills a process within one of its next saves of the state.</summary>
    /// <param name="process">The process.</param>
    /// <param name="folder">The run's folder.</param>
    /// <param name="save">Which of the saves, from 1.</param>
    /// <returns>Whether it left a save half done.</returns>
    public static async Task<bool> KillInSave(Process process, string folder, int save)
    {
        var seen = new HashSet<string>();
        while (seen.Count < save && !process.HasExited)
        {
            if (Directory.Exists(folder))
                seen.UnionWith(Directory.EnumerateFiles(folder, "resume.safetensors.*.polaformer-tmp"));
        }

        await Kill(process);
        return Directory.EnumerateFiles(folder, "*.polaformer-tmp").Any() || !File.Exists(State(folder));
    }

    /// <summary>The file of a run's last state.</summary>
    public static string State(string folder) => Path.Combine(folder, "resume.safetensors");

    /// <summary>Holds a run's networks and state to those of the run that was never killed.</summary>
    public void AssertSameBits(string folder)
    {
        string[] saved = [.. Directory.EnumerateFiles(Whole, "*.safetensors").Select(file => Path.GetFileName(file)).Where(name => !name.Contains("previous", StringComparison.Ordinal))];
        Assert.Contains("resume.safetensors", saved);
        foreach (string name in saved)
            Assert.Equal(File.ReadAllBytes(Path.Combine(Whole, name)), File.ReadAllBytes(Path.Combine(folder, name)));
        Assert.Empty(Directory.GetFiles(folder, "*.polaformer-tmp"));
    }

    private static async Task Kill(Process process)
    {
        Assert.False(process.HasExited, "The run ended before it was killed.");
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }
}

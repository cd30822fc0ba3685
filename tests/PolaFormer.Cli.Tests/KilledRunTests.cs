using System.Diagnostics;
using System.Runtime.InteropServices;
using PolaFormer.Tensors.Random;
using PolaFormer.Training.Tests;

namespace PolaFormer.Cli.Tests;

/// <summary>Runs of the command line that are killed at random moments and started again, as on machines that fail or are taken away.</summary>
public sealed class KilledRunTests : IDisposable
{
    private const int SigTerm = 15;
    private const int Kills = 24;

    // 1,000 steps: 20 epochs of 50. Every step is logged, and the state saved every 60 ms.
    private static readonly string[] Options =
    [
        "--cfg", Path.Combine(Polaformer.Root, "configs", "polaformer_pp_cifar.yaml"), "--threads", "1", "--opts",
        "MODEL.TYPE", "polaformer_pp", "MODEL.PP.EMBED_DIMS", "[8, 16]", "MODEL.PP.DEPTHS", "[1, 1]", "MODEL.PP.NUM_HEADS", "[1, 2]", "MODEL.PP.MLP_RATIOS", "[2, 2]",
        "MODEL.PP.FLAGS", "[l, v]", "MODEL.PP.LAYER_SCALES", "[true, true]", "MODEL.PP.LAYER_INIT_VALUES", "[1, 1]", "MODEL.PP.PROJECTION", "16", "MODEL.NUM_CLASSES", "3",
        "MODEL.DROP_PATH_RATE", "0.3", "DATA.BATCH_SIZE", "4", "TRAIN.EPOCHS", "20", "TRAIN.MODEL_EMA", "true", "AUG.MIXUP", "0.8", "AUG.CUTMIX", "1", "AUG.REPROB", "0.25", "PRINT_FREQ", "1", "SAVE_MINUTES", "0.001",
    ];

    private readonly SyntheticImages _images = new(trainPerClass: 67, evaluationPerClass: 4);
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose()
    {
        _images.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task ARunKilledAtRandomMomentsEndsWithTheSameBits()
    {
        await Finish("whole");
        var moments = new Philox(20260101, 0);
        for (uint i = 0; i < Kills; i++)
        {
            // Most while steps are made or saved, some while the process starts.
            bool isStarting = i % 6 == 5;
            using Process process = Start("killed", out Task firstStep);
            if (!isStarting)
                await firstStep.WaitAsync(TestContext.Current.CancellationToken);
            await Task.Delay((int)((isStarting ? 700 : 150) * moments.Uniform(i)), TestContext.Current.CancellationToken);
            Assert.False(process.HasExited, $"The run ended before kill {i + 1}.");
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        await Finish("killed");
        foreach (string name in new[] { "last", "last_ema", "resume" })
            Assert.Equal(File.ReadAllBytes(Output("whole", name)), File.ReadAllBytes(Output("killed", name)));
        Assert.Equal(Steps("whole"), Steps("killed"));
        Assert.Empty(Directory.GetFiles(Path.Combine(_folder, "killed"), "*.polaformer-tmp"));
    }

    [Fact]
    public async Task SigTermSavesAndExits()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGTERM.");
        using Process process = Start("terminated", out _);
        while (!File.Exists(Output("terminated", "resume")) && !process.HasExited)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.Equal(0, SendSignal(process.Id, SigTerm));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(130, process.ExitCode);
        await Finish("terminated");
        await Finish("whole");
        Assert.Equal(File.ReadAllBytes(Output("whole", "resume")), File.ReadAllBytes(Output("terminated", "resume")));
    }

    // A line for each record of a step: what the steps of a killed run logged must be there once.
    private string[] Steps(string run) =>
        [.. File.ReadLines(Path.Combine(_folder, run, "log.jsonl")).Where(line => line.StartsWith("""{"kind":"step",""", StringComparison.Ordinal)).Select(line => line[..line.IndexOf(",\"images_per_second\"", StringComparison.Ordinal)])];

    private async Task Finish(string run)
    {
        using Process process = Start(run, out _);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
    }

    private Process Start(string run, out Task firstStep)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "polaformer.dll"), "train", "--data", _images.Path, "--output", Path.Combine(_folder, run), .. Options])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = Polaformer.Root,
        };
        Process process = Process.Start(start)!;
        var stepped = new TaskCompletionSource();
        process.OutputDataReceived += (_, line) => _ = (line.Data is null || line.Data.Contains("step", StringComparison.Ordinal)) && stepped.TrySetResult();
        firstStep = stepped.Task;
        process.BeginOutputReadLine();
        return process;
    }

    private string Output(string run, string name) => Path.Combine(_folder, run, $"{name}.safetensors");

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendSignal(int process, int signal);
}

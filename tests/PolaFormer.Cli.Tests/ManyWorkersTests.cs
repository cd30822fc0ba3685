using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using PolaFormer.Tensors.Random;
using PolaFormer.Training.Tests;

namespace PolaFormer.Cli.Tests;

/// <summary>
/// Commands on several processes that mpirun starts on this machine. The environment variable of <see cref="Variable"/> sets
/// how often a worker is killed.
/// </summary>
public sealed partial class ManyWorkersTests : IDisposable
{
    /// <summary>Name of the environment variable with the number of kills.</summary>
    public const string Variable = "POLAFORMER_WORKER_KILLS";

    private const int DefaultKills = 3;
    private static readonly TimeSpan s_end = TimeSpan.FromSeconds(30);

    private static string Program => Path.Combine(AppContext.BaseDirectory, "polaformer.dll");

    private readonly SyntheticImages _images = new(trainPerClass: 22, evaluationPerClass: 5);
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public ManyWorkersTests() => Assert.SkipUnless(IsMpiThere(), "mpirun is not installed (Debian: openmpi-bin, libopenmpi3).");

    public void Dispose()
    {
        _images.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task EveryNumberOfWorkersEndsWithTheSameBits()
    {
        await Finish("one", 1);
        foreach (int workers in (int[])[2, 3, 4, 8])
        {
            await Finish($"{workers}", workers);
            AssertSameBits("one", $"{workers}");
        }
    }

    [Fact]
    public async Task AKilledWorkerEndsAllAndTheRunGoesOnWithAnotherNumber()
    {
        int kills = int.TryParse(Environment.GetEnvironmentVariable(Variable), NumberStyles.None, CultureInfo.InvariantCulture, out int wanted) ? wanted : DefaultKills;
        int epochs = 4 * kills;
        await Finish("whole", 1, epochs);
        var chance = new Philox(20260101, 0);
        for (uint i = 0; i < kills; i++)
        {
            int workers = 1 << (int)(1 + (i % 3));
            using Process run = Start("parts", workers, epochs, _images.Path);
            Task<string> error = run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await AfterFirstStep(run);
            int[] processes = WorkersOf(run);
            if (run.HasExited || processes.Length == 0)
                break;
            Process.GetProcessById(processes[(int)(chance.Uniform(i) * processes.Length)]).Kill();
            await run.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(s_end, TestContext.Current.CancellationToken);
            Assert.NotEqual(0, run.ExitCode);
            Assert.Contains("exited on signal 9", await error, StringComparison.Ordinal);
        }

        await Finish("parts", 2, epochs);
        AssertSameBits("whole", "parts");
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    public async Task ThreadsThatShareTheCoreOfTheirWorkerAreToldOnce(int threads, int warnings)
    {
        using Process run = Start(2, ["--bind-to", "core", "dotnet", Program, "eval", "--data", "missing", "--threads", $"{threads}"]);
        _ = run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(warnings, error.Split('\n').Count(line => line.Contains("mpirun --map-by slot:PE=2 gives each worker 2.", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task AWorkerWithOtherDataIsNamedInOneLine()
    {
        using var other = new SyntheticImages(trainPerClass: 23, evaluationPerClass: 5);
        // Each process takes the folder of its number.
        Directory.CreateSymbolicLink(Path.Combine(_folder, "data0"), _images.Path);
        Directory.CreateSymbolicLink(Path.Combine(_folder, "data1"), other.Path);
        using Process run = Start("run", 2, epochs: 1, Path.Combine(_folder, "data$OMPI_COMM_WORLD_RANK"), isOfShell: true);
        string error = await run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.NotEqual(0, run.ExitCode);
        string line = Assert.Single(error.Split('\n'), line => line.StartsWith("polaformer:", StringComparison.Ordinal));
        Assert.Contains("Worker 1 on ", line, StringComparison.Ordinal);
        Assert.Contains(" has another ", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnImageThatItsWorkerCannotReadEndsAllWithOneLine()
    {
        string damaged = Directory.GetFiles(_images.Path, "*.bmp", SearchOption.AllDirectories).First(file => file.Contains("train", StringComparison.Ordinal));
        File.WriteAllBytes(damaged, []);
        using Process run = Start("run", 2, epochs: 4, _images.Path);
        _ = run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(s_end, TestContext.Current.CancellationToken);
        Assert.NotEqual(0, run.ExitCode);
        string line = Assert.Single(error.Split('\n'), line => line.StartsWith("polaformer:", StringComparison.Ordinal));
        Assert.Contains(damaged, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASignalToEndSavesAndTheRunGoesOn()
    {
        const int Terminate = 15;
        await Finish("whole", 1, epochs: 20);
        using (Process run = Start("parts", 2, epochs: 20, _images.Path))
        {
            Task<string> error = run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await AfterFirstStep(run);
            Assert.Equal(0, Signal(WorkersOf(run)[1], Terminate));
            await run.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(s_end, TestContext.Current.CancellationToken);
            Assert.NotEqual(0, run.ExitCode);
            Assert.Contains("Stopped; the same command continues.", await error, StringComparison.Ordinal);
        }

        await Finish("parts", 4, epochs: 20);
        AssertSameBits("whole", "parts");
    }

    [Fact]
    public async Task ASecondRunInTheFolderIsRefused()
    {
        using Process run = Start("run", 2, epochs: 1000, _images.Path);
        Task<string> error = run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await AfterFirstStep(run);
        using Process second = Start("run", 2, epochs: 1000, _images.Path);
        _ = second.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string said = await second.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await second.WaitForExitAsync(TestContext.Current.CancellationToken);
        foreach (int worker in WorkersOf(run))
            Process.GetProcessById(worker).Kill();
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        await error;
        string line = Assert.Single(said.Split('\n'), line => line.StartsWith("polaformer:", StringComparison.Ordinal));
        Assert.Contains("another run writes there", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WorkersThatEvaluateTellWhatOneDoes()
    {
        await Finish("run", 1, epochs: 1);
        string checkpoint = Path.Combine(_folder, "run", "last.safetensors");
        (string Figures, string Answers) one = await Evaluate(1);
        Assert.Equal(one, await Evaluate(3));
        Assert.Equal(16, one.Answers.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);

        async Task<(string, string)> Evaluate(int workers)
        {
            string csv = Path.Combine(_folder, $"{workers}.csv");
            JsonObject figures = JsonNode.Parse(await Output(workers, "eval", "--checkpoint", checkpoint, "--data", _images.Path, "--batch", "2", "--csv", csv, "--json"))!.AsObject();
            Assert.True(figures.Remove("images_per_second"));
            return (figures.ToJsonString(), File.ReadAllText(csv));
        }
    }

    [Fact]
    public async Task WorkersThatPredictWriteTheFileOfOneAndGoOnWithIt()
    {
        await Finish("run", 1, epochs: 1);
        string[] files = Directory.GetFiles(_images.Path, "*.bmp", SearchOption.AllDirectories);
        string manifest = Path.Combine(_folder, "manifest.jsonl");
        File.WriteAllLines(manifest, files.Select(file => JsonSerializer.Serialize(new { id = Path.GetFileName(file), file })));
        byte[] one = await Predict("one", 1);
        Assert.Equal(files.Length, Encoding.UTF8.GetString(one).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(one, await Predict("three", 3));

        // As a killed command leaves it.
        File.WriteAllBytes(Path.Combine(_folder, "rest.jsonl"), one[..(one.Length / 2)]);
        Assert.Equal(one, await Predict("rest", 2));

        async Task<byte[]> Predict(string name, int workers)
        {
            string output = Path.Combine(_folder, $"{name}.jsonl");
            await Output(workers, "predict", "--checkpoint", Path.Combine(_folder, "run", "last.safetensors"), "--input", manifest, "--output", output);
            return File.ReadAllBytes(output);
        }
    }

    [Fact]
    public async Task MessagesBetweenWorkersAreMeasured()
    {
        JsonObject times = JsonNode.Parse(await OutputOf("bench", "messages", "--rounds", "5", "--json"))!.AsObject();
        Assert.Equal(2, (int)times["workers"]!);
        Assert.True((double)times["latency_us"]! >= 0 && (double)times["ns_per_byte"]! >= 0);
        Assert.Equal([8, 64, 512, 4096, 32768, 262144, 2097152, 16777216], times["messages"]!.AsArray().Select(message => (int)message!["bytes"]!));

        static async Task<string> OutputOf(params string[] arguments)
        {
            using Process run = Start(2, ["dotnet", Program, .. arguments]);
            return await ManyWorkersTests.OutputOf(run);
        }
    }

    private static async Task<string> Output(int workers, params string[] arguments)
    {
        using Process run = Start(workers, ["dotnet", Program, .. arguments, "--threads", "1"]);
        return await OutputOf(run);
    }

    private static async Task<string> OutputOf(Process run)
    {
        Task<string> output = run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(run.ExitCode == 0, $"{error}{await output}");
        return await output;
    }

    private async Task Finish(string name, int workers, int epochs = 2)
    {
        using Process run = Start(name, workers, epochs, _images.Path);
        await OutputOf(run);
    }

    private Process Start(string name, int workers, int epochs, string data, bool isOfShell = false)
    {
        string[] arguments =
        [
            "dotnet", Program, "train", "--data", data, "--cfg", Path.Combine(Polaformer.Root, "configs", "polaformer_pp_cifar.yaml"), "--threads", "1",
            "--output", Path.Combine(_folder, name), "--opts",
            "MODEL.TYPE", "polaformer_pp", "MODEL.PP.EMBED_DIMS", "[8,16]", "MODEL.PP.DEPTHS", "[1,1]", "MODEL.PP.NUM_HEADS", "[1,2]", "MODEL.PP.MLP_RATIOS", "[2,2]",
            "MODEL.PP.FLAGS", "[l,v]", "MODEL.PP.LAYER_SCALES", "[true,true]", "MODEL.PP.LAYER_INIT_VALUES", "[1,1]", "MODEL.PP.PROJECTION", "16", "MODEL.NUM_CLASSES", "3",
            "MODEL.DROP_PATH_RATE", "0.3", "DATA.BATCH_SIZE", "16", "TRAIN.MICRO_BATCHES", "8", "TRAIN.MODEL_EMA", "true", "AUG.MIXUP", "0.8", "PRINT_FREQ", "1", "SAVE_MINUTES", "0.001", "TRAIN.OPTIMIZER.NAME", "muon",
            "TRAIN.EPOCHS", $"{epochs}",
        ];
        string[] started = isOfShell ? ["sh", "-c", string.Join(' ', arguments.Select(argument => $"\"{argument}\""))] : arguments;
        return Start(workers, started);
    }

    private static Process Start(int workers, string[] command)
    {
        var start = new ProcessStartInfo("mpirun", ["--allow-run-as-root", "--oversubscribe", "-n", $"{workers}", .. command])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Polaformer.Root,
        };
        return Process.Start(start)!;
    }

    private static async Task AfterFirstStep(Process run)
    {
        while (await run.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line && !line.Contains("step", StringComparison.Ordinal))
        {
        }

        // mpirun waits for its output to be read.
        _ = run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int process, int signal);

    // The children of mpirun, as the system tells them.
    private static int[] WorkersOf(Process run)
    {
        string path = $"/proc/{run.Id}/task/{run.Id}/children";
        return File.Exists(path) ? [.. File.ReadAllText(path).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture))] : [];
    }

    private void AssertSameBits(string expected, string actual)
    {
        foreach (string file in (string[])["last.safetensors", "best.safetensors", "last_ema.safetensors", "resume.safetensors"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(_folder, expected, file)), File.ReadAllBytes(Path.Combine(_folder, actual, file)));
    }

    private static bool IsMpiThere() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "mpirun")));
}

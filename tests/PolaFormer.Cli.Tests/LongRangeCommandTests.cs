using System.Diagnostics;
using System.Text.Json;

namespace PolaFormer.Cli.Tests;

/// <summary>A task of Long Range Arena from made data to an answer.</summary>
public sealed class LongRangeCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("polaformer");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task AnExpressionIsAnsweredByANetworkThatWasTrainedOnMadeRows()
    {
        string data = At("data"), run = At("run");
        JsonElement made = await Printed("longrange", "generate", "listops", "--output", data, "--seed", "3", "--train", "30", "--val", "9", "--test", "9", "--json");
        Assert.Equal(48, made.GetProperty("rows").GetInt32());
        JsonElement seen = await Printed("longrange", "inspect", "listops", "--data", data, "--json");
        Assert.Equal([30, 9, 9], seen.GetProperty("splits").EnumerateArray().Select(split => split.GetProperty("rows").GetInt32()));

        (int code, string log, string error) = await Polaformer.Run(
            "train", "--cfg", "configs/long_range/listops.yaml", "--data", data, "--output", run, "--attention", "polarity", "--epochs", "2", "--json", "--threads", "1", "--opts",
            "LONG_RANGE.STEPS_PER_EPOCH", "2", "LONG_RANGE.WARMUP_STEPS", "1", "LONG_RANGE.MAX_LENGTH", "64", "LONG_RANGE.DIM", "8", "LONG_RANGE.HEAD_DIM", "4", "LONG_RANGE.PROTOCOL", "honest", "DATA.BATCH_SIZE", "3");
        Assert.True(code == 0, error);
        Assert.True(JsonDocument.Parse(log.Trim().Split('\n')[^1]).RootElement.TryGetProperty("test_accuracy", out _), log);

        JsonElement answer = (await Printed("predict", "--checkpoint", Path.Combine(run, "best.safetensors"), "--text", "( ( ( [MAX 3 ) 8 ) ] )", "--top", "3", "--json")).EnumerateArray().Single();
        Assert.Equal(3, answer.GetProperty("predictions").GetArrayLength());
        (_, string shown, _) = await Polaformer.Run("inspect", Path.Combine(run, "best.safetensors"));
        Assert.Contains("protocol: honest", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARunThatIsKilledEndsWithTheBitsOfOneThatIsNot()
    {
        string data = At("data"), whole = At("whole"), killed = At("killed");
        await Printed("longrange", "generate", "listops", "--output", data, "--seed", "3", "--train", "30", "--val", "9", "--test", "9", "--json");
        await Finish(whole);
        for (int kill = 0; kill < 3; kill++)
        {
            using Process process = Start(killed, out Task firstStep);
            await firstStep.WaitAsync(TestContext.Current.CancellationToken);
            await KilledRuns.KillAfter(process, 60 * kill);
        }

        await Finish(killed);
        foreach (string name in new[] { "last", "best", "resume" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole, $"{name}.safetensors")), File.ReadAllBytes(Path.Combine(killed, $"{name}.safetensors")));

        // What is drawn and dropped by chance goes on, too.
        Process Start(string run, out Task firstStep) => TrainingProcess.Start(
            [
                "--cfg", "configs/long_range/listops.yaml", "--data", data, "--output", run, "--attention", "skyformer(samples=8)", "--threads", "1", "--opts",
                "TRAIN.EPOCHS", "30", "LONG_RANGE.STEPS_PER_EPOCH", "50", "LONG_RANGE.WARMUP_STEPS", "1", "LONG_RANGE.DEV_BATCHES", "2", "LONG_RANGE.MAX_LENGTH", "64",
                "LONG_RANGE.DIM", "8", "LONG_RANGE.HEAD_DIM", "4", "DATA.BATCH_SIZE", "3", "PRINT_FREQ", "1", "SAVE_MINUTES", "0.001",
            ],
            out firstStep);

        async Task Finish(string run)
        {
            using Process process = Start(run, out _);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, process.ExitCode);
        }
    }

    [Fact]
    public async Task ImagesAreMadeWhereNoneAre()
    {
        JsonElement made = await Printed("longrange", "generate", "pathfinder", "--output", At("images"), "--count", "5", "--json");
        Assert.Equal(5, made.GetProperty("images").GetInt32());
        (int code, _, string error) = await Polaformer.Run("longrange", "generate", "pathfinder", "--output", At("images"), "--count", "5");
        Assert.Equal(1, code);
        Assert.Contains("holds images already", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no task 'speech'", "longrange", "inspect", "speech", "--data", "samples")]
    [InlineData("basic_train.tsv", "longrange", "inspect", "listops", "--data", "samples")]
    [InlineData("14, 9 or 6", "longrange", "generate", "pathfinder", "--output", "nowhere", "--contour", "8")]
    [InlineData("--text is for", "predict", "--text", "good")]
    [InlineData("image files", "predict")]
    public async Task AMistakeIsOneLine(string part, params string[] command)
    {
        (int code, _, string error) = await Polaformer.Run(command);
        Assert.Equal(1, code);
        Assert.Contains(part, Assert.Single(error.Trim().Split('\n')), StringComparison.Ordinal);
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);

    private static async Task<JsonElement> Printed(params string[] command)
    {
        (int code, string output, string error) = await Polaformer.Run(command);
        Assert.True(code == 0, error);
        return JsonDocument.Parse(output).RootElement;
    }
}

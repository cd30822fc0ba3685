using System.CommandLine;
using System.Text.Json;
using PolaFormer.Checkpoints;
using PolaFormer.Cuda;

namespace PolaFormer.Cli.Tests;

public class CommandTests
{
    [Fact]
    public async Task PredictNamesTheShippedPhotographs()
    {
        (int code, string output, _) = await Polaformer.Run("predict", "samples/images", "--top", "1");
        Assert.Equal(0, code);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(5 * 2, lines.Length);
        for (int i = 0; i < lines.Length; i += 2)
            Assert.Equal(Path.GetFileNameWithoutExtension(lines[i]), lines[i + 1].Trim().Split(' ')[^1]);
        Assert.DoesNotContain('\u001b', output);
    }

    // A command is made by the name in Program's table: a name of its own that differs is found by nobody.
    [Fact]
    public async Task EveryCommandOfTheHelpAnswersByItsName()
    {
        (_, string help, _) = await Polaformer.Run("--help");
        string[] names = [.. help.Split('\n').Where(line => line.StartsWith("  ", StringComparison.Ordinal)).Select(line => line.Trim().Split(' ')[0]).Where(name => char.IsAsciiLetterLower(name[0]))];
        Assert.Equal(Commands.All.Keys.Order(), names.Order());
        foreach (string name in names)
        {
            (int code, string output, _) = await Polaformer.Run(name, "--help");
            Assert.True(code == 0 && output.Contains($"polaformer {name} ", StringComparison.Ordinal), name);
        }
    }

    // "Shard { Index = 0, Count = 1 }" is what a record prints of itself.
    [Fact]
    public async Task DefaultsStandInTheHelpAsTheyAreTyped()
    {
        foreach (string name in Commands.All.Keys)
        {
            (_, string help, _) = await Polaformer.Run(name, "--help");
            Assert.DoesNotContain(" { ", help, StringComparison.Ordinal);
        }

        (_, string predict, _) = await Polaformer.Run("predict", "--help");
        Assert.Contains("[default: 0/1]", predict, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryCommandHasTwoExamplesThatParse()
    {
        var root = new RootCommand();
        foreach (Func<Command> create in Commands.All.Values)
            root.Add(create());
        Assert.Empty(Commands.All.Keys.Except(CommandHelp.Examples.Keys));
        foreach ((string name, string[] examples) in CommandHelp.Examples)
        {
            Assert.Equal(2, examples.Length);
            foreach (string example in examples)
            {
                Assert.StartsWith($"{name}", example, StringComparison.Ordinal);
                ParseResult parsed = root.Parse(example.Split(' '));
                Assert.Empty(parsed.Errors);
                Assert.StartsWith(name, CommandHelp.NameOf(parsed.CommandResult), StringComparison.Ordinal);
            }
        }

        Assert.All(root.Subcommands.Where(command => command.Name is "bench" or "analyze").SelectMany(command => command.Subcommands.Select(sub => $"{command.Name} {sub.Name}")), name => Assert.Contains(name, CommandHelp.Examples.Keys));
    }

    [Theory]
    [InlineData("Did you mean pola_pvt_tiny? Registered:", "models", "pola_pvt_tinny")]
    [InlineData("Did you mean polarity? Registered:", "models", "pola_pvt_tiny", "--attention", "polarty")]
    [InlineData("There is no model 'resnet50'. Registered:", "models", "resnet50")]
    [InlineData("There is no command 'predcit'. Did you mean predict? See 'polaformer --help'.", "predcit")]
    [InlineData("There is no command 'trainin'. Did you mean training? See 'polaformer bench --help'.", "bench", "trainin")]
    [InlineData("There is no option '--chekpoint'. Did you mean --checkpoint? See 'polaformer predict --help'.", "predict", "samples/images", "--chekpoint", "x")]
    [InlineData("There is no option '--epoch'. Did you mean --epochs? See 'polaformer train --help'.", "train", "--epoch", "3")]
    public async Task AMistypedNameIsAnsweredWithTheNearestOne(string answer, params string[] arguments)
    {
        (int code, _, string error) = await Polaformer.Run(arguments);
        Assert.Equal(1, code);
        Assert.Contains(answer, Assert.Single(error.TrimEnd().Split('\n')));
    }

    [Fact]
    public async Task CompletionIsInstalledAndAsksTheProgram()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        (int code, _, string error) = await Polaformer.Run([("XDG_DATA_HOME", folder)], ["completion", "bash", "--install"]);
        Assert.True(code == 0, error);
        Assert.Contains("[suggest:$COMP_POINT]", File.ReadAllText(Path.Combine(folder, "bash-completion", "completions", "polaformer")));
        Directory.Delete(folder, recursive: true);
        (code, string output, error) = await Polaformer.Run("[suggest:14]", "polaformer tra");
        Assert.True(code == 0, error);
        Assert.Contains("train", output.Split('\n'));
        Assert.DoesNotContain("predict", output.Split('\n'));
        (_, output, _) = await Polaformer.Run("[suggest:25]", "polaformer predict --view");
        Assert.Contains("--views", output.Split('\n'));
    }

    [Fact]
    public async Task PredictJsonListsLabelsWithProbabilities()
    {
        (int code, string output, _) = await Polaformer.Run("predict", "samples/images/airplane.jpg", "--top", "3", "--json");
        Assert.Equal(0, code);
        JsonElement entry = JsonDocument.Parse(output).RootElement[0];
        Assert.Equal("samples/images/airplane.jpg", entry.GetProperty("file").GetString());
        JsonElement[] guesses = [.. entry.GetProperty("predictions").EnumerateArray()];
        Assert.Equal(3, guesses.Length);
        Assert.Equal("airplane", guesses[0].GetProperty("label").GetString());
        Assert.Equal(0, guesses[0].GetProperty("index").GetInt32());
        Assert.True(guesses[0].GetProperty("probability").GetDouble() > guesses[1].GetProperty("probability").GetDouble());
    }

    [Fact]
    public async Task PredictReportsABadFileAndGoesOn()
    {
        (int code, string output, _) = await Polaformer.Run("predict", "LICENSE", "samples/images/cat.jpg", "--json");
        Assert.NotEqual(0, code);
        JsonElement root = JsonDocument.Parse(output).RootElement;
        Assert.NotEmpty(root[0].GetProperty("error").GetString()!);
        Assert.Equal(5, root[1].GetProperty("predictions").GetArrayLength());
    }

    [Theory]
    [InlineData("predict", "no-such-file.jpg")]
    [InlineData("predict", "samples/images", "--checkpoint", "LICENSE")]
    [InlineData("predict", "samples/images", "--labels", "LICENSE")]
    [InlineData("predict", "configs")]
    [InlineData("inspect", "samples/images/cat.jpg")]
    [InlineData("convert", "no-such-file.pth", "out.safetensors")]
    [InlineData("models", "pola_pvt_tin")]
    [InlineData("models", "pola_pvt_tiny", "--attention", "polarty")]
    [InlineData("models", "pvt_tiny", "--attention", "elu,relu")]
    [InlineData("train", "--cfg", "configs/polaformer_pp_cifar.yaml", "--attention", "polarty")]
    [InlineData("export", "--onnx", "no-such-file.onnx", "--attention", "elu")]
    [InlineData("bench", "--attention", "elu")]
    [InlineData("bench", "kernels", "elu")]
    [InlineData("bench", "inference")]
    [InlineData("bench", "training", "--model", "pola_pvt_tinny")]
    [InlineData("bench", "throughput", "--cfg", "configs/polaformer_pp_cifar.yaml")]
    [InlineData("bench", "attention", "--mechanisms", "polarty")]
    [InlineData("analyze")]
    [InlineData("diff", "LICENSE", "LICENSE")]
    [InlineData("bench", "--model", "pola_pvt_tiny", "--threads", "0")]
    [InlineData("bench")]
    [InlineData("bench", "--model", "pola_pvt_tiny", "--attention")]
    [InlineData("bench", "--model", "pola_pvt_tiny", "--compare", "LICENSE")]
    [InlineData("bench", "--model", "pola_pvt_tiny", "--compare", "global.json")]
    [InlineData("bench", "--attention", "--tokens", "0")]
    [InlineData("eval", "--data", "no-such-folder")]
    [InlineData("train", "--cfg", "no-such-file.yaml")]
    [InlineData("report", "samples/images")]
    [InlineData("nope")]
    [InlineData("bench", "--bach", "3")]
    [InlineData("predict")]
    [InlineData("predict", "")]
    [InlineData("predict", "samples/images/cat.jpg", "--checkpoint", "")]
    [InlineData("predict", "samples/images/cat.jpg", "--top", "0")]
    [InlineData("predict", "samples/images/cat.jpg", "--device", "gpu")]
    [InlineData("predict", "samples/images/cat.jpg", "--device", "cuda:first")]
    [InlineData("train", "--cfg", "configs/polaformer_pp_cifar.yaml", "--data", "samples", "--opts", "DEVICE", "gpu")]
    [InlineData("train", "--cfg", "configs/polaformer_pp_cifar.yaml", "--data", "samples", "--opts", "AMP_TYPE", "bfloat16")]
    [InlineData("predict", "samples/images/cat.jpg", "--labels", "samples")]
    [InlineData("predict", "samples/images/cat.jpg", "--labels", "https://example.org/labels.txt")]
    [InlineData("predict", "@home.jpg")]
    [InlineData("predict", "http://127.0.0.1:1/cat.jpg")]
    [InlineData("predict", "https://")]
    [InlineData("predict", "/dev/zero")]
    [InlineData("eval", "--data", "https://example.org/set.tar")]
    [InlineData("eval", "--data", "/dev/zero")]
    [InlineData("eval", "--data", "samples", "--bad-images", "ignore")]
    [InlineData("bench", "--model", "polaformer_pp_cifar", "--batch", "100000000")]
    [InlineData("bench", "--model", "polaformer_pp_cifar", "--batch", "1000000")]
    [InlineData("bench", "--model", "polaformer_pp_cifar", "--compare", "/dev/zero")]
    [InlineData("bench", "--attention", "--tokens", "1,024")]
    [InlineData("bench", "--attention", "--dim", "3")]
    [InlineData("bench", "--attention", "--seconds", "NaN")]
    [InlineData("compare", "--memory", "0,0001")]
    [InlineData("compare", "--tokens", "0")]
    [InlineData("compare", "--tokens", "196,,784")]
    [InlineData("compare", "--mechanisms", ",")]
    [InlineData("compare", "--plot", "picture.gif")]
    [InlineData("attention", "samples/images/cat.jpg", "--output", "same.html", "--html", "same.html")]
    [InlineData("export", "--onnx", "never.onnx", "--opset", "3")]
    [InlineData("export", "--onnx", "never.onnx", "--seed", "-1")]
    [InlineData("export", "--onnx", "never.onnx", "--power", "root")]
    [InlineData("models", "--attention", ",")]
    [InlineData("entropy", "samples/images/cat.jpg", "--rows", "0")]
    [InlineData("gates", "samples/images/cat.jpg", "--rank-tokens", "-1")]
    [InlineData("attention", "samples/images/cat.jpg", "--head", "0")]
    [InlineData("eval", "--data", "samples", "--batch", "0")]
    [InlineData("train", "--cfg", "configs/polaformer_pp_cifar.yaml", "--epochs", "1e3")]
    public async Task MistakeGivesOneLineAndANonZeroExitCode(params string[] arguments)
    {
        (int code, _, string error) = await Polaformer.Run(arguments);
        Assert.NotEqual(0, code);
        string line = Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("polaformer: ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("predict", "samples/images/cat.jpg", "--device", "cuda")]
    [InlineData("eval", "--data", "samples", "--device", "cuda:1")]
    [InlineData("train", "--cfg", "configs/polaformer_pp_cifar.yaml", "--data", "samples", "--device", "cuda")]
    [InlineData("train", "--cfg", "configs/polaformer_pp_cifar.yaml", "--data", "samples", "--opts", "DEVICE", "cuda")]
    public async Task AMissingGpuIsOneLine(params string[] arguments)
    {
        string? missing = Gpu.WhyUnavailable();
        Assert.SkipWhen(missing is null, "there is a GPU here");
        (int code, _, string error) = await Polaformer.Run(arguments);
        Assert.Equal(1, code);
        Assert.Equal($"polaformer: {missing}", error.Trim());
    }

    [Fact]
    public async Task ModelsListsTheDevices()
    {
        (int code, string output, _) = await Polaformer.Run("models", "--devices");
        Assert.Equal(0, code);
        Assert.StartsWith("cpu ", output, StringComparison.Ordinal);
        Assert.Contains("\ncuda", output, StringComparison.Ordinal);
        (_, string json, _) = await Polaformer.Run("models", "--devices", "--json");
        Assert.Equal("cpu", JsonDocument.Parse(json).RootElement.GetProperty("devices")[0].GetProperty("name").GetString());
    }

    [Fact]
    public async Task ModelsTakeAnotherAttentionForEveryStageOrOneEach()
    {
        (int code, string output, _) = await Polaformer.Run("models", "pvt_v2_b0", "--attention", "softmax, softmax, elu, polarity", "--json");
        Assert.Equal(0, code);
        JsonElement model = Assert.Single(JsonDocument.Parse(output).RootElement.EnumerateArray());
        Assert.Equal("pvt_v2_b0 (softmax, softmax, elu, polarity)", model.GetProperty("name").GetString());
        Assert.NotEqual(3_666_760, model.GetProperty("parameters").GetInt64());
        (_, output, _) = await Polaformer.Run("models", "pvt_v2_b0", "--attention", "softmax", "--json");
        Assert.Equal(3_666_760, Assert.Single(JsonDocument.Parse(output).RootElement.EnumerateArray()).GetProperty("parameters").GetInt64());
    }

    [Fact]
    public async Task ModelsJsonCountsParametersAndWork()
    {
        (int code, string output, _) = await Polaformer.Run("models", "--json");
        Assert.Equal(0, code);
        JsonElement tiny = JsonDocument.Parse(output).RootElement.EnumerateArray().Single(entry => entry.GetProperty("name").GetString() == "pola_pvt_tiny");
        Assert.Equal(12_924_648, tiny.GetProperty("parameters").GetInt64());
        Assert.InRange(tiny.GetProperty("macs").GetInt64(), 2_250_000_000, 2_265_000_000);
        Assert.Equal(224, tiny.GetProperty("input_size").GetInt32());
        Assert.Equal(12e6, tiny.GetProperty("paper_parameters").GetDouble());
    }

    [Fact]
    public async Task ConvertedCheckpointPredictsTheSameAndComesBackWhole()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string source = Path.Combine(Polaformer.Root, "checkpoints", "polaformer_pp_photographs.safetensors");
            string torch = Path.Combine(folder, "model.pth"), back = Path.Combine(folder, "back.safetensors");
            Assert.Equal(0, (await Polaformer.Run("convert", source, torch)).ExitCode);
            Assert.Equal(0, (await Polaformer.Run("convert", torch, back)).ExitCode);

            (_, string inspected, _) = await Polaformer.Run("inspect", torch);
            Assert.Contains("fits polaformer_pp_photographs with 10 classes", inspected, StringComparison.Ordinal);
            string[] predict = ["predict", "samples/images/bird.jpg", "--json", "--checkpoint"];
            Assert.Equal((await Polaformer.Run([.. predict, source])).Output, (await Polaformer.Run([.. predict, torch])).Output);
            using var first = Checkpoint.Open(source);
            using var second = Checkpoint.Open(back);
            Assert.Equal(first.Entries.Select(entry => entry.ToString()), second.Entries.Select(entry => entry.ToString()));
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [Fact]
    public async Task BenchJsonHasEveryFigure()
    {
        (int code, string output, _) = await Polaformer.Run("bench", "--model", "polaformer_pp_cifar", "--batch", "2", "--threads", "1", "--seconds", "0.1", "--random-weights", "--json");
        Assert.Equal(0, code);
        JsonElement result = JsonDocument.Parse(output).RootElement;
        Assert.Equal("polaformer_pp_cifar", result.GetProperty("model").GetString());
        Assert.Equal(2, result.GetProperty("batch").GetInt32());
        Assert.Equal(1, result.GetProperty("threads").GetInt32());
        foreach (string figure in (string[])["median_ms", "min_ms", "images_per_second", "peak_rss_bytes", "gflops", "gemm_peak_gflops", "times_limit"])
            Assert.True(result.GetProperty(figure).GetDouble() > 0, figure);
    }

    [Fact]
    public async Task AttentionsAreMeasuredWithTheirGrowth()
    {
        (int code, string output, string error) = await Polaformer.Run("bench", "attention", "--mechanisms", "softmax,elu", "--tokens", "16,64", "--threads", "1");
        Assert.True(code == 0, error);
        Assert.Contains("softmax: time grows as N^", output);
        Assert.Contains("elu: time grows as N^", output);
    }

    [Fact]
    public async Task TwoResultsAreComparedByTheirFigures()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string old = Path.Combine(folder, "old.json"), current = Path.Combine(folder, "new.json");
            await File.WriteAllTextAsync(old, """{"model":"m","threads":1,"median_ms":4}""", TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(current, """{"model":"m","threads":1,"median_ms":3}""", TestContext.Current.CancellationToken);
            (int code, string output, string error) = await Polaformer.Run("diff", old, current, "--json");
            Assert.True(code == 0, error);
            JsonElement figure = Assert.Single(JsonDocument.Parse(output).RootElement.EnumerateArray());
            Assert.Equal(0.75, figure.GetProperty("ratio").GetDouble());
            (_, output, _) = await Polaformer.Run("diff", old, current);
            Assert.Contains("median_ms", output);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [Fact]
    public async Task BenchTrainJsonCountsTheMemoryOfAStep()
    {
        (int code, string output, _) = await Polaformer.Run("bench", "--model", "polaformer_pp_cifar", "--train", "--batch", "2", "--seconds", "0", "--json");
        Assert.Equal(0, code);
        JsonElement result = JsonDocument.Parse(output).RootElement;
        Assert.Equal(0, result.GetProperty("os_bytes_per_step").GetDouble());
        foreach (string figure in (string[])["median_ms", "images_per_second", "managed_bytes_per_step", "peak_rss_bytes", "peak_tensor_bytes", "times_limit"])
            Assert.True(result.GetProperty(figure).GetDouble() > 0, figure);
    }

    [Fact]
    public async Task BenchAttentionMeasuresEachCaseAndDrawsIt()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string plot = Path.Combine(folder, "curves.svg");
            (int code, string output, _) = await Polaformer.Run("bench", "--attention", "--dim", "16", "32", "--tokens", "8,16", "--seconds", "0.001", "--plot", plot, "--json");
            Assert.Equal(0, code);
            JsonElement[] cases = [.. JsonDocument.Parse(output).RootElement.GetProperty("attention").EnumerateArray()];
            Assert.Contains(cases, item => item.GetProperty("kind").GetString() == "polarity++" && item.GetProperty("head_dim").GetInt32() == 32);
            Assert.All(cases, item => Assert.True(item.GetProperty("extra_bytes").GetInt64() >= item.GetProperty("output_bytes").GetInt64()));
            Assert.StartsWith("<svg", await File.ReadAllTextAsync(plot, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }
}

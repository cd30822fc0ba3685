using System.Diagnostics;

namespace PolaFormer.Cli.Tests;

/// <summary>What commands write: where they may, and what happens to text that nobody can read.</summary>
public sealed class OutputTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public OutputTests()
    {
        File.Copy(Path.Combine(Polaformer.Root, "samples", "images", "cat.jpg"), At("cat.jpg"));
        File.Copy(Path.Combine(Polaformer.Root, "samples", "images", "cat.jpg"), At("cat.png"));
        File.Copy(Path.Combine(Polaformer.Root, "checkpoints", "polaformer_pp_photographs.safetensors"), At("model.safetensors"));
        File.WriteAllText(At("old.svg"), """{"threads":1}""");
    }

    public void Dispose() => Directory.Delete(_folder, true);

    [Theory]
    [InlineData("attention", "{}/cat.jpg", "-o", "{}/cat.jpg")]
    [InlineData("attention", "{}/cat.png", "-o", "{}/cat.png")]
    [InlineData("predict", "{}/cat.jpg", "--csv", "{}/cat.jpg")]
    [InlineData("attention", "{}/cat.jpg", "-o", "{}/new.png", "--html", "{}/cat.jpg")]
    [InlineData("attention", "{}/cat.jpg", "-o", "{}/new.png", "--html", "{}/model.safetensors", "--checkpoint", "{}/model.safetensors")]
    [InlineData("entropy", "{}/cat.jpg", "--html", "{}/cat.jpg")]
    [InlineData("gates", "{}/cat.jpg", "--html", "{}/../{name}/cat.jpg")]
    [InlineData("export", "--checkpoint", "{}/model.safetensors", "--onnx", "{}/model.safetensors")]
    [InlineData("attention", "{}/cat.jpg", "-o", "{}/model.safetensors")]
    [InlineData("compare", "--mechanisms", "elu", "--tokens", "4", "--html", "{}/cat.jpg")]
    [InlineData("compare", "--mechanisms", "elu", "--tokens", "4", "--plot", "{}/model.safetensors")]
    [InlineData("export", "--onnx", "{}/cat.jpg")]
    [InlineData("convert", "{}/model.safetensors", "{}/model.safetensors")]
    [InlineData("bench", "--attention", "softmax", "--compare", "{}/old.svg", "--plot", "{}/old.svg")]
    public async Task AnOutputNeverReplacesAnInputNorAFileOfAnotherKind(params string[] arguments)
    {
        Dictionary<string, byte[]> before = Contents();
        (int code, _, string error) = await Polaformer.Run([.. arguments.Select(argument => argument.Replace("{}", _folder, StringComparison.Ordinal).Replace("{name}", Path.GetFileName(_folder), StringComparison.Ordinal))]);
        Assert.Equal(1, code);
        Assert.StartsWith("polaformer: ", Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Equal(before, Contents());
    }

    [Theory]
    [InlineData("predict no-such-file.jpg 2>/dev/full")]
    [InlineData("predict no-such-file.jpg 2>&-")]
    [InlineData("models pola_pvt_tiny >/dev/full")]
    [InlineData("models pola_pvt_tiny >&- 2>&-")]
    [InlineData("predict samples/images/cat.jpg --json >/dev/full")]
    [InlineData("bench --help >/dev/full")]
    public async Task WhatCannotBePrintedEndsTheCommandInOrder(string commandLine)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/dev/full is Linux's.");
        (int code, string error) = await Shell(commandLine);
        Assert.Equal(1, code);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AReaderThatGoesAwayIsNoError()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The shell is a Unix one.");
        (int code, string error) = await Shell("models | head -n 1");
        Assert.Equal((0, ""), (code, error));
    }

    [Fact]
    public async Task NamesOfClassesAreNoCommandsToTheTerminal()
    {
        await File.WriteAllLinesAsync(At("labels.txt"), [.. Enumerable.Range(0, 10).Select(i => $"name {i}\u001b]0;title\u0007\u009b"), "", " "], TestContext.Current.CancellationToken);
        (int code, string output, _) = await Polaformer.Run("predict", At("cat.jpg"), "--labels", At("labels.txt"), "--top", "10");
        Assert.Equal(0, code);
        Assert.DoesNotContain(output, c => char.IsControl(c) && c != '\n');
        Assert.Contains("name 3\\u001b]0;title\\u0007\\u009b", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LabelsThatNameNothingAreRefused()
    {
        await File.WriteAllTextAsync(At("labels.txt"), "\n \r\n", TestContext.Current.CancellationToken);
        (int code, _, string error) = await Polaformer.Run("predict", At("cat.jpg"), "--labels", At("labels.txt"));
        Assert.Equal(1, code);
        Assert.Contains("names no class", error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Error)> Shell(string commandLine)
    {
        var start = new ProcessStartInfo("bash") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Polaformer.Root };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"set -o pipefail; dotnet '{Path.Combine(AppContext.BaseDirectory, "polaformer.dll")}' {commandLine}");
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        await output;
        return (process.ExitCode, error);
    }

    private string At(string name) => Path.Combine(_folder, name);

    private Dictionary<string, byte[]> Contents() => Directory.GetFiles(_folder).Order(StringComparer.Ordinal).ToDictionary(file => file, File.ReadAllBytes);
}

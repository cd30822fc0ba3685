using System.Diagnostics;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using PolaFormer.Checkpoints;
using PolaFormer.Models;
using PolaFormer.Tensors;

namespace PolaFormer.Cli.Tests;

/// <summary>Checkpoints that are wrong, wrapped or in the way, at the command line.</summary>
public sealed class CheckpointCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("polaformer");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("predict", "samples/images/cat.jpg", "--json")]
    [InlineData("gates", "samples/images/cat.jpg")]
    [InlineData("export", "--onnx", "no-such-file.onnx")]
    public async Task WeightsThatAreNotFiniteAreOneErrorBeforeAnythingIsComputed(params string[] command)
    {
        string path = Save("nan.safetensors", change: (name, values) =>
        {
            if (name == "head.bias")
                values[2] = float.NaN;
        });
        (int code, string output, string error) = await Polaformer.Run([.. command, "--checkpoint", path]);
        Assert.NotEqual(0, code);
        Assert.Empty(output);
        Assert.Contains("head.bias", error, StringComparison.Ordinal);
        Assert.Contains("not finite", error, StringComparison.Ordinal);
        Assert.Single(error.Trim().Split('\n'));
    }

    [Fact]
    public async Task AnOverflowingNetworkIsAnErrorOfEachImage()
    {
        string path = Save("huge.safetensors", change: (name, values) =>
        {
            if (name.EndsWith("weight", StringComparison.Ordinal))
                values.Fill(3e38f);
        });
        (int code, string output, _) = await Polaformer.Run("predict", "samples/images/cat.jpg", "samples/images/airplane.jpg", "--json", "--checkpoint", path);
        Assert.NotEqual(0, code);
        foreach (JsonElement result in JsonDocument.Parse(output).RootElement.EnumerateArray())
            Assert.Contains("finite", result.GetProperty("error").GetString(), StringComparison.Ordinal);
        (code, _, string error) = await Polaformer.Run("entropy", "samples/images/cat.jpg", "--checkpoint", path);
        Assert.NotEqual(0, code);
        Assert.Contains("finite", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task InspectNamesWhatWasPassedOver()
    {
        string path = Save("counted.safetensors", rename: name => "model._orig_mod." + name, skip: name => name.EndsWith("num_batches_tracked", StringComparison.Ordinal));
        (int code, string output, _) = await Polaformer.Run("inspect", path);
        Assert.Equal(0, code);
        Assert.Contains("fits polaformer_pp_cifar", output, StringComparison.Ordinal);
        Assert.Contains("passed over", output, StringComparison.Ordinal);
        Assert.Contains("num_batches_tracked (absent)", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mean", "null")]
    [InlineData("labels", "null")]
    [InlineData("std", "[0, 0, 0]")]
    [InlineData("image_size", "8192")]
    public async Task InspectRefusesADescriptionThatCannotBe(string key, string value)
    {
        string path = Path.Combine(_folder.FullName, "described.safetensors");
        var description = new ModelDescription { Model = "polaformer_pp_cifar", ImageSize = 32 };
        SafetensorsWriter.Write(path, [new CheckpointTensor("head.weight", [10, 1], new float[10])], new Dictionary<string, string>(description.ToMetadata()) { [key] = value });
        (int code, _, string error) = await Polaformer.Run("inspect", path);
        Assert.Equal(1, code);
        Assert.Contains(key, error, StringComparison.Ordinal);
        Assert.Single(error.Trim().Split('\n'));
    }

    [Fact]
    public async Task InspectShowsAFileOfTwoNetworks()
    {
        string path = Save("two.safetensors", rename: name => name == "head.bias" ? "teacher.head.weight" : "student." + name);
        foreach (string[] command in (string[][])[["inspect", path], ["predict", "samples/images/cat.jpg", "--checkpoint", path], ["predict", "samples/images/cat.jpg", "--checkpoint", path, "--model", "polaformer_pp_cifar"]])
        {
            (int code, string output, string error) = await Polaformer.Run(command);
            Assert.Equal(1, code);
            Assert.Equal(command[0] == "inspect", output.Contains("teacher.head.weight", StringComparison.Ordinal));
            Assert.Contains("several networks (student.head.weight and teacher.head.weight)", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task InspectShowsAFileOfADamagedDescriptionAndEndsWithTheError()
    {
        string path = Path.Combine(_folder.FullName, "null.safetensors");
        SafetensorsWriter.Write(path, [new CheckpointTensor("w", new Shape(1), new float[] { 1 })], new Dictionary<string, string> { ["architecture"] = "polaformer_pp_cifar", ["image_size"] = "32", ["mean"] = "null" });
        (int code, string output, string error) = await Polaformer.Run("inspect", path);
        Assert.Equal(1, code);
        Assert.Contains("1 tensors, 1 values", output, StringComparison.Ordinal);
        Assert.Contains("mean is null, not a list", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task InspectNamesWhatWasNotRead()
    {
        string path = Path.Combine(_folder.FullName, "beside.pth");
        const string pickle = "\x80\x02}(S'model'\n}S'w'\nctorch._utils\n_rebuild_tensor_v2\n((S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\nI2\ntQI0\n(I2\nt(I1\nt\x89NtRsS'clock'\nctrainer\nClock\n)Ru.";
        using (ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create))
        {
            foreach ((string name, byte[] content) in ((string, byte[])[])[("m/data.pkl", Encoding.Latin1.GetBytes(pickle)), ("m/data/0", new byte[8])])
            {
                using Stream entry = archive.CreateEntry(name).Open();
                entry.Write(content);
            }
        }

        (int code, string output, string error) = await Polaformer.Run("inspect", path);
        Assert.True(code == 0, error);
        Assert.Contains("never run: objects of: trainer.Clock", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NothingReplacesTheCheckpointThatIsRead()
    {
        string path = Save("model.safetensors");
        byte[] before = File.ReadAllBytes(path);
        Assert.NotEqual(0, (await Polaformer.Run("convert", path, path, "--half")).ExitCode);
        Assert.NotEqual(0, (await Polaformer.Run("export", "--onnx", path, "--checkpoint", path)).ExitCode);
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    [InlineData("HUP")]
    [InlineData("KILL")]
    public async Task AConversionThatIsEndedLeavesNothingBehind(string signal)
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("There are no such signals.");
        string input = Path.Combine(_folder.FullName, "large.safetensors"), folder = _folder.CreateSubdirectory("out").FullName;
        SafetensorsWriter.Write(input, [new CheckpointTensor("w", DType.Float32, [1 << 26], (_, destination) => destination.Clear())]);
        using (Process process = Start("convert", input, Path.Combine(folder, "out.safetensors"), "--half"))
        {
            while (Directory.GetFiles(folder).Length == 0 && !process.HasExited)
                await Task.Delay(5, TestContext.Current.CancellationToken);
            using (Process kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]))
                await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        // What SIGKILL leaves, the next conversion to that folder takes away.
        if (signal == "KILL")
            Assert.Equal(0, (await Polaformer.Run("convert", Save("small.safetensors"), Path.Combine(folder, "out.safetensors"))).ExitCode);
        Assert.DoesNotContain(Directory.GetFiles(folder), file => !file.EndsWith("out.safetensors", StringComparison.Ordinal));
    }

    private static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "polaformer.dll"), .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true };
        return Process.Start(start)!;
    }

    private string Save(string file, Func<string, string>? rename = null, Func<string, bool>? skip = null, SpanAction? change = null)
    {
        VisionModel model = ModelRegistry.Find("polaformer_pp_cifar").Create();
        model.Initialize(1);
        string path = Path.Combine(_folder.FullName, file);
        SafetensorsWriter.Write(path, model.StateDict().Where(entry => skip?.Invoke(entry.Name) != true).Select(entry =>
        {
            byte[] bytes = entry.Tensor.AsBytes().ToArray();
            if (entry.Tensor.DType == DType.Float32)
                change?.Invoke(entry.Name, MemoryMarshal.Cast<byte, float>(bytes.AsSpan()));
            return new CheckpointTensor(rename?.Invoke(entry.Name) ?? entry.Name, entry.Tensor.DType, entry.Tensor.Shape, bytes);
        }));
        return path;
    }

    private delegate void SpanAction(string name, Span<float> values);
}

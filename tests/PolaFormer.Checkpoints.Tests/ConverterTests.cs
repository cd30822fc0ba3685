using PolaFormer.Checkpoints.Pickle;
using PolaFormer.Files;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints.Tests;

public sealed class ConverterTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("convert");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("out.safetensors", DType.Float16, "fp16.safetensors")]
    [InlineData("out.pth", DType.Float16, "fp16.pth")]
    [InlineData("out.safetensors", DType.BFloat16, "bf16.safetensors")]
    [InlineData("out.pt", DType.BFloat16, "bf16.pth")]
    public void HalvesEqualThoseOfTorch(string name, DType type, string expected)
    {
        string path = Path.Combine(_folder.FullName, name);
        CheckpointConverter.Convert(Fixture.Shared("fixtures", "B_models", "swin_llss_w56", "model.safetensors"), path, type);

        using Checkpoint actual = Checkpoint.Open(path), truth = Checkpoint.Open(Fixture.Path(expected));
        Assert.Equal(truth.Entries.Count, actual.Entries.Count);
        foreach (CheckpointEntry entry in truth.Entries)
        {
            Assert.Equal(entry.DType, actual[entry.Name].DType);
            Assert.Equal(entry.Data(), actual[entry.Name].Data());
        }
    }

    [Fact]
    public void PlainMetadataIsKeptAndTheOptimizerDropped()
    {
        string pth = Path.Combine(_folder.FullName, "out.pth"), safetensors = Path.Combine(_folder.FullName, "out.safetensors");
        CheckpointConverter.Convert(Fixture.Path("ckpt_epoch_5.pth"), pth);
        CheckpointConverter.Convert(pth, safetensors);

        using Checkpoint torch = Checkpoint.Open(pth), plain = Checkpoint.Open(safetensors);
        Assert.Equal(5L, torch.Metadata["epoch"]);
        Assert.Contains("config", torch.Metadata.Keys);
        Assert.DoesNotContain("optimizer", torch.Metadata.Keys);
        Assert.Equal("5", plain.Metadata["epoch"]);
        Assert.Equal(torch.Entries.Select(entry => entry.ToString()), plain.Entries.Select(entry => entry.ToString()));
    }

    [Fact]
    public void TheInputIsNeverReplaced()
    {
        string path = Path.Combine(_folder.FullName, "model.safetensors"), link = Path.Combine(_folder.FullName, "link.safetensors");
        File.Copy(Fixture.Path("fp16.safetensors"), path);
        byte[] before = File.ReadAllBytes(path);
        Assert.Throws<FileException>(() => CheckpointConverter.Convert(path, path, DType.Float32));
        File.CreateSymbolicLink(link, path);
        Assert.Throws<FileException>(() => CheckpointConverter.Convert(path, link, DType.Float32));
        Assert.Throws<FileException>(() => CheckpointConverter.Convert(Fixture.Path("fp16.safetensors"), link, DType.Float32));
        Assert.Throws<FileException>(() => CheckpointConverter.Convert(link, path, DType.Float32));
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Equal(2, _folder.GetFiles().Length);
    }

    [Fact]
    public void AReadOnlyFileIsNotReplaced()
    {
        string path = Path.Combine(_folder.FullName, "model.safetensors");
        File.Copy(Fixture.Path("fp16.safetensors"), path);
        File.SetAttributes(path, FileAttributes.ReadOnly);
        Assert.Throws<FileException>(() => CheckpointConverter.Convert(Fixture.Path("bf16.pth"), path));
    }

    [Fact]
    public void WhatIsNoPlainDataIsDropped()
    {
        string path = Path.Combine(_folder.FullName, "model.pth");
        File.WriteAllBytes(path, TorchFile.Of("S'when'\ncdatetime\ndatetime\n)RS'epoch'\nK\x05S'none'\n}NK\x01s", ("w", [1f, 2f])));
        string converted = Path.Combine(_folder.FullName, "out.pth");
        CheckpointConverter.Convert(path, converted);
        using Checkpoint checkpoint = Checkpoint.Open(converted);
        Assert.Equal(["epoch", "none"], checkpoint.Metadata.Keys);
        Assert.Equal(1L, Assert.IsType<PickledDictionary>(checkpoint.Metadata["none"])[PickledNone.Instance]);
        Assert.Empty(checkpoint.NotRead);
    }

    [Fact]
    public void AValueBeyondFloat16IsReported()
    {
        string path = Path.Combine(_folder.FullName, "in.safetensors");
        SafetensorsWriter.Write(path, [new CheckpointTensor("w", new Shape(2), new[] { float.PositiveInfinity, 65_600 })]);
        var error = Assert.Throws<CheckpointException>(() => CheckpointConverter.Convert(path, Path.Combine(_folder.FullName, "out.pth"), DType.Float16));
        Assert.Contains("bfloat16", error.Message);
        Assert.Single(_folder.EnumerateFiles());
    }

    [Fact]
    public void AnUnknownExtensionIsReported() =>
        Assert.Throws<CheckpointException>(() => CheckpointConverter.Convert(Fixture.Path("fp16.pth"), Path.Combine(_folder.FullName, "out.onnx")));

    [Fact]
    public void IntegersAreNoFloatType() =>
        Assert.Throws<ArgumentException>(() => CheckpointConverter.Convert(Fixture.Path("fp16.pth"), Path.Combine(_folder.FullName, "out.pth"), DType.Int32));
}

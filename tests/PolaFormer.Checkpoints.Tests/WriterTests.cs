using System.Buffers.Binary;
using System.IO.Compression;
using PolaFormer.Checkpoints.Pickle;
using PolaFormer.Files;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints.Tests;

/// <summary>What is written is what is read, in the layout PyTorch expects.</summary>
public sealed class WriterTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("checkpoints");

    public static readonly TheoryData<string> Extensions = ["safetensors", "pth"];

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory, MemberData(nameof(Extensions))]
    public void EveryTypeAndShapeSurvives(string extension)
    {
        string path = File($"copy.{extension}");
        using Checkpoint source = Checkpoint.Open(Fixture.Path("oddities.pth"));
        Write(path, source.Entries.Select(entry => new CheckpointTensor(entry)));

        using Checkpoint copy = Checkpoint.Open(path);
        Assert.Equal(source.Entries.Select(entry => entry.ToString()), copy.Entries.Select(entry => entry.ToString()));
        foreach (CheckpointEntry entry in source.Entries)
            Assert.Equal(entry.Data(), copy[entry.Name].Data());
        Assert.Equal(["copy." + extension], _folder.EnumerateFiles().Select(file => file.Name));
    }

    [Theory, MemberData(nameof(Extensions))]
    public void TensorsLargerThanAPieceSurvive(string extension)
    {
        float[] values = [.. Enumerable.Range(0, 300_001).Select(i => MathF.Sin(i))];
        string path = File($"large.{extension}");
        Write(path, [new CheckpointTensor("w", new Shape(300_001), values), new CheckpointTensor("empty", new Shape(0, 3), ReadOnlyMemory<float>.Empty)]);

        using Checkpoint copy = Checkpoint.Open(path);
        Assert.Equal(values, copy["w"].Floats());
        Assert.Equal(new Shape(0, 3), copy["empty"].Shape);
    }

    [Theory, MemberData(nameof(Extensions))]
    public void AFailureLeavesTheOldFileAndNothingElse(string extension)
    {
        string path = File($"model.{extension}");
        Write(path, [new CheckpointTensor("w", new Shape(1), new float[] { 7 })]);
        CheckpointTensor failing = new("w", DType.Float32, new Shape(4), (_, _) => throw new InvalidOperationException("no data"));

        Assert.Throws<InvalidOperationException>(() => Write(path, [failing]));

        using Checkpoint old = Checkpoint.Open(path);
        Assert.Equal([7], old["w"].Floats());
        Assert.Single(_folder.EnumerateFiles());
    }

    [Theory, MemberData(nameof(Extensions))]
    public void TheSameNameTwiceIsAnError(string extension)
    {
        CheckpointTensor tensor = new("w", new Shape(1), new float[] { 7 });
        Assert.Throws<ArgumentException>(() => Write(File($"model.{extension}"), [tensor, tensor]));
        Assert.Empty(_folder.EnumerateFiles());
    }

    [Fact]
    public void AFolderThatIsMissingIsReported() =>
        Assert.Throws<FileException>(() => Write(Path.Combine(_folder.FullName, "none", "x.safetensors"), []));

    [Fact]
    public void TheArchiveIsLaidOutAsByTorch()
    {
        string path = File("best.pth");
        TorchWriter.Write(path, [new CheckpointTensor("w", new Shape(2), new float[] { 1, 2 })]);

        using ZipArchive zip = ZipFile.OpenRead(path);
        Assert.Equal(["best/data.pkl", "best/byteorder", "best/data/0", "best/version"], zip.Entries.Select(entry => entry.FullName));
        Assert.All(zip.Entries, entry => Assert.Equal(entry.Length, entry.CompressedLength));
        foreach (ZipArchiveEntry entry in zip.Entries)
        {
            using Stream content = entry.Open();
            content.CopyTo(Stream.Null);   // the library holds the data against its checksum
        }

        byte[] file = System.IO.File.ReadAllBytes(path);
        for (int at = 0; file.AsSpan(at).IndexOf("PK\x3\x4"u8) is >= 0 and var next; at += next + 4)
        {
            ReadOnlySpan<byte> header = file.AsSpan(at + next);
            int start = at + next + 30 + BinaryPrimitives.ReadUInt16LittleEndian(header[26..]) + BinaryPrimitives.ReadUInt16LittleEndian(header[28..]);
            Assert.Equal(0, start % 64);
        }
    }

    [Fact]
    public void EntriesBesideTheModelSurvive()
    {
        string path = File("full.pth");
        CheckpointTensor weight = new("w", new Shape(2), new float[] { 1, 2 }), average = new("w", new Shape(2), new float[] { 3, 4 });
        TorchWriter.Write(path, [weight], new Dictionary<string, object?>
        {
            ["epoch"] = 12,
            ["max_accuracy"] = 81.25f,
            ["none"] = null,
            ["flag"] = true,
            ["negative"] = -70_000,
            ["large"] = 1L << 40,
            ["text"] = "ü",
            ["bytes"] = new byte[] { 0, 255 },
            ["list"] = new object?[] { 1, "x" },
            ["optimizer"] = new Dictionary<string, object?> { ["state"] = new Dictionary<int, object?> { [0] = new Dictionary<string, object?> { ["step"] = 5, ["exp_avg"] = average } } },
            ["state_dict_ema"] = new[] { average },
        });

        using Checkpoint copy = Checkpoint.Open(path), ema = Checkpoint.Open(path, new CheckpointOptions { Section = "model_ema" });
        Assert.Equal(["model", "state_dict_ema"], copy.Sections);
        Assert.Equal([1, 2], copy["w"].Floats());
        Assert.Equal([3, 4], ema["w"].Floats());
        Assert.Equal(12L, copy.Metadata["epoch"]);
        Assert.Equal(81.25, copy.Metadata["max_accuracy"]);
        Assert.Null(copy.Metadata["none"]);
        Assert.Equal(true, copy.Metadata["flag"]);
        Assert.Equal(-70_000L, copy.Metadata["negative"]);
        Assert.Equal(1L << 40, copy.Metadata["large"]);
        Assert.Equal("ü", copy.Metadata["text"]);
        Assert.Equal(new byte[] { 0, 255 }, copy.Metadata["bytes"]);
        Assert.Equal([1L, "x"], Assert.IsType<PickledList>(copy.Metadata["list"]));
        var optimizer = Assert.IsType<PickledDictionary>(copy.Metadata["optimizer"]);
        var state = Assert.IsType<PickledDictionary>(Assert.IsType<PickledDictionary>(optimizer["state"])[0L]);
        Assert.Equal(new Shape(2), Assert.IsType<StoredTensor>(state["exp_avg"]).Shape);
    }

    [Fact]
    public void ABareStateDictHasNoSection()
    {
        string path = File("bare.pth");
        TorchWriter.Write(path, [new CheckpointTensor("w", new Shape(2), new float[] { 1, 2 })], section: null);
        using Checkpoint copy = Checkpoint.Open(path);
        Assert.Null(copy.Section);
        Assert.Equal([1, 2], copy["w"].Floats());
    }

    [Fact]
    public void AllOfATrainingCheckpointSurvives()
    {
        string path = File("again.pth");
        using Checkpoint source = Checkpoint.Open(Fixture.Path("ckpt_epoch_5.pth"));
        TorchWriter.Write(path, source.Entries.Select(entry => new CheckpointTensor(entry)), source.Metadata);

        using Checkpoint copy = Checkpoint.Open(path);
        Assert.Equal(Flatten(source.Metadata["optimizer"]), Flatten(copy.Metadata["optimizer"]));
        Assert.Equal(Flatten(source.Metadata["config"]), Flatten(copy.Metadata["config"]));
    }

    [Fact]
    public void DataThatContainsItselfIsAnError()
    {
        List<object?> list = [];
        list.Add(list);
        Assert.Throws<ArgumentException>(() => TorchWriter.Write(File("x.pth"), [], new Dictionary<string, object?> { ["list"] = list }));
    }

    [Fact]
    public void SafetensorsAlignsEveryTensorAndKeepsTheOrder()
    {
        string path = File("mixed.safetensors");
        SafetensorsWriter.Write(
            path,
            [
                new CheckpointTensor("flag", DType.Bool, new Shape(3), new byte[] { 1, 0, 1 }),
                new CheckpointTensor("w", new Shape(1), new float[] { 5 }),
                new CheckpointTensor("n", DType.Int64, new Shape(), new byte[8]),
            ],
            [KeyValuePair.Create("format", "pt")]);

        using Checkpoint copy = Checkpoint.Open(path);
        Assert.Equal(["flag", "w", "n"], copy.Entries.Select(entry => entry.Name));
        Assert.Equal("pt", copy.Metadata["format"]);
        byte[] file = System.IO.File.ReadAllBytes(path);
        Assert.Equal(0, BinaryPrimitives.ReadInt64LittleEndian(file) % 8);
        Assert.Equal(5, BitConverter.ToSingle(file, file.Length - 7));
    }

    private string File(string name) => Path.Combine(_folder.FullName, name);

    private static void Write(string path, IEnumerable<CheckpointTensor> tensors)
    {
        if (path.EndsWith(".pth"))
            TorchWriter.Write(path, tensors);
        else
            SafetensorsWriter.Write(path, tensors);
    }

    private static IEnumerable<object?> Flatten(object? value) => value switch
    {
        PickledDictionary dictionary => dictionary.SelectMany(entry => Flatten(entry.Key).Concat(Flatten(entry.Value))),
        PickledList list => list.SelectMany(Flatten),
        StoredTensor tensor => Bytes(tensor),
        _ => [value],
    };

    private static IEnumerable<object?> Bytes(StoredTensor tensor)
    {
        byte[] bytes = new byte[tensor.ByteCount];
        tensor.ReadBytes(bytes);
        return [tensor.DType, tensor.Shape, Convert.ToHexString(bytes)];
    }
}

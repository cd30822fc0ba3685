using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using PolaFormer.Files;

namespace PolaFormer.Checkpoints.Tests;

/// <summary>Archives that are damaged, hostile, or something else than a checkpoint.</summary>
public class MalformedTorchTests
{
    private const string OneTensor =
        "\x80\x02}U\x01wctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\nU\x01" + "0U\x03" + "cpuK\x04tQK\0K\x04\x85K\x01\x85\x89NtRs.";

    [Theory]
    [InlineData("oddities.pth")]
    [InlineData("oddities_legacy.pth")]
    public void EveryTruncationIsRefused(string name)
    {
        byte[] file = Fixture.Bytes(name);
        for (int length = 0; length < file.Length; length += 7)
            Assert.Throws<CheckpointException>(() => Checkpoint.Parse(file.AsMemory(0, length), "test"));
    }

    [Fact]
    public void DeflatedEntriesAreRead()
    {
        byte[] file = Zip(CompressionLevel.Optimal, ("w/data.pkl", Encoding.Latin1.GetBytes(OneTensor)), ("w/data/0", Floats(1, 2, 3, 4)));
        using Checkpoint checkpoint = Checkpoint.Parse(file, "test");
        Assert.Equal([1, 2, 3, 4], checkpoint["w"].Floats());
    }

    [Fact]
    public void AnEntryThatInflatesBeyondAllWeightsIsRefused()
    {
        byte[] file = Zip(CompressionLevel.Optimal, ("w/data.pkl", Encoding.Latin1.GetBytes(OneTensor)), ("w/data/0", new byte[1 << 22]));
        Assert.Contains("inflates", Fault(file));
    }

    [Fact]
    public void AnEntryThatInflatesToAnotherSizeIsRefused()
    {
        byte[] file = Zip(CompressionLevel.Optimal, ("w/data.pkl", Encoding.Latin1.GetBytes(OneTensor)), ("w/data/0", new byte[64]));
        int central = file.AsSpan().LastIndexOf("PK\x1\x2"u8);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(central + 24), 32);
        using Checkpoint checkpoint = Checkpoint.Parse(file, "test");
        Assert.Throws<CheckpointException>(() => checkpoint["w"].Floats());
    }

    [Fact]
    public void AFlippedBitInTheWeightsIsFound()
    {
        byte[] file = Zip(CompressionLevel.NoCompression, ("w/data.pkl", Encoding.Latin1.GetBytes(OneTensor)), ("w/data/0", Floats(1, 2, 3, 4)));
        file[file.AsSpan().IndexOf(Floats(2))] ^= 1;
        using Checkpoint strict = Checkpoint.Parse(file, "test"), lenient = Checkpoint.Parse(file, "test", new CheckpointOptions { VerifyChecksums = false });
        Assert.Contains("checksum of w/data/0", Assert.Throws<CheckpointException>(() => strict["w"].Floats()).Message);
        Assert.NotEqual(2, lenient["w"].Floats()[1]);
    }

    [Fact]
    public void BigEndianDataIsRefused() =>
        Assert.Contains("big-endian", Fault(Zip(CompressionLevel.NoCompression,
            ("w/data.pkl", Encoding.Latin1.GetBytes(OneTensor)), ("w/byteorder", "big"u8.ToArray()), ("w/data/0", Floats(1, 2, 3, 4)))));

    [Fact]
    public void AMissingStorageIsNamed() =>
        Assert.Contains("no entry w/data/0", Fault(Zip(CompressionLevel.NoCompression, ("w/data.pkl", Encoding.Latin1.GetBytes(OneTensor)))));

    [Fact]
    public void AStorageThatIsTooSmallIsNamed() =>
        Assert.Contains("w/data/0 has 12 bytes", Fault(Zip(CompressionLevel.NoCompression, ("w/data.pkl", Encoding.Latin1.GetBytes(OneTensor)), ("w/data/0", Floats(1, 2, 3)))));

    [Fact]
    public void AnEntryNamedTwiceIsRefused() =>
        Assert.Contains("twice", Fault(Zip(CompressionLevel.NoCompression, ("w/data.pkl", Encoding.Latin1.GetBytes(OneTensor)), ("w/data/0", Floats(1)), ("w/data/0", Floats(2)))));

    [Fact]
    public void AnotherZipArchiveIsRefused() =>
        Assert.Contains("no data.pkl", Fault(Zip(CompressionLevel.NoCompression, ("readme.txt", [1]))));

    [Fact]
    public void ATorchScriptProgramIsRefused() =>
        Assert.Contains("TorchScript", Fault(Zip(CompressionLevel.NoCompression, ("w/data.pkl", Encoding.Latin1.GetBytes(OneTensor)), ("w/constants.pkl", [1]))));

    [Theory]
    [InlineData("K\x01.", "a single value")]
    [InlineData("]K\x01" + "a.", "a list")]
    [InlineData("}U\x05" + "epochK\x01s.", "no dictionary of tensors")]
    public void WhatIsNoStateDictIsDescribed(string pickle, string message) =>
        Assert.Contains(message, Fault(Zip(CompressionLevel.NoCompression, ("w/data.pkl", Encoding.Latin1.GetBytes(pickle)))));

    [Theory]
    [InlineData("<!DOCTYPE html><html>", "web page")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid", "Git LFS")]
    [InlineData("hello, this is plain text", "no checkpoint")]
    [InlineData("\x80\x02}.", "plain pickle")]
    [InlineData("\x80\x02}S'w'\n(S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\nI2\ntQs.", "unpacked .pth archive")]
    [InlineData("\x1f\x8b\x08...", "gzip")]
    public void OtherFilesAreRecognized(string content, string message) => Assert.Contains(message, Fault(Encoding.Latin1.GetBytes(content)));

    [Fact]
    public void TensorsThatShareTheirDataTooOftenAreRefused()
    {
        StringBuilder pickle = new("\x80\x02}(U\x01wctorch._utils\n_rebuild_tensor_v2\nq\0((U\x07storagectorch\nFloatStorage\nU\x01" + "0U\x03" + "cpuM\0\x40tQK\0M\0\x40\x85K\x01\x85\x89Ntq\x01R");
        for (int i = 0; i < 100; i++)
            pickle.Append($"K{(char)i}h\0h\x01R").Replace($"K{(char)i}h", $"U\x02{i:00}h", pickle.Length - 7, 7);
        byte[] file = Zip(CompressionLevel.NoCompression, ("w/data.pkl", Encoding.Latin1.GetBytes(pickle + "u.")), ("w/data/0", new byte[65536]));
        Assert.Contains("share their data", Fault(file));
    }

    [Fact]
    public void AMissingFileIsReported() =>
        Assert.Contains("no such file", Assert.Throws<FileException>(() => Checkpoint.Open("/nowhere/model.pth")).Message);

    private static string Fault(byte[] file) => Assert.Throws<CheckpointException>(() => Checkpoint.Parse(file, "test")).Message;

    private static byte[] Floats(params float[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    private static byte[] Zip(CompressionLevel level, params (string Name, byte[] Content)[] entries)
    {
        MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
            foreach ((string name, byte[] content) in entries)
            {
                using Stream entry = archive.CreateEntry(name, level).Open();
                entry.Write(content);
            }
        return stream.ToArray();
    }
}

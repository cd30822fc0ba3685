using System.Numerics;
using PolaFormer.Checkpoints.Pickle;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints.Tests;

/// <summary>Views, strides, shared storages, every element type and odd values, as PyTorch itself wrote them.</summary>
public class OdditiesTests
{
    public static readonly TheoryData<string> Files = ["oddities.pth", "oddities_legacy.pth", "oddities_proto4.pth", "bare_state_dict.pth"];
    public static readonly TheoryData<string> WrappedFiles = ["oddities.pth", "oddities_legacy.pth", "oddities_proto4.pth"];

    [Theory, MemberData(nameof(Files))]
    public void EveryTensorHasTheExpectedElements(string file)
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixture.Path(file));
        using Checkpoint expected = Checkpoint.Open(Fixture.Path("oddities.safetensors"));

        Assert.Equal(expected.Entries.Count, checkpoint.Entries.Count);
        foreach (CheckpointEntry entry in checkpoint.Entries)
        {
            CheckpointEntry truth = expected[entry.Name switch
            {
                "float64" => "f64.float64",
                "prefixed.weight" => "value.module.prefixed.weight",
                _ => "value." + entry.Name,
            }];
            Assert.Equal(truth.Shape, entry.Shape);
            if (entry.DType == DType.BFloat16)
                Assert.Equal(truth.Floats(), entry.Floats());
            else
            {
                Assert.Equal(truth.DType, entry.DType);
                Assert.Equal(truth.Data(), entry.Data());
            }
        }
    }

    [Theory, MemberData(nameof(WrappedFiles))]
    public void PlainValuesAreKeptBesideTheModel(string file)
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixture.Path(file));

        Assert.Equal("model", checkpoint.Section);
        Assert.Equal(7L, checkpoint.Metadata["epoch"]);
        Assert.Null(checkpoint.Metadata["none"]);
        Assert.Equal(true, checkpoint.Metadata["flag"]);
        Assert.Equal("ünïcode", checkpoint.Metadata["text"]);
        Assert.Equal(1099511627776L, checkpoint.Metadata["big_int"]);
        Assert.Equal(-5L, checkpoint.Metadata["negative"]);
        Assert.Equal(BigInteger.Pow(2, 70), checkpoint.Metadata["huge_int"]);
        Assert.Equal(1e-7, checkpoint.Metadata["float"]);
        Assert.Equal(12.5, checkpoint.Metadata["numpy_scalar"]);
        var arguments = Assert.IsType<PickledDictionary>(checkpoint.Metadata["args"]);
        Assert.Equal("argparse.Namespace", arguments.TypeName);
        Assert.Equal(0.1, arguments["lr"]);
        Assert.Equal("x", arguments["name"]);
    }

    [Theory, MemberData(nameof(WrappedFiles))]
    public void NestedListsTuplesAndSetsAreKept(string file)
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixture.Path(file));

        var nested = Assert.IsType<PickledDictionary>(checkpoint.Metadata["nested"]);
        var list = Assert.IsType<PickledList>(nested["list"]);
        Assert.Equal([1L, 2.5, "x"], list.Take(3));
        Assert.Equal([3L, 4L], Assert.IsType<PickledList>(list[3]));
        var set = Assert.IsType<PickledList>(nested["set"]);
        Assert.Equal("set", set.TypeName);
        Assert.Equal([1L, 2L], set.Order());
    }

    [Fact]
    public void ABareStateDictHasNoSection()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixture.Path("bare_state_dict.pth"));
        Assert.Null(checkpoint.Section);
        Assert.Empty(checkpoint.Sections);
        Assert.Empty(checkpoint.Metadata);
    }

    [Fact]
    public void OrderIsThatOfTheStateDict()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixture.Path("oddities.pth"));
        Assert.Equal(
            ["view_offset", "transposed", "whole", "strided", "channels_last", "expanded", "scalar", "empty"],
            checkpoint.Entries.Take(8).Select(entry => entry.Name));
    }

    [Fact]
    public void ThePrefixOfDistributedTrainingIsKeptOnRequest()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixture.Path("oddities.pth"), new CheckpointOptions { StripModulePrefix = false });
        Assert.True(checkpoint.TryGetValue("module.prefixed.weight", out _));
        Assert.False(checkpoint.TryGetValue("prefixed.weight", out _));
    }

    [Fact]
    public void ARunOfAStridedTensorEqualsThatPartOfTheWhole()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixture.Path("oddities.pth"));
        foreach (CheckpointEntry entry in checkpoint.Entries)
        {
            byte[] whole = entry.Data();
            int size = entry.DType.Size();
            for (int from = 0; from <= whole.Length; from += size)
            {
                byte[] run = new byte[Math.Min(5 * size, whole.Length - from)];
                entry.Tensor.ReadBytes(from, run);
                Assert.Equal(whole[from..(from + run.Length)], run);
            }
        }
    }
}

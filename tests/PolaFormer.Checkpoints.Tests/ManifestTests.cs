namespace PolaFormer.Checkpoints.Tests;

public class ManifestTests
{
    [Fact]
    public void NamesTypesSizesAndTotalsAreListed()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixture.Path("bf16.pth"));
        CheckpointManifest manifest = CheckpointManifest.Of(checkpoint);

        Assert.Equal(CheckpointFormat.TorchZip, manifest.Format);
        Assert.Equal(checkpoint.Entries.Select(entry => entry.Name), manifest.Tensors.Select(row => row.Name));
        Assert.Equal(manifest.Tensors.Sum(row => row.Bytes), manifest.TotalBytes);
        Assert.Equal(manifest.Tensors.Sum(row => row.Elements), manifest.TotalElements);
        Assert.Equal(2, manifest.Types.Count);
        Assert.Equal(new FileInfo(Fixture.Path("bf16.pth")).Length, manifest.FileBytes);
    }

    [Fact]
    public void MetadataIsSaidInAFewWords()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixture.Path("oddities.pth"));
        var metadata = CheckpointManifest.Of(checkpoint).Metadata.ToDictionary();
        Assert.Equal("7", metadata["epoch"]);
        Assert.Equal("None", metadata["none"]);
        Assert.Equal("12.5", metadata["numpy_scalar"]);
        Assert.Equal("argparse.Namespace of 2", metadata["args"]);
    }
}

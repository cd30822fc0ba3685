using PolaFormer.LongRange.Data;
using PolaFormer.LongRange.Generation;

namespace PolaFormer.LongRange.Tests;

/// <summary>Images like those of the authors' generator, whose figures were measured on 160 images of three seeds.</summary>
public class PathfinderGeneratorTests
{
    private const int Images = 1500;

    private static readonly Lazy<PathfinderStatistics> s_statistics = new(() =>
    {
        var statistics = new PathfinderStatistics();
        var generator = new PathfinderGenerator(seed: 1);
        for (int i = 0; i < Images; i++)
            statistics.Add(generator.Make(i));
        return statistics;
    });

    [Fact]
    public void TheMeanGreyIsAlike() => Assert.InRange(s_statistics.Value.MeanGrey, 19.5, 20.9);

    [Fact]
    public void AsManyPixelsAreBlack() => Assert.InRange(s_statistics.Value.ZeroShare, 0.646, 0.670);

    [Fact]
    public void AsManyPiecesAreConnected() => Assert.InRange(s_statistics.Value.Pieces, 15.2, 16.2);

    [Fact]
    public void AsManyShortLinesFindRoom() => Assert.InRange(s_statistics.Value.Distractors, 1.01, 1.25);

    [Fact]
    public void TheLabelIsAFairCoin() => Assert.InRange(s_statistics.Value.PositiveShare, 0.45, 0.55);

    [Fact]
    public void EveryImageHasAWhitePixel() => Assert.Equal(1, s_statistics.Value.WhiteShare);

    [Fact]
    public void AnImageFollowsFromItsNumberAlone()
    {
        byte[] alone = new PathfinderGenerator(seed: 4).Make(7).Pixels;
        var generator = new PathfinderGenerator(seed: 4);
        generator.Make(3);
        Assert.Equal(alone, generator.Make(7).Pixels);
        Assert.NotEqual(alone, generator.Make(8).Pixels);
    }

    [Fact]
    public void WrittenImagesAreReadAsTheyWereMade()
    {
        using var folder = new TemporaryFolder();
        PathfinderFiles.Write(folder.Path, count: 12, seed: 2, contourLength: 14);
        List<SequenceExample> read = PathfinderFolder.Read(folder.Path, new BadRows(false));
        var generator = new PathfinderGenerator(seed: 2);
        Assert.Equal(12, read.Count);
        for (int i = 0; i < read.Count; i++)
        {
            PathfinderImage image = generator.Make(i);
            Assert.Equal(image.Pixels, read[i].First);
            Assert.Equal(image.Label, read[i].Label);
        }
    }

    [Theory]
    [InlineData(6, "curv_baseline")]
    [InlineData(9, "curv_contour_length_9")]
    public void EasierSetsHaveTheirOwnFolders(int length, string name)
    {
        using var folder = new TemporaryFolder();
        PathfinderFiles.Write(folder.Path, count: 2, seed: 2, length);
        Assert.True(File.Exists(Path.Combine(folder.Path, name, "metadata", "0.npy")));
    }
}

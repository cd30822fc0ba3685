namespace PolaFormer.Cli.Tests;

/// <summary>Runs of a segmentation network that are killed and started again end with the bits of one that was not.</summary>
public sealed class SegmenterKilledRunTests(KilledSegmenterRuns runs) : IClassFixture<KilledSegmenterRuns>
{
    [Fact]
    public async Task AtRandomMoments()
    {
        string folder = runs["random"];
        await runs.KillAtRandomMoments(folder, Math.Max(4, KilledRuns.Kills / 3));
        await runs.Finish(folder);
        runs.AssertSameBits(folder);
    }
}

using System.Diagnostics;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Cli.Tests;

/// <summary>That runs of a detector which are killed and started again end with the bits of one that was not.</summary>
public sealed class KilledDetectorRunTests(KilledDetectorRuns runs) : IClassFixture<KilledDetectorRuns>
{
    private readonly Philox _chance = new(20260102, 0);

    [Fact]
    public async Task AtRandomMoments()
    {
        string folder = runs["random"];
        int kills = Math.Max(2, KilledRuns.Kills / 4);
        for (uint i = 0; i < kills; i++)
        {
            using Process process = runs.Start(folder, out Task firstStep);
            await firstStep.WaitAsync(TestContext.Current.CancellationToken);
            if (process.HasExited)
                break;
            await KilledRuns.KillAfter(process, 100 * _chance.Uniform(i));
        }

        await runs.Finish(folder);
        runs.AssertSameBits(folder);
    }
}

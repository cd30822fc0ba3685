using PolaFormer.LongRange;
using PolaFormer.NN.Attention;
using PolaFormer.Reproduction.Paper;

namespace PolaFormer.Reproduction.Tests;

public class PaperFiguresTests
{
    [Fact]
    public void AveragesOfTable4AreTheMeansOfItsRows() =>
        Assert.All(PaperArena.Table4, row => Assert.Equal(row.Average, row.Accuracies.Average(), 0.011));

    [Fact]
    public void ColumnsOfTable6HaveThePrintedAverages()
    {
        double[] throughputs = [439.69, 528.50, 1007.68, 918.77, 271.08, 719.51, 915.60], megabytes = [9003.6, 9606.2, 2832.2, 1897.6, 3983.2, 3985.4, 2047.2];
        foreach ((int i, PaperThroughputs column) in PaperArena.Table6.Index())
        {
            Assert.Equal(throughputs[i], column.Throughputs.Average(), 0.011);
            Assert.Equal(megabytes[i], column.Megabytes.Average(), 0.051);
        }
    }

    [Fact]
    public void Table4HasTheMechanismsOfTheArena() => Assert.Equal(
        ArenaMechanism.All.Select(row => (row.Title, ArenaMechanism.Resolve(row.Attention, 4096))),
        PaperArena.Table4.Select(row => (row.Title, ArenaMechanism.Resolve(row.Attention, 4096))));

    [Fact]
    public void EveryMechanismIsInTheRegistry()
    {
        foreach (string name in (string[])[.. PaperArena.Table4.Select(row => row.Attention), .. PaperArena.Table6.Select(row => row.Attention), .. PaperArena.TableA4.Select(row => row.Attention)])
            Assert.Equal(name, AttentionRegistry.Find(name).Name);
    }
}

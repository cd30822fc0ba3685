using System.Globalization;

namespace PolaFormer.Reproduction.Tests;

public class ModelTableTests
{
    [Fact]
    public void NetworksAreAsLargeAsThePaperPrints()
    {
        foreach (ReproducedTable table in (ReproducedTable[])[ModelTable.Table1(_ => { }), ModelTable.Table5(_ => { })])
        {
            // EfficientViT's attention has more parameters than the paper prints.
            foreach (IReadOnlyList<string> row in table.Table.Rows.Where(row => row[1] != ReproducedTable.NotRun && row[0] != "DeiT-T, Enhanced (EfficientViT)"))
                Assert.InRange(Millions(row[1]) / Millions(row[2]), 0.85, 1.15);
        }

        static double Millions(string cell) => double.Parse(cell.Split(' ')[0], CultureInfo.InvariantCulture);
    }

    [Fact]
    public void AccuraciesAreThePapersAlone() =>
        Assert.All(ModelTable.Table3(_ => { }).Table.Rows, row => Assert.Equal(ReproducedTable.NotRun, row[5]));
}

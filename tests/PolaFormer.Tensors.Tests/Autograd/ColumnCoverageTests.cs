using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Tests.Autograd;

public class ColumnCoverageTests
{
    [Fact]
    public void AgreesWithASetOfColumns()
    {
        var random = new System.Random(3);
        for (int repeat = 0; repeat < 2000; repeat++)
        {
            var coverage = new ColumnCoverage();
            bool[] columns = new bool[16];
            for (int i = 0; i < 8; i++)
            {
                int from = random.Next(16), to = random.Next(from + 1, Math.Min(from + 5, 17));
                bool isFree = !columns.AsSpan(from, to - from).Contains(true);
                bool added = coverage.TryAdd(from, to);
                if (added || RunsOf(columns).Count < 4)
                    Assert.Equal(isFree, added);
                if (added)
                    columns.AsSpan(from, to - from).Fill(true);
                Assert.Equal(RunsOf(columns), [.. coverage.Written]);
            }
        }
    }

    private static List<(int From, int To)> RunsOf(bool[] columns)
    {
        var runs = new List<(int From, int To)>();
        for (int i = 0; i < columns.Length; i++)
        {
            if (columns[i] && (i == 0 || !columns[i - 1]))
                runs.Add((i, i + 1));
            else if (columns[i])
                runs[^1] = (runs[^1].From, i + 1);
        }

        return runs;
    }
}

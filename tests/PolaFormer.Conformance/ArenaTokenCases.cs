using System.Text;
using PolaFormer.LongRange;
using PolaFormer.LongRange.Data;
using PolaFormer.LongRange.Generation;
using PolaFormer.Tensors;
using PolaFormer.Vision;

namespace PolaFormer.Conformance;

/// <summary>Raw bytes of Long Range Arena's tasks to numbers of tokens, and expressions to values.</summary>
internal static class ArenaTokenCases
{
    /// <summary>Runs a case of the task that it names.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        switch (fixture.Meta.Text("task"))
        {
            case "listops":
                RunListOps(fixture, comparison);
                break;
            case "text":
                RunText(fixture, comparison);
                break;
            case "retrieval":
                RunRetrieval(fixture, comparison);
                break;
            case "pathfinder":
                RunPathfinder(fixture, comparison);
                break;
            case "image":
                RunImage(fixture, comparison);
                break;
            default:
                throw new CapabilityMissingException($"The task '{fixture.Meta.Text("task")}' is unknown");
        }
    }

    /// <summary>Values of expressions, one a line.</summary>
    public static void RunValues(FixtureCase fixture, Comparison comparison)
    {
        string[] rows = Encoding.UTF8.GetString(fixture.Bytes("in.rows")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        comparison.Exact("value.target", [.. rows.Select(row => (double)ListOpsExpression.Evaluate(ListOpsEncoder.Encode(Encoding.UTF8.GetBytes(row), ListOpsTokens.Google, int.MaxValue)))]);
    }

    private static void RunListOps(FixtureCase fixture, Comparison comparison)
    {
        var targets = new List<double>();
        var lengths = new List<double>();
        for (int i = 0; fixture.Has($"in.row.{i}"); i++)
        {
            List<ReadOnlyMemory<byte>> fields = TextLines.Fields(fixture.Bytes($"in.row.{i}"));
            targets.Add(fields[1].Span[0] - '0');
            lengths.Add(Encoded(ListOpsTokens.Google, $"value.ids.{i}"));
            Encoded(ListOpsTokens.Skyformer, $"value.skyformer_ids.{i}");

            int Encoded(ListOpsTokens tokens, string key)
            {
                byte[] ids = ListOpsEncoder.Encode(fields[0].Span, tokens, ArenaTask.ListOps.Cut);
                comparison.Exact(key, Padded(fixture, key, ids, ArenaTask.ListOps));
                return ids.Length;
            }
        }

        comparison.Exact("value.target", [.. targets]);
        comparison.Exact("value.length", [.. lengths]);
    }

    private static void RunText(FixtureCase fixture, Comparison comparison)
    {
        for (int i = 0; fixture.Has($"in.text.{i}"); i++)
        {
            byte[] text = fixture.Bytes($"in.text.{i}");
            comparison.Exact($"value.ids.{i}", Padded(fixture, $"value.ids.{i}", text[..Math.Min(text.Length, ArenaTask.Text.Cut)], ArenaTask.Text));
        }

        // The label of a review is its folder's; the case has it for its rows' sake.
        comparison.Excuse("value.label");
    }

    private static void RunRetrieval(FixtureCase fixture, Comparison comparison)
    {
        var files = new PairFiles(ArenaTask.Retrieval.Cut);
        var labels = new List<double>();
        for (int i = 0; fixture.Has($"in.row.{i}"); i++)
        {
            if (files.Parse(fixture.Bytes($"in.row.{i}"), out string problem) is not { } row)
            {
                comparison.Fail($"row {i}: {problem}");
                continue;
            }

            labels.Add(row.Label);
            comparison.Exact($"value.ids1.{i}", Padded(fixture, $"value.ids1.{i}", row.First, ArenaTask.Text));
            comparison.Exact($"value.ids2.{i}", Padded(fixture, $"value.ids2.{i}", row.Second!, ArenaTask.Text));
        }

        comparison.Exact("value.label", [.. labels]);
    }

    private static void RunPathfinder(FixtureCase fixture, Comparison comparison)
    {
        var labels = new List<double>();
        foreach (string line in Encoding.UTF8.GetString(fixture.Bytes("in.metadata")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string key = $"value.ids.{labels.Count}";
            labels.Add(PathfinderFolder.Parse(line, out string problem)?.Label ?? throw new InvalidDataException(problem));
            (byte[] levels, string? refused) = PathfinderFolder.LevelsOf(fixture.Bytes($"in.png.{labels.Count - 1}"));
            if (refused is not null)
                comparison.Fail($"{key}: {refused}");
            else
                comparison.Exact(key, Padded(fixture, key, levels, ArenaTask.Pathfinder));
        }

        comparison.Exact("value.label", [.. labels]);
    }

    private static void RunImage(FixtureCase fixture, Comparison comparison)
    {
        Shape shape = fixture.ShapeOf("in.rgb");
        byte[] rgb = fixture.Bytes("in.rgb");
        int size = rgb.Length / shape[0];
        byte[][] levels = [.. Enumerable.Range(0, shape[0]).Select(i =>
        {
            using var image = new Image(shape[2], shape[1], rgb.AsSpan(i * size, size));
            return GreyLevels.Of(image);
        })];
        comparison.Exact("value.ids", [.. levels.SelectMany(image => image).Select(level => (double)level)]);
        comparison.Exact("value.padding", [.. levels.Select(image => (double)image.Count(level => level == 0))]);
    }

    private static double[] Padded(FixtureCase fixture, string key, byte[] sequence, ArenaTask task) =>
        [.. SequenceBatch.Of([new SequenceExample(sequence, null, 0)], task with { IsDual = false }, fixture.ShapeOf(key)[0]).Ids.Select(id => (double)id)];
}

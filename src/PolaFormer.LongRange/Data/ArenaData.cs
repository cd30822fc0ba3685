using PolaFormer.Files;

namespace PolaFormer.LongRange.Data;

/// <summary>The rows of a task: what is trained on, what chooses the weights, and what they are tested on.</summary>
/// <param name="Train">For training.</param>
/// <param name="Dev">For choosing.</param>
/// <param name="Test">For testing.</param>
public sealed record ArenaData(IReadOnlyList<SequenceExample> Train, IReadOnlyList<SequenceExample> Dev, IReadOnlyList<SequenceExample> Test)
{
    // Shares of Pathfinder, and of the honest protocol's own dev rows.
    private const double FirstShare = 0.8, SecondShare = 0.9;
    private const int PhotographsToTrain = 45_000;

    // Splits do not depend on the run's seed: runs of several seeds compare like with like.
    private const ulong SplitSeed = 0;

    /// <summary>Reads the rows of a task from its files.</summary>
    /// <param name="task">The task.</param>
    /// <param name="source">Where they lie and how they are read.</param>
    /// <param name="badRows">Takes rows that cannot be read.</param>
    /// <exception cref="FileException">Files are missing or a row is bad.</exception>
    /// <exception cref="Vision.ImageException">Images are missing.</exception>
    public static ArenaData Open(ArenaTask task, ArenaSource source, BadRows badRows)
    {
        ArenaData data = task.Name switch
        {
            "listops" => new(ListOps(source, "train", badRows), ListOps(source, "val", badRows), ListOps(source, "test", badRows)),
            "text" => Text(task, source, badRows),
            "retrieval" => Retrieval(task, source, badRows),
            "pathfinder" => Pathfinder(source, badRows),
            "image" => Image(source, badRows),
            _ => throw new ArgumentException($"There is no reader for the task {task.Name}."),
        };
        string? empty = data.Train.Count == 0 ? "to train on" : data.Dev.Count == 0 ? "to choose by" : data.Test.Count == 0 ? "to test on" : null;
        return empty is null ? data : throw new FileException(source.Path, $"it holds no rows {empty}. Check the folder.");
    }

    private static List<SequenceExample> ListOps(ArenaSource source, string split, BadRows badRows)
    {
        string name = $"basic_{split}.tsv";
        string path = new[] { name, name + ".br", name + ".gz" }.Select(file => Path.Combine(source.Path, file)).FirstOrDefault(File.Exists)
            ?? throw new FileException(Path.Combine(source.Path, name), "there is no such file. Name the folder of basic_train.tsv, basic_val.tsv and basic_test.tsv; 'longrange generate listops' makes one.");
        return ListOpsFile.Read(path, source.ListOpsTokens, ArenaTask.ListOps.Cut, badRows);
    }

    private static ArenaData Text(ArenaTask task, ArenaSource source, BadRows badRows)
    {
        List<SequenceExample> train = ReviewFiles.Read(source.Path, "train", task.Cut, badRows), test = ReviewFiles.Read(source.Path, "test", task.Cut, badRows);

        // Google's pipeline, and so the paper's numbers, take the rows for testing to choose by.
        if (source.Protocol == ArenaProtocolKind.Paper)
            return new ArenaData(train, test, test);
        int[] order = Permutation.Of(train.Count, SplitSeed, 0);
        int kept = (int)(SecondShare * train.Count);
        return new ArenaData([.. order[..kept].Select(i => train[i])], [.. order[kept..].Select(i => train[i])], test);
    }

    private static ArenaData Retrieval(ArenaTask task, ArenaSource source, BadRows badRows)
    {
        var files = new PairFiles(source.Path, source.Pairs, task.Cut);
        return new ArenaData(files.Read("train", badRows), files.Read("eval", badRows), files.Read("test", badRows));
    }

    private static ArenaData Pathfinder(ArenaSource source, BadRows badRows)
    {
        List<SequenceExample> all = PathfinderFolder.Read(source.Path, badRows);
        int[] order = Permutation.Of(all.Count, SplitSeed, 0);
        int first = (int)(FirstShare * all.Count), second = (int)(SecondShare * all.Count);
        return new ArenaData(Rows(order[..first]), Rows(order[first..second]), Rows(order[second..]));

        SequenceExample[] Rows(int[] numbers) => [.. numbers.Select(i => all[i])];
    }

    // The order of TensorFlow's data set cannot be had; this one is fixed, too.
    private static ArenaData Image(ArenaSource source, BadRows badRows)
    {
        List<SequenceExample> train = GreyPhotographs.Read(source.Path, "train", badRows);
        int[] order = Permutation.Of(train.Count, SplitSeed, 0);
        int kept = Math.Min(PhotographsToTrain, (int)(SecondShare * train.Count));
        return new ArenaData([.. order[..kept].Select(i => train[i])], [.. order[kept..].Select(i => train[i])], GreyPhotographs.Read(source.Path, "test", badRows));
    }
}

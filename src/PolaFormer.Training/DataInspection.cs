using System.Security.Cryptography;
using PolaFormer.Vision;
using PolaFormer.Vision.Datasets;

namespace PolaFormer.Training;

/// <summary>What a look at every image of a data set finds, before a run learns from it.</summary>
public sealed record DataInspection
{
    /// <summary>Images of the largest class for one of the smallest, from which a data set counts as uneven.</summary>
    public const double UnevenRatio = 3;

    private const int FewImages = 10, MostNames = 3;

    /// <summary>Names of the classes.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>Training images of each class.</summary>
    public required IReadOnlyList<int> TrainCounts { get; init; }

    /// <summary>Evaluation images of each class.</summary>
    public required IReadOnlyList<int> EvaluationCounts { get; init; }

    /// <summary>Why each image that cannot be decoded cannot.</summary>
    public required IReadOnlyList<string> Unreadable { get; init; }

    /// <summary>Training images with the bytes of an evaluation image: the figure of the run would count images that the network was trained on.</summary>
    public required IReadOnlyList<(string Train, string Evaluation)> Duplicates { get; init; }

    /// <summary>Training images of different classes with the same bytes: one of the two is wrong.</summary>
    public IReadOnlyList<(string First, string Second)> Contradictions { get; init; } = [];

    /// <summary>Training images.</summary>
    public int TrainCount => TrainCounts.Sum();

    /// <summary>Whether the largest class has at least <see cref="UnevenRatio"/> times the images of the smallest.</summary>
    public bool IsUneven => TrainCounts.Max() >= UnevenRatio * Math.Max(TrainCounts.Min(), 1);

    /// <summary>Reads, hashes and decodes every image, on all processors.</summary>
    /// <param name="train">What is trained on.</param>
    /// <param name="evaluation">What is evaluated on.</param>
    public static DataInspection Of(IImageDataset train, IImageDataset evaluation)
    {
        Look[] trained = LooksAt(train), evaluated = LooksAt(evaluation);
        Dictionary<string, string> names = [];
        foreach (Look look in evaluated.Where(look => look.Hash.Length > 0))
            names.TryAdd(look.Hash, look.Name);
        return new DataInspection
        {
            Classes = train.Classes,
            TrainCounts = CountsOf(trained, train.Classes.Count),
            EvaluationCounts = CountsOf(evaluated, evaluation.Classes.Count),
            Unreadable = [.. trained.Concat(evaluated).Select(look => look.Error).OfType<string>()],
            Duplicates = [.. trained.Where(look => names.ContainsKey(look.Hash)).Select(look => (look.Name, names[look.Hash]))],
            Contradictions = [.. trained.Where(look => look.Hash.Length > 0).GroupBy(look => look.Hash).Select(same => (First: same.First(), Second: same.FirstOrDefault(look => look.Label != same.First().Label))).Where(pair => pair.Second is not null).Select(pair => (pair.First.Name, pair.Second!.Name))],
        };
    }

    /// <summary>A line about everything that spoils a run or its figure.</summary>
    public IEnumerable<string> Warnings()
    {
        if (IsUneven)
        {
            int most = TrainCounts.Max(), fewest = TrainCounts.Min();
            yield return $"the classes are uneven: {most} training images of {NameOf(most)}, {fewest} of {NameOf(fewest)}. Every class is shown equally often (DATA.BALANCED); more images of the small ones help more.";
        }

        if (TrainCounts.Any(count => count < FewImages))
            yield return $"few images: {Listed([.. TrainCounts.Select((count, label) => (count, label)).Where(pair => pair.count < FewImages).Select(pair => $"{Classes[pair.label]} has {pair.count}")])} to train on.";
        if (Duplicates.Count > 0)
            yield return $"{Duplicates.Count} training {(Duplicates.Count == 1 ? "image is an evaluation image, too" : "images are evaluation images, too")}, so that the accuracy is flattering: {Listed([.. Duplicates.Select(pair => $"{pair.Train} = {pair.Evaluation}")])}.";
        if (Contradictions.Count > 0)
            yield return $"{Contradictions.Count} training {(Contradictions.Count == 1 ? "image lies" : "images lie")} in two classes: {Listed([.. Contradictions.Select(pair => $"{pair.First} = {pair.Second}")])}.";
        if (Unreadable.Count > 0)
            yield return $"{Unreadable.Count} {(Unreadable.Count == 1 ? "image" : "images")} cannot be read and {(Unreadable.Count == 1 ? "is" : "are")} left out: {Listed(Unreadable)}.";
    }

    private static string Listed(IReadOnlyList<string> names) =>
        string.Join("; ", names.Take(MostNames)) + (names.Count > MostNames ? $"; {names.Count - MostNames} more" : "");

    private string NameOf(int count) => Classes[Enumerable.Range(0, Classes.Count).First(label => TrainCounts[label] == count)];

    private static int[] CountsOf(IEnumerable<Look> looks, int classes)
    {
        int[] counts = new int[classes];
        foreach (Look look in looks.Where(look => look.Label >= 0))
            counts[look.Label]++;
        return counts;
    }

    private static Look[] LooksAt(IImageDataset images)
    {
        var looks = new Look[images.Count];
        Parallel.For(0, looks.Length, i => looks[i] = LookAt(images, i));
        return looks;
    }

    private static Look LookAt(IImageDataset images, int index)
    {
        ImageSample sample;
        try
        {
            sample = images.Get(index);
        }
        catch (ImageException error)
        {
            return new Look("", -1, "", error.Message);
        }

        try
        {
            string hash = Convert.ToHexString(SHA256.HashData(sample.Data.Span));
            using Image image = sample.Decode();
            return new Look(sample.Name, sample.Label, hash, null);
        }
        catch (ImageException error)
        {
            return new Look(sample.Name, sample.Label, "", $"{sample.Name}: {error.Message}");
        }
    }

    // An image that was looked at; without hash where it cannot be decoded.
    private sealed record Look(string Name, int Label, string Hash, string? Error);
}

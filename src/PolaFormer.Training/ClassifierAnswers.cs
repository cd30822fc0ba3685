using PolaFormer.Distributed;
using PolaFormer.Tensors;
using PolaFormer.Vision.Loading;

namespace PolaFormer.Training;

/// <summary>A classifier's answers to labelled images, and what they say of it.</summary>
/// <param name="classes">Names of the classes, in the order of the logits.</param>
public sealed class ClassifierAnswers(IReadOnlyList<string> classes)
{
    private const int MostKept = 5, Bins = 15;
    private readonly List<ClassifierAnswer> _answers = [];

    /// <summary>Names of the classes.</summary>
    public IReadOnlyList<string> Classes => classes;

    /// <summary>The answers, in the order in which the images were seen.</summary>
    public IReadOnlyList<ClassifierAnswer> All => _answers;

    /// <summary>Share of the right answers; NaN without any answer.</summary>
    public double Accuracy => (double)_answers.Count(answer => answer.IsRight) / _answers.Count;

    /// <summary>Mean F1 of the classes that have images.</summary>
    public double MacroF1 => Scores().Where(score => score.Count > 0).Average(score => score.F1);

    /// <summary>
    /// Expected calibration error (Guo et al., ICML 2017): the mean distance of accuracy from probability over the bins of
    /// <see cref="Reliability"/>, each weighted by its answers.
    /// </summary>
    public double CalibrationError => Reliability().Where(bin => bin.Count > 0).Sum(bin => bin.Count * Math.Abs(bin.Accuracy - bin.Confidence)) / _answers.Count;

    /// <summary>Adds a batch.</summary>
    /// <param name="batch">The images.</param>
    /// <param name="probabilities">(images, classes).</param>
    public void Add(Batch batch, Tensor probabilities)
    {
        float[] values = probabilities.ToArray();
        for (int i = 0; i < batch.Count; i++)
        {
            ReadOnlySpan<float> row = values.AsSpan(i * classes.Count, classes.Count);
            _answers.Add(new ClassifierAnswer(batch.Indices[i], batch.Labels[i], Largest(row), row[batch.Labels[i]]));
        }
    }

    /// <summary>Replaces the answers by those of all workers, of which each has neighbours.</summary>
    internal void Gather(WorkerGroup workers)
    {
        IReadOnlyList<ClassifierAnswer> all = workers.GatherAll(_answers, Write, Read);
        if (all == _answers)
            return;
        _answers.Clear();
        _answers.AddRange(all);
    }

    /// <summary>Images by their class (row) and the answer (column).</summary>
    public int[,] Confusion()
    {
        int[,] counts = new int[classes.Count, classes.Count];
        foreach (ClassifierAnswer answer in _answers)
            counts[answer.Label, answer.Class]++;
        return counts;
    }

    /// <summary>Precision, recall and F1 of every class.</summary>
    public IReadOnlyList<ClassScore> Scores()
    {
        int[] counts = new int[classes.Count], answered = new int[classes.Count], hits = new int[classes.Count];
        foreach (ClassifierAnswer answer in _answers)
        {
            counts[answer.Label]++;
            answered[answer.Class]++;
            hits[answer.Label] += answer.IsRight ? 1 : 0;
        }

        return [.. Enumerable.Range(0, classes.Count).Select(i => new ClassScore(i, counts[i], answered[i], hits[i]))];
    }

    /// <summary>Accuracy over the probability of the answer, in fifteen bins of equal width.</summary>
    public IReadOnlyList<ReliabilityBin> Reliability()
    {
        ILookup<int, ClassifierAnswer> bins = _answers.ToLookup(answer => Math.Min((int)(answer.Probability * Bins), Bins - 1));
        return [.. Enumerable.Range(0, Bins).Select(i => new ReliabilityBin(
            (double)i / Bins, (i + 1.0) / Bins, bins[i].Count(),
            bins[i].Any() ? bins[i].Average(answer => (double)answer.Probability) : double.NaN,
            bins[i].Any() ? bins[i].Average(answer => answer.IsRight ? 1.0 : 0) : double.NaN))];
    }

    /// <summary>The wrong answers whose class had the least probability, worst first.</summary>
    public IReadOnlyList<ClassifierAnswer> Worst(int count) => [.. _answers.Where(answer => !answer.IsRight).OrderBy(answer => answer.LabelProbability).ThenByDescending(answer => answer.Probability).ThenBy(answer => answer.Index).Take(count)];

    private static void Write(BinaryWriter writer, ClassifierAnswer answer)
    {
        writer.Write(answer.Index);
        writer.Write(answer.Label);
        writer.Write(answer.LabelProbability);
        writer.Write(answer.Top.Count);
        foreach ((int top, float probability) in answer.Top)
        {
            writer.Write(top);
            writer.Write(probability);
        }
    }

    private static ClassifierAnswer Read(BinaryReader reader)
    {
        (int index, int label, float ofLabel) = (reader.ReadInt32(), reader.ReadInt32(), reader.ReadSingle());
        var top = new (int, float)[reader.ReadInt32()];
        for (int i = 0; i < top.Length; i++)
            top[i] = (reader.ReadInt32(), reader.ReadSingle());
        return new ClassifierAnswer(index, label, top, ofLabel);
    }

    // Of equal probabilities the first class is ahead, as in top-1.
    private static (int, float)[] Largest(ReadOnlySpan<float> row)
    {
        var largest = new (int Class, float Probability)[Math.Min(MostKept, row.Length)];
        int count = 0;
        for (int i = 0; i < row.Length; i++)
        {
            int place = count;
            while (place > 0 && row[i] > largest[place - 1].Probability)
                place--;
            if (place == largest.Length)
                continue;
            count = Math.Min(count + 1, largest.Length);
            largest.AsSpan(place, count - place - 1).CopyTo(largest.AsSpan(place + 1));
            largest[place] = (i, row[i]);
        }

        return largest;
    }
}

using PolaFormer.LongRange;
using PolaFormer.LongRange.Data;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Training;

namespace PolaFormer.Conformance;

/// <summary>The library's task with a case's rows in a case's order, which notes loss and accuracy of every batch.</summary>
internal sealed class RecordedArenaTask : ArenaTrainingTask
{
    private readonly ArenaData _data;
    private readonly Dictionary<string, (Tensor Ids, int[] Labels)> _rows = [];
    private bool _isTesting;

    private RecordedArenaTask(SequenceClassifier network, ArenaData data, ArenaProtocol protocol)
        : base(network, data, protocol, new SequenceDescription(new ArenaTask("case", "Case", 0, 0, 0, []) { IsDual = network.Config.IsDual }, network.Config), seed: 0) => _data = data;

    /// <summary>Whether the rows of the split test are tested on.</summary>
    public override bool HasTest => Orders.ContainsKey("test");

    /// <summary>Rows of each batch by split.</summary>
    public Dictionary<string, int[][]> Orders { get; } = [];

    /// <summary>Losses of all batches by split.</summary>
    public Dictionary<string, List<float>> Losses { get; } = [];

    /// <summary>Accuracies of all batches by split.</summary>
    public Dictionary<string, List<float>> Accuracies { get; } = [];

    /// <summary>Makes the task; rows are added after it.</summary>
    /// <param name="network">The network.</param>
    /// <param name="protocol">Sizes.</param>
    /// <param name="rows">Ids and labels by split: train, dev, test.</param>
    public static RecordedArenaTask Make(SequenceClassifier network, ArenaProtocol protocol, IReadOnlyDictionary<string, (Tensor Ids, int[] Labels)> rows)
    {
        var data = new ArenaData(Places("train"), Places("dev"), Places("test"));
        var task = new RecordedArenaTask(network, data, protocol);
        foreach ((string split, (Tensor, int[]) values) in rows)
            task._rows[split] = values;
        return task;

        SequenceExample[] Places(string split) => [.. rows[split].Labels.Select(label => new SequenceExample([], null, label))];
    }

    /// <inheritdoc/>
    public override Evaluation? Test(Module model, CancellationToken stop = default)
    {
        _isTesting = true;
        Evaluation? evaluation = base.Test(model, stop);
        _isTesting = false;
        return evaluation;
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<int> TrainRows(long step) => Orders["train"][step];

    /// <inheritdoc/>
    protected override IReadOnlyList<int> DevRows(long batch) => Orders["dev"][batch];

    /// <inheritdoc/>
    protected override IReadOnlyList<int> TestRows() => [.. Orders["test"].SelectMany(rows => rows)];

    /// <inheritdoc/>
    protected override SequenceBatch BatchOf(IReadOnlyList<SequenceExample> examples, IEnumerable<int> rows)
    {
        string split = examples == _data.Train ? "train" : examples == _data.Dev ? "dev" : "test";
        (Tensor ids, int[] labels) = _rows[split];
        long[] all = ids.ToArray<long>();
        int[] chosen = [.. rows];
        int width = (int)(ids.Count / ids.Shape[0]);
        return new SequenceBatch([.. chosen.SelectMany(row => all.AsSpan(row * width, width).ToArray())], ids.Shape.With(0, chosen.Length), [.. chosen.Select(row => labels[row])]);
    }

    /// <inheritdoc/>
    protected override Tensor Measure(Tensor predictions, SequenceBatch batch, Tensor loss)
    {
        Tensor sums = base.Measure(predictions, batch, loss);
        string split = _isTesting ? "test" : Model.IsTraining ? "train" : "dev";
        (Losses.TryGetValue(split, out List<float>? losses) ? losses : Losses[split] = []).Add(loss.Item());
        (Accuracies.TryGetValue(split, out List<float>? accuracies) ? accuracies : Accuracies[split] = []).Add(sums.ToArray()[0] / batch.Count);
        return sums;
    }
}

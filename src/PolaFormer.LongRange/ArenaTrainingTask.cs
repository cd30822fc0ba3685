using PolaFormer.LongRange.Data;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Training;

namespace PolaFormer.LongRange;

/// <summary>
/// A task of Long Range Arena as the Skyformer repository trains it (src/main.py): cross-entropy and accuracy of a sequence classifier,
/// rows from endless streams, a dev evaluation after every few steps, one test at the end.
/// </summary>
public class ArenaTrainingTask : TrainingTask<SequenceBatch>
{
    private const ulong TrainStream = 1, DevStream = 2;

    private readonly ArenaData _data;
    private readonly ArenaProtocol _protocol;
    private readonly SequenceDescription _description;
    private readonly RowStream _train, _dev;
    private readonly IReadOnlyList<string> _warnings;
    private int _told;

    /// <summary>Makes the task.</summary>
    /// <param name="network">The network, its weights drawn or loaded.</param>
    /// <param name="data">The rows.</param>
    /// <param name="protocol">Sizes and evaluation.</param>
    /// <param name="description">What saved networks say of themselves.</param>
    /// <param name="seed">What the order of rows follows from.</param>
    /// <param name="device">Where the network and the tensors of batches lie; the default device where null.</param>
    /// <param name="warnings">What to tell the user when the run starts, such as rows that were left out.</param>
    /// <exception cref="ArgumentException">A batch cannot be cut into as many parts, or there are fewer test rows than a batch has.</exception>
    public ArenaTrainingTask(SequenceClassifier network, ArenaData data, ArenaProtocol protocol, SequenceDescription description, ulong seed, Device? device = null, IReadOnlyList<string>? warnings = null)
        : base(device)
    {
        if ((protocol.BatchSize + protocol.ChunkSize - 1) / protocol.ChunkSize != protocol.Chunks)
            throw new ArgumentException($"A batch of {protocol.BatchSize} rows cannot be cut into {protocol.Chunks} parts of {protocol.ChunkSize}. Choose a number of parts that divides it.", nameof(protocol));
        if (protocol.Kind == ArenaProtocolKind.Paper && data.Test.Count < protocol.BatchSize)
            throw new ArgumentException($"There are {data.Test.Count} rows to test on, and under the paper's protocol an incomplete batch of {protocol.BatchSize} is dropped. Use smaller batches or the honest protocol.", nameof(data));
        (Network, _data, _protocol, _description, _warnings) = (network, data, protocol, description, warnings ?? []);
        _train = new RowStream(data.Train.Count, protocol.BatchSize, seed, TrainStream);
        _dev = new RowStream(data.Dev.Count, protocol.BatchSize, seed, DevStream);
    }

    /// <summary>Share of rows whose answer has the largest logit.</summary>
    public static MetricDefinition Accuracy { get; } = new("accuracy", "accuracy", HigherIsBetter: true, IsShare: true);

    /// <inheritdoc/>
    public override string Name => SequenceDescription.Architecture;

    /// <inheritdoc/>
    public override Module Model => Network;

    /// <summary>The network.</summary>
    public SequenceClassifier Network { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<MetricDefinition> Metrics { get; } = [Accuracy];

    /// <inheritdoc/>
    public override int BatchesPerEpoch => _protocol.StepsPerEpoch * _protocol.Chunks;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Classes => _description.Task.Classes;

    /// <inheritdoc/>
    public override bool HasTest => true;

    /// <inheritdoc/>
    public override string ExamplesName => "rows";

    /// <inheritdoc/>
    public override Module CreateModel() => new SequenceClassifier(Network.Config);

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Describe(double? value, int epoch) => (_description with { Accuracy = value, Epoch = epoch }).ToMetadata();

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings()
    {
        for (; _told < _warnings.Count; _told++)
            yield return _warnings[_told];
    }

    /// <inheritdoc/>
    public override Tensor Predict(Module model, SequenceBatch batch) => ((SequenceClassifier)model).Forward(batch.ToTensor(Device), batch.RowsOn(Device));

    /// <summary>Row numbers of a step's batch.</summary>
    protected virtual IReadOnlyList<int> TrainRows(long step) => _train.Rows(step);

    /// <summary>Row numbers of a batch of the dev stream.</summary>
    protected virtual IReadOnlyList<int> DevRows(long batch) => _dev.Rows(batch);

    /// <summary>Row numbers for testing, in order.</summary>
    protected virtual IReadOnlyList<int> TestRows() => [.. Enumerable.Range(0, _data.Test.Count)];

    /// <summary>A batch of rows.</summary>
    /// <param name="examples">The split.</param>
    /// <param name="rows">Numbers in it.</param>
    protected virtual SequenceBatch BatchOf(IReadOnlyList<SequenceExample> examples, IEnumerable<int> rows) =>
        SequenceBatch.Of([.. rows.Select(row => examples[row])], _description.Task, Network.Config.MaxLength);

    /// <inheritdoc/>
    protected override IEnumerable<SequenceBatch> TrainingBatches(int epoch, IReadOnlyList<int> numbers)
    {
        foreach (int number in numbers)
        {
            long part = ((long)epoch * BatchesPerEpoch) + number;
            IReadOnlyList<int> rows = TrainRows(part / _protocol.Chunks);
            int start = (int)(part % _protocol.Chunks) * _protocol.ChunkSize;
            yield return BatchOf(_data.Train, rows.Skip(start).Take(_protocol.ChunkSize));
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<SequenceBatch> EvaluationBatches() => _protocol.Kind == ArenaProtocolKind.Honest
        ? Enumerable.Range(0, _data.Dev.Count).Chunk(_protocol.BatchSize).Select(rows => BatchOf(_data.Dev, rows))
        : Enumerable.Range(0, _protocol.DevBatches).Select(i => BatchOf(_data.Dev, DevRows(((long)Epoch * _protocol.DevBatches) + i)));

    /// <inheritdoc/>
    protected override IEnumerable<SequenceBatch> TestBatches() => TestRows().Chunk(_protocol.BatchSize)
        .Where(rows => _protocol.Kind == ArenaProtocolKind.Honest || rows.Length == _protocol.BatchSize)
        .Select(rows => BatchOf(_data.Test, rows));

    // Elsewhere padding is left out, which is of another size in every batch.
    /// <inheritdoc/>
    protected override bool HasInputs => Device.IsAsynchronous;

    /// <inheritdoc/>
    protected override IReadOnlyList<Tensor> Inputs(SequenceBatch batch) =>
        [batch.ToTensor(Device), SoftTargets.FromLabels(batch.Labels, Network.Config.NumClasses, 0, Device), ClassificationMetrics.ToTensor(batch.Labels, Device)];

    /// <inheritdoc/>
    protected override (Tensor Loss, Tensor Sums) Train(IReadOnlyList<Tensor> inputs)
    {
        Tensor logits = Network.Forward(inputs[0]);
        return (logits.CrossEntropy(inputs[1]).Mean(), ClassificationMetrics.Sums(logits.Detach(), inputs[2]).Slice(0, 0, 1));
    }

    /// <inheritdoc/>
    protected override Tensor Loss(Tensor predictions, SequenceBatch batch) =>
        predictions.CrossEntropy(SoftTargets.FromLabels(batch.Labels, predictions.Shape[1], 0)).Mean();

    /// <inheritdoc/>
    protected override int CountOf(SequenceBatch batch) => batch.Count;

    /// <inheritdoc/>
    protected override Tensor Measure(Tensor predictions, SequenceBatch batch, Tensor loss) => ClassificationMetrics.Sums(predictions, batch.Labels).Slice(0, 0, 1);
}

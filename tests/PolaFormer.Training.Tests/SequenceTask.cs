using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Training.Tests;

/// <summary>Sequences of made-up tokens, of two classes by whether more of them are 1 or 2: the smallest customer of the trainer beside images.</summary>
internal sealed class SequenceTask(Device? device = null) : TrainingTask<(Tensor Tokens, int[] Labels)>(device)
{
    private const int Length = 12;
    private static readonly SequenceClassifierConfig s_config = new() { VocabularySize = 4, MaxLength = Length, Dim = 8, HiddenDim = 16, HeadDim = 4 };
    private readonly Batches<(long[] Tokens, int Label), (Tensor Tokens, int[] Labels)> _train = new(Examples(64, 1), 8, Collate), _evaluation = new(Examples(20, 2), 8, Collate);
    private readonly SequenceClassifier _model = New(device);

    public override string Name => "sequence_classifier";

    public override Module Model => _model;

    public override IReadOnlyList<MetricDefinition> Metrics { get; } =
        [new("surprise", "surprise", HigherIsBetter: false), new("accuracy", "accuracy", HigherIsBetter: true, IsShare: true)];

    public override int BatchesPerEpoch => _train.Count;

    public Func<(Tensor Tokens, int[] Labels), Tensor>? LossInstead { get; init; }

    /// <summary>The step, from 0, whose loss is NaN.</summary>
    public int? NaNAt { get; init; }

    /// <summary>The batch, from 0, that has four rows.</summary>
    public int? CutAt { get; init; }

    public override Module CreateModel() => new SequenceClassifier(s_config);

    public override IReadOnlyDictionary<string, string> Describe(double? value, int epoch) =>
        new Dictionary<string, string> { ["architecture"] = Name, ["epoch"] = $"{epoch}", ["surprise"] = $"{value}" };

    public override Tensor Predict(Module model, (Tensor Tokens, int[] Labels) batch) => model.Forward(batch.Tokens);

    protected override IEnumerable<(Tensor Tokens, int[] Labels)> TrainingBatches(int epoch, IReadOnlyList<int> numbers) => _train.Shuffled(seed: 5, epoch, numbers)
        .Select((batch, i) => numbers[i] == CutAt ? (batch.Tokens.Slice(0, 0, 4), batch.Labels[..4]) : batch);

    protected override IEnumerable<(Tensor Tokens, int[] Labels)> EvaluationBatches() => _evaluation.InOrder();

    protected override Tensor Loss(Tensor predictions, (Tensor Tokens, int[] Labels) batch) =>
        LossInstead?.Invoke(batch) ?? predictions.CrossEntropy(SoftTargets.FromLabels(batch.Labels, s_config.NumClasses, 0)).Mean();

    protected override (Tensor Predictions, Tensor Loss) Train((Tensor Tokens, int[] Labels) batch)
    {
        (Tensor predictions, Tensor loss) = base.Train(batch);
        return (predictions, (int)RandomStep.Current.Step == NaNAt ? loss * float.NaN : loss);
    }

    protected override bool HasInputs => LossInstead is null && NaNAt is null;

    protected override IReadOnlyList<Tensor> Inputs((Tensor Tokens, int[] Labels) batch) =>
        [batch.Tokens, SoftTargets.FromLabels(batch.Labels, s_config.NumClasses, 0, batch.Tokens.Device), ClassificationMetrics.ToTensor(batch.Labels, batch.Tokens.Device)];

    protected override (Tensor Loss, Tensor Sums) Train(IReadOnlyList<Tensor> inputs)
    {
        Tensor logits = _model.Forward(inputs[0]), loss = logits.CrossEntropy(inputs[1]).Mean();
        return (loss, Tensor.Concat(0, loss.Detach().Reshape(1) * inputs[0].Shape[0], ClassificationMetrics.Sums(logits.Detach(), inputs[2]).Slice(0, 0, 1)));
    }

    protected override int CountOf((Tensor Tokens, int[] Labels) batch) => batch.Labels.Length;

    // Perplexity would not be a mean over examples; the loss is.
    protected override Tensor Measure(Tensor predictions, (Tensor Tokens, int[] Labels) batch, Tensor loss) =>
        Tensor.Concat(0, loss.Reshape(1) * batch.Labels.Length, ClassificationMetrics.Sums(predictions, batch.Labels).Slice(0, 0, 1));

    private static SequenceClassifier New(Device? device)
    {
        using IDisposable? use = device?.Use();
        var model = new SequenceClassifier(s_config);
        model.Initialize(1);
        return model;
    }

    private static (Tensor Tokens, int[] Labels) Collate(IReadOnlyList<(long[] Tokens, int Label)> examples) =>
        (Tensor.From(examples.SelectMany(example => example.Tokens).ToArray(), [examples.Count, Length]), [.. examples.Select(example => example.Label)]);

    private static (long[] Tokens, int Label)[] Examples(int count, int seed)
    {
        var chance = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => (Enumerable.Range(0, Length).Select(_ => chance.Next(3) == 0 ? 3L : 1L + (i % 2)).ToArray(), i % 2))];
    }
}
